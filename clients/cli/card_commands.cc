// `ilkimza card list|show|certs|pin-state|verify-pin|change-pin|test-sign`.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "base/error.h"
#include "base/redact.h"
#include "clients/cli/interview.h"
#include "clients/cli/journey_view.h"
#include "clients/cli/program.h"
#include "clients/cli/signals.h"
#include "clients/sdk/guide_session.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

// The card meant, by name or serial; the only one where none was named.
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

std::string CertificateTime(const v1::Certificate& certificate) {
  return TimeText(certificate.not_before()) + " – " + TimeText(certificate.not_after());
}

void WriteCertificate(Program& program, const v1::Certificate& certificate) {
  const auto yes_no = [&](bool yes) { return yes ? program.Say("yes") : program.Say("no"); };
  WritePairs(program.screen,
             {{program.Say("Name"), Printable(certificate.label())},
              {program.Say("Subject"), Printable(certificate.subject())},
              {program.Say("Issuer"), Printable(certificate.issuer())},
              {program.Say("Serial"), Printable(certificate.serial_number())},
              {program.Say("Valid"), CertificateTime(certificate)},
              {program.Say("Qualified"), yes_no(certificate.qualified())},
              {program.Say("Usage"), Printable(absl::StrJoin(certificate.key_usages(), ", "))},
              {program.Say("Key on card"), yes_no(certificate.has_private_key())},
              {"SHA-256", Printable(certificate.fingerprint())}});
}

// A PIN command: finds the card, tells the tries left, asks, sends once.
class PinCommand {
 public:
  PinCommand(Program& program, const CommandOptions& options)
      : program_(program),
        options_(options),
        keyboard_(program.screen, signals_),
        interview_(program.settings.texts, program.screen, keyboard_) {}

  // False where `code` is to be returned.
  bool Prepare(int& code) {
    auto card = FindCard(program_.agent, options_.card);
    if (!card.ok()) return Fails(card.status(), code);
    card_ = *std::move(card);
    v1::GetPinStateRequest request;
    request.set_name(card_.name());
    auto state = program_.agent.GetPinState(request);
    if (!state.ok()) return Fails(state.status(), code);
    state_ = *std::move(state);
    return AllowTry(code);
  }

  // Asks for one PIN.
  bool Ask(const char* field, Secret& pin, int& code) {
    auto typed = interview_.AskSecret(FieldTitle(program_.settings.texts, field));
    if (!typed) return Ended(code);
    if (typed->empty()) {
      return Fails(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                             "no PIN was typed; nothing was sent", {{"field", field}}),
                   code);
    }
    pin = *std::move(typed);
    return true;
  }

  bool AskNew(Secret& pin, int& code) {
    if (!program_.settings.json) WritePinLength(program_.screen, program_.settings.texts, state_);
    if (keyboard_.is_terminal()) {
      auto typed = interview_.AskNewPin();
      if (!typed) return Ended(code);
      pin = *std::move(typed);
      return true;
    }
    Secret again;
    if (!Ask("new_pin", pin, code) || !Ask("new_pin_again", again, code)) return false;
    if (pin == again) return true;
    return Fails(
        MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                  "the two new PINs differ; nothing was sent", {{"field", "new_pin_again"}}),
        code);
  }

  template <typename Request>
  void Fill(Request& request) const {
    request.set_name(card_.name());
    request.set_allow_last_try(allow_last_try_);
    request.set_request_id(NewRequestId());
  }

  bool Fails(const absl::Status& status, int& code) {
    code = Fail(program_.screen, program_.settings, status);
    return false;
  }

 private:
  bool AllowTry(int& code) {
    allow_last_try_ = options_.allow_last_try;
    if (program_.settings.json || !keyboard_.is_terminal()) return true;
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

  bool Ended(int& code) {
    if (signals_.received() != 0) {
      code = 128 + signals_.received();
      return false;
    }
    return Fails(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                           "the input ended before the PIN; nothing was sent", {{"field", "pin"}}),
                 code);
  }

  Program& program_;
  const CommandOptions& options_;
  Signals signals_;
  Keyboard keyboard_;
  Interview interview_;
  v1::Card card_;
  v1::PinState state_;
  bool allow_last_try_ = false;
};

void Set(std::string* field, const Secret& secret) {
  field->assign(secret.view().data(), secret.view().size());
}

int Done(Program& program, const char* sentence, const Json& json) {
  if (program.settings.json) {
    program.screen.WriteLine(Line(json));
  } else {
    program.screen.WriteText(program.Say(sentence), 0, Style::kGood);
  }
  return kExitOk;
}

}  // namespace

int CardList(Program& program, const CommandOptions& /*options*/) {
  const auto readers = program.agent.ListReaders();
  if (!readers.ok()) return Fail(program.screen, program.settings, readers.status());
  const auto cards = program.agent.ListCards();
  if (!cards.ok()) return Fail(program.screen, program.settings, cards.status());
  if (program.settings.json) {
    Json json;
    json["readers"] = Json::array();
    for (const v1::Reader& reader : readers->readers()) json["readers"].push_back(ToJson(reader));
    json["cards"] = Json::array();
    for (const v1::Card& card : cards->cards()) json["cards"].push_back(ToJson(card));
    program.screen.WriteLine(Line(json));
    return kExitOk;
  }
  if (readers->readers().empty()) {
    const Sentence sentence = ReasonSentence(program.settings.texts, v1::ERROR_REASON_NO_READER);
    program.screen.WriteText(sentence.happened);
    program.screen.WriteText(sentence.next);
    return kExitOk;
  }
  Table table(
      {program.Say("Reader"), program.Say("State"), program.Say("Card"), program.Say("Kind")});
  for (const v1::Reader& reader : readers->readers()) {
    const auto card = std::find_if(
        cards->cards().begin(), cards->cards().end(),
        [&](const v1::Card& candidate) { return candidate.reader() == reader.name(); });
    const bool found = card != cards->cards().end();
    table.Add({{Printable(reader.display_name())},
               {ReaderStateTitle(program.settings.texts, reader.state())},
               {found ? Printable(card->serial()) : ""},
               {found ? Printable(card->family_display_name()) : ""}});
  }
  table.Write(program.screen);
  return kExitOk;
}

