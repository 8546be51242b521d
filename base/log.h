// Logging: spdlog to standard error, one line for each record, which the systemd
// journal takes as it is. Records hold names, steps and reasons; a message goes
// through `Redacted` first.
#ifndef ILKIMZA_BASE_LOG_H_
#define ILKIMZA_BASE_LOG_H_

#include <spdlog/spdlog.h>

#include <string_view>

#include "absl/status/status.h"

namespace ilkimza {

// `level` is one of trace, debug, info, warning, error. `program` starts each line.
absl::Status InitLogging(std::string_view program, std::string_view level);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_LOG_H_
