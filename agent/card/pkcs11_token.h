// What a PKCS#11 token says, in the terms of card.h.
//
// Pure and thread-safe.
#ifndef ILKIMZA_AGENT_CARD_PKCS11_TOKEN_H_
#define ILKIMZA_AGENT_CARD_PKCS11_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/card/card.h"
#include "agent/card/pin_policy.h"
#include "agent/pkcs11/protocol.h"

namespace ilkimza::agent {

// Whether a slot described so is the reader's. Descriptions have 64 bytes: what is
// longer is cut off by the module.
bool DescribesReader(std::string_view slot_description, std::string_view reader);

// From the flags of a token: the holder's PIN, or the security officer's.
PinTries TriesOf(uint64_t token_flags, bool officer);

// From what a token announces; the defaults of PinLimits where that cannot be.
PinLimits LimitsOf(const pkcs11::Token& token);

// A serial number as CardIdentity has it: other characters become hyphens.
std::string SerialOf(std::string_view token_serial);

// r and s, each half of `raw`, as the DER that X.509 has; empty where `raw` is none.
std::string EcdsaDer(std::string_view raw);

// What was read of one of a card's slots without a PIN.
struct SlotCertificates {
  uint64_t slot = 0;
  // The token may hide keys from who is not logged in.
  bool needs_login = false;
  pkcs11::CertificateList list;
};
// Of a card that shows as several tokens, each certificate once, those with a key first. Its
// PIN is the number of the slot that has the key; empty where more than one may have it.
std::vector<CardCertificateEntry> MergeCertificates(std::vector<SlotCertificates> slots);

// The PIN of the qualified certificates' keys; empty where there is none or more than one.
std::string SigningPin(const std::vector<CardCertificateEntry>& entries);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PKCS11_TOKEN_H_
