// The family of AKİS v1 cards: the commands of akis.h behind the interface of card.h.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_AKIS_CARD_H_
#define ILKIMZA_AGENT_CARD_AKIS_CARD_H_

#include <memory>
#include <string_view>

#include "agent/card/apdu.h"
#include "agent/card/card.h"
#include "agent/card/card_memory.h"

namespace ilkimza::agent {

class AkisFamily final : public CardFamily {
 public:
  [[nodiscard]] std::string_view name() const override { return "AKİS v1"; }
  // Cards of the versions whose commands are known.
  [[nodiscard]] bool Recognise(const CardFacts& facts) const override;
  absl::Status Use(CardEnvironment& environment, const CardFacts& facts, const Work& work) override;
  void Forget(const CardFacts& facts) override { memories_.Forget(facts); }

 private:
  CardMemories memories_;
};

// The card on `channel`, which outlives it, as `facts` and `memories` do. For `Use`, and
// for those who have a channel of their own.
std::unique_ptr<Card> MakeAkisCard(CardChannel& channel, const CardFacts& facts,
                                   CardMemories& memories);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_AKIS_CARD_H_
