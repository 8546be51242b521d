// A store that forgets, with the faults of one that fails: for tests of what
// stands on a store.
#ifndef ILKIMZA_TESTS_SERVER_MEMORY_STORE_H_
#define ILKIMZA_TESTS_SERVER_MEMORY_STORE_H_

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "server/journey/directive.h"
#include "server/store/store.h"

namespace ilkimza::server {

// Thread-safe. Commits inside Append() unless Hold() was called.
class MemoryStore : public Store {
 public:
  // Appends wait until Release(), and are then committed in order.
  void Hold() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void Release() {
    std::deque<std::function<void()>> held;
    {
      const std::lock_guard lock(mutex_);
      is_held_ = false;
      held.swap(held_);
    }
    for (auto& append : held) append();
  }
  // The next `count` appends fail. With `but_done`, they take effect all the same.
  void FailNext(int count, bool but_done = false) {
    const std::lock_guard lock(mutex_);
    failures_ = count;
    but_done_ = but_done;
  }
  int appends() const {
    const std::lock_guard lock(mutex_);
    return appends_;
  }

  void Append(AppendRequest request, Done done) override {
    auto commit = [this, request = std::move(request), done = std::move(done)] {
      done(Commit(request));
    };
    {
      const std::lock_guard lock(mutex_);
      if (is_held_) return held_.push_back(std::move(commit));
    }
    commit();
  }

  void SaveAgent(v1::Agent agent, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      agents_[agent.name()] = agent;
    }
    done(absl::OkStatus());
  }

  void SaveEnrolment(EnrolmentChange change, Done done) override {
    auto commit = [this, change = std::move(change), done = std::move(done)] {
      done(Commit(change));
    };
    {
      const std::lock_guard lock(mutex_);
      if (is_held_) return held_.push_back(std::move(commit));
    }
    commit();
  }

