#include "agent/local/listener.h"

#include <grpcpp/server.h>
#include <grpcpp/server_posix.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

#include "base/log.h"

namespace ilkimza::agent {
namespace {

// Out of descriptors: wait until some were closed instead of turning in circles.
constexpr std::chrono::milliseconds kExhaustedPause{100};

}  // namespace

Listener::Listener(int listen_fd, grpc::Server& server, uid_t allowed_uid)
    : listen_fd_(listen_fd),
      server_(server),
      allowed_uid_(allowed_uid),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {}

Listener::~Listener() {
  const uint64_t one = 1;
  while (write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void Listener::Run() {
  for (;;) {
    pollfd fds[] = {{listen_fd_, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    if (fds[0].revents != 0) AcceptOne();
  }
}

void Listener::AcceptOne() {
  UniqueFd connection(accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.ok()) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      LogWarning("The agent has too many files open to take another connection");
      std::this_thread::sleep_for(kExhaustedPause);
    }
    return;
  }
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
