// Everybody who waits for the readers to change: watch streams, and calls that wait
// until each card has said who it is.
//
// Thread-safe. Callbacks are called with no lock held.
#ifndef ILKIMZA_AGENT_CARD_WATCHERS_H_
#define ILKIMZA_AGENT_CARD_WATCHERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/card/monitor.h"
#include "agent/card/timer.h"

namespace ilkimza::agent {

class Watchers : public std::enable_shared_from_this<Watchers> {
 public:
  using View = std::shared_ptr<const Snapshot>;
  // Not OK: the agent is shutting down, and this is the last call.
  using Callback = std::function<void(const absl::StatusOr<View>&)>;

  explicit Watchers(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}

  void OnChange(View view);
  void Shutdown();

  // Calls `callback` once: as soon as the view is settled, or with what is known after
  // `patience`.
  void WhenSettled(absl::Duration patience, Callback callback);
  // Calls `callback` with the view as soon as there is a complete one, and again after
  // each change, until `Unsubscribe`. Calls may come from several threads: a later view
  // may arrive before an earlier one, so ask `Current` there.
  uint64_t Subscribe(Callback callback);
  // A call under way may still be running.
  void Unsubscribe(uint64_t id);
  [[nodiscard]] View Current() const;

 private:
  struct Waiting {
    Callback callback;
    Timer::Id timer = 0;
  };

  void GiveUp(uint64_t id);

  const std::shared_ptr<Timer> timer_;
  mutable std::mutex mutex_;
  View view_ = std::make_shared<Snapshot>();
  bool shut_down_ = false;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Waiting> waiting_;
  std::map<uint64_t, Callback> subscribed_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_WATCHERS_H_
