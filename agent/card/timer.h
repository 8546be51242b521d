// Calls functions later, all on one thread that sleeps until the earliest is due and
// without limit while there is none.
//
// Thread-safe. Functions must not block for long, and may call the timer.
#ifndef ILKIMZA_AGENT_CARD_TIMER_H_
#define ILKIMZA_AGENT_CARD_TIMER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/time/time.h"

namespace ilkimza::agent {

class Timer {
 public:
  using Id = uint64_t;

  Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  // Functions that are not due yet are never called.
  ~Timer();

  // `function` is called once, `delay` from now. Never 0.
  Id Schedule(absl::Duration delay, std::function<void()> function);
  // Does nothing where it was called already; may return while it is being called.
  void Cancel(Id id);

 private:
  // Shared with the thread, which may see the timer off where its last owner is a
  // function it calls.
  struct State;

  const std::shared_ptr<State> state_;
  std::jthread thread_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_TIMER_H_
