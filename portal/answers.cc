#include "portal/answers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "portal/guided.h"

namespace ilkimza::portal {
namespace {

using Proto = v1::AnswerScreenRequest;

// Longer ones are no answers of a person.
constexpr std::size_t kLongestText = 256;
constexpr std::size_t kLongestLink = 4096;

absl::Status BadField(std::string_view field, std::string_view how) {
  const std::string name(field);
  return MakeError(
      absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
      absl::StrCat("The answer's ", name, " ", std::string(how), ". Nothing was submitted."),
      {{"field", name}});
}

// Takes the text over; `trimmed` where no one means the white space around it.
absl::Status Take(std::string* text, std::string_view field, bool trimmed, Secret& to,
                  std::size_t longest = kLongestText) {
  std::string_view value = *text;
  if (trimmed) {
    while (!value.empty() && absl::ascii_isspace(value.front())) value.remove_prefix(1);
    while (!value.empty() && absl::ascii_isspace(value.back())) value.remove_suffix(1);
  }
  if (value.empty()) return BadField(field, "is empty");
  if (value.size() > longest) return BadField(field, "is too long");
  const bool control =
      std::any_of(value.begin(), value.end(), [](char c) { return absl::ascii_iscntrl(c); });
  if (control || !IsUtf8(value)) return BadField(field, "holds characters that cannot be typed");
  to = Secret(value);
  return absl::OkStatus();
}

absl::Status TakeNationalId(std::string* text, Typed& typed) {
  Secret& id = typed[profile_v1::FIELD_KIND_NATIONAL_ID];
  ILKIMZA_RETURN_IF_ERROR(Take(text, "national_id", true, id));
  if (IsNationalId(id.view())) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_NATIONAL_ID,
                   "This is no national id: its check digits do not fit. Nothing was submitted.",
                   {{"field", "national_id"}});
}

absl::StatusOr<Answer> End(v1::ErrorReason reason) {
  Answer answer;
  answer.kind = Answer::kEnd;
  answer.ending = EndingOf(reason);
  return answer;
}

using AskedFields = google::protobuf::RepeatedPtrField<v1::AskedField>;

bool Asks(const AskedFields& asked, v1::FormField kind) {
  return std::any_of(asked.begin(), asked.end(),
                     [kind](const v1::AskedField& one) { return one.field() == kind; });
}

absl::StatusOr<Answer> NewCaptcha(const AskedFields& asked) {
  if (!Asks(asked, v1::FORM_FIELD_CAPTCHA))
    return BadField("new_captcha", "has no picture to renew");
  Answer answer;
  answer.kind = Answer::kNewCaptcha;
  return answer;
}

bool IsMailAddress(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find(' ') == std::string_view::npos;
}

// Digits, in whatever groups people write them.
bool IsPhoneNumber(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(),
                                    [](unsigned char c) { return absl::ascii_isdigit(c); });
  return digits >= 7 && digits <= 15 &&
         text.find_first_not_of("0123456789 +-()") == std::string_view::npos;
}

absl::Status TakeEmail(std::string* text, Typed& typed) {
  Secret& email = typed[profile_v1::FIELD_KIND_EMAIL];
  ILKIMZA_RETURN_IF_ERROR(Take(text, "email", true, email));
  if (!IsMailAddress(email.view())) return BadField("email", "is no mail address");
  return absl::OkStatus();
}

// The fields of an answer to a form; null where that kind of answer has none.
struct Filled {
  std::string* national_id = nullptr;
  std::string* email = nullptr;
  std::string* captcha = nullptr;
  std::string* security_word = nullptr;
};

absl::Status TakeField(v1::FormField field, const Filled& from, Typed& typed) {
  switch (field) {
    case v1::FORM_FIELD_NATIONAL_ID:
      if (from.national_id != nullptr) return TakeNationalId(from.national_id, typed);
      break;
    case v1::FORM_FIELD_EMAIL:
      if (from.email != nullptr) return TakeEmail(from.email, typed);
      break;
    case v1::FORM_FIELD_CAPTCHA:
      return Take(from.captcha, "captcha", true, typed[profile_v1::FIELD_KIND_CAPTCHA]);
    case v1::FORM_FIELD_SECURITY_WORD:
      if (from.security_word != nullptr) {
        return Take(from.security_word, "security_word", false,
                    typed[profile_v1::FIELD_KIND_SECURITY_WORD]);
      }
      break;
    default:
      break;
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_BAD_CONFIGURATION,
                   "The portal's form asks for something that no answer of this kind has. Nothing "
                   "was submitted.");
}

