// How the agent reaches its server: a fresh connection for each attempt, so that
// the link's back-off, and not gRPC's own, decides when to try again.
#ifndef ILKIMZA_AGENT_LINK_DIAL_H_
#define ILKIMZA_AGENT_LINK_DIAL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/link/server_link.h"
#include "base/tls.h"

namespace ilkimza::agent {

struct ServerEndpoint {
  // As gRPC writes it: "server.example.org:7443", "unix:/run/x.sock".
  std::string address;
  TlsFiles tls;
  // Where the certificate lies that the server gave this agent; used where `tls` names
  // none and there is one. Empty: nowhere.
  std::string identity_directory;
  // "http://host:port"; empty: none. The environment's proxy settings have no say.
  std::string proxy;
  // How often a silent connection is probed.
  absl::Duration keepalive = absl::Seconds(60);
};

// BAD_CONFIGURATION where the endpoint cannot be right: plain text to another
// machine, files that do not hold what they should. The files are read again for
// each connection, so renewed certificates are taken up by themselves.
//
// A certificate in the identity's directory that cannot be used is an error of the
// connection, not of the endpoint: another one can be had while the agent runs.
absl::StatusOr<Dial> MakeDial(ServerEndpoint endpoint);

// A connection to an address where agents enrol: TLS even on this machine, since a join
// token goes over it, and no certificate shown. BAD_CONFIGURATION as above.
absl::StatusOr<std::shared_ptr<grpc::Channel>> DialDoor(const ServerEndpoint& endpoint);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LINK_DIAL_H_
