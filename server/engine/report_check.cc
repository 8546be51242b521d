#include "server/engine/report_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/journey/advance.h"

namespace ilkimza::server {

namespace {

constexpr int kMostSeenScreens = 64;

bool IsScreenName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isupper(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
  });
}

bool IsStructure(std::string_view text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

absl::Status CheckSeenScreens(const v1::StepReport& report) {
  const bool they_fit =
      report.seen_screens_size() <= kMostSeenScreens &&
      std::all_of(report.seen_screens().begin(), report.seen_screens().end(),
                  [](const v1::SeenScreen& seen) {
                    return IsScreenName(seen.screen()) && IsStructure(seen.page_fingerprint());
                  });
  if (they_fit) return absl::OkStatus();
  return BadField("step_report.seen_screens",
                  "must be at most 64 names of screens with their fingerprints.");
}

}  // namespace

absl::Status BadField(std::string_view field, std::string_view sentence) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                   absl::StrCat("'", std::string(field), "' ", std::string(sentence)),
                   {{"field", std::string(field)}});
}

bool IsCardSerial(std::string_view text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c));
         });
}

absl::Status CheckReport(const v1::StepReport& report) {
  if (report.directive_id() <= 0) {
    return BadField("step_report.directive_id", "must name the directive that was carried out.");
  }
  if (!v1::StepKind_IsValid(report.step()) || report.step() == v1::STEP_KIND_UNSPECIFIED) {
    return BadField("step_report.step", "must be a known step.");
  }
  if (!v1::StepOutcome_IsValid(report.outcome()) ||
      report.outcome() == v1::STEP_OUTCOME_UNSPECIFIED) {
    return BadField("step_report.outcome", "must be a known outcome.");
  }
  const bool has_reason =
      v1::ErrorReason_IsValid(report.reason()) && report.reason() != v1::ERROR_REASON_UNSPECIFIED;
  if (report.outcome() != v1::STEP_OUTCOME_DONE && !has_reason) {
    return BadField("step_report.reason", "must say why the step was not done.");
  }
  if (IsHeldBack(report)) {
    return BadField("step_report.reason", "is one that only the server itself can have.");
  }
  if (!IsCardSerial(report.card_serial())) {
    return BadField("step_report.card_serial", "must be letters and digits, at most 64.");
  }
  const bool serials_fit =
      report.portal_serials_size() <= 64 &&
      std::all_of(report.portal_serials().begin(), report.portal_serials().end(),
                  [](const std::string& serial) { return IsCardSerial(serial); });
  if (!serials_fit) {
    return BadField("step_report.portal_serials", "must be at most 64 serials.");
  }
  const auto& print = report.page_fingerprint();
  const bool is_fingerprint =
      print.size() <= 128 && std::all_of(print.begin(), print.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == ':' || c == '-';
      });
  if (!is_fingerprint) {
    return BadField("step_report.page_fingerprint", "must be a hash, at most 128 characters.");
  }
  if (report.profile_version() < 0) {
    return BadField("step_report.profile_version", "must not be negative.");
  }
  return CheckSeenScreens(report);
}

}  // namespace ilkimza::server
