// An AKİS v1 card, one command in and one response out: no sockets, no threads.
//
// What it understands (short APDUs, T=1, so never 61xx or 6Cxx):
//
//   00 CA 01 06 4D           card info, with the serial at bytes 55 to 66
//   00 CA 01 04 0A           life cycle, byte 6 is A5 (in use)
//   00 A4 P1 P2 Lc .. [Le]   SELECT. P1: 00 master file or directory, 02 elementary
//                            file or PIN object, 04 application id, 08 path from
//                            3F00 on. P2: 00 answers FCI where Le is there, 0C nothing
//   80 18 00 00 Le           children of the selected directory, 20 bytes for each:
//                            2F file or 3D directory, two bytes of id, and so on
//   00 B0 off off Le         READ BINARY, Le at most F4
//   00 20 00 ref Lc PIN      VERIFY, unpadded
//   00 24 02 ref&7F Lc ..    CHANGE: [length][old][length][new]
//   00 2C 02 ref&7F Lc ..    RESET RETRY COUNTER of a PIN: [length][PUK][length][new]
//   80 1A 00 00              log out
//   00 22 C3 key             choose a key
//   00 2A 9E 9A Lc .. Le     sign: 256 bytes as they are (two APDUs, the first with
//                            CLA 10), or up to 245 that the card pads itself
//
// FCI is 6F { 80 size, 82 kind, 83 id, [84 application id], 90 security byte }.
// The security byte of a PIN object: 02 usable, 04 to be entered, 40 entered
// wrongly since it was last right, 80 last try. So, with three tries:
//
//   all tries left 06, two left 46, one left C6, blocked C4; 02 once it is verified
//
// A PIN is compared and a try spent only where the command is well formed: a wrong
// length, P1 or P2 and a bad inner length answer 67xx or 6Axx and cost nothing. So
// does a new PIN that is not 4 to 16 bytes long.
//
// The layout of RESET RETRY COUNTER, the ids of the PIN objects and the status words
// of wrong and blocked PINs are assumptions: no real card was at hand.
#ifndef ILKIMZA_SANDBOX_CARD_AKIS_CARD_H_
#define ILKIMZA_SANDBOX_CARD_AKIS_CARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/card/apdu.h"
#include "sandbox/card/credentials.h"
#include "sandbox/card/files.h"
#include "sandbox/card/soft_card.h"

namespace ilkimza::sandbox {

// Not thread-safe: CardSimulator guards it.
class AkisCard final : public SoftCard {
 public:
  // `serial` is the card's own 12 bytes; `version` the two bytes after "UEKAE".
  AkisCard(std::string serial, std::string version, Credentials credentials);

  std::string Process(std::string_view apdu) override;
  void Reset() override;

 private:
  std::string Dispatch(const CommandApdu& command);
  std::string GetData(const CommandApdu& command) const;
  std::string Select(const CommandApdu& command);
  std::string ListFiles(const CommandApdu& command) const;
  std::string ReadBinary(const CommandApdu& command) const;
  std::string Verify(const CommandApdu& command);
  std::string ChangePin(const CommandApdu& command);
  std::string ResetRetryCounter(const CommandApdu& command);
  std::string ChooseKey(const CommandApdu& command);
  std::string Sign(const CommandApdu& command);

  [[nodiscard]] const File* Find(const CommandApdu& command) const;
  [[nodiscard]] const File* FindPath(std::string_view path) const;
  [[nodiscard]] std::string FileControlInformation(const File& file) const;
  [[nodiscard]] const PinObject& PinOf(const File& file) const;
  // Null where no PIN has that reference (with the high bit, as in VERIFY).
  PinObject* PinReferenced(std::uint8_t reference);

  const std::string serial_;
  const std::string version_;
  const std::unique_ptr<File> master_;

  // Cleared by a reset:
  const File* directory_;
  // Elementary file or PIN object; null where none is selected.
  const File* file_ = nullptr;
  EVP_PKEY* key_ = nullptr;
  // Data of the chained commands so far.
  std::string chain_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_AKIS_CARD_H_
