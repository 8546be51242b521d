// The addresses of one gRPC server, with an acceptor of our own in place of gRPC's: see
// base/acceptor.h.
//
//   Doors doors;
//   doors.Add(builder, "127.0.0.1:0", "listen", credentials);
//   server = builder.BuildAndStart();
//   doors.Open();
//   ...
//   doors.Close();
//   server->Shutdown();
//
// Thread-compatible.
#ifndef ILKIMZA_SERVER_DOORS_H_
#define ILKIMZA_SERVER_DOORS_H_

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/acceptor.h"
#include "base/listen.h"

namespace ilkimza::server {

class Doors {
 public:
  // Listens on `address`, and has `builder` serve what comes there with `credentials`.
  // Errors name `key`, as those of ListenOn().
  absl::Status Add(grpc::ServerBuilder& builder, const std::string& address, const std::string& key,
                   std::shared_ptr<grpc::ServerCredentials> credentials);
  // Lets connections in. The builder's server has started.
  void Open(double share = 1);
  // Lets nobody in any more; who is in stays. Idempotent.
  void Close();

  // In the order of Add(), with the ports that were chosen for port 0.
  [[nodiscard]] std::vector<std::string> addresses() const;

 private:
  struct Door {
    ListeningSockets listening;
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server;
  };

  std::vector<std::string> addresses_;
  std::vector<Door> doors_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_DOORS_H_
