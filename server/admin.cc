#include "server/admin.h"

#include <google/protobuf/empty.pb.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "base/tls.h"
#include "ilkimza/v1/fleet_service.grpc.pb.h"
#include "server/admin_call.h"

namespace ilkimza::server {
namespace {

constexpr std::chrono::seconds kCallTime{15};
constexpr int kPage = 1000;

// "kamusm@2", "kamusm" without a version, "-" of an agent that does not say.
std::string ProfileWords(const v1::HostProfile& profile) {
  if (profile.name().empty()) return "-";
  return profile.version() == 0 ? profile.name()
                                : absl::StrCat(profile.name(), "@", profile.version());
}

}  // namespace

void LimitCall(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kCallTime);
}

absl::Status ExplainedCall(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const absl::Status error = FromGrpcStatus(status);
  if (ReasonOf(error) != v1::ERROR_REASON_UNSPECIFIED) return error;
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
                   absl::StrCat("The server does not answer (", status.error_message(),
                                "). Does it run, with this configuration, and may you use its "
                                "'admin_socket'?"));
}

std::string TimeWords(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", FromProto(time), absl::UTCTimeZone());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> AdminChannel(const Settings& settings) {
  std::string address = settings.admin_socket.empty() ? "" : "unix:" + settings.admin_socket;
  if (address.empty() && settings.tls.certificate.empty()) {
    const auto local =
        std::find_if(settings.listen.begin(), settings.listen.end(), &IsLocalAddress);
    if (local != settings.listen.end()) address = *local;
  }
  if (address.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     "The server has no way in for the operator of this machine: configure "
                     "'admin_socket', and restart it.");
  }
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

absl::Status MakeJoinToken(const std::shared_ptr<grpc::Channel>& channel, const JoinTokenWish& wish,
                           std::ostream& out, std::ostream& notes) {
  absl::Duration valid_for;
  if (!absl::ParseDuration(wish.valid_for, &valid_for) || valid_for <= absl::ZeroDuration()) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                     absl::StrCat("'", wish.valid_for, "' is no time: write \"90s\", \"1h30m\"."));
  }
  v1::CreateJoinTokenRequest request;
  v1::JoinToken& token = *request.mutable_join_token();
  if (!wish.agent.empty()) token.set_agent(absl::StrCat("agents/", wish.agent));
  token.set_max_uses(wish.uses);
  *token.mutable_expire_time() = ToProto(absl::Now() + valid_for);
  grpc::ClientContext context;
  LimitCall(context);
  v1::CreateJoinTokenResponse response;
  const WipeSecretsGuard wipe(response);
  ILKIMZA_RETURN_IF_ERROR(ExplainedCall(
      v1::FleetService::NewStub(channel)->CreateJoinToken(&context, request, &response)));
  const v1::JoinToken& made = response.join_token();
  notes << made.name() << ": for "
        << (made.agent().empty() ? "agents of any new name" : made.agent()) << ", "
        << made.max_uses() << (made.max_uses() == 1 ? " use" : " uses") << ", until "
        << TimeWords(made.expire_time()) << ". It is shown this once.\n";
  out << response.token() << "\n" << std::flush;
  if (out) return absl::OkStatus();
  return absl::UnavailableError("The token could not be written; make another one.");
}

absl::Status ListAgents(const std::shared_ptr<grpc::Channel>& channel, std::ostream& out,
                        std::ostream& notes) {
  const auto stub = v1::FleetService::NewStub(channel);
  v1::ListAgentsRequest request;
  request.set_page_size(kPage);
  bool is_any = false;
  do {
    grpc::ClientContext context;
    LimitCall(context);
    v1::ListAgentsResponse response;
    ILKIMZA_RETURN_IF_ERROR(ExplainedCall(stub->ListAgents(&context, request, &response)));
    is_any = is_any || response.agents_size() > 0;
    for (const v1::Agent& agent : response.agents()) {
      out << agent.name() << "\t" << (agent.attached() ? "attached" : "away") << "\t"
          << (agent.version().empty() ? "-" : agent.version()) << "\t"
          << (agent.has_certificate_expire_time() ? TimeWords(agent.certificate_expire_time())
                                                  : "-")
          << "\t" << ProfileWords(agent.profile()) << "\n";
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  out << std::flush;
  if (!is_any) notes << "No agent has enrolled or attached yet.\n";
  return absl::OkStatus();
}

absl::Status DeleteAgent(const std::shared_ptr<grpc::Channel>& channel, const std::string& agent,
                         std::ostream& notes) {
  v1::DeleteAgentRequest request;
  request.set_name(absl::StrCat("agents/", agent));
  grpc::ClientContext context;
  LimitCall(context);
  google::protobuf::Empty response;
  ILKIMZA_RETURN_IF_ERROR(
      ExplainedCall(v1::FleetService::NewStub(channel)->DeleteAgent(&context, request, &response)));
  notes << request.name() << " is deleted: no certificate of it is good any more.\n";
  return absl::OkStatus();
}

}  // namespace ilkimza::server
