#include "base/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/error.h"

namespace ilkimza {
namespace {

// For port 0: the port of the first socket may be somebody else's for the second.
constexpr int kPortTries = 16;

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  bool operator==(const SocketAddress& other) const {
    return size == other.size && std::memcmp(&storage, &other.storage, size) == 0;
  }
  void set_port(uint16_t port) {
    if (storage.ss_family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
    }
  }
};

absl::Status NotAnAddress(const std::string& address, const std::string& key) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat(address, ": Cannot listen; this is not \"host:port\" or \"unix:",
                                "/path\" ('", key, "')."));
}

absl::Status CannotListen(const std::string& address, const std::string& key, int error) {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat(address,
                                ": Cannot listen; the address is taken, not this machine's, or "
                                "not allowed ('",
                                key, "', error ", error, ")."));
}

// An error number where it cannot.
int Open(SocketAddress& at, UniqueFd& socket_at) {
  UniqueFd fd(socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return errno;
  const int on = 1;
  const int off = 0;
  if (at.storage.ss_family != AF_UNIX) {
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (at.storage.ss_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(fd.get(), at.get(), at.size) != 0) return errno;
  if (listen(fd.get(), SOMAXCONN) != 0) return errno;
  socket_at = std::move(fd);
  return 0;
}

// -- Unix sockets --

std::optional<SocketAddress> UnixAddress(std::string_view name, bool is_abstract) {
  SocketAddress at;
  auto* un = reinterpret_cast<sockaddr_un*>(&at.storage);
  un->sun_family = AF_UNIX;
  const std::size_t from = is_abstract ? 1 : 0;
  if (name.empty() || name.size() + 1 > sizeof un->sun_path) return std::nullopt;
  name.copy(un->sun_path + from, name.size());
  at.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  return at;
}

// Removes the file that a server left which is no more.
void RemoveOld(const std::string& path, SocketAddress& at) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), at.get(), at.size) != 0 && errno == ECONNREFUSED) unlink(path.c_str());
}

absl::StatusOr<ListeningSockets> ListenUnix(const std::string& address, std::string_view name,
                                            bool is_abstract, const std::string& key) {
  auto at = UnixAddress(name, is_abstract);
  if (!at) return NotAnAddress(address, key);
  if (!is_abstract) RemoveOld(std::string(name), *at);
  ListeningSockets listening;
  listening.address = address;
  UniqueFd fd;
  if (const int error = Open(*at, fd); error != 0) return CannotListen(address, key, error);
  if (!is_abstract) listening.path = name;
  listening.sockets.push_back(std::move(fd));
  return listening;
}

// -- TCP --

struct HostAndPort {
  std::string host;
  int port = 0;
};

std::optional<HostAndPort> Split(absl::string_view rest) {
  absl::ConsumePrefix(&rest, "dns:///") || absl::ConsumePrefix(&rest, "dns:") ||
      absl::ConsumePrefix(&rest, "ipv4:") || absl::ConsumePrefix(&rest, "ipv6:");
  const std::size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  absl::string_view host = rest.substr(0, colon);
  const absl::string_view digits = rest.substr(colon + 1);
  const bool in_brackets = absl::ConsumePrefix(&host, "[");
  if (in_brackets != absl::ConsumeSuffix(&host, "]")) return std::nullopt;
  HostAndPort split{std::string(host)};
  const bool is_number = !digits.empty() && digits.size() <= 5 &&
                         std::all_of(digits.begin(), digits.end(), [](char c) {
                           return absl::ascii_isdigit(static_cast<unsigned char>(c));
                         });
  if (!is_number || !absl::SimpleAtoi(digits, &split.port) || split.port > 65535) {
    return std::nullopt;
  }
  const bool is_one_host = in_brackets || host.find(':') == absl::string_view::npos;
  return is_one_host && !host.empty() ? std::optional(split) : std::nullopt;
}

std::vector<SocketAddress> Resolve(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    SocketAddress at;
    std::memcpy(&at.storage, one->ai_addr, one->ai_addrlen);
    at.size = one->ai_addrlen;
    if (std::find(addresses.begin(), addresses.end(), at) == addresses.end()) {
      addresses.push_back(at);
    }
  }
  return addresses;
}

int PortOf(const UniqueFd& fd) {
  SocketAddress at;
  at.size = sizeof at.storage;
  if (getsockname(fd.get(), at.get(), &at.size) != 0) return 0;
  return ntohs(at.storage.ss_family == AF_INET
                   ? reinterpret_cast<sockaddr_in*>(&at.storage)->sin_port
                   : reinterpret_cast<sockaddr_in6*>(&at.storage)->sin6_port);
}

// On all of `addresses` with one port: `port`, or the one that it is set to where that is
// 0. An error number where that cannot be.
int OpenAll(const std::vector<SocketAddress>& addresses, int& port, std::vector<UniqueFd>& fds) {
  int nothing_there = EADDRNOTAVAIL;
  for (SocketAddress at : addresses) {
    at.set_port(static_cast<uint16_t>(port));
    UniqueFd fd;
    const int error = Open(at, fd);
    // A machine without IPv6 still has the name.
    if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) {
      nothing_there = error;
      continue;
    }
    if (error != 0) return error;
    if (port == 0) port = PortOf(fd);
    fds.push_back(std::move(fd));
  }
  return fds.empty() ? nothing_there : 0;
}

}  // namespace

ListeningSockets::~ListeningSockets() {
  if (!path.empty() && !sockets.empty()) unlink(path.c_str());
}

absl::StatusOr<ListeningSockets> ListenOn(const std::string& address, const std::string& key) {
  absl::string_view rest(address);
  if (absl::ConsumePrefix(&rest, "unix-abstract:")) {
    return ListenUnix(address, {rest.data(), rest.size()}, /*is_abstract=*/true, key);
  }
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (absl::StartsWith(rest, "///")) rest.remove_prefix(2);
    return ListenUnix(address, {rest.data(), rest.size()}, /*is_abstract=*/false, key);
  }
  const auto split = Split(rest);
  if (!split) return NotAnAddress(address, key);
  const std::vector<SocketAddress> addresses = Resolve(split->host);
  int error = EADDRNOTAVAIL;
  for (int i = 0; i < (split->port == 0 ? kPortTries : 1); ++i) {
    ListeningSockets listening;
    int port = split->port;
    error = OpenAll(addresses, port, listening.sockets);
    if (error == 0) {
      listening.address = absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
      return listening;
    }
    if (error != EADDRINUSE) break;
  }
  return CannotListen(address, key, error);
}

}  // namespace ilkimza
