// What a vendor's module says, as its process passes it on: read within its limits, and
// written again it is the same. The first byte says what the rest is.
#include <span>

#include "agent/pkcs11/protocol.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

using namespace std::string_literals;
namespace pkcs11 = agent::pkcs11;

// True where all of the bytes were one value.
template <typename Value>
bool TakeValue(std::string_view bytes) {
  pkcs11::Reader reader(bytes);
  Value value;
  if (!pkcs11::Take(reader, value) || !reader.Done()) return false;
  std::string memory(2 * bytes.size() + 64, '\0');
  pkcs11::Writer writer(memory);
  pkcs11::Put(writer, value);
  FUZZ_CHECK(writer.ok());
  pkcs11::Reader again(writer.written());
  Value same;
  FUZZ_CHECK(pkcs11::Take(again, same) && again.Done());
  std::string copy(memory.size(), '\0');
  pkcs11::Writer second(copy);
  pkcs11::Put(second, same);
  FUZZ_CHECK(second.written() == writer.written());
  // A value that does not fit is not cut short.
  pkcs11::Writer tight(std::span<char>(copy).first(writer.written().size() - 1));
  pkcs11::Put(tight, same);
  FUZZ_CHECK(!tight.ok());
  return true;
}

template <typename Value>
std::string Written(char kind, const Value& value) {
  std::string memory(4096, '\0');
  pkcs11::Writer writer(memory);
  pkcs11::Put(writer, value);
  return kind + std::string(writer.written());
}

}  // namespace

bool TakeInput(std::string_view input) {
  if (input.empty()) return false;
  const std::string_view bytes = input.substr(1);
  switch (static_cast<unsigned char>(input[0]) % 6) {
    case 0:
      return TakeValue<pkcs11::Verdict>(bytes);
    case 1:
      return TakeValue<pkcs11::ModuleInfo>(bytes);
    case 2:
      return TakeValue<std::vector<pkcs11::Slot>>(bytes);
    case 3:
      return TakeValue<pkcs11::Token>(bytes);
    case 4:
      return TakeValue<pkcs11::CertificateList>(bytes);
    default:
      return TakeValue<pkcs11::KeyInfo>(bytes);
  }
}

std::vector<std::string> Seeds() {
  const pkcs11::TokenCertificate certificate{
      .id = "\1"s, .label = "imza", .der = "\x30\x02\x05\x00"s, .key_seen = true};
  return {
      Written(0,
              pkcs11::Verdict{.outcome = pkcs11::Outcome::kRefused, .rv = 0xA0, .text = "C_Login"}),
      Written(1, pkcs11::ModuleInfo{.manufacturer = "TUBITAK",
                                    .description = "akisp11",
                                    .version_major = 2,
                                    .version_minor = 1}),
      Written(2, std::vector<pkcs11::Slot>{{.id = 0, .description = "Reader 00"},
                                           {.id = 7, .description = "Reader 01"}}),
      Written(3, pkcs11::Token{.label = "e-imza",
                               .manufacturer = "TUBITAK",
                               .model = "AKIS",
                               .serial = "8721147",
                               .flags = 0x40D,
                               .min_pin = 4,
                               .max_pin = 16}),
      Written(4, pkcs11::CertificateList{.certificates = {certificate, certificate},
                                         .shows_keys = true}),
      Written(5, pkcs11::KeyInfo{.rsa = true, .mechanism = pkcs11::Mechanism::kRsaPkcs}),
  };
}

std::vector<std::string> Words() {
  return {"\x00\x00\x00\x00"s, "\xFF\xFF\xFF\xFF"s, "\x01\x00\x00\x00"s, "\x40\x00\x00\x00"s,
          "\x00\x40\x00\x00"s};
}

}  // namespace ilkimza::fuzz
