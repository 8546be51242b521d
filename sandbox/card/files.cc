#include "sandbox/card/files.h"

#include <cstddef>
#include <utility>

#include "sandbox/card/credentials.h"
#include "sandbox/card/der.h"

namespace ilkimza::sandbox {
namespace {

using der::Bits;
using der::Context;
using der::Integer;
using der::OctetString;
using der::Sequence;
using der::Utf8;

constexpr std::uint16_t kDir = 0x2F00, kApplication = 0x3D00, kObjectDirectory = 0x5031,
                        kTokenInfo = 0x5032, kAuthentication = 0x4401, kPrivateKeys = 0x4402,
                        kCertificates = 0x4403, kFirstCertificate = 0x4501;
// Common identifiers that tie certificate and key together.
constexpr std::string_view kSigningId = "\x01", kLoginId = "\x02", kAuthorityId = "\x03";
constexpr std::string_view kPinId = "\x01", kPukId = "\x02";

std::string ApplicationPath() { return IdBytes(kMasterFileId) + IdBytes(kApplication); }

// Path ::= SEQUENCE { efidOrPath OCTET STRING, ... }
std::string Path(std::uint16_t id) {
  return Sequence(OctetString(ApplicationPath() + IdBytes(id)));
}

std::string FillUp(std::string content) {
  constexpr std::size_t kBlock = 64;
  content.resize((content.size() / kBlock + 1) * kBlock, '\0');
  return content;
}

std::string Dir() {
  return der::Tlv(0x61, der::Tlv(0x4F, kPkcs15Aid) + der::Tlv(0x50, "PKCS#15") +
                            der::Tlv(0x51, ApplicationPath()));
}

std::string ObjectDirectory() {
  return Context(8, Path(kAuthentication)) + Context(0, Path(kPrivateKeys)) +
         Context(4, Path(kCertificates));
}

std::string TokenInfo(std::string_view serial) {
  // Flags: login required, pseudo-random numbers.
  return Sequence(Integer(0) + OctetString(serial) + Utf8("TUBITAK UEKAE") +
                  der::Tlv(0x80, "AKIS") + Bits({1, 2}));
}

std::string PinEntry(std::string_view label, std::string_view id, std::string_view flags,
                     std::uint8_t reference) {
  constexpr std::uint8_t kAsciiNumeric = 1;
  return Sequence(
      Sequence(Utf8(label) + Bits({0, 1})) + Sequence(OctetString(id)) +
      Context(1, Sequence(std::string(flags) + der::Enumerated(kAsciiNumeric) +
                          Integer(kMinPinLength) + Integer(kMaxPinLength) + Integer(kMaxPinLength) +
                          der::Tlv(0x80, der::IntegerContent(reference)) + Path(reference))));
}

std::string Authentication() {
  // Case sensitive, local, initialised; the PUK unblocks and cannot be unblocked.
  return PinEntry("PIN", kPinId, Bits({0, 1, 4}), kPinReference) +
         PinEntry("PUK", kPukId, Bits({0, 1, 3, 4, 6}), kPukReference);
}

std::string KeyEntry(std::string_view label, std::string_view id, std::string_view usage,
                     std::uint8_t reference) {
  constexpr std::uint32_t kModulusBits = 2048;
  const std::string object = Utf8(label) + Bits({0}) + OctetString(kPinId);
  // Access: sensitive, always sensitive, never extractable, local.
  const std::string key =
      OctetString(id) + std::string(usage) + Bits({0, 2, 3, 4}) + Integer(reference);
  const std::string rsa = Sequence(OctetString(ApplicationPath())) + Integer(kModulusBits);
  return Sequence(Sequence(object) + Sequence(key) + Context(1, Sequence(rsa)));
}

std::string PrivateKeys() {
  // Usage: sign and non-repudiation; sign alone.
  return KeyEntry("Nitelikli Imza", kSigningId, Bits({2, 9}), kSigningKeyReference) +
         KeyEntry("Kimlik Dogrulama", kLoginId, Bits({2}), kLoginKeyReference);
}

std::string CertificateEntry(std::string_view label, std::string_view id, bool authority,
                             std::uint16_t file) {
  std::string certificate = OctetString(id);
  if (authority) certificate += der::Boolean(true);
  return Sequence(Sequence(Utf8(label) + Bits({1})) + Sequence(certificate) +
                  Context(1, Sequence(Path(file))));
}

std::string Certificates() {
  // The authority comes first and the login certificate before the qualified one:
  // whoever takes the first takes the wrong one.
  return CertificateEntry("Kok Sertifika", kAuthorityId, true, kFirstCertificate + 2) +
         CertificateEntry("Kimlik Dogrulama", kLoginId, false, kFirstCertificate + 1) +
         CertificateEntry("Nitelikli Imza", kSigningId, false, kFirstCertificate);
}

}  // namespace

std::string IdBytes(std::size_t id) { return {static_cast<char>(id >> 8), static_cast<char>(id)}; }

std::uint16_t Id(std::string_view two_bytes) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(two_bytes[0]) << 8 |
                                    static_cast<std::uint8_t>(two_bytes[1]));
}

File* File::AddChild(Kind child_kind, std::uint16_t child_id, std::string child_content) {
  auto file = std::make_unique<File>();
  file->kind = child_kind;
  file->id = child_id;
  file->content = std::move(child_content);
  file->parent = this;
  children.push_back(std::move(file));
  return children.back().get();
}

const File* File::Child(std::uint16_t child_id) const {
  for (const auto& child : children) {
    if (child->id == child_id) return child.get();
  }
  return nullptr;
}

const File* File::FindApplication(std::string_view application) const {
  if (kind == Kind::kDirectory && !aid.empty() && aid == application) return this;
  for (const auto& child : children) {
    if (const File* found = child->FindApplication(application)) return found;
  }
  return nullptr;
}

std::unique_ptr<File> MakePkcs15Files(std::string_view serial, const Credentials& credentials) {
  using enum File::Kind;
  auto master = std::make_unique<File>();
  master->AddChild(kElementary, kDir, FillUp(Dir()));
  File* application = master->AddChild(kDirectory, kApplication);
  application->aid = kPkcs15Aid;
  application->AddChild(kPin, kPinReference);
  application->AddChild(kPin, kPukReference);
  application->AddChild(kElementary, kObjectDirectory, FillUp(ObjectDirectory()));
  application->AddChild(kElementary, kTokenInfo, FillUp(TokenInfo(serial)));
  application->AddChild(kElementary, kAuthentication, FillUp(Authentication()));
  application->AddChild(kElementary, kPrivateKeys, FillUp(PrivateKeys()));
  application->AddChild(kElementary, kCertificates, FillUp(Certificates()));
  application->AddChild(kElementary, kFirstCertificate, credentials.qualified_certificate);
  application->AddChild(kElementary, kFirstCertificate + 1, credentials.login_certificate);
  application->AddChild(kElementary, kFirstCertificate + 2, credentials.authority_certificate);
  return master;
}

}  // namespace ilkimza::sandbox
