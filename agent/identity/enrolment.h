// The calls by which an agent gets its certificate and keeps it.
//
// Blocking, with deadlines. Thread-safe.
#ifndef ILKIMZA_AGENT_IDENTITY_ENROLMENT_H_
#define ILKIMZA_AGENT_IDENTITY_ENROLMENT_H_

#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/link/dial.h"
#include "base/secret.h"

namespace grpc {
class Channel;
}

namespace ilkimza::agent {

// From a file that nobody else can read, or from standard input where `path` is "-".
// White space around it is taken off. Errors are INVALID_ARGUMENT / BAD_FIELD.
absl::StatusOr<Secret> ReadJoinToken(const std::string& path);

// Enrols `agent` ("agents/{agent}") at `door`, the server's address for that, and puts
// the certificate into `directory`. Always TLS, without a certificate of its own. The
// result is when the certificate ends.
//
// May be repeated with the same token until it has succeeded: that is one use of it.
absl::StatusOr<absl::Time> Enrol(const ServerEndpoint& door, const std::string& agent,
                                 const Secret& token, const std::string& directory);

// Over `channel`, which shows the certificate of now. `stop` ends the call.
absl::StatusOr<absl::Time> RenewCertificate(const std::shared_ptr<grpc::Channel>& channel,
                                            const std::string& agent, const std::string& directory,
                                            const std::stop_token& stop);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_IDENTITY_ENROLMENT_H_
