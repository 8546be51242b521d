// PKCS#15 (ISO/IEC 7816-15): what is on a card, and where. Parsing only; reading the
// files is akis.h's.
//
// All of it comes from a card and is bounded: at most `kMaxEntries` entries in a
// directory, short paths, labels made printable. An entry that is not understood is
// left out; a directory that is not well formed is CARD_PROTOCOL.
//
// Pure and thread-safe.
#ifndef ILKIMZA_AGENT_CARD_PKCS15_H_
#define ILKIMZA_AGENT_CARD_PKCS15_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/card/pin_policy.h"

namespace ilkimza::agent {

inline constexpr int kMaxEntries = 32;

// The directory of directories. Paths as the card has them, two bytes for each step;
// empty where there is none.
struct ObjectDirectory {
  std::string authentication_objects;
  std::string private_keys;
  // Usually one; user certificates first.
  std::vector<std::string> certificates;
};

struct PinObject {
  std::string label;
  // Ties keys to the PIN that opens them.
  std::string auth_id;
  // As VERIFY names it.
  uint8_t reference = 0;
  PinLimits limits;
  // Of the object that holds its state; may be empty.
  std::string path;
  // For unblocking (a PUK) or of the security officer: not the holder's PIN.
  bool administrative = false;
};

struct PrivateKeyObject {
  std::string label;
  // Ties the key to its certificate.
  std::string id;
  std::string auth_id;
  uint8_t reference = 0;
};

struct CertificateObject {
  std::string label;
  std::string id;
  std::string path;
};

absl::StatusOr<ObjectDirectory> ParseObjectDirectory(std::string_view bytes);
absl::StatusOr<std::vector<PinObject>> ParseAuthenticationObjects(std::string_view bytes);
absl::StatusOr<std::vector<PrivateKeyObject>> ParsePrivateKeys(std::string_view bytes);
absl::StatusOr<std::vector<CertificateObject>> ParseCertificateDirectory(std::string_view bytes);
// The path of the PKCS#15 application, from EF.DIR; empty where it names none.
std::string FindApplicationPath(std::string_view dir_bytes);
// The label in TokenInfo; empty where it has none.
std::string ParseTokenLabel(std::string_view bytes);

// UTF-8 without control characters and at most `limit` bytes, whatever the card says:
// everything else becomes '?'.
std::string Printable(std::string_view text, std::size_t limit = 128);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PKCS15_H_
