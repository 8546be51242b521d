#include "agent/link/backoff.h"

#include <algorithm>
#include <random>

namespace ilkimza::agent {

void Backoff::OnWelcome(absl::Time now, absl::Duration reattach_spread) {
  welcomed_ = now;
  spread_ = Clamped(reattach_spread);
}

void Backoff::OnGoAway(absl::Duration reattach_spread) { spread_ = Clamped(reattach_spread); }

absl::Duration Backoff::NextDelay(absl::Time now, double random) {
  if (now - welcomed_ >= options_.stable_after) failures_ = 0;
  welcomed_ = absl::InfiniteFuture();
  // 2^30 seconds are beyond any cap; stop there, so that nothing overflows.
  const absl::Duration doubled = options_.base * (int64_t{1} << std::min(failures_, 30));
  ++failures_;
  return std::max(std::min(doubled, options_.cap), spread_) * random;
}

absl::Duration Backoff::ImpatientDelay(absl::Duration left, double random) const {
  return std::min(left, std::max(options_.impatient, spread_ / 8) * random);
}

absl::Duration Backoff::Clamped(absl::Duration spread) const {
  return std::clamp(spread, absl::ZeroDuration(), options_.max_spread);
}

std::function<double()> MachineRandomness() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace ilkimza::agent
