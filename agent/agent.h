// The agent, wired: hosts, line to the server, local socket. main.cc is the program
// around it.
#ifndef ILKIMZA_AGENT_AGENT_H_
#define ILKIMZA_AGENT_AGENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/card/card_host.h"
#include "agent/config.h"
#include "agent/link/server_link.h"
#include "agent/local/journey_hosts.h"
#include "agent/local/local_server.h"
#include "agent/local/socket_home.h"
#include "agent/steps.h"
#include "portal/host.h"

namespace ilkimza::agent {

namespace pkcs11 {
class Modules;
}  // namespace pkcs11

class Diagnosis;
class JourneyForwarder;
class PortalRelay;
class Renewal;

// What carries the steps out. Tests put others in their place.
struct HostMakers {
  std::function<absl::StatusOr<std::unique_ptr<portal::Host>>(const AgentConfig&,
                                                              portal::HostObserver&)>
      portal;
  std::function<absl::StatusOr<std::unique_ptr<CardHost>>(
      const AgentConfig&, const std::shared_ptr<pkcs11::Modules>&, CardObserver&)>
      card;
};
// This machine's: libcurl and the smart-card service.
HostMakers RealHosts();

// Thread-compatible.
class Agent {
 public:
  // Claims socket and state directory, starts serving and dials the server. An
  // error says what to mend; UNAVAILABLE where another agent has them.
  static absl::StatusOr<std::unique_ptr<Agent>> Start(const AgentConfig& config,
                                                      const HostMakers& makers);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  // Stops.
  ~Agent();

  // Ends local calls, logs conversations out if that is quick, says farewell to the
  // server. Idempotent.
  void Stop();

  // As gRPC writes it.
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  Agent(const AgentConfig& config, DirectoryLock state, Dial dial, v1::HostProfile profile);
  absl::Status Open(const AgentConfig& config, const HostMakers& makers);

  const std::string address_;
  DirectoryLock state_;
  JourneyHosts journeys_;
  Steps steps_;
  ServerLink link_;
  // Shared with the card host's families.
  std::shared_ptr<pkcs11::Modules> modules_;
  std::unique_ptr<CardHost> card_;
  std::unique_ptr<portal::Host> portal_;
  std::unique_ptr<JourneyForwarder> forwarder_;
  std::unique_ptr<PortalRelay> relay_;
  std::unique_ptr<Diagnosis> diagnosis_;
  std::unique_ptr<LocalServer> local_;
  // Null where the certificate is somebody else's to renew.
  std::unique_ptr<Renewal> renewal_;
  bool stopped_ = false;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_AGENT_H_
