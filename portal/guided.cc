#include "portal/guided.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "portal/show.h"

namespace ilkimza::portal {
namespace {

// As in the portal's profiles; no serial is shorter or longer.
constexpr std::size_t kShortestSerial = 6;
constexpr std::size_t kLongestSerial = 32;

// The folded step that goes before this one, if there is one.
v1::StepKind FoldedBefore(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      return v1::STEP_KIND_OPEN_WORD_RESET;
    case v1::STEP_KIND_LOG_IN:
      return v1::STEP_KIND_OPEN_LOGIN;
    default:
      return v1::STEP_KIND_UNSPECIFIED;
  }
}

std::vector<v1::GuidedOutcome> ChoicesOf(v1::StepKind step) {
  switch (step) {
    // These begin at the entrance already.
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_WRONG_EMAIL,
              v1::GUIDED_OUTCOME_NOT_POSSIBLE};
    case v1::STEP_KIND_OPEN_MAIL_LINK:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_WRONG_EMAIL,
              v1::GUIDED_OUTCOME_START_OVER, v1::GUIDED_OUTCOME_NOT_POSSIBLE};
    case v1::STEP_KIND_LOG_IN:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_WORD_FORGOTTEN,
              v1::GUIDED_OUTCOME_NOT_POSSIBLE};
    case v1::STEP_KIND_CONFIRM_PHONE:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_WRONG_PHONE,
              v1::GUIDED_OUTCOME_START_OVER, v1::GUIDED_OUTCOME_NOT_POSSIBLE};
    case v1::STEP_KIND_OPEN_PIN_PAGE:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_PIN_INFO_DELETED,
              v1::GUIDED_OUTCOME_START_OVER, v1::GUIDED_OUTCOME_NOT_POSSIBLE};
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
    case v1::STEP_KIND_UPDATE_INFO:
    case v1::STEP_KIND_REVOKE_CERTIFICATE:  // once it is confirmed
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_SKIPPED, v1::GUIDED_OUTCOME_START_OVER,
              v1::GUIDED_OUTCOME_NOT_POSSIBLE};
    case v1::STEP_KIND_LOG_OUT:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_SKIPPED};
    default:
      return {v1::GUIDED_OUTCOME_DONE, v1::GUIDED_OUTCOME_START_OVER,
              v1::GUIDED_OUTCOME_NOT_POSSIBLE};
  }
}

enum class Moves { kAll, kHarmless, kSubmitting };

void AddLabels(const Profile::Step* step, v1::GuidedStep& to, Moves which = Moves::kAll) {
  if (step == nullptr) return;
  for (const Profile::Move& move : step->moves) {
    if (which == Moves::kHarmless && move.submits) return;
    if (which == Moves::kSubmitting && !move.submits) continue;
    for (const Profile::Field* field : move.fill) to.add_labels(field->shown);
    to.add_labels(move.press->shown);
  }
}

std::string HeadingOf(profile_v1::ScreenKind kind, const Profile& profile) {
  for (const Profile::Screen& screen : profile.screens()) {
    if (screen.kind == kind) return screen.shown;
  }
  return "";
}

Ending Skipped(v1::ErrorReason reason) {
  Ending ending = EndingOf(reason);
  ending.outcome = v1::STEP_OUTCOME_SKIPPED;
  return ending;
}

Ending StartingOver(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_OPEN_MAIL_LINK:
      return EndingOf(v1::ERROR_REASON_MAIL_NOT_RECEIVED);
    case v1::STEP_KIND_ENTER_SMS_CODE:
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
      return EndingOf(v1::ERROR_REASON_SMS_NOT_RECEIVED);
    default:
      return EndingOf(v1::ERROR_REASON_SESSION_EXPIRED);
  }
}

absl::Status BadGuidedField(std::string_view field, std::string_view how) {
  const std::string name(field);
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                   absl::StrCat("The answer's ", name, " ", std::string(how), "."),
                   {{"field", name}});
}

// As a person reads it off the page: blanks between groups of digits are no part of it.
absl::StatusOr<std::string> SerialOf(std::string_view typed) {
  std::string serial;
  for (const char c : typed) {
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) continue;
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return BadGuidedField("card_serial", "has to be the digits that the page shows");
    }
    serial += c;
    if (serial.size() > kLongestSerial) return BadGuidedField("card_serial", "is too long");
  }
  if (serial.size() < kShortestSerial) return BadGuidedField("card_serial", "is too short");
  return serial;
}

// As the card's serial, with its own name in errors.
absl::StatusOr<std::string> SerialAgainOf(std::string_view typed) {
  auto serial = SerialOf(typed);
  if (serial.ok()) return serial;
  return BadGuidedField("card_serial_again", "has to be the digits that the portal's page shows");
}

bool CannotBeUndone(v1::StepKind step) { return step == v1::STEP_KIND_REVOKE_CERTIFICATE; }

v1::GuidedStep ConfirmationFor(const v1::RunStep& directive, const Profile& profile) {
  v1::GuidedStep asked;
  AddLabels(profile.step(directive.step()), asked, Moves::kHarmless);
  asked.set_asks_confirmation(true);
  asked.set_card_serial(CardOf(directive));
  for (const v1::GuidedOutcome choice :
       {v1::GUIDED_OUTCOME_CONFIRMED, v1::GUIDED_OUTCOME_SKIPPED, v1::GUIDED_OUTCOME_START_OVER,
        v1::GUIDED_OUTCOME_NOT_POSSIBLE}) {
    asked.add_choices(choice);
  }
  return asked;
}

