#include "agent/card/other_programs.h"

#ifdef __linux__
#include <dirent.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/card/pkcs15.h"
#endif

namespace ilkimza::agent {

#ifndef __linux__

std::vector<std::string> ProgramsConnectedTo(const std::string&) { return {}; }

#else

namespace {

using Inodes = std::set<uint64_t>;

constexpr int kMaxProcesses = 8192;
constexpr int kMaxDescriptors = 4096;
constexpr int kMaxMessages = 1024;
constexpr std::size_t kMaxNames = 16;
// linux/tcp_states.h is not for programs.
constexpr uint32_t kEstablished = 1;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

bool AskForSockets(int fd) {
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request.sdiag_family = AF_UNIX;
  message.request.udiag_states = 1U << kEstablished;
  message.request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
  return send(fd, &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message);
}

// The other end of the socket, where its own is named `path`: the service's side bears
// the name of the socket it came in by.
std::optional<uint64_t> PeerOf(const nlmsghdr& header, std::string_view path) {
  if (header.nlmsg_len < NLMSG_LENGTH(sizeof(unix_diag_msg))) return std::nullopt;
  const auto* socket = static_cast<const unix_diag_msg*>(NLMSG_DATA(&header));
  const auto* attribute = reinterpret_cast<const rtattr*>(socket + 1);
  auto left = header.nlmsg_len - NLMSG_LENGTH(sizeof(unix_diag_msg));
  bool named = false;
  std::optional<uint64_t> peer;
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    const auto* data = static_cast<const char*>(RTA_DATA(attribute));
    const std::string_view value(data, RTA_PAYLOAD(attribute));
    if (attribute->rta_type == UNIX_DIAG_NAME) {
      named = value.substr(0, value.find('\0')) == path;
    }
    if (attribute->rta_type == UNIX_DIAG_PEER && value.size() == sizeof(uint32_t)) {
      uint32_t inode = 0;
      std::memcpy(&inode, value.data(), sizeof inode);
      peer = inode;
    }
  }
  return named ? peer : std::nullopt;
}

// The inodes of the clients' ends.
Inodes ClientsOf(std::string_view path) {
  Inodes clients;
  const Socket netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  if (netlink.get() < 0 ||
      setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      !AskForSockets(netlink.get())) {
    return clients;
  }
  alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
  for (int i = 0; i < kMaxMessages; ++i) {
    const ssize_t got = recv(netlink.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return clients;
    auto left = static_cast<uint32_t>(got);
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return clients;
      if (const auto peer = PeerOf(*header, path)) clients.insert(*peer);
    }
  }
  return clients;
}

bool HasOneOf(const std::string& process, const Inodes& sockets) {
  const std::string path = process + "/fd";
  const Folder folder(opendir(path.c_str()));
  if (folder == nullptr) return false;
  for (int i = 0; i < kMaxDescriptors; ++i) {
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) return false;
    std::array<char, 64> target{};
    const ssize_t size =
        readlinkat(dirfd(folder.get()), entry->d_name, target.data(), target.size());
    if (size <= 0) continue;
    absl::string_view link(target.data(), static_cast<std::size_t>(size));
    uint64_t inode = 0;
    if (absl::ConsumePrefix(&link, "socket:[") && absl::ConsumeSuffix(&link, "]") &&
        absl::SimpleAtoi(link, &inode) && sockets.contains(inode)) {
      return true;
    }
  }
  return false;
}

// A child of ours is one of ours: the helper that holds a PKCS#11 module.
bool IsOurs(const std::string& process) {
  std::ifstream status(process + "/status");
  const std::string own = std::to_string(getpid());
  for (std::string line; std::getline(status, line);) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, "Pid:\t") && rest == own) return true;
    if (absl::ConsumePrefix(&rest, "PPid:\t")) return rest == own;
  }
  return false;
}

std::string NameOf(const std::string& process) {
  std::ifstream file(process + "/comm");
  std::string name;
  std::getline(file, name);
  return Printable(name);
}

}  // namespace

std::vector<std::string> ProgramsConnectedTo(const std::string& path) {
  const Inodes clients = ClientsOf(path);
  if (clients.empty()) return {};
  std::set<std::string> names;
  const Folder folder(opendir("/proc"));
  for (int i = 0; folder != nullptr && i < kMaxProcesses && names.size() < kMaxNames; ++i) {
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    int pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid)) continue;
    const std::string process = absl::StrCat("/proc/", pid);
    struct stat owner {};
    if (stat(process.c_str(), &owner) != 0 || owner.st_uid != geteuid()) continue;
    if (!HasOneOf(process, clients) || IsOurs(process)) continue;
    std::string name = NameOf(process);
    if (!name.empty()) names.insert(std::move(name));
  }
  return {names.begin(), names.end()};
}

#endif  // __linux__

}  // namespace ilkimza::agent
