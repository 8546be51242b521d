#include "agent/card/tlv.h"

#include "base/error.h"

namespace ilkimza::agent {
namespace {

struct Header {
  uint32_t tag = 0;
  std::size_t header_size = 0;
  std::size_t value_size = 0;
};

uint8_t ByteAt(std::string_view bytes, std::size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

std::optional<Header> ReadHeader(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  Header header;
  std::size_t at = 0;
  header.tag = ByteAt(bytes, at++);
  if ((header.tag & 0x1F) == 0x1F) {
    uint8_t next = 0;
    do {
      if (at == bytes.size() || at == 3) return std::nullopt;
      next = ByteAt(bytes, at++);
      header.tag = (header.tag << 8) | next;
    } while ((next & 0x80) != 0);
  }
  if (at == bytes.size()) return std::nullopt;
  const uint8_t first = ByteAt(bytes, at++);
  if (first < 0x80) {
    header.value_size = first;
  } else {
    const std::size_t octets = first & 0x7F;
    if (octets == 0 || octets > 3 || bytes.size() - at < octets) return std::nullopt;
    for (std::size_t i = 0; i < octets; ++i) {
      header.value_size = (header.value_size << 8) | ByteAt(bytes, at++);
    }
  }
  header.header_size = at;
  return header;
}

}  // namespace

std::optional<Tlv> TlvReader::Next() {
  if (rest_.empty() || !status_.ok()) return std::nullopt;
  if (rest_[0] == '\0' || rest_[0] == '\xFF') {
    rest_ = {};
    return std::nullopt;
  }
  const auto header = ReadHeader(rest_);
  if (!header || rest_.size() - header->header_size < header->value_size) {
    status_ = MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
                        "A data structure of the card is not well formed. Take the card out, put "
                        "it in again; if it stays so, the card's issuer has to look at it.");
    rest_ = {};
    return std::nullopt;
  }
  Tlv tlv;
  tlv.tag = header->tag;
  tlv.value = rest_.substr(header->header_size, header->value_size);
  tlv.whole = rest_.substr(0, header->header_size + header->value_size);
  rest_.remove_prefix(tlv.whole.size());
  return tlv;
}

std::optional<Tlv> TlvReader::NextIf(uint32_t tag) {
  const TlvReader before = *this;
  auto next = Next();
  if (next && next->tag == tag) return next;
  if (status_.ok()) *this = before;
  return std::nullopt;
}

std::optional<Tlv> FindTlv(std::string_view bytes, uint32_t tag) {
  TlvReader reader(bytes);
  while (auto next = reader.Next()) {
    if (next->tag == tag) return next;
  }
  return std::nullopt;
}

std::optional<Tlv> FindTlv(std::string_view bytes, std::initializer_list<uint32_t> path) {
  std::optional<Tlv> found;
  for (const uint32_t tag : path) {
    found = FindTlv(bytes, tag);
    if (!found) return std::nullopt;
    bytes = found->value;
  }
  return found;
}

std::optional<std::size_t> AnnouncedSize(std::string_view bytes) {
  const auto header = ReadHeader(bytes);
  if (!header) return std::nullopt;
  return header->header_size + header->value_size;
}

std::optional<uint32_t> UnsignedValue(std::string_view content) {
  if (content.empty() || (content[0] & 0x80) != 0) return std::nullopt;
  while (content.size() > 1 && content[0] == '\0') content.remove_prefix(1);
  if (content.size() > 4) return std::nullopt;
  uint32_t value = 0;
  for (const char c : content) value = (value << 8) | static_cast<uint8_t>(c);
  return value;
}

}  // namespace ilkimza::agent
