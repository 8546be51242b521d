#include "clients/cli/file_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "clients/sdk/sentences.h"
#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

absl::Status FileError(const std::string& path, int error) {
  return MakeError(
      error == EEXIST ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kInvalidArgument,
      v1::ERROR_REASON_BAD_FIELD,
      "the file " + Printable(path) + " cannot be written: " + ErrorText(error),
      {{"field", "out"}});
}

absl::Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path, std::string_view bytes, bool force) {
  const std::string target = force ? path + ".new" : path;
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (force ? O_TRUNC : O_EXCL);
  const int fd = open(target.c_str(), flags, 0644);
  if (fd < 0) return FileError(path, errno);
  absl::Status status = WriteAll(fd, path, bytes);
  if (close(fd) != 0 && status.ok()) status = FileError(path, errno);
  if (status.ok() && force && std::rename(target.c_str(), path.c_str()) != 0) {
    status = FileError(path, errno);
  }
  if (!status.ok()) unlink(target.c_str());
  return status;
}

int FailToWrite(Screen& screen, const Settings& settings, const absl::Status& status) {
  const Texts& texts = settings.texts;
  const bool there = status.code() == absl::StatusCode::kAlreadyExists;
  const Sentence sentence =
      there ? Sentence{texts.Say("The file exists already, and was left as it is."),
                       texts.Say("Name another one, or say --force to write over it.")}
            : Sentence{texts.Say("The file cannot be written."),
                       texts.Say("Name a file in a folder of your own.")};
  return Fail(screen, settings, status, sentence, kExitInputOutput);
}

}  // namespace ilkimza::client
