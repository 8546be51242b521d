#include "server/pacing/timetable.h"

#include <algorithm>

namespace ilkimza::server {
namespace {

// Starts come in portions, so that a full line does not go in at one blow.
constexpr absl::Duration kPortionTime = absl::Seconds(10);
constexpr int kPortions = 6;
// The pace at which a ramp begins.
constexpr int kFirstPace = 6;

int Portion(int pace) { return (pace + kPortions - 1) / kPortions; }

}  // namespace

int Pace::At(absl::Time time) const {
  if (time - ramp_begin >= ramp) return full;
  const double part = std::max(0.0, absl::FDivDuration(time - ramp_begin, ramp));
  const int first = std::min(kFirstPace, full);
  return std::min(full, first + static_cast<int>(part * (full - first)));
}

Timetable::Timetable(const Pace& pace, const std::deque<absl::Time>& starts, absl::Time from)
    : pace_(pace), starts_(starts), from_(from) {}

absl::Time Timetable::StartOf(int64_t ahead) {
  const int64_t period = pace_.full;
  // Once so many came at the full pace, each comes a minute after the one that is a
  // minute's starts before it.
  const int64_t settled = period + Portion(pace_.full);
  int64_t at_full_pace = 0;
  while (true) {
    const absl::Time next = Next();
    if (ahead == 0) return next;
    coming_.push_back(next);
    --ahead;
    if (pace_.At(next) == pace_.full) ++at_full_pace;
    if (at_full_pace < settled) continue;
    const int64_t minutes = (ahead + period) / period;
    const auto last = static_cast<int64_t>(coming_.size());
    return coming_[static_cast<std::size_t>(last + ahead - minutes * period)] + minutes * kMinute;
  }
}

absl::Time Timetable::Next() const {
  absl::Time next = from_;
  if (!coming_.empty()) next = std::max(next, coming_.back());
  while (true) {
    const int pace = pace_.At(next);
    const absl::Time free = std::max(Past(pace, kMinute), Past(Portion(pace), kPortionTime));
    if (free <= next) return next;
    // A higher pace may have room before.
    next = pace == pace_.full ? free : std::min(free, Faster(next));
  }
}

absl::Time Timetable::Past(int many, absl::Duration time) const {
  auto count = static_cast<std::size_t>(many);
  if (count <= coming_.size()) return coming_[coming_.size() - count] + time;
  count -= coming_.size();
  return count <= starts_.size() ? starts_[starts_.size() - count] + time : absl::InfinitePast();
}

absl::Time Timetable::Faster(absl::Time time) const {
  const int first = std::min(kFirstPace, pace_.full);
  const int steps = pace_.At(time) + 1 - first;
  const absl::Time then = pace_.ramp_begin + pace_.ramp * steps / (pace_.full - first);
  // However it is rounded, time goes on.
  return std::max(then, time + absl::Milliseconds(1));
}

}  // namespace ilkimza::server
