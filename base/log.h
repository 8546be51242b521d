// Logging: one line to standard error for each record, which the systemd journal takes
// as it is. Records hold names, steps and reasons; a message goes through `Redacted`
// first.
//
//   LogWarning("{}: not stored: {}", agent, status.message());
//
// The format is fmt's, checked as it is compiled. Formatting stays in log.cc: with
// spdlog's own templates each file that logs takes two seconds more to build.
//
// Thread-safe, apart from InitLogging.
#ifndef ILKIMZA_BASE_LOG_H_
#define ILKIMZA_BASE_LOG_H_

#include <fmt/core.h>

#include <string_view>

#include "absl/status/status.h"

namespace ilkimza {

// `level` is one of trace, debug, info, warning, error, off; INVALID_ARGUMENT with
// ERROR_REASON_BAD_CONFIGURATION for another. `program` starts each line.
absl::Status InitLogging(std::string_view program, std::string_view level);
// From here on, records below `level` are left out.
absl::Status SetLogLevel(std::string_view level);

// For the functions below.
enum class LogLevel { kDebug, kInfo, kWarning, kError };
void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args arguments);

template <typename... Arguments>
void LogDebug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  WriteLog(LogLevel::kDebug, format, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void LogInfo(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  WriteLog(LogLevel::kInfo, format, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void LogWarning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  WriteLog(LogLevel::kWarning, format, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void LogError(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  WriteLog(LogLevel::kError, format, fmt::make_format_args(arguments...));
}

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_LOG_H_
