#include "server/api/enrolment_api.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "base/redact.h"
#include "server/api/page_token.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"

namespace ilkimza::server {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

constexpr char kTokens[] = "join tokens";

ServerUnaryReactor* Finished(CallbackServerContext& context, const absl::Status& status) {
  auto* reactor = context.DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// Strangers call it, so it is an address of its own.
class EnrolmentDoor : public v1::FleetService::CallbackService {
 public:
  explicit EnrolmentDoor(EnrolmentApi& api) : api_(api) {}

  ServerUnaryReactor* EnrolAgent(CallbackServerContext* context,
                                 const v1::EnrolAgentRequest* request,
                                 v1::EnrolAgentResponse* response) override {
    return api_.EnrolAgent(*context, *request, *response);
  }

 private:
  EnrolmentApi& api_;
};

}  // namespace

absl::StatusOr<Caller> EnrolmentApi::Operator(const CallbackServerContext& context) const {
  ILKIMZA_ASSIGN_OR_RETURN(Caller caller, access_.Identify(context));
  if (caller.IsOperator()) return caller;
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                   "This is for operators: use the server's own machine, or a certificate named "
                   "in 'tls.operators'.");
}

absl::Status EnrolmentApi::IsOn() const {
  if (enrolments_ != nullptr) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_ENROLMENT_OFF,
                   "This server issues no certificates: 'enrolment.listen' is not configured.");
}

ServerUnaryReactor* EnrolmentApi::DeleteAgent(CallbackServerContext& context,
                                              const v1::DeleteAgentRequest& request) {
  const auto caller = Operator(context);
  if (!caller.ok()) return Finished(context, caller.status());
  if (!IsAgentName(request.name())) {
    return Finished(context, BadField("name", "must be \"agents/{agent}\"."));
  }
  auto* reactor = context.DefaultReactor();
  const auto forget = [this, reactor, agent = request.name()](const absl::Status& revoked) {
    fleet_.Forget(agent, [reactor, revoked](const absl::Status& forgotten) {
      reactor->Finish(ToGrpcStatus(revoked.ok() ? forgotten : revoked));
    });
  };
  if (enrolments_ == nullptr) {
    forget(absl::OkStatus());
  } else {
    // First of all, so that it cannot attach again in between; and the fleet forgets it
    // only after the certificates it got before have been told of.
    enrolments_->Revoke(request.name(), caller->actor, forget);
  }
  return reactor;
}

ServerUnaryReactor* EnrolmentApi::CreateJoinToken(CallbackServerContext& context,
                                                  const v1::CreateJoinTokenRequest& request,
                                                  v1::CreateJoinTokenResponse& response) {
  const auto caller = Operator(context);
  if (!caller.ok()) return Finished(context, caller.status());
  if (const absl::Status on = IsOn(); !on.ok()) return Finished(context, on);
  auto* reactor = context.DefaultReactor();
  enrolments_->CreateToken(request.join_token(), caller->actor,
                           [reactor, &response](const auto& made) {
                             if (made.ok()) {
                               *response.mutable_join_token() = (*made)->resource;
                               response.set_token(std::string((*made)->token.view()));
                             }
                             reactor->Finish(ToGrpcStatus(made.status()));
                           });
  return reactor;
}

ServerUnaryReactor* EnrolmentApi::ListJoinTokens(CallbackServerContext& context,
                                                 const v1::ListJoinTokensRequest& request,
                                                 v1::ListJoinTokensResponse& response) {
  return Finished(context, ListTokens(context, request, response));
}

absl::Status EnrolmentApi::ListTokens(const CallbackServerContext& context,
                                      const v1::ListJoinTokensRequest& request,
                                      v1::ListJoinTokensResponse& response) {
  ILKIMZA_RETURN_IF_ERROR(Operator(context).status());
  ILKIMZA_RETURN_IF_ERROR(IsOn());
  ILKIMZA_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  ILKIMZA_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(kTokens, request.page_token()));
  auto tokens = enrolments_->ListTokens(after, size + 1);
  const bool has_more = static_cast<int>(tokens.size()) > size;
  if (has_more) tokens.pop_back();
  for (v1::JoinToken& token : tokens) *response.add_join_tokens() = std::move(token);
  if (has_more) {
    response.set_next_page_token(MakePageToken(kTokens, response.join_tokens().rbegin()->name()));
  }
  return absl::OkStatus();
}

