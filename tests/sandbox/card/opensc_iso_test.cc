// OpenSC's own drivers as the judges of the cards that keep to ISO/IEC 7816-15: isoApplet
// and myeid, which were made with real cards of these kinds, have to find their way around ours.
// Run by tests/support/isolated.
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
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::WriteFile;

struct Judged {
  CardOptions options;
  // What OpenSC calls it.
  std::string driver, card;
  // What it says of the PIN and of the signing key.
  std::string pin, key;
  // How pkcs15-crypt is to pad.
  std::string padding;
};

Judged IsoApplet() {
  return {.options = {.kind = CardKind::kIsoApplet, .puk = "1234567890123456"},
          .driver = "Javacard with IsoApplet\n",
          .card = "PKCS#15 Card [JavaCard isoApplet]",
          .pin = "min_len:4, max_len:16, stored_len:16",
          .key = "Private RSA Key [Imza]",
          .padding = "--pkcs1"};
}

Judged MyEid() {
  return {.options = {.kind = CardKind::kMyEid},
          .driver = "MyEID 3.5.0\n",
          .card = "PKCS#15 Card [MyEID]",
          .pin = "min_len:4, max_len:8, stored_len:8",
          .key = "Private EC Key [Imza]"};
}

class OpenscIsoTest : public OpenscFixture, public ::testing::WithParamInterface<Judged> {
 protected:
  static void SetUpTestSuite() { BeginSuite(); }
  static void TearDownTestSuite() { EndSuite(); }
  void SetUp() override {
    // Nothing of its own: the driver is found by what the card says.
    WriteFile(directory_ / "opensc.conf", "app default { card_drivers = internal; }\n");
    Insert(GetParam().options);
  }
};

TEST_P(OpenscIsoTest, KnowsTheCardAndDumpsItsObjects) {
  EXPECT_THAT(Shell("opensc-tool --name").output, HasSubstr(GetParam().driver));
  const testing::Finished dump = Shell("pkcs15-tool --dump");
  EXPECT_EQ(dump.exit_code, 0);
  EXPECT_THAT(dump.output,
              AllOf(HasSubstr(GetParam().card), HasSubstr("87211470000000000000"),
                    HasSubstr(GetParam().pin), HasSubstr("Reference      : 1 (0x01)"),
                    HasSubstr(GetParam().key), HasSubstr("sign, nonRepudiation"),
                    HasSubstr("X.509 Certificate [Imza]"), HasSubstr("X.509 Certificate [Giris]")));
  EXPECT_THAT(Shell("pkcs15-tool --list-pins").output, HasSubstr("needs-padding"));
  EXPECT_THAT(Shell("pkcs15-tool --list-certificates").output, HasSubstr("ID             : 4501"));
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
}

TEST_P(OpenscIsoTest, VerifiesThePinAndIsToldOfAWrongOne) {
  EXPECT_EQ(Shell("pkcs15-tool --verify-pin --pin 1234").exit_code, 0);
  EXPECT_TRUE(card_->pin_verified());
  const testing::Finished wrong = Shell("pkcs15-tool --verify-pin --pin 9999");
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.output, HasSubstr("PIN code or key incorrect"));
  EXPECT_EQ(card_->tries_left().pin, 2);
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  EXPECT_THAT(Shell("pkcs15-tool --verify-pin --pin 1234").output,
              HasSubstr("Authentication method blocked"));
}

TEST_P(OpenscIsoTest, ChangesThePin) {
  EXPECT_EQ(Shell("pkcs15-tool --change-pin --pin 1234 --new-pin 567890").exit_code, 0);
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_NE(Shell("pkcs15-tool --change-pin --pin 1234 --new-pin 111111").exit_code, 0);
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_EQ(card_->tries_left().pin, 2);
}

TEST_P(OpenscIsoTest, MakesASignatureThatOpensslVerifies) {
  WriteFile(directory_ / "text", "signed on the card\n");
  WriteFile(directory_ / "authority.pem", card_->authority_certificate());
  const testing::Finished sign = Shell(
      "openssl dgst -sha256 -binary text > hash && pkcs15-crypt --sign --key 4501 --sha-256 " +
      GetParam().padding +
      " --signature-format openssl --input hash --output signature --pin 1234");
  EXPECT_EQ(sign.exit_code, 0) << sign.output;
  EXPECT_EQ(Shell("pkcs15-tool --read-certificate 4501 --output certificate.pem && "
                  "openssl x509 -in certificate.pem -noout -pubkey > public.pem")
                .exit_code,
            0);
  EXPECT_THAT(Shell("openssl dgst -sha256 -verify public.pem -signature signature text").output,
              HasSubstr("Verified OK"));
  EXPECT_THAT(Shell("openssl verify -CAfile authority.pem certificate.pem").output,
              HasSubstr("certificate.pem: OK"));
}

TEST_P(OpenscIsoTest, CannotSignWithAWrongPin) {
  WriteFile(directory_ / "hash", std::string(32, 'x'));
  EXPECT_NE(Shell("pkcs15-crypt --sign --key 4501 --sha-256 " + GetParam().padding +
                  " --input hash --output signature --pin 9999")
                .exit_code,
            0);
  EXPECT_EQ(card_->CommandCount(kPerformSecurityOperation), 0);
  EXPECT_EQ(ReadFile(directory_ / "signature"), "");
}

INSTANTIATE_TEST_SUITE_P(Cards, OpenscIsoTest, ::testing::Values(IsoApplet(), MyEid()),
                         [](const auto& judged) {
                           return judged.param.options.kind == CardKind::kMyEid ? "MyEid"
                                                                                : "IsoApplet";
                         });

// Its PUK is in the directory.
class OpenscMyEidTest : public OpenscIsoTest {};

TEST_P(OpenscMyEidTest, UnblocksByThePuk) {
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  EXPECT_NE(Shell("pkcs15-tool --unblock-pin --puk 99999999 --new-pin 567890").exit_code, 0);
  EXPECT_EQ(card_->tries_left().puk, 2);
  const testing::Finished unblocked =
      Shell("pkcs15-tool --unblock-pin --puk 12345678 --new-pin 567890");
  EXPECT_EQ(unblocked.exit_code, 0) << unblocked.output;
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_EQ(card_->tries_left().pin, 3);
}

INSTANTIATE_TEST_SUITE_P(Card, OpenscMyEidTest, ::testing::Values(MyEid()),
                         [](const auto&) { return "MyEid"; });

}  // namespace
}  // namespace ilkimza::sandbox
