// Answers of the holder: checked before anything is submitted, and taken out of the
// message they came in. Thread-safe.
#ifndef ILKIMZA_PORTAL_ANSWERS_H_
#define ILKIMZA_PORTAL_ANSWERS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ilkimza/v1/portal_service.pb.h"
#include "portal/conversation.h"

namespace ilkimza::portal {

// An answer as the host works with it.
struct Answer {
  enum Kind {
    kSubmit,
    kNewCaptcha,
    // Of a guided step: its instruction is shown, for `card_serial`.
    kInstruct,
    // The step ends with `ending`; the portal is not asked.
    kEnd
  };
  Kind kind = kSubmit;
  Ending ending;
  Typed typed;
  Secret link;
  // REVOKE_CERTIFICATE: the card that the holder typed once more, as on the page.
  std::string card_serial;
};

// `request` answers `screen`. Its secrets are wiped in any case.
// WRONG_ANSWER_KIND, BAD_NATIONAL_ID, WRONG_CARD_SERIAL, or BAD_FIELD with the field's
// name.
absl::StatusOr<Answer> TakeAnswer(const v1::Screen& screen, v1::AnswerScreenRequest& request);

// Eleven digits whose check digits fit. No page has to be asked for that.
bool IsNationalId(std::string_view digits);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_ANSWERS_H_
