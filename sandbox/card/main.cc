// ilkimza-sandbox-card: a software card in a virtual reader, driven by lines on
// standard input (see console.h). Prints "ok ready" first. Ends with `quit`, at the
// end of the input, or on SIGTERM.
//
// Its PIN and PUK are practice values: that is why they may stand on a command line.
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sandbox/card/console.h"
#include "sandbox/card/simulator.h"

namespace {

using ilkimza::sandbox::CardConsole;
using ilkimza::sandbox::CardKind;
using ilkimza::sandbox::CardOptions;
using ilkimza::sandbox::CardSimulator;
using ilkimza::sandbox::EmptyVerify;

struct Flags {
  CardOptions card;
  std::string host = "localhost";
  int port = 35963;
  int pin_tries_left = -1;
  int puk_tries_left = -1;
  std::string not_before;
  std::string not_after;
  std::string authority_out;
  bool uncounted = false;
  bool insert = false;
  double insert_timeout = 10;
  bool no_input = false;
};

void Declare(CLI::App& app, Flags& flags) {
  const std::map<std::string, EmptyVerify> empty_verify = {
      {"spends-try", EmptyVerify::kSpendsTry},
      {"tells-state", EmptyVerify::kTellsState},
      {"refused", EmptyVerify::kRefused}};
  const std::map<std::string, CardKind> kinds = {
      {"akis", CardKind::kAkis}, {"isoapplet", CardKind::kIsoApplet}, {"myeid", CardKind::kMyEid}};
  app.set_version_flag("--version", "ilkimza-sandbox-card 0.1.0");
  app.add_option("--kind", flags.card.kind, "akis, isoapplet or myeid")
      ->transform(CLI::CheckedTransformer(kinds));
  app.add_option("--host", flags.host, "host of the virtual reader");
  app.add_option("--port", flags.port, "its port: 35963 is slot 1, 35964 slot 2, ...");
  app.add_flag("--insert", flags.insert, "put the card in before saying ready");
  app.add_option("--insert-timeout", flags.insert_timeout, "seconds to wait for the reader then");
  app.add_flag("--no-input", flags.no_input, "read no commands: run until SIGTERM");
  app.add_option("--serial", flags.card.serial, "1 to 24 digits");
  app.add_option("--pin", flags.card.pin, "practice PIN, 4 to 16 bytes");
  app.add_option("--puk", flags.card.puk, "practice PUK, 4 to 16 bytes");
  app.add_option("--max-pin-tries", flags.card.max_pin_tries, "1 to 15");
  app.add_option("--max-puk-tries", flags.card.max_puk_tries, "1 to 15");
  app.add_option("--pin-tries-left", flags.pin_tries_left, "0 is a blocked PIN");
  app.add_option("--puk-tries-left", flags.puk_tries_left, "0 is a dead card");
  app.add_option("--name", flags.card.holder_name, "the holder's name in the certificates");
  app.add_option("--national-id", flags.card.national_id, "the holder's, 11 digits");
  app.add_option("--not-before", flags.not_before, "as 2026-01-31T12:00:00Z");
  app.add_option("--not-after", flags.not_after, "as 2029-01-31T12:00:00Z");
  app.add_option("--version-bytes", flags.card.version,
                 "of the card's operating system: 1292, 1312, ... or 1.0");
  app.add_option("--atr", flags.card.atr, "whole answer to reset in hex, instead of AKİS's");
  app.add_option("--empty-verify", flags.card.empty_verify, "what VERIFY without a PIN does")
      ->transform(CLI::CheckedTransformer(empty_verify));
  app.add_flag("--uncounted", flags.uncounted, "do not tell the tries left after a wrong PIN");
  app.add_option("--key-directory", flags.card.key_directory, "keep the card's keys there");
  app.add_option("--ca-out", flags.authority_out, "write the authority's certificate there");
}

bool ParseTime(const std::string& text, absl::Time& time) {
  std::string error;
  if (text.empty() || absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return true;
  std::cerr << "ilkimza-sandbox-card: '" << text << "' is no time: " << error << "\n";
  return false;
}

int Fail(int code, std::string_view sentence) {
  std::cerr << "ilkimza-sandbox-card: " << sentence << "\n";
  return code;
}

// The card in the state that the flags ask for.
absl::StatusOr<std::unique_ptr<CardSimulator>> MakeCard(const Flags& flags) {
  auto card = CardSimulator::Create(flags.card);
  if (!card.ok()) return card.status();
  absl::Status set;
  if (flags.pin_tries_left >= 0) set.Update((*card)->SetPinTriesLeft(flags.pin_tries_left));
  if (flags.puk_tries_left >= 0) set.Update((*card)->SetPukTriesLeft(flags.puk_tries_left));
  if (!set.ok()) return set;
  if (!flags.authority_out.empty()) {
    std::ofstream out(flags.authority_out);
    out << (*card)->authority_certificate();
    if (!out.flush()) return absl::UnavailableError("cannot write " + flags.authority_out);
  }
  return card;
}

int Serve(CardConsole& console, const Flags& flags) {
  if (flags.insert) {
    const absl::Status inserted =
        console.card().Insert(flags.host, flags.port, absl::Seconds(flags.insert_timeout));
    if (!inserted.ok()) return Fail(EX_UNAVAILABLE, std::string(inserted.message()));
  }
  std::cout << "ok ready" << std::endl;
  if (flags.no_input) {
    for (;;) ::pause();
  }
  for (std::string line; !console.done() && std::getline(std::cin, line);) {
    std::cout << console.Execute(line) << std::endl;
  }
  return EX_OK;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A software AKİS card in a virtual reader, to practise and test with.");
  Flags flags;
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  flags.card.tells_tries = !flags.uncounted;
  if (!ParseTime(flags.not_before, flags.card.not_before) ||
      !ParseTime(flags.not_after, flags.card.not_after)) {
    return EX_USAGE;
  }
  // There is nothing to save: being gone is being taken out of the reader.
  std::signal(SIGTERM, [](int) { ::_exit(EX_OK); });
  auto card = MakeCard(flags);
  if (!card.ok()) {
    return Fail(absl::IsInvalidArgument(card.status()) ? EX_USAGE : EX_CANTCREAT,
                std::string(card.status().message()));
  }
  CardConsole console(*std::move(card), flags.host, flags.port);
  return Serve(console, flags);
}
