// The path of an event through the engine: queue, Advance, store, and only then
// everybody else; and the clock, which makes events of its own.
#include <google/protobuf/arena.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "server/engine/entry.h"
#include "server/journey/advance.h"

namespace ilkimza::server {
namespace {

// Events that wait for one journey's earlier ones to be committed.
constexpr std::size_t kMaxWaiting = 64;
// How long a time that could not be made durable waits for the next try.
constexpr absl::Duration kStorePause = absl::Seconds(5);
// The clock may be set by hand: look at it now and then.
constexpr absl::Duration kLongestSleep = absl::Minutes(1);

}  // namespace

std::shared_ptr<v1::Journey> Engine::CopyOf(const v1::Journey& journey) {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 4096;
  auto arena = std::make_shared<google::protobuf::Arena>(options);
  auto* copy = google::protobuf::Arena::CreateMessage<v1::Journey>(arena.get());
  copy->CopyFrom(journey);
  return {std::move(arena), copy};
}

absl::Status Engine::ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                   "The server is shutting down; try again in a moment.");
}

absl::Status Engine::NotReady(const v1::Journey& journey, const v1::JourneyEvent& event) {
  const bool cancels = event.has_cancel_requested();
  if (HasEnded(journey)) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOURNEY_NOT_READY,
        absl::StrCat(journey.name(), " has ended",
                     cancels ? " already; there is nothing left to cancel." : "; begin a new one."),
        {{"ended", "true"}});
  }
  const bool waits_for_agent =
      IsPassedOver(journey) ||
      (journey.state() == v1::JOURNEY_STATE_WAITING && !journey.has_resume_time());
  if (waits_for_agent) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_AGENT_NOT_ATTACHED,
                     absl::StrCat(journey.name(), " waits for ", journey.agent(),
                                  "; it goes on when that agent is back."));
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOURNEY_NOT_READY,
      absl::StrCat(journey.name(),
                   cancels ? " cannot be cancelled just now; try again in a moment."
                           : " goes on by itself; only one that stopped or waits can be taken "
                             "up again."));
}

