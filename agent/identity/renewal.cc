#include "agent/identity/renewal.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

constexpr absl::Duration kLeastWait = absl::Seconds(1);

}  // namespace

absl::Time RenewalTime(const IdentityLife& life, double random) {
  return life.not_before + (life.not_after - life.not_before) * (0.5 + 0.1 * random);
}

absl::Duration RetryDelay(absl::Duration backoff, absl::Duration left) {
  return std::max(std::min(backoff, left / 10), kLeastWait);
}

Renewal::Renewal(RenewalOptions options, Renew renew)
    : options_(std::move(options)), renew_(std::move(renew)), backoff_(options_.backoff) {
  if (!options_.random) options_.random = MachineRandomness();
}

Renewal::~Renewal() { Stop(); }

void Renewal::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Renewal::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Renewal::Connected() {
  const std::lock_guard lock(mutex_);
  connected_ = true;
  wake_.notify_all();
}

absl::Status Renewal::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

void Renewal::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Wait(stop, Step(stop));
  }
}

void Renewal::Wait(const std::stop_token& stop, absl::Duration time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, absl::ToChronoMilliseconds(time), [this] { return connected_; });
  const bool connected = std::exchange(connected_, false);
  if (!connected || !absl::IsUnavailable(last_failure_)) return;
  next_try_ = std::min(next_try_, absl::Now() + options_.backoff.base * options_.random());
}

void Renewal::TakeUp(const IdentityLife& life) {
  not_after_ = life.not_after;
  next_try_ = RenewalTime(life, options_.random());
  // What failed with the one before is over.
  backoff_ = Backoff(options_.backoff);
  const std::lock_guard lock(mutex_);
  last_failure_ = absl::OkStatus();
}

absl::Duration Renewal::Step(const std::stop_token& stop) {
  const auto life = LifeOf(IdentityFile(options_.directory));
  const absl::Time now = absl::Now();
  if (!life.ok() || life->not_after <= now) return options_.look_every;
  if (life->not_after != not_after_) TakeUp(*life);
  // In parts: a PC sleeps, and its clock is set.
  if (now < next_try_) {
    return std::min(next_try_ - now, options_.look_every);
  }
  const absl::Status renewed = renew_(stop);
  if (renewed.ok()) {
    const auto next = LifeOf(IdentityFile(options_.directory));
    if (!next.ok()) return options_.look_every;
    TakeUp(*next);
    // However the clocks differ, one that has just come is used for a while.
    next_try_ = std::max(next_try_, now + (next->not_after - now) / 10);
    return std::clamp(next_try_ - now, kLeastWait, options_.look_every);
  }
  const absl::Duration delay =
      RetryDelay(backoff_.NextDelay(now, options_.random()), life->not_after - now);
  next_try_ = now + delay;
  LogWarning("The agent's certificate ends on {} and was not renewed; next try in {}: {}",
             absl::FormatTime(absl::RFC3339_sec, life->not_after, absl::UTCTimeZone()),
             absl::FormatDuration(absl::Trunc(delay, absl::Seconds(1))),
             std::string(renewed.message()));
  const std::lock_guard lock(mutex_);
  last_failure_ = renewed;
  return std::min(delay, options_.look_every);
}

}  // namespace ilkimza::agent
