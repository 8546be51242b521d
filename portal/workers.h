// Threads for work that blocks, and the order of work that must not overlap.
//
//   Strand: its tasks run one after the other, in the order they came, on whichever
//   worker is free. A strand without tasks holds no thread.
//   Alarms: tasks that come up at a time. One thread, which sleeps until the next.
//
// Thread-safe.
#ifndef ILKIMZA_PORTAL_WORKERS_H_
#define ILKIMZA_PORTAL_WORKERS_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"

namespace ilkimza::portal {

using Task = std::function<void()>;

class Workers {
 public:
  explicit Workers(int count);
  // Runs what was posted to its end.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  class Strand {
   private:
    friend class Workers;
    std::deque<Task> tasks_;
    // Queued or running.
    bool scheduled_ = false;
  };

  void Post(const std::shared_ptr<Strand>& strand, Task task);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Strand>> ready_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

class Alarms {
 public:
  explicit Alarms(Clock& clock);
  // Drops what has not come up.
  ~Alarms();

  // `task` must not block.
  void At(absl::Time time, Task task);
  // Nothing comes up any more.
  void Stop();

 private:
  void Run(std::stop_token stop);

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::multimap<absl::Time, Task> alarms_;
  std::jthread thread_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_WORKERS_H_
