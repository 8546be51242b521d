#include "agent/card/akis.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/card/files.h"
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

constexpr uint8_t kSelect = 0xA4, kGetData = 0xCA, kVerify = 0x20, kChange = 0x24, kUnblock = 0x2C,
                  kManageSecurity = 0x22, kPerformSecurity = 0x2A;
constexpr uint8_t kByPath = 0x08;
// P1 of the commands that change a PIN: the holder's, not the security officer's.
constexpr uint8_t kHolderPin = 0x02;

bool FitsCard(std::string_view pin) { return !pin.empty() && pin.size() <= kAkisPinLength; }

// CHANGE REFERENCE DATA and, as far as is known, RESET RETRY COUNTER: both values with
// their lengths before them.
absl::StatusOr<PinAnswer> SendTwo(CardChannel& channel, uint8_t instruction, const PinObject& pin,
                                  std::string_view first, std::string_view second) {
  if (!FitsCard(first) || !FitsCard(second)) {
    return absl::InvalidArgumentError("a PIN of this length is not for the card");
  }
  std::string data;
  const WipeGuard wipe(data);
  data.reserve(2 + 2 * kAkisPinLength);
  for (const std::string_view value : {first, second}) {
    data += static_cast<char>(value.size());
    data += value;
  }
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                           channel.Send({.ins = instruction,
                                         .p1 = kHolderPin,
                                         .p2 = static_cast<uint8_t>(pin.reference & 0x7F),
                                         .data = data,
                                         .attempt = true}));
  return JudgePinAnswer(response.status);
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
  if (!response.status.Success()) return UnexpectedAnswer("GET DATA (card info)", response.status);
  if (response.data.size() < kSerialOffset + kSerialSize) {
    return UnexpectedAnswer("GET DATA (card info), too short,", response.status);
  }
  return SerialText(std::string_view(response.data).substr(kSerialOffset, kSerialSize));
}

absl::StatusOr<std::optional<std::string>> SelectPath(CardChannel& channel, std::string_view path) {
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu response,
      channel.Send({.ins = kSelect, .p1 = kByPath, .data = path, .le = kLeAll}));
  if (response.status.NotFound()) return std::nullopt;
  if (!response.status.Success()) return UnexpectedAnswer("SELECT", response.status);
  const auto information = FindTlv(response.data, 0x6F);
  return std::string(information ? information->value : std::string_view(response.data));
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
  ILKIMZA_ASSIGN_OR_RETURN(const auto information, SelectPath(channel, pin.path));
  if (!information) return PinTries{};
  const auto security = FindTlv(*information, 0x90);
  if (!security || security->value.size() != 1) return PinTries{};
  return JudgeSecurityByte(static_cast<uint8_t>(security->value[0]));
}

absl::StatusOr<PinAnswer> VerifyPin(CardChannel& channel, const PinObject& pin,
                                    std::string_view entered) {
  // An empty VERIFY spends a try on some cards.
  if (!FitsCard(entered)) {
    return absl::InvalidArgumentError("a PIN of this length is not for the card");
  }
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu response,
      channel.Send({.ins = kVerify, .p2 = pin.reference, .data = entered, .attempt = true}));
  return JudgePinAnswer(response.status);
}

absl::StatusOr<PinAnswer> ChangePin(CardChannel& channel, const PinObject& pin,
                                    std::string_view old_pin, std::string_view new_pin) {
  return SendTwo(channel, kChange, pin, old_pin, new_pin);
}

absl::StatusOr<PinAnswer> UnblockPin(CardChannel& channel, const PinObject& pin,
                                     std::string_view puk, std::string_view new_pin) {
  return SendTwo(channel, kUnblock, pin, puk, new_pin);
}

absl::StatusOr<std::string> SignBlock(CardChannel& channel, uint8_t key_reference,
                                      std::string_view block) {
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu chosen,
                           channel.Send({.ins = kManageSecurity, .p1 = 0xC3, .p2 = key_reference}));
  if (!chosen.status.Success())
    return UnexpectedAnswer("MANAGE SECURITY ENVIRONMENT", chosen.status);
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu signature,
      channel.Send({.ins = kPerformSecurity,
                    .p1 = 0x9E,
                    .p2 = 0x9A,
                    .data = block,
                    .le = static_cast<int>(std::min<std::size_t>(block.size(), kLeAll))}));
  if (!signature.status.Success()) {
    return UnexpectedAnswer("PERFORM SECURITY OPERATION", signature.status);
  }
  return signature.data;
}

}  // namespace ilkimza::agent
