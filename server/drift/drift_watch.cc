#include "server/drift/drift_watch.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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
// What changes nothing but times is made durable this often.
constexpr absl::Duration kSavePause = absl::Minutes(10);

// `kind`: "screens" or "steps".
std::string NameOf(const v1::Journey& journey, int version, std::string_view kind,
                   std::string_view name = "") {
  const std::string revision = version == 0 ? "" : absl::StrCat("@", version);
  return absl::StrCat("profiles/", journey.profile(), revision, "/", std::string(kind), "/",
                      std::string(name));
}

bool IsStep(const PortalScreen& screen) {
  return screen.name().find("/steps/") != std::string::npos;
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

Structure& StructureOf(PortalScreen& screen, const std::string& fingerprint, absl::Time now) {
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

std::string WitnessOf(const v1::Journey& journey) {
  return journey.portal_host() != v1::PORTAL_HOST_SERVER ? journey.agent() : journey.name();
}

int CountWitnesses(const Structure& structure) {
  std::set<std::string> witnesses;
  for (const auto& sighting : structure.sightings()) witnesses.insert(sighting.witness());
  return static_cast<int>(witnesses.size());
}

void AddSighting(Structure& structure, const v1::Journey& journey, absl::Time now) {
  *structure.mutable_last_seen_time() = ToProto(now);
  auto& sightings = *structure.mutable_sightings();
  const std::string witness = WitnessOf(journey);
  const auto known = std::find_if(sightings.begin(), sightings.end(),
                                  [&](const auto& one) { return one.witness() == witness; });
  const bool is_same = known != sightings.end() && known->journey() == journey.name();
  if (!is_same) structure.set_journeys(structure.journeys() + 1);
  if (known != sightings.end()) sightings.erase(known);
  if (sightings.size() >= kMostSightings) sightings.erase(sightings.begin());
  auto& added = *sightings.Add();
  added.set_journey(journey.name());
  added.set_witness(witness);
  *added.mutable_time() = ToProto(now);
  structure.set_agents(CountWitnesses(structure));
}

std::string StepNames(const PortalScreen& screen) {
  std::string names;
  for (const int step : screen.steps()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", StepName(static_cast<v1::StepKind>(step)));
  }
  return names;
}

// The page that stopped the step since it is none of the profile's screens; empty where
// that is not how it ended. A button that is there twice stands on a screen that was
// recognised: the last one.
std::string StoppingPage(const v1::StepReport& report) {
  const bool is_unsure = report.reason() == v1::ERROR_REASON_SCREEN_UNRECOGNISED ||
                         report.reason() == v1::ERROR_REASON_CONTROL_AMBIGUOUS;
  if (report.outcome() != v1::STEP_OUTCOME_STOPPED || !is_unsure) return "";
  if (!report.page_fingerprint().empty()) return report.page_fingerprint();
  return report.seen_screens().empty() ? "" : report.seen_screens().rbegin()->page_fingerprint();
}

// What the witness of `journey` said of the step before: its last word is the one that
// counts. Left as it is where it is about the structure `but`.
void TakeBack(PortalScreen& step, const v1::Journey& journey, const std::string& but) {
  const std::string witness = WitnessOf(journey);
  auto& structures = *step.mutable_structures();
  const auto is_its = [&](const auto& one) { return one.witness() == witness; };
  for (Structure& structure : structures) {
    if (structure.fingerprint() == but) continue;
    auto& sightings = *structure.mutable_sightings();
    sightings.erase(std::remove_if(sightings.begin(), sightings.end(), is_its), sightings.end());
    structure.set_agents(CountWitnesses(structure));
  }
  structures.erase(std::remove_if(structures.begin(), structures.end(),
                                  [](const Structure& one) {
                                    return one.state() == PortalScreen::STATE_NEW &&
                                           one.sightings().empty();
                                  }),
                   structures.end());
  auto& passes = *step.mutable_passes();
  passes.erase(std::remove_if(passes.begin(), passes.end(), is_its), passes.end());
}

// For those who ask.
PortalScreen WithoutSightings(PortalScreen screen) {
  for (Structure& one : *screen.mutable_structures()) one.clear_sightings();
  screen.clear_passes();
  return screen;
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

DriftWatch::Screen* DriftWatch::FindOrAdd(const std::string& name, int version) {
  const auto known = screens_.find(name);
  if (known != screens_.end()) return &known->second;
  if (screens_.size() >= kMostScreens) return nullptr;
  Screen& added = screens_[name];
  added.screen.set_name(name);
  added.screen.set_profile_version(version);
  return &added;
}

void DriftWatch::Saw(const v1::Journey& journey, const v1::StepReport& report, absl::Time now) {
  if (report.guided() || !SpecOf(report.step()).on_portal) return;
  SawScreens(journey, report, now);
  // What becomes of a farewell is nobody's business.
  if (report.step() != v1::STEP_KIND_LOG_OUT) SawStep(journey, report, now);
}

void DriftWatch::SawScreens(const v1::Journey& journey, const v1::StepReport& report,
                            absl::Time now) {
  for (const v1::SeenScreen& seen : report.seen_screens()) {
    const int version = report.profile_version();
    Screen* screen = FindOrAdd(NameOf(journey, version, "screens", seen.screen()), version);
    if (screen == nullptr) return;
    const bool is_news = Note(*screen, journey, report, seen.page_fingerprint(), now);
    if (is_news || now - screen->saved >= kSavePause) Save(*screen, now);
  }
}

void DriftWatch::SawStep(const v1::Journey& journey, const v1::StepReport& report, absl::Time now) {
  const int version = report.profile_version();
  const std::string name = NameOf(journey, version, "steps", StepName(report.step()));
  if (const std::string page = StoppingPage(report); !page.empty()) {
    Screen* step = FindOrAdd(name, version);
    if (step == nullptr) return;
    const bool is_news = NoteStop(*step, journey, report, page, now);
    if (is_news || now - step->saved >= kSavePause) Save(*step, now);
    return;
  }
  const auto known = screens_.find(name);
  const bool counts = report.outcome() == v1::STEP_OUTCOME_DONE && known != screens_.end() &&
                      !known->second.screen.structures().empty();
  if (!counts) return;
  Screen& step = known->second;
  TakeBack(step.screen, journey, "");
  auto& passes = *step.screen.mutable_passes();
  const bool is_news = passes.size() < kMostSightings;
  if (!is_news) passes.erase(passes.begin());
  PortalScreen::Sighting& pass = *passes.Add();
  pass.set_journey(journey.name());
  pass.set_witness(WitnessOf(journey));
  *pass.mutable_time() = ToProto(now);
  if (is_news || now - step.saved >= kSavePause) Save(step, now);
}

bool DriftWatch::NoteStop(Screen& step, const v1::Journey& journey, const v1::StepReport& report,
                          const std::string& fingerprint, absl::Time now) {
  PortalScreen& screen = step.screen;
  if (screen.steps().empty()) screen.add_steps(report.step());
  TakeBack(screen, journey, fingerprint);
  Structure& structure = StructureOf(screen, fingerprint, now);
  const int64_t journeys = structure.journeys();
  AddSighting(structure, journey, now);
  const Verdict verdict = JudgeStop(screen, fingerprint, now, policy_);
  if (verdict == Verdict::kChanged) {
    for (const std::string& missed : Missed(journey, report)) screen.add_missed_screens(missed);
  }
  Conclude(step, structure, verdict, now);
  return structure.journeys() != journeys;
}

std::vector<std::string> DriftWatch::Missed(const v1::Journey& journey,
                                            const v1::StepReport& report) const {
  std::vector<std::string> missed;
  const std::string prefix = NameOf(journey, report.profile_version(), "screens");
  for (auto one = screens_.lower_bound(prefix); one != screens_.end(); ++one) {
    if (one->first.compare(0, prefix.size(), prefix) != 0) break;
    const std::string screen = one->first.substr(prefix.size());
    const auto& steps = one->second.screen.steps();
    const auto& seen = report.seen_screens();
    const bool is_met = std::find(steps.begin(), steps.end(), report.step()) != steps.end();
    const bool is_seen = std::any_of(seen.begin(), seen.end(),
                                     [&](const auto& other) { return other.screen() == screen; });
    if (is_met && !is_seen) missed.push_back(screen);
  }
  return missed;
}

bool DriftWatch::Note(Screen& screen, const v1::Journey& journey, const v1::StepReport& report,
                      const std::string& fingerprint, absl::Time now) {
  auto& steps = *screen.screen.mutable_steps();
  const bool is_new_step = std::find(steps.begin(), steps.end(), report.step()) == steps.end();
  if (is_new_step) steps.Add(report.step());
  const int structures = screen.screen.structures_size();
  Structure& structure = StructureOf(screen.screen, fingerprint, now);
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
  const PortalScreen& changed = screen.screen;
  const char* what = policy_.pause ? "wait" : "go on";
  if (IsStep(changed)) {
    const std::string missed = absl::StrJoin(changed.missed_screens(), ", ");
    return LogWarning(
        "{} has changed: {} agents were stopped by page {}, which is none of the profile's "
        "screens{}; journeys at this step {}. Look at the page and give out a newer version of "
        "the profile; where the portal is as it was, 'ilkimza-server accept-drift {}'",
        changed.name(), structure.agents(), structure.fingerprint(),
        missed.empty() ? "" : absl::StrCat(" (expected: ", missed, ")"), what, changed.name());
  }
  LogWarning(
      "{} has changed: {} agents met structure {}, which nobody knew; steps on it {}: {}. Look at "
      "the page, then 'ilkimza-server accept-drift {}', or give out a newer version of the profile",
      changed.name(), structure.agents(), structure.fingerprint(), what, StepNames(changed),
      changed.name());
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
    screens.push_back(WithoutSightings(one.screen));
  }
  return screens;
}

absl::StatusOr<PortalScreen> DriftWatch::Accept(const std::string& name,
                                                const std::string& accepter, absl::Time now) {
  const auto known = screens_.find(name);
  if (known == screens_.end()) {
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_BAD_FIELD,
                     absl::StrCat("Nobody has met a screen or stopped at a step '", name,
                                  "'; `ilkimza-server drift --all` lists those that are known."),
                     {{"field", "name"}});
  }
  PortalScreen& screen = known->second.screen;
  if (screen.has_change_time()) {
    if (IsStep(screen)) {
      screen.clear_structures();
      screen.clear_passes();
      screen.clear_missed_screens();
    }
    for (Structure& one : *screen.mutable_structures()) one.set_state(PortalScreen::STATE_SETTLED);
    screen.clear_change_time();
    *screen.mutable_accept_time() = ToProto(now);
    screen.set_accepter(accepter);
    LogInfo("{}: the change is accepted by {}", name, accepter);
    Save(known->second, now);
    FindPaused();
  }
  return WithoutSightings(screen);
}

}  // namespace ilkimza::server
