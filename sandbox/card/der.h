// Just enough DER to write PKCS#15 files and certificate extensions.
//
// Each function returns one encoded object; concatenate them with `+` or
// absl::StrCat. Pure functions.
//
//   Sequence(Utf8("PIN") + OctetString("\x01"))
#ifndef ILKIMZA_SANDBOX_CARD_DER_H_
#define ILKIMZA_SANDBOX_CARD_DER_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ilkimza::sandbox::der {

// `tag` is a single-byte tag, such as 0x30; `content` may have up to 65,535 bytes.
std::string Tlv(std::uint8_t tag, std::string_view content);

std::string Sequence(std::string_view content);
// Context tag `number` (0 to 30) around constructed content, as in `[1] { ... }`.
std::string Context(int number, std::string_view content);
std::string OctetString(std::string_view content);
std::string Utf8(std::string_view text);
std::string Boolean(bool value);
// `value` is not negative.
std::string Integer(std::uint32_t value);
std::string Enumerated(std::uint8_t value);
// The content octets of Integer, for implicit tags.
std::string IntegerContent(std::uint32_t value);
// A named-bit list: `bits` are the numbers of the bits set, 0 the leftmost.
std::string Bits(std::initializer_list<int> bits);
// From the dotted form; the text has to be well formed.
std::string ObjectIdentifier(std::string_view dotted);

}  // namespace ilkimza::sandbox::der

#endif  // ILKIMZA_SANDBOX_CARD_DER_H_
