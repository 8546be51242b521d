#include "clients/sdk/prompt.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "clients/sdk/national_id.h"

namespace ilkimza::client {
namespace {

constexpr size_t kShort = 64;
constexpr size_t kWord = 256;
constexpr size_t kLink = 4096;

constexpr auto Text(std::string_view name, size_t max_bytes) {
  return FieldSpec{.name = name, .max_bytes = max_bytes};
}
constexpr auto Choice(std::string_view name) { return FieldSpec{.name = name, .flag = true}; }
constexpr auto Act(std::string_view name) {
  return FieldSpec{.name = name, .flag = true, .only_true = true};
}

constexpr std::array kFields = {
    Choice("known"),
    Text("national_id", kShort),
    Text("email", kWord),
    Text("captcha", kShort),
    Act("new_captcha"),
    Text("link", kLink),
    Act("not_received"),
    Text("security_word", kWord),
    Act("word_forgotten"),
    Text("security_word_again", kWord),
    Choice("correct"),
    Text("code", kShort),
    Act("reveal"),
    Act("seen"),
    Act("use_portal_pin"),
    Text("pin", kShort),
    Text("old_pin", kShort),
    Text("new_pin", kShort),
    Act("keep_current"),
    Text("new_pin_again", kShort),
    Choice("allow_last_try"),
    Choice("delete"),
    Act("retry"),
    Act("leave"),
    Act("cancel"),
    Act("guided"),
    Act("driven"),
    Act("done"),
    Text("card_serial", kShort),
    Text("card_serial_again", kShort),
    Act("skip"),
    Act("start_over"),
    Act("not_possible"),
    Act("wrong_phone"),
    Act("wrong_email"),
    Act("pin_info_deleted"),
    Act("type_again"),
    Choice("activate"),
    Text("phone", kShort),
    Act("keep"),
    Choice("send"),
    Act("consequences_understood"),
    Text("puk", kShort),
    Act("use_portal_puk"),
    Choice("allow_puk_try"),
    Act("by_code"),
};

constexpr std::array kKinds = {
    PromptKind::kWordKnown,        PromptKind::kWordReset,  PromptKind::kMailLink,
    PromptKind::kNewSecurityWord,  PromptKind::kLogin,      PromptKind::kPhone,
    PromptKind::kSmsCode,          PromptKind::kPinPage,    PromptKind::kProvePin,
    PromptKind::kSetOwnPin,        PromptKind::kDeletion,   PromptKind::kTestSignature,
    PromptKind::kStopped,          PromptKind::kGuided,     PromptKind::kOtherChip,
    PromptKind::kCertificates,     PromptKind::kActivation, PromptKind::kInfo,
    PromptKind::kUnblockRequest,   PromptKind::kUnblockPin, PromptKind::kRevocation,
    PromptKind::kGuidedRevocation,
};

absl::Status BadField(std::string_view field, std::string_view why,
                      v1::ErrorReason reason = v1::ERROR_REASON_BAD_FIELD) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason,
      "the field '" + std::string(field.substr(0, 64)) + "' of the answer " + std::string(why),
      {{"field", std::string(field.substr(0, 64))}});
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// People paste ids and codes with blanks between the digits.
Secret WithoutBlanks(std::string_view text) {
  std::string plain;
  const WipeGuard wipe(plain);
  std::copy_if(text.begin(), text.end(), std::back_inserter(plain),
               [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  return Secret(std::string_view(plain));
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void Tidy(std::string_view name, Secret& value) {
  if (name == "national_id" || name == "code" || name == "card_serial" ||
      name == "card_serial_again") {
    value = WithoutBlanks(value.view());
  } else if (name == "link" || name == "email" || name == "captcha" || name == "phone") {
    value = Secret(Trimmed(value.view()));
  }
}

bool Given(const Answer& answer, std::string_view name) {
  return answer.flags.contains(name) || answer.texts.contains(name);
}

bool MayHave(const AnswerForm& form, std::string_view name) {
  return (form.spends_try && name == "allow_last_try") ||
         (form.spends_puk_try && name == "allow_puk_try");
}

// The form that the answer's fields are, or null.
const AnswerForm* FormOf(const Prompt& prompt, const Answer& answer) {
  for (const AnswerForm& form : prompt.forms) {
    size_t wanted = form.fields.size();
    for (const std::string_view name : {"allow_last_try", "allow_puk_try"}) {
      if (MayHave(form, name) && Given(answer, name)) ++wanted;
    }
    const bool all = std::all_of(form.fields.begin(), form.fields.end(),
                                 [&](std::string_view name) { return Given(answer, name); });
    if (all && answer.flags.size() + answer.texts.size() == wanted) return &form;
  }
  return nullptr;
}

// The first field that is too much or missing, for a helpful error.
absl::Status NoForm(const Prompt& prompt, const Answer& answer) {
  const auto wanted = [&](std::string_view name) {
    return std::any_of(prompt.forms.begin(), prompt.forms.end(), [&](const AnswerForm& form) {
      return MayHave(form, name) ||
             std::find(form.fields.begin(), form.fields.end(), name) != form.fields.end();
    });
  };
  for (const auto& [name, value] : answer.flags) {
    if (!wanted(name)) return BadField(name, "does not belong to this prompt");
  }
  for (const auto& [name, value] : answer.texts) {
    if (!wanted(name)) return BadField(name, "does not belong to this prompt");
  }
  for (const AnswerForm& form : prompt.forms) {
    if (std::none_of(form.fields.begin(), form.fields.end(),
                     [&](std::string_view name) { return Given(answer, name); })) {
      continue;
    }
    for (std::string_view name : form.fields) {
      if (!Given(answer, name)) return BadField(name, "is missing");
    }
  }
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                   "the answer is empty, or mixes two forms: give all fields of one of them");
}

absl::Status CheckField(const FieldSpec& spec, Answer& answer) {
  if (spec.flag) {
    const auto flag = answer.flags.find(spec.name);
    if (flag == answer.flags.end()) return BadField(spec.name, "has to be true or false");
    if (spec.only_true && !flag->second) return BadField(spec.name, "can only be true");
    return absl::OkStatus();
  }
  const auto text = answer.texts.find(spec.name);
  if (text == answer.texts.end()) return BadField(spec.name, "has to be text");
  Tidy(spec.name, text->second);
  if (text->second.empty()) return BadField(spec.name, "is empty");
  if (text->second.size() > spec.max_bytes) return BadField(spec.name, "is too long");
  if (HasControlCharacter(text->second.view())) {
    return BadField(spec.name, "holds a character that cannot be typed");
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view PromptKindName(PromptKind kind) {
  switch (kind) {
    case PromptKind::kWordKnown:
      return "word_known";
    case PromptKind::kWordReset:
      return "word_reset";
    case PromptKind::kMailLink:
      return "mail_link";
    case PromptKind::kNewSecurityWord:
      return "new_security_word";
    case PromptKind::kLogin:
      return "login";
    case PromptKind::kPhone:
      return "phone";
    case PromptKind::kSmsCode:
      return "sms_code";
    case PromptKind::kPinPage:
      return "pin_page";
    case PromptKind::kProvePin:
      return "prove_pin";
    case PromptKind::kSetOwnPin:
      return "set_own_pin";
    case PromptKind::kDeletion:
      return "deletion";
    case PromptKind::kTestSignature:
      return "test_signature";
    case PromptKind::kStopped:
      return "stopped";
    case PromptKind::kGuided:
      return "guided";
    case PromptKind::kOtherChip:
      return "other_chip";
    case PromptKind::kCertificates:
      return "certificates";
    case PromptKind::kActivation:
      return "activation";
    case PromptKind::kInfo:
      return "info";
    case PromptKind::kUnblockRequest:
      return "unblock_request";
    case PromptKind::kUnblockPin:
      return "unblock_pin";
    case PromptKind::kRevocation:
      return "revocation";
    case PromptKind::kGuidedRevocation:
      return "guided_revocation";
  }
  return "";
}

std::span<const PromptKind> AllPromptKinds() { return kKinds; }

const FieldSpec* FindField(std::string_view name) {
  const auto spec = std::find_if(kFields.begin(), kFields.end(),
                                 [&](const FieldSpec& field) { return field.name == name; });
  return spec == kFields.end() ? nullptr : &*spec;
}

bool Answer::Flag(std::string_view name) const {
  const auto flag = flags.find(name);
  return flag != flags.end() && flag->second;
}

std::string_view Answer::Text(std::string_view name) const {
  const auto text = texts.find(name);
  return text == texts.end() ? std::string_view() : text->second.view();
}

bool Answer::Has(std::string_view name) const { return Given(*this, name); }

const Chip* Prompt::ChipOf(std::string_view serial) const {
  const auto chip = std::find_if(chips.begin(), chips.end(), [&](const Chip& candidate) {
    return candidate.card_serial == serial;
  });
  return chip == chips.end() ? nullptr : &*chip;
}

namespace {

// A try that is spent has to be meant.
absl::Status CheckTry(const Prompt& prompt, const AnswerForm& form, Answer& answer) {
  for (const std::string_view name : {"allow_last_try", "allow_puk_try"}) {
    if (answer.Has(name)) ILKIMZA_RETURN_IF_ERROR(CheckField(*FindField(name), answer));
  }
  if (form.spends_puk_try && !answer.Flag("allow_puk_try")) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED,
                     "a try of the PUK is spent only where allow_puk_try says so",
                     {{"field", "allow_puk_try"}});
  }
  if (form.spends_try && prompt.IsLastTry() && !answer.Flag("allow_last_try")) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_LAST_TRY,
                     "one try is left on this card; say allow_last_try to use it",
                     {{"tries_left", "1"}});
  }
  return absl::OkStatus();
}

// Nothing is revoked but the card whose serial was typed, digit by digit.
absl::Status CheckRevocation(const Prompt& prompt, const Answer& answer) {
  if (answer.Has("card_serial_again") &&
      answer.Text("card_serial_again") != answer.Text("card_serial")) {
    return BadField("card_serial_again", "is not the serial of the card; nothing was sent",
                    v1::ERROR_REASON_WRONG_CARD_SERIAL);
  }
  if (prompt.kind != PromptKind::kRevocation || answer.Flag("keep")) return absl::OkStatus();
  const auto& serials = prompt.card_serials;
  if (std::find(serials.begin(), serials.end(), answer.Text("card_serial")) != serials.end()) {
    return absl::OkStatus();
  }
  return BadField("card_serial", "is none of the cards that this is about; nothing was sent",
                  v1::ERROR_REASON_WRONG_CARD_SERIAL);
}

}  // namespace

absl::Status CheckAnswer(const Prompt& prompt, Answer& answer) {
  const AnswerForm* form = FormOf(prompt, answer);
  if (form == nullptr) return NoForm(prompt, answer);
  for (std::string_view name : form->fields) {
    ILKIMZA_RETURN_IF_ERROR(CheckField(*FindField(name), answer));
  }
  if (answer.Has("national_id") && !IsNationalId(answer.Text("national_id"))) {
    return BadField("national_id", "is no national id: its check digits do not fit",
                    v1::ERROR_REASON_BAD_NATIONAL_ID);
  }
  if (answer.Text("new_pin") != answer.Text("new_pin_again")) {
    return BadField("new_pin_again", "is not the same as the new PIN");
  }
  ILKIMZA_RETURN_IF_ERROR(CheckRevocation(prompt, answer));
  return CheckTry(prompt, *form, answer);
}

std::string MaskedPhone(std::string_view phone) {
  constexpr size_t kShown = 2;
  std::string digits;
  const WipeGuard wipe(digits);
  std::copy_if(phone.begin(), phone.end(), std::back_inserter(digits),
               [](char c) { return c >= '0' && c <= '9'; });
  if (digits.size() < 3 * kShown) return std::string(digits.size(), '*');
  return digits.substr(0, kShown) + std::string(digits.size() - 2 * kShown, '*') +
         digits.substr(digits.size() - kShown);
}

std::string MaskedEmail(std::string_view email) {
  const size_t at = email.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::string(email.empty() ? "" : "***");
  // Of the name its first character, whole.
  size_t first = 1;
  while (first < at && (static_cast<unsigned char>(email[first]) & 0xC0) == 0x80) ++first;
  return std::string(email.substr(0, first)) + "***" + std::string(email.substr(at));
}

}  // namespace ilkimza::client
