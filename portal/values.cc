#include "portal/values.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

using Lines = std::span<const Line>;

bool IsLabel(std::string_view folded, const Profile::Value& value) {
  return std::find(value.labels.begin(), value.labels.end(), folded) != value.labels.end();
}

// "1 kart seri numarasi" is the first block's "kart seri numarasi".
std::string_view WithoutNumber(std::string_view label) {
  std::size_t digits = 0;
  while (digits < label.size() && absl::ascii_isdigit(label[digits])) ++digits;
  if (digits == 0 || digits > 3) return label;
  const std::size_t start = label.find_first_not_of(" .)-", digits);
  return start == std::string_view::npos || start == digits ? label : label.substr(start);
}

bool IsAnyLabel(std::string_view label, const std::vector<const Profile::Value*>& values) {
  return std::any_of(values.begin(), values.end(), [&](const Profile::Value* value) {
    return IsLabel(WithoutNumber(label), *value);
  });
}

// The value in the form it must have; nullopt if it cannot be one.
std::optional<std::string> Fit(std::string text, const Profile::Value& value) {
  if (text.empty()) return std::nullopt;
  if (value.max_digits == 0) return text;
  std::string digits;
  std::size_t i = 0;
  for (; i < text.size() && (absl::ascii_isdigit(text[i]) || text[i] == ' '); ++i) {
    if (text[i] != ' ') digits.push_back(text[i]);
  }
  // A unit may follow a countdown; nothing may follow a serial or a PIN.
  const bool countdown = value.kind == profile_v1::VALUE_KIND_SECONDS_LEFT;
  const bool whole = i == text.size() || countdown;
  Wipe(text);
  const int size = static_cast<int>(digits.size());
  if (!whole || size < value.min_digits || size > value.max_digits) {
    Wipe(digits);
    return std::nullopt;
  }
  return digits;
}

// What follows the label on the label's own line: "PIN : 1234", or for numbers
// also "Kalan Süre 290 Saniye".
std::optional<std::string> AfterLabel(const Line& line, const Profile::Value& value) {
  std::string text = Tidy(line.text);
  const WipeGuard guard(text);
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const std::string label = FoldLabel(text.substr(0, colon));
    if (IsLabel(WithoutNumber(label), value)) return Fit(Tidy(text.substr(colon + 1)), value);
  }
  if (value.max_digits == 0) return std::nullopt;
  const std::size_t digit = text.find_first_of("0123456789", 4);
  if (digit == std::string::npos || !IsLabel(FoldLabel(text.substr(0, digit)), value)) {
    return std::nullopt;
  }
  return Fit(text.substr(digit), value);
}

// What stands beside or below a label that has its line for itself.
std::optional<std::string> BesideLabel(Lines lines, std::size_t label, const Profile::Value& value,
                                       const std::vector<const Profile::Value*>& known) {
  if (label + 1 >= lines.size()) return std::nullopt;
  const Line& next = lines[label + 1];
  if (next.row != lines[label].row && lines[label].row >= 0) return std::nullopt;
  if (IsAnyLabel(next.label, known)) return std::nullopt;
  return Fit(Tidy(next.text), value);
}

struct Found {
  // The line is about this value, though there may be none.
  bool labelled = false;
  std::optional<std::string> text;
};

// Nothing but such a line can be about the value: what is folded alone as a label
// stands at the start of the folded line as well. Spares most lines the folding.
bool StartsWithLabel(std::string_view folded, const Profile::Value& value) {
  return std::any_of(value.labels.begin(), value.labels.end(), [folded](const std::string& label) {
    return folded.substr(0, label.size()) == label;
  });
}

Found At(Lines lines, std::size_t i, const Profile::Value& value,
         const std::vector<const Profile::Value*>& known) {
  if (!StartsWithLabel(WithoutNumber(lines[i].label), value) &&
      !StartsWithLabel(lines[i].label, value)) {
    return {};
  }
  if (IsLabel(WithoutNumber(lines[i].label), value)) {
    return {true, BesideLabel(lines, i, value, known)};
  }
  if (auto text = AfterLabel(lines[i], value)) return {true, std::move(text)};
  return {};
}

}  // namespace

