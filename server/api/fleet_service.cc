#include "server/api/fleet_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/api/agent_stream.h"
#include "server/api/page_token.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"

namespace ilkimza::server {
namespace {

class FleetApi : public v1::FleetService::CallbackService {
 public:
  FleetApi(const Access& access, Fleet& fleet, Engine& engine)
      : access_(access), fleet_(fleet), engine_(engine) {}

  grpc::ServerBidiReactor<v1::AttachAgentRequest, v1::AttachAgentResponse>* AttachAgent(
      grpc::CallbackServerContext* context) override {
    return StartAgentStream(*context, access_, fleet_, engine_);
  }

  grpc::ServerUnaryReactor* GetAgent(grpc::CallbackServerContext* context,
                                     const v1::GetAgentRequest* request,
                                     v1::Agent* response) override {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(Get(*context, request->name(), *response)));
    return reactor;
  }

  grpc::ServerUnaryReactor* ListAgents(grpc::CallbackServerContext* context,
                                       const v1::ListAgentsRequest* request,
                                       v1::ListAgentsResponse* response) override {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(List(*context, *request, *response)));
    return reactor;
  }

 private:
  absl::Status Get(const grpc::CallbackServerContext& context, const std::string& name,
                   v1::Agent& response) {
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    if (!IsAgentName(name)) return BadField("name", "must be \"agents/{agent}\".");
    if (!caller.MaySee(name)) {
      return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                       "An agent sees itself only.");
    }
    ILKIMZA_ASSIGN_OR_RETURN(response, fleet_.GetAgent(name));
    return absl::OkStatus();
  }

  absl::Status List(const grpc::CallbackServerContext& context,
                    const v1::ListAgentsRequest& request, v1::ListAgentsResponse& response) {
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    ILKIMZA_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
    const std::string key = absl::StrCat("agents ", caller.agent);
    ILKIMZA_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(key, request.page_token()));
    if (!caller.IsOperator()) {
      auto agent = fleet_.GetAgent(caller.agent);
      if (agent.ok()) *response.add_agents() = *std::move(agent);
      return absl::OkStatus();
    }
    auto agents = fleet_.ListAgents(after, size + 1);
    const bool has_more = static_cast<int>(agents.size()) > size;
    if (has_more) agents.pop_back();
    for (v1::Agent& agent : agents) *response.add_agents() = std::move(agent);
    if (has_more) {
      response.set_next_page_token(MakePageToken(key, response.agents().rbegin()->name()));
    }
    return absl::OkStatus();
  }

  const Access& access_;
  Fleet& fleet_;
  Engine& engine_;
};

}  // namespace

std::unique_ptr<v1::FleetService::CallbackService> MakeFleetService(const Access& access,
                                                                    Fleet& fleet, Engine& engine) {
  return std::make_unique<FleetApi>(access, fleet, engine);
}

}  // namespace ilkimza::server
