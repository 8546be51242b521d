// The `ilkimza` command.
#include <absl/synchronization/mutex.h>

#include "base/secret.h"
#include "clients/cli/program.h"
#include "clients/sdk/language.h"

int main(int argc, char** argv) {
  // Debian's Abseil aborts on what it takes for a deadlock inside gRPC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ilkimza::ProtectProcessMemory();
  // InitTexts changes the environment that this looks at.
  const auto language = ilkimza::client::LanguageOfEnvironment();
  ilkimza::client::InitTexts();
  return ilkimza::client::Run(argc, argv, language);
}
