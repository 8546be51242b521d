#include "agent/card/worker.h"

#include <chrono>
#include <deque>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

// More work than a person can ask for at once.
constexpr std::size_t kMaxQueue = 32;
// For giving back a context to a service that may hang.
constexpr absl::Duration kReleasePatience = absl::Seconds(2);

absl::Status MissedDeadline(JobControl::Stage stage) {
  switch (stage) {
    case JobControl::Stage::kWaiting:
      return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY,
                       "Another program has kept the card for too long. Nothing was sent to the "
                       "card. Close other programs that use it and try again.");
    case JobControl::Stage::kAttempt:
      return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
                       "The card did not answer the PIN in time: whether the try counted is not "
                       "known. Take the card out, put it in and look at the tries left.");
    default:
      return MakeError(absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_CARD_TIMEOUT,
                       "The card did not answer in time. Take it out, put it in and try again.");
  }
}

absl::Status EndedUnsent() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                   "The agent is shutting down; nothing was sent to the card. Try again in a "
                   "moment.");
}

absl::Status TooManyLeftBehind(std::string_view reader) {
  return MakeError(
      absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY,
      absl::StrCat("Earlier calls to the card in the reader '",
                   absl::string_view(reader.data(), reader.size()),
                   "' have still not come back: another program holds it, or it hangs. Close that "
                   "program, or take the card out and put it in again."));
}

}  // namespace

JobControl::JobControl(std::shared_ptr<Timer> timer, OnAbandoned on_abandoned)
    : timer_(std::move(timer)), on_abandoned_(std::move(on_abandoned)) {}

bool JobControl::Enter(Stage stage, absl::Duration limit) {
  std::unique_lock lock(mutex_);
  const bool refuse = !refuse_calls_.ok() && !attempt_begun_ && stage != Stage::kGivingBack;
  if (refuse) Abandon(lock, refuse_calls_);
  if (abandoned_) return false;
  attempt_begun_ = attempt_begun_ || stage == Stage::kAttempt;
  stage_ = stage;
  const uint64_t call = ++call_;
  timer_id_ = timer_->Schedule(limit, [weak = weak_from_this(), call] {
    if (const auto self = weak.lock()) self->Miss(call);
  });
  return true;
}

bool JobControl::Leave() {
  const std::lock_guard lock(mutex_);
  timer_->Cancel(timer_id_);
  stage_ = Stage::kNone;
  return !abandoned_;
}

void JobControl::Sleep(absl::Duration time) {
  std::unique_lock lock(mutex_);
  stage_ = Stage::kWaiting;
  wake_.wait_for(lock, absl::ToChronoNanoseconds(time), [this] { return abandoned_; });
  stage_ = Stage::kNone;
}

