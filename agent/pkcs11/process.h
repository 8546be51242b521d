// One process of `ilkimza-pkcs11`: started, asked with a deadline, ended.
//
// The process has a socket to us and nothing else of ours: its input and outputs are
// /dev/null, every other descriptor is closed, and its environment is ours without what
// makes modules write down what they are told. It is a process group of its own, which
// is killed as a whole.
#ifndef ILKIMZA_AGENT_PKCS11_PROCESS_H_
#define ILKIMZA_AGENT_PKCS11_PROCESS_H_

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ilkimza::agent::pkcs11 {

// Starts processes, on one thread that lives as long as this object: the kernel ends a
// helper when the *thread* that started it ends, and card work moves between threads.
//
// Thread-safe.
class Spawner {
 public:
  Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;
  ~Spawner();

  struct Spawned {
    pid_t pid = -1;
    // Our end; its owner closes it.
    int socket = -1;
  };
  // MODULE_FAILED where `program` cannot be started.
  absl::StatusOr<Spawned> Spawn(const std::string& program);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::function<void()> task_;
  bool stopping_ = false;
  std::thread thread_;
};

// Not thread-safe.
class HelperProcess {
 public:
  explicit HelperProcess(const Spawner::Spawned& spawned);
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  // Kills it.
  ~HelperProcess();

  enum class Failure {
    // Ended by itself; `why` says how.
    kDied,
    // Did not answer in time, and was killed.
    kTimeout,
    // Answered what is no frame, and was killed.
    kGarbage,
  };
  struct Answer {
    std::optional<Failure> failure;
    // Of a failure, to go on "the module ...": "was ended by signal 11 (Segmentation
    // fault)".
    std::string why;
    std::string payload;
  };
  // Sends one request and waits for its answer. After a failure the process is gone, and
  // every further call fails as the first.
  Answer Call(std::string_view request, absl::Duration limit);

  // Between calls: where it has ended by itself, or hung up, or speaks without being
  // asked, it is killed, and this says why.
  std::optional<std::string> WhyGone();
  // Tells it to end, and does not wait for that: it logs out and finalises its module, and
  // ends within two seconds whatever that does. `Call` and `WhyGone` are over.
  void HangUp() { CloseSocket(); }
  // Hangs up, lets it finalise its module for as long as `grace`, then kills it.
  void End(absl::Duration grace);
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Answer Fail(Failure failure, std::string why);
  // Whether it ends within `limit`.
  [[nodiscard]] bool WaitForEnd(absl::Duration limit) const;
  // Kills what is left of its group; how it ended.
  std::string KillAndReap();
  void CloseSocket();

  pid_t pid_;
  int socket_;
  std::string why_gone_;
  Failure failure_ = Failure::kDied;
};

// "ilkimza-pkcs11" in the directory of the running program.
std::string HelperBeside();

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_PROCESS_H_
