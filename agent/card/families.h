// The families of cards this agent can talk to, in the order in which they are asked.
//
// Immutable after construction; thread-safe as far as the families are.
#ifndef ILKIMZA_AGENT_CARD_FAMILIES_H_
#define ILKIMZA_AGENT_CARD_FAMILIES_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/card/card.h"

namespace ilkimza::agent {

// A card that has said who it is, and the family that speaks for it.
struct IdentifiedCard {
  CardIdentity identity;
  std::shared_ptr<CardFamily> family;
};

class CardFamilies {
 public:
  // The families of our own first, then `more`, in their order.
  explicit CardFamilies(std::vector<std::shared_ptr<CardFamily>> more = {});

  // Whether any family may speak for the card. Where none does it is left alone:
  // nothing is sent to it.
  [[nodiscard]] bool AnyFor(const CardFacts& facts) const;
  // The first family that recognises the card and finds itself at home on it; its
  // errors where it cannot tell, unless the card itself has refused a command (CARD_PROTOCOL
  // with its status word): then the next one is asked first. MODULE_FAILED where none does and a
  // module that was asked has failed, else CARD_UNSUPPORTED. On the reader's worker thread.
  absl::StatusOr<IdentifiedCard> Identify(CardEnvironment& environment,
                                          const CardFacts& facts) const;

 private:
  std::vector<std::shared_ptr<CardFamily>> families_;
};

// True where `card` offers the operation.
bool Offers(const v1::Card& card, v1::CardOperation operation);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_FAMILIES_H_
