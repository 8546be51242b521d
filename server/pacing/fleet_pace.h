// The pace of all journeys at all portals: one Pacer for each profile, fed with what
// becomes of the journeys. Says in the log when a portal fails for many, and when it is
// back.
//
// Takes time from its caller. Not thread-safe.
#ifndef ILKIMZA_SERVER_PACING_FLEET_PACE_H_
#define ILKIMZA_SERVER_PACING_FLEET_PACE_H_

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ilkimza/v1/journey.pb.h"
#include "server/pacing/pacer.h"

namespace ilkimza::server {

class FleetPace {
 public:
  explicit FleetPace(const PacingLimits& limits) : limits_(limits) {}

  // Whether the journey's current step may be directed. nullopt: it may; otherwise when
  // it is to ask again, unless it is invited before.
  std::optional<absl::Time> Ask(const v1::Journey& journey, absl::Time now);
  // The journey stands so now: to be called after each change that is durable, and where
  // one could not be made so.
  void Follow(const v1::Journey& journey);
  void Saw(const v1::Journey& journey, const v1::StepReport& report, absl::Time now);

  // Whoever is invited before `time` could not come: the places are kept until then.
  void InviteNobodyUntil(absl::Time time) { quiet_until_ = std::max(quiet_until_, time); }
  // Those that are to be directed now.
  std::vector<std::string> Invite(absl::Time now);
  // When to call Invite() again; the infinite future if a change has to come first.
  [[nodiscard]] absl::Time NextInvitation() const;

  // After a restart, before anything else: the journeys under way, in any order. Their
  // agents come back by and by: for a minute nobody passes those that wait for theirs.
  void Restore(const std::vector<const v1::Journey*>& journeys, absl::Time now);

  struct Portal {
    std::string profile;
    Pacer::State state = Pacer::State::kClosed;
    absl::Time state_end;
    std::size_t inside = 0;
    std::size_t waiting = 0;
  };
  // By name.
  [[nodiscard]] std::vector<Portal> Portals() const;

 private:
  // Calls `use` with the pacer of `profile`, and says what has become of its state.
  template <typename Use>
  auto With(const std::string& profile, Use use);
  Pacer& Find(const std::string& profile);
  // Whoever did not come back in time after a restart is passed from now on.
  void PassThoseAway(absl::Time now);

  const PacingLimits limits_;
  std::map<std::string, Pacer> pacers_;
  absl::Time quiet_until_ = absl::InfinitePast();
  // Who waited for the agent to come back after a restart, by name with the profile; until
  // when.
  std::map<std::string, std::string> coming_back_;
  absl::Time back_until_ = absl::InfinitePast();
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_PACING_FLEET_PACE_H_
