// What the agent offers on its unix socket: JourneyService, PortalService,
// CardService, gRPC health and reflection, to processes of the same user.
//
// Thread-compatible.
#ifndef ILKIMZA_AGENT_LOCAL_LOCAL_SERVER_H_
#define ILKIMZA_AGENT_LOCAL_LOCAL_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/local/listener.h"
#include "agent/local/socket_home.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace ilkimza::agent {

class LocalServer {
 public:
  // What a client may send at most; the largest request is a mail link.
  static constexpr int kMaxRequestBytes = 64 * 1024;

  // Serves `services`, which outlive it, to users with `allowed_uid`.
  static absl::StatusOr<std::unique_ptr<LocalServer>> Start(
      SocketHome home, const std::vector<grpc::Service*>& services, uid_t allowed_uid);
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;
  // Stops at once.
  ~LocalServer();

  // Refuses new connections and calls; those under way have `grace` to end, then
  // they are cancelled. Returns when all have ended.
  void Stop(absl::Duration grace);

  // A connection to itself.
  [[nodiscard]] std::shared_ptr<grpc::Channel> InProcessChannel();

 private:
  LocalServer(SocketHome home, std::unique_ptr<grpc::Server> server);

  SocketHome home_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_LOCAL_SERVER_H_
