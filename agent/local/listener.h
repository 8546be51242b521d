// Accepts connections on the agent's unix socket and hands those of the same user
// to a gRPC server.
//
// gRPC's own listener does not tell who is at the other end; this one asks the
// kernel (SO_PEERCRED) and closes the connection of any other user, whatever the
// modes of directory and socket are.
#ifndef ILKIMZA_AGENT_LOCAL_LISTENER_H_
#define ILKIMZA_AGENT_LOCAL_LISTENER_H_

#include <sys/types.h>

#include "base/acceptor.h"
#include "base/unique_fd.h"

namespace grpc {
class Server;
}

namespace ilkimza::agent {

class Listener {
 public:
  // `listen_fd` and `server` outlive the listener. Only `allowed_uid` is let in.
  Listener(int listen_fd, grpc::Server& server, uid_t allowed_uid);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  // Stops accepting; connections that were handed over live on.
  ~Listener() = default;

 private:
  void Take(UniqueFd connection);

  grpc::Server& server_;
  const uid_t allowed_uid_;
  Acceptor acceptor_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_LISTENER_H_
