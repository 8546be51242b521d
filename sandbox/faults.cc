#include "sandbox/faults.h"

#include <array>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 17> kNames = {
    "slow",      "reset",        "500",         "503",          "redirect_loop", "offsite",
    "heading",   "swap_buttons", "swap_labels", "offsite_form", "bad_bytes",     "huge",
    "gzip_bomb", "wrong_type",   "drip",        "truncated",    "lost"};

std::optional<Fault::Kind> KindNamed(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Fault::Kind>(i);
  }
  return std::nullopt;
}

absl::Status Bad(std::string_view key, std::string_view value) {
  return absl::InvalidArgumentError(
      Cat("A fault cannot have ", key, " = '", value, "'; see sandbox/README.md."));
}

bool ReadNumber(std::string_view key, std::string_view value, Fault& fault) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(value.data(), value.size()), &number) || number < 0) {
    return false;
  }
  if (key == "bytes") {
    fault.bytes = number;
    return true;
  }
  if (number > 1'000'000'000) return false;
  const int small = static_cast<int>(number);
  if (key == "nth") fault.nth = small;
  if (key == "times") fault.times = small;
  if (key == "ms") fault.ms = small;
  return true;
}

absl::Status Set(std::string_view key, std::string_view value, Fault& fault) {
  if (key == "kind") {
    const auto kind = KindNamed(value);
    if (!kind) return Bad(key, value);
    fault.kind = *kind;
  } else if (key == "screen") {
    fault.screen = ScreenNamed(value);
    if (!fault.screen) return Bad(key, value);
  } else if (key == "method") {
    if (value != "GET" && value != "POST") return Bad(key, value);
    fault.method = value;
  } else if (key == "captcha") {
    if (value != "true" && value != "false") return Bad(key, value);
    fault.captcha = value == "true";
  } else if (key == "from") {
    fault.from = value;
  } else if (key == "to") {
    fault.to = value;
  } else if (key == "text") {
    fault.text = value;
  } else if (key == "nth" || key == "times" || key == "ms" || key == "bytes") {
    if (!ReadNumber(key, value, fault)) return Bad(key, value);
  } else {
    return absl::InvalidArgumentError(Cat("A fault has no '", key, "'; see sandbox/README.md."));
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view NameOf(Fault::Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

FaultPhase PhaseOf(Fault::Kind kind) {
  if (kind < Fault::Kind::kHeading) return FaultPhase::kBefore;
  if (kind < Fault::Kind::kDrip) return FaultPhase::kPage;
  return FaultPhase::kAnswer;
}

absl::StatusOr<Fault> ParseFaultJson(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("kind")) {
    return absl::InvalidArgumentError("A fault is a JSON object with at least a 'kind'.");
  }
  Fault fault;
  for (const auto& [key, value] : object.items()) {
    const std::string plain = value.is_string() ? value.get<std::string>() : value.dump();
    if (absl::Status status = Set(key, plain, fault); !status.ok()) return status;
  }
  return fault;
}

absl::StatusOr<Fault> ParseFaultOption(std::string_view option) {
  Fault fault;
  bool first = true;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(option.data(), option.size()), ',')) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const absl::Status status =
        first ? Set("kind", pair.first, fault) : Set(pair.first, pair.second, fault);
    if (!status.ok()) return status;
    first = false;
  }
  return fault;
}

std::vector<Fault> Faults::Strike(FaultPhase phase, const FaultTarget& target) {
  std::vector<Fault> striking;
  for (Armed& armed : armed_) {
    const Fault& fault = armed.fault;
    if (PhaseOf(fault.kind) != phase || fault.captcha != target.captcha) continue;
    if (fault.screen && *fault.screen != target.screen && !target.captcha) continue;
    if (!fault.method.empty() && fault.method != target.method) continue;
    if (++armed.matches < fault.nth) continue;
    ++armed.struck;
    striking.push_back(fault);
  }
  std::erase_if(armed_, [](const Armed& armed) {
    return armed.fault.times > 0 && armed.struck >= armed.fault.times;
  });
  return striking;
}

}  // namespace ilkimza::sandbox
