#include "agent/pkcs11/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/pkcs11/protocol.h"
#include "agent/pkcs11/wire.h"
#include "base/error.h"

extern "C" char** environ;  // NOLINT(readability-identifier-naming): POSIX names it

namespace ilkimza::agent::pkcs11 {
namespace {

// A process that has closed its connection is as good as gone.
constexpr absl::Duration kEndAfterHangUp = absl::Seconds(1);

// Variables that make modules, or what they are linked with, write down what passes
// through them, PINs too, or load something else into their process.
constexpr std::array<std::string_view, 8> kLeftOut = {
    "OPENSC_DEBUG=", "PKCS11SPY=", "PKCS11SPY_OUTPUT=", "P11_KIT_DEBUG=",
    "LD_PRELOAD=",   "LD_AUDIT=",  "SSLKEYLOGFILE=",    "LIBPCSCLITE_DEBUG=",
};

std::vector<char*> Environment() {
  std::vector<char*> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool keep = true;
    for (const std::string_view name : kLeftOut) keep = keep && !text.starts_with(name);
    if (keep) kept.push_back(*entry);
  }
  kept.push_back(nullptr);
  return kept;
}

absl::Status CannotStart(const std::string& program, int error) {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_MODULE_FAILED,
                   absl::StrCat("'", program, "', which holds PKCS#11 modules, cannot be started (",
                                std::strerror(error),
                                "): install it beside ilkimza-agent, from the same version."));
}

// Both are made ready with attributes that cannot fail but for want of memory.
class SpawnPlan {
 public:
  explicit SpawnPlan(int socket) {
    posix_spawn_file_actions_init(&actions_);
    for (const int output : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      posix_spawn_file_actions_addopen(&actions_, output, "/dev/null",
                                       output == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions_, socket, kHelperSocket);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kHelperSocket + 1);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  int Run(const std::string& program, pid_t& pid) {
    std::array<char*, 2> arguments = {const_cast<char*>(program.c_str()), nullptr};
    const std::vector<char*> environment = Environment();
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(),
                       environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

absl::StatusOr<Spawner::Spawned> SpawnHere(const std::string& program) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return CannotStart(program, errno);
  }
  // dup2 onto the same number would leave close-on-exec set: keep clear of it.
  int theirs = ends[1];
  if (theirs <= kHelperSocket) {
    theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, kHelperSocket + 1);
    close(ends[1]);
    if (theirs < 0) {
      close(ends[0]);
      return CannotStart(program, errno);
    }
  }
  pid_t pid = -1;
  const int error = SpawnPlan(theirs).Run(program, pid);
  close(theirs);
  if (error == 0) return Spawner::Spawned{.pid = pid, .socket = ends[0]};
  close(ends[0]);
  return CannotStart(program, error);
}

Deadline After(absl::Duration limit) {
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limit);
}

std::string EndText(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return absl::StrCat("was ended by signal ", signal, " (", strsignal(signal), ")");
  }
  return absl::StrCat("ended its process by itself, with exit code ", WEXITSTATUS(status));
}

}  // namespace

Spawner::Spawner() : thread_([this] { Loop(); }) {}

Spawner::~Spawner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Spawner::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || task_; });
    if (!task_) return;
    const auto task = std::exchange(task_, nullptr);
    lock.unlock();
    wake_.notify_all();
    task();
    lock.lock();
  }
}

absl::StatusOr<Spawner::Spawned> Spawner::Spawn(const std::string& program) {
  std::promise<absl::StatusOr<Spawned>> promise;
  auto result = promise.get_future();
  {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !task_; });
    task_ = [&] { promise.set_value(SpawnHere(program)); };
  }
  wake_.notify_all();
  return result.get();
}

HelperProcess::HelperProcess(const Spawner::Spawned& spawned)
    : pid_(spawned.pid), socket_(spawned.socket) {}

HelperProcess::~HelperProcess() { End(absl::ZeroDuration()); }

void HelperProcess::CloseSocket() {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

bool HelperProcess::WaitForEnd(absl::Duration limit) const {
  // Through syscall: the header of glibc 2.36 is not made for C++.
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (handle < 0) return false;
  pollfd entry{.fd = handle, .events = POLLIN, .revents = 0};
  int ready = -1;
  do {
    ready = poll(&entry, 1, static_cast<int>(absl::ToInt64Milliseconds(limit)));
  } while (ready < 0 && errno == EINTR);
  close(handle);
  return ready > 0;
}

std::string HelperProcess::KillAndReap() {
  CloseSocket();
  kill(-pid_, SIGKILL);  // what it started may outlive it
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return EndText(status);
}

HelperProcess::Answer HelperProcess::Fail(Failure failure, std::string why) {
  failure_ = failure;
  // It may hang after it has hung up.
  const bool ended = failure == Failure::kDied && WaitForEnd(kEndAfterHangUp);
  std::string how = KillAndReap();
  why_gone_ = ended ? std::move(how) : std::move(why);
  return {.failure = failure_, .why = why_gone_, .payload = {}};
}

HelperProcess::Answer HelperProcess::Call(std::string_view request, absl::Duration limit) {
  if (pid_ < 0) return {.failure = failure_, .why = why_gone_, .payload = {}};
  const Deadline deadline = After(limit);
  Answer answer;
  WireResult result = SendFrame(socket_, request, deadline);
  if (result == WireResult::kOk) {
    result = ReceiveFrame(socket_, kMaxReply, answer.payload, deadline);
  }
  switch (result) {
    case WireResult::kOk:
      return answer;
    case WireResult::kTimeout:
      return Fail(Failure::kTimeout, absl::StrCat("did not answer within ",
                                                  absl::FormatDuration(limit), " and was ended"));
    case WireResult::kTooLong:
      return Fail(Failure::kGarbage, "answered more than can be");
    case WireResult::kClosed:
      break;
  }
  return Fail(Failure::kDied, "closed its connection");
}

std::optional<std::string> HelperProcess::WhyGone() {
  if (pid_ < 0) return why_gone_;
  pollfd entry{.fd = socket_, .events = POLLIN | POLLRDHUP, .revents = 0};
  if (poll(&entry, 1, 0) == 0) return std::nullopt;
  return Fail(Failure::kDied, "spoke without being asked").why;
}

void HelperProcess::End(absl::Duration grace) {
  if (pid_ < 0) return;
  CloseSocket();
  if (grace > absl::ZeroDuration()) static_cast<void>(WaitForEnd(grace));
  why_gone_ = KillAndReap();
}

std::string HelperBeside() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "ilkimza-pkcs11";
  return (program.parent_path() / "ilkimza-pkcs11").string();
}

}  // namespace ilkimza::agent::pkcs11
