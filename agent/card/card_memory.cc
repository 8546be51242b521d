#include "agent/card/card_memory.h"

#include <algorithm>
#include <utility>

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxReaders = 32;
constexpr std::size_t kMaxAuthorities = 16;

}  // namespace

CardMemory CardMemories::Take(const CardFacts& facts) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(facts.reader);
  if (found == entries_.end() || found->second.insertion != facts.insertion) return {};
  return std::exchange(found->second.memory, {});
}

void CardMemories::Put(const CardFacts& facts, CardMemory memory) {
  const std::lock_guard lock(mutex_);
  // What comes late, of an earlier stay, must not replace what is so now.
  const auto found = entries_.find(facts.reader);
  if (found != entries_.end() && found->second.insertion > facts.insertion) return;
  if (found == entries_.end() && entries_.size() >= kMaxReaders) entries_.clear();
  entries_.insert_or_assign(facts.reader, Entry{facts.insertion, std::move(memory)});
}

void CardMemories::Forget(const CardFacts& facts) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(facts.reader);
  if (found != entries_.end() && found->second.insertion == facts.insertion) {
    entries_.erase(found);
  }
}

void CardMemories::KeepAuthority(const std::string& der) {
  const std::lock_guard lock(mutex_);
  if (std::find(authorities_.begin(), authorities_.end(), der) != authorities_.end()) return;
  authorities_.push_back(der);
  if (authorities_.size() > kMaxAuthorities) authorities_.pop_front();
}

std::optional<std::string> CardMemories::FindAuthority(std::string_view beginning,
                                                       std::size_t size) const {
  const std::lock_guard lock(mutex_);
  // The newest first.
  const auto found = std::find_if(authorities_.rbegin(), authorities_.rend(), [&](const auto& der) {
    return der.size() == size && std::string_view(der).substr(0, beginning.size()) == beginning;
  });
  if (found == authorities_.rend()) return std::nullopt;
  return *found;
}

}  // namespace ilkimza::agent
