#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "clients/sdk/agent_client.h"
#include "clients/sdk/socket_check.h"
#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

absl::Status NotSafe(const std::string& path, std::string_view why) {
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                   "the socket " + path + " " + std::string(why) +
                       "; secrets go through it, so it must be yours alone: start your own agent, "
                       "or name its socket with --socket");
}

}  // namespace

std::string DefaultSocket() {
  const std::string runtime(Environment("XDG_RUNTIME_DIR"));
  if (runtime[0] == '/') return runtime + "/ilkimza/agent.sock";
  return "/run/user/" + std::to_string(getuid()) + "/ilkimza/agent.sock";
}

absl::StatusOr<std::string> SocketPath(std::string_view address) {
  std::string_view path = address;
  if (path.substr(0, 7) == "unix://") {
    path.remove_prefix(7);
  } else if (path.substr(0, 5) == "unix:") {
    path.remove_prefix(5);
  }
  const auto bad = [&](std::string_view why) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                     "the agent's address '" + std::string(address.substr(0, 200)) + "' " +
                         std::string(why) + "; give --socket /path/to/agent.sock",
                     {{"field", "socket"}});
  };
  if (path.empty() || path[0] != '/') return bad("is not an absolute path of a unix socket");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return bad("is longer than the system takes");
  if (path.find('\0') != std::string_view::npos) return bad("holds a zero byte");
  return std::string(path);
}

absl::Status CheckSocket(const std::string& path) {
  struct stat socket {};
  // A socket that is not there cannot be somebody else's; the call will say so.
  if (lstat(path.c_str(), &socket) != 0) return absl::OkStatus();
  if (S_ISLNK(socket.st_mode)) return NotSafe(path, "is a symbolic link");
  if (!S_ISSOCK(socket.st_mode)) return NotSafe(path, "is not a socket");
  if (socket.st_uid != geteuid()) return NotSafe(path, "belongs to another user");
  struct stat directory {};
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (stat(parent.c_str(), &directory) != 0) return absl::OkStatus();
  if (directory.st_uid != geteuid() && directory.st_uid != 0) {
    return NotSafe(path, "lies in another user's directory");
  }
  const bool others_write = (directory.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others_write && (directory.st_mode & S_ISVTX) == 0) {
    return NotSafe(path, "lies in a directory that others may write to");
  }
  return absl::OkStatus();
}

}  // namespace ilkimza::client
