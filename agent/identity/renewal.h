// Keeps the agent's certificate fresh: from half of its life on, at a time of its own
// within a tenth, so that a fleet that was enrolled together does not come together. A
// renewal that fails is tried again after a back-off with full jitter, sooner when the
// end is near or when the server that could not be reached is there again, and said in
// the log and to who asks.
//
// A certificate that somebody put there meanwhile (`ilkimza-agent enrol`) is taken up.
//
// Thread-safe, except that Start and Stop belong to one owner.
#ifndef ILKIMZA_AGENT_IDENTITY_RENEWAL_H_
#define ILKIMZA_AGENT_IDENTITY_RENEWAL_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/identity/identity.h"
#include "agent/link/backoff.h"

namespace ilkimza::agent {

struct RenewalOptions {
  // The identity's directory.
  std::string directory;
  // How often the file is looked at while nothing is due.
  absl::Duration look_every = absl::Minutes(1);
  BackoffOptions backoff = {.base = absl::Minutes(1), .cap = absl::Hours(1)};
  // Uniform in [0, 1); empty: the machine's own randomness.
  std::function<double()> random;
};

// When to renew: `random` is uniform in [0, 1). Pure.
absl::Time RenewalTime(const IdentityLife& life, double random);
// How long to wait after a failure, at least a second: no longer than a tenth of what is
// left. Pure.
absl::Duration RetryDelay(absl::Duration backoff, absl::Duration left);

class Renewal {
 public:
  // Called on a thread of its own; gets the next certificate into place, or says why not.
  using Renew = std::function<absl::Status(std::stop_token)>;

  Renewal(RenewalOptions options, Renew renew);
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;
  ~Renewal();

  void Start();
  // Cuts a renewal under way short. Idempotent.
  void Stop();

  // The server is there again. Where the last renewal failed as UNAVAILABLE, the next one
  // follows within the back-off's base, at a time of its own: those of a whole fleet come
  // back together. Does not block.
  void Connected();

  // Why the last renewal failed; OK where none is overdue.
  [[nodiscard]] absl::Status last_failure() const;

 private:
  void Run(const std::stop_token& stop);
  // Returns after that time, or once the server is there again.
  void Wait(const std::stop_token& stop, absl::Duration time);
  // Of a certificate that is new here.
  void TakeUp(const IdentityLife& life);
  // Does what is due; how long there is nothing to do then.
  absl::Duration Step(const std::stop_token& stop);

  RenewalOptions options_;
  const Renew renew_;
  // Of the renewal's thread alone.
  Backoff backoff_;
  absl::Time not_after_ = absl::InfinitePast();
  absl::Time next_try_ = absl::InfinitePast();

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  absl::Status last_failure_;
  bool connected_ = false;
  std::jthread thread_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_IDENTITY_RENEWAL_H_
