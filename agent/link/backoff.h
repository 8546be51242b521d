// When to dial the server again: exponential back-off with full jitter.
//
// A fleet that comes back all at once keeps its server down: TLS handshakes that
// time out in the queue are paid for twice. So every delay is drawn from zero to
// a ceiling, the ceiling doubles with each failure, and it never lies below the
// spread the server announced, which grows with its fleet.
//
// Pure: time and chance are arguments. Not thread-safe.
//
//   Backoff backoff;
//   backoff.OnWelcome(now, spread);          // attached
//   wait(backoff.NextDelay(now, random()));  // lost
#ifndef ILKIMZA_AGENT_LINK_BACKOFF_H_
#define ILKIMZA_AGENT_LINK_BACKOFF_H_

#include <functional>

#include "absl/time/time.h"

namespace ilkimza::agent {

struct BackoffOptions {
  // Ceiling of the first delay.
  absl::Duration base = absl::Seconds(1);
  // No ceiling of ours exceeds it.
  absl::Duration cap = absl::Minutes(2);
  // An attachment that held this long makes the failures before it forgotten. A
  // server that welcomes and drops at once is no reason to hammer it.
  absl::Duration stable_after = absl::Seconds(30);
  // Ceiling of what is left of a delay once a person waits for the server.
  absl::Duration impatient = absl::Seconds(2);
  // What the server may announce at most; it is an outside input.
  absl::Duration max_spread = absl::Minutes(10);
};

class Backoff {
 public:
  explicit Backoff(BackoffOptions options = {}) : options_(options) {}

  // The server welcomed the agent and announced its spread.
  void OnWelcome(absl::Time now, absl::Duration reattach_spread);
  // The server is about to stop and announced a spread.
  void OnGoAway(absl::Duration reattach_spread);

  // How long to wait after a failed attempt or a lost attachment.
  // `random` is uniform in [0, 1).
  absl::Duration NextDelay(absl::Time now, double random);

  // How long to wait instead of `left` when a person waits for the server. At
  // most `left`. People are few, so their ceiling is low, but an eighth of the
  // announced spread is kept.
  [[nodiscard]] absl::Duration ImpatientDelay(absl::Duration left, double random) const;

 private:
  [[nodiscard]] absl::Duration Clamped(absl::Duration spread) const;

  BackoffOptions options_;
  int failures_ = 0;
  absl::Duration spread_ = absl::ZeroDuration();
  // InfiniteFuture while not attached.
  absl::Time welcomed_ = absl::InfiniteFuture();
};

// What chance is drawn from outside tests: uniform in [0, 1). Not thread-safe.
std::function<double()> MachineRandomness();

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LINK_BACKOFF_H_
