// JourneyService as the agent offers it: every call goes on to the server, with
// the agent's name in the metadata `ilkimza-agent`. Status, reason and sentence
// come back as the server gave them; a server that cannot be reached is
// ERROR_REASON_SERVER_UNREACHABLE.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_LOCAL_JOURNEY_FORWARDER_H_
#define ILKIMZA_AGENT_LOCAL_JOURNEY_FORWARDER_H_

#include "agent/local/forwarding.h"
#include "agent/local/journey_hosts.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"

namespace ilkimza::agent {

class JourneyForwarder final : public v1::JourneyService::CallbackService {
 public:
  // `link` and `hosts` outlive the service; `hosts` learns from what passes by.
  JourneyForwarder(ForwardOptions options, ServerLink& link, JourneyHosts& hosts);

  grpc::ServerUnaryReactor* CreateJourney(grpc::CallbackServerContext* context,
                                          const v1::CreateJourneyRequest* request,
                                          v1::Journey* response) override;
  grpc::ServerUnaryReactor* GetJourney(grpc::CallbackServerContext* context,
                                       const v1::GetJourneyRequest* request,
                                       v1::Journey* response) override;
  // Of this agent only.
  grpc::ServerUnaryReactor* ListJourneys(grpc::CallbackServerContext* context,
                                         const v1::ListJourneysRequest* request,
                                         v1::ListJourneysResponse* response) override;
  grpc::ServerUnaryReactor* ListJourneyEvents(grpc::CallbackServerContext* context,
                                              const v1::ListJourneyEventsRequest* request,
                                              v1::ListJourneyEventsResponse* response) override;
  // Ends with the connection to the server; the client resumes by revision.
  grpc::ServerWriteReactor<v1::WatchJourneyResponse>* WatchJourney(
      grpc::CallbackServerContext* context, const v1::WatchJourneyRequest* request) override;
  grpc::ServerUnaryReactor* CancelJourney(grpc::CallbackServerContext* context,
                                          const v1::CancelJourneyRequest* request,
                                          v1::Journey* response) override;
  grpc::ServerUnaryReactor* RetryJourney(grpc::CallbackServerContext* context,
                                         const v1::RetryJourneyRequest* request,
                                         v1::Journey* response) override;

 private:
  const ForwardOptions options_;
  const Connect connect_;
  JourneyHosts& hosts_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_JOURNEY_FORWARDER_H_
