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
  FleetApi(const Access& access, Fleet& fleet, Engine& engine, EnrolmentApi& enrolment)
      : access_(access), fleet_(fleet), engine_(engine), enrolment_(enrolment) {}

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

  // EnrolAgent is not among them: it has an address of its own.

  grpc::ServerUnaryReactor* DeleteAgent(grpc::CallbackServerContext* context,
                                        const v1::DeleteAgentRequest* request,
                                        google::protobuf::Empty*) override {
    return enrolment_.DeleteAgent(*context, *request);
  }

  grpc::ServerUnaryReactor* CreateJoinToken(grpc::CallbackServerContext* context,
                                            const v1::CreateJoinTokenRequest* request,
                                            v1::CreateJoinTokenResponse* response) override {
    return enrolment_.CreateJoinToken(*context, *request, *response);
  }

  grpc::ServerUnaryReactor* ListJoinTokens(grpc::CallbackServerContext* context,
                                           const v1::ListJoinTokensRequest* request,
                                           v1::ListJoinTokensResponse* response) override {
    return enrolment_.ListJoinTokens(*context, *request, *response);
  }

  grpc::ServerUnaryReactor* DeleteJoinToken(grpc::CallbackServerContext* context,
                                            const v1::DeleteJoinTokenRequest* request,
                                            google::protobuf::Empty*) override {
    return enrolment_.DeleteJoinToken(*context, *request);
  }

  grpc::ServerUnaryReactor* RenewAgentCertificate(
      grpc::CallbackServerContext* context, const v1::RenewAgentCertificateRequest* request,
      v1::RenewAgentCertificateResponse* response) override {
    return enrolment_.RenewAgentCertificate(*context, *request, *response);
  }

  grpc::ServerUnaryReactor* ListAgentCertificates(
      grpc::CallbackServerContext* context, const v1::ListAgentCertificatesRequest* request,
      v1::ListAgentCertificatesResponse* response) override {
    return enrolment_.ListAgentCertificates(*context, *request, *response);
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
  EnrolmentApi& enrolment_;
};

}  // namespace

std::unique_ptr<v1::FleetService::CallbackService> MakeFleetService(const Access& access,
                                                                    Fleet& fleet, Engine& engine,
                                                                    EnrolmentApi& enrolment) {
  return std::make_unique<FleetApi>(access, fleet, engine, enrolment);
}

}  // namespace ilkimza::server
