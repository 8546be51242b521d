#include "agent/card/pin_policy.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr int kLongest = 64;

absl::Status Refuse(v1::ErrorReason reason, std::string_view field, std::string_view rule,
                    std::string_view sentence) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, sentence,
                   {{"field", std::string(field)}, {"rule", std::string(rule)}});
}

absl::Status TooWeak(std::string_view rule, std::string_view sentence) {
  return Refuse(v1::ERROR_REASON_PIN_POLICY, "new_pin", rule, sentence);
}

bool Allowed(char c, PinCharset charset) {
  if (charset == PinCharset::kDigits) return c >= '0' && c <= '9';
  return c >= 0x20 && c <= 0x7E;
}

// Whether `b` follows `a` in steps of `step`; 9 and 0 are neighbours, as on a keypad.
bool Follows(char a, char b, int step) {
  if (b - a == step) return true;
  return (step == 1 && a == '9' && b == '0') || (step == -1 && a == '0' && b == '9');
}

std::size_t LongestRun(std::string_view pin, int step) {
  std::size_t longest = 1;
  std::size_t run = 1;
  for (std::size_t i = 1; i < pin.size(); ++i) {
    run = Follows(pin[i - 1], pin[i], step) ? run + 1 : 1;
    longest = std::max(longest, run);
  }
  return longest;
}

bool IsSequence(std::string_view pin) {
  // A short PIN with one odd character out is not a sequence any more.
  const std::size_t enough = pin.size() >= 5 ? pin.size() - 1 : pin.size();
  return std::max(LongestRun(pin, 1), LongestRun(pin, -1)) >= enough;
}

bool HasPeriod(std::string_view pin, std::size_t period) {
  for (std::size_t i = period; i < pin.size(); ++i) {
    if (pin[i] != pin[i - period]) return false;
  }
  return true;
}

bool IsRepeat(std::string_view pin) {
  std::array<bool, 256> seen{};
  int different = 0;
  for (const char c : pin) {
    bool& known = seen[static_cast<unsigned char>(c)];
    different += known ? 0 : 1;
    known = true;
  }
  if (different < 3) return true;
  for (std::size_t period = 1; period <= pin.size() / 2; ++period) {
    if (HasPeriod(pin, period)) return true;
  }
  return false;
}

int Number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = 10 * value + (c - '0');
  return value;
}

bool IsYear(std::string_view digits) {
  constexpr int kFirst = 1900, kLast = 2049;
  // Two digits are a year of either century.
  return digits.size() == 2 || (Number(digits) >= kFirst && Number(digits) <= kLast);
}

// The parts of `digits` that `form` names by D, M and Y: "DDMMYYYY".
std::string_view Part(std::string_view digits, std::string_view form, char part) {
  const std::size_t first = form.find(part);
  if (first == std::string_view::npos) return {};
  return digits.substr(first, form.rfind(part) - first + 1);
}

bool IsDateOf(std::string_view digits, std::string_view form) {
  constexpr std::array<int, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (digits.size() != form.size()) return false;
  const std::string_view day = Part(digits, form, 'D');
  const std::string_view month = Part(digits, form, 'M');
  const std::string_view year = Part(digits, form, 'Y');
  if (!year.empty() && !IsYear(year)) return false;
  const int month_number = month.empty() ? 1 : Number(month);
  if (month_number < 1 || month_number > 12) return false;
  const int days = kDays[static_cast<std::size_t>(month_number) - 1];
  return day.empty() || (Number(day) >= 1 && Number(day) <= days);
}

