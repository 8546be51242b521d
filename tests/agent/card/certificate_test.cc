#include "agent/card/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/error.h"
#include "sandbox/card/simulator.h"
#include "tests/agent/card/harness.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using sandbox::Hex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string DerOf(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  X509_free(certificate);
  return der;
}

// A self-signed certificate with an elliptic key and what `fill` adds.
template <typename Fill>
CardCertificate MakeCertificate(const Fill& fill) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  X509_set_pubkey(certificate, key);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  fill(certificate);
  X509_sign(certificate, key, EVP_sha256());
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  auto parsed = CardCertificate::Parse(
      std::string_view(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)));
  OPENSSL_free(bytes);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return *std::move(parsed);
}

void AddName(X509* certificate, const char* type, const std::string& value) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), type, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(value.data()),
                             static_cast<int>(value.size()), -1, 0);
}

void AddQcStatements(X509* certificate, const std::string& der) {
  ASN1_OCTET_STRING* data = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(data, reinterpret_cast<const unsigned char*>(der.data()),
                        static_cast<int>(der.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_NID(nullptr, NID_qcStatements, 0, data);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(data);
}

TEST(CardCertificateTest, SaysWhatTheHolderNeedsToKnow) {
  const auto card = MakeCard();
  const auto certificate = CardCertificate::Parse(DerOf(card->qualified_certificate()));
  ASSERT_TRUE(certificate.ok());
  const v1::Certificate description = certificate->Describe(absl::Now());
  EXPECT_TRUE(description.qualified());
  EXPECT_THAT(description.key_usages(), ElementsAre("nonRepudiation"));
  EXPECT_THAT(description.subject(), HasSubstr("serialNumber=*********46"));
  EXPECT_THAT(description.subject(), Not(HasSubstr("10000000146")));
  EXPECT_EQ(description.fingerprint().size(), 64U);
  EXPECT_EQ(certificate->modulus_size(), 256U);
  EXPECT_TRUE(certificate->ValidAt(absl::Now()));
  EXPECT_FALSE(certificate->ValidAt(absl::Now() - absl::Hours(48)));
  EXPECT_FALSE(certificate->ValidAt(absl::Now() + absl::Hours(4 * 365 * 24)));
  EXPECT_EQ(absl::FromUnixSeconds(description.not_after().seconds()),
            absl::FromUnixSeconds(absl::ToUnixSeconds(card->options().not_after)));
}

TEST(CardCertificateTest, RefusesWhatIsNone) {
  for (const std::string& bytes : {std::string(), Bytes("3000"), std::string(1000, 'x')}) {
    EXPECT_EQ(ReasonOf(CardCertificate::Parse(bytes).status()), v1::ERROR_REASON_CARD_PROTOCOL);
  }
}

TEST(CardCertificateTest, QualifiedByItsStatements) {
  const std::string etsi = Bytes(
      "300A30080606"
      "04008E460101");
  const std::string turkish = Bytes(
      "300F300D060B"
      "608618013D0001A74E0101");
  const std::string other = Bytes(
      "300A30080606"
      "04008E460104");
  EXPECT_TRUE(MakeCertificate([&](X509* c) { AddQcStatements(c, etsi); }).qualified());
  EXPECT_TRUE(MakeCertificate([&](X509* c) { AddQcStatements(c, turkish); }).qualified());
  EXPECT_FALSE(MakeCertificate([&](X509* c) { AddQcStatements(c, other); }).qualified());
  EXPECT_FALSE(MakeCertificate([&](X509* c) { AddQcStatements(c, Bytes("30FF")); }).qualified());
  EXPECT_FALSE(MakeCertificate([](X509*) {}).qualified());
}

TEST(CardCertificateTest, KeysOtherThanRsaSignNothingHere) {
  const CardCertificate certificate = MakeCertificate([](X509*) {});
  EXPECT_EQ(certificate.modulus_size(), 0U);
  EXPECT_FALSE(certificate.Verifies("message", "signature"));
  EXPECT_TRUE(certificate.Describe(absl::Now()).key_usages().empty());
}

TEST(CardCertificateTest, NamesAreMaskedAndPrintable) {
  const v1::Certificate description = MakeCertificate([](X509* c) {
                                        AddName(c, "CN", "Ayşe\nYılmaz 10000000146");
                                        AddName(c, "serialNumber", "TCKN-10000000146");
                                        AddName(c, "OU", "123456789012");
                                      }).Describe(absl::Now());
  EXPECT_EQ(description.subject(),
            "CN=Ayşe?Yılmaz *********46, serialNumber=TCKN-*********46, OU=123456789012");
}

TEST(CardCertificateTest, AnIdWhereALongNameIsCutIsMaskedAsWell) {
  const v1::Certificate description =
      MakeCertificate([](X509* c) {
        AddName(c, "description", std::string(118, 'x') + "10000000146");
      }).Describe(absl::Now());
  EXPECT_THAT(description.subject(), Not(HasSubstr("100000")));
}

TEST(MaskNationalIdsTest, OnlyRunsOfElevenDigits) {
  EXPECT_EQ(MaskNationalIds("10000000146"), "*********46");
  EXPECT_EQ(MaskNationalIds("a10000000146b"), "a*********46b");
  EXPECT_EQ(MaskNationalIds("1000000014"), "1000000014");
  EXPECT_EQ(MaskNationalIds("100000001467"), "100000001467");
  EXPECT_EQ(MaskNationalIds(""), "");
}

TEST(PaddedDigestTest, IsPkcs1Version15) {
  const std::string block = PaddedDigest("abc", 256);
  ASSERT_EQ(block.size(), 256U);
  EXPECT_EQ(Hex(block.substr(0, 3)), "0001FF");
  EXPECT_EQ(Hex(block.substr(256 - 52)),
            "003031300D060960864801650304020105000420"
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
  EXPECT_EQ(PaddedDigest("abc", 61), "");
}

}  // namespace
}  // namespace ilkimza::agent
