// The `ilkimza` command.
#include <absl/synchronization/mutex.h>

#include "base/daemon.h"
#include "base/secret.h"
#include "clients/cli/program.h"
#include "clients/sdk/language.h"

// Before the libraries' own initialisers: one of them opens a file and keeps it, and would
// take the place of a standard stream that is closed.
[[gnu::section(".preinit_array"),
  gnu::used]] static void (*const g_open_standard_streams)() = ilkimza::OpenStandardStreams;

int main(int argc, char** argv) {
  // Debian's Abseil aborts on what it takes for a deadlock inside gRPC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ilkimza::QuietLibraries();
  ilkimza::ProtectProcessMemory();
  // InitTexts changes the environment that this looks at.
  const auto language = ilkimza::client::LanguageOfEnvironment();
  ilkimza::client::InitTexts();
  return ilkimza::client::Run(argc, argv, language);
}
