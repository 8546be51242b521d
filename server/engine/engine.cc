#include "server/engine/engine.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "server/engine/entry.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"
#include "server/journey/advance.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
Engine::Engine(const EngineOptions& options, Store& store)
    : options_(options), store_(store), pace_(options.pacing), drift_(options.drift, store) {}

Engine::~Engine() { Stop(); }

void Engine::Connect(DirectiveSink* agents, DirectiveSink* server_host) {
  agents_ = agents;
  server_host_ = server_host;
}

// -- Starting and stopping --

absl::Status Engine::Start() {
  ILKIMZA_ASSIGN_OR_RETURN(std::vector<v1::Journey> journeys, store_.LoadActive());
  {
    Locked locked(*this);
    ILKIMZA_RETURN_IF_ERROR(drift_.Load());
    for (v1::Journey& journey : journeys) {
      const EntryPtr entry = Add(
          journey.name(),
          {.goal = journey.goal(), .portal_host = journey.portal_host(), .agent = journey.agent()});
      entry->journey = std::make_shared<const v1::Journey>(std::move(journey));
      SetDue(entry, NextTime(*entry->journey));
    }
    std::vector<const v1::Journey*> restored;
    for (const auto& [name, entry] : entries_) restored.push_back(entry->journey.get());
    pace_.Restore(restored, options_.clock->Now());
    for (const auto& [name, entry] : entries_) {
      Pending pending;
      if (entry->wish.portal_host == v1::PORTAL_HOST_SERVER) {
        pending.events.push_back(NewEvent());
        pending.events.back().mutable_conversation_lost();
      }
      pending.events.push_back(NewEvent());
      pending.events.back().mutable_agent_detached();
      if (entry->wish.portal_host == v1::PORTAL_HOST_SERVER && IsFreeAgain(entry)) {
        pending.events.push_back(GoOn("server"));
      }
      Post(entry, std::move(pending), locked.calls);
    }
  }
  if (options_.run_timers) {
    clock_ = std::jthread([this](const std::stop_token& stop) { RunClock(stop); });
  }
  return absl::OkStatus();
}

void Engine::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [name, entry] : entries_) {
      for (Watcher* watcher : entry->watchers) watcher->OnShutdown();
      entry->watchers.clear();
    }
  }
  if (clock_.joinable()) {
    clock_.request_stop();
    clock_.join();
  }
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return committing_ == 0 && calling_ == 0; });
}

// -- Commands --

void Engine::Create(const NewJourney& wish, Done done) {
  const RequestKey key = {absl::StrCat(wish.agent, " create"), wish.request_id};
  if (!wish.request_id.empty()) {
    const auto known = store_.FindRequest(key);
    if (!known.ok()) return done(known.status());
    if (known->has_value()) {
      auto journey = Get(**known);
      if (journey.ok() && (*journey)->goal() != wish.goal) {
        journey = BadField("request_id", "has been used for a journey of another goal.");
      }
      return done(std::move(journey));
    }
  }
  Locked locked(*this);
  for (const EntryPtr& other : EntriesOf(wish.agent)) {
    if (other->wish.goal != wish.goal) continue;
    if (!wish.request_id.empty() && other->wish.request_id == wish.request_id) {
      Pending same;
      same.done = std::move(done);
      return Post(other, std::move(same), locked.calls);
    }
    return Answer(locked.calls, done,
                  MakeError(absl::StatusCode::kAlreadyExists, v1::ERROR_REASON_JOURNEY_EXISTS,
                            absl::StrCat(wish.agent, " has ", other->name,
                                         " under way for this goal; go on with it, or cancel it."),
                            {{"journey", other->name}}));
  }
  if (entries_.size() >= options_.max_journeys) {
    return Answer(locked.calls, done,
                  MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_NOT_ALLOWED,
                            "The server has as many journeys under way as it may "
                            "('limits.journeys')."));
  }
  const EntryPtr entry = Add(NewJourneyName(), wish);
  Pending pending;
  pending.events.push_back(NewEvent());
  auto* created = pending.events.back().mutable_created();
  created->set_goal(wish.goal);
  created->set_security_word_forgotten(wish.security_word_forgotten);
  created->set_portal_host(wish.portal_host);
  created->set_agent(wish.agent);
  created->set_profile(wish.profile);
  created->set_request_id(wish.request_id);
  created->set_guided(wish.guided);
  created->set_hotline(HotlineFor(wish));
  if (attached_.count(wish.agent) != 0) {
    pending.events.push_back(NewEvent());
    pending.events.back().mutable_agent_attached();
  }
  pending.must_apply = true;
  if (!wish.request_id.empty()) pending.request = key;
  pending.done = std::move(done);
  Post(entry, std::move(pending), locked.calls);
  if (!entry->committing) Remove(entry);
}