std::optional<std::string> ReadValue(const Page& page, const Profile::Value& value) {
  std::optional<std::string> result;
  for (std::size_t i = 0; i < page.lines().size(); ++i) {
    Found found = At(page.lines(), i, value, {&value});
    if (!found.text) continue;
    if (result && *result != *found.text) return std::nullopt;
    result = std::move(found.text);
  }
  return result;
}

namespace {

// Where a block's values stand: the lines of their labels. Holds no secret, which
// is dear to make and to wipe.
struct Place {
  static constexpr std::size_t kNone = SIZE_MAX;
  std::string serial;
  std::size_t pin = kNone;
  std::size_t puk = kNone;
  int from = 0;
  int to = INT_MAX;
};

struct CardValues {
  explicit CardValues(const Profile& profile)
      : serial(profile.value(profile_v1::VALUE_KIND_CARD_SERIAL)),
        pin(profile.value(profile_v1::VALUE_KIND_PIN)),
        puk(profile.value(profile_v1::VALUE_KIND_PUK)) {}
  [[nodiscard]] bool known() const { return serial != nullptr && pin != nullptr && puk != nullptr; }
  [[nodiscard]] std::vector<const Profile::Value*> all() const { return {serial, pin, puk}; }

  const Profile::Value* serial;
  const Profile::Value* pin;
  const Profile::Value* puk;
};

// As ReadCards.
std::vector<Place> FindCards(const Page& page, const CardValues& values, Blocks blocks) {
  if (!values.known()) return {};
  const auto known = values.all();
  std::vector<Place> places;
  const Lines lines = page.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (Found found = At(lines, i, *values.serial, known); found.labelled) {
      if (!found.text) return {};
      if (!places.empty()) places.back().to = lines[i].order;
      for (const Place& place : places) {
        if (place.serial == *found.text) return {};
      }
      places.push_back({.serial = *std::move(found.text), .from = lines[i].order});
      continue;
    }
    for (const bool is_pin : {true, false}) {
      Found found = At(lines, i, is_pin ? *values.pin : *values.puk, known);
      if (!found.labelled) continue;
      if (!found.text || places.empty()) return {};
      Wipe(*found.text);
      std::size_t& line = is_pin ? places.back().pin : places.back().puk;
      if (line != Place::kNone) return {};
      line = i;
    }
  }
  const bool sure = std::all_of(places.begin(), places.end(), [blocks](const Place& place) {
    const bool has_pin = place.pin != Place::kNone;
    const bool has_puk = place.puk != Place::kNone;
    if (blocks == Blocks::kPins) return has_pin;
    return !has_pin && has_puk == (blocks == Blocks::kPuks);
  });
  return sure ? std::move(places) : std::vector<Place>();
}

Secret SecretAt(const Page& page, std::size_t line, const Profile::Value& value,
                const CardValues& values) {
  if (line == Place::kNone) return {};
  Found found = At(page.lines(), line, value, values.all());
  return found.text ? Secret(*std::move(found.text)) : Secret();
}

}  // namespace

std::vector<CardBlock> ReadCards(const Page& page, const Profile& profile, Blocks blocks) {
  const CardValues values(profile);
  std::vector<CardBlock> found;
  for (Place& place : FindCards(page, values, blocks)) {
    found.push_back({std::move(place.serial), SecretAt(page, place.pin, *values.pin, values),
                     SecretAt(page, place.puk, *values.puk, values), place.from, place.to});
  }
  return found;
}

std::vector<std::string> CardSerials(const Page& page, const Profile& profile, Blocks blocks) {
  std::vector<std::string> serials;
  for (Place& place : FindCards(page, CardValues(profile), blocks)) {
    serials.push_back(std::move(place.serial));
  }
  return serials;
}

std::vector<std::string> ReadSerials(const Page& page, const Profile& profile) {
  std::vector<std::string> serials;
  const auto* serial = profile.value(profile_v1::VALUE_KIND_CARD_SERIAL);
  for (std::size_t i = 0; serial != nullptr && i < page.lines().size(); ++i) {
    Found found = At(page.lines(), i, *serial, {serial});
    if (found.labelled) serials.push_back(found.text.value_or(""));
  }
  return serials;
}

}  // namespace ilkimza::portal
