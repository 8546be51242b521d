// The family of cards that say by PKCS#15 (ISO/IEC 7816-15) what is on them, and take
// the PIN commands of ISO/IEC 7816-4 and the signature commands of 7816-8.
//
// Found by the application's id, or through EF.DIR. What a card says of itself is
// followed: PIN reference, length, filling and character set, key and file references.
// What it does not say, the profile of a known card does (IsoApplet, MyEID); a card
// without one is taken to be a plain one:
//
//   state of a PIN   only where the profile knows that an empty VERIFY spends no try;
//                    else unknown
//   unblock          where the card names a PUK, or the profile knows of one
//   signature        MANAGE SECURITY ENVIRONMENT with the key's reference, then PERFORM
//                    SECURITY OPERATION with the DigestInfo (RSA) or the digest
//
// Nothing but SELECT and READ BINARY is sent to a card before it has turned out to be
// one of this family.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_PKCS15_CARD_H_
#define ILKIMZA_AGENT_CARD_PKCS15_CARD_H_

#include <memory>
#include <string>
#include <string_view>

#include "agent/card/apdu.h"
#include "agent/card/card.h"
#include "agent/card/card_memory.h"
#include "agent/card/pkcs15.h"

namespace ilkimza::agent {

class Pkcs15Family final : public CardFamily {
 public:
  [[nodiscard]] std::string_view name() const override { return "PKCS#15"; }
  // Every card that is not an AKİS: whether it is one shows when it is asked.
  [[nodiscard]] bool Recognise(const CardFacts& facts) const override;
  absl::Status Use(CardEnvironment& environment, const CardFacts& facts, const Work& work) override;
  void Forget(const CardFacts& facts) override { memories_.Forget(facts); }

 private:
  CardMemories memories_;
};

// The card on `channel`, which outlives it, as `facts` and `memories` do.
// CARD_UNSUPPORTED where it has no PKCS#15 application. For `Use`, and for those who have
// a channel of their own.
absl::StatusOr<std::unique_ptr<Card>> OpenPkcs15Card(CardChannel& channel, const CardFacts& facts,
                                                     CardMemories& memories);

// `typed` as a command takes it, appended to `out`: the one copy that is made of it. The
// caller wipes `out` and has reserved room. False where the PIN does not fit the card.
bool AppendPin(std::string_view typed, const PinObject& pin, std::string& out);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PKCS15_CARD_H_
