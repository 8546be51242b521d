// The operator's commands of the program: a client of the server that runs with the
// same configuration, on the same machine.
#ifndef ILKIMZA_SERVER_ADMIN_H_
#define ILKIMZA_SERVER_ADMIN_H_

#include <iosfwd>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/settings.h"

namespace grpc {
class Channel;
}

namespace ilkimza::server {

struct JoinTokenWish {
  // Without "agents/"; empty: for any name that no agent has yet.
  std::string agent;
  int uses = 1;
  // "90s", "1h30m".
  std::string valid_for = "1h";
};

// To 'admin_socket', or the first address of 'listen' that speaks plain text.
// INVALID_ARGUMENT / BAD_CONFIGURATION where there is neither.
absl::StatusOr<std::shared_ptr<grpc::Channel>> AdminChannel(const Settings& settings);

// The token alone goes to `out`, so that it can be put into a file without being seen;
// what it is good for goes to `notes`.
absl::Status MakeJoinToken(const std::shared_ptr<grpc::Channel>& channel, const JoinTokenWish& wish,
                           std::ostream& out, std::ostream& notes);
// One line for each: name, attached or not, version, when its certificate ends, the
// profile that it drives the portal with. Where there is none, `notes` says so: here and
// below, `out` is for tools.
absl::Status ListAgents(const std::shared_ptr<grpc::Channel>& channel, std::ostream& out,
                        std::ostream& notes);
// `agent` without "agents/".
absl::Status DeleteAgent(const std::shared_ptr<grpc::Channel>& channel, const std::string& agent,
                         std::ostream& notes);

// One line for each screen of the portal that has changed, or for each that is known
// where `all` is set: name, how it stands, who has seen the newest structure of it, the
// steps that meet it.
absl::Status ListDrift(const std::shared_ptr<grpc::Channel>& channel, bool all, std::ostream& out,
                       std::ostream& notes);
// `screen` is its name, or "all" for each that has changed.
absl::Status AcceptDrift(const std::shared_ptr<grpc::Channel>& channel, const std::string& screen,
                         std::ostream& notes);
// One line for each portal: how fast the fleet goes there, who is in, who waits.
absl::Status ListPaces(const std::shared_ptr<grpc::Channel>& channel, std::ostream& out,
                       std::ostream& notes);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ADMIN_H_
