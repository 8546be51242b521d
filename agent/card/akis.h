// AKİS, the operating system of Kamu SM's cards: which card is it, and the commands
// of its first version.
//
// Cards are recognised by the historical bytes of their answer to reset. Only AKİS v1
// cards are talked to: nothing is ever sent to any other card.
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
#include "agent/card/pkcs15.h"
#include "base/secret.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

struct Recognition {
  v1::CardFamily family = v1::CARD_FAMILY_UNKNOWN;
  // "AKİS v1 (UEKAE 1292)".
  std::string display_name;
};

// By the answer to reset. Never fails: a card may be unknown.
Recognition Recognise(std::string_view atr);

// Twenty digits as the portal writes them, from the card's twelve bytes; empty where
// they are no number.
std::string SerialText(std::string_view bytes);

// One command.
absl::StatusOr<std::string> ReadSerial(CardChannel& channel);

// What is on the card and where. CARD_UNSUPPORTED without a PKCS#15 application.
struct CardLayout {
  std::vector<PinObject> pins;
  std::vector<PrivateKeyObject> keys;
  std::vector<CertificateObject> certificates;

  // The holder's PIN, of the key with `auth_id` where that is not empty; null where
  // there is none.
  [[nodiscard]] const PinObject* HolderPin(std::string_view auth_id = {}) const;
};
absl::StatusOr<CardLayout> ReadLayout(CardChannel& channel);
// Empty where the card has none.
absl::StatusOr<std::string> ReadTokenLabel(CardChannel& channel);

// The bytes of an elementary file, at most 16 KiB; of a DER file no more than the
// object at its start.
absl::StatusOr<std::string> ReadFile(CardChannel& channel, std::string_view path);

// How many tries a PIN has left, read from its security byte: spends none. The count
// is known only for one and none.
struct PinTries {
  v1::TriesLeft left = v1::TRIES_LEFT_UNKNOWN;
  std::optional<int> count;
};
absl::StatusOr<PinTries> ReadPinTries(CardChannel& channel, const PinObject& pin);
// The security byte alone, for tables.
PinTries JudgeSecurityByte(uint8_t security);
// What the card's answer to an attempt says.
PinTries JudgeCount(int count);

// Each of these two is an attempt: sent once. The answer's verdict is not an error.
absl::StatusOr<PinAnswer> VerifyPin(CardChannel& channel, const PinObject& pin,
                                    std::string_view entered);
absl::StatusOr<PinAnswer> ChangePin(CardChannel& channel, const PinObject& pin,
                                    std::string_view old_pin, std::string_view new_pin);
// Forgets every verified PIN.
absl::Status LogOut(CardChannel& channel);

// The private-key operation on `block`, which is padded already and as long as the
// key's modulus.
absl::StatusOr<std::string> SignBlock(CardChannel& channel, uint8_t key_reference,
                                      std::string_view block);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_AKIS_H_
