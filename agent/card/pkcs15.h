// PKCS#15 (ISO/IEC 7816-15): what is on a card, and where. Parsing only; reading the
// files is file_card.h's.
//
// All of it comes from a card and is bounded: at most `kMaxEntries` entries in a
// directory, short paths, labels made printable. An entry that is not understood is
// left out; a directory that is not well formed is CARD_PROTOCOL.
//
// Pure and thread-safe.
#ifndef ILKIMZA_AGENT_CARD_PKCS15_H_
#define ILKIMZA_AGENT_CARD_PKCS15_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/card/pin_policy.h"

namespace ilkimza::agent {

inline constexpr int kMaxEntries = 32;
// The ids of the application: of PKCS#15, and of ISO/IEC 7816-15, which another
// application's id may follow.
inline constexpr std::string_view kPkcs15Id("\xA0\x00\x00\x00\x63PKCS-15", 12);
inline constexpr std::string_view kIso7816Part15Id("\xE8\x28\xBD\x08\x0F", 5);

// The directory of directories. Paths as the card has them, two bytes for each step:
// from the master file (3F00) on, or within the application.
struct ObjectDirectory {
  std::vector<std::string> authentication_objects;
  std::vector<std::string> private_keys;
  // User certificates first.
  std::vector<std::string> certificates;
};

// How the characters of a PIN go into a command.
enum class PinEncoding {
  // One byte each, as typed.
  kText,
  // Two digits to a byte.
  kBcd,
  // ISO 9564-1, format 2: length, digits, filling, eight bytes in all.
  kIso9564,
  // Not one we know: the PIN is not used.
  kOther,
};

struct PinObject {
  std::string label;
  // Ties keys to the PIN that opens them.
  std::string auth_id;
  // The `auth_id` of the PUK; may be empty.
  std::string unblocked_by;
  // As VERIFY names it.
  uint8_t reference = 0;
  PinLimits limits;
  PinEncoding encoding = PinEncoding::kText;
  // A command takes exactly so many bytes, filled up with `pad`; 0: as long as it is.
  int padded_length = 0;
  // Not named, it is 00, which is no filling where digits share bytes: it would be one.
  std::optional<uint8_t> pad;
  bool change_disabled = false;
  bool unblock_disabled = false;
  bool initialised = true;
  // Of the object that holds its state, or of the directory it belongs to; may be empty.
  std::string path;
  // A PUK.
  bool unblocking = false;
  // A PUK, or of the security officer: not the holder's PIN.
  bool administrative = false;
};

enum class KeyKind { kRsa, kElliptic };

struct PrivateKeyObject {
  std::string label;
  // Ties the key to its certificate.
  std::string id;
  std::string auth_id;
  KeyKind kind = KeyKind::kRsa;
  uint8_t reference = 0;
  // Of the file it lies in; may be empty.
  std::string path;
};

struct CertificateObject {
  std::string label;
  std::string id;
  std::string path;
  // Where in the file; `length` 0: as long as the object at `offset`.
  std::size_t offset = 0;
  std::size_t length = 0;
  // The certificate itself, where the directory holds it; then there is no path.
  std::string direct;
};

// EF.TokenInfo, also known as EF.CIAInfo.
struct TokenInfo {
  // Bytes, as the card has them.
  std::string serial;
  std::string manufacturer;
  std::string label;
};

absl::StatusOr<ObjectDirectory> ParseObjectDirectory(std::string_view bytes);
absl::StatusOr<std::vector<PinObject>> ParseAuthenticationObjects(std::string_view bytes);
absl::StatusOr<std::vector<PrivateKeyObject>> ParsePrivateKeys(std::string_view bytes);
absl::StatusOr<std::vector<CertificateObject>> ParseCertificateDirectory(std::string_view bytes);
// Whether an application with that id is a PKCS#15 one.
bool NamesPkcs15(std::string_view application_id);
// The path of the PKCS#15 application, from EF.DIR and from the master file (3F00) on;
// empty where it names none.
std::string FindApplicationPath(std::string_view dir_bytes);
// Empty parts for what it does not tell.
TokenInfo ParseTokenInfo(std::string_view bytes);

// UTF-8 without control characters and at most `limit` bytes, whatever the card says:
// everything else becomes '?'.
std::string Printable(std::string_view text, std::size_t limit = 128);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PKCS15_H_
