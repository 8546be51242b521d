// When the next conversations with a portal may be opened at the earliest, one after
// another, by the pace alone:
//
//   - within any minute at most the pace of that time, and within any ten seconds at most
//     a sixth of it (rounded up): starts come in portions;
//   - on a ramp the pace rises evenly from six a minute to the full one.
//
// What is asked for costs as much as a minute's starts and those of the ramp, however
// many there are ahead.
//
// Used by one thread.
#ifndef ILKIMZA_SERVER_PACING_TIMETABLE_H_
#define ILKIMZA_SERVER_PACING_TIMETABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/time/time.h"

namespace ilkimza::server {

// A pace counts the starts within this; what was before does not matter to it.
inline constexpr absl::Duration kMinute = absl::Minutes(1);

// Starts a minute, as time goes by. Where there is no ramp, it is the full one always.
struct Pace {
  int full = 1;
  absl::Time ramp_begin = absl::InfinitePast();
  absl::Duration ramp = absl::ZeroDuration();

  [[nodiscard]] int At(absl::Time time) const;
};

class Timetable {
 public:
  // `starts`: those of the last minute, oldest first; they outlive this. Nothing else
  // starts before `from`.
  Timetable(const Pace& pace, const std::deque<absl::Time>& starts, absl::Time from);

  // Of the one that has `ahead` others before it. Asked once.
  [[nodiscard]] absl::Time StartOf(int64_t ahead);

 private:
  // When the start after the last one that is known comes.
  [[nodiscard]] absl::Time Next() const;
  // When the last `many` starts are `time` past.
  [[nodiscard]] absl::Time Past(int many, absl::Duration time) const;
  // The first time from `time` on at which the pace is higher.
  [[nodiscard]] absl::Time Faster(absl::Time time) const;

  const Pace pace_;
  const std::deque<absl::Time>& starts_;
  const absl::Time from_;
  // Those that follow.
  std::vector<absl::Time> coming_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_PACING_TIMETABLE_H_
