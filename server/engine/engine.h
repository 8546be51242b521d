// The shell around the pure journeys: holds the ones under way in memory, takes
// events in, makes them durable, and only then tells anybody.
//
//   event ──► Advance ──► commit ──► watchers, directives, the caller
//
// Events of one journey are taken one after the other; those of many journeys
// share commits. Times (resume, step deadline, expiry) come from a thread of its
// own that sleeps until the next one is due.
//
// Before a step on the portal is handed out, the fleet is asked: its pace there
// (server/pacing), and whether the portal's screens are still those that are known
// (server/drift). A step that has to wait is held back by a report of the engine's own.
//
// Thread-safe. Callbacks run on threads of the store or of the caller; they must
// not block, and may call the engine. Sinks and watchers are called with the
// engine's lock held, so that what they see is in order: they must not call back.
#ifndef ILKIMZA_SERVER_ENGINE_ENGINE_H_
#define ILKIMZA_SERVER_ENGINE_ENGINE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey.pb.h"
#include "portal/default_profile.h"
#include "server/drift/drift_watch.h"
#include "server/journey/directive.h"
#include "server/journey/policy.h"
#include "server/pacing/fleet_pace.h"
#include "server/store/store.h"

namespace ilkimza::server {

// Takes directives to those who carry them out. May drop them: what is still
// wanted is sent again when the agent attaches.
class DirectiveSink {
 public:
  virtual ~DirectiveSink() = default;
  // `message` is a run_step, stop_step or close_conversation.
  virtual void Send(const std::string& agent, const v1::AttachAgentResponse& message) = 0;
};

// Somebody who follows one journey.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // In the order of revisions. An ended journey is the last call.
  virtual void OnJourney(const JourneyPtr& journey) = 0;
  // The server is about to stop; the last call.
  virtual void OnShutdown() = 0;
};

struct EngineOptions {
  Policy policy;
  // No limits where it is left out.
  PacingLimits pacing = {};
  DriftPolicy drift = {};
  // With which the server's own host drives the portal.
  v1::HostProfile profile = {};
  Clock* clock = &SystemClock();
  // Journeys under way at the same time.
  std::size_t max_journeys = 200'000;
  // Who follows one journey at the same time.
  std::size_t max_watchers = 64;
  // False: times pass only when CheckTimes() is called.
  bool run_timers = true;
};

struct NewJourney {
  v1::Goal goal = v1::GOAL_UNSPECIFIED;
  bool security_word_forgotten = false;
  v1::PortalHost portal_host = v1::PORTAL_HOST_AGENT;
  // Empty: no agent beside the holder; then the server is the portal host.
  std::string agent;
  std::string profile = portal::kDefaultProfile;
  // Empty: none.
  std::string request_id;
  bool guided = false;
  // Where the agent's own profile does not say.
  std::string hotline;
  // Who asks, as in Cancel(). Not kept: see CreatorOf().
  std::string creator = {};
};

class Engine {
 public:
  using Done = std::function<void(absl::StatusOr<JourneyPtr>)>;

  // `store` outlives the engine.
  Engine(const EngineOptions& options, Store& store);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  // Waits for what is on its way into the store.
  ~Engine();

  // To be called before Start(). `server_host` is null where the server hosts no
  // conversations. Both outlive the engine, or until Stop() has returned.
  void Connect(DirectiveSink* agents, DirectiveSink* server_host);
  // Loads the journeys under way. No agent is attached then, and no conversation
  // of the server's is left.
  absl::Status Start();
  // Ends all watches, stops the clockwork, waits for the store. Idempotent.
  void Stop();

  // -- For the holder and the operator --

  // ALREADY_EXISTS with ERROR_REASON_JOURNEY_EXISTS and metadata "journey" where the
  // agent has one of this goal under way. The same request id again gives the
  // journey that it created.
  void Create(const NewJourney& wish, Done done);
  // `actor` asks: "agents/{agent}" or an operator. FAILED_PRECONDITION with
  // ERROR_REASON_JOURNEY_NOT_READY where the journey's state does not allow it, with
  // metadata "ended" where it has ended.
  void Cancel(const std::string& name, const std::string& actor, const std::string& request_id,
              Done done);
  void Retry(const std::string& name, const std::string& actor, v1::Way way,
             const std::string& request_id, Done done);
  // Ended journeys come from the store.
  absl::StatusOr<JourneyPtr> Get(const std::string& name);
  // Who created it, where that was since Start(); empty otherwise, and once it has ended.
  [[nodiscard]] std::string CreatorOf(const std::string& name);
  // Calls the watcher at once with the present state, and then after each change,
  // until Unwatch() has returned. False: the journey has ended (or there is none)
  // and Get() knows it. RESOURCE_EXHAUSTED where too many follow it already.
  absl::StatusOr<bool> Watch(const std::string& name, Watcher* watcher);
  void Unwatch(const std::string& name, Watcher* watcher);

  // -- For the portal hosts --

