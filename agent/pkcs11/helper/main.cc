// ilkimza-pkcs11: holds one vendor's PKCS#11 module for the agent, so that whatever that
// module does, it does it to this process. Started by ilkimza-agent only.
//
// Nothing is taken from the command line or the environment, and nothing is written
// anywhere but to the agent's socket: standard input and both outputs are /dev/null.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <cstdio>

#include "agent/pkcs11/helper/ending.h"
#include "agent/pkcs11/helper/server.h"
#include "agent/pkcs11/protocol.h"
#include "base/sanitized.h"
#include "base/secret.h"

namespace ilkimza::agent::pkcs11 {
namespace {

bool IsSocket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

#ifndef ILKIMZA_SANITIZED
// A module that eats memory is stopped before the PC is.
void LimitMemory() {
  constexpr rlim_t kMaxData = rlim_t{1} << 30;
  const rlimit limit{kMaxData, kMaxData};
  setrlimit(RLIMIT_DATA, &limit);
}
#else
void LimitMemory() {}  // a sanitizer's own memory is beyond any limit
#endif

int Main() {
  if (!IsSocket(kHelperSocket)) {
    std::fputs("ilkimza-pkcs11 " ILKIMZA_VERSION
               ": a part of ilkimza-agent, which starts it by itself. There is nothing to do with "
               "it by hand; 'ilkimza doctor' says what the PKCS#11 modules do.\n",
               stderr);
    return EX_USAGE;
  }
  ProtectProcessMemory();
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  EndSoonAfterAgent();
  signal(SIGPIPE, SIG_IGN);  // NOLINT: cannot fail
  // A service manager that stops the agent tells all of its processes: this one ends when
  // the agent has what it asked for.
  signal(SIGTERM, SIG_IGN);  // NOLINT: cannot fail
  // The module must not find what the agent has open. The socket goes to no child of it.
  close_range(kHelperSocket + 1, ~0U, 0);
  fcntl(kHelperSocket, F_SETFD, FD_CLOEXEC);
  LimitMemory();
  Serve(kHelperSocket);
  // The module has been finalised. What it and its libraries do at an orderly end of the
  // program is for nobody, and the agent waits for the end of a process that had a PIN.
  _exit(EX_OK);
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11

int main() { return ilkimza::agent::pkcs11::Main(); }
