// What the agent does with PC/SC itself where a PKCS#11 module talks to the card over a
// connection of its own (pkcs11_card.h). Each call stands under the job's watchdog.
//
// Thread-safe as far as the environment is: on the reader's worker thread.
#ifndef ILKIMZA_AGENT_CARD_BESIDE_MODULE_H_
#define ILKIMZA_AGENT_CARD_BESIDE_MODULE_H_

#include "absl/status/statusor.h"

namespace ilkimza::agent {

struct CardEnvironment;

// Whether the card in the environment's reader is the only one in all readers; false where
// the service does not say. absl::CancelledError once the job has been ended.
absl::StatusOr<bool> OnlyCard(CardEnvironment& environment);

// Resets a card that a module had a PIN for, before another program can have it for
// itself: in a transaction, which waits for those of others. Also where the job has been
// ended. To be called when the module is asked nothing more and has been told to end, and
// with its process still reserved (ModuleUse): a module that holds a transaction, or the
// card for itself, is waited for.
//
// The transaction cannot begin earlier, since it would keep the module from its card: what
// another program does between C_Login and this call the card does as it is told.
void ResetAfterModule(CardEnvironment& environment);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_BESIDE_MODULE_H_
