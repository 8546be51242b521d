// The PKCS#11 modules of this PC, each in a process of its own while it is needed.
//
//   Modules ──► Module ──► ModuleUse ──► ilkimza-pkcs11 (process.h, protocol.h) ──► vendor's .so
//
// A process is started by the first use of its module and ended when nobody has used it
// for a while, or at once when it has seen a PIN. A module that crashes, hangs, talks
// nonsense or cannot be loaded is MODULE_FAILED for whoever used it, takes nothing with
// it, and is left alone for a while that grows with each failure in a row. Nothing is
// ever asked of a module twice: what failed has failed.
//
// Errors of all functions here bear the metadata "module", the module's file name:
//   MODULE_FAILED      as above; the sentence says what happened
//   CARD_REMOVED       the module says that the token is gone
//   CARD_BUSY          another thread uses the module for too long; nothing was asked
//   CARD_PROTOCOL      any other error of the module, named in the sentence
//
// Thread-safe: Modules and Module. A ModuleUse belongs to one thread at a time.
#ifndef ILKIMZA_AGENT_PKCS11_MODULES_H_
#define ILKIMZA_AGENT_PKCS11_MODULES_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/pkcs11/process.h"
#include "agent/pkcs11/protocol.h"
#include "ilkimza/v1/error_reason.pb.h"

namespace ilkimza::agent::pkcs11 {

struct ModuleTimeouts {
  // Loading and initialising: some modules look for every reader there is.
  absl::Duration load = absl::Seconds(20);
  // One question to the card.
  absl::Duration command = absl::Seconds(20);
  // A PIN, or a signature.
  absl::Duration attempt = absl::Seconds(30);
  // A PIN typed on the reader's keys: the module waits as long as the reader does.
  absl::Duration typing = absl::Seconds(60);
  // Waiting for another thread's use of the module.
  absl::Duration busy = absl::Seconds(8);
  // Without any use, the process is ended: it may keep the card from others.
  absl::Duration idle = absl::Seconds(10);
  // The pause after the second failure in a row; doubled with each further one, up to
  // `longest_pause`. After the first there is none.
  absl::Duration first_pause = absl::Seconds(1);
  absl::Duration longest_pause = absl::Minutes(5);

  // An attempt for which that many PINs are typed on the reader's keys.
  [[nodiscard]] absl::Duration ForPins(int typed) const { return attempt + typing * typed; }
};

struct ModuleOptions {
  // The paths, in the order in which they are asked. Nothing: those where the vendors
  // of AKİS and TCKK and OpenSC put theirs; what is not there is then left out.
  std::optional<std::vector<std::string>> paths;
  // Paths or file names of modules whose security officer's PIN is the holder's PUK, so
  // that C_Login(CKU_SO) and C_InitPIN unblock the PIN. For all others unblocking is
  // not offered: a PUK tried in the wrong place is a PUK try lost.
  std::vector<std::string> so_pin_is_puk;
  // The program `ilkimza-pkcs11`.
  std::string helper = HelperBeside();
  ModuleTimeouts timeouts;
};

// What is known of a module, for people.
struct ModuleStatus {
  enum class State {
    // The file is good; it was not needed yet.
    kUnused,
    // It was loaded and works, as far as it was used.
    kLoaded,
    kMissing,
    kWrongArchitecture,
    // The file may not be loaded: others could have changed it.
    kUnsafe,
    // It is no PKCS#11 module, or it crashed, hung or refused to start.
    kFailed,
  };
  // As configured.
  std::string path;
  State state = State::kUnused;
  // What is wrong and how to mend it; empty where nothing is.
  std::string sentence;
  // What the module says it is, such as "OpenSC Project, OpenSC smartcard framework
  // 0.23"; empty until it was loaded.
  std::string description;
  // Named in the configuration, not one of the defaults.
  bool configured = false;
};

struct SignAnswer {
  // Empty where there is none.
  std::string signature;
  // What the module said to the PIN that it was given again, where that was not taken:
  // wrong, blocked or not known (return_values.h). Else CKR_OK.
  uint64_t pin_rv = 0;
};

class Module;

// One thread's use of a module: others wait until it goes. With a session open and a
// PIN in it, the process is ended when this goes.
class ModuleUse {
 public:
  ModuleUse(ModuleUse&&) noexcept;
  ModuleUse& operator=(ModuleUse&&) = delete;
  ~ModuleUse();

  absl::StatusOr<std::vector<Slot>> Slots();
  absl::StatusOr<Token> ReadToken(uint64_t slot);
  // Never logs in.
  absl::StatusOr<CertificateList> Certificates(uint64_t slot);
  absl::Status Open(uint64_t slot);

  // The attempts. The module's verdict is not an error: a CK_RV. Each is asked once;
  // ATTEMPT_UNKNOWN where no answer came. With all PINs empty they are typed on the
  // reader's keys, which takes up to `ModuleTimeouts::typing` for each; where the token
  // has no protected authentication path that is refused before the module sees it.
  absl::StatusOr<uint64_t> Login(User user, std::string_view pin);
  absl::StatusOr<uint64_t> SetPin(std::string_view old_pin, std::string_view new_pin);
  absl::StatusOr<uint64_t> InitPin(std::string_view new_pin);

