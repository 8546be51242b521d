#include "agent/card/akis.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/card/tlv.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

// --- The card profile: what is assumed, not known ---

// In the answer to "card info". The digits are packed two to a byte, high nibble
// first, and end at the first nibble that is no decimal digit.
constexpr std::size_t kSerialOffset = 55;
constexpr std::size_t kSerialSize = 12;
// Bits of the security byte (FCI tag 90) of a PIN object. A PIN that is not valid any
// more after its last try is blocked.
constexpr uint8_t kPinValid = 0x02, kEnteredWrongly = 0x40, kLastTry = 0x80;

// --- The commands ---

constexpr uint8_t kSelect = 0xA4, kReadBinary = 0xB0, kGetData = 0xCA, kVerify = 0x20,
                  kChange = 0x24, kManageSecurity = 0x22, kPerformSecurity = 0x2A, kLogOut = 0x1A;
constexpr uint8_t kByPath = 0x08;
constexpr std::string_view kDirPath("\x3F\x00\x2F\x00", 4);
constexpr std::string_view kApplicationPath("\x3F\x00\x3D\x00", 4);
constexpr std::string_view kObjectDirectoryId("\x50\x31", 2);
constexpr std::string_view kTokenInfoId("\x50\x32", 2);
constexpr std::size_t kMaxRead = 0xF4;
constexpr std::size_t kMaxFile = 16 * 1024;
// A tag and a length that are not told by as many bytes are none.
constexpr std::size_t kLongestHeader = 8;
constexpr std::size_t kMaxPinLength = 16;

absl::Status Unexpected(std::string_view command, StatusWord status) {
  return MakeError(
      absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
      absl::StrFormat("The card answered %s with %s, which does not fit. Take it out, put it in "
                      "again and try once more.",
                      absl::string_view(command.data(), command.size()), status.Hex()),
      {{"status_word", status.Hex()}});
}

absl::Status Unsupported(std::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
                   absl::StrCat("This card has no ", absl::string_view(what.data(), what.size()),
                                ": it is not set up as an e-signature card. Put in the chip that "
                                "came with the courier."));
}

// Not found is an answer here, and gives nothing.
absl::StatusOr<std::optional<std::string>> Select(CardChannel& channel, std::string_view path) {
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu response,
      channel.Send({.ins = kSelect, .p1 = kByPath, .data = path, .le = kLeAll}));
  if (response.status.NotFound()) return std::nullopt;
  if (!response.status.Success()) return Unexpected("SELECT", response.status);
  const auto information = FindTlv(response.data, 0x6F);
  return std::string(information ? information->value : std::string_view(response.data));
}

std::size_t FileSize(std::string_view control_information) {
  for (const uint32_t tag : {0x80U, 0x81U}) {
    const auto size = FindTlv(control_information, tag);
    if (!size || size->value.empty() || size->value.size() > 2) continue;
    std::size_t value = 0;
    for (const char c : size->value) value = (value << 8) | static_cast<uint8_t>(c);
    return std::min(value, kMaxFile);
  }
  // Untold: up to where the card says that the file ends.
  return kMaxFile;
}

// Whether what was read holds the whole content already: the objects end in filling.
bool ReachedFilling(std::string_view content) {
  TlvReader reader(content);
  std::size_t read = 0;
  while (const auto next = reader.Next()) read += next->whole.size();
  return reader.status().ok() && read < content.size();
}

enum class Extent { kFirstObject, kAllObjects };

absl::StatusOr<std::string> ReadSelected(CardChannel& channel, std::size_t size, Extent extent) {
  std::string content;
  while (content.size() < size) {
    const std::size_t wanted = std::min(kMaxRead, size - content.size());
    ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                             channel.Send({.ins = kReadBinary,
                                           .p1 = static_cast<uint8_t>(content.size() >> 8),
                                           .p2 = static_cast<uint8_t>(content.size() & 0xFF),
                                           .le = static_cast<int>(wanted)}));
    // Past the end: the card did not tell the size.
    if (!content.empty() && response.status.value() == 0x6B00) break;
    if (!response.status.Success() && !response.status.EndOfFile()) {
      return Unexpected("READ BINARY", response.status);
    }
    if (response.data.empty()) break;
    content.append(response.data, 0, wanted);
    if (response.status.EndOfFile()) break;
    if (extent == Extent::kFirstObject) {
      const auto announced = AnnouncedSize(content);
      // Some cards read out a byte at a time.
      if (announced || content.size() >= kLongestHeader) {
        size = std::min(size, announced.value_or(content.size()));
      }
    } else if (ReachedFilling(content)) {
      break;
    }
  }
  if (content.size() > size) content.resize(size);
  return content;
}

