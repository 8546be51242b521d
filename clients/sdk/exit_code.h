// Exit codes of the command line. They are stable: scripts branch on them. The
// table stands in ilkimza(1) as well, and a test holds the two together.
#ifndef ILKIMZA_CLIENTS_SDK_EXIT_CODE_H_
#define ILKIMZA_CLIENTS_SDK_EXIT_CODE_H_

#include "absl/status/status.h"
#include "ilkimza/v1/error_reason.pb.h"

namespace ilkimza::client {

enum ExitCode : int {
  kExitOk = 0,
  // Something that none of the codes below names.
  kExitFailed = 1,

  // How a journey ended.
  kExitJourneyStopped = 10,
  kExitJourneyCancelled = 11,
  kExitJourneyFailed = 12,

  // Cards.
  kExitCardUnreachable = 20,
  kExitWrongPin = 21,
  kExitPinBlocked = 22,
  // Format, policy, or the last try without its override: no try was spent.
  kExitPinRefused = 23,
  // Whether the attempt counted is not known.
  kExitAttemptUnknown = 24,
  kExitSignature = 25,

  kExitPortal = 30,

  // `doctor` found at least one fault.
  kExitFaultFound = 40,

  // As in sysexits.h.
  kExitUsage = 64,
  kExitBadInput = 65,
  kExitNotFound = 66,
  // Agent or server cannot be reached.
  kExitUnavailable = 69,
  kExitInternal = 70,
  kExitInputOutput = 74,
  // The journey is still under way: the same command goes on with it.
  kExitLeft = 75,
  kExitNotAllowed = 77,
  kExitBadConfiguration = 78,

  // 128 and the number of the signal: 129 hang-up, 130 Ctrl-C, 143 terminated.
  // The journey can be taken up again.
  kExitInterrupted = 130,
};

ExitCode ExitCodeOf(v1::ErrorReason reason);
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_EXIT_CODE_H_
