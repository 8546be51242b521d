// What the holder is asked, and what they answer, independent of how it looks.
#ifndef ILKIMZA_CLIENTS_SDK_PROMPT_H_
#define ILKIMZA_CLIENTS_SDK_PROMPT_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "clients/sdk/certificate_table.h"
#include "clients/sdk/ways_on.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/error_reason.pb.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza::client {

enum class PromptKind {
  kWordKnown,
  kWordReset,
  kMailLink,
  kNewSecurityWord,
  kLogin,
  kPhone,
  kSmsCode,
  kPinPage,
  kProvePin,
  kSetOwnPin,
  kDeletion,
  kTestSignature,
  kStopped,
  // A step for the holder's own browser.
  kGuided,
  // The chip in the reader is not the card whose serial was typed in a guided step; or
  // it is none of those whose PUK the portal shows, and may be had by a code.
  kOtherChip,
  // The portal's certificates, beside those on the chips in the readers.
  kCertificates,
  kActivation,
  // Phone number and mail address at the portal.
  kInfo,
  kUnblockRequest,
  kUnblockPin,
  kRevocation,
  // Before the instruction of a guided step that revokes.
  kGuidedRevocation,
};

// "word_known", "login", ...: stable names.
std::string_view PromptKindName(PromptKind kind);
std::span<const PromptKind> AllPromptKinds();

// A field of an answer: its stable name, and what it may hold.
struct FieldSpec {
  std::string_view name;
  // True or false; otherwise text.
  bool flag = false;
  // Flags only: saying it is the answer, so `false` makes no sense.
  bool only_true = false;
  // Text only, in bytes.
  size_t max_bytes = 0;
};
// Null where no answer knows a field of this name.
const FieldSpec* FindField(std::string_view name);

// The fields of one kind of answer; all of them have to be given.
struct AnswerForm {
  std::vector<std::string_view> fields;
  // `allow_last_try` may be given as well.
  bool spends_try = false;
  // `allow_puk_try` has to be given as well, at each try.
  bool spends_puk_try = false;
};

// A card of the PIN page, without its secrets.
struct PinPageCard {
  std::string card_serial;
  bool has_pin = false;
  bool has_puk = false;
};

struct Prompt {
  // Of this program's run; never used twice.
  std::string id;
  PromptKind kind = PromptKind::kWordKnown;
  std::string journey;
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  // 0 where it is no screen of the portal.
  int64_t screen_id = 0;
  // Why the last answer was not taken; with kStopped: why the journey stopped.
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // -1 where there is no limit.
  int attempts_left = -1;
  // The infinite future where nobody waits with a watch in hand.
  absl::Time answer_deadline = absl::InfiniteFuture();
  std::vector<AnswerForm> forms;

  // kWordReset, kLogin: what the portal itself calls the fields, by their names.
  std::map<std::string, std::string, std::less<>> field_labels;
  std::string captcha_image;
  std::string captcha_media_type;
  // kPhone; kInfo, as far as they may be told.
  std::string masked_phone;
  std::string masked_email;
  // Of the journey's portal; empty where nobody knows it.
  std::string hotline;
  // kSmsCode.
  absl::Time code_expire_time = absl::InfiniteFuture();
  // kPinPage.
  std::vector<PinPageCard> cards;
  // kDeletion and the card's prompts; kGuided, where the step is about one card.
  std::string card_serial;
  // kGuided, kGuidedRevocation. The page to begin with, if it is another one than before; what to
  // press or fill in there, as the portal writes it; the heading of the page at the end.
  std::string address;
  std::vector<std::string> labels;
  std::string end_heading;
  // kActivation, kRevocation: the cards that it is about; kOtherChip: those that the
  // portal names.
  std::vector<std::string> card_serials;
  // kCertificates.
  std::vector<v1::PortalCertificate> certificates;
  // In the readers: kCertificates, kActivation, kRevocation, kGuidedRevocation, kOtherChip,
  // and kPinPage where it has more than one card.
  std::vector<Chip> chips;
  // kStopped: see ways_on.h. The best one first.
  std::vector<WayOn> ways_on;
  // kProvePin, kSetOwnPin, kTestSignature, kUnblockPin.
  std::string card;
  v1::PinState pin_state;
  bool portal_pin = false;
  bool portal_puk = false;
  bool old_pin_known = false;
  bool keep_current = false;

  [[nodiscard]] bool IsCardPrompt() const {
    return kind == PromptKind::kProvePin || kind == PromptKind::kSetOwnPin ||
           kind == PromptKind::kTestSignature || kind == PromptKind::kUnblockPin;
  }
  // One try is left, so an answer needs `allow_last_try`.
  [[nodiscard]] bool IsLastTry() const {
    const bool puk = kind == PromptKind::kUnblockPin;
    const v1::TriesLeft left = puk ? pin_state.puk_tries_left() : pin_state.tries_left();
    return IsCardPrompt() && left == v1::TRIES_LEFT_ONE;
  }
  // The chip in a reader whose card has this serial, or null.
  [[nodiscard]] const Chip* ChipOf(std::string_view serial) const;
};

// An answer, as typed. Movable; wiped when destroyed.
struct Answer {
  std::string prompt_id;
  std::map<std::string, bool, std::less<>> flags;
  std::map<std::string, Secret, std::less<>> texts;

  [[nodiscard]] bool Flag(std::string_view name) const;
  // Empty where it was not given.
  [[nodiscard]] std::string_view Text(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const;
};

// Whether `answer` is well formed for `prompt`; nothing is sent anywhere.
// Trims and un-spaces what people paste (ids, codes, links). ERROR_REASON_BAD_FIELD,
// BAD_NATIONAL_ID or WRONG_CARD_SERIAL with metadata "field", LAST_TRY or
// PUK_TRY_NOT_CONFIRMED without the override. Holds no value that was typed.
absl::Status CheckAnswer(const Prompt& prompt, Answer& answer);

// "5421234525" is "54******25", "ayse@ornek.example" is "a***@ornek.example".
std::string MaskedPhone(std::string_view phone);
std::string MaskedEmail(std::string_view email);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_PROMPT_H_
