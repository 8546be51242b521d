// A card that keeps to ISO/IEC 7816-4, -8 and -15 in two of the ways cards in the field
// do, after what is public about IsoApplet and MyEID. No line is shared with AkisCard: a
// program that knows only AKİS must not find its way around here.
//
//                      IsoApplet-like                    MyEID-like
//   applet             F276A288BCFBA69D34F31001, to be   PKCS#15 application id
//                      selected before all else
//   application        3F00/5015, named by its id        3F00/5015
//   paths in files     from the master file              within the application
//   serial             in EF.CIAInfo                     in EF.CIAInfo, and GET DATA 01 A0
//   PIN                reference 1, 4 to 16 bytes,       reference 1, 4 to 8 digits, filled
//                      filled up with 00 to 16           up with FF to 8
//   PUK                reference 2, 16 bytes             in the directory, reference 2
//   empty VERIFY       tells the tries left              tells the tries left
//   keys               RSA-2048, named by reference      P-256, in a file each
//   certificates       two in one file                   a file each
//
// Commands: SELECT by id, name and path, READ BINARY, VERIFY, CHANGE REFERENCE DATA (old and new
// PIN, both filled up), RESET RETRY COUNTER (PUK and new PIN), MANAGE SECURITY ENVIRONMENT 41 B6,
// PERFORM SECURITY OPERATION 9E 9A.
//
// Not thread-safe: CardSimulator guards it.
#ifndef ILKIMZA_SANDBOX_CARD_ISO_CARD_H_
#define ILKIMZA_SANDBOX_CARD_ISO_CARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/card/apdu.h"
#include "sandbox/card/files.h"
#include "sandbox/card/soft_card.h"

namespace ilkimza::sandbox {

enum class IsoKind { kIsoApplet, kMyEid };

class IsoCard final : public SoftCard {
 public:
  // `serial` is the card's own bytes.
  IsoCard(IsoKind kind, std::string serial, Credentials credentials);

  std::string Process(std::string_view apdu) override;
  void Reset() override;

 private:
  std::string Dispatch(const CommandApdu& command);
  std::string Select(const CommandApdu& command);
  std::string SelectName(const CommandApdu& command);
  std::string Answer(const File& file, const CommandApdu& command);
  std::string ReadBinary(const CommandApdu& command) const;
  std::string GetData(const CommandApdu& command) const;
  std::string Verify(const CommandApdu& command);
  std::string ChangePin(const CommandApdu& command);
  std::string ResetRetryCounter(const CommandApdu& command);
  std::string ChooseKey(const CommandApdu& command);
  std::string Sign(const CommandApdu& command);
  [[nodiscard]] EVP_PKEY* KeyNamed(std::uint8_t reference, std::string_view file) const;
  [[nodiscard]] const File* FindById(std::uint16_t id) const;
  [[nodiscard]] const File* FindByPath(std::string_view path) const;
  // As it is stored: filled up.
  [[nodiscard]] std::string Filled(const std::string& value, bool puk) const;
  std::uint16_t CompareFilled(PinObject& pin, std::string_view entered);
  // What was filled up, taken away again.
  [[nodiscard]] std::string Typed(std::string_view filled) const;

  const IsoKind kind_;
  const std::string serial_;
  const std::unique_ptr<File> master_;

  // Cleared by a reset:
  bool applet_selected_ = false;
  const File* directory_;
  const File* file_ = nullptr;
  EVP_PKEY* key_ = nullptr;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_ISO_CARD_H_