  // A stream of `agent` stands. `generation` grows with each stream, `profile` is what
  // it drives the portal with. `done` is called once all journeys of the agent know of it.
  void AgentAttached(const std::string& agent, int64_t generation, const v1::HostProfile& profile,
                     const std::vector<v1::AttachAgentRequest::Conversation>& conversations,
                     std::function<void(absl::Status)> done);
  // Means nothing once a later generation has attached.
  void AgentDetached(const std::string& agent, int64_t generation);
  // `done` is called once all journeys of the agent have it.
  void CardChanged(const std::string& agent, const std::string& card_serial,
                   std::function<void()> done);
  // `agent` is empty for the server's own host. OK as well for a report of the
  // past: nobody wants it any more. INVALID_ARGUMENT for one that makes no sense.
  void Report(const std::string& agent, const v1::StepReport& report,
              std::function<void(absl::Status)> done);
  // Whose turn it is inside the running step: shown by Get(), not kept.
  void SetTurn(const std::string& agent, const std::string& journey, int64_t directive_id,
               v1::Actor turn);

  // -- For those who watch over the fleet --

  // How it stands at each portal.
  [[nodiscard]] std::vector<FleetPace::Portal> Portals();
  // As DriftWatch::Screens().
  [[nodiscard]] std::vector<v1::PortalScreen> Screens(bool changed_only);
  // As DriftWatch::Accept(); the journeys that waited for it go on.
  absl::StatusOr<v1::PortalScreen> AcceptScreen(const std::string& name,
                                                const std::string& accepter);

  // Lets the times pass that are due by the clock.
  void CheckTimes();

 private:
  struct Pending;
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;
  // Callbacks to be made once the lock is free.
  using Calls = std::vector<std::function<void()>>;
  class Locked;

  // Each event makes a new journey, and a journey is some hundred small messages: one
  // piece of memory holds them all.
  static std::shared_ptr<v1::Journey> CopyOf(const v1::Journey& journey);
  static absl::Status ShuttingDown();
  // Why `event`, a cancel or retry, means nothing for `journey`.
  static absl::Status NotReady(const v1::Journey& journey, const v1::JourneyEvent& event);
  static void Answer(Calls& calls, Done& done, absl::StatusOr<JourneyPtr> result);
  [[nodiscard]] v1::JourneyEvent NewEvent() const;
  // A journey that waits goes on, because `actor` says so.
  [[nodiscard]] v1::JourneyEvent GoOn(const std::string& actor) const;
  void Change(const std::string& name, v1::JourneyEvent event, const RequestKey& key, Done done);

  // All below: with the lock held.
  [[nodiscard]] EntryPtr Find(const std::string& name) const;
  [[nodiscard]] std::vector<EntryPtr> EntriesOf(const std::string& agent) const;
  // Whom holders call, as the profile of the host writes it.
  [[nodiscard]] std::string HotlineFor(const NewJourney& wish) const;
  EntryPtr Add(const std::string& name, const NewJourney& wish);
  void Remove(const EntryPtr& entry);
  void Post(const EntryPtr& entry, Pending pending, Calls& calls);
  void Work(const EntryPtr& entry, Calls& calls);
  void Take(const EntryPtr& entry, Pending pending, Calls& calls);
  void Commit(const EntryPtr& entry, AppendRequest append, std::vector<Directive> directives,
              Done done, Calls& calls);
  void NotCommitted(const EntryPtr& entry, const absl::Status& status);
  void Committed(const EntryPtr& entry, const JourneyPtr& journey,
                 const std::vector<Directive>& directives, Calls& calls);
  void Deliver(const EntryPtr& entry, const v1::Journey& journey,
               const std::vector<Directive>& directives, Calls& calls);
  void SetDue(const EntryPtr& entry, absl::Time due);
  // Why, and until when, the step that `journey` is about to hand out has to wait.
  struct Hold {
    v1::ErrorReason reason;
    absl::Time until;
  };
  std::optional<Hold> WhyNotNow(const v1::Journey& journey);
  // Of the profile that the journey's host drives with; 0 where that is not known.
  [[nodiscard]] int ProfileVersionOf(const v1::Journey& journey) const;
  // It waited for a screen that has changed, and need not any more: its host has a newer
  // profile.
  [[nodiscard]] bool IsFreeAgain(const EntryPtr& entry) const;
  // Takes that step back into a time to wait.
  void HoldBack(const EntryPtr& entry, JourneyPtr& journey, std::vector<v1::JourneyEvent>& events,
                std::vector<Directive>& directives);
  // Goes on with those whose turn it is.
  void Invite(Calls& calls);
  // When the clock has something to do.
  [[nodiscard]] absl::Time NextDue() const;
  void WakeClock();

  void RunClock(const std::stop_token& stop);

  const EngineOptions options_;
  Store& store_;
  DirectiveSink* agents_ = nullptr;
  DirectiveSink* server_host_ = nullptr;

  std::mutex mutex_;
  std::unordered_map<std::string, EntryPtr> entries_;
  // "agents/{agent}" and the names of its journeys.
  std::map<std::string, std::set<std::string>> by_agent_;
  // The stream that stands.
  struct Attached {
    int64_t generation = 0;
    v1::HostProfile profile;
  };
  std::map<std::string, Attached> attached_;
  std::set<std::pair<absl::Time, std::string>> due_;
  FleetPace pace_;
  DriftWatch drift_;
  // What the clock sleeps until.
  absl::Time clock_sleeps_until_ = absl::InfinitePast();
  bool stopping_ = false;
  std::size_t committing_ = 0;
  // Threads that make calls outside the lock.
  std::size_t calling_ = 0;
  std::condition_variable idle_;
  std::condition_variable_any clock_wake_;
  std::jthread clock_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENGINE_ENGINE_H_
