#include "server/drift/judge.h"

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "base/clock.h"

namespace ilkimza::server {
namespace {

using v1::PortalScreen;

void AddWitnesses(const PortalScreen::Structure& structure, absl::Time since,
                  std::set<std::string>& witnesses) {
  for (const PortalScreen::Sighting& sighting : structure.sightings()) {
    if (FromProto(sighting.time()) >= since) witnesses.insert(sighting.witness());
  }
}

}  // namespace

Verdict Judge(const PortalScreen& screen, const std::string& fingerprint, absl::Time now,
              const DriftPolicy& policy) {
  const PortalScreen::Structure* seen = nullptr;
  bool has_settled = false;
  for (const PortalScreen::Structure& structure : screen.structures()) {
    if (structure.fingerprint() == fingerprint) seen = &structure;
    has_settled = has_settled || structure.state() == PortalScreen::STATE_SETTLED;
  }
  // What else comes while a change is looked at belongs to that change.
  if (seen == nullptr || seen->state() != PortalScreen::STATE_NEW || screen.has_change_time()) {
    return Verdict::kNothing;
  }
  const absl::Time first = FromProto(seen->first_seen_time());
  // Where no more sightings are kept, nobody knows how many there were of the known
  // structures in all: those are counted that came between the kept ones.
  const bool is_full = seen->sightings_size() >= kMostSightings;
  absl::Time since = std::max(first, now - policy.window);
  if (is_full) since = std::max(since, FromProto(seen->sightings(0).time()));
  std::set<std::string> meeting_new, meeting_known;
  AddWitnesses(*seen, since, meeting_new);
  for (const PortalScreen::Structure& structure : screen.structures()) {
    if (structure.state() == PortalScreen::STATE_SETTLED) {
      AddWitnesses(structure, since, meeting_known);
    }
  }
  const auto needed = static_cast<std::size_t>(policy.witnesses);
  if (!has_settled && meeting_new.size() >= needed) return Verdict::kSettled;
  // Who meets both has met a page that comes in two structures, such as a form and the
  // same form with what is wrong.
  for (const std::string& both : meeting_known) meeting_new.erase(both);
  const bool is_majority =
      is_full ? meeting_known.size() < needed : meeting_new.size() > meeting_known.size();
  if (has_settled && meeting_new.size() >= needed && is_majority) return Verdict::kChanged;
  return now - first >= policy.window ? Verdict::kSettled : Verdict::kNothing;
}

Verdict JudgeStop(const PortalScreen& step, const std::string& fingerprint, absl::Time now,
                  const DriftPolicy& policy) {
  if (step.has_change_time()) return Verdict::kNothing;
  std::vector<absl::Time> stops;
  for (const PortalScreen::Structure& structure : step.structures()) {
    if (structure.fingerprint() != fingerprint) continue;
    for (const auto& sighting : structure.sightings()) {
      const absl::Time time = FromProto(sighting.time());
      if (time >= now - policy.window) stops.push_back(time);
    }
  }
  std::sort(stops.begin(), stops.end(), std::greater<>());
  const auto needed = static_cast<std::size_t>(policy.witnesses);
  if (stops.size() < needed) return Verdict::kNothing;
  stops.resize(std::min(stops.size(), std::max<std::size_t>(8, 2 * needed)));
  const auto passes =
      std::count_if(step.passes().begin(), step.passes().end(),
                    [&](const auto& pass) { return FromProto(pass.time()) >= stops.back(); });
  return stops.size() > static_cast<std::size_t>(passes) ? Verdict::kChanged : Verdict::kNothing;
}

}  // namespace ilkimza::server
