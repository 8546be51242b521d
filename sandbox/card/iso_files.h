// The PKCS#15 files of the practice cards that iso_card.h describes.
//
//   3F00 / 2F00           EF.DIR
//   3F00 / 5015           application
//     5031 5032           ODF, EF.CIAInfo
//     4401 4402 4403      AODF, PrKDF, CDF
//     4301 4302 ...       certificates; IsoApplet-like: 3400 holds two, one after the other
//     4B01 4B02           MyEID-like: the keys' own files, which cannot be read
#ifndef ILKIMZA_SANDBOX_CARD_ISO_FILES_H_
#define ILKIMZA_SANDBOX_CARD_ISO_FILES_H_

#include <memory>
#include <string_view>

#include "sandbox/card/credentials.h"
#include "sandbox/card/files.h"
#include "sandbox/card/iso_card.h"

namespace ilkimza::sandbox {

inline constexpr int kIsoPinReference = 1;
inline constexpr int kIsoPukReference = 2;
inline constexpr std::uint16_t kIsoApplication = 0x5015;
inline constexpr std::uint16_t kFirstKeyFile = 0x4B01;

// `serial` goes into EF.CIAInfo as it is. Returns the master file.
std::unique_ptr<File> MakeIsoFiles(IsoKind kind, std::string_view serial,
                                   const Credentials& credentials);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_ISO_FILES_H_
