#include "server/drift/drift_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "server/journey/plan.h"
#include "server/pacing/signs.h"

namespace ilkimza::server {
namespace {

using v1::PortalScreen;
using Structure = PortalScreen::Structure;

constexpr std::size_t kMostScreens = 1024;
constexpr int kMostStructures = 32;
constexpr int kMostSightings = 32;
// What changes nothing but times is made durable this often.
constexpr absl::Duration kSavePause = absl::Minutes(10);

std::string NameOf(const std::string& profile, int version, const std::string& screen) {
  const std::string revision = version == 0 ? "" : absl::StrCat("@", version);
  return absl::StrCat("profiles/", profile, revision, "/screens/", screen);
}

// Without its version.
std::string ProfileOf(const PortalScreen& screen) {
  const std::size_t begin = screen.name().find('/') + 1;
  return screen.name().substr(begin, screen.name().find_first_of("@/", begin) - begin);
}

// The one that is missed least.
int Dispensable(const PortalScreen& screen) {
  int least = 0;
  const auto worth = [&](int i) {
    const Structure& one = screen.structures(i);
    return std::pair(one.state() != PortalScreen::STATE_NEW, FromProto(one.last_seen_time()));
  };
  for (int i = 1; i < screen.structures_size(); ++i) {
    if (worth(i) < worth(least)) least = i;
  }
  return least;
}

Structure& FindOrAdd(PortalScreen& screen, const std::string& fingerprint, absl::Time now) {
  for (Structure& one : *screen.mutable_structures()) {
    if (one.fingerprint() == fingerprint) return one;
  }
  if (screen.structures_size() >= kMostStructures) {
    const int gone = Dispensable(screen);
    screen.mutable_structures()->erase(screen.structures().begin() + gone);
  }
  Structure& added = *screen.add_structures();
  added.set_fingerprint(fingerprint);
  added.set_state(PortalScreen::STATE_NEW);
  *added.mutable_first_seen_time() = ToProto(now);
  return added;
}

int CountWitnesses(const Structure& structure) {
  std::set<std::string> witnesses;
  for (const auto& sighting : structure.sightings()) witnesses.insert(sighting.witness());
  return static_cast<int>(witnesses.size());
}

void AddSighting(Structure& structure, const v1::Journey& journey, absl::Time now) {
  *structure.mutable_last_seen_time() = ToProto(now);
  auto& sightings = *structure.mutable_sightings();
  const auto known = std::find_if(sightings.begin(), sightings.end(),
                                  [&](const auto& one) { return one.journey() == journey.name(); });
  if (known != sightings.end()) {
    sightings.erase(known);
  } else {
    structure.set_journeys(structure.journeys() + 1);
  }
  if (sightings.size() >= kMostSightings) sightings.erase(sightings.begin());
  auto& added = *sightings.Add();
  added.set_journey(journey.name());
  const bool is_agents = journey.portal_host() != v1::PORTAL_HOST_SERVER;
  added.set_witness(is_agents ? journey.agent() : journey.name());
  *added.mutable_time() = ToProto(now);
  structure.set_agents(CountWitnesses(structure));
}

std::string StepNames(const PortalScreen& screen) {
  std::string names;
  for (const int step : screen.steps()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ",
                    v1::StepKind_Name(static_cast<v1::StepKind>(step)).substr(10));
  }
  return names;
}

}  // namespace

absl::Status DriftWatch::Load() {
  ILKIMZA_ASSIGN_OR_RETURN(std::vector<PortalScreen> screens, store_.LoadScreens());
  for (PortalScreen& screen : screens) {
    const std::string name = screen.name();
    screens_[name].screen = std::move(screen);
  }
  FindPaused();
  return absl::OkStatus();
}

DriftWatch::Screen* DriftWatch::Find(const std::string& profile, int version,
                                     const std::string& name) {
  const std::string full = NameOf(profile, version, name);
  const auto known = screens_.find(full);
  if (known != screens_.end()) return &known->second;
  if (screens_.size() >= kMostScreens) return nullptr;
  Screen& added = screens_[full];
  added.screen.set_name(full);
  added.screen.set_profile_version(version);
  return &added;
}

void DriftWatch::Saw(const v1::Journey& journey, const v1::StepReport& report, absl::Time now) {
  if (report.guided() || !SpecOf(report.step()).on_portal) return;
  for (const v1::SeenScreen& seen : report.seen_screens()) {
    Screen* screen = Find(journey.profile(), report.profile_version(), seen.screen());
    if (screen == nullptr) return;
    const bool is_news = Note(*screen, journey, report, seen.page_fingerprint(), now);
    if (is_news || now - screen->saved >= kSavePause) Save(*screen, now);
  }
}