// What the form asks for, and nothing else: what it does not need is not taken in.
absl::StatusOr<Answer> TakeForm(const AskedFields& asked, const Filled& from) {
  Answer answer;
  const std::pair<v1::FormField, std::string*> given[] = {
      {v1::FORM_FIELD_NATIONAL_ID, from.national_id},
      {v1::FORM_FIELD_EMAIL, from.email},
      {v1::FORM_FIELD_CAPTCHA, from.captcha},
      {v1::FORM_FIELD_SECURITY_WORD, from.security_word}};
  for (const auto& [field, text] : given) {
    if (Asks(asked, field) || text == nullptr || text->empty()) continue;
    std::string name = v1::FormField_Name(field).substr(sizeof("FORM_FIELD"));
    absl::AsciiStrToLower(&name);
    return BadField(name, "is not asked for by the portal's form");
  }
  for (const v1::AskedField& field : asked) {
    ILKIMZA_RETURN_IF_ERROR(TakeField(field.field(), from, answer.typed));
  }
  return answer;
}

absl::StatusOr<Answer> WordReset(const v1::WordResetForm& form, v1::WordResetAnswer& from) {
  if (from.wrong_email()) return End(v1::ERROR_REASON_WRONG_EMAIL);
  if (from.new_captcha()) return NewCaptcha(form.fields());
  return TakeForm(form.fields(), {.national_id = from.mutable_national_id(),
                                  .email = from.mutable_email(),
                                  .captcha = from.mutable_captcha()});
}

absl::StatusOr<Answer> MailLink(v1::MailLinkAnswer& from) {
  if (from.not_received()) return End(v1::ERROR_REASON_MAIL_NOT_RECEIVED);
  if (from.wrong_email()) return End(v1::ERROR_REASON_WRONG_EMAIL);
  Answer answer;
  ILKIMZA_RETURN_IF_ERROR(Take(from.mutable_link(), "link", true, answer.link, kLongestLink));
  return answer;
}

absl::StatusOr<Answer> NewWord(v1::NewSecurityWordAnswer& from) {
  Answer answer;
  ILKIMZA_RETURN_IF_ERROR(Take(from.mutable_security_word(), "security_word", false,
                               answer.typed[profile_v1::FIELD_KIND_SECURITY_WORD]));
  ILKIMZA_RETURN_IF_ERROR(Take(from.mutable_security_word_again(), "security_word_again", false,
                               answer.typed[profile_v1::FIELD_KIND_SECURITY_WORD_AGAIN]));
  return answer;
}

absl::StatusOr<Answer> LogIn(const v1::LoginForm& form, v1::LoginAnswer& from) {
  if (from.word_forgotten()) return End(v1::ERROR_REASON_WORD_FORGOTTEN);
  if (from.new_captcha()) return NewCaptcha(form.fields());
  return TakeForm(form.fields(), {.national_id = from.mutable_national_id(),
                                  .email = from.mutable_email(),
                                  .captcha = from.mutable_captcha(),
                                  .security_word = from.mutable_security_word()});
}

absl::StatusOr<Answer> SmsCode(v1::SmsCodeAnswer& from) {
  if (from.not_received()) return End(v1::ERROR_REASON_SMS_NOT_RECEIVED);
  Answer answer;
  ILKIMZA_RETURN_IF_ERROR(
      Take(from.mutable_code(), "code", true, answer.typed[profile_v1::FIELD_KIND_SMS_CODE]));
  return answer;
}

absl::StatusOr<Answer> Info(v1::InfoAnswer& from) {
  if (from.keep()) return End(v1::ERROR_REASON_LEFT_AS_IT_WAS);
  Answer answer;
  Secret& phone = answer.typed[profile_v1::FIELD_KIND_PHONE];
  ILKIMZA_RETURN_IF_ERROR(Take(from.mutable_phone(), "phone", true, phone));
  if (!IsPhoneNumber(phone.view())) return BadField("phone", "is no phone number");
  ILKIMZA_RETURN_IF_ERROR(TakeEmail(from.mutable_email(), answer.typed));
  return answer;
}

// Whatever else is wrong, nothing is pressed for another card than the one typed.
absl::StatusOr<Answer> Revocation(const v1::RevocationForm& form,
                                  const v1::RevocationAnswer& from) {
  if (from.keep()) return End(v1::ERROR_REASON_LEFT_AS_IT_WAS);
  if (!from.consequences_understood()) return BadField("consequences_understood", "is not set");
  Answer answer;
  for (const char c : from.card_serial()) {
    if (c != ' ') answer.card_serial.push_back(c);
  }
  const auto& serials = form.card_serials();
  if (std::find(serials.begin(), serials.end(), answer.card_serial) == serials.end()) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_WRONG_CARD_SERIAL,
                     "The serial that was typed is none of those on the portal's page. Nothing "
                     "was pressed.",
                     {{"field", "card_serial"}});
  }
  return answer;
}

absl::StatusOr<Answer> Seen(bool seen) {
  if (!seen) return BadField("seen", "is not set");
  Answer answer;
  answer.kind = Answer::kEnd;
  answer.ending = Done();
  return answer;
}

