#include "agent/local/journey_forwarder.h"

#include <utility>

namespace ilkimza::agent {
namespace {

using Stub = v1::JourneyService::Stub;
using Done = std::function<void(grpc::Status)>;

// The generated class of asynchronous calls has the name of one of its methods,
// so it is reached through the interface of the stub.
v1::JourneyService::StubInterface::async_interface& Async(Stub& stub) {
  return *static_cast<v1::JourneyService::StubInterface&>(stub).async();
}

}  // namespace

JourneyForwarder::JourneyForwarder(ForwardOptions options, ServerLink& link, JourneyHosts& hosts)
    : options_(std::move(options)),
      connect_([&link](absl::Duration patience, ServerLink::UseChannel use) {
        link.WithServer(patience, std::move(use));
      }),
      hosts_(hosts) {}

grpc::ServerUnaryReactor* JourneyForwarder::CreateJourney(grpc::CallbackServerContext* context,
                                                          const v1::CreateJourneyRequest* request,
                                                          v1::Journey* response) {
  return ForwardedUnary<Stub, v1::CreateJourneyRequest, v1::Journey>::Start(
      context, connect_, options_, *request, response,
      [](Stub& stub, auto* upstream, auto* message, auto* answer, Done done) {
        Async(stub).CreateJourney(upstream, message, answer, std::move(done));
      },
      [this](const v1::Journey& journey) { hosts_.Note(journey); });
}

grpc::ServerUnaryReactor* JourneyForwarder::GetJourney(grpc::CallbackServerContext* context,
                                                       const v1::GetJourneyRequest* request,
                                                       v1::Journey* response) {
  return ForwardedUnary<Stub, v1::GetJourneyRequest, v1::Journey>::Start(
      context, connect_, options_, *request, response,
      [](Stub& stub, auto* upstream, auto* message, auto* answer, Done done) {
        Async(stub).GetJourney(upstream, message, answer, std::move(done));
      },
      [this](const v1::Journey& journey) { hosts_.Note(journey); });
}

grpc::ServerUnaryReactor* JourneyForwarder::ListJourneys(grpc::CallbackServerContext* context,
                                                         const v1::ListJourneysRequest* request,
                                                         v1::ListJourneysResponse* response) {
  v1::ListJourneysRequest own = *request;
  own.set_agent(options_.agent);
  return ForwardedUnary<Stub, v1::ListJourneysRequest, v1::ListJourneysResponse>::Start(
      context, connect_, options_, std::move(own), response,
      [](Stub& stub, auto* upstream, auto* message, auto* answer, Done done) {
        Async(stub).ListJourneys(upstream, message, answer, std::move(done));
      });
}

grpc::ServerUnaryReactor* JourneyForwarder::ListJourneyEvents(
    grpc::CallbackServerContext* context, const v1::ListJourneyEventsRequest* request,
    v1::ListJourneyEventsResponse* response) {
  return ForwardedUnary<Stub, v1::ListJourneyEventsRequest, v1::ListJourneyEventsResponse>::Start(
      context, connect_, options_, *request, response,
      [](Stub& stub, auto* upstream, auto* message, auto* answer, Done done) {
        Async(stub).ListJourneyEvents(upstream, message, answer, std::move(done));
      });
}

grpc::ServerWriteReactor<v1::WatchJourneyResponse>* JourneyForwarder::WatchJourney(
    grpc::CallbackServerContext* context, const v1::WatchJourneyRequest* request) {
  return ForwardedStream<Stub, v1::WatchJourneyRequest, v1::WatchJourneyResponse>::Start(
      context, connect_, options_, *request,
      [](Stub& stub, auto* upstream, auto* message, auto* reactor) {
        Async(stub).WatchJourney(upstream, message, reactor);
      },
      [this](const v1::WatchJourneyResponse& answer) { hosts_.Note(answer.journey()); });
}

grpc::ServerUnaryReactor* JourneyForwarder::CancelJourney(grpc::CallbackServerContext* context,
                                                          const v1::CancelJourneyRequest* request,
                                                          v1::Journey* response) {
  return ForwardedUnary<Stub, v1::CancelJourneyRequest, v1::Journey>::Start(
      context, connect_, options_, *request, response,
      [](Stub& stub, auto* upstream, auto* message, auto* answer, Done done) {
        Async(stub).CancelJourney(upstream, message, answer, std::move(done));
      });
}

grpc::ServerUnaryReactor* JourneyForwarder::RetryJourney(grpc::CallbackServerContext* context,
                                                         const v1::RetryJourneyRequest* request,
                                                         v1::Journey* response) {
  return ForwardedUnary<Stub, v1::RetryJourneyRequest, v1::Journey>::Start(
      context, connect_, options_, *request, response,
      [](Stub& stub, auto* upstream, auto* message, auto* answer, Done done) {
        Async(stub).RetryJourney(upstream, message, answer, std::move(done));
      });
}

}  // namespace ilkimza::agent