int CardShow(Program& program, const CommandOptions& options) {
  const auto card = FindCard(program.agent, options.card);
  if (!card.ok()) return Fail(program.screen, program.settings, card.status());
  if (program.settings.json) {
    program.screen.WriteLine(Line(ToJson(*card)));
    return kExitOk;
  }
  WritePairs(program.screen, {{program.Say("Card"), Printable(card->name())},
                              {program.Say("Serial"), Printable(card->serial())},
                              {program.Say("Kind"), Printable(card->family_display_name())},
                              {program.Say("Name"), Printable(card->label())},
                              {program.Say("Reader"), Printable(card->reader())},
                              {"ATR", Printable(card->atr())}});
  return kExitOk;
}

int CardCerts(Program& program, const CommandOptions& options) {
  const auto card = FindCard(program.agent, options.card);
  if (!card.ok()) return Fail(program.screen, program.settings, card.status());
  v1::ListCertificatesRequest request;
  request.set_parent(card->name());
  const auto found = program.agent.ListCertificates(request);
  if (!found.ok()) return Fail(program.screen, program.settings, found.status());
  if (program.settings.json) {
    Json json;
    json["card"] = card->name();
    json["certificates"] = Json::array();
    for (const auto& certificate : found->certificates()) {
      json["certificates"].push_back(ToJson(certificate));
    }
    program.screen.WriteLine(Line(json));
    return kExitOk;
  }
  if (found->certificates().empty()) {
    program.screen.WriteText(program.Say("There is no certificate on this card."));
  }
  for (int i = 0; i < found->certificates_size(); ++i) {
    if (i > 0) program.screen.WriteLine();
    WriteCertificate(program, found->certificates(i));
  }
  return kExitOk;
}

int CardPinState(Program& program, const CommandOptions& options) {
  const auto card = FindCard(program.agent, options.card);
  if (!card.ok()) return Fail(program.screen, program.settings, card.status());
  v1::GetPinStateRequest request;
  request.set_name(card->name());
  const auto state = program.agent.GetPinState(request);
  if (!state.ok()) return Fail(program.screen, program.settings, state.status());
  if (program.settings.json) {
    Json json;
    json["card"] = card->name();
    json.update(ToJson(*state));
    program.screen.WriteLine(Line(json));
    return kExitOk;
  }
  WritePairs(program.screen,
             {{program.Say("Card"), Printable(card->serial())},
              {program.Say("Tries left"), TriesTitle(program.settings.texts, *state)}});
  program.screen.WriteText(TriesSentence(program.settings.texts, *state));
  WritePinLength(program.screen, program.settings.texts, *state);
  return kExitOk;
}

int CardVerifyPin(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret pin;
  if (!command.Prepare(code) || !command.Ask("pin", pin, code)) return code;
  v1::VerifyPinRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  Set(request.mutable_pin(), pin);
  const auto response = program.agent.VerifyPin(request);
  if (!response.ok()) return Fail(program.screen, program.settings, response.status());
  Json json;
  json["card"] = request.name();
  json["verified"] = true;
  json["pin_state"] = ToJson(response->pin_state());
  return Done(program, ILKIMZA_TEXT("The PIN is right."), json);
}

int CardChangePin(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret old_pin;
  Secret new_pin;
  if (!command.Prepare(code) || !command.Ask("old_pin", old_pin, code) ||
      !command.AskNew(new_pin, code)) {
    return code;
  }
  v1::ChangePinRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  Set(request.mutable_old_pin(), old_pin);
  Set(request.mutable_new_pin(), new_pin);
  const auto response = program.agent.ChangePin(request);
  if (!response.ok()) return Fail(program.screen, program.settings, response.status());
  Json json;
  json["card"] = request.name();
  json["changed"] = true;
  json["pin_state"] = ToJson(response->pin_state());
  return Done(program, ILKIMZA_TEXT("The PIN is changed."), json);
}

int CardTestSign(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret pin;
  if (!command.Prepare(code) || !command.Ask("pin", pin, code)) return code;
  v1::TestSignRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  Set(request.mutable_pin(), pin);
  const auto response = program.agent.TestSign(request);
  if (!response.ok()) return Fail(program.screen, program.settings, response.status());
  Json json;
  json["card"] = request.name();
  json["signed"] = true;
  json["algorithm"] = response->algorithm();
  json["certificate"] = ToJson(response->certificate());
  Done(program, ILKIMZA_TEXT("The card signed, and its certificate confirms the signature."), json);
  if (!program.settings.json) {
    program.screen.WriteLine(Printable(response->algorithm()));
    WriteCertificate(program, response->certificate());
  }
  return kExitOk;
}

}  // namespace ilkimza::client
