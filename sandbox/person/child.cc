#include "sandbox/person/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "sandbox/text.h"

extern char** environ;

namespace ilkimza::sandbox {
namespace {

constexpr std::size_t kLongestLine = 8 << 20;

void CloseIfOpen(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(const std::vector<std::string>& command) {
  if (command.empty()) return absl::InvalidArgumentError("There is no command to start.");
  std::array<int, 2> to{-1, -1};
  std::array<int, 2> from{-1, -1};
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) {
    for (int* end : {&to[0], &to[1], &from[0], &from[1]}) CloseIfOpen(*end);
    return absl::ResourceExhaustedError("No pipe could be made.");
  }
  // A program that ends while we write is an answer, not our end.
  std::signal(SIGPIPE, SIG_IGN);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  CloseIfOpen(to[0]);
  CloseIfOpen(from[1]);
  if (error != 0) {
    CloseIfOpen(to[1]);
    CloseIfOpen(from[0]);
    return absl::NotFoundError(
        Cat("'", command[0], "' cannot be started: ", std::strerror(error), "."));
  }
  return std::unique_ptr<Child>(new Child(pid, to[1], from[0]));
}

Child::~Child() {
  CloseIfOpen(input_);
  CloseIfOpen(output_);
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  for (int i = 0; i < 200; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Child::Heard Child::ReadLine(std::chrono::milliseconds patience, std::string& line) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return Heard::kLine;
    }
    if (buffer_.size() > kLongestLine) return Heard::kEnd;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{output_, POLLIN, 0};
    const int ready = poll(&waiting, 1, std::max(0, static_cast<int>(left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Heard::kNothing;
    std::array<char, 16 * 1024> chunk{};
    const ssize_t size = read(output_, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Heard::kEnd;
    buffer_.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

bool Child::WriteLine(const std::string& line) {
  const std::string text = line + "\n";
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = write(input_, text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    written += static_cast<std::size_t>(size);
  }
  return true;
}

void Child::CloseInput() { CloseIfOpen(input_); }

int Child::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ilkimza::sandbox
