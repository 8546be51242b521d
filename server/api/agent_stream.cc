#include "server/api/agent_stream.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/error.h"
#include "base/log.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"

namespace ilkimza::server {
namespace {

// An agent that says nothing is not one.
constexpr auto kHelloTime = std::chrono::seconds(20);
// Messages that wait for an agent to read them.
constexpr std::size_t kMaxWaiting = 1024;
constexpr std::size_t kMaxConversations = 1024;
constexpr std::size_t kMaxVersion = 64;
constexpr std::size_t kMaxHotline = 64;

using v1::AttachAgentRequest;
using v1::AttachAgentResponse;

class AgentStream : public grpc::ServerBidiReactor<AttachAgentRequest, AttachAgentResponse>,
                    public AgentLink {
 public:
  AgentStream(grpc::CallbackServerContext& context, const Access& access, Fleet& fleet,
              Engine& engine)
      : context_(context), access_(access), fleet_(fleet), engine_(engine) {}

  void Start(const std::shared_ptr<AgentStream>& self) {
    self_ = self;
    // So that an agent can say how far its PC's clock is off.
    context_.AddInitialMetadata(
        "ilkimza-server-time",
        absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()));
    SetAlarm(std::chrono::system_clock::now() + kHelloTime,
             MakeError(absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_BAD_FIELD,
                       "The first message, 'hello', did not come in time."));
    Read();
  }

  // -- AgentLink --

  void Send(const AttachAgentResponse& message) override {
    const std::lock_guard lock(mutex_);
    if (end_) return;
    if (waiting_.size() >= kMaxWaiting) {
      end_ =
          ToGrpcStatus(MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_NOT_ALLOWED,
                                 "The agent does not read what it is sent; attach again."));
      context_.TryCancel();
      return;
    }
    waiting_.push_back(message);
    Proceed();
  }

  void Close(const absl::Status& status) override {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = ToGrpcStatus(status);
    Proceed();
  }

  // -- Reactions --

  void OnReadDone(bool ok) override {
    if (!ok) return Close(absl::OkStatus());
    if (agent_.empty()) {
      OnHello();
    } else {
      OnMessage();
    }
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    waiting_.pop_front();
    if (!ok) {
      waiting_.clear();
      if (!end_) end_ = grpc::Status::CANCELLED;
    }
    Proceed();
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = grpc::Status::CANCELLED;
    if (!is_writing_) waiting_.clear();
    Proceed();
  }

  void OnDone() override {
    {
      const std::lock_guard lock(mutex_);
      alarm_.reset();
    }
    if (generation_ != 0) fleet_.Detach(agent_, generation_);
    const auto self = std::move(self_);
  }

