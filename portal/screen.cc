#include "portal/screen.h"

#include <algorithm>
#include <functional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "portal/certificates.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

using profile_v1::ScreenKind;

bool Holds(const std::vector<std::string>& names, std::string_view label) {
  return std::any_of(names.begin(), names.end(),
                     [label](const std::string& name) { return name == label; });
}

// "kimlik no (11 haneli)" is "kimlik no", with something about it in brackets.
bool IsNameWithBracket(std::string_view label, std::string_view name) {
  return label.size() > name.size() + 2 && label.substr(0, name.size()) == name &&
         label.substr(name.size(), 2) == " (";
}

// The whole name wins over one with a bracket behind it: where "sozcuk (tekrar)" is the
// name of another field, it is no "sozcuk".
bool IsFieldName(std::string_view label, const Profile::Field& field) {
  if (label.empty()) return false;
  if (Holds(field.names, label)) return true;
  const auto is_other = [label](const std::string& name) {
    return label == name || IsNameWithBracket(label, name);
  };
  return std::any_of(field.names.begin(), field.names.end(),
                     [label](const auto& name) { return IsNameWithBracket(label, name); }) &&
         std::none_of(field.bracketed_others.begin(), field.bracketed_others.end(), is_other);
}

std::vector<const Control*> FieldsOf(const Page& page, const Profile::Field& field) {
  std::vector<const Control*> named;
  std::vector<const Control*> below;
  for (const Control& control : page.controls()) {
    if (!IsField(control.kind)) continue;
    if (IsFieldName(control.label, field)) named.push_back(&control);
    if (IsFieldName(control.above, field)) below.push_back(&control);
  }
  return named.empty() ? below : named;
}

bool DoTheSame(const Control& a, const Control& b) {
  return a.kind == b.kind && a.form == b.form && a.target == b.target && a.value == b.value &&
         a.field == b.field;
}

// The buttons of this name, of several that do the same only the first.
std::vector<const Control*> ButtonsOf(const Page& page, const Profile::Button& button) {
  std::vector<const Control*> found;
  for (const Control& control : page.controls()) {
    if (!IsCalled(control, button)) continue;
    const bool again = !button.per_card && !found.empty() && DoTheSame(*found.back(), control);
    if (!again) found.push_back(&control);
  }
  return found;
}

bool IsOn(const Line& line, const Profile::Words& words) {
  std::size_t at = 0;
  for (const std::string& part : words.parts) {
    const std::size_t found = line.label.find(part, at);
    if (found == std::string_view::npos) return false;
    at = found + part.size();
  }
  return true;
}

bool IsOn(const Page& page, const Profile::Words& words) {
  return std::any_of(page.lines().begin(), page.lines().end(),
                     [&words](const Line& line) { return IsOn(line, words); });
}

std::string Quoted(const Profile::Words& words) {
  std::string text = "\"";
  for (const std::string& part : words.parts) {
    absl::StrAppend(&text, text.size() > 1 ? " ... " : "", part);
  }
  return text + "\"";
}

// What the blocks of this screen hold.
Blocks BlocksOf(const Profile::Screen& screen) {
  const auto has = [&screen](profile_v1::ValueKind kind) {
    return std::any_of(screen.values.begin(), screen.values.end(),
                       [kind](const Profile::Value* value) { return value->kind == kind; });
  };
  if (has(profile_v1::VALUE_KIND_PIN)) return Blocks::kPins;
  return has(profile_v1::VALUE_KIND_PUK) ? Blocks::kPuks : Blocks::kSerials;
}

// Holds one screen against a page.
class Check {
 public:
  // Most pages are one screen and surely none of the others: that takes a look at
  // the headings, and no words about what is missing.
  enum class Depth { kFits, kExplain };

  Check(const Page& page, const Profile& profile, const Profile::Screen& screen, Depth depth)
      : page_(page), profile_(profile), screen_(screen), depth_(depth) {
    for (const auto part :
         {&Check::Headings, &Check::Texts, &Check::Fields, &Check::Buttons, &Check::Values}) {
      if (fits() || depth_ == Depth::kExplain) (this->*part)();
    }
  }

