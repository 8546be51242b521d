#include "clients/cli/pin_command.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "clients/cli/card_view.h"
#include "clients/cli/journey_view.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {

absl::StatusOr<v1::Card> FindCard(AgentClient& agent, const std::string& wanted) {
  ILKIMZA_ASSIGN_OR_RETURN(const v1::ListCardsResponse found, agent.ListCards());
  const auto& cards = found.cards();
  if (wanted.empty() && cards.size() == 1) return cards[0];
  if (wanted.empty() && cards.size() > 1) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                     "more than one card is in a reader; name one of \"ilkimza card list\"",
                     {{"field", "card"}});
  }
  if (wanted.empty()) {
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_NO_CARD,
                     "no card that answers is in any reader; put it in");
  }
  const auto card = std::find_if(cards.begin(), cards.end(), [&](const v1::Card& candidate) {
    return candidate.name() == wanted || candidate.serial() == wanted ||
           candidate.name() == "cards/" + wanted;
  });
  if (card != cards.end()) return *card;
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CARD_NOT_FOUND,
                   "the card " + Printable(wanted) + " is in no reader; see \"ilkimza card list\"");
}

bool CanDo(const v1::Card& card, v1::CardOperation operation) {
  const auto& operations = card.operations();
  return operations.empty() ||
         std::find(operations.begin(), operations.end(), operation) != operations.end();
}

void SetSecret(std::string* field, const Secret& secret) {
  field->assign(secret.view().data(), secret.view().size());
}

int Succeed(Program& program, const char* sentence, const Json& json) {
  if (program.settings.json) {
    program.screen.WriteLine(Line(json));
  } else {
    program.screen.WriteText(program.Say(sentence), 0, Style::kGood);
  }
  return kExitOk;
}

bool PinCommand::Fails(const absl::Status& status, int& code) {
  code = Refused(status);
  return false;
}

int PinCommand::Refused(const absl::Status& status) {
  const Texts& texts = program_.settings.texts;
  Sentence sentence = StatusSentence(texts, status);
  // How long it may be, where that is what was wrong.
  const std::string length = PinLengthAfter(texts, status, state_);
  if (!length.empty()) sentence.happened += " " + length;
  return Fail(program_.screen, program_.settings, status, sentence);
}

bool PinCommand::Find(v1::CardOperation operation, int& code) {
  auto card = FindCard(program_.agent, options_.card);
  if (!card.ok()) return Fails(card.status(), code);
  card_ = *std::move(card);
  if (!CanDo(card_, operation)) {
    return Fails(MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                           "the card does not offer this; nothing was sent to it"),
                 code);
  }
  v1::GetPinStateRequest request;
  request.set_name(card_.name());
  auto state = program_.agent.GetPinState(request);
  if (state.ok()) {
    state_ = *std::move(state);
    return true;
  }
  // A card that does not tell its state can be used all the same.
  if (ReasonOf(state.status()) != v1::ERROR_REASON_OPERATION_UNSUPPORTED) {
    return Fails(state.status(), code);
  }
  state_.set_tries_left(v1::TRIES_LEFT_UNKNOWN);
  state_.set_tries_left_count(-1);
  state_.set_puk_tries_left(v1::TRIES_LEFT_UNKNOWN);
  state_.set_puk_tries_left_count(-1);
  return true;
}

bool PinCommand::Prepare(v1::CardOperation operation, int& code) {
  return Find(operation, code) && AllowLastTry(code);
}

bool PinCommand::PreparePuk(int& code) {
  return Find(v1::CARD_OPERATION_UNBLOCK_PIN, code) && AllowPukTry(code);
}

bool PinCommand::Ask(const char* field, Secret& pin, int& code) {
  if (on_reader()) return true;
  auto typed = interview_.AskSecret(FieldTitle(program_.settings.texts, field));
  if (!typed) return Ended(code);
  if (typed->empty()) {
    return Fails(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                           "nothing was typed; nothing was sent", {{"field", field}}),
                 code);
  }
  pin = *std::move(typed);
  return true;
}

bool PinCommand::AskNew(Secret& pin, int& code) {
  if (!program_.settings.json) WriteNewPinLength(program_.screen, program_.settings.texts, state_);
  if (on_reader()) return true;
  if (keyboard_.is_terminal()) {
    auto typed = interview_.AskNewPin();
    if (!typed) return Ended(code);
    pin = *std::move(typed);
    return true;
  }
  Secret again;
  if (!Ask("new_pin", pin, code) || !Ask("new_pin_again", again, code)) return false;
  if (pin == again) return true;
  return Fails(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                         "the two new PINs differ; nothing was sent", {{"field", "new_pin_again"}}),
               code);
}

void PinCommand::TellPinpad() {
  if (!on_reader() || program_.settings.json) return;
  program_.screen.WriteText(
      program_.Say("Now look at the reader and type on its own keys. To stop, press cancel "
                   "there."),
      0, Style::kAccent);
}

bool PinCommand::AllowLastTry(int& code) {
  allow_last_try_ = options_.allow_last_try;
  if (!talks()) return true;
  program_.screen.WriteText(program_.Say("Card") + " " + Printable(card_.serial()));
  if (allow_last_try_) {
    program_.screen.WriteText(TriesSentence(program_.settings.texts, state_), 2);
    return true;
  }
  const auto allowed = interview_.AskLastTry(state_);
  if (!allowed) return Ended(code);
  allow_last_try_ = *allowed && state_.tries_left() == v1::TRIES_LEFT_ONE;
  if (*allowed) return true;
  code = kExitPinRefused;
  return false;
}

bool PinCommand::AllowPukTry(int& code) {
  if (state_.puk_tries_left() == v1::TRIES_LEFT_NONE) {
    return Fails(MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PUK_BLOCKED,
                           "the PUK has no try left; nothing was asked or sent"),
                 code);
  }
  if (!program_.settings.json)
    WritePukStakes(program_.screen, program_.settings.texts, card_, state_);
  if (options_.use_a_puk_try) return true;
  if (!talks()) {
    return Fails(
        MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED,
                  "a try of the PUK needs --use-a-puk-try; nothing was sent"),
        code);
  }
  const auto allowed = interview_.AskPukTry();
  if (!allowed) return Ended(code);
  if (*allowed) return true;
  program_.screen.WriteText(program_.Say("Stopped. Nothing was sent to the card."));
  code = kExitPinRefused;
  return false;
}

bool PinCommand::Ended(int& code) {
  if (signals_.received() != 0) {
    code = 128 + signals_.received();
    return false;
  }
  if (interview_.end() == Keyboard::End::kNotText) {
    return Fails(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_PIN_FORMAT,
                           "what was typed is no text (UTF-8); nothing was sent"),
                 code);
  }
  return Fails(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                         "the input ended too early; nothing was sent", {{"field", "pin"}}),
               code);
}

}  // namespace ilkimza::client
