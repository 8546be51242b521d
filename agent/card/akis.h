// The commands of AKİS v1, the operating system of Kamu SM's cards. Which card is one
// says historical_bytes.h; akis_card.h puts the commands together.
//
// What no real card was at hand to confirm stands in one named constant each, at the
// head of akis.cc.
//
// All functions send on the channel they are given, inside its owner's transaction,
// and pass its errors on. Status words that do not fit are CARD_PROTOCOL. Thread-safe
// as far as the channel is.
#ifndef ILKIMZA_AGENT_CARD_AKIS_H_
#define ILKIMZA_AGENT_CARD_AKIS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/card/apdu.h"
#include "agent/card/card.h"
#include "agent/card/pkcs15.h"
#include "base/secret.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

// A PIN or PUK has at most so many characters.
inline constexpr std::size_t kAkisPinLength = 16;

// Twenty digits as the portal writes them, from the card's twelve bytes; empty where
// they are no number.
std::string SerialText(std::string_view bytes);

// One command.
absl::StatusOr<std::string> ReadSerial(CardChannel& channel);

// Its control information; nothing where there is no such file. `path` begins with the
// master file (3F00).
absl::StatusOr<std::optional<std::string>> SelectPath(CardChannel& channel, std::string_view path);

// How many tries a PIN has left, read from its security byte: spends none. The count
// is known only for one and none.
absl::StatusOr<PinTries> ReadPinTries(CardChannel& channel, const PinObject& pin);
// The security byte alone, for tables.
PinTries JudgeSecurityByte(uint8_t security);

// Each of these three is an attempt: sent once. The answer's verdict is not an error.
absl::StatusOr<PinAnswer> VerifyPin(CardChannel& channel, const PinObject& pin,
                                    std::string_view entered);
absl::StatusOr<PinAnswer> ChangePin(CardChannel& channel, const PinObject& pin,
                                    std::string_view old_pin, std::string_view new_pin);
// RESET RETRY COUNTER with the PUK. Its layout on a real card is not known: it is taken
// to be that of CHANGE REFERENCE DATA.
absl::StatusOr<PinAnswer> UnblockPin(CardChannel& channel, const PinObject& pin,
                                     std::string_view puk, std::string_view new_pin);

// The private-key operation on `block`, which is padded already and as long as the
// key's modulus.
absl::StatusOr<std::string> SignBlock(CardChannel& channel, uint8_t key_reference,
                                      std::string_view block);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_AKIS_H_