std::string Engine::CreatorOf(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = Find(name);
  return entry == nullptr ? "" : entry->wish.creator;
}

std::string Engine::HotlineFor(const NewJourney& wish) const {
  const auto attached = attached_.find(wish.agent);
  if (wish.portal_host == v1::PORTAL_HOST_AGENT && attached != attached_.end()) {
    const v1::HostProfile& profile = attached->second.profile;
    if (profile.name() == wish.profile && !profile.hotline().empty()) return profile.hotline();
  }
  return wish.hotline;
}

void Engine::Cancel(const std::string& name, const std::string& actor,
                    const std::string& request_id, Done done) {
  v1::JourneyEvent event = NewEvent();
  event.mutable_cancel_requested()->set_actor(actor);
  Change(name, std::move(event), {absl::StrCat(actor, " cancel"), request_id}, std::move(done));
}

void Engine::Retry(const std::string& name, const std::string& actor, v1::Way way,
                   const std::string& request_id, Done done) {
  v1::JourneyEvent event = NewEvent();
  event.mutable_retry_requested()->set_actor(actor);
  event.mutable_retry_requested()->set_way(way);
  Change(name, std::move(event), {absl::StrCat(actor, " retry"), request_id}, std::move(done));
}

void Engine::Change(const std::string& name, v1::JourneyEvent event, const RequestKey& key,
                    Done done) {
  if (!key.id.empty()) {
    const auto known = store_.FindRequest(key);
    if (!known.ok()) return done(known.status());
    if (known->has_value()) {
      if (**known == name) return done(Get(name));
      return done(BadField("request_id", "has been used for another journey."));
    }
  }
  {
    Locked locked(*this);
    if (const EntryPtr entry = Find(name)) {
      Pending pending;
      pending.events.push_back(std::move(event));
      pending.must_apply = true;
      if (!key.id.empty()) pending.request = key;
      pending.done = std::move(done);
      return Post(entry, std::move(pending), locked.calls);
    }
  }
  const auto ended = Get(name);
  done(ended.ok() ? NotReady(**ended, event) : ended.status());
}

absl::StatusOr<JourneyPtr> Engine::Get(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const EntryPtr entry = Find(name);
    if (entry != nullptr && entry->journey != nullptr) {
      const bool overlay = entry->turn_directive != 0 &&
                           entry->turn_directive == entry->journey->directive_id() &&
                           entry->journey->state() == v1::JOURNEY_STATE_ACTIVE;
      if (!overlay) return entry->journey;
      auto journey = std::make_shared<v1::Journey>(*entry->journey);
      journey->set_turn(entry->turn);
      return JourneyPtr(std::move(journey));
    }
  }
  ILKIMZA_ASSIGN_OR_RETURN(v1::Journey journey, store_.GetJourney(name));
  return std::make_shared<const v1::Journey>(std::move(journey));
}

// -- Watching --

absl::StatusOr<bool> Engine::Watch(const std::string& name, Watcher* watcher) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return ShuttingDown();
  const EntryPtr entry = Find(name);
  if (entry == nullptr || entry->journey == nullptr) return false;
  if (entry->watchers.size() >= options_.max_watchers) {
    return MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_NOT_ALLOWED,
                     absl::StrCat("As many as may ('limits.watchers') follow ", name, " already."));
  }
  entry->watchers.push_back(watcher);
  watcher->OnJourney(entry->journey);
  return true;
}

void Engine::Unwatch(const std::string& name, Watcher* watcher) {
  const std::lock_guard lock(mutex_);
  if (const EntryPtr entry = Find(name)) std::erase(entry->watchers, watcher);
}

// -- Agents --

std::vector<Engine::EntryPtr> Engine::EntriesOf(const std::string& agent) const {
  std::vector<EntryPtr> entries;
  const auto names = by_agent_.find(agent);
  if (names == by_agent_.end()) return entries;
  for (const std::string& name : names->second) entries.push_back(entries_.at(name));
  return entries;
}

