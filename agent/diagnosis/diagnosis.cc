#include "agent/diagnosis/diagnosis.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "ilkimza/v1/diagnosis_service.grpc.pb.h"

namespace ilkimza::agent {
namespace {

constexpr std::chrono::seconds kCallTime{15};

// CardService over the agent's own channel, so that a diagnosis sees what every client
// sees.
class GrpcCardLook final : public CardLook {
 public:
  GrpcCardLook(const std::shared_ptr<grpc::Channel>& self, std::stop_token stop)
      : stub_(v1::CardService::NewStub(self)), stop_(std::move(stop)) {}

  absl::StatusOr<v1::ListReadersResponse> Readers() override {
    return Call<v1::ListReadersResponse>(&Stub::ListReaders, v1::ListReadersRequest());
  }
  absl::StatusOr<v1::ListCardsResponse> Cards() override {
    return Call<v1::ListCardsResponse>(&Stub::ListCards, v1::ListCardsRequest());
  }
  absl::StatusOr<v1::PinState> PinState(const std::string& card) override {
    v1::GetPinStateRequest request;
    request.set_name(card);
    return Call<v1::PinState>(&Stub::GetPinState, request);
  }
  absl::StatusOr<v1::ListCertificatesResponse> Certificates(const std::string& card) override {
    v1::ListCertificatesRequest request;
    request.set_parent(card);
    return Call<v1::ListCertificatesResponse>(&Stub::ListCertificates, request);
  }

 private:
  using Stub = v1::CardService::StubInterface;

  template <typename Response, typename Method, typename Request>
  absl::StatusOr<Response> Call(Method method, const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTime);
    const std::stop_callback cancel(stop_, [&context] { context.TryCancel(); });
    Response response;
    const grpc::Status status = ((*stub_).*method)(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }

  const std::unique_ptr<Stub> stub_;
  const std::stop_token stop_;
};

class DiagnosisImpl final : public Diagnosis, public v1::DiagnosisService::CallbackService {
 public:
  DiagnosisImpl(Probes probes, std::string version, Clock& clock)
      : probes_(std::move(probes)), version_(std::move(version)), clock_(clock) {}
  ~DiagnosisImpl() override { Stop(); }

  grpc::Service& service() override { return *this; }

  void set_self(std::shared_ptr<grpc::Channel> self) override {
    const std::lock_guard lock(mutex_);
    self_ = std::move(self);
  }

  void Stop() override {
    std::jthread last;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      last = std::move(thread_);
    }
    last.request_stop();
  }

  grpc::ServerUnaryReactor* Diagnose(grpc::CallbackServerContext* context,
                                     const v1::DiagnoseRequest* /*request*/,
                                     v1::DiagnoseResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const std::lock_guard lock(mutex_);
    if (stopping_ || self_ == nullptr) {
      reactor->Finish(
          ToGrpcStatus(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                                 "The agent is stopping; try again in a moment.")));
    } else if (busy_) {
      // Two at a time would ask card and portal twice for the same.
      reactor->Finish(ToGrpcStatus(MakeError(
          absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY,
          "Another diagnosis is under way; try again when it is done, in some seconds.")));
    } else {
      busy_ = true;
      // The one before has ended, or is about to.
      thread_ = std::jthread([this, reactor, response, self = self_](std::stop_token stop) {
        Run(std::move(stop), self, reactor, response);
      });
    }
    return reactor;
  }

 private:
  void Run(std::stop_token stop, const std::shared_ptr<grpc::Channel>& self,
           grpc::ServerUnaryReactor* reactor, v1::DiagnoseResponse* response) {
    GrpcCardLook cards(self, stop);
    *response = agent::Diagnose(probes_, cards, clock_, std::move(stop));
    response->set_agent_version(version_);
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
    }
    reactor->Finish(grpc::Status::OK);
  }

  const Probes probes_;
  const std::string version_;
  Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<grpc::Channel> self_;
  bool stopping_ = false;
  bool busy_ = false;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Diagnosis> Diagnosis::Create(Probes probes, std::string version, Clock& clock) {
  return std::make_unique<DiagnosisImpl>(std::move(probes), std::move(version), clock);
}

}  // namespace ilkimza::agent