  // Both after a right Login of the holder.
  absl::StatusOr<KeyInfo> FindKey(std::string_view id);
  // `pin` where the key asks again, else empty. With a PIN this is an attempt as those above.
  absl::StatusOr<SignAnswer> Sign(Mechanism mechanism, std::string_view data, std::string_view pin);
  // Logs out.
  absl::Status Close();

  // Nothing more is asked. A process that has seen a PIN is told to end, and lets go of
  // the card meanwhile; this going waits for it.
  void HangUp();

 private:
  friend class Module;
  ModuleUse(std::shared_ptr<Module> module, std::unique_lock<std::timed_mutex> lock);

  std::shared_ptr<Module> module_;
  std::unique_lock<std::timed_mutex> lock_;
};

class Module : public std::enable_shared_from_this<Module> {
 public:
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  // The file's name, without its folders.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool so_pin_is_puk() const { return so_pin_is_puk_; }
  [[nodiscard]] const ModuleTimeouts& timeouts() const { return timeouts_; }
  // Whether there is a file that may be loaded.
  [[nodiscard]] bool usable() const;
  [[nodiscard]] ModuleStatus Status() const;

  // Takes the module for the calling thread, and starts its process where none runs.
  // `stay` tells one card's stay in a reader from every other: for another one than the
  // last the process is started anew, since what a module remembers of a card that has
  // gone, or of a smart-card service that has ended, is not to be relied on.
  absl::StatusOr<ModuleUse> Use(uint64_t stay = 0);
  // The next `Use` starts the process anew. Does not block.
  void StartAnew() { start_anew_ = true; }

 private:
  friend class Modules;
  friend class ModuleUse;
  struct Shared;

  Module(std::string path, bool configured, const ModuleOptions& options,
         std::shared_ptr<Shared> shared);

  // A reply, and what of it follows the verdict.
  struct Asked {
    std::string payload;
    Verdict verdict;
    std::size_t fields = 0;

    [[nodiscard]] std::string_view rest() const { return std::string_view(payload).substr(fields); }
  };

  // The following with `process_mutex_` held.
  absl::Status EnsureRunning();
  absl::Status Load();
  absl::StatusOr<Asked> Ask(std::string_view request, absl::Duration limit);
  template <typename T>
  absl::StatusOr<T> Question(std::string_view request, absl::Duration limit);
  absl::Status Command(std::string_view request);
  absl::StatusOr<uint64_t> Attempt(std::string_view request, absl::Duration limit);
  // Ends the process; `why` goes on "The PKCS#11 module 'x' ...".
  absl::Status Failed(std::string_view why);
  void HangUp();
  void EndUse();
  void EndProcess();

  absl::Status Error(absl::StatusCode code, v1::ErrorReason reason,
                     std::string_view sentence) const;
  absl::Status ErrorOf(const Verdict& verdict) const;
  // Of an attempt whose answer is missing for that reason.
  absl::Status AttemptUnknown(const absl::Status& why) const;
  [[nodiscard]] absl::Duration PauseAfter(int failures) const;
  // The error of a module that is left alone for now; OK where it is not.
  absl::Status Paused() const;
  void TellIdleThread() const;
  // Ends a process that was idle for long enough. When to look again; the end of time
  // where no process runs.
  std::chrono::steady_clock::time_point EndIfIdle();

  const std::string path_;
  const std::string name_;
  const bool configured_;
  const bool so_pin_is_puk_;
  const std::string helper_;
  const ModuleTimeouts timeouts_;
  const std::shared_ptr<Shared> shared_;

  std::atomic<bool> start_anew_ = false;
  std::timed_mutex process_mutex_;
  std::unique_ptr<HelperProcess> process_;
  uint64_t stay_ = 0;
  bool saw_pin_ = false;
  bool failed_in_this_use_ = false;
  std::chrono::steady_clock::time_point last_use_;

  mutable std::mutex status_mutex_;
  int failures_in_a_row_ = 0;
  std::chrono::steady_clock::time_point not_before_;
  std::string failure_;
  std::string description_;
  bool loaded_ = false;
};

class Modules {
 public:
  explicit Modules(ModuleOptions options);
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  // Ends all processes. A ModuleUse may still be alive; it then fails.
  ~Modules();

  // In the order in which they are asked; missing defaults are left out.
  [[nodiscard]] const std::vector<std::shared_ptr<Module>>& modules() const { return modules_; }
  // What is known, without loading anything.
  [[nodiscard]] std::vector<ModuleStatus> Statuses() const;
  // Loads each module that may be loaded and tells what came of it. Takes as long as the
  // slowest module, at most the time to load for each.
  [[nodiscard]] std::vector<ModuleStatus> Check();

 private:
  void EndIdle();

  const std::shared_ptr<Module::Shared> shared_;
  std::vector<std::shared_ptr<Module>> modules_;
  std::thread idle_thread_;
};

// The paths that are used where none are configured.
std::vector<std::string> DefaultModulePaths();

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_MODULES_H_