  [[nodiscard]] bool fits() const { return missed_ == 0; }
  // Below: with kExplain only. Everything is there, but something of it twice.
  [[nodiscard]] bool only_doubles() const { return missed_ == doubles_; }
  [[nodiscard]] int present() const { return present_; }
  std::vector<std::string> missing() && { return std::move(missing_); }

 private:
  template <typename What>
  void Miss(What what) {
    ++missed_;
    if (depth_ == Depth::kExplain) missing_.push_back(what());
  }

  template <typename What>
  void Expect(bool holds, What what) {
    if (holds) {
      ++present_;
    } else {
      Miss(what);
    }
  }

  template <typename What>
  void ExpectOne(std::size_t count, bool doubles_allowed, What what) {
    if (count == 1 || (count > 1 && doubles_allowed)) {
      ++present_;
    } else if (count == 0) {
      Miss(what);
    } else {
      Miss([&] { return absl::StrCat(what(), " (there are ", count, ")"); });
      ++doubles_;
    }
  }

  void Headings() {
    if (screen_.headings.empty()) return;
    const bool there =
        std::any_of(page_.lines().begin(), page_.lines().end(),
                    [this](const Line& line) { return Holds(screen_.headings, line.label); });
    Expect(there, [this] { return absl::StrCat("heading \"", screen_.shown, "\""); });
    present_ += there ? 2 : 0;  // it weighs more when looking for the nearest
  }

  void Texts() {
    for (const auto& words : screen_.texts) {
      Expect(IsOn(page_, words), [&] { return "text " + Quoted(words); });
    }
    for (const auto& words : screen_.forbidden_texts) {
      if (IsOn(page_, words)) Miss([&] { return "absence of text " + Quoted(words); });
    }
  }

  void Fields() {
    std::vector<const Control*> taken;
    for (const Profile::Field* field : screen_.fields) {
      const auto found = FieldsOf(page_, *field);
      ExpectOne(found.size(), false, [&] { return absl::StrCat("field \"", field->shown, "\""); });
      if (found.size() != 1) continue;
      if (std::find(taken.begin(), taken.end(), found[0]) != taken.end()) {
        Miss([&] { return absl::StrCat("a field \"", field->shown, "\" of its own"); });
        ++doubles_;
      }
      taken.push_back(found[0]);
    }
    if (screen_.captcha) Captcha();
    if (!screen_.no_other_fields) return;
    for (const Profile::Field& field : profile_.fields()) {
      const bool ours =
          std::find(screen_.fields.begin(), screen_.fields.end(), &field) != screen_.fields.end();
      if (!ours && !FieldsOf(page_, field).empty()) {
        Miss([&] { return absl::StrCat("absence of field \"", field.shown, "\""); });
      }
    }
  }

  void Captcha() {
    for (const Profile::Field& field : profile_.fields()) {
      if (field.kind != profile_v1::FIELD_KIND_CAPTCHA) continue;
      const auto found = FieldsOf(page_, field);
      Expect(found.size() == 1 && FindCaptcha(page_, *found[0]) != nullptr,
             [&] { return absl::StrCat("picture beside \"", field.shown, "\""); });
    }
  }

  void Buttons() {
    for (const Profile::Button* button : screen_.buttons) {
      ExpectOne(ButtonsOf(page_, *button).size(), button->any || button->per_card,
                [&] { return absl::StrCat("button \"", button->shown, "\""); });
    }
    for (const Profile::Button* button : screen_.forbidden_buttons) {
      if (!ButtonsOf(page_, *button).empty()) {
        Miss([&] { return absl::StrCat("absence of button \"", button->shown, "\""); });
      }
    }
  }

  void Values() {
    for (const Profile::Value* value : screen_.values) {
      Expect(HasValue(*value), [&] { return absl::StrCat("value of \"", value->shown, "\""); });
    }
  }

