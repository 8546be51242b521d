// Time as an input, so that tests can move it.
#ifndef ILKIMZA_BASE_CLOCK_H_
#define ILKIMZA_BASE_CLOCK_H_

#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace ilkimza {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time.
  virtual absl::Time Now() = 0;
};

// The machine's clock; lives as long as the program.
Clock& SystemClock();

google::protobuf::Timestamp ToProto(absl::Time time);
// The infinite past where the message is unset (all zero).
absl::Time FromProto(const google::protobuf::Timestamp& time);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_CLOCK_H_
