// Whatever a card answers to a PIN: the PIN went out once, only 9000 is right, and
// nothing that may have cost a try is called free.
#include "agent/card/akis.h"
#include "agent/card/status_word.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/scripted_card.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {

bool TakeInput(std::string_view input) {
  Bytes bytes(input);
  const std::uint8_t choice = bytes.Byte();
  const auto protocol = (choice & 2) != 0 ? agent::Protocol::kT0 : agent::Protocol::kT1;
  const agent::PinObject pin{.reference = 0x80};
  const std::string_view answer_bytes = Bytes(bytes).Block();
  ScriptedCard card(bytes, protocol);
  const auto answer = (choice & 1) != 0 ? agent::ChangePin(card, pin, "123456", "654321")
                                        : agent::VerifyPin(card, pin, "123456");
  FUZZ_CHECK(card.sent().size() == 1);
  FUZZ_CHECK(answer.ok() == (answer_bytes.size() >= 2));
  if (!answer.ok()) return false;

  const agent::StatusWord word(static_cast<std::uint8_t>(answer_bytes[answer_bytes.size() - 2]),
                               static_cast<std::uint8_t>(answer_bytes.back()));
  FUZZ_CHECK((answer->verdict == agent::PinVerdict::kRight) == (word.value() == 0x9000));
  if (word.high() == 0x63) FUZZ_CHECK(answer->verdict != agent::PinVerdict::kRefused);
  if (answer->verdict == agent::PinVerdict::kBlocked) FUZZ_CHECK(answer->tries_left == 0);
  if (answer->tries_left) {
    FUZZ_CHECK(*answer->tries_left >= 0 && *answer->tries_left <= 15);
    const agent::PinTries tries = agent::JudgeCount(*answer->tries_left);
    FUZZ_CHECK((tries.left == v1::TRIES_LEFT_NONE) == (*answer->tries_left == 0));
    FUZZ_CHECK((tries.left == v1::TRIES_LEFT_ONE) == (*answer->tries_left == 1));
  }
  FUZZ_CHECK(word.Hex().size() == 4);
  // What the card says of itself: the last try is never taken for more than one.
  const std::uint8_t security = word.low();
  const agent::PinTries state = agent::JudgeSecurityByte(security);
  if ((security & 0x80) != 0) {
    FUZZ_CHECK(state.left == v1::TRIES_LEFT_ONE || state.left == v1::TRIES_LEFT_NONE);
  }
  return answer->verdict != agent::PinVerdict::kUnknown;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const char choice : {'\0', '\1', '\2', '\3'}) {
    for (const std::uint16_t word : {0x9000, 0x63C2, 0x63C1, 0x63C0, 0x6300, 0x6983, 0x6984, 0x6700,
                                     0x6982, 0x6985, 0x6A80, 0x6A88, 0x6D00, 0x6E00}) {
      const std::string answer{static_cast<char>(word >> 8), static_cast<char>(word)};
      seeds.push_back(choice + AsBlock(answer));
      seeds.push_back(choice + AsBlock("data" + answer));
    }
  }
  return seeds;
}

std::vector<std::string> Words() {
  using namespace std::string_literals;
  return {"\x61\x10"s, "\x6C\x10"s, "\x63\xCF"s, "\x90\x00"s};
}

}  // namespace ilkimza::fuzz
