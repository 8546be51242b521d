#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza {
namespace {

absl::StatusOr<spdlog::level::level_enum> ReadLevel(std::string_view level) {
  const auto read = spdlog::level::from_str(std::string(level));
  if (read != spdlog::level::off || level == "off") return read;
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat("The log level '", std::string(level),
                                "' is not known: use trace, debug, info, warning, error or off."));
}

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

absl::Status InitLogging(std::string_view program, std::string_view level) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto read, ReadLevel(level));
  auto logger = std::make_shared<spdlog::logger>(std::string(program),
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(read);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

absl::Status SetLogLevel(std::string_view level) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto read, ReadLevel(level));
  spdlog::set_level(read);
  return absl::OkStatus();
}

void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
  const auto to = LevelOf(level);
  if (!spdlog::should_log(to)) return;
  spdlog::log(to, spdlog::string_view_t(fmt::vformat(format, arguments)));
}

}  // namespace ilkimza