absl::StatusOr<Ending> DoneWith(const v1::GuidedAnswer& answer, const v1::GuidedStep& asked) {
  Ending ending = Done();
  if (!asked.asks_card_serial()) {
    if (!answer.card_serial().empty()) return BadGuidedField("card_serial", "was not asked for");
    return ending;
  }
  ILKIMZA_ASSIGN_OR_RETURN(std::string serial, SerialOf(answer.card_serial()));
  ending.serials.push_back(std::move(serial));
  return ending;
}

}  // namespace

bool IsFolded(v1::StepKind step) {
  return step == v1::STEP_KIND_OPEN_WORD_RESET || step == v1::STEP_KIND_OPEN_LOGIN ||
         step == v1::STEP_KIND_READ_PIN;
}

v1::GuidedStep ConfirmedInstructionFor(const v1::RunStep& directive, const Profile& profile,
                                       const std::string& card_serial) {
  v1::GuidedStep asked;
  const Profile::Step* step = profile.step(directive.step());
  AddLabels(step, asked, Moves::kSubmitting);
  if (step != nullptr && !step->ends.empty()) {
    asked.set_end_heading(HeadingOf(step->ends.front(), profile));
  }
  asked.set_card_serial(card_serial);
  for (const v1::GuidedOutcome choice : ChoicesOf(directive.step())) asked.add_choices(choice);
  return asked;
}

absl::StatusOr<std::string> ConfirmedCard(const v1::GuidedAnswer& answer,
                                          const v1::GuidedStep& asked) {
  if (!asked.asks_confirmation()) return BadGuidedField("outcome", "is none of the step's choices");
  if (!answer.consequences_understood())
    return BadGuidedField("consequences_understood", "is not set");
  ILKIMZA_ASSIGN_OR_RETURN(std::string card, SerialOf(answer.card_serial()));
  ILKIMZA_ASSIGN_OR_RETURN(const std::string again, SerialAgainOf(answer.card_serial_again()));
  if (card == again && (asked.card_serial().empty() || card == asked.card_serial())) return card;
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_WRONG_CARD_SERIAL,
                   "The serial on the portal's page is not that of the card that is meant. No "
                   "instruction is shown.",
                   {{"field", "card_serial_again"}});
}

v1::GuidedStep InstructionFor(const v1::RunStep& directive, const Profile& profile) {
  if (CannotBeUndone(directive.step())) return ConfirmationFor(directive, profile);
  v1::GuidedStep asked;
  const Profile::Step* before = profile.step(FoldedBefore(directive.step()));
  const Profile::Step* step = profile.step(directive.step());
  AddLabels(before, asked);
  AddLabels(step, asked);
  const bool from_entrance =
      (before != nullptr && before->fresh) || (step != nullptr && step->fresh);
  if (from_entrance) asked.set_address(profile.entrance());
  if (step != nullptr && !step->ends.empty()) {
    asked.set_end_heading(HeadingOf(step->ends.front(), profile));
  }
  asked.set_card_serial(CardOf(directive));
  // These end on a page with the serials of the holder's cards.
  const bool shows_serial = directive.step() == v1::STEP_KIND_OPEN_PIN_PAGE ||
                            directive.step() == v1::STEP_KIND_ENTER_UNBLOCK_CODE;
  asked.set_asks_card_serial(shows_serial && asked.card_serial().empty());
  for (const v1::GuidedOutcome choice : ChoicesOf(directive.step())) asked.add_choices(choice);
  return asked;
}

absl::StatusOr<Ending> EndingBy(const v1::GuidedAnswer& answer, const v1::GuidedStep& asked,
                                v1::StepKind step) {
  const auto& choices = asked.choices();
  if (std::find(choices.begin(), choices.end(), answer.outcome()) == choices.end()) {
    return BadGuidedField("outcome", "is none of the step's choices");
  }
  switch (answer.outcome()) {
    case v1::GUIDED_OUTCOME_DONE:
      return DoneWith(answer, asked);
    case v1::GUIDED_OUTCOME_SKIPPED:
      return Skipped(step == v1::STEP_KIND_DELETE_PORTAL_COPY ? v1::ERROR_REASON_COPY_KEPT
                                                              : v1::ERROR_REASON_LEFT_AS_IT_WAS);
    case v1::GUIDED_OUTCOME_START_OVER:
      return StartingOver(step);
    case v1::GUIDED_OUTCOME_WORD_FORGOTTEN:
      return EndingOf(v1::ERROR_REASON_WORD_FORGOTTEN);
    case v1::GUIDED_OUTCOME_WRONG_PHONE:
      return EndingOf(v1::ERROR_REASON_WRONG_PHONE);
    case v1::GUIDED_OUTCOME_WRONG_EMAIL:
      return EndingOf(v1::ERROR_REASON_WRONG_EMAIL);
    case v1::GUIDED_OUTCOME_PIN_INFO_DELETED:
      return EndingOf(v1::ERROR_REASON_PIN_INFO_DELETED);
    case v1::GUIDED_OUTCOME_CONFIRMED:
      return BadGuidedField("outcome", "confirms, which ends no step");
    default:
      return EndingOf(v1::ERROR_REASON_GUIDED_NOT_POSSIBLE);
  }
}

}  // namespace ilkimza::portal