bool DriftWatch::Note(Screen& screen, const v1::Journey& journey, const v1::StepReport& report,
                      const std::string& fingerprint, absl::Time now) {
  auto& steps = *screen.screen.mutable_steps();
  const bool is_new_step = std::find(steps.begin(), steps.end(), report.step()) == steps.end();
  if (is_new_step) steps.Add(report.step());
  const int structures = screen.screen.structures_size();
  Structure& structure = FindOrAdd(screen.screen, fingerprint, now);
  const int agents = structure.agents();
  AddSighting(structure, journey, now);
  const Verdict verdict = Judge(screen.screen, fingerprint, now, policy_);
  Conclude(screen, structure, verdict, now);
  if (is_new_step && screen.screen.has_change_time()) FindPaused();
  return is_new_step || verdict != Verdict::kNothing || structure.agents() != agents ||
         screen.screen.structures_size() != structures;
}

void DriftWatch::Conclude(Screen& screen, Structure& structure, Verdict verdict, absl::Time now) {
  if (verdict == Verdict::kNothing) return;
  if (verdict == Verdict::kSettled) {
    structure.set_state(PortalScreen::STATE_SETTLED);
    return;
  }
  structure.set_state(PortalScreen::STATE_CHANGED);
  *screen.screen.mutable_change_time() = ToProto(now);
  FindPaused();
  LogWarning(
      "{} has changed: {} agents met structure {}, which nobody knew; {} {}. Look at the page, "
      "then 'ilkimza-server accept-drift {}', or give out a newer version of the profile",
      screen.screen.name(), structure.agents(), structure.fingerprint(),
      policy_.pause ? "steps on it wait:" : "steps on it go on:", StepNames(screen.screen),
      screen.screen.name());
}

void DriftWatch::Save(Screen& screen, absl::Time now) {
  screen.saved = now;
  store_.SaveScreen(screen.screen, [name = screen.screen.name()](const absl::Status& status) {
    if (!status.ok()) LogError("{}: not stored: {}", name, std::string(status.message()));
  });
}

void DriftWatch::FindPaused() {
  paused_.clear();
  if (!policy_.pause) return;
  for (const auto& [name, one] : screens_) {
    if (!one.screen.has_change_time()) continue;
    for (const int step : one.screen.steps()) {
      paused_[ProfileOf(one.screen)][one.screen.profile_version()].insert(
          static_cast<v1::StepKind>(step));
    }
  }
}

bool DriftWatch::Pauses(const v1::Journey& journey, int version) const {
  const auto paused = paused_.find(journey.profile());
  const v1::StepKind kind = journey.current_step();
  if (paused == paused_.end() || journey.guided() || kind == v1::STEP_KIND_LOG_OUT) return false;
  const auto waits = [&](v1::StepKind step) {
    const auto& versions = paused->second;
    return std::any_of(versions.lower_bound(version), versions.end(),
                       [step](const auto& one) { return one.second.count(step) != 0; });
  };
  if (kind == v1::STEP_KIND_UNSPECIFIED || !SpecOf(kind).on_portal) return false;
  bool is_ahead = false;
  for (const v1::Step& step : journey.steps()) {
    if (step.kind() == kind) {
      const bool is_asked_again = step.attempts() != 0 || step.wrong_captchas() != 0;
      if (!is_asked_again && waits(kind)) return true;
      if (!OpensConversation(kind)) return false;
      is_ahead = true;
      continue;
    }
    // Another conversation is asked about when it is opened.
    if (is_ahead && OpensConversation(step.kind())) return false;
    const bool is_to_come =
        is_ahead && step.state() == v1::STEP_STATE_PENDING && step.kind() != v1::STEP_KIND_LOG_OUT;
    if (is_to_come && waits(step.kind())) return true;
  }
  return false;
}

std::vector<PortalScreen> DriftWatch::Screens(bool changed_only) const {
  std::vector<PortalScreen> screens;
  for (const auto& [name, one] : screens_) {
    if (changed_only && !one.screen.has_change_time()) continue;
    screens.push_back(one.screen);
    for (Structure& structure : *screens.back().mutable_structures()) structure.clear_sightings();
  }
  return screens;
}

absl::StatusOr<PortalScreen> DriftWatch::Accept(const std::string& name,
                                                const std::string& accepter, absl::Time now) {
  const auto known = screens_.find(name);
  if (known == screens_.end()) {
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_BAD_FIELD,
                     absl::StrCat("Nobody has met a screen '", name,
                                  "'; `ilkimza-server drift --all` lists those that are known."),
                     {{"field", "name"}});
  }
  PortalScreen& screen = known->second.screen;
  if (screen.has_change_time()) {
    for (Structure& one : *screen.mutable_structures()) one.set_state(PortalScreen::STATE_SETTLED);
    screen.clear_change_time();
    *screen.mutable_accept_time() = ToProto(now);
    screen.set_accepter(accepter);
    LogInfo("{}: the change is accepted by {}", name, accepter);
    Save(known->second, now);
    FindPaused();
  }
  PortalScreen accepted = screen;
  for (Structure& one : *accepted.mutable_structures()) one.clear_sightings();
  return accepted;
}

}  // namespace ilkimza::server
