// What the engine keeps of each journey under way. Private to the engine.
#ifndef ILKIMZA_SERVER_ENGINE_ENTRY_H_
#define ILKIMZA_SERVER_ENGINE_ENTRY_H_

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/engine.h"

namespace ilkimza::server {

// What waits for a journey's turn.
struct Engine::Pending {
  // Taken in order; those that mean nothing are left out.
  std::vector<v1::JourneyEvent> events;
  // An error where none of the events means anything.
  bool must_apply = false;
  // An agent came back: it is told all that is open, also where nothing changed.
  bool resend = false;
  // Goes into the queue however long it is: nobody says it a second time.
  bool must_come = false;
  std::optional<RequestKey> request = std::nullopt;
  Done done = nullptr;
};

// A journey under way.
struct Engine::Entry {
  std::string name;
  NewJourney wish;
  // Null until its creation is committed.
  JourneyPtr journey = nullptr;
  bool committing = false;
  std::deque<Pending> waiting = {};
  std::vector<Watcher*> watchers = {};
  // When the clock has to look at it again; the infinite future if never.
  absl::Time due = absl::InfiniteFuture();
  // Inside the running step, see SetTurn().
  int64_t turn_directive = 0;
  v1::Actor turn = v1::ACTOR_UNSPECIFIED;
};

// Collects callbacks while the lock is held and makes them after it.
class Engine::Locked {
 public:
  explicit Locked(Engine& engine) : engine_(engine), lock_(engine.mutex_) {}
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() {
    if (calls.empty()) return;
    // Stop waits for these as well: they call what may be gone after it.
    ++engine_.calling_;
    lock_.unlock();
    for (auto& call : calls) call();
    calls.clear();
    lock_.lock();
    if (--engine_.calling_ == 0) engine_.idle_.notify_all();
  }

  Calls calls;

 private:
  Engine& engine_;
  std::unique_lock<std::mutex> lock_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENGINE_ENTRY_H_
