// Where a journey has stopped, what somebody can do. There is always something: a
// stop is no dead end.
//
// Pure and thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_WAYS_ON_H_
#define ILKIMZA_CLIENTS_SDK_WAYS_ON_H_

#include <string_view>
#include <vector>

#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::client {

enum class WayOn {
  // The same step, or the safe one before it, with fresh attempts.
  kRetry,
  // The portal's steps in the holder's own browser, or back from there.
  kGuided,
  kDriven,
  // A journey of another goal first.
  kResetWord,
  kUnblockPin,
  // The portal has PIN and PUK no more: what is left to a holder who knows the PIN, and
  // to one who knows nothing.
  kKnownPin,
  kReissue,
  // People and programs that know more.
  kHotline,
  kItDepartment,
  kDoctor,
};

// "RETRY", "GUIDED", ...: stable names.
std::string_view WayOnName(WayOn way);

// For a journey that has stopped: what helps most first, never empty, and each
// once. kGuided and kDriven only where the server lets the journey turn.
std::vector<WayOn> WaysOn(const v1::Journey& journey);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_WAYS_ON_H_
