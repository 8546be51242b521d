#include "agent/card/status_word.h"

#include "absl/strings/str_format.h"

namespace ilkimza::agent {

std::string StatusWord::Hex() const { return absl::StrFormat("%04X", value_); }

PinAnswer JudgePinAnswer(StatusWord status) {
  if (status.Success()) return {PinVerdict::kRight, std::nullopt};
  if ((status.value() & 0xFFF0) == 0x63C0) {
    const int left = status.low() & 0x0F;
    return {left == 0 ? PinVerdict::kBlocked : PinVerdict::kWrong, left};
  }
  switch (status.value()) {
    case 0x6300:
      return {PinVerdict::kWrong, std::nullopt};
    case 0x6983:
    case 0x6984:
      return {PinVerdict::kBlocked, 0};
    // ISO 7816-4: checked before the command is carried out.
    case 0x6700:  // wrong length
    case 0x6982:  // not allowed in this state
    case 0x6985:  // conditions of use
    case 0x6A80:  // wrong data field
    case 0x6A81:  // function not supported
    case 0x6A82:  // no such file
    case 0x6A86:  // wrong P1 P2
    case 0x6A88:  // no such reference
    case 0x6B00:  // wrong P1 P2
    case 0x6D00:  // unknown instruction
    case 0x6E00:  // unknown class
      return {PinVerdict::kRefused, std::nullopt};
    default:
      return {PinVerdict::kUnknown, std::nullopt};
  }
}

}  // namespace ilkimza::agent
