#include "agent/pkcs11/helper/ending.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace ilkimza::agent::pkcs11 {
namespace {

constexpr unsigned kLastSeconds = 2;
// No service manager sends it, and modules have no use for it.
constexpr int kAgentDied = SIGUSR2;

void OnAgentDied(int) {
  const int error = errno;
  EndSoon();
  errno = error;
}

}  // namespace

void EndSoon() {
  // The module may have made something else of it.
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGALRM, &action, nullptr);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  alarm(kLastSeconds);
}

void EndSoonAfterAgent() {
  struct sigaction action {};
  action.sa_handler = OnAgentDied;
  action.sa_flags = SA_RESTART;  // the module's calls go on
  sigaction(kAgentDied, &action, nullptr);
  prctl(PR_SET_PDEATHSIG, kAgentDied, 0, 0, 0);
}

}  // namespace ilkimza::agent::pkcs11
