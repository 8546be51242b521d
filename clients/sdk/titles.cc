// A few words for each step, state and field.
#include <array>
#include <utility>

#include "absl/strings/substitute.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

const char* StepWords(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_PREPARE_CHIP:
      return ILKIMZA_TEXT("Snap the chip out of the card");
    case v1::STEP_KIND_INSERT_CARD:
      return ILKIMZA_TEXT("Put the chip into the reader");
    case v1::STEP_KIND_OPEN_WORD_RESET:
      return ILKIMZA_TEXT("Open the form for a forgotten word");
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      return ILKIMZA_TEXT("Ask for the mail");
    case v1::STEP_KIND_OPEN_MAIL_LINK:
      return ILKIMZA_TEXT("Open the link of the mail");
    case v1::STEP_KIND_SET_SECURITY_WORD:
      return ILKIMZA_TEXT("Set a new security word");
    case v1::STEP_KIND_OPEN_LOGIN:
      return ILKIMZA_TEXT("Open the login form");
    case v1::STEP_KIND_LOG_IN:
      return ILKIMZA_TEXT("Log in with the security word");
    case v1::STEP_KIND_CONFIRM_PHONE:
      return ILKIMZA_TEXT("Confirm the phone number");
    case v1::STEP_KIND_ENTER_SMS_CODE:
      return ILKIMZA_TEXT("Type the SMS code");
    case v1::STEP_KIND_OPEN_PIN_PAGE:
      return ILKIMZA_TEXT("Open the PIN page");
    case v1::STEP_KIND_READ_PIN:
      return ILKIMZA_TEXT("Read PIN and PUK");
    case v1::STEP_KIND_MATCH_CARD:
      return ILKIMZA_TEXT("Compare chip and portal");
    case v1::STEP_KIND_PROVE_PIN:
      return ILKIMZA_TEXT("Prove the PIN on the card");
    case v1::STEP_KIND_SET_OWN_PIN:
      return ILKIMZA_TEXT("Set a PIN of your own");
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      return ILKIMZA_TEXT("Delete the portal's copy");
    case v1::STEP_KIND_TEST_SIGNATURE:
      return ILKIMZA_TEXT("Make a test signature");
    case v1::STEP_KIND_LOG_OUT:
      return ILKIMZA_TEXT("Log out of the portal");
    case v1::STEP_KIND_LIST_CERTIFICATES:
      return ILKIMZA_TEXT("See the portal's certificates");
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
      return ILKIMZA_TEXT("Activate the certificate");
    case v1::STEP_KIND_UPDATE_INFO:
      return ILKIMZA_TEXT("Change phone and mail address");
    case v1::STEP_KIND_REQUEST_UNBLOCK:
      return ILKIMZA_TEXT("Ask the portal for the unblocking code");
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
      return ILKIMZA_TEXT("Type the unblocking code");
    case v1::STEP_KIND_UNBLOCK_PIN:
      return ILKIMZA_TEXT("Unblock the PIN with the PUK");
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return ILKIMZA_TEXT("Revoke the certificate");
    default:
      return ILKIMZA_TEXT("None");
  }
}

const char* GoalWords(v1::Goal goal) {
  switch (goal) {
    case v1::GOAL_RESET_SECURITY_WORD:
      return ILKIMZA_TEXT("A new security word");
    case v1::GOAL_GET_PIN:
      return ILKIMZA_TEXT("From chip to signature");
    case v1::GOAL_LIST_CERTIFICATES:
      return ILKIMZA_TEXT("The portal's certificates");
    case v1::GOAL_ACTIVATE_CERTIFICATE:
      return ILKIMZA_TEXT("A certificate made usable");
    case v1::GOAL_UPDATE_INFO:
      return ILKIMZA_TEXT("Phone and mail address at the portal");
    case v1::GOAL_UNBLOCK_PIN:
      return ILKIMZA_TEXT("A blocked PIN unblocked");
    case v1::GOAL_REVOKE_CERTIFICATE:
      return ILKIMZA_TEXT("A certificate revoked");
    default:
      return ILKIMZA_TEXT("unknown");
  }
}

