// What is said to people: one sentence of what happened and one of what to do
// next, for every reason, prompt and wait, in the language of `Texts`.
//
// Thread-safe. Nothing here ever holds a secret.
#ifndef ILKIMZA_CLIENTS_SDK_SENTENCES_H_
#define ILKIMZA_CLIENTS_SDK_SENTENCES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "clients/sdk/certificate_table.h"
#include "clients/sdk/guide_event.h"
#include "clients/sdk/language.h"
#include "clients/sdk/prompt.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/error_reason.pb.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::client {

struct Sentence {
  // What happened.
  std::string happened;
  // What to do now.
  std::string next;
};

// Of every reason, also of those a newer agent may send: then a general one. `hotline` is
// that of the journey's portal (Journey.hotline), empty where there is none: then people
// are sent to the hotline of their card's issuer, without a number.
Sentence ReasonSentence(const Texts& texts, v1::ErrorReason reason, std::string_view hotline = {});
// Of a card that another program holds; `programs` may be it, and may be empty.
Sentence HeldSentence(const Texts& texts, const std::vector<std::string>& programs);
// By the status' reason; a wrong field is named, and who may hold the card.
Sentence StatusSentence(const Texts& texts, const absl::Status& status,
                        std::string_view hotline = {});
// What is asked. Where the last answer was not taken, `happened` says why.
Sentence PromptSentence(const Texts& texts, const Prompt& prompt);
Sentence WaitSentence(const Texts& texts, const Waiting& waiting);
Sentence OutcomeSentence(const Texts& texts, const Finished& finished);
Sentence UnknownPageSentence(const Texts& texts);
// What revoking means, for whoever is about to: three sentences.
std::string RevocationConsequences(const Texts& texts);
// Where a journey can be taken up again: `Go on with "ilkimza start" whenever you like.`
std::string HowToGoOn(const Texts& texts, v1::Goal goal);
// Which chip is in the reader and which it should be; empty where nothing is known.
std::string OtherChipSentence(const Texts& texts, const std::vector<std::string>& wanted,
                              const std::vector<Chip>& chips);

// A few words: "Log in with the security word".
std::string StepTitle(const Texts& texts, v1::StepKind step);
std::string GoalTitle(const Texts& texts, v1::Goal goal);
std::string JourneyStateTitle(const Texts& texts, v1::JourneyState state);
std::string StepStateTitle(const Texts& texts, v1::StepState state);
std::string ActorTitle(const Texts& texts, v1::Actor actor);
std::string ReaderStateTitle(const Texts& texts, v1::ReaderState state);
std::string OutcomeTitle(const Texts& texts, v1::StepOutcome outcome);
// "All tries are left.", "One try is left: ...".
std::string TriesSentence(const Texts& texts, const v1::PinState& state);
// A few words, for a table: "all", "2", "one".
std::string TriesTitle(const Texts& texts, const v1::PinState& state);
// The same of the PUK.
std::string PukTriesSentence(const Texts& texts, const v1::PinState& state);
std::string PukTriesTitle(const Texts& texts, const v1::PinState& state);
// "unblock with the PUK".
std::string OperationTitle(const Texts& texts, v1::CardOperation operation);
// As the agent says, else by its times and `now`.
v1::CertificateValidity ValidityOf(const v1::Certificate& certificate, absl::Time now);
// "valid, for 30 days more", "expired, 2 days ago".
std::string ValiditySentence(const Texts& texts, const v1::Certificate& certificate,
                             absl::Time now);
// A few words, for a table: "valid", "revoked"; "portal and chip", "chip only".
std::string StandingTitle(const Texts& texts, Standing standing);
std::string PlaceTitle(const Texts& texts, Place place);
// What somebody does who takes this way on: "In your own browser, by instructions".
std::string WayOnTitle(const Texts& texts, WayOn way, std::string_view hotline = {});
// The label of a field that is typed: "National id".
std::string FieldTitle(const Texts& texts, std::string_view field);

// `words` with the number in brackets for "$0", or nothing where there is none. What no
// terminal should see of it is left out.
std::string WithHotline(std::string words, std::string_view hotline);

// Enum values without their prefix, as in JSON: "LOG_IN". "UNSPECIFIED" for 0, the
// number for values of a newer agent.
std::string StepName(v1::StepKind step);
std::string GoalName(v1::Goal goal);
std::string JourneyStateName(v1::JourneyState state);
std::string StepStateName(v1::StepState state);
std::string ActorName(v1::Actor actor);
std::string PortalHostName(v1::PortalHost host);
std::string ReaderStateName(v1::ReaderState state);
std::string CardFamilyName(v1::CardFamily family);
std::string TriesLeftName(v1::TriesLeft tries);
std::string OperationName(v1::CardOperation operation);
std::string ValidityName(v1::CertificateValidity validity);
std::string OutcomeName(v1::StepOutcome outcome);
std::string WayName(v1::Way way);
std::string PortalCertificateStateName(v1::PortalCertificateState state);

// As `--goal` takes it, for example "unblock"; empty for one of a newer server.
std::string_view GoalOption(v1::Goal goal);
// UNSPECIFIED where no goal is called so.
v1::Goal GoalOfOption(std::string_view option);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_SENTENCES_H_
