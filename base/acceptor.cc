#include "base/acceptor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/log.h"

namespace ilkimza {
namespace {

// Out of descriptors: wait until some were closed instead of turning in circles.
constexpr std::chrono::milliseconds kExhaustedPause{100};
constexpr std::chrono::seconds kBetweenWarnings{10};
// For files, and connections of our own.
constexpr rlim_t kReserve = 64;

// The kernel gives out the lowest descriptor that is free: one of at least this number
// means that as many are open.
int FirstReserved(double share) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 30) {
    return std::numeric_limits<int>::max();
  }
  const rlim_t usable = limit.rlim_cur - std::min(kReserve, limit.rlim_cur / 4);
  return static_cast<int>(share * static_cast<double>(usable));
}

}  // namespace

Acceptor::Acceptor(std::vector<int> listeners, Take take, double share)
    : listeners_(std::move(listeners)),
      take_(std::move(take)),
      first_reserved_(FirstReserved(share)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {}

Acceptor::~Acceptor() {
  const uint64_t one = 1;
  while (write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void Acceptor::Run() {
  std::vector<pollfd> fds;
  fds.push_back({wake_.get(), POLLIN, 0});
  for (const int listener : listeners_) fds.push_back({listener, POLLIN, 0});
  for (;;) {
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
      LogError("No connection can be accepted any more (poll: {})", errno);
      return;
    }
    if (fds[0].revents != 0) return;
    for (std::size_t i = 1; i < fds.size(); ++i) {
      if (fds[i].revents != 0) AcceptOne(i - 1);
    }
  }
}

void Acceptor::AcceptOne(std::size_t listener) {
  UniqueFd connection(
      accept4(listeners_[listener], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.ok()) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
    Warn();
    // Not deaf to the end meanwhile.
    pollfd end{wake_.get(), POLLIN, 0};
    poll(&end, 1, static_cast<int>(kExhaustedPause.count()));
    return;
  }
  if (connection.get() >= first_reserved_) return Warn();
  take_(listener, std::move(connection));
}

void Acceptor::Warn() {
  ++refused_;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_warning_) return;
  next_warning_ = now + kBetweenWarnings;
  LogWarning(
      "Too many files are open to take another connection ({} refused so far); raise the limit "
      "of open files (LimitNOFILE) where so many are wanted",
      refused_);
}

}  // namespace ilkimza
