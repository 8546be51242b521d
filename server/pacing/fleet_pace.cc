#include "server/pacing/fleet_pace.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "server/journey/advance.h"
#include "server/pacing/signs.h"

namespace ilkimza::server {
namespace {

// Profiles are named by whoever creates a journey: the ones above this share a pacer.
constexpr std::size_t kMostPortals = 64;
// So long after a restart the agents of those that wait are coming back.
constexpr absl::Duration kComingBack = absl::Minutes(1);

void SayState(const std::string& profile, const Pacer& pacer, int failing) {
  switch (pacer.state()) {
    case Pacer::State::kOpen:
      return LogWarning(
          "the portal of '{}' fails for many ({} journeys): no new conversations until {}", profile,
          failing, absl::FormatTime(pacer.state_end(), absl::UTCTimeZone()));
    case Pacer::State::kProbing:
      return LogInfo("the portal of '{}' is tried with one journey", profile);
    case Pacer::State::kRamping:
      return LogInfo("the portal of '{}' answers again: {} journeys wait to be let in", profile,
                     pacer.waiting());
    case Pacer::State::kClosed:
      return LogInfo("the portal of '{}' is back at its full pace", profile);
  }
}

}  // namespace

Pacer& FleetPace::Find(const std::string& profile) {
  const auto known = pacers_.find(profile);
  if (known != pacers_.end()) return known->second;
  const std::string& name = pacers_.size() < kMostPortals ? profile : pacers_.rbegin()->first;
  return pacers_.try_emplace(name, limits_).first->second;
}

template <typename Use>
auto FleetPace::With(const std::string& profile, Use use) {
  Pacer& pacer = Find(profile);
  const Pacer::State before = pacer.state();
  // The one that tips the scales is not counted yet.
  const int failing = pacer.failing() + 1;
  auto result = use(pacer);
  if (pacer.state() != before) SayState(profile, pacer, failing);
  return result;
}

std::optional<absl::Time> FleetPace::Ask(const v1::Journey& journey, absl::Time now) {
  if (journey.guided() || !OpensConversation(journey.current_step())) return std::nullopt;
  PassThoseAway(now);
  const Pacer::Answer answer =
      With(journey.profile(), [&](Pacer& pacer) { return pacer.Ask(journey.name(), now); });
  if (answer.let_in) return std::nullopt;
  return answer.until;
}

void FleetPace::Follow(const v1::Journey& journey) {
  Pacer& pacer = Find(journey.profile());
  const bool is_away = IsPassedOver(journey);
  if (is_away && coming_back_.count(journey.name()) != 0) return;
  coming_back_.erase(journey.name());
  if (IsAtPortal(journey)) return pacer.Enter(journey.name());
  if (is_away) return pacer.Away(journey.name());
  if (WaitsForTurn(journey)) return pacer.Wait(journey.name());
  pacer.Leave(journey.name());
}

void FleetPace::Saw(const v1::Journey& journey, const v1::StepReport& report, absl::Time now) {
  With(journey.profile(), [&](Pacer& pacer) {
    pacer.Saw(journey.name(), SignOf(report), now);
    return true;
  });
}

std::vector<std::string> FleetPace::Invite(absl::Time now) {
  std::vector<std::string> invited;
  if (now < quiet_until_) return invited;
  PassThoseAway(now);
  for (const auto& [profile, unused] : pacers_) {
    const auto names = With(profile, [&](Pacer& pacer) { return pacer.Invite(now); });
    invited.insert(invited.end(), names.begin(), names.end());
  }
  return invited;
}

absl::Time FleetPace::NextInvitation() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [profile, pacer] : pacers_) next = std::min(next, pacer.NextInvitation());
  return std::max(next, quiet_until_);
}

// The line is in the order of the times that were told; those follow from it.
void FleetPace::Restore(const std::vector<const v1::Journey*>& journeys, absl::Time now) {
  std::vector<const v1::Journey*> waiting;
  for (const v1::Journey* journey : journeys) {
    if (WaitsForTurn(*journey)) waiting.push_back(journey);
    for (const v1::Step& step : journey->steps()) {
      const bool has_run =
          step.state() == v1::STEP_STATE_RUNNING || step.state() == v1::STEP_STATE_DONE;
      const absl::Time start = FromProto(step.start_time());
      const bool is_recent = start <= now && now - start < absl::Minutes(1);
      if (OpensConversation(step.kind()) && has_run && !step.guided() && is_recent) {
        Find(journey->profile()).RestoreStart(start);
      }
    }
  }
  std::sort(waiting.begin(), waiting.end(), [](const v1::Journey* a, const v1::Journey* b) {
    return std::pair(FromProto(a->resume_time()), a->name()) <
           std::pair(FromProto(b->resume_time()), b->name());
  });
  for (const v1::Journey* journey : waiting) {
    Find(journey->profile()).RestoreWaiting(journey->name());
    if (!RunsOnServer(*journey)) coming_back_.emplace(journey->name(), journey->profile());
  }
  back_until_ = now + kComingBack;
  if (!waiting.empty()) InviteNobodyUntil(back_until_);
}

void FleetPace::PassThoseAway(absl::Time now) {
  if (now < back_until_) return;
  for (const auto& [journey, profile] : coming_back_) Find(profile).Away(journey);
  coming_back_.clear();
}

std::vector<FleetPace::Portal> FleetPace::Portals() const {
  std::vector<Portal> portals;
  for (const auto& [profile, pacer] : pacers_) {
    portals.push_back({.profile = profile,
                       .state = pacer.state(),
                       .state_end = pacer.state_end(),
                       .inside = pacer.inside(),
                       .waiting = pacer.waiting()});
  }
  return portals;
}

}  // namespace ilkimza::server
