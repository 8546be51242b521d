// One command and the card's answers to it: what goes over the wire is a command that
// the other side's parser reads back, chains add up to the data, an attempt goes out
// once, and no card keeps us asking for ever.
#include "agent/card/apdu.h"
#include "sandbox/card/apdu.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/scripted_card.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

// The rounds that apdu.cc allows itself, and the first one.
constexpr std::size_t kMostFollowUps = 65;
constexpr std::size_t kMostData = 32 * 1024;
constexpr std::uint8_t kChained = 0x10, kGetResponse = 0xC0;

void CheckWire(const agent::CommandApdu& command, const std::vector<std::string>& sent,
               agent::Protocol protocol) {
  std::string data;
  bool answered_in_parts = false;
  for (const std::string& bytes : sent) {
    const auto parsed = sandbox::ParseCommand(bytes);
    FUZZ_CHECK(parsed);
    if (protocol == agent::Protocol::kT0) FUZZ_CHECK(parsed->data.empty() || !parsed->le);
    const bool fetches = parsed->ins == kGetResponse && parsed->p1 == 0 && parsed->p2 == 0 &&
                         parsed->data.empty() && parsed->le;
    answered_in_parts = answered_in_parts || fetches;
    if (fetches) continue;
    FUZZ_CHECK(parsed->ins == command.ins && parsed->p1 == command.p1 && parsed->p2 == command.p2);
    FUZZ_CHECK((parsed->cla | kChained) == (command.cla | kChained));
    // A repeated part is the last one again, with another Le.
    if (data.size() == command.data.size() && !data.empty()) {
      FUZZ_CHECK(command.data.substr(command.data.size() - parsed->data.size()) == parsed->data);
    } else {
      data += parsed->data;
    }
  }
  FUZZ_CHECK(command.data.substr(0, data.size()) == data);
}

}  // namespace

bool TakeInput(std::string_view input) {
  Bytes bytes(input);
  agent::CommandApdu command{
      .cla = bytes.Byte(), .ins = bytes.Byte(), .p1 = bytes.Byte(), .p2 = bytes.Byte()};
  const std::uint8_t flags = bytes.Byte();
  if ((flags & 1) != 0) command.le = 1 + bytes.Byte();
  command.attempt = (flags & 2) != 0;
  const auto protocol = (flags & 4) != 0 ? agent::Protocol::kT0 : agent::Protocol::kT1;
  const std::string data(bytes.Block());
  command.data = data;

  ScriptedCard card(bytes, protocol);
  const auto response = card.Send(command);
  CheckWire(command, card.sent(), protocol);
  if (command.attempt) FUZZ_CHECK(card.sent().size() <= 1);
  FUZZ_CHECK(card.sent().size() <= data.size() / agent::kMaxCommandData + 1 + kMostFollowUps);
  if (!response.ok()) return false;
  // One answer is what the reader hands over; what is put together of many is bounded.
  if (card.sent().size() > 1)
    FUZZ_CHECK(response->data.size() <= std::max(kMostData, input.size()));
  return true;
}

std::vector<std::string> Seeds() {
  using namespace std::string_literals;
  const std::string ok = AsBlock("\x90\x00"s);
  const std::string long_data(600, 'd');
  return {
      // Cases 1 to 4.
      "\x80\x1A\x00\x00\x00"s + AsBlock("") + ok,
      "\x00\xCA\x01\x06\x01\x4C"s + AsBlock("") + AsBlock(std::string(77, 's') + "\x90\x00"s),
      "\x00\x20\x00\x80\x02"s + AsBlock("123456") + AsBlock("\x63\xC2"s),
      "\x00\xA4\x08\x00\x01\xFF"s + AsBlock("\x3F\x00\x3D\x00"s) + AsBlock("\x6F\x00\x90\x00"s),
      // A chain, 61xx with T=0, 6Cxx.
      "\x00\x2A\x9E\x9A\x01\xFF"s + AsBlock(long_data) + ok + ok + AsBlock("sig\x90\x00"s),
      "\x00\xA4\x00\x00\x05\xFF"s + AsBlock("\x3F\x00"s) + AsBlock("\x61\x03"s) +
          AsBlock("fci\x90\x00"s),
      "\x00\xB0\x00\x00\x01\xF3"s + AsBlock("") + AsBlock("\x6C\x02"s) + AsBlock("ab\x90\x00"s),
  };
}

std::vector<std::string> Words() {
  using namespace std::string_literals;
  return {AsBlock("\x90\x00"s), AsBlock("\x61\x00"s), AsBlock("\x61\x10"s),    AsBlock("\x6C\x00"s),
          AsBlock("\x6C\x10"s), AsBlock("\x63\xC0"s), AsBlock("more\x61\x04"s)};
}

}  // namespace ilkimza::fuzz
