#include "agent/card/pkcs15.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "agent/card/tlv.h"

namespace ilkimza::agent {
namespace {

constexpr uint32_t kBoolean = 0x01, kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04,
                   kEnumerated = 0x0A, kUtf8String = 0x0C, kSequence = 0x30, kContext0 = 0x80,
                   kConstructed0 = 0xA0, kConstructed1 = 0xA1;
constexpr std::string_view kMasterFile("\x3F\x00", 2);
constexpr std::size_t kMaxPath = 16;
constexpr std::size_t kMaxId = 64;
// Bits of PinFlags.
constexpr int kChangeDisabled = 2, kUnblockDisabled = 3, kInitialised = 4, kNeedsPadding = 5,
              kUnblockingPin = 6, kSoPin = 7;
// More than any command has room for twice.
constexpr uint32_t kLongestPin = 64;

bool BitIsSet(std::string_view bit_string, int bit) {
  const std::size_t byte = 1 + static_cast<std::size_t>(bit) / 8;
  if (byte >= bit_string.size()) return false;
  return (static_cast<uint8_t>(bit_string[byte]) & (0x80 >> (bit % 8))) != 0;
}

// Path ::= SEQUENCE { efidOrPath OCTET STRING, ... }; empty for anything else.
std::string PathOf(std::string_view sequence) {
  TlvReader reader(sequence);
  const auto path = reader.NextIf(kOctetString);
  if (!path || path->value.empty() || path->value.size() > kMaxPath ||
      path->value.size() % 2 != 0) {
    return {};
  }
  return std::string(path->value);
}

// Where in the file at the path: { ..., index INTEGER, length [0] }.
void TakeExtent(std::string_view sequence, CertificateObject& certificate) {
  TlvReader reader(sequence);
  reader.NextIf(kOctetString);
  const auto index = reader.NextIf(kInteger);
  const auto length = reader.NextIf(kContext0);
  if (!index || !length) return;
  const auto offset_value = UnsignedValue(index->value);
  const auto length_value = UnsignedValue(length->value);
  constexpr uint32_t kFarthest = 0x7FFF;
  if (!offset_value || !length_value || *offset_value > kFarthest || *length_value > kFarthest) {
    return;
  }
  certificate.offset = *offset_value;
  certificate.length = *length_value;
}

std::string Id(const std::optional<Tlv>& octets) {
  return octets && octets->value.size() <= kMaxId ? std::string(octets->value) : std::string();
}

struct CommonAttributes {
  std::string label;
  std::string auth_id;
};

CommonAttributes ParseCommon(std::string_view sequence) {
  CommonAttributes common;
  if (const auto label = FindTlv(sequence, kUtf8String)) common.label = Printable(label->value);
  common.auth_id = Id(FindTlv(sequence, kOctetString));
  return common;
}

// The three parts every entry has: common attributes, attributes of its class, and
// (past an optional [0]) those of its type.
struct Entry {
  uint32_t tag = 0;
  CommonAttributes common;
  std::string_view class_attributes;
  std::string_view type_attributes;
};

std::optional<Entry> ParseEntry(const Tlv& tlv) {
  // Elliptic keys are [0]; all else that is understood here is not tagged.
  if (tlv.tag != kSequence && tlv.tag != kConstructed0) return std::nullopt;
  TlvReader reader(tlv.value);
  const auto common = reader.NextIf(kSequence);
  const auto attributes = reader.NextIf(kSequence);
  if (!common || !attributes) return std::nullopt;
  reader.NextIf(kConstructed0);
  const auto type = reader.NextIf(kConstructed1);
  const auto inner = type ? FindTlv(type->value, kSequence) : std::nullopt;
  if (!inner) return std::nullopt;
  return Entry{tlv.tag, ParseCommon(common->value), attributes->value, inner->value};
}

// Calls `take` for each entry; what it cannot use it leaves.
absl::Status ForEachEntry(std::string_view bytes, const std::function<void(const Entry&)>& take) {
  TlvReader reader(bytes);
  for (int i = 0; i < kMaxEntries; ++i) {
    const auto next = reader.Next();
    if (!next) break;
    if (const auto entry = ParseEntry(*next)) take(*entry);
  }
  return reader.status();
}

std::optional<uint8_t> Reference(const std::optional<Tlv>& integer) {
  if (!integer || integer->value.empty() || integer->value.size() > 2) return std::nullopt;
  const auto low = static_cast<uint8_t>(integer->value.back());
  if (integer->value.size() == 1) return low;
  // 80 to FF are written as one byte by some cards, as 00 80 by others, and as FF 80, which
  // is a negative number, by those that take the byte for one.
  const auto high = static_cast<uint8_t>(integer->value.front());
  if (high == 0x00 || (high == 0xFF && low >= 0x80)) return low;
  return std::nullopt;
}

PinEncoding EncodingOf(uint32_t type) {
  switch (type) {
    case 0:
      return PinEncoding::kBcd;
    case 1:  // digits
    case 2:  // UTF-8
      return PinEncoding::kText;
    case 4:
      return PinEncoding::kIso9564;
    default:
      return PinEncoding::kOther;
  }
}

// The characters that so many bytes of a command hold at most.
uint32_t TypedLength(PinEncoding encoding, uint32_t bytes) {
  constexpr uint32_t kIso9564Digits = 12;
  if (encoding == PinEncoding::kIso9564) return kIso9564Digits;
  return encoding == PinEncoding::kBcd ? 2 * bytes : bytes;
}

// The longest PIN in characters; a card that names none says how many bytes it stores.
std::optional<uint32_t> LongestTyped(PinEncoding encoding, const Tlv& stored_length,
                                     const std::optional<Tlv>& max_length) {
  if (max_length) return UnsignedValue(max_length->value);
  const auto stored = UnsignedValue(stored_length.value);
  if (!stored || *stored > kLongestPin) return std::nullopt;
  return std::min(TypedLength(encoding, *stored), kLongestPin);
}

// Type, character set and lengths.
void TakeFormat(const Tlv& type, const Tlv& min_length, const Tlv& stored_length,
                const std::optional<Tlv>& max_length, PinObject& pin) {
  constexpr uint32_t kUtf8 = 2;
  const uint32_t kind = UnsignedValue(type.value).value_or(UINT32_MAX);
  pin.encoding = EncodingOf(kind);
  pin.limits.charset = kind == kUtf8 ? PinCharset::kAscii : PinCharset::kDigits;
  const auto min_value = UnsignedValue(min_length.value);
  const auto max_value = LongestTyped(pin.encoding, stored_length, max_length);
  // A card that names no sensible limits gets those of its profile.
  if (min_value && max_value && *min_value >= 1 && *min_value <= *max_value &&
      *max_value <= kLongestPin) {
    pin.limits.min_length = static_cast<int>(*min_value);
    pin.limits.max_length = static_cast<int>(*max_value);
  }
}

// No more characters than the command has room for.
void FitToCommand(std::string_view flags, const Tlv& stored_length, PinObject& pin) {
  const auto stored = UnsignedValue(stored_length.value);
  const bool padded = BitIsSet(flags, kNeedsPadding) && stored && *stored <= kLongestPin;
  if (padded) pin.padded_length = static_cast<int>(*stored);
  // A block of ISO 9564-1 has its one size, whatever else is said.
  if (!padded && pin.encoding != PinEncoding::kIso9564) return;
  const uint32_t room = TypedLength(pin.encoding, padded ? *stored : 0);
  pin.limits.max_length = std::min(pin.limits.max_length, static_cast<int>(room));
  if (pin.limits.max_length >= pin.limits.min_length) return;
  // It says that no PIN fits: none is sent.
  pin.encoding = PinEncoding::kOther;
  pin.limits.max_length = pin.limits.min_length;
}

// Packed digits are filled up by halves of a byte: both of `pad` have to be the same.
bool FillingIsClear(const PinObject& pin) {
  if (pin.encoding != PinEncoding::kBcd) return true;
  return pin.pad ? (*pin.pad >> 4) == (*pin.pad & 0x0F) : pin.padded_length == 0;
}

// PinAttributes; nothing where a part that must be there is not.
std::optional<PinObject> ParsePinAttributes(std::string_view sequence) {
  TlvReader reader(sequence);
  const auto flags = reader.NextIf(kBitString);
  const auto type = reader.NextIf(kEnumerated);
  const auto min_length = reader.NextIf(kInteger);
  const auto stored_length = reader.NextIf(kInteger);
  if (!flags || !type || !min_length || !stored_length) return std::nullopt;
  const auto max_length = reader.NextIf(kInteger);
  PinObject pin;
  pin.unblocking = BitIsSet(flags->value, kUnblockingPin);
  pin.administrative = pin.unblocking || BitIsSet(flags->value, kSoPin);
  pin.change_disabled = BitIsSet(flags->value, kChangeDisabled);
  pin.unblock_disabled = BitIsSet(flags->value, kUnblockDisabled);
  pin.initialised = BitIsSet(flags->value, kInitialised);
  TakeFormat(*type, *min_length, *stored_length, max_length, pin);
  // Not named, it is 0.
  if (const auto named = reader.NextIf(kContext0)) {
    const auto reference = Reference(named);
    // Another PIN's must not stand in for one that cannot be read.
    if (!reference) pin.encoding = PinEncoding::kOther;
    pin.reference = reference.value_or(0);
  }
  const auto pad = reader.NextIf(kOctetString);
  if (pad && pad->value.size() == 1) pin.pad = static_cast<uint8_t>(pad->value[0]);
  FitToCommand(flags->value, *stored_length, pin);
  if (!FillingIsClear(pin)) pin.encoding = PinEncoding::kOther;
  if (const auto path = FindTlv(reader.rest(), kSequence)) pin.path = PathOf(path->value);
  return pin;
}

// Bytes of the UTF-8 character at the start of `text`; 0 where there is none.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  std::size_t size = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) size = 2;
  if (first >= 0xE0 && first < 0xF0) size = 3;
  if (first >= 0xF0 && first < 0xF5) size = 4;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and past U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) >= 0xA0) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) >= 0x90) return 0;
  return size;
}

}  // namespace

