#include "agent/link/server_link.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/link/attachment.h"
#include "agent/link/report_outbox.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

using v1::AttachAgentRequest;
using v1::AttachAgentResponse;

absl::Duration FromProtoDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// Waits are measured by the clock that nobody sets: a PC that corrects its time
// must not sleep for hours.
absl::Time MonotonicNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

std::chrono::steady_clock::time_point ToSteady(absl::Time time) {
  return std::chrono::steady_clock::time_point(absl::ToChronoNanoseconds(time - absl::UnixEpoch()));
}

// A directive that could not have come from our server is not acted on.
absl::Status CheckDirective(const v1::RunStep& directive) {
  if (directive.journey().empty() || directive.journey().size() > 256) {
    return absl::InvalidArgumentError("its journey's name is missing or too long");
  }
  if (directive.directive_id() <= 0) return absl::InvalidArgumentError("its id is not positive");
  if (!v1::StepKind_IsValid(directive.step()) || directive.step() == v1::STEP_KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError("its step is not known to this version");
  }
  if (directive.card_serials_size() > 64) {
    return absl::InvalidArgumentError("it names too many cards");
  }
  return absl::OkStatus();
}

// Goes on while the PC sleeps.
absl::Duration SinceBoot() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return absl::DurationFromTimespec(time);
}

std::string StepName(v1::StepKind step) { return v1::StepKind_Name(step).substr(10); }

}  // namespace

// One thread keeps the line: attach, wait for its end, wait, attach again. What
// comes down the stream is handled on gRPC's threads.
class ServerLink::Impl {
 public:
  Impl(ServerLinkOptions options, Dial dial, DirectiveSink& sink)
      : options_(std::move(options)),
        dial_(std::move(dial)),
        sink_(sink),
        backoff_(options_.backoff) {
    if (!options_.random) options_.random = MachineRandomness();
  }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void Stop();

  void Report(const v1::StepReport& report);
  void Progress(std::string_view journey, int64_t directive_id, v1::Actor turn);
  void CardChanged(std::string_view card_serial);
  void WithServer(absl::Duration patience, UseChannel use);
  void RefuseWaiters();
  bool attached() const {
    const std::lock_guard lock(mutex_);
    return welcomed_;
  }
  std::optional<absl::Duration> clock_ahead() const {
    const std::lock_guard lock(mutex_);
    if (!welcomed_ || !server_started_) return std::nullopt;
    return absl::Now() - (*server_started_ + SinceBoot());
  }

 private:
  struct Waiter {
    absl::Time deadline;
    UseChannel use;
  };
  using Lock = std::unique_lock<std::mutex>;

  void Run();
  // One attachment, from dialling to its end.
  void AttachOnce(Lock& lock);
  // Until the attachment is over, or has to be ended.
  void HoldAttachment(Lock& lock, Attachment& attachment, absl::Time expiry);
  void WaitForNextAttempt(Lock& lock);
  // Sleeps until `time`, a notification or the first waiter's deadline, and fails
  // the waiters whose time is up. The caller looks again at what it waits for.
  void WaitUntil(Lock& lock, absl::Time time);
  AttachAgentRequest Hello(Lock& lock);

  void OnMessage(const AttachAgentResponse& message);
  void OnWelcome(const AttachAgentResponse::Welcome& welcome);
  void OnRunStep(const v1::RunStep& directive);
  void OnDone(const grpc::Status& status);

  // With `mutex_` held.
  void SendLocked(AttachAgentRequest message) {
    if (welcomed_ && attachment_ != nullptr) attachment_->Send(std::move(message));
  }
  void SendReportLocked(const v1::StepReport& report);
  void SendCardLocked();
  [[nodiscard]] absl::Status WhyNotAttached() const;
  // Releases the lock while it calls them.
  void Answer(Lock& lock, const std::vector<Waiter>& waiters,
              const absl::StatusOr<std::shared_ptr<grpc::Channel>>& answer);

