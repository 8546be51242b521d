// A certificate from a card, described: what people read of it is printable and hides
// the national id.
#include "agent/card/certificate.h"
#include "base/utf8.h"
#include "sandbox/card/der.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

namespace der = sandbox::der;
using namespace std::string_literals;

void CheckText(const std::string& text) {
  FUZZ_CHECK(IsUtf8(text));
  std::size_t digits = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    FUZZ_CHECK(c >= 0x20 && c != 0x7F);
    const bool digit = c >= '0' && c <= '9';
    // Longer texts may end where a longer number was cut to eleven digits.
    if (!digit && text.size() < 128) FUZZ_CHECK(digits != 11);
    digits = digit ? digits + 1 : 0;
  }
}

std::string Name(std::string_view oid, std::string_view value) {
  return der::Tlv(0x31, der::Sequence(der::ObjectIdentifier(oid) + der::Utf8(value)));
}

std::string Extension(std::string_view oid, std::string_view value) {
  return der::Sequence(der::ObjectIdentifier(oid) + der::OctetString(value));
}

// Signed by nobody: that is not what a card's reader looks at.
std::string Certificate(std::string_view subject, std::string_view from, std::string_view to,
                        std::string_view extensions) {
  const std::string algorithm =
      der::Sequence(der::ObjectIdentifier("1.2.840.113549.1.1.11") + der::Tlv(0x05, ""));
  const std::string key = der::Sequence(der::Tlv(0x02, "\x00\xC1"s + std::string(255, 'k')) +
                                        der::Tlv(0x02, "\1\0\1"s));
  const std::string key_info = der::Sequence(
      der::Sequence(der::ObjectIdentifier("1.2.840.113549.1.1.1") + der::Tlv(0x05, "")) +
      der::Tlv(0x03, "\0"s + key));
  const std::string issuer = der::Sequence(Name("2.5.4.6", "TR") + Name("2.5.4.3", "Deneme Kökü"));
  const std::string body =
      der::Sequence(der::Tlv(0xA0, der::Tlv(0x02, "\2"s)) + der::Tlv(0x02, "\x12\x34\x56"s) +
                    algorithm + issuer + der::Sequence(der::Tlv(0x17, from) + der::Tlv(0x17, to)) +
                    der::Sequence(subject) + key_info + der::Tlv(0xA3, der::Sequence(extensions)));
  return der::Sequence(body + algorithm + der::Tlv(0x03, std::string(257, '\0')));
}

}  // namespace

bool TakeInput(std::string_view input) {
  const auto certificate = agent::CardCertificate::Parse(input);
  if (!certificate.ok()) return false;
  const v1::Certificate seen = certificate->Describe(absl::UnixEpoch());
  CheckText(seen.subject());
  CheckText(seen.issuer());
  FUZZ_CHECK(IsUtf8(seen.serial_number()) && seen.serial_number().size() <= 128);
  FUZZ_CHECK(seen.fingerprint().size() == 64);
  FUZZ_CHECK(seen.qualified() == certificate->qualified());
  const std::size_t modulus = certificate->modulus_size();
  FUZZ_CHECK(!certificate->Verifies("message", std::string(modulus, 's')));
  const std::string block = agent::PaddedDigest("message", modulus % 4096);
  FUZZ_CHECK(block.empty() || block.size() == modulus % 4096);
  static_cast<void>(certificate->ValidAt(absl::UnixEpoch()));
  return true;
}

std::vector<std::string> Seeds() {
  const std::string person = Name("2.5.4.6", "TR") + Name("2.5.4.5", "10000000146") +
                             Name("2.5.4.3", "Ayşe Işık 10000000146");
  const std::string usage = Extension("2.5.29.15", "\x03\x02\x06\x40"s);
  const std::string statements =
      der::Sequence(der::Sequence(der::ObjectIdentifier("0.4.0.1862.1.1")));
  return {
      Certificate(person, "260101000000Z", "290101000000Z",
                  usage + Extension("1.3.6.1.5.5.7.1.3", statements)),
      Certificate(
          person, "260101000000Z", "290101000000Z",
          Extension("2.5.29.15", "\x03\x02\x07\x80"s) +
              Extension("2.5.29.37", der::Sequence(der::ObjectIdentifier("1.3.6.1.5.5.7.3.2")))),
      Certificate(Name("2.5.4.3", std::string(118, 'x') + "10000000146"), "500101000000Z",
                  "491231235959Z", usage),
  };
}

std::vector<std::string> Words() {
  return {"\x0C\x0B"s + "10000000146",   "\x1E\x04\x01\x30\x01\x31"s,     "\x06\x03\x55\x04\x05"s,
          "\x17\x0D"s + "990230250000Z", "\x18\x0F"s + "99991231235959Z", "\x30\x80"s};
}

}  // namespace ilkimza::fuzz
