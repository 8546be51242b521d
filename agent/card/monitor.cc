#include "agent/card/monitor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "agent/card/pinpad.h"
#include "agent/card/reader_table.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

constexpr absl::Duration kShortestPause = absl::Milliseconds(100);

class MonitorImpl final : public Monitor, public std::enable_shared_from_this<MonitorImpl> {
 public:
  MonitorImpl(std::shared_ptr<Pcsc> pcsc, std::shared_ptr<CardWorkers> workers,
              std::shared_ptr<Timer> timer, std::shared_ptr<const CardFamilies> families,
              std::function<void(const Monitor&)> on_change, OnIdentified on_identified)
      : pcsc_(std::move(pcsc)),
        workers_(std::move(workers)),
        timer_(std::move(timer)),
        families_(std::move(families)),
        on_change_(std::move(on_change)),
        on_identified_(std::move(on_identified)),
        snapshot_(std::make_shared<Snapshot>()),
        table_(families_) {}

  void StartThread() {
    // Shared, since the thread may have to be left behind.
    thread_ = std::thread([self = shared_from_this()] {
      self->Loop(self->stop_.get_token());
      const std::lock_guard lock(self->mutex_);
      self->ended_ = true;
      self->wake_.notify_all();
    });
  }

  [[nodiscard]] std::shared_ptr<const Snapshot> Current() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

  void AskAgain(const std::string& pcsc_name) override;
  void Doubt(const std::string& pcsc_name) override;
  void Stop() override;

 private:
  void Loop(const std::stop_token& stop);
  void Wake();
  // Until `stop`, at most for `pause`, which has grown for the next time.
  void Rest(const std::stop_token& stop, absl::Duration& pause);
  // Returns why watching ended; `worked` becomes true once the readers were seen.
  LONG Watch(PcscContext& context, const std::stop_token& stop, bool& worked);
  void TakeStates(const std::vector<SCARD_READERSTATE>& states);
  // With the lock held.
  void SetReaders(const std::vector<std::string>& names);
  void Ask(const CardFacts& facts);
  void TakeIdentity(const std::string& name, uint64_t insertion,
                    const absl::StatusOr<IdentifiedCard>& identified);
  void AskKeys(const std::string& name, uint64_t plugged);
  void TakeKeys(const std::string& name, uint64_t plugged,
                const absl::StatusOr<PinpadFeatures>& features);
  void AskLater(const std::string& name, uint64_t insertion, absl::Duration delay);
  void ServiceGone(const absl::Status& why);
  // With the lock held; true where it differs from what was shown.
  bool Publish();
  void Tell() {
    if (!quiet_) on_change_(*this);
  }

  const std::shared_ptr<Pcsc> pcsc_;
  const std::shared_ptr<CardWorkers> workers_;
  const std::shared_ptr<Timer> timer_;
  const std::shared_ptr<const CardFamilies> families_;
  const std::function<void(const Monitor&)> on_change_;
  const OnIdentified on_identified_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool service_running_ = false;
  absl::Status service_ = NotAnswering();
  bool complete_ = false;
  ReaderTable table_;
  // The context that waits, where one does.
  std::optional<SCARDCONTEXT> waiting_;
  std::atomic<bool> quiet_ = false;
  std::mutex stop_mutex_;
  std::stop_source stop_;
  bool ended_ = false;
  std::thread thread_;
};

void MonitorImpl::Stop() {
  const std::lock_guard stopping(stop_mutex_);
  if (!thread_.joinable()) return;
  quiet_ = true;
  stop_.request_stop();
  // On a thread of its own, since Cancel waits for the service as well.
  std::thread waker([self = shared_from_this()] { self->Wake(); });
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoNanoseconds(kStopPatience), [this] { return ended_; });
  const bool ended = ended_;
  lock.unlock();
  if (ended) {
    thread_.join();
    waker.join();
    return;
  }
  LogWarning("the smart-card service hangs; a call to it is left behind");
  thread_.detach();
  waker.detach();
}

void MonitorImpl::Wake() {
  std::unique_lock lock(mutex_);
  // A Cancel that comes before the wait has begun is lost: say it until it was heard.
  while (waiting_ && !ended_) {
    const SCARDCONTEXT context = *waiting_;
    lock.unlock();
    pcsc_->Cancel(context);
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(10), [this] { return !waiting_; });
  }
}