const char* StateWords(v1::JourneyState state) {
  switch (state) {
    case v1::JOURNEY_STATE_ACTIVE:
      return ILKIMZA_TEXT("under way");
    case v1::JOURNEY_STATE_WAITING:
      return ILKIMZA_TEXT("waiting");
    case v1::JOURNEY_STATE_STOPPED:
      return ILKIMZA_TEXT("stopped");
    case v1::JOURNEY_STATE_SUCCEEDED:
      return ILKIMZA_TEXT("done");
    case v1::JOURNEY_STATE_CANCELLED:
      return ILKIMZA_TEXT("cancelled");
    case v1::JOURNEY_STATE_FAILED:
      return ILKIMZA_TEXT("failed");
    default:
      return ILKIMZA_TEXT("unknown");
  }
}

const char* StepStateWords(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_PENDING:
      return ILKIMZA_TEXT("to come");
    case v1::STEP_STATE_RUNNING:
      return ILKIMZA_TEXT("now");
    case v1::STEP_STATE_DONE:
      return ILKIMZA_TEXT("done");
    case v1::STEP_STATE_SKIPPED:
      return ILKIMZA_TEXT("left out");
    case v1::STEP_STATE_STOPPED:
      return ILKIMZA_TEXT("stopped");
    default:
      return ILKIMZA_TEXT("unknown");
  }
}

const char* OutcomeWords(v1::StepOutcome outcome) {
  switch (outcome) {
    case v1::STEP_OUTCOME_DONE:
      return ILKIMZA_TEXT("done");
    case v1::STEP_OUTCOME_SKIPPED:
      return ILKIMZA_TEXT("left out");
    case v1::STEP_OUTCOME_REJECTED:
      return ILKIMZA_TEXT("not taken");
    case v1::STEP_OUTCOME_UNAVAILABLE:
      return ILKIMZA_TEXT("portal away");
    case v1::STEP_OUTCOME_REWIND:
      return ILKIMZA_TEXT("went back");
    case v1::STEP_OUTCOME_STOPPED:
      return ILKIMZA_TEXT("stopped");
    default:
      return ILKIMZA_TEXT("unknown");
  }
}

const char* ActorWords(v1::Actor actor) {
  switch (actor) {
    case v1::ACTOR_HOLDER:
      return ILKIMZA_TEXT("you");
    case v1::ACTOR_AGENT:
      return ILKIMZA_TEXT("agent");
    case v1::ACTOR_PORTAL:
      return ILKIMZA_TEXT("portal");
    case v1::ACTOR_SERVER:
      return ILKIMZA_TEXT("server");
    default:
      return ILKIMZA_TEXT("nobody");
  }
}

const char* WayOnWords(WayOn way) {
  switch (way) {
    case WayOn::kRetry:
      return ILKIMZA_TEXT("Go on from this step");
    case WayOn::kGuided:
      return ILKIMZA_TEXT("Go on in your own browser, by instructions");
    case WayOn::kDriven:
      return ILKIMZA_TEXT("Let İlkimza do the portal's part");
    case WayOn::kResetWord:
      return ILKIMZA_TEXT("Set a new security word (\"ilkimza start --goal reset-word\")");
    case WayOn::kUnblockPin:
      return ILKIMZA_TEXT(
          "Unblock the PIN with the PUK (\"ilkimza start --goal unblock\"; the "
          "portal shows the PUK)");
    case WayOn::kKnownPin:
      return ILKIMZA_TEXT(
          "If you know your PIN, choose another one for yourself (\"ilkimza card "
          "change-pin\")");
    case WayOn::kReissue:
      return ILKIMZA_TEXT(
          "If you know neither PIN nor PUK, have a new certificate issued: it costs "
          "a fee; the hotline of your card's issuer$0 says how");
    case WayOn::kHotline:
      return ILKIMZA_TEXT("Call the hotline of your card's issuer$0");
    case WayOn::kItDepartment:
      return ILKIMZA_TEXT("Ask your IT department");
    case WayOn::kDoctor:
      return ILKIMZA_TEXT("Find out what is in the way (\"ilkimza doctor\")");
  }
  return "";
}

const char* StandingWords(Standing standing) {
  switch (standing) {
    case Standing::kValid:
      return ILKIMZA_TEXT("valid");
    case Standing::kNotActivated:
      return ILKIMZA_TEXT("not activated");
    case Standing::kNotYetValid:
      return ILKIMZA_TEXT("not valid yet");
    case Standing::kExpired:
      return ILKIMZA_TEXT("expired");
    case Standing::kRevoked:
      return ILKIMZA_TEXT("revoked");
    case Standing::kUnknown:
      break;
  }
  return ILKIMZA_TEXT("unknown");
}