void Engine::AgentAttached(const std::string& agent, int64_t generation,
                           const v1::HostProfile& profile,
                           const std::vector<v1::AttachAgentRequest::Conversation>& conversations,
                           std::function<void(absl::Status)> done) {
  std::set<std::string> held;
  for (const auto& conversation : conversations) held.insert(conversation.journey());
  const std::set<std::string> listed = held;
  Locked locked(*this);
  Attached& standing = attached_[agent];
  if (generation <= standing.generation) {
    return locked.calls.push_back([done] { done(absl::OkStatus()); });
  }
  standing = {generation, profile};
  const auto entries = EntriesOf(agent);
  for (const EntryPtr& entry : entries) held.erase(entry->name);
  for (const std::string& name : held) {
    v1::AttachAgentResponse close;
    close.mutable_close_conversation()->set_journey(name);
    if (agents_ != nullptr) agents_->Send(agent, close);
  }
  if (entries.empty()) return locked.calls.push_back([done] { done(absl::OkStatus()); });
  struct Countdown {
    std::mutex mutex;
    std::size_t left;
    absl::Status worst;
  };
  auto countdown = std::make_shared<Countdown>();
  countdown->left = entries.size();
  for (const EntryPtr& entry : entries) {
    Pending pending;
    const bool lost = listed.count(entry->name) == 0;
    // Where the server is the host, only it can lose the conversation.
    const bool hosted_here = entry->wish.portal_host == v1::PORTAL_HOST_SERVER;
    if (lost && !hosted_here) {
      pending.events.push_back(NewEvent());
      pending.events.back().mutable_conversation_lost();
    }
    pending.events.push_back(NewEvent());
    pending.events.back().mutable_agent_attached();
    if (!hosted_here && IsFreeAgain(entry)) {
      pending.events.push_back(GoOn("server"));
    }
    pending.resend = true;
    pending.must_come = true;
    pending.done = [countdown, done](const absl::StatusOr<JourneyPtr>& result) {
      absl::Status worst;
      {
        const std::lock_guard lock(countdown->mutex);
        if (!result.ok()) countdown->worst = result.status();
        if (--countdown->left != 0) return;
        worst = countdown->worst;
      }
      done(worst);
    };
    Post(entry, std::move(pending), locked.calls);
  }
}

void Engine::AgentDetached(const std::string& agent, int64_t generation) {
  Locked locked(*this);
  const auto attached = attached_.find(agent);
  if (attached == attached_.end() || attached->second.generation != generation) return;
  attached_.erase(attached);
  for (const EntryPtr& entry : EntriesOf(agent)) {
    Pending pending;
    pending.events.push_back(NewEvent());
    pending.events.back().mutable_agent_detached();
    pending.must_come = true;
    Post(entry, std::move(pending), locked.calls);
  }
}

void Engine::CardChanged(const std::string& agent, const std::string& card_serial,
                         std::function<void()> done) {
  // Gone once the last journey has it.
  const std::shared_ptr<void> all(nullptr, [done = std::move(done)](void*) { done(); });
  Locked locked(*this);
  for (const EntryPtr& entry : EntriesOf(agent)) {
    Pending pending;
    pending.events.push_back(NewEvent());
    pending.events.back().mutable_card_changed()->set_card_serial(card_serial);
    pending.done = [all](const absl::StatusOr<JourneyPtr>&) {};
    Post(entry, std::move(pending), locked.calls);
  }
}

void Engine::Report(const std::string& agent, const v1::StepReport& report,
                    std::function<void(absl::Status)> done) {
  if (const absl::Status checked = CheckReport(report); !checked.ok()) return done(checked);
  Locked locked(*this);
  const EntryPtr entry = Find(report.journey());
  if (entry == nullptr || entry->journey == nullptr) {
    return locked.calls.push_back([done] { done(absl::OkStatus()); });
  }
  const bool hosted_here =
      entry->journey->portal_host() == v1::PORTAL_HOST_SERVER && SpecOf(report.step()).on_portal;
  if (hosted_here != agent.empty() || (!hosted_here && agent != entry->wish.agent)) {
    LogWarning("{}: report from '{}', which does not carry out this step", report.journey(), agent);
    return locked.calls.push_back([done] {
      done(MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                     "The report is for a journey that another host carries out."));
    });
  }
  Pending pending;
  pending.events.push_back(NewEvent());
  *pending.events.back().mutable_step_reported()->mutable_report() = report;
  pending.done = [done](const absl::StatusOr<JourneyPtr>& result) { done(result.status()); };
  Post(entry, std::move(pending), locked.calls);
}

void Engine::SetTurn(const std::string& agent, const std::string& journey, int64_t directive_id,
                     v1::Actor turn) {
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = Find(journey);
  if (entry == nullptr || entry->journey == nullptr || !v1::Actor_IsValid(turn)) return;
  if (RunsOnServer(*entry->journey) != agent.empty()) return;
  if (!agent.empty() && agent != entry->wish.agent) return;
  entry->turn_directive = directive_id;
  entry->turn = turn;
}

}  // namespace ilkimza::server