void MonitorImpl::Loop(const std::stop_token& stop) {
  absl::Duration pause = kShortestPause;
  while (!stop.stop_requested()) {
    PcscContext context(*pcsc_);
    LONG code = context.Establish();
    bool worked = false;
    if (code == SCARD_S_SUCCESS) code = Watch(context, stop, worked);
    // Who was let in and is thrown out later has lost a service that ended.
    if (worked) code = OnceConnected(code);
    if (worked) pause = kShortestPause;
    if (stop.stop_requested()) return;
    LogDebug("watching readers ended with {:08X}; asking again in {} ms",
             static_cast<uint32_t>(code), absl::ToInt64Milliseconds(pause));
    context.Release();
    ServiceGone(ServiceError(*pcsc_, code));
    Rest(stop, pause);
  }
}

void MonitorImpl::Rest(const std::stop_token& stop, absl::Duration& pause) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, absl::ToChronoMilliseconds(pause), [] { return false; });
  pause = pause == absl::ZeroDuration() ? kShortestPause : std::min(pause * 2, kLongestPause);
}

LONG MonitorImpl::Watch(PcscContext& context, const std::stop_token& stop, bool& worked) {
  absl::Duration pause;
  while (true) {
    std::vector<std::string> names;
    if (const LONG code = pcsc_->ListReaders(context.get(), names); code != SCARD_S_SUCCESS) {
      return code;
    }
    std::vector<SCARD_READERSTATE> states;
    bool changed = false;
    {
      const std::lock_guard lock(mutex_);
      service_running_ = true;
      service_ = absl::OkStatus();
      SetReaders(names);
      states = table_.StatesToWaitFor();
      // Readers that were not looked at yet are shown after the first look.
      if (std::all_of(states.begin(), states.end(), [](const auto& state) {
            return state.szReader == kPlugAndPlay || state.dwCurrentState != 0;
          })) {
        complete_ = true;
        changed = Publish();
      }
    }
    if (changed) Tell();
    {
      const std::lock_guard lock(mutex_);
      if (stop.stop_requested()) return SCARD_E_CANCELLED;
      waiting_ = context.get();
    }
    const LONG code = pcsc_->GetStatusChange(context.get(), states);
    {
      const std::lock_guard lock(mutex_);
      waiting_.reset();
      wake_.notify_all();
    }
    if (stop.stop_requested()) return SCARD_E_CANCELLED;
    // A reader that went while we looked: list them anew, and with pauses where the service
    // keeps to a list that it does not know itself.
    if (code == SCARD_E_UNKNOWN_READER || code == SCARD_E_TIMEOUT || code == SCARD_E_CANCELLED) {
      Rest(stop, pause);
      continue;
    }
    if (code != SCARD_S_SUCCESS) return code;
    pause = absl::ZeroDuration();
    worked = true;
    TakeStates(states);
  }
}

void MonitorImpl::SetReaders(const std::vector<std::string>& names) {
  // Their threads' contexts never recover.
  for (const std::string& gone : table_.SetReaders(names)) workers_->Retire(gone);
}

void MonitorImpl::TakeStates(const std::vector<SCARD_READERSTATE>& states) {
  const bool held = std::any_of(states.begin(), states.end(), [](const auto& state) {
    return (state.dwEventState & SCARD_STATE_CHANGED) != 0 &&
           (state.dwEventState & SCARD_STATE_EXCLUSIVE) != 0;
  });
  // Takes a while: not with the lock held.
  const std::vector<std::string> holders =
      held ? pcsc_->OtherPrograms() : std::vector<std::string>();
  ReaderTable::Questions questions;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    questions = table_.TakeStates(states, holders);
    complete_ = true;
    changed = Publish();
  }
  if (changed) Tell();
  for (const CardFacts& facts : questions.cards) Ask(facts);
  for (const auto& [name, plugged] : questions.keys) AskKeys(name, plugged);
}

void MonitorImpl::Ask(const CardFacts& facts) {
  workers_->Run<IdentifiedCard>(
      facts.reader,
      [families = families_, on_identified = on_identified_, facts](CardEnvironment& environment) {
        auto identified = families->Identify(environment, facts);
        if (identified.ok() && on_identified) on_identified(environment, facts, *identified);
        return identified;
      },
      [weak = weak_from_this(), facts](const absl::StatusOr<IdentifiedCard>& identified) {
        if (const auto self = weak.lock()) {
          self->TakeIdentity(facts.reader, facts.insertion, identified);
        }
      });
}

