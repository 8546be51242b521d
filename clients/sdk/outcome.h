// What a journey that succeeded leaves open: it is told as far as card and portal have
// shown it, and no further. OutcomeSentence in sentences.h says it.
//
// Thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_OUTCOME_H_
#define ILKIMZA_CLIENTS_SDK_OUTCOME_H_

#include "ilkimza/v1/error_reason.pb.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::client {

// Why nobody takes the test signature: CERTIFICATE_EXPIRED or CERTIFICATE_NOT_YET_VALID.
// UNSPECIFIED where it counts, or none was made.
v1::ErrorReason SignerTrouble(const v1::Journey& journey);

// False where something is left for the holder to look after: a certificate that is not
// valid, a step that is done on their word alone, a revocation that was never answered.
bool IsWhollyGood(const v1::Journey& journey);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_OUTCOME_H_
