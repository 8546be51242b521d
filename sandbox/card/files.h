// The file system of a card: a tree of files, and the PKCS#15 files of a
// practice AKİS card in it.
//
//   3F00                master file
//     2F00              EF.DIR: names the application and its path
//     3D00              PKCS#15 application, AID A000000063504B43532D3135
//       0080 0081       PIN objects: PIN and PUK (no content, only a state)
//       5031 5032       ODF, TokenInfo
//       4401 4402 4403  AODF, PrKDF, CDF
//       4501 4502 4503  certificates: qualified, login, authority
//
// The directory files are larger than what they hold, filled up with zeros, as
// files of fixed size are.
#ifndef ILKIMZA_SANDBOX_CARD_FILES_H_
#define ILKIMZA_SANDBOX_CARD_FILES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ilkimza::sandbox {

struct Credentials;

inline constexpr std::uint16_t kMasterFileId = 0x3F00;
inline constexpr std::string_view kPkcs15Aid("\xA0\x00\x00\x00\x63PKCS-15", 12);
// As VERIFY names them.
inline constexpr std::uint8_t kPinReference = 0x80;
inline constexpr std::uint8_t kPukReference = 0x81;
// As MANAGE SECURITY ENVIRONMENT names them.
inline constexpr std::uint8_t kSigningKeyReference = 0x01;
inline constexpr std::uint8_t kLoginKeyReference = 0x02;
inline constexpr int kMinPinLength = 4;
inline constexpr int kMaxPinLength = 16;

// A file's id as two bytes, and back; sizes in control information have the same form.
std::string IdBytes(std::size_t id);
std::uint16_t Id(std::string_view two_bytes);

struct File {
  // A key's file can be selected, never read.
  enum class Kind { kDirectory, kElementary, kPin, kKey };

  File* AddChild(Kind child_kind, std::uint16_t child_id, std::string child_content = "");
  // Null where there is none.
  const File* Child(std::uint16_t child_id) const;
  // This file or one below it with that application id; null where there is none.
  const File* FindApplication(std::string_view application) const;

  Kind kind = Kind::kDirectory;
  std::uint16_t id = kMasterFileId;
  // An elementary file's bytes.
  std::string content;
  // A directory's application id, if it is one.
  std::string aid;
  const File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;
};

// `serial` goes into TokenInfo as it is. Returns the master file.
std::unique_ptr<File> MakePkcs15Files(std::string_view serial, const Credentials& credentials);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_FILES_H_
