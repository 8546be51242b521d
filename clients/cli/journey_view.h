// How journeys look in text.
#ifndef ILKIMZA_CLIENTS_CLI_JOURNEY_VIEW_H_
#define ILKIMZA_CLIENTS_CLI_JOURNEY_VIEW_H_

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/status/status.h"
#include "clients/cli/screen.h"
#include "clients/sdk/guide_event.h"
#include "clients/sdk/language.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::client {

// In the machine's time zone, to the minute. Empty where it is not set.
std::string TimeText(const google::protobuf::Timestamp& time);

// What begins or goes on, and how far it is.
void WriteHeading(Screen& screen, const Texts& texts, const v1::Journey& journey, bool resumed);
// "✓ Log in with the security word"; nothing for states that are no news.
void WriteStepLine(Screen& screen, const Texts& texts, const StepChanged& changed);
// All steps as a table: state, step, attempts, seconds.
void WriteSteps(Screen& screen, const Texts& texts, const v1::Journey& journey);
// Everything about a journey.
void WriteJourney(Screen& screen, const Texts& texts, const v1::Journey& journey);
// How long a PIN of this card may be, where the card says so.
void WritePinLength(Screen& screen, const Texts& texts, const v1::PinState& state);
// The same of a new PIN, which the organisation's rules may bind more tightly.
void WriteNewPinLength(Screen& screen, const Texts& texts, const v1::PinState& state);

// What the two say, where `status` is about the length of a PIN or of a new one; else
// nothing.
std::string PinLengthAfter(const Texts& texts, const absl::Status& status,
                           const v1::PinState& state);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_JOURNEY_VIEW_H_
