// How fast, and how many at once, conversations with one portal are opened by the whole
// fleet, and a circuit breaker for the times when that portal fails for many.
//
//            enough journeys fail                    the pause is over
//   ┌────────┐ ─────────────────► ┌──────┐ ───────────────────────► ┌─────────┐
//   │ CLOSED │                    │ OPEN │      the probe fails     │ PROBING │
//   └────────┘                    └──────┘ ◄─────────────────────── └─────────┘
//        ▲                           ▲                                   │
//        │ the ramp is over          │ some fail again                   │ the portal answers
//        └───────────────────── ┌─────────┐ ◄────────────────────────────┘
//                               │ RAMPING │
//                               └─────────┘
//
// OPEN lets nobody in, PROBING one journey at a time, RAMPING more each moment until the
// configured pace is reached. Journeys that may not go in yet wait in one line, in the
// order in which they asked; one whose conversation broke off asks again from its head.
// Who is in a conversation is never asked to leave it. Whose host is away keeps its place
// in the line and is passed meanwhile.
//
// What always holds, after each call:
//   - at most `at_once` journeys are in by Ask() and Invite();
//   - within any minute at most `starts_a_minute` are let in, and within any ten seconds
//     at most a sixth of them (rounded up);
//   - of two that wait and are not away, the one nearer to the head is let in first;
//   - nobody is told a time before the one at which the limits could let it in.
//
// A pure state machine: time is what the caller says, and must not go back by more than
// the caller can bear to wait. Not thread-safe.
#ifndef ILKIMZA_SERVER_PACING_PACER_H_
#define ILKIMZA_SERVER_PACING_PACER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/pacing/timetable.h"

namespace ilkimza::server {

// Where a number is 0, there is no such limit.
struct PacingLimits {
  int starts_a_minute = 0;
  int at_once = 0;
  // The breaker opens when the portal failed for this many journeys within
  // `failure_window`, and for at least half of all that heard from it.
  int failing_journeys = 0;
  absl::Duration failure_window = absl::Minutes(2);
  // How long nobody is let in then; doubled with each probe that fails.
  absl::Duration first_pause = absl::Seconds(30);
  absl::Duration last_pause = absl::Minutes(10);
  // From the first answer of the portal until the full pace.
  absl::Duration ramp = absl::Minutes(5);
};

// What a journey's last step says about the portal.
enum class PortalSign { kNone, kAnswered, kFailed };

class Pacer {
 public:
  enum class State { kClosed, kOpen, kProbing, kRamping };

  struct Answer {
    bool let_in = false;
    // When the journey is to ask again if it has not been invited by then.
    absl::Time until = absl::InfiniteFuture();
  };

  explicit Pacer(const PacingLimits& limits);

  // `journey` wants to open a conversation. One that has been invited is let in.
  Answer Ask(const std::string& journey, absl::Time now);
  // The journey is in a conversation that it did not have to ask for.
  void Enter(const std::string& journey);
  // It was let in and could not use that: back to the head of the line; where it was away,
  // back to its place. Nothing where it is in the line already, or invited.
  void Wait(const std::string& journey);
  // It waits, and nobody could carry out what it waits for: its place is kept, the head of
  // the line where it was let in or invited, and it is passed until it waits or asks again.
  void Away(const std::string& journey);
  // The journey is in no conversation and waits for none. What is not known is ignored.
  void Leave(const std::string& journey);
  // What the portal did for it, while it was in.
  void Saw(const std::string& journey, PortalSign sign, absl::Time now);

  // Those whose turn has come, from the head of the line. A place is kept for each until
  // it asks or leaves.
  std::vector<std::string> Invite(absl::Time now);
  // When Invite() may next find somebody; the infinite future if that takes a call of
  // another kind, or nobody waits.
  [[nodiscard]] absl::Time NextInvitation() const;

  // -- After a restart, before anything else --

  // A journey that waited, in the order of the line. Whether the portal works is not
  // known then: it is probed first.
  void RestoreWaiting(const std::string& journey);
  // One that was let in at `time`.
  void RestoreStart(absl::Time time);

  // -- To look at --

  [[nodiscard]] State state() const { return state_; }
  // OPEN: when the pause is over; RAMPING: when the full pace is reached.
  [[nodiscard]] absl::Time state_end() const { return state_end_; }
  // In a conversation, or invited to open one.
  [[nodiscard]] std::size_t inside() const { return inside_.size() + invited_.size(); }
  // Those that are away are counted as well.
  [[nodiscard]] std::size_t waiting() const { return line_.size() + away_.size(); }
  // Journeys for which the portal failed within the window, as of the last Saw().
  [[nodiscard]] int failing() const;

 private:
  // Those that were in before stand ahead of those that were not.
  enum class Rank { kReturning, kFresh };
  using Place = std::pair<Rank, int64_t>;
  struct Sign {
    PortalSign sign;
    absl::Time time;
  };

  void Advance(absl::Time now);
  void Open(absl::Time now);
  void Ramp(absl::Time now);
  void Close();
  void SweepSigns();
  Place Queue(const std::string& journey, Rank rank);
  void Stand(const std::string& journey, const Place& place);
  void Unqueue(const std::string& journey);
  // To its place, where it was away from it.
  void ComeBack(const std::string& journey);
  // Lets one in: the start counts.
  void Start(const std::string& journey, absl::Time now);
  // When the pace allows the next start, whoever it is; the infinite future where
  // something else has to happen first.
  [[nodiscard]] absl::Time NextStart() const;
  [[nodiscard]] bool HasRoom() const;
  [[nodiscard]] bool LimitsStarts() const;
  // Of a portal that is believed to work from `time` on; only where starts are limited.
  [[nodiscard]] Pace PaceFrom(absl::Time time) const;
  // How many stand before `place`, which is in the line. Those who left it are counted as
  // well: a time that is too late does no harm, since whoever's turn comes earlier is
  // invited.
  [[nodiscard]] int64_t Ahead(const Place& place) const;
  // When the one at `place` may expect its turn; of two places later for the later one.
  [[nodiscard]] absl::Time Expected(const Place& place) const;

  const PacingLimits limits_;
  State state_ = State::kClosed;
  absl::Time now_ = absl::InfinitePast();
  absl::Time state_begin_ = absl::InfinitePast();
  absl::Time state_end_ = absl::InfiniteFuture();
  absl::Duration pause_;
  // PROBING: who is let in to see; empty: nobody yet.
  std::string probe_;

  std::unordered_set<std::string> inside_;
  std::unordered_set<std::string> invited_;
  std::map<Place, std::string> line_;
  std::unordered_map<std::string, Place> places_;
  // Of line_, those that were in before.
  int64_t returning_ = 0;
  // Not in the line; the places that they come back to.
  std::unordered_map<std::string, Place> away_;
  int64_t last_ticket_ = 0;
  // Within the last minute, oldest first.
  std::deque<absl::Time> starts_;
  // The last sign of each journey within the window.
  std::unordered_map<std::string, Sign> signs_;
  absl::Time next_sweep_ = absl::InfinitePast();
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_PACING_PACER_H_
