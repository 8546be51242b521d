#include "portal/workers.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ilkimza::portal {
namespace {

// A clock that is not the machine's may jump at any time.
constexpr auto kLookAtOtherClocks = std::chrono::milliseconds(20);
// The machine's may be set, so even it is looked at now and then.
constexpr auto kLongestSleep = std::chrono::minutes(5);

}  // namespace

Workers::Workers(int count) {
  for (int i = 0; i < std::max(count, 1); ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

void Workers::Post(const std::shared_ptr<Strand>& strand, Task task) {
  {
    const std::lock_guard lock(mutex_);
    strand->tasks_.push_back(std::move(task));
    if (strand->scheduled_) return;
    strand->scheduled_ = true;
    ready_.push_back(strand);
  }
  wake_.notify_one();
}

void Workers::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (ready_.empty()) return;
    const std::shared_ptr<Strand> strand = std::move(ready_.front());
    ready_.pop_front();
    Task task = std::move(strand->tasks_.front());
    strand->tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before the next one runs
    lock.lock();
    if (strand->tasks_.empty()) {
      strand->scheduled_ = false;
    } else {
      ready_.push_back(strand);
    }
  }
}

Alarms::Alarms(Clock& clock)
    : clock_(clock), thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

Alarms::~Alarms() { Stop(); }

void Alarms::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Alarms::At(absl::Time time, Task task) {
  {
    const std::lock_guard lock(mutex_);
    alarms_.emplace(time, std::move(task));
  }
  wake_.notify_one();
}

void Alarms::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (alarms_.empty()) {
      wake_.wait(lock, stop, [this] { return !alarms_.empty(); });
      continue;
    }
    const absl::Time next = alarms_.begin()->first;
    const absl::Duration left = next - clock_.Now();
    if (left <= absl::ZeroDuration()) {
      const Task task = std::move(alarms_.begin()->second);
      alarms_.erase(alarms_.begin());
      lock.unlock();
      task();
      lock.lock();
      continue;
    }
    auto sleep = std::min<std::chrono::milliseconds>(
        absl::ToChronoMilliseconds(left) + std::chrono::milliseconds(1), kLongestSleep);
    if (&clock_ != &SystemClock()) sleep = std::min(sleep, kLookAtOtherClocks);
    wake_.wait_for(lock, stop, sleep,
                   [&] { return !alarms_.empty() && alarms_.begin()->first < next; });
  }
}

}  // namespace ilkimza::portal
