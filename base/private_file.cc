#include "base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/secret.h"

namespace ilkimza {
namespace {

std::string WordsOf(int error) { return std::generic_category().message(error); }

absl::Status Failed(const std::string& path, int error) {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat(path, ": The file cannot be written: ", WordsOf(error),
                                ". Check its folder's permissions and the space on the disk."));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// The error number, 0 where all is written and durable.
int WriteDurably(const std::string& path, std::string_view contents, mode_t mode) {
  const Descriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (file.get() < 0) return errno;
  // The umask has its say in open, and an old temporary file its own mode.
  if (fchmod(file.get(), mode) != 0) return errno;
  while (!contents.empty()) {
    const ssize_t written = write(file.get(), contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(file.get()) == 0 ? 0 : errno;
}

}  // namespace

absl::Status ReplaceFile(const std::string& path, std::string_view contents, mode_t mode) {
  const std::string temporary = absl::StrCat(path, ".new");
  if (const int error = WriteDurably(temporary, contents, mode); error != 0) {
    unlink(temporary.c_str());
    return Failed(path, error);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return Failed(path, error);
  }
  // The rename itself lies in the folder.
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return Failed(path, errno);
  return absl::OkStatus();
}

absl::Status ReadSmallFile(const std::string& path, std::size_t limit, std::string& contents) {
  // Not blocking: a pipe would keep the reader waiting.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    return errno == ENOENT ? absl::NotFoundError("it is not there")
                           : absl::UnavailableError(WordsOf(errno));
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return absl::UnavailableError(WordsOf(errno));
  if (!S_ISREG(info.st_mode)) return absl::UnavailableError("it is not an ordinary file");
  std::string buffer(limit + 1, '\0');
  const WipeGuard wipe(buffer);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(file.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::UnavailableError(WordsOf(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit)
    return absl::UnavailableError(absl::StrCat("it has more than ", limit, " bytes"));
  contents.assign(buffer, 0, size);
  return absl::OkStatus();
}

}  // namespace ilkimza