  ServerLinkOptions options_;
  const Dial dial_;
  DirectiveSink& sink_;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool refusing_ = false;
  Backoff backoff_;
  ReportOutbox outbox_;
  std::string card_serial_;
  std::vector<Waiter> waiters_;
  // Why the last attempt failed or the last attachment ended.
  absl::Status last_error_;

  // Of the present attachment.
  Attachment* attachment_ = nullptr;
  std::shared_ptr<grpc::Channel> channel_;
  std::string hello_serial_;
  bool welcomed_ = false;
  // By the server's clock, when this PC was started: a clock that is put right later
  // shows at once.
  std::optional<absl::Time> server_started_;
  bool going_away_ = false;
  bool done_ = true;
};

void ServerLink::Impl::Stop() {
  RefuseWaiters();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ServerLink::Impl::Report(const v1::StepReport& report) {
  const std::lock_guard lock(mutex_);
  if (outbox_.Add(report)) SendReportLocked(report);
}

void ServerLink::Impl::Progress(std::string_view journey, int64_t directive_id, v1::Actor turn) {
  AttachAgentRequest message;
  auto& progress = *message.mutable_step_progress();
  progress.set_journey(std::string(journey));
  progress.set_directive_id(directive_id);
  progress.set_turn(turn);
  const std::lock_guard lock(mutex_);
  SendLocked(std::move(message));
}

void ServerLink::Impl::CardChanged(std::string_view card_serial) {
  const std::lock_guard lock(mutex_);
  if (card_serial_ == card_serial) return;
  card_serial_ = card_serial;
  SendCardLocked();
}

void ServerLink::Impl::SendReportLocked(const v1::StepReport& report) {
  AttachAgentRequest message;
  *message.mutable_step_report() = report;
  SendLocked(std::move(message));
}

void ServerLink::Impl::SendCardLocked() {
  AttachAgentRequest message;
  message.mutable_card_report()->set_card_serial(card_serial_);
  SendLocked(std::move(message));
}

void ServerLink::Impl::WithServer(absl::Duration patience, UseChannel use) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> answer;
  {
    const std::lock_guard lock(mutex_);
    if (refusing_) {
      answer = MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                         "The agent is shutting down. Try again in a moment.");
    } else if (welcomed_ && !done_) {
      answer = channel_;
    } else {
      waiters_.push_back({MonotonicNow() + patience, std::move(use)});
      changed_.notify_all();
      return;
    }
  }
  use(std::move(answer));
}

void ServerLink::Impl::RefuseWaiters() {
  Lock lock(mutex_);
  refusing_ = true;
  Answer(lock, std::exchange(waiters_, {}),
         MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                   "The agent is shutting down. Try again in a moment."));
}

void ServerLink::Impl::Answer(Lock& lock, const std::vector<Waiter>& waiters,
                              const absl::StatusOr<std::shared_ptr<grpc::Channel>>& answer) {
  if (waiters.empty()) return;
  lock.unlock();
  for (const Waiter& waiter : waiters) waiter.use(answer);
  lock.lock();
}

absl::Status ServerLink::Impl::WhyNotAttached() const {
  if (ReasonOf(last_error_) != v1::ERROR_REASON_UNSPECIFIED) return last_error_;
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
                   absl::StrCat("The server '", options_.server_address, "' cannot be reached",
                                last_error_.ok() ? "" : " (", std::string(last_error_.message()),
                                last_error_.ok() ? "" : ")",
                                ". Nothing is lost; check the network and try again in a moment."));
}

void ServerLink::Impl::Run() {
  Lock lock(mutex_);
  while (!stopping_) {
    AttachOnce(lock);
    if (!stopping_) WaitForNextAttempt(lock);
  }
}

AttachAgentRequest ServerLink::Impl::Hello(Lock& lock) {
  AttachAgentRequest message;
  auto& hello = *message.mutable_hello();
  hello.set_agent(options_.agent);
  hello.set_version(options_.version);
  *hello.mutable_profile() = options_.profile;
  hello_serial_ = card_serial_;
  hello.set_card_serial(card_serial_);
  lock.unlock();
  for (auto& conversation : sink_.Conversations()) {
    *hello.add_conversations() = std::move(conversation);
  }
  lock.lock();
  return message;
}

