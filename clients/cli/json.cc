#include "clients/cli/json.h"

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

void Put(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

void PutTime(Json& json, const char* name, bool has, const google::protobuf::Timestamp& time) {
  if (has) json[name] = JsonTime(FromProto(time));
}

void PutReason(Json& json, v1::ErrorReason reason) {
  if (reason != v1::ERROR_REASON_UNSPECIFIED) json["reason"] = ReasonName(reason);
}

// Zero is a number only where the card says that none is left.
void PutCount(Json& json, const char* name, v1::TriesLeft tries, int count) {
  if (tries == v1::TRIES_LEFT_UNKNOWN || tries == v1::TRIES_LEFT_UNSPECIFIED) return;
  if (count > 0 || (count == 0 && tries == v1::TRIES_LEFT_NONE)) json[name] = count;
}

Json ReportToJson(const v1::StepReport& report) {
  Json json;
  json["step"] = StepName(report.step());
  json["outcome"] = OutcomeName(report.outcome());
  PutReason(json, report.reason());
  json["directive_id"] = report.directive_id();
  Put(json, "card_serial", report.card_serial());
  if (!report.portal_serials().empty()) {
    json["portal_serials"] = Json::array();
    for (const std::string& serial : report.portal_serials()) {
      json["portal_serials"].push_back(serial);
    }
  }
  Put(json, "page_fingerprint", report.page_fingerprint());
  if (report.tries_left() > 0) json["tries_left"] = report.tries_left();
  return json;
}

}  // namespace

