// Who calls, and what they may see.
//
// With mTLS the certificate says it: an agent's certificate is good for that agent
// alone, an operator's (named in the configuration) for all. Without mTLS, which is
// for loopback and unix sockets, the metadata "ilkimza-agent: agents/{agent}" says
// it, and a caller without it is the operator of this machine.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_API_ACCESS_H_
#define ILKIMZA_SERVER_API_ACCESS_H_

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::server {

struct Caller {
  // "agents/{agent}"; empty for an operator.
  std::string agent;
  // For the timeline: the agent, or "operator" with the certificate's name.
  std::string actor;
  // When the certificate ends; the infinite future without one.
  absl::Time expiry = absl::InfiniteFuture();

  [[nodiscard]] bool IsOperator() const { return agent.empty(); }
  [[nodiscard]] bool MaySee(std::string_view journeys_agent) const {
    return IsOperator() || agent == journeys_agent;
  }
};

class Access {
 public:
  // The names in certificates (CN, or a DNS or URI name) that are operators'.
  explicit Access(std::vector<std::string> operators) : operators_(std::move(operators)) {}

  // PERMISSION_DENIED with ERROR_REASON_NOT_ALLOWED for a caller who claims to be
  // somebody else than the certificate says; INVALID_ARGUMENT for a bad name.
  absl::StatusOr<Caller> Identify(const grpc::ServerContextBase& context) const;
  // Whether the caller may attach as `agent`.
  absl::Status MayAttach(const grpc::ServerContextBase& context, const std::string& agent) const;

 private:
  std::vector<std::string> operators_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_ACCESS_H_
