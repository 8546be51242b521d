// OpenSC's akis driver as the judge: code that nobody here wrote, and that knew real
// cards, has to find its way around the simulator. Run by tests/support/isolated.
#include "tests/sandbox/card/opensc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sandbox/card/apdu.h"
#include "sandbox/card/simulator.h"
#include "tests/sandbox/card/opensc_fixture.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::WriteFile;

class OpenscTest : public OpenscFixture {
 protected:
  static void SetUpTestSuite() {
    BeginSuite();
    Insert({});
  }
  static void TearDownTestSuite() { EndSuite(); }

  void SetUp() override {
    WriteFile(directory_ / "opensc.conf", OpenscConfiguration("1292"));
    ASSERT_TRUE(card_->SetPin("1234").ok());
    ASSERT_TRUE(card_->SetPinTriesLeft(3).ok());
    ASSERT_TRUE(card_->SetPukTriesLeft(3).ok());
    card_->ResetCommandCounts();
  }
};

TEST_F(OpenscTest, KnowsTheCardByName) {
  EXPECT_THAT(Shell("opensc-tool --name").output, HasSubstr("AKIS\n"));
  EXPECT_THAT(Shell("opensc-tool --atr").output,
              HasSubstr("3b:9f:13:81:31:fe:45:80:67:55:45:4b:41:45:12:92:31:80:73:b3:a1:80:ef"));
}

TEST_F(OpenscTest, ReadsTheSerial) {
  EXPECT_THAT(Shell("opensc-tool --serial").output,
              HasSubstr("87 21 14 70 00 00 00 00 00 00 FF FF"));
}

TEST_F(OpenscTest, WalksTheFiles) {
  const std::string files = Shell("opensc-tool --list-files").output;
  EXPECT_THAT(files, AllOf(HasSubstr("3f002f00 type: wEF"), HasSubstr("3f003d00 ["),
                           HasSubstr("3f003d004501 type: wEF")));
}

TEST_F(OpenscTest, DumpsTheObjects) {
  const Finished dump = Shell("pkcs15-tool --dump");
  EXPECT_EQ(dump.exit_code, 0);
  EXPECT_THAT(dump.output,
              AllOf(HasSubstr("PKCS#15 Card [AKIS]"), HasSubstr("PIN [PIN]"),
                    HasSubstr("Reference      : 128 (0x80)"), HasSubstr("min_len:4, max_len:16"),
                    HasSubstr("unblockingPin"), HasSubstr("Private RSA Key [Nitelikli Imza]"),
                    HasSubstr("sign, nonRepudiation"), HasSubstr("ModLength      : 2048")));
  EXPECT_THAT(dump.output, AllOf(HasSubstr("X.509 Certificate [Nitelikli Imza]"),
                                 HasSubstr("X.509 Certificate [Kimlik Dogrulama]"),
                                 HasSubstr("X.509 Certificate [Kok Sertifika]"),
                                 HasSubstr("Authority      : yes")));
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
}

TEST_F(OpenscTest, VerifiesThePin) {
  EXPECT_EQ(Shell("pkcs15-tool --verify-pin --pin 1234").exit_code, 0);
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_TRUE(card_->pin_verified());
}

TEST_F(OpenscTest, IsToldOfAWrongPin) {
  const Finished wrong = Shell("pkcs15-tool --verify-pin --pin 9999");
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.output, HasSubstr("PIN code or key incorrect"));
  EXPECT_EQ(card_->tries_left().pin, 2);
  EXPECT_THAT(Shell("opensc-tool --send-apdu 00:20:00:80:04:39:39:39:39").output,
              HasSubstr("SW1=0x63, SW2=0xC1"));
}

TEST_F(OpenscTest, IsToldOfABlockedPin) {
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  const Finished blocked = Shell("pkcs15-tool --verify-pin --pin 1234");
  EXPECT_NE(blocked.exit_code, 0);
  EXPECT_THAT(blocked.output, HasSubstr("Authentication method blocked"));
}

TEST_F(OpenscTest, ChangesThePin) {
  EXPECT_EQ(Shell("pkcs15-tool --change-pin --pin 1234 --new-pin 567890").exit_code, 0);
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_NE(Shell("pkcs15-tool --change-pin --pin 1234 --new-pin 111111").exit_code, 0);
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_EQ(card_->tries_left().pin, 2);
}

TEST_F(OpenscTest, MakesASignatureThatOpensslVerifies) {
  WriteFile(directory_ / "text", "signed on the card\n");
  WriteFile(directory_ / "authority.pem", card_->authority_certificate());
  EXPECT_EQ(Shell("openssl dgst -sha256 -binary text > hash && "
                  "pkcs15-crypt --sign --key 01 --pkcs1 --sha-256 --signature-format openssl"
                  " --input hash --output signature --pin 1234")
                .exit_code,
            0);
  EXPECT_GE(card_->CommandCount(kPerformSecurityOperation), 2) << "256 bytes are two commands";
  EXPECT_EQ(Shell("pkcs15-tool --read-certificate 01 --output certificate.pem && "
                  "openssl x509 -in certificate.pem -noout -pubkey > public.pem")
                .exit_code,
            0);
  EXPECT_THAT(Shell("openssl dgst -sha256 -verify public.pem -signature signature text").output,
              HasSubstr("Verified OK"));
  EXPECT_THAT(Shell("openssl verify -CAfile authority.pem certificate.pem").output,
              HasSubstr("certificate.pem: OK"));
  WriteFile(directory_ / "text", "something else\n");
  EXPECT_NE(Shell("openssl dgst -sha256 -verify public.pem -signature signature text").exit_code,
            0);
}

TEST_F(OpenscTest, CannotSignWithAWrongPin) {
  WriteFile(directory_ / "hash", std::string(32, 'x'));
  EXPECT_NE(Shell("pkcs15-crypt --sign --key 01 --pkcs1 --sha-256 --input hash --output signature"
                  " --pin 9999")
                .exit_code,
            0);
  EXPECT_EQ(card_->CommandCount(kPerformSecurityOperation), 0);
  EXPECT_EQ(ReadFile(directory_ / "signature"), "");
}

// The one version that the driver knows by itself.
class OpenscVersion10Test : public OpenscTest {
 protected:
  static void SetUpTestSuite() {
    BeginSuite();
    Insert({.serial = "12345678901234567890", .version = "1.0"});
  }
};

TEST_F(OpenscVersion10Test, NeedsNoLineOfConfiguration) {
  WriteFile(directory_ / "opensc.conf", "app default { card_drivers = akis, internal; }\n");
  EXPECT_THAT(Shell("opensc-tool --name").output, HasSubstr("AKIS\n"));
  EXPECT_THAT(Shell("opensc-tool --serial").output,
              HasSubstr("12 34 56 78 90 12 34 56 78 90 FF FF"));
}

}  // namespace
}  // namespace ilkimza::sandbox
