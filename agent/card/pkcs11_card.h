// The family of cards that a vendor's PKCS#11 module speaks for: one family for each
// module, behind the interface of card.h. The module itself lives in a process of its
// own (agent/pkcs11/modules.h).
//
// The module's slot is matched to the reader by the slot's description, which modules
// take from PC/SC; where a module gives another one, by being the only token in it while
// only one reader holds a card. Never by its number.
//
// A card may show as several tokens, one for each of its PINs. Which one the holder signs
// with says the slot that has the key of the qualified certificate; where that does not say
// it, nothing is offered that tells of a PIN or tries one.
//
// What PKCS#11 does not have: a number of tries left (only "some", "one" and "none", and
// nothing at all where the module raises no flag: UNKNOWN), and PUKs. Unblocking is
// offered only for modules whose security officer's PIN is configured to be the PUK.
//
// After an attempt the module logs out, its process is ended and the card reset in a
// transaction, so that nobody finds it open: also where the module crashed, or was killed
// because it hung. Until then it is open to every program of this PC, since only the module
// could hold a transaction meanwhile (beside_module.h).
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_PKCS11_CARD_H_
#define ILKIMZA_AGENT_CARD_PKCS11_CARD_H_

#include <memory>
#include <vector>

#include "agent/card/card.h"
#include "agent/pkcs11/modules.h"

namespace ilkimza::agent {

// One family for each module, in the modules' order. They keep `modules` alive.
std::vector<std::shared_ptr<CardFamily>> Pkcs11Families(
    const std::shared_ptr<pkcs11::Modules>& modules);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PKCS11_CARD_H_