void MonitorImpl::TakeIdentity(const std::string& name, uint64_t insertion,
                               const absl::StatusOr<IdentifiedCard>& identified) {
  ReaderTable::Taken taken;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    taken = table_.TakeIdentity(name, insertion, identified);
    changed = taken.current && Publish();
  }
  if (taken.ask_again) AskLater(name, insertion, *taken.ask_again);
  if (changed) Tell();
}

void MonitorImpl::AskKeys(const std::string& name, uint64_t plugged) {
  workers_->Run<PinpadFeatures>(
      name, [](CardEnvironment& environment) { return AskPinpadFeatures(environment); },
      [weak = weak_from_this(), name, plugged](const absl::StatusOr<PinpadFeatures>& features) {
        if (const auto self = weak.lock()) self->TakeKeys(name, plugged, features);
      });
}

void MonitorImpl::TakeKeys(const std::string& name, uint64_t plugged,
                           const absl::StatusOr<PinpadFeatures>& features) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = table_.TakeKeys(name, plugged, features) && Publish();
  }
  if (changed) Tell();
}

void MonitorImpl::AskAgain(const std::string& pcsc_name) {
  std::optional<CardFacts> facts;
  {
    const std::lock_guard lock(mutex_);
    facts = table_.BeginAnew(pcsc_name);
    if (!facts) return;
    Publish();
  }
  Tell();
  Ask(*facts);
}

void MonitorImpl::Doubt(const std::string& pcsc_name) {
  uint64_t insertion = 0;
  {
    const std::lock_guard lock(mutex_);
    insertion = table_.InsertionIn(pcsc_name);
  }
  timer_->Schedule(kDoubtPause, [weak = weak_from_this(), pcsc_name, insertion] {
    const auto self = weak.lock();
    if (self == nullptr || self->quiet_) return;
    {
      const std::lock_guard lock(self->mutex_);
      if (self->table_.InsertionIn(pcsc_name) != insertion) return;
    }
    self->AskAgain(pcsc_name);
  });
}

void MonitorImpl::AskLater(const std::string& name, uint64_t insertion, absl::Duration delay) {
  timer_->Schedule(delay, [weak = weak_from_this(), name, insertion] {
    const auto self = weak.lock();
    if (self == nullptr || self->quiet_) return;
    std::optional<CardFacts> facts;
    {
      const std::lock_guard lock(self->mutex_);
      facts = self->table_.AskOnceMore(name, insertion);
    }
    if (facts) self->Ask(*facts);
  });
}

void MonitorImpl::ServiceGone(const absl::Status& why) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    service_running_ = false;
    service_ = why;
    complete_ = true;
    SetReaders({});
    changed = Publish();
  }
  if (changed) Tell();
}

bool MonitorImpl::Publish() {
  auto next = std::make_shared<Snapshot>();
  next->service_running = service_running_;
  next->service = service_;
  next->complete = complete_;
  next->readers = table_.Seen();
  const bool changed = !LookAlike(*next, *snapshot_);
  if (changed) snapshot_ = std::move(next);
  return changed;
}

// Keeps the implementation shared, so that answers that come late find it or nothing.
class MonitorHandle final : public Monitor {
 public:
  explicit MonitorHandle(std::shared_ptr<MonitorImpl> monitor) : monitor_(std::move(monitor)) {}
  ~MonitorHandle() override { monitor_->Stop(); }
  [[nodiscard]] std::shared_ptr<const Snapshot> Current() const override {
    return monitor_->Current();
  }
  void AskAgain(const std::string& pcsc_name) override { monitor_->AskAgain(pcsc_name); }
  void Doubt(const std::string& pcsc_name) override { monitor_->Doubt(pcsc_name); }
  void Stop() override { monitor_->Stop(); }

 private:
  const std::shared_ptr<MonitorImpl> monitor_;
};

}  // namespace

std::unique_ptr<Monitor> Monitor::Start(std::shared_ptr<Pcsc> pcsc,
                                        std::shared_ptr<CardWorkers> workers,
                                        std::shared_ptr<Timer> timer,
                                        std::shared_ptr<const CardFamilies> families,
                                        std::function<void(const Monitor&)> on_change,
                                        OnIdentified on_identified) {
  auto monitor = std::make_shared<MonitorImpl>(std::move(pcsc), std::move(workers),
                                               std::move(timer), std::move(families),
                                               std::move(on_change), std::move(on_identified));
  monitor->StartThread();
  return std::make_unique<MonitorHandle>(std::move(monitor));
}

}  // namespace ilkimza::agent
