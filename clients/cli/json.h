// Resources and events as JSON. Field names are those of the proto, enum values
// have no prefix, times are RFC 3339 in UTC, and what has no value is left out.
// Stable: fields are added, never renamed. Holds no secret but where it says so.
#ifndef ILKIMZA_CLIENTS_CLI_JSON_H_
#define ILKIMZA_CLIENTS_CLI_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/sdk/guide_event.h"
#include "clients/sdk/language.h"
#include "clients/sdk/sentences.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::client {

using Json = nlohmann::ordered_json;

// One line, without the line break. Bytes that are no UTF-8 are replaced.
std::string Line(const Json& json);
std::string JsonTime(absl::Time time);

Json ToJson(const v1::Journey& journey);
Json ToJson(const v1::JourneyEvent& event);
Json ToJson(const v1::Reader& reader);
Json ToJson(const v1::Card& card);
Json ToJson(const v1::Certificate& certificate);
Json ToJson(const v1::PinState& state);
Json ToJson(const Chip& chip);
Json ToJson(const CertificateRow& row);
Json StepsToJson(const v1::Journey& journey);
Json FactsToJson(const v1::Facts& facts);
// {"reason", "sentence", "next", "detail", "field", "tries_left"}
Json ErrorToJson(const absl::Status& status, const Sentence& sentence);

// A line of `ilkimza start --events` without its number: see EVENTS.md. Only a
// Revealed holds secrets. `exit_code` stands in a Finished.
Json EventToJson(const Texts& texts, const GuideEvent& event, absl::Time now, int exit_code);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_JSON_H_