 private:
  void OnHello() {
    const AttachAgentRequest::Hello hello = request_.hello();
    if (const absl::Status checked = CheckHello(); !checked.ok()) return Close(checked);
    const auto caller = access_.Identify(context_);
    if (!caller.ok()) return Close(caller.status());
    {
      const std::lock_guard lock(mutex_);
      alarm_.reset();
    }
    // gRPC keeps a stream whose certificate has ended.
    if (caller->expiry != absl::InfiniteFuture()) {
      SetAlarm(absl::ToChronoTime(caller->expiry),
               MakeError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_NOT_ALLOWED,
                         "The agent's certificate has expired; renew it and attach again."));
    }
    agent_ = hello.agent();
    Send(fleet_.Welcome());
    const auto generation = fleet_.Attach(
        hello, self_, [&] { return access_.IsStillGood(*caller); },
        [self = self_](const absl::Status& status) {
          if (!status.ok()) return self->Close(status);
          self->ReadOnceAttached();
        });
    if (!generation.ok()) return Close(generation.status());
    generation_ = *generation;
    ReadOnceAttached();
  }

  // An agent without one is older than this.
  static absl::Status CheckProfile(const v1::HostProfile& profile) {
    if (!profile.name().empty() && !IsProfileName(profile.name())) {
      return BadField("hello.profile.name", "must be the name of a profile.");
    }
    if (profile.version() < 0) return BadField("hello.profile.version", "must not be negative.");
    const std::string& hotline = profile.hotline();
    const bool is_plain = std::none_of(hotline.begin(), hotline.end(), [](char c) {
      return absl::ascii_iscntrl(static_cast<unsigned char>(c));
    });
    if (!is_plain || hotline.size() > kMaxHotline) {
      return BadField("hello.profile.hotline",
                      absl::StrCat("must be at most ", kMaxHotline, " characters."));
    }
    return absl::OkStatus();
  }

  absl::Status CheckHello() const {
    if (!request_.has_hello()) return BadField("hello", "must be the first message.");
    const AttachAgentRequest::Hello& hello = request_.hello();
    if (!IsAgentName(hello.agent())) {
      return BadField("hello.agent", "must be \"agents/{agent}\".");
    }
    // It is printed for operators as it is.
    const std::string& version = hello.version();
    const bool is_printable = std::all_of(version.begin(), version.end(), [](char c) {
      return absl::ascii_isprint(static_cast<unsigned char>(c));
    });
    if (!is_printable || version.size() > kMaxVersion) {
      return BadField("hello.version", absl::StrCat("must have at most ", kMaxVersion,
                                                    " characters, all of printable ASCII."));
    }
    if (!IsCardSerial(hello.card_serial())) {
      return BadField("hello.card_serial", "must be letters and digits, at most 64.");
    }
    if (hello.conversations_size() > static_cast<int>(kMaxConversations)) {
      return BadField("hello.conversations",
                      absl::StrCat("must be at most ", kMaxConversations, "."));
    }
    ILKIMZA_RETURN_IF_ERROR(CheckProfile(hello.profile()));
    return access_.MayAttach(context_, hello.agent());
  }

  void OnMessage() {
    switch (request_.kind_case()) {
      case AttachAgentRequest::kStepReport:
        return OnReport(request_.step_report());
      case AttachAgentRequest::kCardReport:
        if (!IsCardSerial(request_.card_report().card_serial())) {
          return Close(
              BadField("card_report.card_serial", "must be letters and digits, at most 64."));
        }
        return fleet_.CardChanged(agent_, generation_, request_.card_report().card_serial(),
                                  [self = self_] { self->Read(); });
      case AttachAgentRequest::kStepProgress:
        engine_.SetTurn(agent_, request_.step_progress().journey(),
                        request_.step_progress().directive_id(), request_.step_progress().turn());
        return Read();
      case AttachAgentRequest::kHello:
        return Close(BadField("hello", "must be sent once."));
      default:
        // From a newer agent; what it says is not needed to go on.
        return Read();
    }
  }

  void OnReport(const v1::StepReport& report) {
    AttachAgentResponse taken;
    taken.mutable_report_taken()->set_journey(report.journey());
    taken.mutable_report_taken()->set_directive_id(report.directive_id());
    engine_.Report(agent_, report, [self = self_, taken](const absl::Status& status) {
      // Only what may succeed later is to be sent again.
      if (absl::IsUnavailable(status)) return self->Close(status);
      if (!status.ok()) {
        LogWarning("{}: report refused: {}", self->agent_, std::string(status.message()));
      }
      self->Send(taken);
      self->Read();
    });
  }

  // Called twice: the stream has its generation, and the journeys know of it.
  void ReadOnceAttached() {
    if (++attach_marks_ == 2) Read();
  }

  void Read() {
    const std::lock_guard lock(mutex_);
    if (!is_finished_) StartRead(&request_);
  }

  // The next write, or the end; with the lock held.
  void Proceed() {
    if (is_writing_ || is_finished_) return;
    if (!waiting_.empty()) {
      is_writing_ = true;
      StartWrite(&waiting_.front());
    } else if (end_) {
      is_finished_ = true;
      Finish(*end_);
    }
  }

  void SetAlarm(std::chrono::system_clock::time_point when, const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(when, [self = std::weak_ptr<AgentStream>(self_), status](bool rang) {
      if (!rang) return;
      if (const auto stream = self.lock()) stream->Close(status);
    });
  }

  grpc::CallbackServerContext& context_;
  const Access& access_;
  Fleet& fleet_;
  Engine& engine_;
  std::shared_ptr<AgentStream> self_;
  AttachAgentRequest request_;
  // Set by the first message.
  std::string agent_;
  int64_t generation_ = 0;
  std::atomic<int> attach_marks_ = 0;

  std::mutex mutex_;
  // The first one is being written while `is_writing_`.
  std::deque<AttachAgentResponse> waiting_;
  bool is_writing_ = false;
  bool is_finished_ = false;
  std::optional<grpc::Status> end_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace

grpc::ServerBidiReactor<AttachAgentRequest, AttachAgentResponse>* StartAgentStream(
    grpc::CallbackServerContext& context, const Access& access, Fleet& fleet, Engine& engine) {
  auto stream = std::make_shared<AgentStream>(context, access, fleet, engine);
  stream->Start(stream);
  return stream.get();
}

}  // namespace ilkimza::server
