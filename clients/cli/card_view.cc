#include "clients/cli/card_view.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/cli/journey_view.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What has no value is left out.
void Add(Pairs& pairs, const std::string& name, const std::string& value) {
  if (!value.empty()) pairs.emplace_back(name, Printable(value));
}

std::string YesNo(const Texts& texts, bool yes) { return yes ? texts.Say("yes") : texts.Say("no"); }

std::string Operations(const Texts& texts, const v1::Card& card) {
  std::vector<std::string> titles;
  for (const int operation : card.operations()) {
    titles.push_back(OperationTitle(texts, static_cast<v1::CardOperation>(operation)));
  }
  return absl::StrJoin(titles, ", ");
}

bool HasPuk(const v1::PinState& state) {
  return state.puk_tries_left() != v1::TRIES_LEFT_UNSPECIFIED;
}

// The card says that its PIN still takes tries.
bool KnownToBeOpen(const v1::PinState& state) {
  return state.tries_left() == v1::TRIES_LEFT_ALL || state.tries_left() == v1::TRIES_LEFT_SOME ||
         state.tries_left() == v1::TRIES_LEFT_ONE;
}

}  // namespace

void WriteCard(Screen& screen, const Texts& texts, const v1::Card& card) {
  Pairs pairs;
  Add(pairs, texts.Say("Card"), card.name());
  Add(pairs, texts.Say("Serial"), card.serial());
  Add(pairs, texts.Say("Kind"), card.family_display_name());
  Add(pairs, texts.Say("Name"), card.label());
  Add(pairs, texts.Say("Can do"), Operations(texts, card));
  Add(pairs, texts.Say("Module"), card.module());
  Add(pairs, texts.Say("Reader"), card.reader());
  Add(pairs, "ATR", card.atr());
  WritePairs(screen, pairs);
}

void WriteCertificate(Screen& screen, const Texts& texts, const v1::Certificate& certificate) {
  Pairs pairs;
  Add(pairs, texts.Say("Name"), certificate.label());
  Add(pairs, texts.Say("Subject"), certificate.subject());
  Add(pairs, texts.Say("Issuer"), certificate.issuer());
  Add(pairs, texts.Say("Serial"), certificate.serial_number());
  Add(pairs, texts.Say("Valid"), ValiditySentence(texts, certificate, absl::Now()));
  Add(pairs, "", TimeText(certificate.not_before()) + " – " + TimeText(certificate.not_after()));
  Add(pairs, texts.Say("Qualified"), YesNo(texts, certificate.qualified()));
  Add(pairs, texts.Say("Usage"), absl::StrJoin(certificate.key_usages(), ", "));
  Add(pairs, texts.Say("Key on card"), YesNo(texts, certificate.has_private_key()));
  Add(pairs, "SHA-256", certificate.fingerprint());
  WritePairs(screen, pairs);
}

void WritePinState(Screen& screen, const Texts& texts, const v1::Card& card,
                   const v1::PinState& state) {
  Pairs pairs;
  Add(pairs, texts.Say("Card"), card.serial());
  Add(pairs, texts.Say("Tries left"), TriesTitle(texts, state));
  if (HasPuk(state)) Add(pairs, texts.Say("PUK tries left"), PukTriesTitle(texts, state));
  WritePairs(screen, pairs);
  if (state.not_initialised()) {
    screen.WriteText(texts.Say("The PIN was never set: it has to be, before the card can sign."));
  } else {
    screen.WriteText(TriesSentence(texts, state));
  }
  if (HasPuk(state)) screen.WriteText(PukTriesSentence(texts, state));
  WritePinLength(screen, texts, state);
}

void WritePukStakes(Screen& screen, const Texts& texts, const v1::Card& card,
                    const v1::PinState& state) {
  screen.WriteText(texts.Say("Card") + " " + Printable(card.serial()));
  if (KnownToBeOpen(state)) {
    screen.WriteText(
        texts.Say("The PIN is not blocked. If you know it, \"ilkimza card change-pin\" needs no "
                  "PUK."),
        2, Style::kWarning);
  }
  const bool danger = state.puk_tries_left() == v1::TRIES_LEFT_ONE;
  screen.WriteText(PukTriesSentence(texts, state), 2, danger ? Style::kBad : Style::kPlain);
  screen.WriteText(
      texts.Say("Each wrong PUK counts. When none is left (usually after three), the card is lost "
                "for good: it can neither be unblocked nor used, and a new one has to be bought."),
      2, Style::kWarning);
}

}  // namespace ilkimza::client
