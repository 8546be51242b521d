// Where card work runs: one thread for each reader, and a watchdog around every call
// that may block.
//
// PC/SC blocks without limit while another program has a transaction, and for as long
// as a card thinks. Such a call cannot be ended from outside. So when one misses its
// deadline the *job* is ended: its `done` is called with a typed error, its thread is
// left behind with the call, and the reader gets a new thread. The thread left behind
// does nothing more than give the card back once its call returns. At most
// `kMaxLeftBehind` of them exist for each reader; while that many do, new jobs are
// refused with CARD_BUSY.
//
// The error of a missed deadline tells what was under way:
//   waiting for the card   CARD_BUSY         nothing was sent, and never will be
//   a command              CARD_TIMEOUT
//   a PIN command          ATTEMPT_UNKNOWN
//
// What a job leaves to be given back, the transaction with its reset, is given back after
// its answer, still on the reader's thread and before its next job (connection.h).
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_WORKER_H_
#define ILKIMZA_AGENT_CARD_WORKER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/card/connection.h"
#include "agent/card/pcsc.h"
#include "agent/card/timer.h"

namespace ilkimza::agent {

struct CardTimeouts {
  // One command.
  absl::Duration command = absl::Seconds(20);
  // Waiting until another program gives the card back.
  absl::Duration busy = absl::Seconds(8);
  // Somebody types a PIN on the reader's keys: from one key to the next.
  absl::Duration typing = absl::Seconds(30);
  // A connection to the card is kept open after its last use; zero: not at all.
  absl::Duration keep = absl::Seconds(1);
};

// One job's side of the watchdog. Every call that may block stands between `Enter`
// and `Leave`; the watchdog can end the job there and nowhere else.
class JobControl : public std::enable_shared_from_this<JobControl> {
 public:
  enum class Stage { kNone, kWaiting, kCommand, kAttempt, kGivingBack };
  using OnAbandoned = std::function<void(absl::Status)>;

  JobControl(std::shared_ptr<Timer> timer, OnAbandoned on_abandoned);

  // False: the job has been ended, and the call must not be made.
  [[nodiscard]] bool Enter(Stage stage, absl::Duration limit);
  // False: the job was ended meanwhile; whatever the call returned is of the past.
  [[nodiscard]] bool Leave();
  // Sleeps unless the job is ended. For back-off; counts as waiting.
  void Sleep(absl::Duration time);
  [[nodiscard]] bool abandoned() const;
  // Ends the job with `status` while it waits for the card, or before its next call. Not a
  // job that has begun an attempt, which goes on to its end: so the job's error is `status`
  // only where no PIN was sent. Giving the card back is never refused.
  void RefuseCalls(const absl::Status& status);

 private:
  void Miss(uint64_t call);
  void Abandon(std::unique_lock<std::mutex>& lock, const absl::Status& status);

  const std::shared_ptr<Timer> timer_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  OnAbandoned on_abandoned_;
  Stage stage_ = Stage::kNone;
  bool abandoned_ = false;
  bool attempt_begun_ = false;
  // Not OK: calls are refused with it.
  absl::Status refuse_calls_;
  // Tells a call from the one before it.
  uint64_t call_ = 0;
  Timer::Id timer_id_ = 0;
};

// What a job works with; valid on its thread while it runs.
struct CardEnvironment {
  Pcsc& pcsc;
  // The thread's own.
  PcscContext& context;
  JobControl& control;
  const CardTimeouts& timeouts;
  const std::string& reader;
  // The thread's own.
  CardConnection& connection;
};

class CardWorkers {
 public:
  static constexpr int kMaxLeftBehind = 2;

  CardWorkers(std::shared_ptr<Pcsc> pcsc, std::shared_ptr<Timer> timer, CardTimeouts timeouts);
  CardWorkers(const CardWorkers&) = delete;
  CardWorkers& operator=(const CardWorkers&) = delete;
  // As Shutdown.
  ~CardWorkers();

  // Calls `work` on the reader's thread, after the jobs before it, and then `done`
  // exactly once, there or on the watchdog's thread. `work` may outlive this object on
  // a thread left behind: it must own what it touches.
  template <typename T>
  void Run(const std::string& reader, std::function<absl::StatusOr<T>(CardEnvironment&)> work,
           std::function<void(absl::StatusOr<T>)> done) {
    auto answer = std::make_shared<Answer<T>>(std::move(done));
    Post(reader, {.run =
                      [work = std::move(work), answer](CardEnvironment& environment) {
                        absl::StatusOr<T> result = work(environment);
                        if (!environment.control.abandoned()) answer->Give(std::move(result));
                      },
                  .fail = [answer](absl::Status status) { answer->Give(std::move(status)); }});
  }

  // The reader is gone: ends its thread and gives its context back, once it has no work.
  void Retire(const std::string& reader);

  // Ends jobs with SHUTTING_DOWN, and returns when no job runs any more: a command on its way
  // is waited for, at most until its deadline, and a job whose PIN was sent until its end. A thread
  // whose service hangs while it gives its context back is left behind.
  void Shutdown();

 private:
  struct Job {
    std::function<void(CardEnvironment&)> run;
    std::function<void(absl::Status)> fail;
  };
  // Given once: a job that has its answer may still fail while it gives the card back.
  template <typename T>
  class Answer {
   public:
    explicit Answer(std::function<void(absl::StatusOr<T>)> done) : done_(std::move(done)) {}
    void Give(absl::StatusOr<T> result) {
      if (!given_.exchange(true)) done_(std::move(result));
    }

   private:
    std::atomic<bool> given_ = false;
    const std::function<void(absl::StatusOr<T>)> done_;
  };
  // A reader's thread, and what it shares with this object; see worker.cc.
  struct Worker;

  void Post(const std::string& reader, Job job);
  // With the lock held. On failure `job` is left as it was.
  absl::Status Enqueue(const std::string& reader, Job& job);
  // With both locks held: the worker ends by itself, and is ours no more.
  void LetGo(const std::shared_ptr<Worker>& worker);
  void Loop(const std::shared_ptr<Worker>& worker);
  // Waits for the next one; false where the thread is to end.
  bool TakeJob(const std::shared_ptr<Worker>& worker, bool connected, Job& job);
  // Leaves the worker's thread behind; its queue goes to a new one.
  void Replace(const std::shared_ptr<Worker>& worker);

  const std::shared_ptr<Pcsc> pcsc_;
  const std::shared_ptr<Timer> timer_;
  const CardTimeouts timeouts_;
  std::mutex mutex_;
  bool shut_down_ = false;
  std::map<std::string, std::shared_ptr<Worker>> workers_;
  std::map<std::string, std::shared_ptr<std::atomic<int>>> left_behind_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_WORKER_H_
