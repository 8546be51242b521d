#include "agent/card/timer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <utility>

namespace ilkimza::agent {
namespace {

using Time = std::chrono::steady_clock::time_point;

// Far enough to be never, near enough not to overflow the clock.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

}  // namespace

struct Timer::State {
  std::mutex mutex;
  std::condition_variable_any wake;
  // By due time, then in the order of scheduling.
  std::map<std::pair<Time, Id>, std::function<void()>> due;
  std::map<Id, Time> time_of;
  Id last_id = 0;
  // When the thread looks again by itself. What is due later need not wake it: nearly all
  // of it is cancelled before.
  Time asleep_until = Time::min();

  void Loop(const std::stop_token& stop);
};

Timer::Timer()
    : state_(std::make_shared<State>()),
      thread_([state = state_](const std::stop_token& stop) { state->Loop(stop); }) {}

Timer::~Timer() {
  thread_.request_stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

Timer::Id Timer::Schedule(absl::Duration delay, std::function<void()> function) {
  delay = std::clamp(delay, absl::ZeroDuration(), kLongest);
  const std::lock_guard lock(state_->mutex);
  const Id id = ++state_->last_id;
  const Time time = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(delay);
  state_->due.emplace(std::pair(time, id), std::move(function));
  state_->time_of.emplace(id, time);
  if (time < state_->asleep_until) state_->wake.notify_one();
  return id;
}

void Timer::Cancel(Id id) {
  std::function<void()> dropped;  // destroyed without the lock
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->time_of.find(id);
  if (found == state_->time_of.end()) return;
  const auto at = state_->due.find({found->second, id});
  dropped = std::move(at->second);
  state_->due.erase(at);
  state_->time_of.erase(found);
}

void Timer::State::Loop(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    asleep_until = due.empty() ? Time::max() : due.begin()->first.first;
    if (std::chrono::steady_clock::now() < asleep_until) {
      const auto earlier = [this] {
        return !due.empty() && due.begin()->first.first < asleep_until;
      };
      if (due.empty()) {
        wake.wait(lock, stop, earlier);
      } else {
        wake.wait_until(lock, stop, asleep_until, earlier);
      }
      continue;
    }
    asleep_until = Time::min();
    const Id first = due.begin()->first.second;
    std::function<void()> function = std::move(due.begin()->second);
    due.erase(due.begin());
    time_of.erase(first);
    lock.unlock();
    function();
    function = nullptr;
    lock.lock();
  }
}

}  // namespace ilkimza::agent
