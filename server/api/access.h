// Who calls, and what they may see.
//
// With mTLS the certificate says it: an agent's certificate is good for that agent
// alone, an operator's (named in the configuration) for all. Without mTLS, which is
// for loopback and unix sockets, the metadata "ilkimza-agent: agents/{agent}" says
// it, and a caller without it is the operator of this machine.
//
// A certificate of the server's own authority is good for the one agent it was issued
// for, until it ends or is revoked, also on a connection that was opened before; it
// never makes an operator.
//
// Seeing a journey is not answering for it: what the portal shows the holder, PIN and
// PUK among it, is for the journey's own agent alone, see Caller::MayAnswerFor().
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_API_ACCESS_H_
#define ILKIMZA_SERVER_API_ACCESS_H_

#include <grpcpp/server_context.h>
#include <openssl/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::server {

class Enrolments;

struct Caller {
  // "agents/{agent}"; empty for an operator.
  std::string agent;
  // For the timeline: the agent, or "operator" with the certificate's name.
  std::string actor;
  // When the certificate ends; the infinite future without one.
  absl::Time expiry = absl::InfiniteFuture();
  // The certificate's serial number, where this server issued it; empty otherwise.
  std::string issued_serial = {};
  // An operator who merely says to be `agent`, where certificates would prove it: good
  // for looking at journeys as that agent sees them, and for nothing else.
  bool only_claims = false;

  [[nodiscard]] bool IsOperator() const { return agent.empty(); }
  [[nodiscard]] bool MaySee(std::string_view journeys_agent) const {
    return IsOperator() || agent == journeys_agent;
  }
  // Whether the journey's screens are this caller's: those of `journeys_agent` are that
  // agent's and no operator's. Without an agent they are those of `creator`, the actor
  // who created the journey.
  [[nodiscard]] bool MayAnswerFor(std::string_view journeys_agent, std::string_view creator) const {
    if (!journeys_agent.empty()) return !only_claims && agent == journeys_agent;
    return IsOperator() && !creator.empty() && actor == creator;
  }
};

class Access {
 public:
  // The names in certificates (CN, or a DNS or URI name) that are operators'.
  // `enrolments` outlives this; null where the server issues no certificates.
  // `agents_are_certified`: agents have to show certificates, so that a caller without
  // one (on the admin socket) is an operator, whoever it says to be.
  explicit Access(std::vector<std::string> operators, const Enrolments* enrolments = nullptr,
                  bool agents_are_certified = false, Clock& clock = SystemClock())
      : operators_(std::move(operators)),
        enrolments_(enrolments),
        agents_are_certified_(agents_are_certified),
        clock_(clock) {}

  // PERMISSION_DENIED with ERROR_REASON_NOT_ALLOWED for a caller who claims to be
  // somebody else than the certificate says; UNAUTHENTICATED with
  // ERROR_REASON_CERTIFICATE_REFUSED where the certificate is no longer good;
  // INVALID_ARGUMENT for a bad name.
  absl::StatusOr<Caller> Identify(const grpc::ServerContextBase& context) const;
  // Whether the caller may attach as `agent`.
  absl::Status MayAttach(const grpc::ServerContextBase& context, const std::string& agent) const;
  // Once more, for a caller identified before: whether the certificate has ended since, or
  // one that this server issued has been revoked. Quick.
  [[nodiscard]] absl::Status IsStillGood(const Caller& caller) const;

 private:
  absl::StatusOr<Caller> IssuedCaller(const X509& certificate,
                                      const std::vector<std::string>& names,
                                      const std::string& claimed, absl::Time expiry) const;

  const std::vector<std::string> operators_;
  const Enrolments* const enrolments_;
  const bool agents_are_certified_;
  Clock& clock_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_ACCESS_H_
