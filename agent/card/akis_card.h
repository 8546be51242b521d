// The family of AKİS v1 cards: the commands of akis.h behind the interface of card.h.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_AKIS_CARD_H_
#define ILKIMZA_AGENT_CARD_AKIS_CARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/card/akis.h"
#include "agent/card/card.h"

namespace ilkimza::agent {

// Where things are on the cards that were read lately: saves a real card some twenty
// commands of about 20 ms each. Holds nothing secret, and no certificate.
//
// Thread-safe.
class LayoutCache {
 public:
  std::shared_ptr<const CardLayout> Find(std::string_view reader, uint64_t insertion) const;
  void Put(std::string_view reader, uint64_t insertion, std::shared_ptr<const CardLayout> layout);
  void Drop(std::string_view reader);

 private:
  struct Entry {
    uint64_t insertion = 0;
    std::shared_ptr<const CardLayout> layout;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

class AkisFamily final : public CardFamily {
 public:
  [[nodiscard]] std::string_view name() const override { return "AKİS v1"; }
  [[nodiscard]] bool Recognise(const CardFacts& facts) const override;
  absl::Status Use(CardEnvironment& environment, const CardFacts& facts, const Work& work) override;
  void Forget(const CardFacts& facts) override { layouts_.Drop(facts.reader); }

 private:
  LayoutCache layouts_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_AKIS_CARD_H_