bool JobControl::abandoned() const {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

void JobControl::Miss(uint64_t call) {
  std::unique_lock lock(mutex_);
  if (call != call_ || stage_ == Stage::kNone) return;
  Abandon(lock, MissedDeadline(stage_));
}

void JobControl::RefuseCalls(const absl::Status& status) {
  std::unique_lock lock(mutex_);
  refuse_calls_ = status;
  if (stage_ == Stage::kWaiting && !attempt_begun_) Abandon(lock, status);
}

void JobControl::Abandon(std::unique_lock<std::mutex>& lock, const absl::Status& status) {
  if (abandoned_) return;
  abandoned_ = true;
  wake_.notify_all();
  OnAbandoned on_abandoned = std::move(on_abandoned_);
  const absl::Status copy = status;
  lock.unlock();
  on_abandoned(copy);
  lock.lock();
}

struct CardWorkers::Worker {
  Worker(std::string reader_name, const CardWorkers& owner,
         std::shared_ptr<std::atomic<int>> left_behind_count)
      : reader(std::move(reader_name)),
        pcsc(owner.pcsc_),
        timer(owner.timer_),
        timeouts(owner.timeouts_),
        left_behind(std::move(left_behind_count)) {}

  const std::string reader;
  const std::shared_ptr<Pcsc> pcsc;
  const std::shared_ptr<Timer> timer;
  const CardTimeouts timeouts;
  const std::shared_ptr<std::atomic<int>> left_behind;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> queue;
  // The job under way.
  std::shared_ptr<JobControl> control;
  bool stopping = false;
  // The job under way was ended by the watchdog, and all that follows from it is done.
  bool replaced = false;
  // Its reader is gone.
  bool retired = false;
  // Nothing is left to do for the thread but to end.
  bool gone = false;
  std::thread thread;
};

CardWorkers::CardWorkers(std::shared_ptr<Pcsc> pcsc, std::shared_ptr<Timer> timer,
                         CardTimeouts timeouts)
    : pcsc_(std::move(pcsc)), timer_(std::move(timer)), timeouts_(timeouts) {}

CardWorkers::~CardWorkers() { Shutdown(); }

void CardWorkers::Post(const std::string& reader, Job job) {
  absl::Status refused;
  {
    const std::lock_guard lock(mutex_);
    refused = shut_down_ ? EndedUnsent() : Enqueue(reader, job);
  }
  if (!refused.ok()) job.fail(NameHolders(refused, *pcsc_));
}

absl::Status CardWorkers::Enqueue(const std::string& reader, Job& job) {
  const auto found = workers_.find(reader);
  std::shared_ptr<Worker> worker = found == workers_.end() ? nullptr : found->second;
  if (worker == nullptr) {
    auto& left_behind = left_behind_[reader];
    if (left_behind == nullptr) left_behind = std::make_shared<std::atomic<int>>(0);
    if (*left_behind >= kMaxLeftBehind) return TooManyLeftBehind(reader);
    worker = std::make_shared<Worker>(reader, *this, left_behind);
    workers_[reader] = worker;
    worker->thread = std::thread([this, worker] { Loop(worker); });
  }
  const std::lock_guard lock(worker->mutex);
  if (worker->queue.size() >= kMaxQueue) return TooManyLeftBehind(reader);
  worker->retired = false;
  worker->queue.push_back(std::move(job));
  worker->wake.notify_all();
  return absl::OkStatus();
}

bool CardWorkers::TakeJob(const std::shared_ptr<Worker>& worker, bool connected, Job& job) {
  std::unique_lock lock(worker->mutex);
  const auto due = [&] { return worker->stopping || !worker->queue.empty(); };
  if (!connected) {
    worker->wake.wait(lock, due);
  } else if (!worker->wake.wait_for(lock, absl::ToChronoNanoseconds(worker->timeouts.keep), due)) {
    job = {.run = [](CardEnvironment& environment) { environment.connection.Close(environment); },
           .fail = [](const absl::Status&) {}};
  }
  if (worker->stopping) return false;
  if (!job.run) {
    job = std::move(worker->queue.front());
    worker->queue.pop_front();
  }
  worker->control = std::make_shared<JobControl>(
      worker->timer, [this, worker, fail = job.fail](const absl::Status& status) {
        Replace(worker);
        fail(NameHolders(status, *worker->pcsc));
        const std::lock_guard replaced_lock(worker->mutex);
        worker->replaced = true;
        worker->wake.notify_all();
      });
  return true;
}

// `this` is used only by what runs before the job is ended: `Shutdown` waits for that.
void CardWorkers::Loop(const std::shared_ptr<Worker>& worker) {
  PcscContext context(*worker->pcsc);
  CardConnection connection;
  bool ended = false;
  for (Job job; !ended && TakeJob(worker, connection.open(), job);) {
    const std::shared_ptr<JobControl> control = worker->control;
    CardEnvironment environment{*worker->pcsc,    context,        *control,
                                worker->timeouts, worker->reader, connection};
    job.run(environment);
    connection.GiveBack(environment);
    if (worker->timeouts.keep <= absl::ZeroDuration()) connection.Close(environment);
    job = {};
    ended = control->abandoned();
    if (ended) break;
    const std::lock_guard lock(mutex_);
    const std::lock_guard worker_lock(worker->mutex);
    if (worker->retired && worker->queue.empty() && !shut_down_) LetGo(worker);
    worker->control = nullptr;
    worker->wake.notify_all();
  }
  // Both wait for the service as well.
  connection.CloseUnwatched(*worker->pcsc);
  context.Release();
  const std::lock_guard lock(worker->mutex);
  if (ended) --*worker->left_behind;
  worker->gone = true;
  worker->wake.notify_all();
}

void CardWorkers::Replace(const std::shared_ptr<Worker>& worker) {
  ++*worker->left_behind;
  std::deque<Job> queue;
  std::deque<std::pair<Job, absl::Status>> refused;
  {
    const std::lock_guard lock(mutex_);
    {
      const std::lock_guard worker_lock(worker->mutex);
      worker->thread.detach();
      queue = std::move(worker->queue);
      worker->queue.clear();
    }
    workers_.erase(worker->reader);
    for (Job& job : queue) {
      const absl::Status status = shut_down_ ? EndedUnsent() : Enqueue(worker->reader, job);
      if (!status.ok()) refused.emplace_back(std::move(job), status);
    }
  }
  for (auto& [job, status] : refused) job.fail(NameHolders(status, *pcsc_));
}

void CardWorkers::Retire(const std::string& reader) {
  const std::lock_guard lock(mutex_);
  const auto found = workers_.find(reader);
  if (shut_down_ || found == workers_.end()) return;
  const std::shared_ptr<Worker> worker = found->second;
  {
    const std::lock_guard worker_lock(worker->mutex);
    // With work: as soon as that is done.
    worker->retired = true;
    if (worker->control == nullptr && worker->queue.empty()) LetGo(worker);
  }
}

void CardWorkers::LetGo(const std::shared_ptr<Worker>& worker) {
  worker->stopping = true;
  worker->thread.detach();
  worker->wake.notify_all();
  workers_.erase(worker->reader);
  const auto count = left_behind_.find(worker->reader);
  if (count != left_behind_.end() && *count->second == 0) left_behind_.erase(count);
}

void CardWorkers::Shutdown() {
  std::map<std::string, std::shared_ptr<Worker>> workers;
  {
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
    workers = workers_;
  }
  // One for all of them: where one hangs, they all do.
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(kReleasePatience);
  for (auto& [reader, worker] : workers) {
    std::deque<Job> queue;
    std::shared_ptr<JobControl> control;
    {
      const std::lock_guard lock(worker->mutex);
      worker->stopping = true;
      queue = std::move(worker->queue);
      worker->queue.clear();
      control = worker->control;
      worker->wake.notify_all();
    }
    for (Job& job : queue) job.fail(EndedUnsent());
    if (control != nullptr) control->RefuseCalls(EndedUnsent());
    std::unique_lock lock(worker->mutex);
    worker->wake.wait(
        lock, [worker = worker.get()] { return worker->replaced || worker->control == nullptr; });
    if (worker->replaced) continue;
    worker->wake.wait_until(lock, deadline, [worker = worker.get()] { return worker->gone; });
    const bool gone = worker->gone;
    lock.unlock();
    if (!worker->thread.joinable()) continue;
    if (gone) {
      worker->thread.join();
    } else {
      worker->thread.detach();
    }
  }
  const std::lock_guard lock(mutex_);
  workers_.clear();
}

}  // namespace ilkimza::agent
