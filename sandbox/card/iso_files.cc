#include "sandbox/card/iso_files.h"

#include <cstdint>
#include <initializer_list>
#include <string>

#include "sandbox/card/der.h"

namespace ilkimza::sandbox {
namespace {

using der::Bits;
using der::Context;
using der::Integer;
using der::OctetString;
using der::Sequence;
using der::Utf8;

constexpr std::uint16_t kDir = 0x2F00, kApplication = kIsoApplication, kObjectDirectory = 0x5031,
                        kCardInfo = 0x5032, kAuthentication = 0x4401, kPrivateKeys = 0x4402,
                        kCertificates = 0x4403, kFirstCertificate = 0x4301,
                        kSharedCertificates = 0x3400;
constexpr std::string_view kSigningId("\x45\x01", 2), kLoginId("\x45\x02", 2),
    kAuthorityId("\x45\x03", 2);
constexpr std::string_view kPinId = "\x01", kPukId = "\x02";

class Builder {
 public:
  Builder(IsoKind kind, std::string_view serial, const Credentials& credentials)
      : kind_(kind), serial_(serial), credentials_(credentials) {}

  std::unique_ptr<File> Build() const;

 private:
  [[nodiscard]] bool iso_applet() const { return kind_ == IsoKind::kIsoApplet; }
  // From the master file, or within the application.
  [[nodiscard]] std::string PathBytes(std::uint16_t id) const {
    return (iso_applet() ? IdBytes(kMasterFileId) + IdBytes(kApplication) : "") + IdBytes(id);
  }
  [[nodiscard]] std::string Path(std::uint16_t id) const {
    return Sequence(OctetString(PathBytes(id)));
  }
  [[nodiscard]] std::string ObjectDirectory() const;
  [[nodiscard]] std::string CardInfo() const;
  [[nodiscard]] std::string Authentication() const;
  [[nodiscard]] std::string KeyEntry(std::string_view label, std::string_view id, int number) const;
  [[nodiscard]] std::string CertificateEntry(std::string_view label, std::string_view id,
                                             std::string_view value) const;
  [[nodiscard]] std::string Certificates() const;