absl::StatusOr<Answer> Guided(const v1::Screen& screen, const v1::GuidedAnswer& from) {
  Answer answer;
  if (from.outcome() == v1::GUIDED_OUTCOME_CONFIRMED) {
    answer.kind = Answer::kInstruct;
    ILKIMZA_ASSIGN_OR_RETURN(answer.card_serial, ConfirmedCard(from, screen.guided()));
    return answer;
  }
  answer.kind = Answer::kEnd;
  ILKIMZA_ASSIGN_OR_RETURN(answer.ending, EndingBy(from, screen.guided(), screen.step()));
  return answer;
}

absl::StatusOr<Answer> OfKind(const v1::Screen& screen, Proto& request) {
  switch (request.answer_case()) {
    case Proto::kWordReset:
      return WordReset(screen.word_reset(), *request.mutable_word_reset());
    case Proto::kMailLink:
      return MailLink(*request.mutable_mail_link());
    case Proto::kNewSecurityWord:
      return NewWord(*request.mutable_new_security_word());
    case Proto::kLogin:
      return LogIn(screen.login(), *request.mutable_login());
    case Proto::kPhone:
      return request.phone().correct() ? Answer() : End(v1::ERROR_REASON_WRONG_PHONE);
    case Proto::kSmsCode:
      return SmsCode(*request.mutable_sms_code());
    case Proto::kPinPage:
      return Seen(request.pin_page().seen());
    case Proto::kDeletion:
      return request.deletion().delete_() ? Answer() : End(v1::ERROR_REASON_COPY_KEPT);
    case Proto::kCertificateTable:
      return Seen(request.certificate_table().seen());
    case Proto::kActivation:
      return request.activation().activate() ? Answer() : End(v1::ERROR_REASON_LEFT_AS_IT_WAS);
    case Proto::kInfo:
      return Info(*request.mutable_info());
    case Proto::kUnblockRequest:
      return request.unblock_request().send() ? Answer() : End(v1::ERROR_REASON_LEFT_AS_IT_WAS);
    case Proto::kRevocation:
      return Revocation(screen.revocation(), request.revocation());
    case Proto::kGuided:
      return Guided(screen, request.guided());
    case Proto::ANSWER_NOT_SET:
      break;
  }
  return absl::InternalError("unreachable: the kind was compared with the screen's");
}

Proto::AnswerCase AnswerTo(const v1::Screen& screen) {
  switch (screen.kind_case()) {
    case v1::Screen::kWordReset:
      return Proto::kWordReset;
    case v1::Screen::kMailLink:
      return Proto::kMailLink;
    case v1::Screen::kNewSecurityWord:
      return Proto::kNewSecurityWord;
    case v1::Screen::kLogin:
      return Proto::kLogin;
    case v1::Screen::kPhone:
      return Proto::kPhone;
    case v1::Screen::kSmsCode:
      return Proto::kSmsCode;
    case v1::Screen::kPinPage:
      return Proto::kPinPage;
    case v1::Screen::kDeletion:
      return Proto::kDeletion;
    case v1::Screen::kGuided:
      return Proto::kGuided;
    case v1::Screen::kCertificateTable:
      return Proto::kCertificateTable;
    case v1::Screen::kActivation:
      return Proto::kActivation;
    case v1::Screen::kInfo:
      return Proto::kInfo;
    case v1::Screen::kUnblockRequest:
      return Proto::kUnblockRequest;
    case v1::Screen::kRevocation:
      return Proto::kRevocation;
    default:
      return Proto::ANSWER_NOT_SET;
  }
}

}  // namespace

bool IsNationalId(std::string_view digits) {
  if (digits.size() != 11 || digits[0] == '0' ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return absl::ascii_isdigit(c); })) {
    return false;
  }
  const auto digit = [digits](int i) { return digits[i] - '0'; };
  const int odd = digit(0) + digit(2) + digit(4) + digit(6) + digit(8);
  const int even = digit(1) + digit(3) + digit(5) + digit(7);
  const int tenth = ((7 * odd - even) % 10 + 10) % 10;
  return digit(9) == tenth && digit(10) == (odd + even + tenth) % 10;
}

absl::StatusOr<Answer> TakeAnswer(const v1::Screen& screen, v1::AnswerScreenRequest& request) {
  const WipeSecretsGuard guard(request);
  const Proto::AnswerCase wanted = AnswerTo(screen);
  if (wanted == Proto::ANSWER_NOT_SET || request.answer_case() != wanted) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_WRONG_ANSWER_KIND,
                     "The answer is not of the kind that the current screen asks for. Nothing "
                     "was submitted.");
  }
  return OfKind(screen, request);
}

}  // namespace ilkimza::portal
