// PINs typed on the reader's own keys (PC/SC part 10): what the reader can do, the
// blocks that tell it what to send to the card, and what its answers mean. The PIN never
// reaches this computer.
//
//   GET_FEATURE_REQUEST ──► tag, length 4, control code ──► VERIFY_PIN_DIRECT, MODIFY_PIN_DIRECT
//
// What cannot be had here: length and strength of a new PIN are the reader's to check,
// and it checks the length only; the PIN policy does not apply. Change and unblock need
// two PINs of one fixed length, since part 10 puts each at a fixed place and fills both up
// alike. So:
//
//   AKİS v1      verify; not change and unblock, which hold lengths before the PINs
//   PKCS#15      verify; change and unblock where PIN and PUK are filled up to the same
//                length of at most 15 bytes with digits (MyEID: yes; IsoApplet: nothing,
//                its PIN is 16 bytes of any text)
//   PKCS#11      all that the module can, where its token has a protected authentication
//                path: the module asks the reader itself
//
// Tested on the scripted service only: no virtual reader has keys, and no real one was
// at hand. Which command a variable-length PIN is announced with (header and an Lc of
// 0) is unverified; see `EncodeKeysBlock`.
//
// Sources: PC/SC part 10 revision 2.02.09; USB CCID 1.1, 6.1.11 and 6.1.12.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_PINPAD_H_
#define ILKIMZA_AGENT_CARD_PINPAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/card/apdu.h"
#include "agent/card/pcsc.h"
#include "agent/card/pin_policy.h"
#include "agent/card/status_word.h"

namespace ilkimza::agent {

struct CardEnvironment;

// Control codes; 0 where the reader has none.
struct PinpadFeatures {
  DWORD verify = 0;
  DWORD modify = 0;
};

// A command whose PINs the reader fills in.
struct KeysCommand {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint8_t p1 = 0;
  uint8_t p2 = 0;
  PinLimits limits;
  // 0: as many bytes as digits are typed. Else the PIN is filled up to this length.
  std::size_t padded_length = 0;
  uint8_t filler = 0;
  // The PIN, or the PUK, then a new PIN twice; needs `padded_length`.
  bool modify = false;
};

// What the reader said to GET_FEATURE_REQUEST. Nothing where that is no list.
PinpadFeatures ParsePinpadFeatures(std::string_view list);

// False for readers that claim to have keys, or to send the PIN themselves, and do not.
bool TrustedPinpad(std::string_view reader);

// Asks the reader in `environment`, with or without a card in it. No feature where it
// has none or is not trusted; an error where it could not be asked: ask again later.
absl::StatusOr<PinpadFeatures> AskPinpadFeatures(CardEnvironment& environment);

// The block for VERIFY_PIN_DIRECT or MODIFY_PIN_DIRECT. `typing`: from one key to the
// next, whole seconds, at most 255. NO_PINPAD where such a PIN cannot be typed on keys.
absl::StatusOr<std::string> EncodeKeysBlock(const KeysCommand& command, absl::Duration typing);

// OK where the status word is the card's. Else nothing was sent to the card:
// PINPAD_TIMEOUT (6400), PINPAD_CANCELLED (6401), PIN_FORMAT (6402: the new PIN was not
// typed the same way twice; 6403: too short or too long), NO_PINPAD (6B80: the reader
// cannot do what it claims).
absl::Status JudgeKeysAnswer(StatusWord status);

// Whether an attempt on the reader's keys that ended with `status` sent nothing.
bool KeysSentNothing(const absl::Status& status);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PINPAD_H_
