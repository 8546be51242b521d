// What a journey that succeeded leaves open: it is told as far as card and portal have
// shown it, and no further. OutcomeSentence in sentences.h says it.
//
// Thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_OUTCOME_H_
#define ILKIMZA_CLIENTS_SDK_OUTCOME_H_

#include "clients/sdk/language.h"
#include "clients/sdk/sentences.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::client {

// The certificate that the test signature was made with is valid, or none was made.
bool SignerIsValid(const v1::Journey& journey);
// Where it is not: the signature fits its certificate, and nobody takes it.
Sentence SignerNotValidSentence(const Texts& texts);

// False where something is left for the holder to look after: a certificate that is not
// valid, a step that is done on their word alone, a revocation that was never answered.
bool IsWhollyGood(const v1::Journey& journey);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_OUTCOME_H_