absl::StatusOr<std::optional<std::string>> Read(CardChannel& channel, std::string_view path,
                                                Extent extent) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto information, Select(channel, path));
  if (!information) return std::nullopt;
  ILKIMZA_ASSIGN_OR_RETURN(std::string content,
                           ReadSelected(channel, FileSize(*information), extent));
  return content;
}

// A directory file that its parent names; empty where it is not there.
absl::StatusOr<std::string> ReadDirectory(CardChannel& channel, const std::string& path) {
  if (path.empty()) return std::string();
  ILKIMZA_ASSIGN_OR_RETURN(auto content, Read(channel, path, Extent::kAllObjects));
  return std::move(content).value_or("");
}

// The object directory, where AKİS has it or where EF.DIR says.
absl::StatusOr<std::string> ReadObjectDirectory(CardChannel& channel) {
  const std::string usual =
      absl::StrCat(std::string(kApplicationPath), std::string(kObjectDirectoryId));
  ILKIMZA_ASSIGN_OR_RETURN(auto content, Read(channel, usual, Extent::kAllObjects));
  if (content) return *std::move(content);
  ILKIMZA_ASSIGN_OR_RETURN(const auto dir, Read(channel, kDirPath, Extent::kAllObjects));
  const std::string application = dir ? FindApplicationPath(*dir) : std::string();
  if (application.empty()) return Unsupported("PKCS#15 application");
  ILKIMZA_ASSIGN_OR_RETURN(
      content, Read(channel, application + std::string(kObjectDirectoryId), Extent::kAllObjects));
  if (!content) return Unsupported("PKCS#15 object directory");
  return *std::move(content);
}

}  // namespace

std::string SerialText(std::string_view bytes) {
  std::string digits;
  for (const char c : bytes) {
    for (const int nibble : {static_cast<uint8_t>(c) >> 4, c & 0x0F}) {
      if (nibble > 9) return digits;
      digits += static_cast<char>('0' + nibble);
    }
  }
  return digits;
}

absl::StatusOr<std::string> ReadSerial(CardChannel& channel) {
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                           channel.Send({.ins = kGetData, .p1 = 0x01, .p2 = 0x06, .le = 0x4D}));
  if (!response.status.Success()) return Unexpected("GET DATA (card info)", response.status);
  if (response.data.size() < kSerialOffset + kSerialSize) {
    return Unexpected("GET DATA (card info), too short,", response.status);
  }
  return SerialText(std::string_view(response.data).substr(kSerialOffset, kSerialSize));
}

const PinObject* CardLayout::HolderPin(std::string_view auth_id) const {
  for (const PinObject& pin : pins) {
    if (!pin.administrative && (auth_id.empty() || pin.auth_id == auth_id)) return &pin;
  }
  return nullptr;
}

absl::StatusOr<CardLayout> ReadLayout(CardChannel& channel) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::string directory_bytes, ReadObjectDirectory(channel));
  ILKIMZA_ASSIGN_OR_RETURN(const ObjectDirectory directory, ParseObjectDirectory(directory_bytes));
  CardLayout layout;
  ILKIMZA_ASSIGN_OR_RETURN(std::string bytes,
                           ReadDirectory(channel, directory.authentication_objects));
  ILKIMZA_ASSIGN_OR_RETURN(layout.pins, ParseAuthenticationObjects(bytes));
  ILKIMZA_ASSIGN_OR_RETURN(bytes, ReadDirectory(channel, directory.private_keys));
  ILKIMZA_ASSIGN_OR_RETURN(layout.keys, ParsePrivateKeys(bytes));
  for (const std::string& path : directory.certificates) {
    ILKIMZA_ASSIGN_OR_RETURN(bytes, ReadDirectory(channel, path));
    ILKIMZA_ASSIGN_OR_RETURN(auto certificates, ParseCertificateDirectory(bytes));
    for (auto& certificate : certificates) {
      if (layout.certificates.size() < kMaxEntries) {
        layout.certificates.push_back(std::move(certificate));
      }
    }
  }
  return layout;
}

