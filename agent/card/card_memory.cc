#include "agent/card/card_memory.h"

#include <utility>

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxReaders = 32;

}  // namespace

CardMemory CardMemories::Find(const CardFacts& facts) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(facts.reader);
  if (found == entries_.end() || found->second.insertion != facts.insertion) return {};
  return *found->second.memory;
}

void CardMemories::Put(const CardFacts& facts, CardMemory memory) {
  auto shared = std::make_shared<const CardMemory>(std::move(memory));
  const std::lock_guard lock(mutex_);
  // What comes late, of an earlier stay, must not replace what is so now.
  const auto found = entries_.find(facts.reader);
  if (found != entries_.end() && found->second.insertion > facts.insertion) return;
  if (found == entries_.end() && entries_.size() >= kMaxReaders) entries_.clear();
  entries_.insert_or_assign(facts.reader, Entry{facts.insertion, std::move(shared)});
}

void CardMemories::Forget(const CardFacts& facts) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(facts.reader);
  if (found != entries_.end() && found->second.insertion == facts.insertion) {
    entries_.erase(found);
  }
}

}  // namespace ilkimza::agent