void Engine::Answer(Calls& calls, Done& done, absl::StatusOr<JourneyPtr> result) {
  if (!done) return;
  calls.push_back(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

v1::JourneyEvent Engine::NewEvent() const {
  v1::JourneyEvent event;
  *event.mutable_event_time() = ToProto(options_.clock->Now());
  return event;
}

Engine::EntryPtr Engine::Find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

Engine::EntryPtr Engine::Add(const std::string& name, const NewJourney& wish) {
  auto entry = std::make_shared<Entry>(Entry{.name = name, .wish = wish});
  entries_[name] = entry;
  if (!wish.agent.empty()) by_agent_[wish.agent].insert(name);
  return entry;
}

void Engine::Remove(const EntryPtr& entry) {
  SetDue(entry, absl::InfiniteFuture());
  entries_.erase(entry->name);
  const auto of_agent = by_agent_.find(entry->wish.agent);
  if (of_agent == by_agent_.end()) return;
  of_agent->second.erase(entry->name);
  if (of_agent->second.empty()) by_agent_.erase(of_agent);
}

void Engine::Post(const EntryPtr& entry, Pending pending, Calls& calls) {
  if (stopping_) return Answer(calls, pending.done, ShuttingDown());
  if (entry->waiting.size() >= kMaxWaiting && !pending.must_come) {
    return Answer(calls, pending.done,
                  MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED,
                            absl::StrCat(entry->name, " is busy; try again in a moment.")));
  }
  entry->waiting.push_back(std::move(pending));
  Work(entry, calls);
}

void Engine::Work(const EntryPtr& entry, Calls& calls) {
  while (!entry->committing && !entry->waiting.empty()) {
    Pending pending = std::move(entry->waiting.front());
    entry->waiting.pop_front();
    Take(entry, std::move(pending), calls);
  }
}

void Engine::Take(const EntryPtr& entry, Pending pending, Calls& calls) {
  JourneyPtr journey = entry->journey;
  if (journey == nullptr) {
    v1::Journey unborn;
    unborn.set_name(entry->name);
    journey = std::make_shared<const v1::Journey>(std::move(unborn));
  }
  AppendRequest append;
  std::vector<Directive> directives;
  for (v1::JourneyEvent& event : pending.events) {
    const auto next = CopyOf(*journey);
    if (!AdvanceInPlace(*next, event, options_.policy, directives)) continue;
    journey = next;
    event.set_revision(journey->revision());
    if (event.has_step_reported()) {
      const v1::StepReport& report = event.step_reported().report();
      pace_.Saw(*journey, report, options_.clock->Now());
      drift_.Saw(*journey, report, options_.clock->Now());
    }
    append.events.push_back(std::move(event));
  }
  if (!append.events.empty()) HoldBack(entry, journey, append.events, directives);
  if (pending.resend) directives = OpenDirectives(*journey, options_.policy);
  if (!append.events.empty()) {
    append.journey = std::move(journey);
    append.request = std::move(pending.request);
    return Commit(entry, std::move(append), std::move(directives), std::move(pending.done), calls);
  }
  Deliver(entry, *journey, directives, calls);
  const bool is_error = pending.must_apply || entry->journey == nullptr;
  if (!is_error) return Answer(calls, pending.done, journey);
  const v1::JourneyEvent none;
  Answer(calls, pending.done,
         NotReady(*journey, pending.events.empty() ? none : pending.events.front()));
}

void Engine::Commit(const EntryPtr& entry, AppendRequest append, std::vector<Directive> directives,
                    Done done, Calls& calls) {
  entry->committing = true;
  ++committing_;
  auto stored = [this, entry, journey = append.journey, directives = std::move(directives),
                 done = std::move(done)](const absl::Status& status) mutable {
    Locked locked(*this);
    entry->committing = false;
    if (status.ok()) {
      Answer(locked.calls, done, journey);
      Committed(entry, journey, directives, locked.calls);
    } else {
      NotCommitted(entry, status);
      Answer(locked.calls, done, status);
    }
    Work(entry, locked.calls);
    if (--committing_ == 0) idle_.notify_all();
  };
  calls.push_back([this, append = std::move(append), stored = std::move(stored)]() mutable {
    store_.Append(std::move(append), std::move(stored));
  });
}

void Engine::NotCommitted(const EntryPtr& entry, const absl::Status& status) {
  LogError("{}: event not stored: {}", entry->name, std::string(status.message()));
  if (entry->journey == nullptr) {
    Remove(entry);
  } else {
    pace_.Follow(*entry->journey);
    pace_.InviteNobodyUntil(options_.clock->Now() + kStorePause);
    SetDue(entry, options_.clock->Now() + kStorePause);
  }
}

void Engine::Committed(const EntryPtr& entry, const JourneyPtr& journey,
                       const std::vector<Directive>& directives, Calls& calls) {
  entry->journey = journey;
  pace_.Follow(*journey);
  for (Watcher* watcher : entry->watchers) watcher->OnJourney(journey);
  Deliver(entry, *journey, directives, calls);
  Invite(calls);
  if (HasEnded(*journey)) {
    entry->watchers.clear();
    Remove(entry);
  } else {
    SetDue(entry, NextTime(*journey));
  }
}

void Engine::Deliver(const EntryPtr& entry, const v1::Journey& journey,
                     const std::vector<Directive>& directives, Calls& calls) {
  for (const Directive& directive : directives) {
    if (directive.to == Directive::To::kAgent) {
      if (agents_ != nullptr) agents_->Send(journey.agent(), directive.message);
    } else if (server_host_ != nullptr) {
      server_host_->Send(journey.agent(), directive.message);
    } else if (directive.message.has_run_step()) {
      Pending pending;
      pending.events.push_back(NewEvent());
      auto* report = pending.events.back().mutable_step_reported()->mutable_report();
      report->set_journey(journey.name());
      report->set_directive_id(directive.message.run_step().directive_id());
      report->set_step(directive.message.run_step().step());
      report->set_outcome(v1::STEP_OUTCOME_STOPPED);
      report->set_reason(v1::ERROR_REASON_PORTAL_HOST_OFF);
      Post(entry, std::move(pending), calls);
    }
  }
}

// -- The clock --

void Engine::SetDue(const EntryPtr& entry, absl::Time due) {
  if (entry->due == due) return;
  if (entry->due != absl::InfiniteFuture()) due_.erase({entry->due, entry->name});
  entry->due = due;
  if (due == absl::InfiniteFuture()) return;
  due_.emplace(due, entry->name);
  WakeClock();
}

absl::Time Engine::NextDue() const {
  const absl::Time invitation = pace_.NextInvitation();
  return due_.empty() ? invitation : std::min(due_.begin()->first, invitation);
}

void Engine::WakeClock() {
  if (NextDue() < clock_sleeps_until_) clock_wake_.notify_all();
}

void Engine::CheckTimes() {
  Locked locked(*this);
  const absl::Time now = options_.clock->Now();
  Invite(locked.calls);
  while (!due_.empty() && due_.begin()->first <= now) {
    const EntryPtr entry = Find(due_.begin()->second);
    SetDue(entry, absl::InfiniteFuture());
    Pending pending;
    pending.events.push_back(NewEvent());
    pending.events.back().mutable_time_passed();
    pending.must_come = true;
    // Where the time means nothing yet, it is looked at again when it is due.
    pending.done = [this, entry](const absl::StatusOr<JourneyPtr>& result) {
      if (!result.ok()) return;
      const std::lock_guard lock(mutex_);
      if (entry->due == absl::InfiniteFuture() && Find(entry->name) == entry) {
        SetDue(entry, NextTime(*entry->journey));
      }
    };
    Post(entry, std::move(pending), locked.calls);
  }
}

void Engine::RunClock(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    CheckTimes();
    std::unique_lock lock(mutex_);
    clock_sleeps_until_ = std::min(NextDue(), options_.clock->Now() + kLongestSleep);
    const absl::Duration sleep = clock_sleeps_until_ - options_.clock->Now();
    if (sleep > absl::ZeroDuration()) {
      clock_wake_.wait_for(lock, stop, absl::ToChronoMicroseconds(sleep),
                           [this] { return NextDue() < clock_sleeps_until_; });
    }
    clock_sleeps_until_ = absl::InfinitePast();
  }
}

}  // namespace ilkimza::server