bool IsDate(std::string_view pin) {
  constexpr std::array<std::string_view, 11> kForms = {
      "DDMMYYYY", "MMDDYYYY", "YYYYMMDD", "YYYYDDMM", "DDMMYY", "MMDDYY",
      "YYMMDD",   "YYYYMM",   "MMYYYY",   "YYYY",     "DDMM"};
  if (!std::all_of(pin.begin(), pin.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  return std::any_of(kForms.begin(), kForms.end(),
                     [&](std::string_view form) { return IsDateOf(pin, form); });
}

// Whether the PIN stands in `number`, or a good part of `number` in the PIN.
bool SharesDigits(std::string_view pin, std::string_view number) {
  constexpr std::size_t kGoodPart = 6;
  if (pin.empty() || number.empty()) return false;
  if (number.find(pin) != std::string_view::npos) return true;
  for (std::size_t i = 0; i + kGoodPart <= pin.size(); ++i) {
    if (number.find(pin.substr(i, kGoodPart)) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckPinFormat(std::string_view pin, const PinLimits& limits, std::string_view field) {
  const int size = static_cast<int>(std::min<std::size_t>(pin.size(), kLongest + 1));
  if (size < limits.min_length || size > limits.max_length) {
    return Refuse(
        v1::ERROR_REASON_PIN_FORMAT, field, "length",
        absl::StrCat("This card's PINs have ", limits.min_length, " to ", limits.max_length,
                     " characters. Nothing was sent to the card; type the PIN again."));
  }
  if (!std::all_of(pin.begin(), pin.end(), [&](char c) { return Allowed(c, limits.charset); })) {
    return Refuse(v1::ERROR_REASON_PIN_FORMAT, field, "characters",
                  limits.charset == PinCharset::kDigits
                      ? "This card's PINs are digits only. Nothing was sent to the card; type the "
                        "PIN again."
                      : "The PIN holds a character this card cannot take. Nothing was sent to the "
                        "card; type the PIN again.");
  }
  return absl::OkStatus();
}

absl::Status CheckPinPolicy(std::string_view new_pin, std::string_view old_pin,
                            std::string_view serial, const PinPolicy& policy) {
  if (new_pin == old_pin) {
    return TooWeak("same", "The new PIN is the old one. Choose another; the card was not changed.");
  }
  const int size = static_cast<int>(std::min<std::size_t>(new_pin.size(), kLongest + 1));
  if (size < policy.min_length || size > policy.max_length) {
    return TooWeak(
        "length", absl::StrCat("A new PIN must have ", policy.min_length, " to ", policy.max_length,
                               " characters. Choose another; the card was not changed."));
  }
  if (policy.refuse_sequences && IsSequence(new_pin)) {
    return TooWeak(
        "sequence",
        "The new PIN counts up or down, which is guessed first. Choose another; the card "
        "was not changed.");
  }
  if (policy.refuse_repeats && IsRepeat(new_pin)) {
    return TooWeak(
        "repeat",
        "The new PIN repeats itself, which is guessed early. Choose another; the card was "
        "not changed.");
  }
  if (policy.refuse_serial_part && SharesDigits(new_pin, serial)) {
    return TooWeak("serial",
                   "The new PIN is part of the card's serial number. Choose another; the card was "
                   "not changed.");
  }
  if (policy.refuse_dates && IsDate(new_pin)) {
    return TooWeak(
        "date",
        "The new PIN reads as a date, and birth dates are guessed first. Choose another; "
        "the card was not changed.");
  }
  return absl::OkStatus();
}

absl::Status CheckNationalIdPart(std::string_view new_pin, std::string_view national_id,
                                 const PinPolicy& policy) {
  if (!policy.refuse_id_part || !SharesDigits(new_pin, national_id)) return absl::OkStatus();
  return TooWeak("id",
                 "The new PIN is part of your national id. Choose another; the card was not "
                 "changed.");
}

absl::Status Validate(const PinPolicy& policy) {
  if (policy.min_length < 4 || policy.max_length > 16 || policy.min_length > policy.max_length) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
        absl::StrCat("The PIN policy asks for ", policy.min_length, " to ", policy.max_length,
                     " characters, but cards take 4 to 16: mend min_length and "
                     "max_length in the agent's configuration."));
  }
  return absl::OkStatus();
}

}  // namespace ilkimza::agent
