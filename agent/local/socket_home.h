// The directory of the agent's socket, and the right to be the one agent in it.
//
// Who may speak to the agent is settled by the operating system: the directory
// belongs to the person who runs the agent and only they may enter it. It is
// created so, and refused where it is anything else.
//
// A lock file beside the socket, held with flock(2), tells a live agent from one
// that died: the kernel drops the lock with its holder, whatever ended it.
#ifndef ILKIMZA_AGENT_LOCAL_SOCKET_HOME_H_
#define ILKIMZA_AGENT_LOCAL_SOCKET_HOME_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace ilkimza::agent {

// Creates `directory` (mode 0700, missing parents too) or checks the one that is
// there: a directory, not a symbolic link, owned by this user, closed to all
// others. FAILED_PRECONDITION / BAD_CONFIGURATION says what is wrong and how to
// mend it.
absl::StatusOr<UniqueFd> OpenPrivateDirectory(const std::string& directory);

// A directory that only one process at a time may claim. Thread-compatible.
class DirectoryLock {
 public:
  // Locks `directory`/agent.lock. UNAVAILABLE where another process holds it; the
  // sentence names that process.
  static absl::StatusOr<DirectoryLock> Take(const std::string& directory);

  [[nodiscard]] int directory_fd() const { return directory_.get(); }

 private:
  DirectoryLock(UniqueFd directory, UniqueFd lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  UniqueFd directory_;
  UniqueFd lock_;
};

// A listening unix socket in a locked private directory. Removes its file when
// destroyed.
class SocketHome {
 public:
  // `path` is absolute. A socket that a dead agent left there is replaced; a file
  // of another kind is not touched and is an error.
  static absl::StatusOr<SocketHome> Open(const std::string& path);

  SocketHome(SocketHome&&) = default;
  SocketHome& operator=(SocketHome&&) = delete;
  ~SocketHome();

  [[nodiscard]] int listen_fd() const { return listener_.get(); }

 private:
  SocketHome(DirectoryLock lock, UniqueFd listener, std::string name)
      : lock_(std::move(lock)), listener_(std::move(listener)), name_(std::move(name)) {}

  DirectoryLock lock_;
  UniqueFd listener_;
  std::string name_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_SOCKET_HOME_H_
