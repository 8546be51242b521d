// Hex and one card's commands, for tests that read like a trace.
#ifndef ILKIMZA_TESTS_SANDBOX_CARD_HEX_H_
#define ILKIMZA_TESTS_SANDBOX_CARD_HEX_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "sandbox/card/simulator.h"

namespace ilkimza::sandbox {

// Spaces are skipped.
inline std::string Bytes(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  return absl::HexStringToBytes(digits);
}

inline std::string Hex(std::string_view bytes) {
  return absl::AsciiStrToUpper(
      absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size())));
}

// A card with its keys from the build's own key directory, so that only the first
// test that runs pays for making them.
inline std::unique_ptr<CardSimulator> MakeCard(CardOptions options = {}) {
  options.key_directory = ILKIMZA_TEST_KEY_DIRECTORY;
  return CardSimulator::Create(std::move(options)).value();
}

// The response to a command, both in hex; "dead" where none comes.
inline std::string Send(CardSimulator& card, std::string_view command) {
  const auto response = card.Process(Bytes(command));
  return response ? Hex(*response) : "dead";
}

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_TESTS_SANDBOX_CARD_HEX_H_
