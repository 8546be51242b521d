#include "clients/cli/signals.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

namespace ilkimza::client {
namespace {

constexpr std::array kEnding = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

// Signal handlers reach nothing but globals.
std::atomic<int> g_received{0};
std::atomic<bool> g_suspend{false};
std::atomic<int> g_fd{-1};

void Wake() {
  const uint64_t one = 1;
  // Nothing can be done in a handler where even this fails.
  if (write(g_fd.load(), &one, sizeof one) < 0) return;
}

void Ending(int signal) {
  int none = 0;
  g_received.compare_exchange_strong(none, signal);
  Wake();
}

void Suspend(int /*signal*/) {
  g_suspend.store(true);
  Wake();
}

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

Signals::Signals() {
  g_received.store(0);
  g_fd.store(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  for (const int signal : kEnding) Handle(signal, Ending);
  Handle(SIGTSTP, Suspend);
  Handle(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  for (const int signal : kEnding) Handle(signal, SIG_DFL);
  Handle(SIGTSTP, SIG_DFL);
  close(g_fd.exchange(-1));
}

int Signals::fd() const { return g_fd.load(); }
int Signals::received() const { return g_received.load(); }

bool Signals::TakeSuspend() {
  if (!g_suspend.exchange(false)) return false;
  uint64_t ignored = 0;
  // An ending signal keeps the descriptor readable.
  if (g_received.load() == 0 && read(g_fd.load(), &ignored, sizeof ignored) < 0) return true;
  return true;
}

}  // namespace ilkimza::client
