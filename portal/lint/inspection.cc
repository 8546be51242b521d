#include "portal/lint/inspection.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/secret.h"
#include "portal/certificates.h"
#include "portal/text.h"
#include "portal/values.h"

namespace ilkimza::portal {
namespace {

constexpr char kHidden[] = "…";
constexpr Blocks kAllBlocks[] = {Blocks::kPins, Blocks::kPuks, Blocks::kSerials};

// ESC and its like, one byte or two (U+0080 to U+009F), become spaces.
std::string Harmless(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool second =
        text[i] == '\xC2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (second) ++i;
    out.push_back(second || absl::ascii_iscntrl(text[i]) ? ' ' : text[i]);
  }
  return Tidy(out);
}

std::string WithoutNumbers(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const bool digit =
        std::any_of(word.begin(), word.end(), [](char c) { return absl::ascii_isdigit(c); });
    if (!out.empty()) out.push_back(' ');
    out.append(digit ? std::string_view(kHidden) : word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void Keep(std::string_view value, std::vector<std::string>& values) {
  std::string folded = Fold(value);
  // One letter is in every name.
  if (folded.size() > 1) values.push_back(std::move(folded));
}

// Everything on the page that somebody typed, or that the profile reads as a value.
std::vector<std::string> ValuesOf(const Page& page, const Profile& profile) {
  std::vector<std::string> values;
  for (const Control& control : page.controls()) {
    if (IsField(control.kind)) Keep(control.value, values);
  }
  for (const Profile::Value& value : profile.values()) {
    if (const auto read = ReadValue(page, value)) Keep(*read, values);
  }
  for (const Blocks blocks : kAllBlocks) {
    for (const CardBlock& card : ReadCards(page, profile, blocks)) {
      for (const std::string_view value :
           {std::string_view(card.serial), card.pin.view(), card.puk.view()}) {
        Keep(value, values);
      }
    }
  }
  return values;
}

std::string_view KindOf(const Control& control) {
  if (IsField(control.kind)) return "field";
  if (control.kind == ControlKind::kChoice) return "choice";
  return control.kind == ControlKind::kLink ? "link" : "button";
}

InspectedControl ControlOf(const Control& control, const Profile& profile,
                           const std::vector<std::string>& values) {
  InspectedControl seen;
  seen.kind = KindOf(control);
  seen.enabled = control.enabled;
  seen.usable = IsField(control.kind) || IsPressable(control.kind);
  seen.never_pressed = profile.NeverPressed(control.label) || profile.NeverPressed(control.shown);
  for (const Profile::Field& field : profile.fields()) {
    if (!IsCalled(control, field)) continue;
    seen.called.push_back(profile_v1::FieldKind_Name(field.kind).substr(sizeof("FIELD_KIND")));
  }
  for (const Profile::Button& button : profile.buttons()) {
    if (IsCalled(control, button)) seen.called.push_back(button.id);
  }
  seen.name = Masked(control.name, values);
  return seen;
}

std::vector<v1::ErrorReason> MessagesOf(const Page& page, const Profile& profile) {
  std::vector<v1::ErrorReason> said;
  const auto add = [&](v1::StepKind step) {
    const v1::ErrorReason reason = FindMessage(page, profile, step, {});
    const bool known = std::find(said.begin(), said.end(), reason) != said.end();
    if (reason != v1::ERROR_REASON_UNSPECIFIED && !known) said.push_back(reason);
  };
  for (const Profile::Message& message : profile.messages()) {
    if (message.steps.empty()) add(v1::STEP_KIND_UNSPECIFIED);
    for (const v1::StepKind step : message.steps) add(step);
  }
  return said;
}

// What the blocks of the cards hold, whichever blocks the page has.
bool IsInBlocks(const Page& page, const Profile& profile, profile_v1::ValueKind kind) {
  for (const Blocks blocks : kAllBlocks) {
    for (const CardBlock& card : ReadCards(page, profile, blocks)) {
      if (kind == profile_v1::VALUE_KIND_CARD_SERIAL) return true;
      const Secret& secret = kind == profile_v1::VALUE_KIND_PIN ? card.pin : card.puk;
      if (!secret.empty()) return true;
    }
  }
  return false;
}

// What the rows of the table of certificates hold.
bool IsInTable(const Page& page, const Profile& profile, profile_v1::ValueKind kind) {
  const auto rows = ReadCertificates(page, profile);
  if (!rows) return false;
  return std::any_of(rows->begin(), rows->end(), [kind](const v1::PortalCertificate& row) {
    switch (kind) {
      case profile_v1::VALUE_KIND_CARD_SERIAL:
        return !row.card_serial().empty();
      case profile_v1::VALUE_KIND_CERTIFICATE_TYPE:
        return !row.type().empty();
      case profile_v1::VALUE_KIND_CERTIFICATE_STATE:
        return !row.state_display_name().empty();
      case profile_v1::VALUE_KIND_CERTIFICATE_NUMBER:
        return !row.serial_number().empty();
      case profile_v1::VALUE_KIND_CERTIFICATE_START:
        return row.has_start_time();
      case profile_v1::VALUE_KIND_CERTIFICATE_END:
        return row.has_end_time();
      default:
        return false;
    }
  });
}

bool CanBeRead(const Page& page, const Profile& profile, const Profile::Value& value) {
  switch (value.kind) {
    case profile_v1::VALUE_KIND_CARD_SERIAL:
    case profile_v1::VALUE_KIND_PIN:
    case profile_v1::VALUE_KIND_PUK:
      return IsInBlocks(page, profile, value.kind) || IsInTable(page, profile, value.kind);
    case profile_v1::VALUE_KIND_CERTIFICATE_TYPE:
    case profile_v1::VALUE_KIND_CERTIFICATE_STATE:
    case profile_v1::VALUE_KIND_CERTIFICATE_NUMBER:
    case profile_v1::VALUE_KIND_CERTIFICATE_START:
    case profile_v1::VALUE_KIND_CERTIFICATE_END:
      return IsInTable(page, profile, value.kind);
    default:
      return ReadValue(page, value).has_value();
  }
}

}  // namespace

std::string Masked(std::string_view name, const std::vector<std::string>& values) {
  const std::string plain = Harmless(name);
  const std::string folded = Fold(plain);
  for (const std::string& value : values) {
    if (folded.find(value) != std::string::npos) return kHidden;
  }
  return WithoutNumbers(plain);
}

Inspection Inspect(const Page& page, const Profile& profile) {
  Inspection found;
  Recognition seen = Recognise(page, profile);
  found.screen = seen.kind;
  found.least = seen.least;
  if (!seen.sure()) {
    found.reason = seen.reason;
    found.nearest = seen.nearest;
    found.missing = std::move(seen.missing);
  }
  found.fingerprint = page.fingerprint();
  found.charset = CharsetName(page.charset());
  std::vector<std::string> values = ValuesOf(page, profile);
  for (const Control& control : page.controls()) {
    found.controls.push_back(ControlOf(control, profile, values));
  }
  for (std::string& value : values) Wipe(value);
  for (const Profile::Value& value : profile.values()) {
    if (CanBeRead(page, profile, value)) found.values.push_back(value.kind);
  }
  found.messages = MessagesOf(page, profile);
  found.screens = CheckScreens(page, profile);
  return found;
}

}  // namespace ilkimza::portal