absl::StatusOr<std::string> ReadTokenLabel(CardChannel& channel) {
  const std::string path = absl::StrCat(std::string(kApplicationPath), std::string(kTokenInfoId));
  ILKIMZA_ASSIGN_OR_RETURN(const auto content, Read(channel, path, Extent::kFirstObject));
  return content ? ParseTokenLabel(*content) : std::string();
}

absl::StatusOr<std::string> ReadFile(CardChannel& channel, std::string_view path) {
  ILKIMZA_ASSIGN_OR_RETURN(auto content, Read(channel, path, Extent::kFirstObject));
  if (!content) return Unexpected("SELECT", StatusWord(0x6A82));
  return *std::move(content);
}

PinTries JudgeSecurityByte(uint8_t security) {
  const bool valid = (security & kPinValid) != 0;
  const bool last = (security & kLastTry) != 0;
  if (!valid) return last ? PinTries{v1::TRIES_LEFT_NONE, 0} : PinTries{};
  if (last) return {v1::TRIES_LEFT_ONE, 1};
  return {(security & kEnteredWrongly) != 0 ? v1::TRIES_LEFT_SOME : v1::TRIES_LEFT_ALL,
          std::nullopt};
}

absl::StatusOr<PinTries> ReadPinTries(CardChannel& channel, const PinObject& pin) {
  if (pin.path.empty()) return PinTries{};
  ILKIMZA_ASSIGN_OR_RETURN(const auto information, Select(channel, pin.path));
  if (!information) return PinTries{};
  const auto security = FindTlv(*information, 0x90);
  if (!security || security->value.size() != 1) return PinTries{};
  return JudgeSecurityByte(static_cast<uint8_t>(security->value[0]));
}

absl::StatusOr<PinAnswer> VerifyPin(CardChannel& channel, const PinObject& pin,
                                    std::string_view entered) {
  // An empty VERIFY spends a try on some cards.
  if (entered.empty() || entered.size() > kMaxPinLength) {
    return absl::InvalidArgumentError("a PIN of this length is not for the card");
  }
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu response,
      channel.Send({.ins = kVerify, .p2 = pin.reference, .data = entered, .attempt = true}));
  return JudgePinAnswer(response.status);
}

absl::StatusOr<PinAnswer> ChangePin(CardChannel& channel, const PinObject& pin,
                                    std::string_view old_pin, std::string_view new_pin) {
  if (old_pin.empty() || old_pin.size() > kMaxPinLength || new_pin.empty() ||
      new_pin.size() > kMaxPinLength) {
    return absl::InvalidArgumentError("a PIN of this length is not for the card");
  }
  std::string data;
  const WipeGuard wipe(data);
  data.reserve(2 + old_pin.size() + new_pin.size());
  data += static_cast<char>(old_pin.size());
  data += old_pin;
  data += static_cast<char>(new_pin.size());
  data += new_pin;
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                           channel.Send({.ins = kChange,
                                         .p1 = 0x02,
                                         .p2 = static_cast<uint8_t>(pin.reference & 0x7F),
                                         .data = data,
                                         .attempt = true}));
  return JudgePinAnswer(response.status);
}

absl::Status LogOut(CardChannel& channel) {
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                           channel.Send({.cla = 0x80, .ins = kLogOut}));
  return response.status.Success() ? absl::OkStatus() : Unexpected("LOGOUT", response.status);
}

absl::StatusOr<std::string> SignBlock(CardChannel& channel, uint8_t key_reference,
                                      std::string_view block) {
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu chosen,
                           channel.Send({.ins = kManageSecurity, .p1 = 0xC3, .p2 = key_reference}));
  if (!chosen.status.Success()) return Unexpected("MANAGE SECURITY ENVIRONMENT", chosen.status);
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu signature,
      channel.Send({.ins = kPerformSecurity,
                    .p1 = 0x9E,
                    .p2 = 0x9A,
                    .data = block,
                    .le = static_cast<int>(std::min<std::size_t>(block.size(), kLeAll))}));
  if (!signature.status.Success()) {
    return Unexpected("PERFORM SECURITY OPERATION", signature.status);
  }
  return signature.data;
}

}  // namespace ilkimza::agent