  [[nodiscard]] bool HasValue(const Profile::Value& value) const {
    switch (value.kind) {
      case profile_v1::VALUE_KIND_CARD_SERIAL:
      case profile_v1::VALUE_KIND_PIN:
      case profile_v1::VALUE_KIND_PUK:
        return !CardSerials(page_, profile_, BlocksOf(screen_)).empty();
      case profile_v1::VALUE_KIND_CERTIFICATE_TYPE:
      case profile_v1::VALUE_KIND_CERTIFICATE_STATE:
      case profile_v1::VALUE_KIND_CERTIFICATE_NUMBER:
      case profile_v1::VALUE_KIND_CERTIFICATE_START:
      case profile_v1::VALUE_KIND_CERTIFICATE_END:
        return ReadCertificates(page_, profile_).has_value();
      default:
        return ReadValue(page_, value).has_value();
    }
  }

  const Page& page_;
  const Profile& profile_;
  const Profile::Screen& screen_;
  const Depth depth_;
  int present_ = 0;
  std::size_t missed_ = 0;
  std::size_t doubles_ = 0;
  std::vector<std::string> missing_;
};

// The number that a line is, or that stands behind its last colon; empty where there are
// other words.
std::string NumberOn(const Line& line) {
  std::string digits;
  const std::size_t colon = line.text.rfind(':');
  for (const char c : Tidy(line.text.substr(colon == std::string_view::npos ? 0 : colon + 1))) {
    if (absl::ascii_isdigit(c)) {
      digits.push_back(c);
    } else if (c != ' ') {
      return "";
    }
  }
  return digits;
}

// Whether a number stands on the page that looks like a serial and is none of these
// cards': a block that could not be read, whose button would be taken for another's.
bool NamesAnotherCard(const Page& page, const std::vector<CardBlock>& cards) {
  return std::any_of(page.lines().begin(), page.lines().end(), [&cards](const Line& line) {
    const std::string number = NumberOn(line);
    const auto is_as_long = [&](const CardBlock& card) {
      return card.serial.size() == number.size();
    };
    const auto is_its = [&](const CardBlock& card) { return card.serial == number; };
    return std::any_of(cards.begin(), cards.end(), is_as_long) &&
           std::none_of(cards.begin(), cards.end(), is_its);
  });
}

absl::Status Ambiguous(std::string_view what, std::string_view name, std::size_t count) {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CONTROL_AMBIGUOUS,
                   absl::StrCat("The portal's page has ", count, " of the ", std::string(what),
                                " \"", std::string(name),
                                "\" where there should be one. "
                                "Nothing was pressed."));
}

Recognition TwoAtOnce(ScreenKind one, ScreenKind other) {
  Recognition result;
  result.reason = v1::ERROR_REASON_SCREEN_UNRECOGNISED;
  result.nearest = one;
  result.missing = {absl::StrCat("difference from ", profile_v1::ScreenKind_Name(other))};
  return result;
}

// The screen of which most is there, of those that do not fit.
Recognition Nearest(const Page& page, const Profile& profile) {
  Recognition result;
  int most = -1;
  for (const Profile::Screen& screen : profile.screens()) {
    Check check(page, profile, screen, Check::Depth::kExplain);
    if (check.fits() || check.present() <= most) continue;
    most = check.present();
    result.nearest = screen.kind;
    result.reason = check.only_doubles() ? v1::ERROR_REASON_CONTROL_AMBIGUOUS
                                         : v1::ERROR_REASON_SCREEN_UNRECOGNISED;
    result.missing = std::move(check).missing();
  }
  return result;
}

}  // namespace

Recognition Recognise(const Page& page, const Profile& profile) {
  ScreenKind sure = profile_v1::SCREEN_KIND_UNSPECIFIED;
  ScreenKind least = profile_v1::SCREEN_KIND_UNSPECIFIED;
  for (const Profile::Screen& screen : profile.screens()) {
    if (!Check(page, profile, screen, Check::Depth::kFits).fits()) continue;
    if (screen.least) {
      least = screen.kind;
    } else if (sure != profile_v1::SCREEN_KIND_UNSPECIFIED) {
      return TwoAtOnce(sure, screen.kind);
    } else {
      sure = screen.kind;
    }
  }
  if (sure != profile_v1::SCREEN_KIND_UNSPECIFIED) return Recognition{sure};
  Recognition result = Nearest(page, profile);
  result.kind = least;
  result.least = least != profile_v1::SCREEN_KIND_UNSPECIFIED;
  return result;
}

