// BER-TLV at any depth: objects lie inside of the bytes and add up to them, and what is
// announced is what is found.
#include "agent/card/tlv.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

bool Inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// True where all of it is well formed.
bool Walk(std::string_view bytes, int depth) {
  agent::TlvReader reader(bytes);
  std::size_t read = 0;
  while (const auto next = reader.Next()) {
    FUZZ_CHECK(Inside(next->whole, bytes) && Inside(next->value, next->whole));
    FUZZ_CHECK(next->whole.data() == bytes.data() + read);
    read += next->whole.size();
    FUZZ_CHECK(agent::AnnouncedSize(next->whole) == next->whole.size());
    FUZZ_CHECK(agent::FindTlv(next->whole, next->tag)->whole == next->whole);
    if (const auto number = agent::UnsignedValue(next->value)) {
      FUZZ_CHECK(!next->value.empty() && (next->value[0] & 0x80) == 0);
      FUZZ_CHECK(*number <= 0xFF || next->value.size() > 1);
    }
    if (depth > 0) Walk(next->value, depth - 1);
  }
  FUZZ_CHECK(reader.rest().empty());
  return reader.status().ok();
}

}  // namespace

bool TakeInput(std::string_view input) {
  // The first byte is the tag to look for.
  if (input.empty()) return false;
  const auto tag = static_cast<std::uint8_t>(input[0]);
  const std::string_view bytes = input.substr(1);
  agent::TlvReader reader(bytes);
  if (const auto wanted = reader.NextIf(tag)) {
    FUZZ_CHECK(wanted->tag == tag);
    FUZZ_CHECK(agent::FindTlv(bytes, tag)->whole == wanted->whole);
  }
  agent::FindTlv(bytes, {tag, 0x30, tag});
  return Walk(bytes, 8) && !bytes.empty();
}

std::vector<std::string> Seeds() {
  using namespace std::string_literals;
  std::string nested = "\x02\x01\x05"s;
  for (int i = 0; i < 12; ++i) {
    const std::string size(1, static_cast<char>(nested.size()));
    nested = "\x30"s + size + nested;
  }
  return {
      "\x6F\x6F\x0E\x80\x02\x01\x00\x82\x01\x01\x83\x02\x44\x01\x90\x01\x06"s,
      "\x30\x30\x82\x01\x04"s + std::string(260, 'x'),
      "\x7F\x7F\x49\x03\x81\x01\x03"s,
      "\x30"s + nested,
      "\x30\x30\x03\x02\x01\x7F\x00\x00\x00\x00"s,
      "\x02\x02\x05\x00\xFF\xFF\xFF\xFF"s,
  };
}

std::vector<std::string> Words() {
  using namespace std::string_literals;
  return {"\x30\x80"s,
          "\x30\x84\xFF\xFF\xFF\xFF"s,
          "\x30\x83\xFF\xFF\xFF"s,
          "\x1F\xFF\xFF\xFF"s,
          "\x7F\x49"s,
          "\x30\x81\x00"s};
}

}  // namespace ilkimza::fuzz