  const IsoKind kind_;
  const std::string_view serial_;
  const Credentials& credentials_;
};

std::string Builder::ObjectDirectory() const {
  return Context(0, Path(kPrivateKeys)) + Context(4, Path(kCertificates)) +
         Context(8, Path(kAuthentication));
}

std::string Builder::CardInfo() const {
  std::string content = Integer(0) + OctetString(serial_);
  if (iso_applet()) {
    content += Utf8("unknown") + der::Tlv(0x80, "JavaCard isoApplet");
  } else {
    content += Utf8("Aventra Ltd.") + der::Tlv(0x80, "MyEID");
  }
  content += Bits({2});
  // [5] lastUpdate: GeneralizedTime.
  content += Context(5, der::Tlv(0x18, "20260901120000Z"));
  return Sequence(content);
}

std::string Builder::Authentication() const {
  const auto entry = [&](std::string_view label, std::string_view id, std::string_view unblocks,
                         const std::string& attributes) {
    std::string common = Utf8(label) + Bits({0, 1});
    if (!unblocks.empty()) common += OctetString(unblocks);
    return Sequence(Sequence(common) + Sequence(OctetString(id)) +
                    Context(1, Sequence(attributes)));
  };
  const auto reference = [](int number) {
    return der::Tlv(0x80, der::IntegerContent(static_cast<std::uint32_t>(number)));
  };
  if (iso_applet()) {
    // Case sensitive, initialised, needs padding; UTF-8. The PUK is not in the directory.
    return entry("User PIN", kPinId, "",
                 Bits({0, 4, 5}) + der::Enumerated(2) + Integer(4) + Integer(16) + Integer(16) +
                     reference(kIsoPinReference) + OctetString(std::string(1, '\0')) +
                     Sequence(OctetString(IdBytes(kMasterFileId) + IdBytes(kApplication))));
  }
  return entry("PIN", kPinId, kPukId,
               Bits({4, 5}) + der::Enumerated(1) + Integer(4) + Integer(8) + Integer(8) +
                   reference(kIsoPinReference) + OctetString("\xFF")) +
         entry("PUK", kPukId, "",
               Bits({3, 4, 5, 6}) + der::Enumerated(1) + Integer(4) + Integer(8) + Integer(8) +
                   reference(kIsoPukReference) + OctetString("\xFF"));
}

std::string Builder::KeyEntry(std::string_view label, std::string_view id, int number) const {
  const std::string object = Utf8(label) + Bits({0}) + OctetString(kPinId);
  std::string key = OctetString(id) + Bits({2, 9}) + Bits({0, 2, 3, 4});
  if (iso_applet()) {
    constexpr std::uint32_t kModulusBits = 2048;
    key += Integer(static_cast<std::uint32_t>(number));
    const std::string rsa = Sequence(OctetString(IdBytes(kMasterFileId) + IdBytes(kApplication))) +
                            Integer(kModulusBits);
    return Sequence(Sequence(object) + Sequence(key) + Context(1, Sequence(rsa)));
  }
  const auto file = static_cast<std::uint16_t>(kFirstKeyFile + number);
  constexpr std::uint32_t kFieldBits = 256;
  return Context(
      0, Sequence(object) + Sequence(key) + Context(1, Sequence(Path(file) + Integer(kFieldBits))));
}

std::string Builder::CertificateEntry(std::string_view label, std::string_view id,
                                      std::string_view value) const {
  return Sequence(Sequence(Utf8(label) + Bits({1})) + Sequence(OctetString(id)) +
                  Context(1, Sequence(value)));
}

std::string Builder::Certificates() const {
  const Credentials& c = credentials_;
  if (!iso_applet()) {
    return CertificateEntry("Kok", kAuthorityId, Path(kFirstCertificate + 2)) +
           CertificateEntry("Giris", kLoginId, Path(kFirstCertificate + 1)) +
           CertificateEntry("Imza", kSigningId, Path(kFirstCertificate));
  }
  // Two in one file, told apart by where they begin.
  const auto part = [&](std::size_t index, std::size_t length) {
    return Sequence(OctetString(PathBytes(kSharedCertificates)) +
                    Integer(static_cast<std::uint32_t>(index)) +
                    der::Tlv(0x80, der::IntegerContent(static_cast<std::uint32_t>(length))));
  };
  const std::size_t first = c.login_certificate.size(), second = c.qualified_certificate.size();
  return CertificateEntry("Giris", kLoginId, part(0, first)) +
         CertificateEntry("Imza", kSigningId, part(first, second));
}

std::unique_ptr<File> Builder::Build() const {
  using enum File::Kind;
  auto master = std::make_unique<File>();
  const std::string path = IdBytes(kMasterFileId) + IdBytes(kApplication);
  master->AddChild(kElementary, kDir,
                   der::Tlv(0x61, der::Tlv(0x4F, kPkcs15Aid) + der::Tlv(0x51, path)));
  File* application = master->AddChild(kDirectory, kApplication);
  application->aid = kPkcs15Aid;
  const auto add = [&](std::uint16_t id, std::string content) {
    constexpr std::size_t kFilling = 40;
    application->AddChild(kElementary, id, content + std::string(kFilling, '\0'));
  };
  add(kObjectDirectory, ObjectDirectory());
  add(kCardInfo, CardInfo());
  add(kAuthentication, Authentication());
  add(kPrivateKeys, KeyEntry("Imza", kSigningId, 0) + KeyEntry("Giris", kLoginId, 1));
  add(kCertificates, Certificates());
  if (iso_applet()) {
    add(kSharedCertificates, credentials_.login_certificate + credentials_.qualified_certificate);
    return master;
  }
  for (const int key : {0, 1}) {
    application->AddChild(kKey, static_cast<std::uint16_t>(kFirstKeyFile + key));
  }
  add(kFirstCertificate, credentials_.qualified_certificate);
  add(kFirstCertificate + 1, credentials_.login_certificate);
  add(kFirstCertificate + 2, credentials_.authority_certificate);
  return master;
}

}  // namespace

std::unique_ptr<File> MakeIsoFiles(IsoKind kind, std::string_view serial,
                                   const Credentials& credentials) {
  return Builder(kind, serial, credentials).Build();
}

}  // namespace ilkimza::sandbox