void ServerLink::Impl::AttachOnce(Lock& lock) {
  AttachAgentRequest hello = Hello(lock);
  lock.unlock();
  absl::StatusOr<Dialled> dialled = dial_();
  lock.lock();
  if (!dialled.ok()) {
    last_error_ = dialled.status();
    LogError("The server cannot be dialled: {}", std::string(last_error_.message()));
  } else {
    welcomed_ = going_away_ = done_ = false;
    server_started_.reset();
    channel_ = dialled->channel;
    lock.unlock();
    auto attachment = Attachment::Start(
        dialled->channel, std::move(hello),
        {.on_message = [this](const AttachAgentResponse& message) { OnMessage(message); },
         .on_server_time =
             [this](absl::Time time) {
               const std::lock_guard guard(mutex_);
               server_started_ = time - SinceBoot();
             },
         .on_done = [this](const grpc::Status& status) { OnDone(status); }});
    lock.lock();
    attachment_ = attachment.get();
    // The welcome may have come before.
    if (welcomed_) {
      for (const auto& report : outbox_.Pending()) SendReportLocked(report);
      if (card_serial_ != hello_serial_) SendCardLocked();
    }
    HoldAttachment(lock, *attachment, MonotonicNow() + (dialled->expiry - absl::Now()));
    attachment_ = nullptr;
    welcomed_ = false;
    auto channel = std::move(channel_);
    lock.unlock();
    // Here, on our own thread and without the lock: see Attachment.
    attachment.reset();
    channel.reset();
    dialled->channel.reset();
    lock.lock();
  }
  if (!stopping_) Answer(lock, std::exchange(waiters_, {}), WhyNotAttached());
}

void ServerLink::Impl::HoldAttachment(Lock& lock, Attachment& attachment, absl::Time expiry) {
  const absl::Time attach_by = MonotonicNow() + options_.attach_timeout;
  absl::Time cancel_at = absl::InfiniteFuture();
  while (!done_) {
    const absl::Time now = MonotonicNow();
    const bool leave = stopping_ || going_away_ || now >= expiry;
    if (leave && cancel_at == absl::InfiniteFuture()) {
      attachment.End();
      cancel_at = now + options_.farewell;
    }
    if (now >= cancel_at || (!welcomed_ && now >= attach_by)) {
      attachment.Cancel();
      changed_.wait(lock, [&] { return done_; });
      break;
    }
    WaitUntil(lock, std::min({cancel_at, welcomed_ ? absl::InfiniteFuture() : attach_by,
                              leave ? absl::InfiniteFuture() : expiry}));
  }
}

void ServerLink::Impl::WaitForNextAttempt(Lock& lock) {
  const absl::Time now = MonotonicNow();
  const absl::Duration delay = backoff_.NextDelay(now, options_.random());
  absl::Time next = now + delay;
  LogInfo("Trying the server again in {}", absl::FormatDuration(delay));
  bool hurried = false;
  while (!stopping_ && MonotonicNow() < next) {
    if (!waiters_.empty() && !hurried) {
      hurried = true;
      const absl::Time present = MonotonicNow();
      next = present + backoff_.ImpatientDelay(next - present, options_.random());
    }
    WaitUntil(lock, next);
  }
}

void ServerLink::Impl::WaitUntil(Lock& lock, absl::Time time) {
  absl::Time wake = time;
  for (const Waiter& waiter : waiters_) wake = std::min(wake, waiter.deadline);
  if (wake == absl::InfiniteFuture()) {
    changed_.wait(lock);
  } else {
    changed_.wait_until(lock, ToSteady(wake));
  }
  const absl::Time now = MonotonicNow();
  const auto late = std::partition(waiters_.begin(), waiters_.end(),
                                   [now](const Waiter& waiter) { return waiter.deadline > now; });
  std::vector<Waiter> expired(std::make_move_iterator(late),
                              std::make_move_iterator(waiters_.end()));
  waiters_.erase(late, waiters_.end());
  Answer(lock, expired, WhyNotAttached());
}