  void SaveScreen(v1::PortalScreen screen, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      screens_[screen.name()] = screen;
    }
    done(absl::OkStatus());
  }

  absl::StatusOr<v1::Journey> GetJourney(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto found = journeys_.find(name);
    if (found != journeys_.end()) return *found->second.journey;
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                     "There is no such journey.");
  }

  absl::StatusOr<std::vector<v1::Journey>> LoadActive() override {
    const std::lock_guard lock(mutex_);
    std::vector<v1::Journey> active;
    for (const auto& [name, row] : journeys_) {
      if (!HasEnded(*row.journey)) active.push_back(*row.journey);
    }
    return active;
  }

  absl::StatusOr<JourneyPage> ListJourneys(const JourneyQuery& query) override {
    const std::lock_guard lock(mutex_);
    JourneyPage page;
    for (std::size_t i = order_.size(); i-- > 0;) {
      const auto position = static_cast<int64_t>(i) + 1;
      const v1::Journey& journey = *journeys_[order_[i]].journey;
      if (query.before != 0 && position >= query.before) continue;
      if (query.agent && journey.agent() != *query.agent) continue;
      if (query.active_only && HasEnded(journey)) continue;
      if (static_cast<int>(page.journeys.size()) == query.limit) {
        page.next = last_position_;
        return page;
      }
      page.journeys.push_back(journey);
      last_position_ = position;
    }
    return page;
  }

  absl::StatusOr<EventPage> ListEvents(const std::string& journey, int64_t after,
                                       int limit) override {
    const std::lock_guard lock(mutex_);
    EventPage page;
    const auto known = journeys_.find(journey);
    if (known == journeys_.end()) return page;
    for (const v1::JourneyEvent& event : known->second.events) {
      if (event.revision() <= after) continue;
      page.has_more = static_cast<int>(page.events.size()) == limit;
      if (page.has_more) break;
      page.events.push_back(event);
    }
    return page;
  }

  absl::StatusOr<std::optional<std::string>> FindRequest(const RequestKey& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find({key.scope, key.id});
    if (found == requests_.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }

  absl::StatusOr<std::vector<v1::Agent>> LoadAgents() override {
    const std::lock_guard lock(mutex_);
    std::vector<v1::Agent> agents;
    for (const auto& [name, agent] : agents_) agents.push_back(agent);
    return agents;
  }

  absl::StatusOr<EnrolmentState> LoadEnrolments(absl::Time now, absl::Time) override {
    const std::lock_guard lock(mutex_);
    EnrolmentState state;
    for (const auto& [digest, token] : tokens_) state.tokens.push_back({digest, token});
    for (const auto& certificate : certificates_) {
      if (FromProto(certificate.expire_time()) > now) state.certificates.push_back(certificate);
    }
    return state;
  }

  absl::StatusOr<std::vector<v1::AgentCertificate>> ListCertificates(const std::string& agent,
                                                                     int64_t offset,
                                                                     int limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<v1::AgentCertificate> listed;
    for (auto at = certificates_.rbegin(); at != certificates_.rend(); ++at) {
      if (at->name().rfind(agent + "/", 0) != 0 || offset-- > 0) continue;
      if (static_cast<int>(listed.size()) < limit) listed.push_back(*at);
    }
    return listed;
  }

  absl::StatusOr<std::vector<v1::PortalScreen>> LoadScreens() override {
    const std::lock_guard lock(mutex_);
    std::vector<v1::PortalScreen> screens;
    for (const auto& [name, screen] : screens_) screens.push_back(screen);
    return screens;
  }

 private:
  struct Row {
    JourneyPtr journey;
    std::vector<v1::JourneyEvent> events;
  };

  absl::Status Commit(const AppendRequest& request) {
    const std::lock_guard lock(mutex_);
    ++appends_;
    const absl::Status failure =
        MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED, "Made to fail.");
    const bool fails = failures_ > 0;
    if (fails) --failures_;
    if (fails && !but_done_) return failure;
    const std::string& name = request.journey->name();
    const int64_t expected = request.events.front().revision() - 1;
    const auto known = journeys_.find(name);
    const int64_t present = known == journeys_.end() ? 0 : known->second.journey->revision();
    if (present != expected) return absl::AbortedError("The journey has changed.");
    if (request.request) {
      const auto key = std::make_pair(request.request->scope, request.request->id);
      if (!requests_.emplace(key, name).second) return absl::AlreadyExistsError("Seen.");
    }
    if (present == 0) order_.push_back(name);
    Row& row = journeys_[name];
    row.journey = request.journey;
    row.events.insert(row.events.end(), request.events.begin(), request.events.end());
    return fails ? failure : absl::OkStatus();
  }

  absl::Status Commit(const EnrolmentChange& change) {
    const std::lock_guard lock(mutex_);
    ++appends_;
    const bool fails = failures_ > 0;
    if (fails) --failures_;
    const absl::Status failure =
        MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED, "Made to fail.");
    if (fails && !but_done_) return failure;
    for (const auto& token : change.tokens) tokens_[token.digest] = token.token;
    for (const std::string& digest : change.deleted_tokens) tokens_.erase(digest);
    for (const auto& certificate : change.certificates) {
      const auto same =
          std::find_if(certificates_.begin(), certificates_.end(),
                       [&](const auto& known) { return known.name() == certificate.name(); });
      if (same == certificates_.end()) {
        certificates_.push_back(certificate);
      } else {
        *same = certificate;
      }
    }
    for (const std::string& agent : change.deleted_agents) agents_.erase(agent);
    return fails ? failure : absl::OkStatus();
  }

  mutable std::mutex mutex_;
  bool is_held_ = false;
  std::deque<std::function<void()>> held_;
  int failures_ = 0;
  bool but_done_ = false;
  int appends_ = 0;
  std::map<std::string, Row> journeys_;
  std::vector<std::string> order_;
  std::map<std::pair<std::string, std::string>, std::string> requests_;
  std::map<std::string, v1::Agent> agents_;
  std::map<std::string, v1::JoinToken> tokens_;
  std::map<std::string, v1::PortalScreen> screens_;
  std::vector<v1::AgentCertificate> certificates_;
  int64_t last_position_ = 0;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_MEMORY_STORE_H_
