// The lines of `ilkimza start --events`; EVENTS.md is their contract.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "base/clock.h"
#include "base/error.h"
#include "clients/cli/json.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

int64_t SecondsLeft(absl::Time until, absl::Time now) {
  return std::max<int64_t>(0, absl::ToInt64Seconds(until - now));
}

void PutWords(Json& json, const Sentence& sentence) {
  json["sentence"] = sentence.happened;
  json["next"] = sentence.next;
}

const char* OutcomeWord(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSucceeded:
      return "SUCCEEDED";
    case Outcome::kStopped:
      return "STOPPED";
    case Outcome::kCancelled:
      return "CANCELLED";
    case Outcome::kFailed:
      return "FAILED";
    case Outcome::kLeft:
      return "LEFT";
    case Outcome::kError:
      break;
  }
  return "ERROR";
}

const char* WaitWord(WaitFor what) {
  switch (what) {
    case WaitFor::kCard:
      return "card";
    case WaitFor::kPortal:
      return "portal";
    case WaitFor::kAgent:
      return "agent";
    case WaitFor::kServer:
      break;
  }
  return "server";
}

void PutCard(Json& json, const Prompt& prompt) {
  json["card"] = prompt.card;
  json["card_serial"] = prompt.card_serial;
  json.update(ToJson(prompt.pin_state));
  json["last_try"] = prompt.IsLastTry();
  const bool by_puk = prompt.kind == PromptKind::kUnblockPin;
  if (by_puk) json["portal_puk"] = prompt.portal_puk;
  if (prompt.kind == PromptKind::kProvePin || prompt.kind == PromptKind::kSetOwnPin) {
    json["portal_pin"] = prompt.portal_pin;
  }
  if (prompt.kind == PromptKind::kSetOwnPin) {
    json["old_pin_known"] = prompt.old_pin_known;
    json["keep_current"] = prompt.keep_current;
  }
}

Json WaysOnToJson(const std::vector<WayOn>& ways) {
  Json names = Json::array();
  for (const WayOn way : ways) names.push_back(WayOnName(way));
  return names;
}

Json ChipsToJson(const std::vector<Chip>& chips) {
  Json list = Json::array();
  for (const Chip& chip : chips) list.push_back(ToJson(chip));
  return list;
}

// The operations of the portal's menu.
void PutMenu(Json& json, const Prompt& prompt, absl::Time now) {
  switch (prompt.kind) {
    case PromptKind::kCertificates:
      json["certificates"] = Json::array();
      for (const CertificateRow& row :
           CompareCertificates(prompt.certificates, prompt.chips, now)) {
        json["certificates"].push_back(ToJson(row));
      }
      break;
    case PromptKind::kActivation:
    case PromptKind::kRevocation:
    case PromptKind::kOtherChip:
      json["card_serials"] = prompt.card_serials;
      break;
    case PromptKind::kInfo:
      json["masked_phone"] = prompt.masked_phone;
      json["masked_email"] = prompt.masked_email;
      return;
    default:
      if (prompt.chips.empty()) return;
      break;
  }
  json["chips"] = ChipsToJson(prompt.chips);
}

void PutScreen(Json& json, const Prompt& prompt, absl::Time now) {
  if (!prompt.field_labels.empty()) json["field_labels"] = prompt.field_labels;
  if (!prompt.captcha_media_type.empty()) {
    const absl::string_view image(prompt.captcha_image.data(), prompt.captcha_image.size());
    json["captcha"]["media_type"] = prompt.captcha_media_type;
    json["captcha"]["base64"] = absl::Base64Escape(image);
  } else if (prompt.kind == PromptKind::kPhone) {
    json["masked_phone"] = prompt.masked_phone;
    json["hotline"] = prompt.hotline;
  } else if (prompt.kind == PromptKind::kSmsCode &&
             prompt.code_expire_time < absl::InfiniteFuture()) {
    json["code_expire_time"] = JsonTime(prompt.code_expire_time);
    json["code_seconds_left"] = SecondsLeft(prompt.code_expire_time, now);
  } else if (prompt.kind == PromptKind::kDeletion) {
    json["card_serial"] = prompt.card_serial;
  } else if (prompt.kind == PromptKind::kGuided || prompt.kind == PromptKind::kGuidedRevocation) {
    if (!prompt.address.empty()) json["address"] = prompt.address;
    json["labels"] = prompt.labels;
    if (!prompt.end_heading.empty()) json["end_heading"] = prompt.end_heading;
    if (!prompt.card_serial.empty()) json["card_serial"] = prompt.card_serial;
  } else if (prompt.kind == PromptKind::kStopped) {
    json["ways_on"] = WaysOnToJson(prompt.ways_on);
  } else if (prompt.kind == PromptKind::kPinPage) {
    json["cards"] = Json::array();
    for (const PinPageCard& card : prompt.cards) {
      json["cards"].push_back({{"card_serial", card.card_serial},
                               {"has_pin", card.has_pin},
                               {"has_puk", card.has_puk}});
    }
  }
}

// The name of each event in EVENTS.md and its fields.
struct Writer {
  const Texts& texts;
  const absl::Time now;
  const int exit_code;
  Json& json;

  void operator()(const JourneySeen& seen) const {
    json["type"] = "journey";
    json.update(ToJson(seen.journey));
    json["resumed"] = seen.resumed;
  }