std::string Printable(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    // U+0080 to U+009F are control characters too.
    const bool control = static_cast<uint8_t>(text[0]) < 0x20 || text[0] == 0x7F ||
                         (size == 2 && text[0] == '\xC2' && static_cast<uint8_t>(text[1]) < 0xA0);
    const std::string_view taken = size == 0 || control ? "?" : text.substr(0, size);
    if (clean.size() + taken.size() > limit) break;
    clean += taken;
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return clean;
}

absl::StatusOr<ObjectDirectory> ParseObjectDirectory(std::string_view bytes) {
  ObjectDirectory directory;
  TlvReader reader(bytes);
  for (int i = 0; i < kMaxEntries; ++i) {
    const auto next = reader.Next();
    if (!next) break;
    const auto path = FindTlv(next->value, kSequence);
    const std::string where = path ? PathOf(path->value) : std::string();
    if (where.empty()) continue;
    switch (next->tag) {
      case 0xA0:
        directory.private_keys.push_back(where);
        break;
      case 0xA4:
        directory.certificates.insert(directory.certificates.begin(), where);
        break;
      case 0xA5:  // trusted ones
        directory.certificates.push_back(where);
        break;
      case 0xA8:
        directory.authentication_objects.push_back(where);
        break;
      default:
        break;
    }
  }
  if (!reader.status().ok()) return reader.status();
  return directory;
}

