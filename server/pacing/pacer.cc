#include "server/pacing/pacer.h"

#include <algorithm>

namespace ilkimza::server {
namespace {

// What the ramp leads to, and what a wait is reckoned with, where starts are not limited.
constexpr int kFreePace = 600;
// A journey that waits does not look again before that.
constexpr absl::Duration kShortestWait = absl::Seconds(1);
// Where only a place is missing, nobody knows when one gets free.
constexpr absl::Duration kWaitForPlace = absl::Minutes(2);
// What two times that are told differ by at least: the line is put in order by them after
// a restart.
constexpr absl::Duration kStep = absl::Microseconds(1);

}  // namespace

Pacer::Pacer(const PacingLimits& limits) : limits_(limits), pause_(limits.first_pause) {}

Pacer::Answer Pacer::Ask(const std::string& journey, absl::Time now) {
  Advance(now);
  ComeBack(journey);
  if (invited_.erase(journey) != 0) {
    inside_.insert(journey);
    return {.let_in = true};
  }
  const bool was_inside = inside_.count(journey) != 0;
  const auto known = places_.find(journey);
  // It passes nobody who stands before it.
  const bool is_next = was_inside || line_.empty() ||
                       (known != places_.end() && known->second == line_.begin()->first);
  if (is_next && (was_inside || HasRoom()) && NextStart() <= now_) {
    Unqueue(journey);
    Start(journey, now_);
    inside_.insert(journey);
    return {.let_in = true};
  }
  if (was_inside) {
    Leave(journey);
    return {.until = Expected(Queue(journey, Rank::kReturning))};
  }
  return {.until = Expected(known != places_.end() ? known->second : Queue(journey, Rank::kFresh))};
}

void Pacer::Enter(const std::string& journey) {
  if (invited_.count(journey) != 0) return;
  away_.erase(journey);
  Unqueue(journey);
  inside_.insert(journey);
}

void Pacer::Leave(const std::string& journey) {
  inside_.erase(journey);
  invited_.erase(journey);
  away_.erase(journey);
  Unqueue(journey);
  if (journey == probe_) probe_.clear();
}

void Pacer::Away(const std::string& journey) {
  if (inside_.erase(journey) + invited_.erase(journey) != 0) Queue(journey, Rank::kReturning);
  if (journey == probe_) probe_.clear();
  const auto known = places_.find(journey);
  if (known == places_.end()) return;
  away_.emplace(journey, known->second);
  Unqueue(journey);
}

void Pacer::Wait(const std::string& journey) {
  ComeBack(journey);
  if (inside_.erase(journey) == 0) return;
  if (journey == probe_) probe_.clear();
  Queue(journey, Rank::kReturning);
}

void Pacer::Saw(const std::string& journey, PortalSign sign, absl::Time now) {
  Advance(now);
  if (limits_.failing_journeys == 0 || sign == PortalSign::kNone) return;
  if (state_ == State::kProbing && journey == probe_) {
    return sign == PortalSign::kAnswered ? Ramp(now_) : Open(now_);
  }
  // Those who were in before have nothing to say about whether it works again.
  if (state_ == State::kOpen || state_ == State::kProbing) return;
  signs_[journey] = {sign, now_};
  const bool has_failed = sign == PortalSign::kFailed;
  if (has_failed || now_ >= next_sweep_) SweepSigns();
  if (!has_failed) return;
  const int needed =
      state_ == State::kRamping ? (limits_.failing_journeys + 1) / 2 : limits_.failing_journeys;
  if (failing() >= needed && 2 * failing() >= static_cast<int>(signs_.size())) Open(now_);
}

void Pacer::SweepSigns() {
  std::erase_if(signs_,
                [&](const auto& one) { return now_ - one.second.time > limits_.failure_window; });
  next_sweep_ = now_ + limits_.failure_window;
}

int Pacer::failing() const {
  return static_cast<int>(std::count_if(signs_.begin(), signs_.end(), [](const auto& one) {
    return one.second.sign == PortalSign::kFailed;
  }));
}

std::vector<std::string> Pacer::Invite(absl::Time now) {
  Advance(now);
  std::vector<std::string> invited;
  while (!line_.empty() && HasRoom() && NextStart() <= now_) {
    invited.push_back(line_.begin()->second);
    Unqueue(invited.back());
    Start(invited.back(), now_);
    invited_.insert(invited.back());
  }
  return invited;
}

absl::Time Pacer::NextInvitation() const {
  if (line_.empty() || !HasRoom()) return absl::InfiniteFuture();
  return NextStart();
}

void Pacer::RestoreWaiting(const std::string& journey) {
  if (places_.count(journey) != 0 || away_.count(journey) != 0) return;
  Queue(journey, Rank::kFresh);
  if (limits_.failing_journeys != 0) state_ = State::kProbing;
}

void Pacer::RestoreStart(absl::Time time) {
  if (!LimitsStarts()) return;
  starts_.insert(std::upper_bound(starts_.begin(), starts_.end(), time), time);
}

// -- The state --

void Pacer::Advance(absl::Time now) {
  now_ = std::max(now_, now);
  while (!starts_.empty() && now_ - starts_.front() >= kMinute) starts_.pop_front();
  if (state_ == State::kOpen && now_ >= state_end_) {
    state_ = State::kProbing;
    state_end_ = absl::InfiniteFuture();
    probe_.clear();
  } else if (state_ == State::kRamping && now_ >= state_end_) {
    Close();
  }
}

void Pacer::Open(absl::Time now) {
  if (state_ == State::kProbing) pause_ = std::min(pause_ * 2, limits_.last_pause);
  state_ = State::kOpen;
  state_end_ = now + pause_;
  probe_.clear();
  signs_.clear();
}

void Pacer::Ramp(absl::Time now) {
  state_ = State::kRamping;
  state_begin_ = now;
  state_end_ = now + limits_.ramp;
  probe_.clear();
  signs_.clear();
  if (now >= state_end_) Close();
}

void Pacer::Close() {
  state_ = State::kClosed;
  state_end_ = absl::InfiniteFuture();
  pause_ = limits_.first_pause;
}

// -- The line --

Pacer::Place Pacer::Queue(const std::string& journey, Rank rank) {
  const Place place = {rank, ++last_ticket_};
  Stand(journey, place);
  return place;
}

void Pacer::Stand(const std::string& journey, const Place& place) {
  line_.emplace(place, journey);
  places_.emplace(journey, place);
  if (place.first == Rank::kReturning) ++returning_;
}

void Pacer::Unqueue(const std::string& journey) {
  const auto known = places_.find(journey);
  if (known == places_.end()) return;
  if (known->second.first == Rank::kReturning) --returning_;
  line_.erase(known->second);
  places_.erase(known);
}

void Pacer::ComeBack(const std::string& journey) {
  const auto known = away_.find(journey);
  if (known == away_.end()) return;
  Stand(journey, known->second);
  away_.erase(known);
}

void Pacer::Start(const std::string& journey, absl::Time now) {
  if (state_ == State::kProbing) probe_ = journey;
  if (LimitsStarts()) starts_.push_back(now);
}

// -- The pace --

bool Pacer::LimitsStarts() const {
  return limits_.starts_a_minute != 0 || limits_.failing_journeys != 0;
}

bool Pacer::HasRoom() const {
  return limits_.at_once == 0 || inside() < static_cast<std::size_t>(limits_.at_once);
}

Pace Pacer::PaceFrom(absl::Time time) const {
  Pace pace{.full = limits_.starts_a_minute != 0 ? limits_.starts_a_minute : kFreePace};
  if (state_ != State::kClosed) {
    pace.ramp_begin = time;
    pace.ramp = limits_.ramp;
  }
  return pace;
}

absl::Time Pacer::NextStart() const {
  if (state_ == State::kOpen) return state_end_;
  if (state_ == State::kProbing && !probe_.empty()) return absl::InfiniteFuture();
  const bool is_limited = limits_.starts_a_minute != 0 || state_ == State::kRamping;
  if (!is_limited) return now_;
  // A probe is one of a portal at full pace.
  const Pace pace =
      state_ == State::kRamping ? PaceFrom(state_begin_) : Pace{.full = PaceFrom(now_).full};
  return Timetable(pace, starts_, now_).StartOf(0);
}

int64_t Pacer::Ahead(const Place& place) const {
  if (place.first == Rank::kReturning) return place.second - line_.begin()->first.second;
  const auto first = line_.lower_bound({Rank::kFresh, 0});
  return returning_ + place.second - first->first.second;
}

absl::Time Pacer::Expected(const Place& place) const {
  absl::Time from = now_;
  if (state_ == State::kOpen) from = state_end_;
  // Somebody is let in to see; how long that takes, nobody knows.
  if (state_ == State::kProbing) from = now_ + pause_;
  const int64_t ahead = Ahead(place);
  const Pace pace = PaceFrom(state_ == State::kRamping ? state_begin_ : from);
  absl::Time start = Timetable(pace, starts_, from).StartOf(ahead);
  start = std::max(start, now_ + kShortestWait) + kStep * ahead;
  return HasRoom() ? start : start + kWaitForPlace;
}

}  // namespace ilkimza::server
