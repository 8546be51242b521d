// The steps on the card: which card, how many tries, and the one call a PIN goes
// into.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "clients/sdk/chips.h"
#include "clients/sdk/guide.h"

namespace ilkimza::client {
namespace {

// Before its serial in a card's name.
constexpr std::string_view kCards = "cards/";
// Instead of the serial, where a card tells none.
constexpr std::string_view kNameless = "cards/in-";
// How long a card that cannot be looked at is left alone.
constexpr absl::Duration kLookAgain = absl::Seconds(2);

bool WaitsForCard(v1::StepKind step) {
  return step == v1::STEP_KIND_PREPARE_CHIP || step == v1::STEP_KIND_INSERT_CARD ||
         step == v1::STEP_KIND_MATCH_CARD;
}

bool NeedsPin(v1::StepKind step) {
  return step == v1::STEP_KIND_PROVE_PIN || step == v1::STEP_KIND_SET_OWN_PIN ||
         step == v1::STEP_KIND_UNBLOCK_PIN || step == v1::STEP_KIND_TEST_SIGNATURE;
}

// The agent reports these to the server; the journey then goes another way.
bool EndsDirective(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  // Said by this side alone: whether the agent ended anything shows in the journey.
  if (MetadataOf(status).contains("answer")) return false;
  return reason == v1::ERROR_REASON_WRONG_PIN || reason == v1::ERROR_REASON_PIN_BLOCKED ||
         reason == v1::ERROR_REASON_WRONG_PUK || reason == v1::ERROR_REASON_PUK_BLOCKED ||
         reason == v1::ERROR_REASON_ATTEMPT_UNKNOWN ||
         reason == v1::ERROR_REASON_SIGNATURE_INVALID ||
         reason == v1::ERROR_REASON_CERTIFICATE_NOT_FOUND;
}

void Set(std::string* field, std::string_view text) { field->assign(text.data(), text.size()); }

}  // namespace

bool Guide::WantsCard() const {
  return journey_ && journey_->state() == v1::JOURNEY_STATE_ACTIVE && readers_lost_.ok() &&
         NeedsPin(journey_->current_step()) && journey_->directive_id() != tried_directive_ &&
         !looking_ && !card_ && card_trouble_.ok();
}

void Guide::ForgetCard() {
  ++lookup_;
  looking_ = false;
  card_.reset();
  card_trouble_ = absl::OkStatus();
}

void Guide::LookForCard() {
  looking_ = true;
  Send({.purpose = Purpose::kCards, .lookup = lookup_}, ListCardsCall{});
}

void Guide::OnCards(absl::StatusOr<GuideResponse> result, unsigned lookup) {
  if (lookup != lookup_) return;
  if (!result.ok()) return OnPinState(result.status(), lookup);
  const auto& cards = std::get<v1::ListCardsResponse>(*result).cards();
  const std::string& serial = journey_->facts().card_serial();
  const auto found = std::find_if(cards.begin(), cards.end(), [&](const v1::Card& card) {
    return serial.empty() ? cards.size() == 1 : card.serial() == serial;
  });
  if (found == cards.end()) {
    const bool other = !cards.empty();
    return OnPinState(MakeError(absl::StatusCode::kNotFound,
                                other ? v1::ERROR_REASON_SERIAL_MISMATCH : WhyNoCard(),
                                other ? "another card is in the reader" : "no card can be read"),
                      lookup);
  }
  card_ = CardFound{*found, {}};
  v1::GetPinStateRequest request;
  request.set_name(found->name());
  Send({.purpose = Purpose::kPinState, .lookup = lookup_}, std::move(request));
}

void Guide::OnPinState(absl::StatusOr<GuideResponse> result, unsigned lookup) {
  if (lookup != lookup_) return;
  looking_ = false;
  if (result.ok()) {
    card_->pin_state = std::get<v1::PinState>(*result);
  } else {
    card_.reset();
    card_trouble_ = result.status();
    // A card that comes or goes is told by the readers; one that is busy is not.
    actions_.emplace_back(WakeAfter{kLookAgain});
  }
  Settle();
}

v1::ErrorReason Guide::WhyNoCard() const {
  if (!readers_) return v1::ERROR_REASON_NO_CARD;
  if (!readers_->service_running()) {
    // An older agent does not say why.
    return readers_->service_trouble() == v1::ERROR_REASON_UNSPECIFIED
               ? v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED
               : readers_->service_trouble();
  }
  if (readers_->readers().empty()) return v1::ERROR_REASON_NO_READER;
  const auto any = [&](v1::ReaderState state) {
    return std::any_of(readers_->readers().begin(), readers_->readers().end(),
                       [&](const v1::Reader& reader) { return reader.state() == state; });
  };
  if (any(v1::READER_STATE_CARD_MUTE)) return v1::ERROR_REASON_CARD_MUTE;
  if (any(v1::READER_STATE_IN_USE_EXCLUSIVELY)) return v1::ERROR_REASON_CARD_BUSY;
  return v1::ERROR_REASON_NO_CARD;
}

Guide::Wanted Guide::WantCard(v1::ErrorReason reason) const {
  Waiting waiting{WaitFor::kCard, journey_->current_step(), reason};
  waiting.serial_too_short = reason == v1::ERROR_REASON_SERIAL_MISMATCH && SerialsAreTooShort();
  std::string key = "wait/card/" + std::to_string(journey_->current_step()) + "/" +
                    std::to_string(reason) + (waiting.serial_too_short ? "/short" : "");
  if (reason == v1::ERROR_REASON_SERIAL_MISMATCH && !waiting.serial_too_short) {
    // Which chip it is, and which it should be, is told at once or not at all.
    if (!chips_) return {};
    waiting.card_serials = WantedSerials();
    waiting.chips = *chips_;
    // The others were taken out: the agent is about to say that this is the one.
    const bool is_compared = journey_->current_step() == v1::STEP_KIND_MATCH_CARD;
    if (is_compared && ChipsOf(waiting.card_serials, waiting.chips).size() == 1) return {};
    for (const Chip& chip : *chips_) key += "/" + chip.card_serial;
  }
  return {std::move(key), std::nullopt, std::move(waiting)};
}

bool Guide::NoCardTellsItsSerial() const {
  bool nameless = false;
  for (const v1::Reader& reader : readers_->readers()) {
    if (reader.state() != v1::READER_STATE_CARD_PRESENT) continue;
    // Empty while the card is still being asked.
    if (!reader.card().starts_with(kNameless)) return false;
    nameless = true;
  }
  return nameless;
}

bool Guide::SerialsAreTooShort() const {
  const auto& portals = journey_->facts().portal_serials();
  if (!readers_ || portals.empty()) return false;
  const auto shortest =
      std::min_element(portals.begin(), portals.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  bool any = false;
  for (const v1::Reader& reader : readers_->readers()) {
    if (reader.state() != v1::READER_STATE_CARD_PRESENT) continue;
    any = true;
    const std::string_view name = reader.card();
    if (!name.starts_with(kCards) || name.starts_with(kNameless)) return false;
    if (name.size() - kCards.size() >= shortest->size()) return false;
  }
  return any;
}

Guide::Wanted Guide::WantCardStep() const {
  const v1::StepKind step = journey_->current_step();
  const bool typed_serial = journey_->guided() && step == v1::STEP_KIND_MATCH_CARD;
  if ((typed_serial && journey_->reason() == v1::ERROR_REASON_SERIAL_MISMATCH) || MayAskForCode()) {
    return chips_ || SerialsAreTooShort() ? WantOtherChip() : Wanted{};
  }
  if (WaitsForCard(step)) {
    const bool present =
        readers_ && std::any_of(readers_->readers().begin(), readers_->readers().end(),
                                [](const v1::Reader& reader) {
                                  return reader.state() == v1::READER_STATE_CARD_PRESENT;
                                });
    if (!present) return WantCard(WhyNoCard());
    if (NoCardTellsItsSerial()) return WantCard(v1::ERROR_REASON_CARD_UNSUPPORTED);
    if (journey_->reason() == v1::ERROR_REASON_UNSPECIFIED) return {};
    return WantCard(journey_->reason());
  }
  if (!NeedsPin(step) || journey_->directive_id() == tried_directive_) return {};
  if (looking_) {
    // Looking again at a card that is asked for already: the prompt stays until
    // something else is known.
    const bool asks = prompt_ && prompt_->IsCardPrompt() && prompt_->step == step;
    const bool waits = !prompt_ && wanted_key_.rfind("wait/card/", 0) == 0;
    if (asks || waits) return {wanted_key_, std::nullopt, std::nullopt};
    return {};
  }
  if (!card_trouble_.ok()) return WantCard(ReasonOf(card_trouble_));
  if (!card_ || awaits_screen_) return {};
  Prompt prompt = CardPrompt();
  std::string key = "card/" + std::to_string(journey_->directive_id()) + "/" + card_->card.name() +
                    "/" + std::to_string(card_->pin_state.tries_left()) + "/" +
                    std::to_string(failed_tries_) + (prompt.portal_pin ? "/portal" : "");
  return {std::move(key), std::move(prompt), std::nullopt};
}

// The agent goes on by itself once the right chip is in the reader; the prompt is over
// then.
Guide::Wanted Guide::WantOtherChip() const {
  Prompt prompt;
  prompt.kind = PromptKind::kOtherChip;
  prompt.journey = journey_->name();
  prompt.step = journey_->current_step();
  const bool too_short = SerialsAreTooShort();
  prompt.reason = too_short ? v1::ERROR_REASON_CARD_UNSUPPORTED : journey_->reason();
  prompt.card_serials = WantedSerials();
  if (chips_) prompt.chips = *chips_;
  if (MayAskForCode()) {
    prompt.forms = {{{"by_code"}}};
  } else {
    prompt.forms = {{{"type_again"}}};
  }
  std::string key =
      "other_chip/" + std::to_string(journey_->directive_id()) + (too_short ? "/short" : "");
  for (const Chip& chip : prompt.chips) key += "/" + chip.card_serial;
  return {std::move(key), std::move(prompt), std::nullopt};
}

Prompt Guide::CardPrompt() const {
  Prompt prompt;
  prompt.journey = journey_->name();
  prompt.step = journey_->current_step();
  prompt.reason =
      journey_->reason() != v1::ERROR_REASON_UNSPECIFIED ? journey_->reason() : last_try_reason_;
  prompt.card = card_->card.name();
  prompt.card_serial = card_->card.serial();
  prompt.pin_state = card_->pin_state;
  const PortalCard* portal = PortalCardFor(prompt.card_serial);
  prompt.portal_pin = portal != nullptr && !portal->pin.empty();
  prompt.portal_puk = portal != nullptr && !portal->puk.empty();
  if (prompt.step == v1::STEP_KIND_PROVE_PIN) {
    prompt.kind = PromptKind::kProvePin;
    prompt.forms = {{{"pin"}, true}};
    if (prompt.portal_pin) {
      prompt.forms.insert(prompt.forms.begin(), {{"use_portal_pin"}, true});
      prompt.forms.push_back({{"reveal"}});
    }
  } else if (prompt.step == v1::STEP_KIND_SET_OWN_PIN) {
    prompt.kind = PromptKind::kSetOwnPin;
    prompt.old_pin_known = !proven_pin_.empty();
    prompt.keep_current = journey_->facts().own_pin_unknown();
    prompt.forms = {{{"old_pin", "new_pin", "new_pin_again"}, true}};
    if (prompt.portal_pin) {
      prompt.forms.push_back({{"use_portal_pin", "new_pin", "new_pin_again"}, true});
    }
    if (prompt.old_pin_known) {
      prompt.forms.insert(prompt.forms.begin(), {{"new_pin", "new_pin_again"}, true});
    }
    if (prompt.keep_current) prompt.forms.push_back({{"keep_current"}});
  } else if (prompt.step == v1::STEP_KIND_UNBLOCK_PIN) {
    prompt.kind = PromptKind::kUnblockPin;
    prompt.forms = {{{"puk", "new_pin", "new_pin_again"}, true, true}};
    if (prompt.portal_puk) {
      prompt.forms.insert(prompt.forms.begin(),
                          {{"use_portal_puk", "new_pin", "new_pin_again"}, true, true});
      prompt.forms.push_back({{"reveal"}});
    } else if (CodeWasLeftOut()) {
      prompt.forms.push_back({{"by_code"}});
    }
  } else {
    prompt.kind = PromptKind::kTestSignature;
    prompt.forms = {{{"pin"}, true}};
  }
  return prompt;
}

void Guide::AnswerCard(const Answer& answer) {
  const Pending pending{.purpose = Purpose::kCardTry,
                        .prompt_id = prompt_->id,
                        .directive_id = journey_->directive_id()};
  const PortalCard* portal = PortalCardFor(prompt_->card_serial);
  std::string_view pin = answer.Text("pin");
  if (answer.Flag("use_portal_pin") && portal != nullptr) {
    pin = portal->pin.view();
  } else if (answer.Has("old_pin")) {
    pin = answer.Text("old_pin");
  } else if (prompt_->kind == PromptKind::kSetOwnPin) {
    pin = proven_pin_.view();
  }
  const auto name = [&](auto request) {
    request.set_name(prompt_->card);
    request.set_journey(journey_->name());
    request.set_request_id(options_.new_request_id());
    return request;
  };
  const auto fill = [&](auto request) {
    request = name(std::move(request));
    request.set_allow_last_try(answer.Flag("allow_last_try"));
    return request;
  };
  if (prompt_->kind == PromptKind::kUnblockPin) {
    auto request = name(v1::UnblockPinRequest());
    request.set_allow_puk_try(answer.Flag("allow_puk_try"));
    const bool by_portal = answer.Flag("use_portal_puk") && portal != nullptr;
    Set(request.mutable_puk(), by_portal ? portal->puk.view() : answer.Text("puk"));
    Set(request.mutable_new_pin(), answer.Text("new_pin"));
    Send(pending, std::move(request));
  } else if (prompt_->kind == PromptKind::kProvePin) {
    auto request = fill(v1::VerifyPinRequest());
    Set(request.mutable_pin(), pin);
    trying_pin_ = Secret(pin);
    Send(pending, std::move(request));
  } else if (prompt_->kind == PromptKind::kTestSignature) {
    auto request = fill(v1::TestSignRequest());
    Set(request.mutable_pin(), pin);
    Send(pending, std::move(request));
  } else {
    auto request = fill(v1::ChangePinRequest());
    request.set_keep_current(answer.Flag("keep_current"));
    if (!request.keep_current()) {
      Set(request.mutable_old_pin(), pin);
      Set(request.mutable_new_pin(), answer.Text("new_pin"));
    }
    Send(pending, std::move(request));
  }
}

void Guide::OnCardTryResult(const Pending& pending, const absl::Status& status) {
  Secret tried = std::exchange(trying_pin_, Secret());
  const v1::ErrorReason reason = ReasonOf(status);
  if (status.ok() || EndsDirective(status)) tried_directive_ = pending.directive_id;
  ForgetCard();
  if (status.ok()) {
    if (prompt_->kind == PromptKind::kProvePin) proven_pin_ = std::move(tried);
    if (prompt_->kind == PromptKind::kSetOwnPin) proven_pin_.Wipe();
    last_try_reason_ = v1::ERROR_REASON_UNSPECIFIED;
    Take();
    return Settle();
  }
  // A PIN that was right a moment ago and is not now has to be typed.
  if (reason == v1::ERROR_REASON_WRONG_PIN || reason == v1::ERROR_REASON_ATTEMPT_UNKNOWN) {
    proven_pin_.Wipe();
  }
  ++failed_tries_;
  last_try_reason_ = reason;
  Refuse(pending.prompt_id, status);
  Close(reason);
  Settle();
}

}  // namespace ilkimza::client