std::string Line(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string JsonTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

Json FactsToJson(const v1::Facts& facts) {
  Json json = Json::object();
  Put(json, "card_serial", facts.card_serial());
  json["security_word_reset"] = facts.security_word_reset();
  json["pin_proven"] = facts.pin_proven();
  json["own_pin_set"] = facts.own_pin_set();
  json["own_pin_unknown"] = facts.own_pin_unknown();
  json["portal_copy_deleted"] = facts.portal_copy_deleted();
  json["portal_copy_kept"] = facts.portal_copy_kept();
  json["portal_copy_missing"] = facts.portal_copy_missing();
  json["test_signature_made"] = facts.test_signature_made();
  json["certificate_activated"] = facts.certificate_activated();
  json["info_updated"] = facts.info_updated();
  json["certificate_revoked"] = facts.certificate_revoked();
  json["logged_in"] = facts.logged_in();
  return json;
}

Json StepsToJson(const v1::Journey& journey) {
  Json steps = Json::array();
  for (const v1::Step& step : journey.steps()) {
    Json json;
    json["step"] = StepName(step.kind());
    json["state"] = StepStateName(step.state());
    json["attempts"] = step.attempts();
    if (step.attempt_limit() > 0) json["attempt_limit"] = step.attempt_limit();
    PutReason(json, step.reason());
    if (step.guided()) json["guided"] = true;
    PutTime(json, "start_time", step.has_start_time(), step.start_time());
    PutTime(json, "end_time", step.has_end_time(), step.end_time());
    if (step.has_start_time() && step.has_end_time()) {
      json["seconds"] =
          absl::ToDoubleSeconds(FromProto(step.end_time()) - FromProto(step.start_time()));
    }
    steps.push_back(std::move(json));
  }
  return steps;
}

Json ToJson(const v1::Journey& journey) {
  Json json;
  json["journey"] = journey.name();
  json["revision"] = journey.revision();
  json["goal"] = GoalName(journey.goal());
  json["state"] = JourneyStateName(journey.state());
  if (journey.current_step() != v1::STEP_KIND_UNSPECIFIED) {
    json["current_step"] = StepName(journey.current_step());
  }
  if (journey.turn() != v1::ACTOR_UNSPECIFIED) json["turn"] = ActorName(journey.turn());
  PutReason(json, journey.reason());
  json["security_word_forgotten"] = journey.security_word_forgotten();
  json["portal_host"] = PortalHostName(journey.portal_host());
  json["guided"] = journey.guided();
  if (!journey.other_ways().empty()) {
    json["other_ways"] = Json::array();
    for (const int way : journey.other_ways()) {
      json["other_ways"].push_back(WayName(static_cast<v1::Way>(way)));
    }
  }
  Put(json, "agent", journey.agent());
  Put(json, "profile", journey.profile());
  Put(json, "hotline", journey.hotline());
  json["directive_id"] = journey.directive_id();
  json["facts"] = FactsToJson(journey.facts());
  json["steps"] = StepsToJson(journey);
  PutTime(json, "create_time", journey.has_create_time(), journey.create_time());
  PutTime(json, "update_time", journey.has_update_time(), journey.update_time());
  PutTime(json, "end_time", journey.has_end_time(), journey.end_time());
  PutTime(json, "expire_time", journey.has_expire_time(), journey.expire_time());
  PutTime(json, "resume_time", journey.has_resume_time(), journey.resume_time());
  PutTime(json, "step_deadline", journey.has_step_deadline(), journey.step_deadline());
  return json;
}

Json ToJson(const v1::JourneyEvent& event) {
  Json json;
  json["revision"] = event.revision();
  PutTime(json, "event_time", event.has_event_time(), event.event_time());
  switch (event.kind_case()) {
    case v1::JourneyEvent::kCreated:
      json["kind"] = "created";
      json["goal"] = GoalName(event.created().goal());
      json["security_word_forgotten"] = event.created().security_word_forgotten();
      json["portal_host"] = PortalHostName(event.created().portal_host());
      json["guided"] = event.created().guided();
      break;
    case v1::JourneyEvent::kAgentAttached:
      json["kind"] = "agent_attached";
      break;
    case v1::JourneyEvent::kAgentDetached:
      json["kind"] = "agent_detached";
      break;
    case v1::JourneyEvent::kConversationLost:
      json["kind"] = "conversation_lost";
      break;
    case v1::JourneyEvent::kStepReported:
      json["kind"] = "step_reported";
      json["report"] = ReportToJson(event.step_reported().report());
      break;
    case v1::JourneyEvent::kTimePassed:
      json["kind"] = "time_passed";
      break;
    case v1::JourneyEvent::kCancelRequested:
      json["kind"] = "cancel_requested";
      Put(json, "actor", event.cancel_requested().actor());
      break;
    case v1::JourneyEvent::kRetryRequested:
      json["kind"] = "retry_requested";
      Put(json, "actor", event.retry_requested().actor());
      if (event.retry_requested().way() != v1::WAY_UNSPECIFIED) {
        json["way"] = WayName(event.retry_requested().way());
      }
      break;
    case v1::JourneyEvent::kCardChanged:
      json["kind"] = "card_changed";
      Put(json, "card_serial", event.card_changed().card_serial());
      break;
    default:
      json["kind"] = "other";
      break;
  }
  return json;
}

Json ToJson(const v1::Reader& reader) {
  Json json;
  json["reader"] = reader.name();
  json["display_name"] = reader.display_name();
  json["state"] = ReaderStateName(reader.state());
  Put(json, "card", reader.card());
  json["has_pinpad"] = reader.has_pinpad();
  for (const std::string& program : reader.programs()) json["programs"].push_back(program);
  return json;
}

Json ToJson(const v1::Card& card) {
  Json json;
  json["card"] = card.name();
  Put(json, "serial", card.serial());
  json["family"] = CardFamilyName(card.family());
  Put(json, "family_display_name", card.family_display_name());
  Put(json, "reader", card.reader());
  Put(json, "atr", card.atr());
  Put(json, "label", card.label());
  Put(json, "module", card.module());
  json["operations"] = Json::array();
  for (const int operation : card.operations()) {
    json["operations"].push_back(OperationName(static_cast<v1::CardOperation>(operation)));
  }
  return json;
}

Json ToJson(const v1::Certificate& certificate) {
  Json json;
  Put(json, "name", certificate.name());
  Put(json, "label", certificate.label());
  json["subject"] = certificate.subject();
  json["issuer"] = certificate.issuer();
  json["serial_number"] = certificate.serial_number();
  PutTime(json, "not_before", certificate.has_not_before(), certificate.not_before());
  PutTime(json, "not_after", certificate.has_not_after(), certificate.not_after());
  if (const auto validity = ValidityOf(certificate, absl::Now());
      validity != v1::CERTIFICATE_VALIDITY_UNSPECIFIED) {
    json["validity"] = ValidityName(validity);
  }
  json["qualified"] = certificate.qualified();
  json["key_usages"] = Json::array();
  for (const std::string& usage : certificate.key_usages()) json["key_usages"].push_back(usage);
  json["fingerprint"] = certificate.fingerprint();
  json["has_private_key"] = certificate.has_private_key();
  return json;
}

Json ToJson(const Chip& chip) {
  Json json;
  json["card_serial"] = chip.card_serial;
  json["read"] = !chip.unread;
  json["old"] = IsOld(chip);
  return json;
}

Json ToJson(const CertificateRow& row) {
  Json json;
  json["card_serial"] = row.card_serial;
  Put(json, "serial_number", row.serial_number);
  Put(json, "title", row.title);
  json["place"] = PlaceName(row.place);
  json["standing"] = StandingName(row.standing);
  Put(json, "portal_words", row.portal_words);
  if (row.start > absl::InfinitePast()) json["start_time"] = JsonTime(row.start);
  if (row.end < absl::InfiniteFuture()) json["end_time"] = JsonTime(row.end);
  return json;
}

Json ToJson(const v1::PinState& state) {
  Json json;
  json["tries_left"] = TriesLeftName(state.tries_left());
  PutCount(json, "tries_left_count", state.tries_left(), state.tries_left_count());
  if (state.puk_tries_left() != v1::TRIES_LEFT_UNSPECIFIED) {
    json["puk_tries_left"] = TriesLeftName(state.puk_tries_left());
    PutCount(json, "puk_tries_left_count", state.puk_tries_left(), state.puk_tries_left_count());
  }
  if (state.not_initialised()) json["not_initialised"] = true;
  if (state.min_length() > 0) json["min_length"] = state.min_length();
  if (state.max_length() > 0) json["max_length"] = state.max_length();
  if (state.new_min_length() > 0) json["new_min_length"] = state.new_min_length();
  if (state.new_max_length() > 0) json["new_max_length"] = state.new_max_length();
  return json;
}

Json ErrorToJson(const absl::Status& status, const Sentence& sentence) {
  const ErrorMetadata metadata = MetadataOf(status);
  Json json;
  json["reason"] = ReasonName(ReasonOf(status));
  if (const auto field = metadata.find("field"); field != metadata.end()) {
    json["field"] = field->second;
  }
  json["sentence"] = sentence.happened;
  json["next"] = sentence.next;
  if (const auto tries = metadata.find("tries_left"); tries != metadata.end()) {
    int count = 0;
    if (absl::SimpleAtoi(absl::string_view(tries->second), &count) && count >= 0) {
      json["tries_left"] = count;
    }
  }
  if (const std::string detail(status.message()); !detail.empty()) json["detail"] = detail;
  return json;
}

}  // namespace ilkimza::client
