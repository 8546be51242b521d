// A request for a certificate, as a stranger sends it to the server.
#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "base/error.h"
#include "server/enrolment/certificate_request.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

// Made once with OpenSSL: their keys are nobody's.
constexpr char kEc[] =
    "MIHGMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABC0gnwBipQM9lWaSRuDN"
    "Yz6hw4F59R3v2ApuVPA1X1jZSEU+oUlNsEyngCm+Nx3uYuiMwJOQXj+nlrIQhZzqoGGgADAKBggqhkjOPQQD"
    "AgNIADBFAiEAzj3icOSWYdxom3lOK6y21iADVuOL4HI6IRAFedYLXywCIEbpXACfqUh7J7kNc0/TD7imIsI7"
    "QGOtkcD58mj1n7JC";
constexpr char kRsa[] =
    "MIICRTCCAS0CAQAwADCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKX332oSvm5/7mGx/k4NlPey"
    "kO1pTAMeWoITsjt5WQvjTnga9xzNdaTGW6jmSNdb4zDXxG5bNL/0g7M6r+ESUadk14WiL5oS55OHftSSW9a0"
    "haee2DNwzqqYLcdBq6HgMIHCHb+nmt2iCVqVT/eZPqfmGXrIfaq9ef6YbESgSBDMI9Vgi4yjKsb+AoFqmG7z"
    "yPE3w8BczKEEOTHC+d7BLXJ5gOclgplCHtK2NyPkbFEZ8YwctXMR1ZztcWkJCog0+h2Hbgx0Y+cx1MJm2HkX"
    "lBjQkGR9LLnhtPKi+T7aPy1nLAATsDscI8M3Fyi/g+s//Pi3g9xMkCb4i99oG2vfSkMCAwEAAaAAMA0GCSqG"
    "SIb3DQEBCwUAA4IBAQBlXR+SqUnGuB0F5m1HjbWydZloa3r2oAq81ycFUOPWIKDGAJi8M4Vz9bXhslb4P/qS"
    "tltr0+GODk0lKrJe8Zf/ce7LpnKw4jSXPMYQL3b90L8wNHrlxVgvoc31Xuq0piaF9ZN0dhB4oO8KBZsBLjOo"
    "4WcS/8ZdT9nkLRfu3kKNx92xoqPcHob57vXU8fUn+lyE765rcG6JAR3Dkm7on76kxZvduBKfwk8IAcdFJrfk"
    "hb8mKgeHGfKCP8oxpTH4+Q9nfKsWQgIv+jkWe9SFttuDOLVN3iWcmTwOUc5p6En9CFIDc30+ozBNd7rQ0tTx"
    "jp7tZjieLHamptj4cWIVIE7o";

std::string FromBase64(const char* text) {
  std::string bytes;
  FUZZ_CHECK(absl::Base64Unescape(text, &bytes));
  return bytes;
}

}  // namespace

bool TakeInput(std::string_view input) {
  const auto request = server::CheckCertificateRequest(input);
  if (!request.ok()) {
    FUZZ_CHECK(ReasonOf(request.status()) == v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST);
    return false;
  }
  FUZZ_CHECK(input.size() <= server::kMaxCertificateRequest);
  const EVP_PKEY& key = *request->public_key;
  const int bits = EVP_PKEY_get_bits(&key);
  FUZZ_CHECK(EVP_PKEY_is_a(&key, "EC") ? bits == 256 || bits == 384
                                       : EVP_PKEY_is_a(&key, "RSA") && bits >= 2048);
  FUZZ_CHECK(request->public_key_sha256.size() == 64);
  return true;
}

std::vector<std::string> Seeds() { return {FromBase64(kEc), FromBase64(kRsa)}; }

std::vector<std::string> Words() {
  using std::string_literals::operator""s;
  return {"\x30\x80"s, "\x30\x82\xFF\xFF"s, "\x30\x84\x7F\xFF\xFF\xFF"s, "\x02\x01\x00"s,
          "\x03\x01\x00"s, "\x00\x00"s,
          // P-256, P-384, secp256k1, RSA, ecdsa-with-SHA256, SHA-1 with RSA
          "\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"s, "\x06\x05\x2B\x81\x04\x00\x22"s,
          "\x06\x05\x2B\x81\x04\x00\x0A"s, "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"s,
          "\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02"s,
          "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x05"s};
}

}  // namespace ilkimza::fuzz