std::vector<ScreenCheck> CheckScreens(const Page& page, const Profile& profile) {
  std::vector<ScreenCheck> checks;
  for (const Profile::Screen& screen : profile.screens()) {
    checks.push_back({screen.kind, Check(page, profile, screen, Check::Depth::kExplain).missing()});
  }
  return checks;
}

bool IsCalled(const Control& control, const Profile::Field& field) {
  return IsField(control.kind) &&
         (IsFieldName(control.label, field) || IsFieldName(control.above, field));
}

bool IsCalled(const Control& control, const Profile::Button& button) {
  if (IsField(control.kind) || control.kind == ControlKind::kChoice) return false;
  return Holds(button.names, control.label) &&
         (control.shown.empty() || Holds(button.names, control.shown));
}

absl::StatusOr<const Control*> FindField(const Page& page, const Profile::Field& field) {
  const auto found = FieldsOf(page, field);
  if (found.size() != 1) return Ambiguous("field", field.shown, found.size());
  return found[0];
}

absl::StatusOr<const Control*> FindButton(const Page& page, const Profile::Button& button) {
  const auto found = ButtonsOf(page, button);
  if (found.empty() || (found.size() > 1 && !button.any)) {
    return Ambiguous("button", button.shown, found.size());
  }
  return found[0];
}

absl::StatusOr<const Control*> FindCardButton(const Page& page, const Profile::Button& button,
                                              const std::vector<CardBlock>& cards,
                                              const std::string& serial, v1::ErrorReason covers) {
  const auto card = std::find_if(cards.begin(), cards.end(), [&serial](const CardBlock& block) {
    return block.serial == serial;
  });
  const auto buttons = ButtonsOf(page, button);
  const bool known = card != cards.end() && !NamesAnotherCard(page, cards);
  if (known && cards.size() == 1 && buttons.size() == 1) return buttons[0];
  // One for each card, each in its own block.
  const auto in = [](const Control* control, const CardBlock& block) {
    return control->order > block.from && control->order < block.to;
  };
  bool one_each = known && buttons.size() == cards.size();
  for (std::size_t i = 0; one_each && i < cards.size(); ++i) one_each = in(buttons[i], cards[i]);
  if (one_each) return buttons[static_cast<std::size_t>(card - cards.begin())];
  return MakeError(absl::StatusCode::kFailedPrecondition, covers,
                   absl::StrCat("The portal's button \"", button.shown,
                                "\" does not stand for this card alone. Nothing was pressed."));
}

const Image* FindCaptcha(const Page& page, const Control& field) {
  std::vector<const Image*> candidates;
  for (const Image& image : page.images()) {
    if (image.form == field.form) candidates.push_back(&image);
  }
  if (candidates.size() > 1) {
    // A logo or a drawing may stand elsewhere in the form, with other fields in between.
    const auto is_apart = [&](const Image* image) {
      const int from = std::min(image->order, field.order);
      const int to = std::max(image->order, field.order);
      return std::any_of(page.controls().begin(), page.controls().end(), [&](const Control& other) {
        return IsField(other.kind) && other.order > from && other.order < to;
      });
    };
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(), is_apart),
                     candidates.end());
  }
  return candidates.size() == 1 ? candidates[0] : nullptr;
}

LineSet LinesOf(const Page& page) {
  LineSet lines;
  for (const Line& line : page.lines()) lines.insert(std::hash<std::string_view>()(line.label));
  return lines;
}

v1::ErrorReason FindMessage(const Page& page, const Profile& profile, v1::StepKind step,
                            const LineSet& known) {
  for (const Profile::Message& message : profile.messages()) {
    const bool applies =
        message.steps.empty() ||
        std::find(message.steps.begin(), message.steps.end(), step) != message.steps.end();
    if (!applies) continue;
    for (const Line& line : page.lines()) {
      const bool says =
          std::any_of(message.sentences.begin(), message.sentences.end(),
                      [&line](const Profile::Words& words) { return IsOn(line, words); });
      if (says && known.count(std::hash<std::string_view>()(line.label)) == 0) {
        return message.reason;
      }
    }
  }
  return v1::ERROR_REASON_UNSPECIFIED;
}

}  // namespace ilkimza::portal
