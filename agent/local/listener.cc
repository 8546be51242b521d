#include "agent/local/listener.h"

#include <grpcpp/server.h>
#include <grpcpp/server_posix.h>
#include <sys/socket.h>

#include <cstddef>
#include <utility>

#include "base/log.h"

namespace ilkimza::agent {

Listener::Listener(int listen_fd, grpc::Server& server, uid_t allowed_uid)
    : server_(server),
      allowed_uid_(allowed_uid),
      acceptor_({listen_fd},
                [this](std::size_t, UniqueFd connection) { Take(std::move(connection)); }) {}

void Listener::Take(UniqueFd connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      peer.uid != allowed_uid_) {
    LogWarning("A connection of user {} (process {}) was refused: this agent serves user {} only",
               peer.uid, peer.pid, allowed_uid_);
    return;
  }
  grpc::AddInsecureChannelFromFd(&server_, connection.Release());
}

}  // namespace ilkimza::agent
