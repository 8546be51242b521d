// The calls of FleetService that are about join tokens and certificates, and the
// service of the address that strangers may call, which offers EnrolAgent and nothing
// else.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_API_ENROLMENT_API_H_
#define ILKIMZA_SERVER_API_ENROLMENT_API_H_

#include <memory>
#include <string>
#include <vector>

#include "ilkimza/v1/fleet_service.grpc.pb.h"
#include "server/api/access.h"
#include "server/enrolment/enrolments.h"
#include "server/fleet/fleet.h"
#include "server/store/store.h"

namespace ilkimza::server {

class EnrolmentApi {
 public:
  struct Options {
    // In DER: what agents are to check the server with.
    std::vector<std::string> server_authorities;
  };

  // All references outlive this. `enrolments` is null where the server issues no
  // certificates: each call says so then.
  EnrolmentApi(Options options, const Access& access, Fleet& fleet, Store& store,
               Enrolments* enrolments)
      : options_(std::move(options)),
        access_(access),
        fleet_(fleet),
        store_(store),
        enrolments_(enrolments) {}

  grpc::ServerUnaryReactor* DeleteAgent(grpc::CallbackServerContext& context,
                                        const v1::DeleteAgentRequest& request);
  grpc::ServerUnaryReactor* CreateJoinToken(grpc::CallbackServerContext& context,
                                            const v1::CreateJoinTokenRequest& request,
                                            v1::CreateJoinTokenResponse& response);
  grpc::ServerUnaryReactor* ListJoinTokens(grpc::CallbackServerContext& context,
                                           const v1::ListJoinTokensRequest& request,
                                           v1::ListJoinTokensResponse& response);
  grpc::ServerUnaryReactor* DeleteJoinToken(grpc::CallbackServerContext& context,
                                            const v1::DeleteJoinTokenRequest& request);
  // Wipes the request's token.
  grpc::ServerUnaryReactor* EnrolAgent(grpc::CallbackServerContext& context,
                                       const v1::EnrolAgentRequest& request,
                                       v1::EnrolAgentResponse& response);
  grpc::ServerUnaryReactor* RenewAgentCertificate(grpc::CallbackServerContext& context,
                                                  const v1::RenewAgentCertificateRequest& request,
                                                  v1::RenewAgentCertificateResponse& response);
  grpc::ServerUnaryReactor* ListAgentCertificates(grpc::CallbackServerContext& context,
                                                  const v1::ListAgentCertificatesRequest& request,
                                                  v1::ListAgentCertificatesResponse& response);

 private:
  // Who calls, where that is an operator.
  absl::StatusOr<Caller> Operator(const grpc::CallbackServerContext& context) const;
  absl::Status IsOn() const;
  absl::Status ListTokens(const grpc::CallbackServerContext& context,
                          const v1::ListJoinTokensRequest& request,
                          v1::ListJoinTokensResponse& response);
  absl::Status ListCertificates(const grpc::CallbackServerContext& context,
                                const v1::ListAgentCertificatesRequest& request,
                                v1::ListAgentCertificatesResponse& response);
  absl::StatusOr<Caller> MayRenew(const grpc::CallbackServerContext& context,
                                  const std::string& agent) const;
  absl::Status CheckEnrol(const v1::EnrolAgentRequest& request) const;
  template <typename Response>
  Enrolments::EnrolledDone Answer(std::string agent, bool first, Response& response,
                                  grpc::ServerUnaryReactor* reactor);

  const Options options_;
  const Access& access_;
  Fleet& fleet_;
  Store& store_;
  Enrolments* const enrolments_;
};

// `api` outlives the service.
std::unique_ptr<v1::FleetService::CallbackService> MakeEnrolmentDoor(EnrolmentApi& api);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_ENROLMENT_API_H_
