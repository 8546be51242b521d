// What is said of a diagnosis: the agent's typed findings in words, and what a client
// finds by itself where the agent cannot be asked.
//
// Thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_DOCTOR_H_
#define ILKIMZA_CLIENTS_SDK_DOCTOR_H_

#include <string>

#include "absl/status/status.h"
#include "base/card_machine.h"
#include "clients/sdk/language.h"
#include "clients/sdk/sentences.h"
#include "ilkimza/v1/diagnosis_service.pb.h"

namespace ilkimza::client {

// What was found and what it means; `next`, the one thing to do, is empty where there
// is nothing to do.
Sentence FindingSentence(const Texts& texts, const v1::Finding& finding);
// A few words: "Card reader".
std::string CheckTitle(const Texts& texts, v1::Check check);
// "ok", "warning", "fault", "not checked".
std::string VerdictTitle(const Texts& texts, v1::Verdict verdict);

// Enum values without their prefix, as in JSON.
std::string CheckName(v1::Check check);
std::string VerdictName(v1::Verdict verdict);
std::string FindingName(v1::FindingKind kind);

// Where the agent could not be asked, and `why`: that as a finding, what this computer
// shows of service and readers, and all else as not checked.
v1::DiagnoseResponse DiagnoseWithoutAgent(const absl::Status& why, bool socket_exists,
                                          const CardMachine& machine);

int Count(const v1::DiagnoseResponse& diagnosis, v1::Verdict verdict);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_DOCTOR_H_
