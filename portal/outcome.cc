// Which outcome each reason is, and how endings are made.
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "portal/conversation.h"

namespace ilkimza::portal {
namespace {

v1::StepOutcome OutcomeOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_WRONG_CAPTCHA:
    case v1::ERROR_REASON_WRONG_CREDENTIALS:
    case v1::ERROR_REASON_WRONG_ID_OR_EMAIL:
    case v1::ERROR_REASON_WRONG_SMS_CODE:
    case v1::ERROR_REASON_WORDS_DIFFER:
    case v1::ERROR_REASON_WORD_TOO_SHORT:
    case v1::ERROR_REASON_MAIL_LINK_FOREIGN:
    case v1::ERROR_REASON_BAD_CONTACT_INFO:
      return v1::STEP_OUTCOME_REJECTED;
    case v1::ERROR_REASON_MAIL_LINK_USED:
    case v1::ERROR_REASON_MAIL_LINK_EXPIRED:
    case v1::ERROR_REASON_MAIL_NOT_RECEIVED:
    case v1::ERROR_REASON_SMS_CODE_EXPIRED:
    case v1::ERROR_REASON_SMS_NOT_RECEIVED:
    case v1::ERROR_REASON_WORD_FORGOTTEN:
    case v1::ERROR_REASON_SESSION_EXPIRED:
    case v1::ERROR_REASON_CONVERSATION_LOST:
      return v1::STEP_OUTCOME_REWIND;
    case v1::ERROR_REASON_PORTAL_UNREACHABLE:
    case v1::ERROR_REASON_PORTAL_MAINTENANCE:
      return v1::STEP_OUTCOME_UNAVAILABLE;
    case v1::ERROR_REASON_COPY_KEPT:
    case v1::ERROR_REASON_LEFT_AS_IT_WAS:
    case v1::ERROR_REASON_NOTHING_TO_ACTIVATE:
      return v1::STEP_OUTCOME_SKIPPED;
    case v1::ERROR_REASON_SUBMISSION_UNKNOWN:
      return v1::STEP_OUTCOME_UNKNOWN;
    default:
      return v1::STEP_OUTCOME_STOPPED;
  }
}

}  // namespace

Ending Done() {
  Ending ending;
  ending.outcome = v1::STEP_OUTCOME_DONE;
  return ending;
}

Ending EndingOf(v1::ErrorReason reason, std::string_view sentence) {
  Ending ending;
  ending.outcome = OutcomeOf(reason);
  ending.reason = reason;
  ending.sentence = std::string(sentence);
  return ending;
}

Ending EndingOf(const absl::Status& status) {
  v1::ErrorReason reason = ReasonOf(status);
  if (reason == v1::ERROR_REASON_UNSPECIFIED) reason = v1::ERROR_REASON_PORTAL_REFUSED;
  const absl::string_view message = status.message();
  return EndingOf(reason, {message.data(), message.size()});
}

}  // namespace ilkimza::portal
