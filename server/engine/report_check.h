// Reports come over the network and end in the store: what they may hold is
// bounded, so that no page text, and with it no secret, finds a way in.
#ifndef ILKIMZA_SERVER_ENGINE_REPORT_CHECK_H_
#define ILKIMZA_SERVER_ENGINE_REPORT_CHECK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::server {

// INVALID_ARGUMENT with ERROR_REASON_BAD_FIELD and metadata "field".
absl::Status CheckReport(const v1::StepReport& report);

// A serial in text form: letters and digits, at most 64 of them.
bool IsCardSerial(std::string_view text);

absl::Status BadField(std::string_view field, std::string_view sentence);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENGINE_REPORT_CHECK_H_
