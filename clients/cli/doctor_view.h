// How a diagnosis looks: on the screen, as JSON, and as a report for the help desk.
#ifndef ILKIMZA_CLIENTS_CLI_DOCTOR_VIEW_H_
#define ILKIMZA_CLIENTS_CLI_DOCTOR_VIEW_H_

#include <string>

#include "clients/cli/json.h"
#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "clients/sdk/redaction.h"
#include "ilkimza/v1/diagnosis_service.pb.h"

namespace ilkimza::client {

void WriteDiagnosis(Screen& screen, const Texts& texts, const v1::DiagnoseResponse& diagnosis);

// EVENTS.md describes it.
Json DiagnosisToJson(const Texts& texts, const v1::DiagnoseResponse& diagnosis, int exit_code);

// Text for people, then the same as one line of JSON, all of it without `person`.
std::string Report(const Texts& texts, const v1::DiagnoseResponse& diagnosis, int exit_code,
                   const Person& person);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_DOCTOR_VIEW_H_
