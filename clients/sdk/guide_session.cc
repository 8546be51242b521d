#include "clients/sdk/guide_session.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <random>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/redact.h"

namespace ilkimza::client {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A watch that breaks is opened again after these: soon, then calmly.
constexpr milliseconds kFirstDelay{100};
constexpr milliseconds kLastDelay{1000};

template <typename T>
absl::StatusOr<GuideResponse> Wrap(absl::StatusOr<T> result) {
  if (!result.ok()) return std::move(result).status();
  return GuideResponse(*std::move(result));
}

// For calls whose answer says nothing that the guide wants.
template <typename T>
absl::StatusOr<GuideResponse> Taken(const absl::StatusOr<T>& result) {
  if (!result.ok()) return result.status();
  return GuideResponse();
}

struct Caller {
  AgentClient& agent;

  absl::StatusOr<GuideResponse> operator()(v1::ListJourneysRequest& request) const {
    return Wrap(agent.ListJourneys(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::GetJourneyRequest& request) const {
    return Wrap(agent.GetJourney(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::CreateJourneyRequest& request) const {
    return Wrap(agent.CreateJourney(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::RetryJourneyRequest& request) const {
    return Wrap(agent.RetryJourney(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::CancelJourneyRequest& request) const {
    return Wrap(agent.CancelJourney(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::AnswerScreenRequest& request) const {
    const WipeSecretsGuard wipe(request);
    if (absl::Status status = agent.AnswerScreen(request); !status.ok()) return status;
    return GuideResponse();
  }
  absl::StatusOr<GuideResponse> operator()(const ListCardsCall&) const {
    return Wrap(agent.ListCards());
  }
  absl::StatusOr<GuideResponse> operator()(v1::GetPinStateRequest& request) const {
    return Wrap(agent.GetPinState(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::VerifyPinRequest& request) const {
    const WipeSecretsGuard wipe(request);
    return Taken(agent.VerifyPin(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::ChangePinRequest& request) const {
    const WipeSecretsGuard wipe(request);
    return Taken(agent.ChangePin(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::UnblockPinRequest& request) const {
    const WipeSecretsGuard wipe(request);
    return Taken(agent.UnblockPin(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::ListCertificatesRequest& request) const {
    return Wrap(agent.ListCertificates(request));
  }
  absl::StatusOr<GuideResponse> operator()(v1::TestSignRequest& request) const {
    const WipeSecretsGuard wipe(request);
    return Taken(agent.TestSign(request));
  }
};

GuideOptions Complete(GuideOptions options) {
  if (!options.new_request_id) options.new_request_id = NewRequestId;
  return options;
}

}  // namespace

std::string NewRequestId() {
  std::random_device random;
  std::array<unsigned char, 16> bytes{};
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<unsigned char>(random()); });
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string id;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += kHex[bytes[i] >> 4];
    id += kHex[bytes[i] & 0x0f];
  }
  return id;
}

class GuideSession::Impl {
 public:
  Impl(AgentClient& agent, GuideOptions options)
      : agent_(agent),
        event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        guide_(Complete(std::move(options))) {
    caller_ = std::jthread([this](const std::stop_token& stop) { RunCalls(stop); });
    Post([](Guide& guide) { guide.Begin(); });
  }

  ~Impl() {
    agent_.Abandon();
    StopWatches();
    caller_.request_stop();
    changed_.notify_all();
    if (caller_.joinable()) caller_.join();
    for (std::jthread& watch : watches_) {
      if (watch.joinable()) watch.join();
    }
    close(event_fd_);
  }

  [[nodiscard]] int event_fd() const { return event_fd_; }

  std::optional<GuideEvent> NextEvent() {
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return std::nullopt;
    GuideEvent event = std::move(events_.front());
    events_.pop_front();
    if (events_.empty()) {
      eventfd_t ignored = 0;
      eventfd_read(event_fd_, &ignored);
    }
    return event;
  }

  template <typename Input>
  void Post(const Input& input) {
    const std::lock_guard lock(mutex_);
    input(guide_);
    for (GuideAction& action : guide_.TakeActions()) {
      std::visit([this](auto& wanted) { this->Do(wanted); }, action);
    }
    if (guide_.finished()) RequestStopLocked();
  }

 private:
  static constexpr size_t kWatches = 3;

  // All with the lock held.
  void Do(EmitEvent& emit) {
    events_.push_back(std::move(emit.event));
    eventfd_write(event_fd_, 1);
  }
  void Do(MakeCall& call) {
    calls_.push_back(std::move(call));
    changed_.notify_all();
  }
  void Do(StartWatches& start) {
    journey_ = start.journey;
    for (const Watch watch : {Watch::kJourney, Watch::kScreen, Watch::kReaders}) {
      watches_[static_cast<size_t>(watch)] =
          std::jthread([this, watch](const std::stop_token& stop) { RunWatch(watch, stop); });
    }
  }
  void Do(RestartWatch& restart) { attempts_[static_cast<size_t>(restart.watch)].request_stop(); }
  void Do(WakeAfter& wake) {
    const auto at = Steady::now() + absl::ToChronoMilliseconds(wake.delay);
    wake_at_ = wake_at_ ? std::min(*wake_at_, at) : at;
    changed_.notify_all();
  }
  void RequestStopLocked() {
    for (std::jthread& watch : watches_) watch.request_stop();
    changed_.notify_all();
  }

  void StopWatches() {
    const std::lock_guard lock(mutex_);
    RequestStopLocked();
  }

  void RunCalls(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!calls_.empty()) {
        MakeCall call = std::move(calls_.front());
        calls_.pop_front();
        lock.unlock();
        auto result = std::visit(Caller{agent_}, call.request);
        Post([&](Guide& guide) { guide.OnResult(call.id, std::move(result)); });
        lock.lock();
      } else if (wake_at_ && Steady::now() >= *wake_at_) {
        wake_at_.reset();
        lock.unlock();
        Post([](Guide& guide) { guide.OnWake(); });
        lock.lock();
      } else if (wake_at_) {
        changed_.wait_until(lock, stop, *wake_at_, [this] { return !calls_.empty(); });
      } else {
        changed_.wait(lock, stop, [this] { return !calls_.empty() || wake_at_; });
      }
    }
  }

  // Opens a watch again and again, until stopped.
  void RunWatch(Watch watch, const std::stop_token& stop) {
    milliseconds delay = kFirstDelay;
    while (!stop.stop_requested()) {
      std::stop_source attempt;
      {
        const std::lock_guard lock(mutex_);
        attempts_[static_cast<size_t>(watch)] = attempt;
      }
      const std::stop_callback end(stop, [&attempt] { attempt.request_stop(); });
      bool told = false;
      const absl::Status status = Open(watch, attempt.get_token(), told);
      if (stop.stop_requested()) return;
      if (told) delay = kFirstDelay;
      if (attempt.stop_requested()) continue;
      if (!status.ok()) {
        Post([&](Guide& guide) { guide.OnWatchLost(watch, status); });
      }
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, delay, [] { return false; });
      delay = std::min(delay * 2, kLastDelay);
    }
  }

  absl::Status Open(Watch watch, const std::stop_token& stop, bool& told) {
    switch (watch) {
      case Watch::kJourney: {
        v1::WatchJourneyRequest request;
        request.set_name(journey_);
        {
          // The last revision is told once more, so that a watch that was broken is
          // known to be whole again.
          const std::lock_guard lock(mutex_);
          request.set_after_revision(std::max<int64_t>(revision_ - 1, 0));
        }
        return agent_.WatchJourney(request, stop, [&](v1::Journey journey) {
          told = true;
          Post([&](Guide& guide) {
            revision_ = std::max(revision_, journey.revision());
            guide.OnJourney(std::move(journey));
          });
        });
      }
      case Watch::kScreen: {
        v1::WatchScreenRequest request;
        request.set_journey(journey_);
        return agent_.WatchScreen(request, stop, [&](v1::Screen screen) {
          told = true;
          Post([&](Guide& guide) { guide.OnScreen(std::move(screen)); });
        });
      }
      case Watch::kReaders:
        return agent_.WatchReaders(stop, [&](const v1::WatchReadersResponse& readers) {
          told = true;
          Post([&](Guide& guide) { guide.OnReaders(readers); });
        });
    }
    return absl::OkStatus();
  }

  AgentClient& agent_;
  const int event_fd_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Guide guide_;
  std::deque<GuideEvent> events_;
  std::deque<MakeCall> calls_;
  std::optional<Steady::time_point> wake_at_;
  // Written once, before the watches start.
  std::string journey_;
  int64_t revision_ = 0;
  std::array<std::stop_source, kWatches> attempts_;
  std::array<std::jthread, kWatches> watches_;
  std::jthread caller_;
};

GuideSession::GuideSession(AgentClient& agent, GuideOptions options)
    : impl_(std::make_unique<Impl>(agent, std::move(options))) {}
GuideSession::~GuideSession() = default;

int GuideSession::event_fd() const { return impl_->event_fd(); }
std::optional<GuideEvent> GuideSession::NextEvent() { return impl_->NextEvent(); }

void GuideSession::OnAnswer(Answer answer) {
  impl_->Post([&](Guide& guide) { guide.OnAnswer(std::move(answer)); });
}
void GuideSession::Cancel() {
  impl_->Post([](Guide& guide) { guide.Cancel(); });
}
void GuideSession::Leave() {
  impl_->Post([](Guide& guide) { guide.Leave(); });
}
void GuideSession::OnInputEnded() {
  impl_->Post([](Guide& guide) { guide.OnInputEnded(); });
}

}  // namespace ilkimza::client
