// What the agent asks of `ilkimza-pkcs11`, and what that answers.
//
//   request   op (1 byte), then the op's fields
//   reply     outcome (1 byte), CK_RV (8), text (string), then the op's fields if kDone
//
//   op             fields of the request              fields of the reply
//   kLoad          path                               what the module says it is
//   kSlots                                            slots with a token in them
//   kToken         slot                               the token
//   kCertificates  slot                               certificates, without any login
//   kOpen          slot
//   kLogin         user, PIN
//   kSetPin        old PIN, new PIN
//   kInitPin       new PIN
//   kFindKey       id                                 the private key
//   kSign          mechanism, data, PIN               signature
//   kClose
//
// One module for each process, and one open session: kOpen to kClose. kLogin, kSetPin,
// kInitPin and kSign are passed on to the module once each. A PIN crosses the process
// border here and nowhere else; it is wiped as soon as the module has had it.
//
// Used by both ends: standard library only. Immutable values and pure functions.
#ifndef ILKIMZA_AGENT_PKCS11_PROTOCOL_H_
#define ILKIMZA_AGENT_PKCS11_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pkcs11/wire.h"

namespace ilkimza::agent::pkcs11 {

// The descriptor of the socket in the helper process.
inline constexpr int kHelperSocket = 3;

enum class Op : uint8_t {
  kLoad = 1,
  kSlots,
  kToken,
  kCertificates,
  kOpen,
  kLogin,
  kSetPin,
  kInitPin,
  kFindKey,
  kSign,
  kClose,
};
inline constexpr Op kLastOp = Op::kClose;

enum class Outcome : uint8_t {
  kDone = 0,
  // The module answered with an error: `rv`, and in `text` the function that did.
  kRefused,
  // What the module answered cannot be: `text` says where.
  kGarbage,
  // The module could not be loaded: `text` says why.
  kUnloadable,
};
inline constexpr Outcome kLastOutcome = Outcome::kUnloadable;

// What is taken from a module, at most.
inline constexpr uint32_t kMaxSlots = 64;
inline constexpr uint32_t kMaxObjects = 64;
inline constexpr std::size_t kMaxText = 512;
inline constexpr std::size_t kMaxId = 255;
inline constexpr std::size_t kMaxCertificate = std::size_t{16} << 10;
inline constexpr std::size_t kMaxSignature = 1024;
// What is given to one.
inline constexpr std::size_t kMaxPath = 4096;
inline constexpr std::size_t kMaxPin = 64;
inline constexpr std::size_t kMaxToSign = 512;

struct Verdict {
  Outcome outcome = Outcome::kDone;
  uint64_t rv = 0;
  std::string text;

  [[nodiscard]] bool done() const { return outcome == Outcome::kDone; }
};

// Texts are as the module gave them, without the blanks and zeros at their ends: of any
// bytes.
struct ModuleInfo {
  std::string manufacturer;
  std::string description;
  uint8_t version_major = 0;
  uint8_t version_minor = 0;
};

struct Slot {
  uint64_t id = 0;
  std::string description;
};

struct Token {
  std::string label;
  std::string manufacturer;
  std::string model;
  std::string serial;
  // CKF_...
  uint64_t flags = 0;
  // As announced; may be anything.
  uint64_t min_pin = 0;
  uint64_t max_pin = 0;
};

struct TokenCertificate {
  std::string id;
  std::string label;
  std::string der;
  // A key with the same id was seen, without any login.
  bool key_seen = false;
};

struct CertificateList {
  std::vector<TokenCertificate> certificates;
  // Any key was seen: tokens may hide all of them until somebody logs in.
  bool shows_keys = false;
};

enum class User : uint8_t { kHolder = 0, kSecurityOfficer };

// How a key can sign here.
enum class Mechanism : uint8_t { kNone = 0, kRsaPkcs, kSha256RsaPkcs, kEcdsa };

struct KeyInfo {
  bool rsa = false;
  bool ec = false;
  // The module wants the PIN again for each signature.
  bool asks_again = false;
  // What the token offers for a key of this kind: kSha256RsaPkcs before kRsaPkcs.
  Mechanism mechanism = Mechanism::kNone;
};

void Put(Writer& writer, const Verdict& verdict);
void Put(Writer& writer, const ModuleInfo& info);
void Put(Writer& writer, const std::vector<Slot>& slots);
void Put(Writer& writer, const Token& token);
void Put(Writer& writer, const CertificateList& list);
void Put(Writer& writer, const KeyInfo& key);

// Each is false where the bytes are not what they should be; the value is then not to
// be used.
bool Take(Reader& reader, Verdict& verdict);
bool Take(Reader& reader, ModuleInfo& info);
bool Take(Reader& reader, std::vector<Slot>& slots);
bool Take(Reader& reader, Token& token);
bool Take(Reader& reader, CertificateList& list);
bool Take(Reader& reader, KeyInfo& key);

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_PROTOCOL_H_
