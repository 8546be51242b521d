// PortalService as the agent offers it. Journeys whose conversation this agent
// holds go to its portal host; those the server hosts are relayed to the server.
//
// What is relayed is passed on unread: no field but the journey's name is looked
// at, nothing is logged, and every message is wiped once it has been sent.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_LOCAL_PORTAL_RELAY_H_
#define ILKIMZA_AGENT_LOCAL_PORTAL_RELAY_H_

#include <memory>
#include <string>

#include "agent/local/forwarding.h"
#include "agent/local/journey_hosts.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"

namespace ilkimza::agent {

class PortalRelay final : public v1::PortalService::CallbackService {
 public:
  // All outlive the service. `local` is this agent's own host.
  PortalRelay(ForwardOptions options, ServerLink& link, JourneyHosts& hosts,
              v1::PortalService::CallbackService& local);

  // A channel to the gRPC server this service is registered with. A call for a
  // journey not heard of yet is made again on it, once the server has said who
  // hosts the journey. To be set before the first call.
  void set_self(std::shared_ptr<grpc::Channel> self) { self_ = std::move(self); }

  grpc::ServerWriteReactor<v1::WatchScreenResponse>* WatchScreen(
      grpc::CallbackServerContext* context, const v1::WatchScreenRequest* request) override;
  grpc::ServerUnaryReactor* AnswerScreen(grpc::CallbackServerContext* context,
                                         const v1::AnswerScreenRequest* request,
                                         v1::AnswerScreenResponse* response) override;

 private:
  // Where a call for `journey` goes that is not this agent's for sure.
  Connect ConnectFor(const grpc::CallbackServerContext& client, const std::string& journey);
  void LookUp(const grpc::CallbackServerContext& client, const std::string& journey,
              absl::Duration patience, ServerLink::UseChannel use);

  const ForwardOptions options_;
  ServerLink& link_;
  JourneyHosts& hosts_;
  v1::PortalService::CallbackService& local_;
  std::shared_ptr<grpc::Channel> self_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_PORTAL_RELAY_H_
