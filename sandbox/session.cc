#include "sandbox/session.h"

#include <algorithm>
#include <utility>

#include "sandbox/random.h"

namespace ilkimza::sandbox {

std::string Session::IssueToken(Screen screen) {
  constexpr std::size_t kOpenPages = 16;
  tokens_.push_back({RandomToken(), screen});
  if (tokens_.size() > kOpenPages) tokens_.pop_front();
  return tokens_.back().text;
}

bool Session::TakeToken(std::string_view token, Screen screen) {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& issued) {
    return issued.text == token && issued.screen == screen;
  });
  if (found == tokens_.end()) return false;
  tokens_.erase(found);
  return true;
}

Session* Sessions::Find(std::string_view id, SteadyTime now) {
  const auto found = sessions_.find(std::string(id));
  if (found == sessions_.end()) return nullptr;
  if (now - found->second.last_use > idle_limit_) {
    sessions_.erase(found);
    return nullptr;
  }
  found->second.last_use = now;
  return &found->second;
}

Session& Sessions::New(SteadyTime now) {
  if (sessions_.size() >= kMost) {
    std::erase_if(sessions_,
                  [&](const auto& entry) { return now - entry.second.last_use > idle_limit_; });
    // A flood of live sessions: any one has to go.
    if (sessions_.size() >= kMost) sessions_.erase(sessions_.begin());
  }
  std::string id = RandomToken();
  Session& session = sessions_[id];
  session.id = std::move(id);
  session.last_use = now;
  return session;
}

Session& Sessions::Rotate(Session& session) {
  auto node = sessions_.extract(session.id);
  node.key() = RandomToken();
  node.mapped().id = node.key();
  return sessions_.insert(std::move(node)).position->second;
}

void Sessions::EndOf(std::string_view national_id) {
  std::erase_if(sessions_,
                [&](const auto& entry) { return entry.second.national_id == national_id; });
}

void Sessions::ExpireCodes(std::string_view national_id, SteadyTime now) {
  for (auto& [id, session] : sessions_) {
    if (!national_id.empty() && session.national_id != national_id) continue;
    session.sms_deadline = now;
    session.unblock_deadline = now;
  }
}

}  // namespace ilkimza::sandbox