const char* PlaceWords(Place place) {
  switch (place) {
    case Place::kSame:
      return ILKIMZA_TEXT("portal and chip");
    case Place::kPortalOnly:
      return ILKIMZA_TEXT("portal only");
    case Place::kChipOnly:
      return ILKIMZA_TEXT("chip only");
    case Place::kNotCompared:
      break;
  }
  return ILKIMZA_TEXT("portal; no chip here");
}

const char* ReaderWords(v1::ReaderState state) {
  switch (state) {
    case v1::READER_STATE_EMPTY:
      return ILKIMZA_TEXT("empty");
    case v1::READER_STATE_CARD_PRESENT:
      return ILKIMZA_TEXT("card present");
    case v1::READER_STATE_CARD_MUTE:
      return ILKIMZA_TEXT("card does not answer");
    case v1::READER_STATE_IN_USE_EXCLUSIVELY:
      return ILKIMZA_TEXT("in use by another program");
    default:
      return ILKIMZA_TEXT("unknown");
  }
}

constexpr std::array<std::pair<std::string_view, const char*>, 21> kFieldWords = {{
    {"card_serial", ILKIMZA_TEXT("Serial of the card, as the page shows it")},
    {"card_serial_again", ILKIMZA_TEXT("The same serial, as the portal's page shows it")},
    {"national_id", ILKIMZA_TEXT("National id (11 digits)")},
    {"phone", ILKIMZA_TEXT("Mobile phone")},
    {"allow_puk_try", ILKIMZA_TEXT("The consent to spend a try")},
    {"email", ILKIMZA_TEXT("Mail address")},
    {"captcha", ILKIMZA_TEXT("Characters of the picture")},
    {"link", ILKIMZA_TEXT("Link of the mail")},
    {"security_word", ILKIMZA_TEXT("Security word")},
    {"security_word_again", ILKIMZA_TEXT("Security word again")},
    {"code", ILKIMZA_TEXT("SMS code")},
    {"pin", ILKIMZA_TEXT("PIN")},
    {"old_pin", ILKIMZA_TEXT("PIN of now")},
    {"new_pin", ILKIMZA_TEXT("New PIN")},
    {"new_pin_again", ILKIMZA_TEXT("New PIN again")},
    {"puk", ILKIMZA_TEXT("PUK")},
    {"socket", ILKIMZA_TEXT("Address of the agent")},
    {"card", ILKIMZA_TEXT("Card")},
    {"certificate", ILKIMZA_TEXT("Certificate")},
    {"out", ILKIMZA_TEXT("File to write")},
    {"form", ILKIMZA_TEXT("Form of the certificate")},
}};

}  // namespace

std::string StepTitle(const Texts& texts, v1::StepKind step) { return texts.Say(StepWords(step)); }

std::string GoalTitle(const Texts& texts, v1::Goal goal) { return texts.Say(GoalWords(goal)); }

std::string JourneyStateTitle(const Texts& texts, v1::JourneyState state) {
  return texts.Say(StateWords(state));
}

std::string StepStateTitle(const Texts& texts, v1::StepState state) {
  return texts.Say(StepStateWords(state));
}

std::string ActorTitle(const Texts& texts, v1::Actor actor) { return texts.Say(ActorWords(actor)); }

std::string ReaderStateTitle(const Texts& texts, v1::ReaderState state) {
  return texts.Say(ReaderWords(state));
}

std::string StandingTitle(const Texts& texts, Standing standing) {
  return texts.Say(StandingWords(standing));
}

std::string PlaceTitle(const Texts& texts, Place place) { return texts.Say(PlaceWords(place)); }

std::string OutcomeTitle(const Texts& texts, v1::StepOutcome outcome) {
  return texts.Say(OutcomeWords(outcome));
}

std::string WayOnTitle(const Texts& texts, WayOn way, std::string_view hotline) {
  return WithHotline(texts.Say(WayOnWords(way)), hotline);
}

std::string FieldTitle(const Texts& texts, std::string_view field) {
  for (const auto& [name, words] : kFieldWords) {
    if (name == field) return texts.Say(words);
  }
  return std::string(field);
}

}  // namespace ilkimza::client
