#include "sandbox/card/der.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ilkimza::sandbox::der {

std::string Tlv(std::uint8_t tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  const std::size_t size = content.size();
  if (size > 0xFF) {
    out += '\x82';
    out += static_cast<char>(size >> 8);
  } else if (size > 0x7F) {
    out += '\x81';
  }
  out += static_cast<char>(size);
  out += content;
  return out;
}

std::string Sequence(std::string_view content) { return Tlv(0x30, content); }

std::string Context(int number, std::string_view content) {
  return Tlv(static_cast<std::uint8_t>(0xA0 + number), content);
}

std::string OctetString(std::string_view content) { return Tlv(0x04, content); }
std::string Utf8(std::string_view text) { return Tlv(0x0C, text); }
std::string Boolean(bool value) { return Tlv(0x01, value ? "\xFF" : std::string_view("\0", 1)); }
std::string Integer(std::uint32_t value) { return Tlv(0x02, IntegerContent(value)); }
std::string Enumerated(std::uint8_t value) { return Tlv(0x0A, IntegerContent(value)); }

std::string IntegerContent(std::uint32_t value) {
  std::string out;
  do {
    out.insert(out.begin(), static_cast<char>(value));
    value >>= 8;
  } while (value != 0);
  // A leading one bit would make it negative.
  if ((out[0] & 0x80) != 0) out.insert(out.begin(), '\0');
  return out;
}

std::string Bits(std::initializer_list<int> bits) {
  const std::size_t count = bits.size() == 0 ? 0 : static_cast<std::size_t>(std::max(bits)) + 1;
  std::string content(1 + (count + 7) / 8, '\0');
  content[0] = static_cast<char>((8 - count % 8) % 8);
  for (const int bit : bits) {
    char& byte = content[1 + static_cast<std::size_t>(bit) / 8];
    byte = static_cast<char>(byte | (0x80 >> (bit % 8)));
  }
  return Tlv(0x03, content);
}

std::string ObjectIdentifier(std::string_view dotted) {
  std::vector<std::uint32_t> arcs(1, 0);
  for (const char c : dotted) {
    if (c == '.') {
      arcs.push_back(0);
    } else {
      arcs.back() = arcs.back() * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  std::string content(1, static_cast<char>(arcs.at(0) * 40 + arcs.at(1)));
  for (std::size_t i = 2; i < arcs.size(); ++i) {
    std::string base128(1, static_cast<char>(arcs[i] & 0x7F));
    for (std::uint32_t rest = arcs[i] >> 7; rest != 0; rest >>= 7) {
      base128.insert(base128.begin(), static_cast<char>(0x80 | (rest & 0x7F)));
    }
    content += base128;
  }
  return Tlv(0x06, content);
}

}  // namespace ilkimza::sandbox::der
