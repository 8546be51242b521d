// Command APDUs (ISO/IEC 7816-4, short length only) and status words.
#ifndef ILKIMZA_SANDBOX_CARD_APDU_H_
#define ILKIMZA_SANDBOX_CARD_APDU_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ilkimza::sandbox {

enum Instruction : std::uint8_t {
  kListFiles = 0x18,  // CLA 80
  kLogOut = 0x1A,     // CLA 80
  kVerify = 0x20,
  kManageSecurityEnvironment = 0x22,
  kChangePin = 0x24,
  kPerformSecurityOperation = 0x2A,
  kResetRetryCounter = 0x2C,
  kSelect = 0xA4,
  kReadBinary = 0xB0,
  kGetData = 0xCA,
};

// Status words. Those of a wrong and of a blocked PIN are not known from a real
// card: they are named here, and nowhere else.
inline constexpr std::uint16_t kSuccess = 0x9000;
inline constexpr std::uint16_t kEndOfFile = 0x6282;
// The low nibble is the number of tries left.
inline constexpr std::uint16_t kWrongPin = 0x63C0;
inline constexpr std::uint16_t kWrongPinUncounted = 0x6300;
inline constexpr std::uint16_t kBlocked = 0x6983;
inline constexpr std::uint16_t kWrongLength = 0x6700;
inline constexpr std::uint16_t kChainingNotSupported = 0x6884;
inline constexpr std::uint16_t kSecurityStatus = 0x6982;
inline constexpr std::uint16_t kConditions = 0x6985;
inline constexpr std::uint16_t kNoFileSelected = 0x6986;
inline constexpr std::uint16_t kWrongData = 0x6A80;
inline constexpr std::uint16_t kFileNotFound = 0x6A82;
inline constexpr std::uint16_t kWrongParameters = 0x6A86;
inline constexpr std::uint16_t kReferenceNotFound = 0x6A88;
inline constexpr std::uint16_t kWrongOffset = 0x6B00;
inline constexpr std::uint16_t kUnknownInstruction = 0x6D00;
inline constexpr std::uint16_t kUnknownClass = 0x6E00;
inline constexpr std::uint16_t kNoPreciseDiagnosis = 0x6F00;

struct CommandApdu {
  std::uint8_t cla = 0;
  std::uint8_t ins = 0;
  std::uint8_t p1 = 0;
  std::uint8_t p2 = 0;
  // A view into the bytes that were parsed.
  std::string_view data;
  // 1 to 256; nothing where the command asks for no data.
  std::optional<int> le;
};

// Nothing where `bytes` are not one command of case 1, 2, 3 or 4 short.
std::optional<CommandApdu> ParseCommand(std::string_view bytes);

// `data` followed by the two bytes of `status`.
std::string Response(std::uint16_t status, std::string_view data = {});

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_APDU_H_
