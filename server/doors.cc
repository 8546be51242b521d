#include "server/doors.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstddef>
#include <utility>

#include "base/error.h"

namespace ilkimza::server {

absl::Status Doors::Add(grpc::ServerBuilder& builder, const std::string& address,
                        const std::string& key,
                        std::shared_ptr<grpc::ServerCredentials> credentials) {
  ILKIMZA_ASSIGN_OR_RETURN(ListeningSockets listening, ListenOn(address, key));
  addresses_.push_back(listening.address);
  doors_.push_back({std::move(listening),
                    builder.experimental().AddExternalConnectionAcceptor(
                        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
                        std::move(credentials))});
  return absl::OkStatus();
}

void Doors::Open(double share) {
  std::vector<int> listeners;
  std::vector<const Door*> door_of;
  for (const Door& door : doors_) {
    for (const UniqueFd& socket : door.listening.sockets) {
      listeners.push_back(socket.get());
      door_of.push_back(&door);
    }
  }
  const auto take = [door_of = std::move(door_of)](std::size_t listener, UniqueFd connection) {
    // Answers are not to wait for more of them; a unix socket knows no such thing.
    const int on = 1;
    setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.fd = connection.Release();
    door_of[listener]->server->HandleNewConnection(&parameters);
  };
  acceptor_ = std::make_unique<Acceptor>(std::move(listeners), take, share);
}

void Doors::Close() {
  acceptor_.reset();
  doors_.clear();
}

std::vector<std::string> Doors::addresses() const { return addresses_; }

}  // namespace ilkimza::server