ServerUnaryReactor* EnrolmentApi::DeleteJoinToken(CallbackServerContext& context,
                                                  const v1::DeleteJoinTokenRequest& request) {
  const auto caller = Operator(context);
  if (!caller.ok()) return Finished(context, caller.status());
  if (const absl::Status on = IsOn(); !on.ok()) return Finished(context, on);
  auto* reactor = context.DefaultReactor();
  enrolments_->DeleteToken(request.name(), [reactor](const absl::Status& status) {
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

absl::Status EnrolmentApi::CheckEnrol(const v1::EnrolAgentRequest& request) const {
  ILKIMZA_RETURN_IF_ERROR(IsOn());
  if (!IsAgentName(request.agent())) return BadField("agent", "must be \"agents/{agent}\".");
  return fleet_.MayBecomeKnown(request.agent());
}

template <typename Response>
Enrolments::EnrolledDone EnrolmentApi::Answer(std::string agent, bool first, Response& response,
                                              ServerUnaryReactor* reactor) {
  return [this, agent = std::move(agent), first, &response,
          reactor](const absl::StatusOr<Enrolments::Enrolled>& enrolled) {
    if (enrolled.ok()) {
      fleet_.Certified(agent, enrolled->certificate, first);
      *response.mutable_certificate() = enrolled->certificate;
      for (const std::string& der : enrolled->chain) response.add_certificate_chain(der);
      for (const std::string& der : options_.server_authorities) {
        response.add_server_authorities(der);
      }
    } else {
      LogWarning("{}: no certificate: {}", agent, std::string(enrolled.status().message()));
    }
    reactor->Finish(ToGrpcStatus(enrolled.status()));
  };
}

ServerUnaryReactor* EnrolmentApi::EnrolAgent(CallbackServerContext& context,
                                             const v1::EnrolAgentRequest& request,
                                             v1::EnrolAgentResponse& response) {
  // gRPC owns the request and has no more use for it: nothing is left of the token when
  // its memory goes to others.
  const WipeSecretsGuard wipe(const_cast<v1::EnrolAgentRequest&>(request));
  if (const absl::Status checked = CheckEnrol(request); !checked.ok()) {
    return Finished(context, checked);
  }
  auto* reactor = context.DefaultReactor();
  const bool known = fleet_.GetAgent(request.agent()).ok();
  enrolments_->Enrol(request.agent(), request.token(), request.certificate_request(), known,
                     Answer(request.agent(), /*first=*/true, response, reactor));
  return reactor;
}

absl::StatusOr<Caller> EnrolmentApi::MayRenew(const CallbackServerContext& context,
                                              const std::string& agent) const {
  ILKIMZA_RETURN_IF_ERROR(IsOn());
  ILKIMZA_ASSIGN_OR_RETURN(Caller caller, access_.Identify(context));
  if (!caller.issued_serial.empty() && caller.agent == agent) return caller;
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                   "A certificate is renewed by its own agent, over a connection that shows the "
                   "one before, issued by this server.");
}

ServerUnaryReactor* EnrolmentApi::RenewAgentCertificate(
    CallbackServerContext& context, const v1::RenewAgentCertificateRequest& request,
    v1::RenewAgentCertificateResponse& response) {
  const auto caller = MayRenew(context, request.agent());
  if (!caller.ok()) return Finished(context, caller.status());
  auto* reactor = context.DefaultReactor();
  enrolments_->Renew(caller->agent, caller->issued_serial, request.certificate_request(),
                     Answer(caller->agent, /*first=*/false, response, reactor));
  return reactor;
}

ServerUnaryReactor* EnrolmentApi::ListAgentCertificates(
    CallbackServerContext& context, const v1::ListAgentCertificatesRequest& request,
    v1::ListAgentCertificatesResponse& response) {
  return Finished(context, ListCertificates(context, request, response));
}

absl::Status EnrolmentApi::ListCertificates(const CallbackServerContext& context,
                                            const v1::ListAgentCertificatesRequest& request,
                                            v1::ListAgentCertificatesResponse& response) {
  ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
  const std::string& agent = request.parent();
  if (!IsAgentName(agent)) return BadField("parent", "must be \"agents/{agent}\".");
  if (!caller.MaySee(agent)) {
    return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                     "An agent sees itself only.");
  }
  ILKIMZA_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  const std::string key = absl::StrCat("certificates ", agent);
  ILKIMZA_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(key, request.page_token()));
  int64_t offset = 0;
  if (!after.empty() && !absl::SimpleAtoi(after, &offset)) {
    return BadField("page_token", "is not one of this list.");
  }
  ILKIMZA_ASSIGN_OR_RETURN(auto certificates, store_.ListCertificates(agent, offset, size + 1));
  const bool has_more = static_cast<int>(certificates.size()) > size;
  if (has_more) certificates.pop_back();
  for (auto& certificate : certificates) {
    *response.add_agent_certificates() = std::move(certificate);
  }
  if (has_more) response.set_next_page_token(MakePageToken(key, absl::StrCat(offset + size)));
  return absl::OkStatus();
}

std::unique_ptr<v1::FleetService::CallbackService> MakeEnrolmentDoor(EnrolmentApi& api) {
  return std::make_unique<EnrolmentDoor>(api);
}

}  // namespace ilkimza::server
