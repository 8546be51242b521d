// What is done with a card of any family within one CardFamily::Use, on its worker
// thread: read what is on it, and the attempts. No journeys, no journal file, no
// threads: those are attempts.h's.
#ifndef ILKIMZA_AGENT_CARD_OPERATIONS_H_
#define ILKIMZA_AGENT_CARD_OPERATIONS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/card/card.h"
#include "agent/card/journal.h"
#include "agent/card/pin_policy.h"
#include "base/clock.h"
#include "base/secret.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

// `serial` is that of the card a caller means. Where another one is found in the reader
// it is sent nothing but the question for its serial: CARD_NOT_FOUND.
struct ReadCertificate {
  // Without its name.
  v1::Certificate description;
  std::string der;
};
// Those that cannot be parsed are left out. `now` judges their validity.
absl::StatusOr<std::vector<ReadCertificate>> ReadCertificates(Card& card, const std::string& serial,
                                                              absl::Time now);
// Of the PIN that opens the qualified certificate's key, as every attempt is: where the card
// has several and does not say which that is, OPERATION_UNSUPPORTED. `policy` says with the
// card how long a new PIN may be; `now` as above.
absl::StatusOr<v1::PinState> ReadPinState(Card& card, const std::string& serial,
                                          const PinPolicy& policy, absl::Time now);

// One attempt with a PIN, and what became of it. Filled in on the worker's thread;
// read by whoever ends the job, which JobControl puts in order.
struct AttemptWork {
  AttemptKind kind = AttemptKind::kVerify;
  // As above.
  std::string serial;
  // The PUK for kUnblock.
  Secret pin;
  // kChange and kUnblock only.
  Secret new_pin;
  // Both are typed on the reader; the secrets above are empty.
  bool on_pinpad = false;
  bool allow_last_try = false;
  // kUnblock: the holder has consented to this very try.
  bool allow_puk_try = false;
  PinPolicy policy;
  Clock* clock = &SystemClock();
  // Whether whoever asked for it waits no longer: then nothing is sent. Asked last of all;
  // may be none.
  std::function<bool()> given_up;
  // Called when all has been checked and the PIN goes next: puts the attempt on disk.
  // Nothing is sent where it fails.
  std::function<absl::Status()> before_sending;
  // kTestSign: called when the PIN was right, before the card signs; not where the key asks
  // for its PIN again.
  std::function<void()> pin_was_right;

  // --- Results ---
  // The PIN left, or may have left, for the card.
  bool sent = false;
  // What the card said to it.
  std::optional<PinAnswer> answer;
  v1::PinState pin_state;
  // kTestSign only.
  v1::Certificate certificate;
  std::string algorithm;
  bool signature_checked = false;
  bool signature_fits = false;
};

// Local refusals, before anything is sent: CARD_NOT_FOUND (another card is in the
// reader), CARD_UNSUPPORTED, CERTIFICATE_NOT_FOUND, PIN_FORMAT, PIN_POLICY, LAST_TRY,
// PIN_BLOCKED, PUK_TRY_NOT_CONFIRMED, PUK_BLOCKED, OPERATION_UNSUPPORTED, CANCELLED (given
// up), and what `before_sending` says. After: the errors of the PIN itself are
// in `work.answer`, a lost answer is ATTEMPT_UNKNOWN, a bad signature
// SIGNATURE_INVALID. OK says that all of it was done.
//
// The PINs are wiped as soon as they have been sent.
absl::Status DoAttempt(Card& card, AttemptWork& work);

// The errors of a card that has no try left.
absl::Status PinBlocked();
absl::Status PukBlocked();
// Of an unblocking without the holder's consent to this try.
absl::Status PukTryNotConfirmed();

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_OPERATIONS_H_
