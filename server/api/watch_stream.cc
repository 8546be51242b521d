#include "server/api/watch_stream.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/error.h"
#include "server/journey/directive.h"

namespace ilkimza::server {
namespace {

// How long a revoked certificate may go unnoticed while nothing happens.
constexpr absl::Duration kLook = absl::Seconds(10);

class WatchStream : public grpc::ServerWriteReactor<v1::WatchJourneyResponse>, public Watcher {
 public:
  WatchStream(Engine& engine, const Access& access, const Caller& caller, const std::string& name,
              int64_t after_revision)
      : engine_(engine),
        access_(access),
        caller_(caller),
        name_(name),
        sent_revision_(after_revision) {}

  void Start(const std::shared_ptr<WatchStream>& self) {
    self_ = self;
    // gRPC keeps a stream whose certificate has ended, and knows nothing of one revoked.
    if (caller_.expiry != absl::InfiniteFuture()) {
      const std::lock_guard lock(mutex_);
      LookLater();
    }
    const auto watching = engine_.Watch(name_, this);
    if (!watching.ok()) return End(watching.status());
    if (*watching) return;
    const auto ended = engine_.Get(name_);
    if (!ended.ok()) return End(ended.status());
    OnJourney(*ended);
  }

  void OnJourney(const JourneyPtr& journey) override {
    const std::lock_guard lock(mutex_);
    latest_ = journey;
    Proceed();
  }

  void OnShutdown() override {
    End(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                  "The server is shutting down; watch again in a moment."));
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    if (!ok && !end_) end_ = grpc::Status::CANCELLED;
    Proceed();
  }

  void OnCancel() override { End(absl::CancelledError()); }

  void OnDone() override {
    engine_.Unwatch(name_, this);
    std::shared_ptr<WatchStream> self;
    const std::lock_guard lock(mutex_);
    alarm_.reset();
    self = std::move(self_);
  }

 private:
  void End(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = ToGrpcStatus(status);
    Proceed();
  }

  // With the lock held.
  void LookLater() {
    const absl::Time next = std::min(caller_.expiry, absl::Now() + kLook);
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(absl::ToChronoTime(next), [self = std::weak_ptr<WatchStream>(self_)](bool rang) {
      if (!rang) return;
      if (const auto stream = self.lock()) stream->Look();
    });
  }

  void Look() {
    const absl::Status status = access_.IsStillGood(caller_);
    if (!status.ok()) return End(status);
    const std::lock_guard lock(mutex_);
    // Where the stream is over, nobody would take the alarm away.
    if (self_ != nullptr && !is_finished_) LookLater();
  }

  // The next write, or the end; with the lock held.
  void Proceed() {
    if (is_writing_ || is_finished_) return;
    if (!end_) {
      const absl::Status status = access_.IsStillGood(caller_);
      if (!status.ok()) end_ = ToGrpcStatus(status);
    }
    const bool has_news = latest_ != nullptr && latest_->revision() > sent_revision_;
    if (!end_ && has_news) {
      sent_revision_ = latest_->revision();
      *response_.mutable_journey() = *latest_;
      is_writing_ = true;
      StartWrite(&response_);
    } else if (end_ || (latest_ != nullptr && HasEnded(*latest_))) {
      is_finished_ = true;
      Finish(end_.value_or(grpc::Status::OK));
    }
  }

  Engine& engine_;
  const Access& access_;
  const Caller caller_;
  const std::string name_;
  std::shared_ptr<WatchStream> self_;
  std::mutex mutex_;
  JourneyPtr latest_;
  int64_t sent_revision_;
  v1::WatchJourneyResponse response_;
  bool is_writing_ = false;
  bool is_finished_ = false;
  std::optional<grpc::Status> end_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchJourneyResponse>* RefuseWatch(const absl::Status& status) {
  class Refusal : public grpc::ServerWriteReactor<v1::WatchJourneyResponse> {
   public:
    explicit Refusal(const absl::Status& why) { Finish(ToGrpcStatus(why)); }
    void OnDone() override { delete this; }
  };
  return new Refusal(status);
}

grpc::ServerWriteReactor<v1::WatchJourneyResponse>* StartWatch(Engine& engine, const Access& access,
                                                               const Caller& caller,
                                                               const std::string& journey,
                                                               int64_t after_revision) {
  auto stream = std::make_shared<WatchStream>(engine, access, caller, journey, after_revision);
  stream->Start(stream);
  return stream.get();
}

}  // namespace ilkimza::server
