// Reading BER-TLV, boundedly: card files, file control information, and the parts
// of certificates OpenSSL leaves to us.
//
// Takes what DER and the cards use: tags of one to three bytes, definite lengths of
// up to three bytes. Views into the caller's bytes; nothing is copied. No recursion:
// a caller descends as deep as its own code does.
//
//   TlvReader reader(bytes);
//   while (auto next = reader.Next()) { ... next->tag, next->value ... }
//   if (!reader.status().ok()) ...
#ifndef ILKIMZA_AGENT_CARD_TLV_H_
#define ILKIMZA_AGENT_CARD_TLV_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ilkimza::agent {

struct Tlv {
  // All bytes of the tag, such as 0x30, 0xA1 or 0x7F49.
  uint32_t tag = 0;
  std::string_view value;
  // Tag, length and value.
  std::string_view whole;
};

class TlvReader {
 public:
  explicit TlvReader(std::string_view bytes) : rest_(bytes) {}

  // The next object; nothing at the end, at filling (00 or FF, as unwritten parts of
  // files have), or where the bytes are not well formed: then `status` says so.
  std::optional<Tlv> Next();
  // Next, if it bears `tag`; otherwise nothing, and the reader stays where it is.
  std::optional<Tlv> NextIf(uint32_t tag);
  // CARD_PROTOCOL once something malformed was met.
  [[nodiscard]] const absl::Status& status() const { return status_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  absl::Status status_;
};

// The first object with `tag` in `bytes`, on this level only.
std::optional<Tlv> FindTlv(std::string_view bytes, uint32_t tag);
// The same, one level deeper for each further tag.
std::optional<Tlv> FindTlv(std::string_view bytes, std::initializer_list<uint32_t> path);

// The length that the header at the start of `bytes` announces, header included;
// nothing where there is no header. For reading no more of a file than it holds.
std::optional<std::size_t> AnnouncedSize(std::string_view bytes);

// An INTEGER's value of at most four bytes; nothing for a negative or larger one.
std::optional<uint32_t> UnsignedValue(std::string_view content);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_TLV_H_
