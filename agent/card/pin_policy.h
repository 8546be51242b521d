// What a PIN may look like, judged before the card sees it: a PIN that fails here
// costs no try.
//
// Two judgements. The *format* is the card's own (length and characters) and
// applies to every PIN. The *policy* is the organisation's and applies to new PINs
// only: a holder must always be able to type the PIN the card was delivered with.
//
// Pure and thread-safe. No message holds any part of a PIN.
#ifndef ILKIMZA_AGENT_CARD_PIN_POLICY_H_
#define ILKIMZA_AGENT_CARD_PIN_POLICY_H_

#include <string_view>

#include "absl/status/status.h"

namespace ilkimza::agent {

enum class PinCharset {
  kDigits,
  // Printable ASCII.
  kAscii,
};

// The card's own limits, from its PKCS#15 authentication object. The defaults are
// those of the AKİS v1 card profile. Lengths in characters, which are bytes here.
struct PinLimits {
  int min_length = 4;
  int max_length = 16;
  PinCharset charset = PinCharset::kDigits;
};

// The organisation's rules for new PINs, from the agent's configuration.
struct PinPolicy {
  int min_length = 6;
  int max_length = 16;
  // 123456, 987654, also with one character that does not belong.
  bool refuse_sequences = true;
  // 111111, 121212, 123123, or fewer than three different characters.
  bool refuse_repeats = true;
  // Digits that stand in a row in the card's serial number.
  bool refuse_serial_part = true;
  // A day or year as people write a birth date: 140385, 19850314, 03141985, 198503 ...
  bool refuse_dates = true;
  // Digits that stand in a row in the holder's national id.
  bool refuse_id_part = true;
};

// PIN_FORMAT with metadata "field" = `field` and "rule" = "length" or "characters".
absl::Status CheckPinFormat(std::string_view pin, const PinLimits& limits, std::string_view field);

// PIN_POLICY with metadata "field" = "new_pin" and "rule" = "same", "length",
// "sequence", "repeat", "serial" or "date". `serial` is the card's, in its text form. The
// format is not judged here.
absl::Status CheckPinPolicy(std::string_view new_pin, std::string_view old_pin,
                            std::string_view serial, const PinPolicy& policy);

// The one rule that needs to know the holder: PIN_POLICY with "rule" = "id" where the PIN
// is part of `national_id`, which is compared and not kept.
absl::Status CheckNationalIdPart(std::string_view new_pin, std::string_view national_id,
                                 const PinPolicy& policy);

// Whether a policy can be met at all: BAD_CONFIGURATION if not.
absl::Status Validate(const PinPolicy& policy);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PIN_POLICY_H_
