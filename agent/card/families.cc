#include "agent/card/families.h"

#include <algorithm>
#include <utility>

#include "agent/card/akis_card.h"
#include "agent/card/pkcs15_card.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {

CardFamilies::CardFamilies(std::vector<std::shared_ptr<CardFamily>> more) {
  families_.push_back(std::make_shared<AkisFamily>());
  families_.push_back(std::make_shared<Pkcs15Family>());
  for (auto& family : more) families_.push_back(std::move(family));
}

bool CardFamilies::AnyFor(const CardFacts& facts) const {
  return std::any_of(families_.begin(), families_.end(),
                     [&](const auto& family) { return family->Recognise(facts); });
}

absl::StatusOr<IdentifiedCard> CardFamilies::Identify(CardEnvironment& environment,
                                                      const CardFacts& facts) const {
  absl::Status module_failure;
  absl::Status refusal;
  for (const auto& family : families_) {
    if (!family->Recognise(facts)) continue;
    IdentifiedCard found{.family = family};
    const absl::Status status = family->Use(environment, facts, [&](Card& card) -> absl::Status {
      ILKIMZA_ASSIGN_OR_RETURN(found.identity, card.Identify());
      return absl::OkStatus();
    });
    if (status.ok()) return found;
    switch (ReasonOf(status)) {
      case v1::ERROR_REASON_CARD_UNSUPPORTED:
        LogDebug("{}: not the card in '{}'", std::string(family->name()), facts.reader);
        break;
      // A broken module must not keep the card from a family that works.
      case v1::ERROR_REASON_MODULE_FAILED:
        LogWarning("{} cannot be asked for the card in '{}': {}", std::string(family->name()),
                   facts.reader, std::string(status.message()));
        module_failure.Update(status);
        break;
      // The card itself has refused; somebody else may know how it is asked.
      case v1::ERROR_REASON_CARD_PROTOCOL:
        if (!MetadataOf(status).contains("status_word")) return status;
        LogInfo("{} cannot read the card in '{}': {}", std::string(family->name()), facts.reader,
                std::string(status.message()));
        refusal.Update(status);
        break;
      default:
        return status;
    }
  }
  // It may have been the one that knows the card.
  ILKIMZA_RETURN_IF_ERROR(module_failure);
  // It may answer the next time.
  ILKIMZA_RETURN_IF_ERROR(refusal);
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
                   "İlkimza does not know this card. Put in the chip that came with the courier, "
                   "or name its PKCS#11 module in the agent's configuration.");
}

bool Offers(const v1::Card& card, v1::CardOperation operation) {
  return std::find(card.operations().begin(), card.operations().end(), operation) !=
         card.operations().end();
}

}  // namespace ilkimza::agent