  void operator()(const StepChanged& changed) const {
    json["type"] = "step";
    json["step"] = StepName(changed.step);
    json["state"] = StepStateName(changed.state);
    if (changed.reason != v1::ERROR_REASON_UNSPECIFIED) json["reason"] = ReasonName(changed.reason);
    json["title"] = StepTitle(texts, changed.step);
  }

  void operator()(const Prompted& prompted) const {
    const Prompt& prompt = prompted.prompt;
    json["type"] = "prompt";
    json["id"] = prompt.id;
    json["kind"] = PromptKindName(prompt.kind);
    if (!prompt.journey.empty()) json["journey"] = prompt.journey;
    if (prompt.step != v1::STEP_KIND_UNSPECIFIED) json["step"] = StepName(prompt.step);
    if (prompt.screen_id != 0) json["screen_id"] = prompt.screen_id;
    if (prompt.reason != v1::ERROR_REASON_UNSPECIFIED) {
      json[prompt.kind == PromptKind::kStopped ? "reason" : "last_reason"] =
          ReasonName(prompt.reason);
    }
    PutWords(json, PromptSentence(texts, prompt));
    if (prompt.attempts_left >= 0) json["attempts_left"] = prompt.attempts_left;
    if (prompt.answer_deadline < absl::InfiniteFuture()) {
      json["answer_deadline"] = JsonTime(prompt.answer_deadline);
      json["answer_seconds_left"] = SecondsLeft(prompt.answer_deadline, now);
    }
    if (prompt.IsCardPrompt()) PutCard(json, prompt);
    PutScreen(json, prompt, now);
    PutMenu(json, prompt, now);
    json["answers"] = Json::array();
    for (const AnswerForm& form : prompt.forms) json["answers"].push_back(form.fields);
  }

  void operator()(const AnswerTaken& taken) const {
    json["type"] = "taken";
    json["id"] = taken.id;
  }

  void operator()(const PromptClosed& closed) const {
    json["type"] = "closed";
    json["id"] = closed.id;
    if (closed.reason != v1::ERROR_REASON_UNSPECIFIED) json["reason"] = ReasonName(closed.reason);
  }

  void operator()(const Revealed& revealed) const {
    json["type"] = "secret";
    json["id"] = revealed.id;
    json["cards"] = Json::array();
    for (const RevealedCard& card : revealed.cards) {
      Json entry;
      entry["card_serial"] = card.card_serial;
      if (!card.pin.empty()) entry["pin"] = std::string(card.pin.view());
      if (!card.puk.empty()) entry["puk"] = std::string(card.puk.view());
      json["cards"].push_back(std::move(entry));
    }
    if (!revealed.phone.empty()) json["phone"] = std::string(revealed.phone.view());
    if (!revealed.email.empty()) json["email"] = std::string(revealed.email.view());
  }

  void operator()(const Refused& refused) const {
    json["type"] = "error";
    if (!refused.id.empty()) json["id"] = refused.id;
    json.update(
        ErrorToJson(refused.status, StatusSentence(texts, refused.status, refused.hotline)));
  }

  void operator()(const Waiting& waiting) const {
    json["type"] = "wait";
    json["for"] = WaitWord(waiting.what);
    if (waiting.step != v1::STEP_KIND_UNSPECIFIED) json["step"] = StepName(waiting.step);
    if (waiting.reason != v1::ERROR_REASON_UNSPECIFIED) json["reason"] = ReasonName(waiting.reason);
    PutWords(json, WaitSentence(texts, waiting));
    if (!waiting.card_serials.empty()) json["card_serials"] = waiting.card_serials;
    if (!waiting.chips.empty()) json["chips"] = ChipsToJson(waiting.chips);
    if (waiting.resume_time < absl::InfiniteFuture()) {
      json["resume_time"] = JsonTime(waiting.resume_time);
      json["seconds_left"] = SecondsLeft(waiting.resume_time, now);
    }
  }

  void operator()(const UnknownPage& unknown) const {
    json["type"] = "page";
    json["step"] = StepName(unknown.step);
    json["page_fingerprint"] = unknown.page.page_fingerprint();
    json["nearest_screen"] = unknown.page.nearest_screen();
    json["missing"] = Json::array();
    for (const std::string& missing : unknown.page.missing()) json["missing"].push_back(missing);
    PutWords(json, UnknownPageSentence(texts));
  }

  void operator()(const Finished& finished) const {
    json["type"] = "result";
    json["outcome"] = OutcomeWord(finished.outcome);
    json["exit_code"] = exit_code;
    PutWords(json, OutcomeSentence(texts, finished));
    if (!finished.error.ok()) {
      json["reason"] = ReasonName(ReasonOf(finished.error));
      json["detail"] = std::string(finished.error.message());
    }
    if (!finished.journey) return;
    json["journey"] = finished.journey->name();
    json["state"] = JourneyStateName(finished.journey->state());
    if (finished.journey->reason() != v1::ERROR_REASON_UNSPECIFIED) {
      json["reason"] = ReasonName(finished.journey->reason());
    }
    if (finished.outcome == Outcome::kStopped) {
      json["ways_on"] = WaysOnToJson(WaysOn(*finished.journey));
    }
    json["facts"] = FactsToJson(finished.journey->facts());
    json["steps"] = StepsToJson(*finished.journey);
  }
};

}  // namespace

Json EventToJson(const Texts& texts, const GuideEvent& event, absl::Time now, int exit_code) {
  Json json;
  std::visit(Writer{texts, now, exit_code, json}, event);
  return json;
}

}  // namespace ilkimza::client