absl::StatusOr<std::vector<PinObject>> ParseAuthenticationObjects(std::string_view bytes) {
  std::vector<PinObject> pins;
  const absl::Status status = ForEachEntry(bytes, [&](const Entry& entry) {
    auto pin = ParsePinAttributes(entry.type_attributes);
    if (!pin) return;
    pin->label = entry.common.label;
    pin->unblocked_by = entry.common.auth_id;
    pin->auth_id = Id(FindTlv(entry.class_attributes, kOctetString));
    pins.push_back(*std::move(pin));
  });
  if (!status.ok()) return status;
  return pins;
}

absl::StatusOr<std::vector<PrivateKeyObject>> ParsePrivateKeys(std::string_view bytes) {
  std::vector<PrivateKeyObject> keys;
  const absl::Status status = ForEachEntry(bytes, [&](const Entry& entry) {
    PrivateKeyObject key;
    key.label = entry.common.label;
    key.auth_id = entry.common.auth_id;
    TlvReader reader(entry.class_attributes);
    key.id = Id(reader.NextIf(kOctetString));
    reader.NextIf(kBitString);
    reader.NextIf(kBoolean);
    reader.NextIf(kBitString);
    const auto reference = Reference(reader.NextIf(kInteger));
    const auto path = FindTlv(entry.type_attributes, kSequence);
    if (path) key.path = PathOf(path->value);
    // A key has a reference, or a file of its own.
    if (key.id.empty() || (!reference && key.path.empty())) return;
    key.reference = reference.value_or(0);
    key.kind = entry.tag == kConstructed0 ? KeyKind::kElliptic : KeyKind::kRsa;
    keys.push_back(std::move(key));
  });
  if (!status.ok()) return status;
  return keys;
}

