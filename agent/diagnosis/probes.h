// What a diagnosis looks at, each behind a function of its own, so that a test can
// stand in for a machine that is broken in a certain way. probes.cc has this
// machine's.
#ifndef ILKIMZA_AGENT_DIAGNOSIS_PROBES_H_
#define ILKIMZA_AGENT_DIAGNOSIS_PROBES_H_

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/link/dial.h"
#include "base/card_machine.h"
#include "ilkimza/v1/card_service.pb.h"
#include "portal/browser.h"
#include "portal/profile.h"

namespace ilkimza::agent {

class Pcsc;
class Renewal;
class ServerLink;

// The smart-card service, asked directly: not through what the agent's card side
// remembers.
struct ServiceLook {
  enum class State { kRuns, kStopped, kNotInstalled, kForbidden, kSilent };
  State state = State::kStopped;
  // As PC/SC names them.
  std::vector<std::string> readers;
  // As USB names them, whether the service shows them or not.
  std::vector<std::string> usb_readers;
};

// What the agent's card side says: CardService, called as any client calls it.
class CardLook {
 public:
  virtual ~CardLook() = default;
  virtual absl::StatusOr<v1::ListReadersResponse> Readers() = 0;
  virtual absl::StatusOr<v1::ListCardsResponse> Cards() = 0;
  virtual absl::StatusOr<v1::PinState> PinState(const std::string& card) = 0;
  virtual absl::StatusOr<v1::ListCertificatesResponse> Certificates(const std::string& card) = 0;
};

struct ServerLook {
  // OK while attached, or why the server cannot be had.
  absl::Status status;
  // By the server's clock at the last attach, and by this PC's then.
  std::optional<absl::Duration> clock_ahead;
  // The server visits the portal for people without an agent.
  bool hosts_portal = false;
};

struct PortalLook {
  // OK where its first page came, with any HTTP status.
  absl::Status status;
  int http_status = 0;
  // This PC's clock against the portal's `Date`.
  std::optional<absl::Duration> clock_ahead;
};

// A PKCS#11 module of the configured list.
struct ModuleLook {
  enum class State { kLoaded, kAbsent, kWrongArchitecture, kUnsafe, kFailed };
  // Its path.
  std::string path;
  State state = State::kAbsent;
  // Named by the configuration: it should be there.
  bool configured = false;
};

// The agent's own certificate.
struct CertificateLook {
  enum class State {
    // None is there, and the server was reached without one or is on this machine.
    kNotNeeded,
    // None is there, and the server was not reached.
    kMissing,
    kUnusable,
    kThere,
  };
  State state = State::kNotNeeded;
  absl::Time not_after = absl::InfiniteFuture();
  // Why the last renewal failed; OK where none is overdue.
  absl::Status renewal;
};

// Each may take some seconds; none is called by two threads at a time.
struct Probes {
  std::function<ServiceLook()> service;
  // Where it is not set, nothing is known of modules.
  std::function<std::vector<ModuleLook>()> modules;
  std::function<ServerLook(std::stop_token)> server;
  std::function<PortalLook(std::stop_token)> portal;
  // Where it is not set, no certificate is needed.
  std::function<CertificateLook()> certificate;
  // "host:port", said with the findings.
  std::string server_host;
  std::string portal_host;
};

// Gives the service so long to answer before it is called silent. A look made while it has
// not answered the one before waits for the same answer.
std::function<ServiceLook()> ServiceProbe(std::shared_ptr<Pcsc> pcsc, CardMachine machine,
                                          absl::Duration patience = absl::Seconds(5));
// `link` outlives the probe.
std::function<ServerLook(std::stop_token)> ServerProbe(ServerLink& link,
                                                       absl::Duration patience = absl::Seconds(5));
// `link` and `renewal`, which may be null, outlive the probe.
std::function<CertificateLook()> CertificateProbe(ServerEndpoint server, ServerLink& link,
                                                  const Renewal* renewal);
// Asks for the first page, with the settings that journeys use, and submits nothing.
std::function<PortalLook(std::stop_token)> PortalProbe(portal::Profile profile,
                                                       portal::BrowserOptions options);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_DIAGNOSIS_PROBES_H_
