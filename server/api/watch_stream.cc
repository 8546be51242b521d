#include "server/api/watch_stream.h"

#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "server/journey/directive.h"

namespace ilkimza::server {
namespace {

class WatchStream : public grpc::ServerWriteReactor<v1::WatchJourneyResponse>, public Watcher {
 public:
  WatchStream(Engine& engine, const std::string& name, int64_t after_revision)
      : engine_(engine), name_(name), sent_revision_(after_revision) {}

  void Start() {
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
    delete this;
  }

 private:
  void End(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = ToGrpcStatus(status);
    Proceed();
  }

  // The next write, or the end; with the lock held.
  void Proceed() {
    if (is_writing_ || is_finished_) return;
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
  const std::string name_;
  std::mutex mutex_;
  JourneyPtr latest_;
  int64_t sent_revision_;
  v1::WatchJourneyResponse response_;
  bool is_writing_ = false;
  bool is_finished_ = false;
  std::optional<grpc::Status> end_;
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

grpc::ServerWriteReactor<v1::WatchJourneyResponse>* StartWatch(Engine& engine,
                                                               const std::string& journey,
                                                               int64_t after_revision) {
  auto* stream = new WatchStream(engine, journey, after_revision);
  stream->Start();
  return stream;
}

}  // namespace ilkimza::server