absl::StatusOr<std::vector<CertificateObject>> ParseCertificateDirectory(std::string_view bytes) {
  std::vector<CertificateObject> certificates;
  const absl::Status status = ForEachEntry(bytes, [&](const Entry& entry) {
    CertificateObject certificate;
    certificate.label = entry.common.label;
    certificate.id = Id(FindTlv(entry.class_attributes, kOctetString));
    if (entry.tag != kSequence) return;  // not X.509
    if (const auto direct = FindTlv(entry.type_attributes, kConstructed0)) {
      // [0] stands in the place of the certificate's SEQUENCE.
      certificate.direct = std::string(direct->whole);
      certificate.direct[0] = static_cast<char>(kSequence);
    } else if (const auto path = FindTlv(entry.type_attributes, kSequence)) {
      certificate.path = PathOf(path->value);
      TakeExtent(path->value, certificate);
    }
    if (!certificate.path.empty() || !certificate.direct.empty()) {
      certificates.push_back(std::move(certificate));
    }
  });
  if (!status.ok()) return status;
  return certificates;
}

bool NamesPkcs15(std::string_view application_id) {
  return application_id == kPkcs15Id || application_id.starts_with(kIso7816Part15Id);
}

std::string FindApplicationPath(std::string_view dir_bytes) {
  TlvReader reader(dir_bytes);
  for (int i = 0; i < kMaxEntries; ++i) {
    const auto application = reader.Next();
    if (!application) break;
    if (application->tag != 0x61) continue;
    const auto id = FindTlv(application->value, 0x4F);
    const auto path = FindTlv(application->value, 0x51);
    if (!id || !NamesPkcs15(id->value) || !path || path->value.empty() ||
        path->value.size() % 2 != 0) {
      continue;
    }
    // EF.DIR lies in the master file: a path without it begins there.
    std::string whole(path->value.substr(0, kMasterFile.size()) == kMasterFile ? "" : kMasterFile);
    whole += path->value;
    if (whole.size() <= kMaxPath) return whole;
  }
  return {};
}

TokenInfo ParseTokenInfo(std::string_view bytes) {
  TokenInfo info;
  const auto sequence = FindTlv(bytes, kSequence);
  if (!sequence) return info;
  TlvReader reader(sequence->value);
  reader.NextIf(kInteger);
  if (const auto serial = reader.NextIf(kOctetString)) info.serial = Id(serial);
  if (const auto manufacturer = reader.NextIf(kUtf8String)) {
    info.manufacturer = Printable(manufacturer->value);
  }
  if (const auto label = reader.NextIf(kContext0)) info.label = Printable(label->value);
  return info;
}

}  // namespace ilkimza::agent
