// A caller of JourneyService, in the name of an agent or as the operator.
#ifndef ILKIMZA_TESTS_SERVER_JOURNEY_CLIENT_H_
#define ILKIMZA_TESTS_SERVER_JOURNEY_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/error.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"

namespace ilkimza::server {

class JourneyClient {
 public:
  // An empty agent: the operator.
  JourneyClient(const std::shared_ptr<grpc::Channel>& channel, std::string agent)
      : stub_(v1::JourneyService::NewStub(channel)), agent_(std::move(agent)) {}

  std::unique_ptr<grpc::ClientContext> Context() const {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!agent_.empty()) context->AddMetadata("ilkimza-agent", agent_);
    context->set_wait_for_ready(true);
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return context;
  }

  absl::StatusOr<v1::Journey> Create(v1::Goal goal, bool forgotten = false,
                                     const std::string& request_id = "") {
    v1::CreateJourneyRequest request;
    request.mutable_journey()->set_goal(goal);
    request.mutable_journey()->set_security_word_forgotten(forgotten);
    request.set_request_id(request_id);
    return Create(request);
  }
  absl::StatusOr<v1::Journey> Create(const v1::CreateJourneyRequest& request) {
    return Call(&v1::JourneyService::Stub::CreateJourney, request);
  }
  absl::StatusOr<v1::Journey> Get(const std::string& name) {
    v1::GetJourneyRequest request;
    request.set_name(name);
    return Call(&v1::JourneyService::Stub::GetJourney, request);
  }
  absl::StatusOr<v1::Journey> Cancel(const std::string& name, const std::string& id = "") {
    v1::CancelJourneyRequest request;
    request.set_name(name);
    request.set_request_id(id);
    return Call(&v1::JourneyService::Stub::CancelJourney, request);
  }
  absl::StatusOr<v1::Journey> Retry(const std::string& name, const std::string& id = "") {
    v1::RetryJourneyRequest request;
    request.set_name(name);
    request.set_request_id(id);
    return Call(&v1::JourneyService::Stub::RetryJourney, request);
  }

  absl::StatusOr<v1::Journey> Retry(const v1::RetryJourneyRequest& request) {
    return Call(&v1::JourneyService::Stub::RetryJourney, request);
  }

  // Watches until `condition` holds; the last state seen, and an error where the
  // stream ends before.
  absl::StatusOr<v1::Journey> WaitFor(const std::string& name,
                                      const std::function<bool(const v1::Journey&)>& condition) {
    const auto context = Context();
    v1::WatchJourneyRequest request;
    request.set_name(name);
    const auto stream = stub_->WatchJourney(context.get(), request);
    v1::WatchJourneyResponse response;
    while (stream->Read(&response)) {
      if (!condition(response.journey())) continue;
      context->TryCancel();
      while (stream->Read(&response)) {
      }
      stream->Finish();
      return response.journey();
    }
    const absl::Status status = FromGrpcStatus(stream->Finish());
    if (!status.ok()) return status;
    return absl::NotFoundError("the watch ended before: " +
                               v1::JourneyState_Name(response.journey().state()));
  }
  absl::StatusOr<v1::Journey> WaitForState(const std::string& name, v1::JourneyState state) {
    return WaitFor(name, [state](const v1::Journey& journey) { return journey.state() == state; });
  }

  v1::JourneyService::Stub& stub() { return *stub_; }

 private:
  template <typename Method, typename Request>
  absl::StatusOr<v1::Journey> Call(Method method, const Request& request) {
    const auto context = Context();
    v1::Journey journey;
    const grpc::Status status = (stub_.get()->*method)(context.get(), request, &journey);
    if (!status.ok()) return FromGrpcStatus(status);
    return journey;
  }

  const std::unique_ptr<v1::JourneyService::Stub> stub_;
  const std::string agent_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_JOURNEY_CLIENT_H_
