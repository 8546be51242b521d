// What happens on a guided journey, as a client draws or tells it.
#ifndef ILKIMZA_CLIENTS_SDK_GUIDE_EVENT_H_
#define ILKIMZA_CLIENTS_SDK_GUIDE_EVENT_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "clients/sdk/prompt.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza::client {

// The journey as it is now: after it was found or created, then after each change.
struct JourneySeen {
  v1::Journey journey;
  // It was there before this program.
  bool resumed = false;
};

struct StepChanged {
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  v1::StepState state = v1::STEP_STATE_UNSPECIFIED;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
};

// Asks. At most one prompt is open at a time.
struct Prompted {
  Prompt prompt;
};

// The answer was taken; the prompt is over.
struct AnswerTaken {
  std::string id;
};

// The prompt is over without an answer.
struct PromptClosed {
  std::string id;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
};

struct RevealedCard {
  std::string card_serial;
  Secret pin;
  Secret puk;
};

// Asked for by the holder. Show it, then hide it.
struct Revealed {
  std::string id;
  std::vector<RevealedCard> cards;
  // As the portal has them; empty where it was not asked about them.
  Secret phone;
  Secret email;
};

// An answer or a call was refused. The prompt is still open unless PromptClosed
// follows. `status` carries the reason, and metadata "field" and "tries_left".
struct Refused {
  // Empty where it is about no prompt.
  std::string id;
  absl::Status status;
  // As in Prompt.
  std::string hotline = {};
};

enum class WaitFor { kCard, kPortal, kAgent, kServer };

// Nothing to answer. Over with the next event.
struct Waiting {
  WaitFor what = WaitFor::kCard;
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // The infinite future where nobody knows.
  absl::Time resume_time = absl::InfiniteFuture();
  // The chips in the readers are other ones (SERIAL_MISMATCH): the cards that are
  // meant, and those that are there.
  std::vector<std::string> card_serials;
  std::vector<Chip> chips;
  // With SERIAL_MISMATCH: each chip in a reader tells a shorter serial than the portal
  // names, so that the right one cannot be told from a wrong one either.
  bool serial_too_short = false;
  // As in Prompt.
  std::string hotline = {};
};

struct UnknownPage {
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  v1::Unrecognised page;
};

enum class Outcome { kSucceeded, kStopped, kCancelled, kFailed, kLeft, kError };

// The last event.
struct Finished {
  Outcome outcome = Outcome::kError;
  // Unset where none was found or created.
  std::optional<v1::Journey> journey;
  // kError: what went wrong.
  absl::Status error;
};

using GuideEvent = std::variant<JourneySeen, StepChanged, Prompted, AnswerTaken, PromptClosed,
                                Revealed, Refused, Waiting, UnknownPage, Finished>;

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_GUIDE_EVENT_H_
