#include "agent/local/portal_relay.h"

#include <grpcpp/channel.h>

#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "base/redact.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"

namespace ilkimza::agent {
namespace {

using PortalStub = v1::PortalService::Stub;

// One question to the server: what journey is this?
struct Question {
  std::unique_ptr<grpc::ClientContext> context;
  v1::GetJourneyRequest request;
  v1::Journey journey;
  std::unique_ptr<v1::JourneyService::Stub> stub;
  ServerLink::UseChannel use;
};

ForwardOptions WithPortalHostOff(ForwardOptions options) {
  options.unimplemented = v1::ERROR_REASON_PORTAL_HOST_OFF;
  options.unimplemented_sentence =
      "The server does not hold portal conversations: its configuration leaves that to the agents. "
      "Start a journey that this agent hosts.";
  return options;
}

}  // namespace

PortalRelay::PortalRelay(ForwardOptions options, ServerLink& link, JourneyHosts& hosts,
                         v1::PortalService::CallbackService& local)
    : options_(WithPortalHostOff(std::move(options))), link_(link), hosts_(hosts), local_(local) {}

grpc::ServerWriteReactor<v1::WatchScreenResponse>* PortalRelay::WatchScreen(
    grpc::CallbackServerContext* context, const v1::WatchScreenRequest* request) {
  if (hosts_.Find(request->journey()) == v1::PORTAL_HOST_AGENT) {
    return local_.WatchScreen(context, request);
  }
  return ForwardedStream<PortalStub, v1::WatchScreenRequest, v1::WatchScreenResponse>::Start(
      context, ConnectFor(*context, request->journey()), options_, *request,
      [](PortalStub& stub, auto* upstream, auto* message, auto* reactor) {
        static_cast<v1::PortalService::StubInterface&>(stub).async()->WatchScreen(upstream, message,
                                                                                  reactor);
      });
}

grpc::ServerUnaryReactor* PortalRelay::AnswerScreen(grpc::CallbackServerContext* context,
                                                    const v1::AnswerScreenRequest* request,
                                                    v1::AnswerScreenResponse* response) {
  if (hosts_.Find(request->journey()) == v1::PORTAL_HOST_AGENT) {
    return local_.AnswerScreen(context, request, response);
  }
  auto* reactor =
      ForwardedUnary<PortalStub, v1::AnswerScreenRequest, v1::AnswerScreenResponse>::Start(
          context, ConnectFor(*context, request->journey()), options_, *request, response,
          [](PortalStub& stub, auto* upstream, auto* message, auto* answer, auto done) {
            static_cast<v1::PortalService::StubInterface&>(stub).async()->AnswerScreen(
                upstream, message, answer, std::move(done));
          });
  // gRPC made this message for us and nobody reads it any more.
  WipeSecrets(const_cast<v1::AnswerScreenRequest&>(*request));
  return reactor;
}

Connect PortalRelay::ConnectFor(const grpc::CallbackServerContext& client,
                                const std::string& journey) {
  if (hosts_.Find(journey) == v1::PORTAL_HOST_SERVER) {
    return [this](absl::Duration patience, ServerLink::UseChannel use) {
      link_.WithServer(patience, std::move(use));
    };
  }
  return [this, &client, journey](absl::Duration patience, ServerLink::UseChannel use) {
    LookUp(client, journey, patience, std::move(use));
  };
}

// The client's call is open until `use` was called. The question ends with it: where the
// client goes away, or this agent stops while the server hangs.
void PortalRelay::LookUp(const grpc::CallbackServerContext& client, const std::string& journey,
                         absl::Duration patience, ServerLink::UseChannel use) {
  auto question = std::make_shared<Question>();
  question->request.set_name(journey);
  question->use = std::move(use);
  question->context = grpc::ClientContext::FromCallbackServerContext(client);
  question->context->AddMetadata("ilkimza-agent", options_.agent);
  link_.WithServer(patience, [this, &client, question](auto channel) {
    if (!channel.ok()) return question->use(channel.status());
    question->context->set_deadline(absl::ToChronoTime(absl::Now() + PatienceOf(client, options_)));
    question->stub = v1::JourneyService::NewStub(*channel);
    v1::JourneyService::StubInterface& stub = *question->stub;
    stub.async()->GetJourney(
        question->context.get(), &question->request, &question->journey,
        [this, question, channel](const grpc::Status& status) {
          if (!status.ok()) {
            return question->use(FromGrpcStatus(ForwardedStatus(status, options_)));
          }
          // A server that does not say leaves it to the agent.
          const bool server = question->journey.portal_host() == v1::PORTAL_HOST_SERVER;
          hosts_.Note(question->request.name(),
                      server ? v1::PORTAL_HOST_SERVER : v1::PORTAL_HOST_AGENT);
          question->use(server ? *channel : self_);
        });
  });
}

}  // namespace ilkimza::agent