void ServerLink::Impl::OnMessage(const AttachAgentResponse& message) {
  switch (message.kind_case()) {
    case AttachAgentResponse::kWelcome:
      return OnWelcome(message.welcome());
    case AttachAgentResponse::kRunStep:
      return OnRunStep(message.run_step());
    case AttachAgentResponse::kStopStep:
      return sink_.OnStopStep(message.stop_step().journey(), message.stop_step().directive_id());
    case AttachAgentResponse::kCloseConversation:
      return sink_.OnCloseConversation(message.close_conversation().journey());
    case AttachAgentResponse::kReportTaken: {
      const std::lock_guard lock(mutex_);
      return outbox_.Taken(message.report_taken().journey(), message.report_taken().directive_id());
    }
    case AttachAgentResponse::kGoAway: {
      const std::lock_guard lock(mutex_);
      backoff_.OnGoAway(FromProtoDuration(message.go_away().reattach_spread()));
      going_away_ = true;
      changed_.notify_all();
      return;
    }
    case AttachAgentResponse::KIND_NOT_SET:
      LogWarning("The server sent a message this version does not know; it was ignored");
  }
}

void ServerLink::Impl::OnWelcome(const AttachAgentResponse::Welcome& welcome) {
  Lock lock(mutex_);
  if (welcomed_) return;
  LogInfo("Attached to the server '{}' as {}", options_.server_address, options_.agent);
  backoff_.OnWelcome(MonotonicNow(), FromProtoDuration(welcome.reattach_spread()));
  last_error_ = absl::OkStatus();
  welcomed_ = true;
  for (const auto& report : outbox_.Pending()) SendReportLocked(report);
  if (card_serial_ != hello_serial_) SendCardLocked();
  changed_.notify_all();
  Answer(lock, std::exchange(waiters_, {}), channel_);
  lock.unlock();
  if (options_.on_attached) options_.on_attached();
}

void ServerLink::Impl::OnRunStep(const v1::RunStep& directive) {
  if (const absl::Status status = CheckDirective(directive); !status.ok()) {
    LogWarning("A directive of the server was ignored: {}", std::string(status.message()));
    return;
  }
  LogInfo("{}: directive {}, step {}", directive.journey(), directive.directive_id(),
          StepName(directive.step()));
  {
    const std::lock_guard lock(mutex_);
    outbox_.ForgetBefore(directive.journey(), directive.directive_id());
  }
  sink_.OnRunStep(directive);
}

void ServerLink::Impl::OnDone(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  last_error_ = FromGrpcStatus(status);
  if (!stopping_) {
    LogWarning("The stream to the server '{}' {}: {}", options_.server_address,
               welcomed_ ? "ended" : "could not be opened",
               status.ok() ? "in good order" : status.error_message());
  }
  done_ = true;
  changed_.notify_all();
}

ServerLink::ServerLink(ServerLinkOptions options, Dial dial, DirectiveSink& sink)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(dial), sink)) {}
ServerLink::~ServerLink() { Stop(); }
void ServerLink::Start() { impl_->Start(); }
void ServerLink::Stop() { impl_->Stop(); }
void ServerLink::Report(const v1::StepReport& report) { impl_->Report(report); }
void ServerLink::Progress(std::string_view journey, int64_t directive_id, v1::Actor turn) {
  impl_->Progress(journey, directive_id, turn);
}
void ServerLink::CardChanged(std::string_view card_serial) { impl_->CardChanged(card_serial); }
void ServerLink::WithServer(absl::Duration patience, UseChannel use) {
  impl_->WithServer(patience, std::move(use));
}
void ServerLink::RefuseWaiters() { impl_->RefuseWaiters(); }
bool ServerLink::attached() const { return impl_->attached(); }

std::optional<absl::Duration> ServerLink::clock_ahead() const { return impl_->clock_ahead(); }

}  // namespace ilkimza::agent
