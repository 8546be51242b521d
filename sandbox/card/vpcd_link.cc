#include "sandbox/card/vpcd_link.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ilkimza::sandbox {
namespace {

constexpr int kRetryMs = 20;
constexpr char kPowerOff = 0, kPowerOn = 1, kReset = 2, kGetAtr = 4;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  // Resets the connection: see BreakOff.
  ~Socket() {
    if (fd_ < 0) return;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

void SetOption(int socket, int option) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, option, &on, sizeof on);
}

// -1 where nobody listens.
int Connect(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
  int socket = -1;
  for (const addrinfo* address = found; address != nullptr && socket < 0;
       address = address->ai_next) {
    socket = ::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, 0);
    if (socket >= 0 && ::connect(socket, address->ai_addr, address->ai_addrlen) != 0) {
      ::close(socket);
      socket = -1;
    }
  }
  ::freeaddrinfo(found);
  if (socket >= 0) SetOption(socket, TCP_NODELAY);
  return socket;
}

bool Send(int socket, std::string_view payload) {
  // In one write, so that no half of it waits for an acknowledgement.
  std::string frame{static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  frame += payload;
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Announces an answer that will not come. Without that, or with an orderly end of the
// connection, vpcd reports a pending command as answered with nothing; so it fails,
// as it does with a card that is pulled out.
void BreakOff(int socket) {
  constexpr std::string_view kAnnounced("\0\2", 2);
  [[maybe_unused]] const ssize_t sent =
      ::send(socket, kAnnounced.data(), kAnnounced.size(), MSG_NOSIGNAL);
}

}  // namespace

VpcdLink::VpcdLink(std::string host, int port, Card card)
    : host_(std::move(host)),
      port_(port),
      card_(std::move(card)),
      wake_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

VpcdLink::~VpcdLink() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  thread_.join();
  ::close(wake_);
}

bool VpcdLink::WaitUntilInReader(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout), [&] { return in_reader_; });
}

bool VpcdLink::alive() const {
  const std::lock_guard lock(mutex_);
  return alive_;
}

void VpcdLink::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    bool lives = true;
    {
      const Socket socket(Connect(host_, port_));
      if (socket.get() >= 0) lives = Serve(socket.get(), stop);
      // Before the reader's side hears of it.
      const std::lock_guard lock(mutex_);
      in_reader_ = false;
      alive_ = lives;
    }
    if (!lives) return;
    WaitReadable(-1, kRetryMs, stop);
  }
}

bool VpcdLink::Serve(int socket, const std::stop_token& stop) {
  card_.reset();
  for (;;) {
    const auto length = Read(socket, 2, stop);
    if (!length) return true;
    const auto high = static_cast<std::uint8_t>((*length)[0]);
    const auto low = static_cast<std::uint8_t>((*length)[1]);
    const auto payload = Read(socket, static_cast<std::size_t>(high << 8 | low), stop);
    if (!payload) return true;
    std::string answer;
    if (payload->size() != 1) {
      std::optional<std::string> response = card_.transmit(*payload, stop);
      if (!response) {
        BreakOff(socket);
        return stop.stop_requested();
      }
      answer = *std::move(response);
    } else if ((*payload)[0] == kGetAtr) {
      answer = card_.answer_to_reset();
    } else {
      if ((*payload)[0] == kPowerOff || (*payload)[0] == kPowerOn || (*payload)[0] == kReset) {
        card_.reset();
      }
      continue;
    }
    if (!Send(socket, answer)) return true;
    {
      const std::lock_guard lock(mutex_);
      in_reader_ = true;
    }
    changed_.notify_all();
  }
}

bool VpcdLink::WaitReadable(int socket, int timeout_ms, const std::stop_token& stop) const {
  std::array<pollfd, 2> fds{{{.fd = wake_, .events = POLLIN}, {.fd = socket, .events = POLLIN}}};
  int ready = 0;
  do {
    ready = ::poll(fds.data(), fds.size(), timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && !stop.stop_requested() && fds[1].revents != 0;
}

std::optional<std::string> VpcdLink::Read(int socket, std::size_t size,
                                          const std::stop_token& stop) const {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    if (!WaitReadable(socket, -1, stop)) return std::nullopt;
    const ssize_t got = ::recv(socket, out.data() + have, size - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    have += static_cast<std::size_t>(got);
    // The kernel forgets this option as it goes.
    SetOption(socket, TCP_QUICKACK);
  }
  return out;
}

}  // namespace ilkimza::sandbox
