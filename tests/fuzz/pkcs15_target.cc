// The files of a PKCS#15 card. The first byte says which one the rest is.
#include "agent/card/pkcs15.h"
#include "base/utf8.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

enum Kind { kObjects, kPins, kKeys, kCertificates, kDir, kTokenInfo, kKinds };

void CheckPath(const std::string& path) { FUZZ_CHECK(path.size() <= 16 && path.size() % 2 == 0); }

void CheckLabel(const std::string& label) {
  FUZZ_CHECK(label.size() <= 128);
  FUZZ_CHECK(IsUtf8(label));
  for (const char c : label) FUZZ_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

bool TakeObjects(std::string_view file) {
  const auto objects = agent::ParseObjectDirectory(file);
  if (!objects.ok()) return false;
  for (const std::string& path : objects->authentication_objects) CheckPath(path);
  for (const std::string& path : objects->private_keys) CheckPath(path);
  FUZZ_CHECK(objects->certificates.size() <= agent::kMaxEntries);
  for (const std::string& path : objects->certificates) CheckPath(path);
  return !objects->certificates.empty();
}

bool TakePins(std::string_view file) {
  const auto pins = agent::ParseAuthenticationObjects(file);
  if (!pins.ok()) return false;
  FUZZ_CHECK(pins->size() <= agent::kMaxEntries);
  for (const agent::PinObject& pin : *pins) {
    CheckLabel(pin.label);
    CheckPath(pin.path);
    FUZZ_CHECK(pin.auth_id.size() <= 64);
    FUZZ_CHECK(1 <= pin.limits.min_length && pin.limits.min_length <= pin.limits.max_length);
    FUZZ_CHECK(pin.limits.max_length <= 64);
    FUZZ_CHECK(0 <= pin.padded_length && pin.padded_length <= 64);
  }
  return !pins->empty();
}

bool TakeKeys(std::string_view file) {
  const auto keys = agent::ParsePrivateKeys(file);
  if (!keys.ok()) return false;
  FUZZ_CHECK(keys->size() <= agent::kMaxEntries);
  for (const agent::PrivateKeyObject& key : *keys) {
    CheckLabel(key.label);
    FUZZ_CHECK(!key.id.empty() && key.id.size() <= 64 && key.auth_id.size() <= 64);
  }
  return !keys->empty();
}

bool TakeCertificates(std::string_view file) {
  const auto certificates = agent::ParseCertificateDirectory(file);
  if (!certificates.ok()) return false;
  FUZZ_CHECK(certificates->size() <= agent::kMaxEntries);
  for (const agent::CertificateObject& certificate : *certificates) {
    CheckLabel(certificate.label);
    CheckPath(certificate.path);
    FUZZ_CHECK(certificate.path.empty() != certificate.direct.empty());
    FUZZ_CHECK(certificate.id.size() <= 64);
  }
  return !certificates->empty();
}

}  // namespace

bool TakeInput(std::string_view input) {
  if (input.empty()) return false;
  const std::string_view file = input.substr(1);
  switch (static_cast<unsigned char>(input[0]) % kKinds) {
    case kObjects:
      return TakeObjects(file);
    case kPins:
      return TakePins(file);
    case kKeys:
      return TakeKeys(file);
    case kCertificates:
      return TakeCertificates(file);
    case kDir: {
      const std::string path = agent::FindApplicationPath(file);
      CheckPath(path);
      return !path.empty();
    }
    default: {
      const agent::TokenInfo info = agent::ParseTokenInfo(file);
      CheckLabel(info.label);
      CheckLabel(info.manufacturer);
      FUZZ_CHECK(info.serial.size() <= 64);
      return !info.label.empty();
    }
  }
}

// As the practice card has them.
std::vector<std::string> Seeds() {
  using namespace std::string_literals;
  const std::string application = "\x3F\x00\x3D\x00"s;
  return {
      "\x00\xA8\x0A\x30\x08\x04\x06"s + application + "\x44\x01\xA0\x0A\x30\x08\x04\x06"s +
          application + "\x44\x02\xA4\x0A\x30\x08\x04\x06"s + application + "\x44\x03\x00\x00"s,
      "\x01\x30\x32\x30\x09\x0C\x03PIN\x03\x02\x06\xC0\x30\x03\x04\x01\x01\xA1\x20\x30\x1E"
      "\x03\x02\x03\xC8\x0A\x01\x01\x02\x01\x04\x02\x01\x10\x02\x01\x10\x80\x02\x00\x80"
      "\x30\x08\x04\x06"s +
          application + "\x00\x80\x00"s,
      "\x02\x30\x33\x30\x11\x0C\x08imzalama\x03\x02\x07\x80\x04\x01\x01\x30\x0E\x04\x01\x01\x03\x03"
      "\x06\x20\x40\x02\x01\x01\x03\x01\x00\xA1\x0E\x30\x0C\x30\x06\x04\x04"s +
          application + "\x02\x02\x08\x00"s,
      "\x03\x30\x25\x30\x0E\x0C\x08nitelikl\x03\x02\x06\x40\x30\x03\x04\x01\x01\xA1\x0E\x30\x0C"
      "\x30\x0A\x04\x06"s +
          application + "\x45\x01\x02\x00"s,
      "\x04\x61\x1D\x4F\x0C\xA0\x00\x00\x00\x63PKCS-15\x50\x07PKCS#15\x51\x04"s + application +
          "\x00\x00"s,
      "\x05\x30\x1B\x02\x01\x00\x04\x04\x87\x21\x14\x70\x0C\x06T\xC3\x9C BI\x80\x04"s + "AKIS" +
          "\x03\x02\x05\x20"s,
  };
}

std::vector<std::string> Words() {
  using namespace std::string_literals;
  return {"\x30\x08\x04\x06\x3F\x00\x3D\x00\x44\x01"s,
          "\xA1\x0E\x30\x0C"s,
          "\x0C\x02\xC4\xB0"s,
          "\x02\x04\x7F\xFF\xFF\xFF"s,
          "\x80\x02\x00\xFF"s,
          "\xA0\x00"s};
}

}  // namespace ilkimza::fuzz
