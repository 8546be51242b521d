// The server as portal host: opt-in (portal_host = "server") and weaker than the
// agent, since what the holder types then passes through this process.
//
// Only here does the server touch the secret plane. The holder's answers go from
// gRPC straight into portal::Host, which wipes them; nothing of the control plane
// sees them.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_HOSTING_SERVER_HOST_H_
#define ILKIMZA_SERVER_HOSTING_SERVER_HOST_H_

#include <memory>

#include "absl/status/statusor.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "server/api/access.h"
#include "server/engine/engine.h"
#include "server/hosting/options.h"

namespace ilkimza::server {

class ServerHost : public DirectiveSink {
 public:
  // Both references outlive the host. An error names what is wrong in the options.
  static absl::StatusOr<std::unique_ptr<ServerHost>> Create(const HostingOptions& options,
                                                            const Access& access, Engine& engine);

  // PortalService, for the journeys that this server hosts, each for its own agent: an
  // operator is refused with ERROR_REASON_NOT_ALLOWED. A journey without an agent is for
  // the operator who created it, until the server stops.
  virtual v1::PortalService::CallbackService& service() = 0;
  // Refuses new calls, ends the screen streams, logs out where it can. Before the
  // gRPC server stops; idempotent.
  virtual void Close() = 0;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_HOSTING_SERVER_HOST_H_
