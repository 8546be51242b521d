// `ilkimza card list|show|certs|pin-state|export-cert`: nothing here needs a PIN.
#include <algorithm>
#include <utility>

#include "clients/cli/card_view.h"
#include "clients/cli/pin_command.h"
#include "clients/cli/program.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {

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
  for (const v1::Reader& reader : readers->readers()) {
    if (reader.state() != v1::READER_STATE_IN_USE_EXCLUSIVELY) continue;
    const Sentence sentence =
        HeldSentence(program.settings.texts, {reader.programs().begin(), reader.programs().end()});
    program.screen.WriteLine();
    program.screen.WriteText(Printable(sentence.happened), 0, Style::kWarning);
    program.screen.WriteText(sentence.next);
    break;
  }
  return kExitOk;
}

int CardShow(Program& program, const CommandOptions& options) {
  const auto card = FindCard(program.agent, options.card);
  if (!card.ok()) return Fail(program.screen, program.settings, card.status());
  if (program.settings.json) {
    program.screen.WriteLine(Line(ToJson(*card)));
    return kExitOk;
  }
  WriteCard(program.screen, program.settings.texts, *card);
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
    WriteCertificate(program.screen, program.settings.texts, found->certificates(i));
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
  WritePinState(program.screen, program.settings.texts, *card, *state);
  return kExitOk;
}

}  // namespace ilkimza::client
