// Listening sockets, by gRPC's spelling of addresses.
#ifndef ILKIMZA_BASE_LISTEN_H_
#define ILKIMZA_BASE_LISTEN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace ilkimza {

// Closes what it listens on, and removes the file of a unix socket, with its owner.
struct ListeningSockets {
  ListeningSockets() = default;
  ListeningSockets(ListeningSockets&&) noexcept = default;
  ListeningSockets& operator=(ListeningSockets&&) = delete;
  ~ListeningSockets();

  // They do not block.
  std::vector<UniqueFd> sockets;
  // As it was asked for, with the port that was chosen for port 0.
  std::string address;
  // Of a unix socket; empty for others.
  std::string path;
};

// Listens on each address that a name ("localhost:7450") stands for; "[::]:7450" takes
// IPv4 as well. A unix socket that nobody listens on any more is replaced. `key` is the
// configuration's, for the sentence: UNAVAILABLE where the address is taken or not to be
// had, INVALID_ARGUMENT where it is none, both with ERROR_REASON_BAD_CONFIGURATION.
absl::StatusOr<ListeningSockets> ListenOn(const std::string& address, const std::string& key);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_LISTEN_H_
