#include "agent/local/socket_home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr char kLockName[] = "agent.lock";

absl::Status Refused(const std::string& sentence) {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_BAD_CONFIGURATION,
                   sentence);
}

std::string WordsOf(int error) { return std::generic_category().message(error); }

// Creates each missing part of `directory`.
absl::Status MakeDirectories(const std::string& directory) {
  for (size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
    const std::string part = directory.substr(0, end);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      // A parent that cannot be written to is fine as long as it is there.
      const int error = errno;
      struct stat info {};
      if (stat(part.c_str(), &info) != 0) {
        return Refused(absl::StrCat("The directory '", part,
                                    "' cannot be created: ", WordsOf(error),
                                    ". Create it, or name another one in the configuration."));
      }
    }
    if (end == std::string::npos) return absl::OkStatus();
  }
}

absl::Status CheckPrivate(const std::string& directory, const struct stat& info) {
  if (info.st_uid != geteuid()) {
    return Refused(absl::StrCat("The directory '", directory, "' belongs to user ", info.st_uid,
                                ", and this agent runs as user ", geteuid(),
                                ". Name a directory of your own in the configuration."));
  }
  if ((info.st_mode & 0077) != 0) {
    return Refused(absl::StrFormat(
        "The directory '%s' is open to other users (mode %04o). Close it: chmod 700 '%s'.",
        directory, info.st_mode & 07777, directory));
  }
  return absl::OkStatus();
}

// The process that holds the lock, as it wrote it into the file; 0 if it did not.
int HolderOf(int lock_fd) {
  char text[16] = {};
  const ssize_t size = pread(lock_fd, text, sizeof text - 1, 0);
  int pid = 0;
  if (size <= 0 || !absl::SimpleAtoi(absl::string_view(text, size), &pid)) return 0;
  return pid;
}

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Refused(absl::StrCat("The socket path '", path, "' has ", path.size(),
                                " bytes; the system takes ", sizeof address.sun_path - 1,
                                ". Name a shorter one in the configuration."));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// With the lock held, whoever left a socket here is gone.
absl::Status RemoveStaleSocket(const std::string& path, int directory_fd, const std::string& name) {
  struct stat info {};
  if (fstatat(directory_fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return absl::OkStatus();
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Refused(absl::StrCat("'", path, "' is there and is no socket, so it was left alone. ",
                                "Move it away, or name another socket in the configuration."));
  }
  if (unlinkat(directory_fd, name.c_str(), 0) != 0) {
    return Refused(
        absl::StrCat("The old socket '", path, "' cannot be removed: ", WordsOf(errno), "."));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UniqueFd> OpenPrivateDirectory(const std::string& directory) {
  if (directory.empty() || directory.front() != '/') {
    return Refused(absl::StrCat("The directory '", directory,
                                "' is not an absolute path: write it from the root, with '/'."));
  }
  ILKIMZA_RETURN_IF_ERROR(MakeDirectories(directory));
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) {
    const int error = errno;
    if (error == ENOTDIR || error == ELOOP) {
      return Refused(absl::StrCat("'", directory,
                                  "' is a symbolic link or no directory, so it was left alone. ",
                                  "Remove it, or name another one in the configuration."));
    }
    return Refused(
        absl::StrCat("The directory '", directory, "' cannot be opened: ", WordsOf(error), "."));
  }
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) {
    return Refused(
        absl::StrCat("The directory '", directory, "' cannot be read: ", WordsOf(errno), "."));
  }
  ILKIMZA_RETURN_IF_ERROR(CheckPrivate(directory, info));
  return fd;
}

absl::StatusOr<DirectoryLock> DirectoryLock::Take(const std::string& directory) {
  ILKIMZA_ASSIGN_OR_RETURN(UniqueFd home, OpenPrivateDirectory(directory));
  UniqueFd lock(openat(home.get(), kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock.ok()) {
    return Refused(absl::StrCat("The lock '", directory, "/", kLockName,
                                "' cannot be opened: ", WordsOf(errno), "."));
  }
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const int pid = HolderOf(lock.get());
    return MakeError(
        absl::StatusCode::kUnavailable, v1::ERROR_REASON_BAD_CONFIGURATION,
        absl::StrCat("Another ilkimza-agent", pid > 0 ? absl::StrCat(" (process ", pid, ")") : "",
                     " already uses '", directory,
                     "'. Use that one, stop it, or give this one another socket and state "
                     "directory in its configuration."));
  }
  // Only a help for the sentence above: the lock itself is what counts.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock.get(), 0) != 0 ||
      pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return Refused(absl::StrCat("The lock '", directory, "/", kLockName,
                                "' cannot be written: ", WordsOf(errno), "."));
  }
  return DirectoryLock(std::move(home), std::move(lock));
}

absl::StatusOr<SocketHome> SocketHome::Open(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == path.size()) {
    return Refused(absl::StrCat("The socket path '", path,
                                "' does not name a file in a directory of its own: write it as "
                                "'/some/directory/agent.sock'."));
  }
  const std::string name = path.substr(slash + 1);
  ILKIMZA_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  ILKIMZA_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(path.substr(0, slash)));
  ILKIMZA_RETURN_IF_ERROR(RemoveStaleSocket(path, lock.directory_fd(), name));

  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The directory is closed already; the socket's own mode is the second door.
  const mode_t before = umask(0177);
  const bool bound =
      listener.ok() &&
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  umask(before);
  if (!bound || listen(listener.get(), SOMAXCONN) != 0) {
    return Refused(absl::StrCat("The socket '", path,
                                "' cannot be opened: ", WordsOf(bound ? errno : error), "."));
  }
  return SocketHome(std::move(lock), std::move(listener), name);
}

SocketHome::~SocketHome() {
  if (listener_.ok()) unlinkat(lock_.directory_fd(), name_.c_str(), 0);
}

}  // namespace ilkimza::agent
