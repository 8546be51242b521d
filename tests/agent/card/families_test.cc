// Cards of every family that speaks in commands of our own, through CardService: what is
// on them, their PINs, and how little is sent to them.
#include "agent/card/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using sandbox::CardKind;
using sandbox::CardOptions;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kIsoPuk[] = "8765432187654321";

class FamiliesTest : public FakeServiceTest {
 protected:
  void Use(CardOptions options) {
    card_ = sandbox::MakeCard(std::move(options));
    StartWithCard();
  }
  void UseIsoApplet() { Use({.kind = CardKind::kIsoApplet, .puk = kIsoPuk}); }
  void UseMyEid() { Use({.kind = CardKind::kMyEid}); }

  // A card of which the files say something else: `patch` changes what it answers.
  void UsePatched(CardOptions options, const std::function<void(std::string&)>& patch) {
    card_ = sandbox::MakeCard(std::move(options));
    pcsc_->Insert(
        kReader, card_->answer_to_reset(),
        [this, patch](std::string_view apdu) {
          std::string answer = card_->Process(apdu).value_or("");
          patch(answer);
          return answer;
        },
        [this] { card_->Reset(); });
    Start();
    ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::CardService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    return FromGrpcStatus((harness_->stub().*method)(&context, request, &response));
  }
  absl::Status Unblock(const std::string& puk, const std::string& new_pin, bool allow = true,
                       v1::PinState* state = nullptr) {
    v1::UnblockPinRequest request;
    request.set_name(Name());
    request.set_puk(puk);
    request.set_new_pin(new_pin);
    request.set_allow_puk_try(allow);
    v1::UnblockPinResponse response;
    absl::Status status = Call(&v1::CardService::Stub::UnblockPin, request, response);
    if (state != nullptr) *state = response.pin_state();
    return status;
  }
  v1::TestSignResponse Sign() {
    v1::TestSignRequest request;
    request.set_name(Name());
    request.set_pin("1234");
    v1::TestSignResponse response;
    const absl::Status status = harness_->TestSign(request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  // Commands sent since the log was cleared.
  int Commands() {
    int count = 0;
    for (const std::string& line : pcsc_->Log()) count += line[0] >= '0' && line[0] <= '9' ? 1 : 0;
    return count;
  }
};

TEST_F(FamiliesTest, AnIsoAppletSaysWhatIsOnIt) {
  UseIsoApplet();
  const v1::Card card = harness_->Cards().value().at(0);
  EXPECT_EQ(card.family(), v1::CARD_FAMILY_PKCS15);
  EXPECT_EQ(card.family_display_name(), "PKCS#15 (IsoApplet)");
  EXPECT_EQ(card.label(), "JavaCard isoApplet");
  EXPECT_THAT(card.operations(), SizeIs(6));
  const auto certificates = harness_->Certificates(Name()).value();
  ASSERT_THAT(certificates, SizeIs(2));
  EXPECT_EQ(certificates[1].label(), "Imza");
  EXPECT_TRUE(certificates[1].qualified());
  EXPECT_TRUE(certificates[1].has_private_key());
  EXPECT_EQ(certificates[1].validity(), v1::CERTIFICATE_VALIDITY_VALID);
  EXPECT_THAT(certificates[1].subject(), Not(HasSubstr("10000000146")));
  EXPECT_EQ(Sign().algorithm(), "RSA-2048 PKCS#1 v1.5 SHA-256");
}

TEST_F(FamiliesTest, AMyEidSaysWhatIsOnIt) {
  UseMyEid();
  const v1::Card card = harness_->Cards().value().at(0);
  EXPECT_EQ(card.family_display_name(), "PKCS#15 (MyEID)");
  EXPECT_EQ(card.label(), "MyEID");
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  const v1::PinState state = harness_->PinState(Name()).value();
  EXPECT_EQ(state.tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_EQ(state.tries_left_count(), 3);
  EXPECT_EQ(state.max_length(), 8);
  EXPECT_EQ(state.puk_tries_left(), v1::TRIES_LEFT_UNKNOWN);
  EXPECT_EQ(Sign().algorithm(), "ECDSA P-256 SHA-256");
}

TEST_F(FamiliesTest, PinsOfPaddedCards) {
  for (const CardKind kind : {CardKind::kIsoApplet, CardKind::kMyEid}) {
    const std::string puk = kind == CardKind::kIsoApplet ? kIsoPuk : "12345678";
    harness_.reset();
    pcsc_ = std::make_shared<FakePcsc>();
    pcsc_->AddReader(kReader);
    Use({.kind = kind, .puk = puk});
    const absl::Status wrong = Verify("4321");
    EXPECT_EQ(ReasonOf(wrong), v1::ERROR_REASON_WRONG_PIN);
    EXPECT_EQ(MetadataOf(wrong)["tries_left"], "2");
    EXPECT_EQ(harness_->PinState(Name())->tries_left_count(), 2);
    EXPECT_TRUE(Verify().ok());
    WaitUntilGivenBack();
    EXPECT_FALSE(card_->pin_verified());
    EXPECT_TRUE(Change("295174").ok());
    EXPECT_EQ(card_->pin(), "295174");
    EXPECT_EQ(ReasonOf(Unblock("1111111111111111", "618403")), kind == CardKind::kIsoApplet
                                                                   ? v1::ERROR_REASON_WRONG_PUK
                                                                   : v1::ERROR_REASON_PIN_FORMAT);
    EXPECT_TRUE(Unblock(puk, "618403").ok());
    EXPECT_EQ(card_->pin(), "618403");
  }
}

TEST_F(FamiliesTest, APukOfAnotherLengthIsNotFilledUpAndCostsNoTry) {
  UseIsoApplet();
  const int tries = card_->tries_left().puk;
  for (const char* puk : {"87654321", "876543218765432", "87654321876543210"}) {
    const absl::Status status = Unblock(puk, "618403");
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PIN_FORMAT) << puk;
    EXPECT_EQ(MetadataOf(status)["field"], "puk");
  }
  EXPECT_THAT(pcsc_->Sent(0x2C), IsEmpty());
  EXPECT_EQ(card_->tries_left().puk, tries);
}

TEST_F(FamiliesTest, APukThatWasNeverSetIsNotSaidToHaveBeenWrong) {
  UseIsoApplet();
  pcsc_->AtNext(0x2C, [](const FakePcsc::Pass&, std::string& response) {
    response = "\x63\xC0";
    return SCARD_S_SUCCESS;
  });
  const absl::Status status = Unblock(kIsoPuk, "618403");
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PUK_BLOCKED);
  EXPECT_THAT(std::string(status.message()), HasSubstr("or never set"));
}

TEST_F(FamiliesTest, NothingIsSentByAReferenceThatCannotBeRead) {
  UsePatched({}, [](std::string& answer) {
    // Of the PIN; 384 names none.
    const auto at = answer.find(Bytes("80020080"));
    if (at != std::string::npos) answer[at + 2] = 0x01;
  });
  for (const absl::Status& status :
       {Verify(), Change(), TestSign(), Unblock("12345678", "618403")}) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OPERATION_UNSUPPORTED) << status;
  }
  for (const uint8_t attempt : {0x20, 0x24, 0x2C}) EXPECT_THAT(pcsc_->Sent(attempt), IsEmpty());
}

TEST_F(FamiliesTest, AnEmptyVerifyIsOnlyForCardsKnownToBearIt) {
  // The same card in a coat of which nothing is known.
  Use({.kind = CardKind::kMyEid,
       .atr = "3B6E000080318066B1840C016E0183009000",
       .empty_verify = sandbox::EmptyVerify::kSpendsTry});
  EXPECT_EQ(harness_->Cards()->at(0).family_display_name(), "PKCS#15");
  EXPECT_EQ(harness_->PinState(Name())->tries_left(), v1::TRIES_LEFT_UNKNOWN);
  EXPECT_THAT(pcsc_->Sent(0x20), IsEmpty());
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Sent(0x20), ElementsAre("002000010831323334ffffffff"));
  EXPECT_EQ(card_->tries_left().pin, 3);
}

TEST_F(FamiliesTest, UnblockingNeedsConsentEachTime) {
  Use({});
  EXPECT_EQ(ReasonOf(Unblock("12345678", "618403", false)), v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED);
  EXPECT_THAT(pcsc_->Log(), IsEmpty());
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  v1::PinState state;
  const absl::Status wrong = Unblock("99999999", "618403");
  EXPECT_EQ(ReasonOf(wrong), v1::ERROR_REASON_WRONG_PUK);
  EXPECT_EQ(MetadataOf(wrong)["tries_left"], "2");
  EXPECT_THAT(pcsc_->Sent(0x2C), SizeIs(1));
  EXPECT_TRUE(Unblock("12345678", "618403", true, &state).ok());
  EXPECT_EQ(state.tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_EQ(state.puk_tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_EQ(card_->pin(), "618403");
  ASSERT_TRUE(card_->SetPukTriesLeft(0).ok());
  pcsc_->ClearLog();
  EXPECT_EQ(ReasonOf(Unblock("12345678", "295174")), v1::ERROR_REASON_PUK_BLOCKED);
  EXPECT_THAT(pcsc_->Sent(0x2C), IsEmpty());
}

TEST_F(FamiliesTest, ANewPinFromTheHoldersIdOrADateNeverReachesTheCard) {
  Use({.national_id = "48151623420"});
  for (const auto& [pin, rule] :
       {std::pair{"151623", "id"}, {"140385", "date"}, {"87211470", "serial"}}) {
    const absl::Status status = Change(pin);
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PIN_POLICY);
    EXPECT_EQ(MetadataOf(status)["rule"], rule);
  }
  EXPECT_THAT(pcsc_->Sent(0x24), IsEmpty());
}

TEST_F(FamiliesTest, AsFewCommandsAsPossible) {
  keep_connection_ = true;
  Insert();
  Start();
  ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  // Who it is.
  EXPECT_EQ(Commands(), 1);
  pcsc_->ClearLog();
  // A first look at a card with three certificates, the very first of its issuer, and a
  // second one.
  ASSERT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  EXPECT_EQ(Commands(), 21);
  pcsc_->ClearLog();
  ASSERT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  EXPECT_EQ(Commands(), 1);
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  pcsc_->ClearLog();
  // The states of PIN and PUK, in a connection that is unbroken.
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_EQ(Commands(), 2);
  // Serial, the PIN's state (which selects it), and the attempt.
  pcsc_->ClearLog();
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Sent(0x20), SizeIs(1));
  EXPECT_EQ(Commands(), 3);
  // After the reset the selection is gone: the certificate is selected again.
  pcsc_->ClearLog();
  ASSERT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  EXPECT_EQ(Commands(), 2);
  // And the card, which may be another one, is asked who it is.
  pcsc_->ClearLog();
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_EQ(Commands(), 3);
  // Certificates that are known need not be read for an attempt.
  pcsc_->ClearLog();
  EXPECT_TRUE(TestSign().ok());
  EXPECT_EQ(Commands(), 6);
  pcsc_->ClearLog();
  EXPECT_TRUE(Change().ok());
  EXPECT_THAT(pcsc_->Sent(0x24), SizeIs(1));
  EXPECT_EQ(Commands(), 3);
}

// The selected file is not taken on trust where somebody else selects, too.
TEST_F(FamiliesTest, AKnownCardIsTwoCommandsWhereAnotherProgramUsesIt) {
  keep_connection_ = true;
  StartWithCard();
  ASSERT_TRUE(harness_->Certificates(Name()).ok());
  const auto commands_after_another_program = [&] {
    WaitUntilGivenBack();
    card_->Process(sandbox::Bytes("00A40000023F00"));
    pcsc_->ClearLog();
    EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
    return Commands();
  };
  EXPECT_EQ(commands_after_another_program(), 3);
  EXPECT_EQ(commands_after_another_program(), 2);
  EXPECT_EQ(commands_after_another_program(), 2);
}

TEST_F(FamiliesTest, TheIssuersCertificateOfTheNextCardIsKnown) {
  StartWithCard();
  const auto before = harness_->Certificates(Name()).value();
  pcsc_->Remove(kReader);
  ASSERT_TRUE(harness_->observer().WaitForSerial(""));
  // Another holder's card of the same issuer.
  card_ = sandbox::MakeCard({.serial = "87211470000000000017", .holder_name = "Baska Biri"});
  pcsc_->ClearLog();
  Insert();
  ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  const auto after = harness_->Certificates(Name()).value();
  // Its serial is one of them; of the issuer's certificate both ends are read.
  EXPECT_EQ(Commands(), 20);
  EXPECT_EQ(after.at(0).fingerprint(), before.at(0).fingerprint());
  EXPECT_NE(after.at(1).fingerprint(), before.at(1).fingerprint());
  EXPECT_NE(after.at(2).fingerprint(), before.at(2).fingerprint());
  EXPECT_THAT(after.at(2).subject(), HasSubstr("Baska Biri"));
}

TEST_F(FamiliesTest, ACertificateThatAnotherProgramReplacedSignsAllTheSame) {
  StartWithCard();
  const std::string first = harness_->Certificates(Name()).value().at(2).fingerprint();
  // Nobody else has the card while it is exchanged; the log's lock shows it to the others.
  WaitUntilGivenBack();
  // The same card, whose key and certificate have been renewed behind our back.
  card_ = sandbox::MakeCard({.holder_name = "Baska Biri"});
  pcsc_->ClearLog();
  const std::string signed_with = Sign().certificate().fingerprint();
  EXPECT_NE(signed_with, first);
  EXPECT_EQ(harness_->Certificates(Name()).value().at(2).fingerprint(), signed_with);
}

TEST_F(FamiliesTest, WhatIsRememberedIsOfThisStayAndThisCard) {
  StartWithCard();
  const std::string first = harness_->Certificates(Name()).value().at(2).fingerprint();
  pcsc_->Remove(kReader);
  ASSERT_TRUE(harness_->observer().WaitForSerial(""));
  // The same serial, and another certificate.
  card_ = sandbox::MakeCard({.holder_name = "Baska Biri"});
  Insert();
  ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_NE(harness_->Certificates(Name()).value().at(2).fingerprint(), first);
}

TEST_F(FamiliesTest, ExportsACertificate) {
  Use({});
  const v1::Certificate listed = harness_->Certificates(Name()).value().at(2);
  EXPECT_EQ(listed.name(), Name() + "/certificates/" + listed.fingerprint());
  v1::ExportCertificateRequest request;
  request.set_name(listed.name());
  v1::ExportCertificateResponse response;
  ASSERT_TRUE(Call(&v1::CardService::Stub::ExportCertificate, request, response).ok());
  EXPECT_EQ(response.certificate().fingerprint(), listed.fingerprint());
  const auto* bytes = reinterpret_cast<const unsigned char*>(response.der().data());
  X509* parsed = d2i_X509(nullptr, &bytes, static_cast<long>(response.der().size()));
  EXPECT_NE(parsed, nullptr);
  X509_free(parsed);
  request.set_name(Name() + "/certificates/00");
  EXPECT_EQ(ReasonOf(Call(&v1::CardService::Stub::ExportCertificate, request, response)),
            v1::ERROR_REASON_CERTIFICATE_NOT_FOUND);
  request.set_name(Name());
  EXPECT_EQ(ReasonOf(Call(&v1::CardService::Stub::ExportCertificate, request, response)),
            v1::ERROR_REASON_BAD_FIELD);
}

TEST_F(FamiliesTest, APinpadThatIsNotThereCostsNoTry) {
  Use({});
  v1::VerifyPinRequest request;
  request.set_name(Name());
  request.set_on_pinpad(true);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_THAT(pcsc_->Sent(0x20), IsEmpty());
}

// In all places.
void Replace(std::string& bytes, const std::string& from, const std::string& to) {
  ASSERT_EQ(from.size(), to.size());
  for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1)) {
    bytes.replace(at, from.size(), to);
  }
}

// MyEID's PUK entry becomes a second PIN of the holder, with id `second`; the keys are
// opened by the PIN with id `keys`.
std::function<void(std::string&)> TwoPins(const char* keys) {
  return [keys](std::string& answer) {
    // Unblocking, initialised, padded; the flags stand behind the label and the id.
    const std::string puk = Bytes("0C0350554B");
    if (const auto at = answer.find(puk); at != std::string::npos) {
      std::string rest = answer.substr(at);
      Replace(rest, Bytes("0302011E"), Bytes("0302010C"));
      answer.replace(at, std::string::npos, rest);
    }
    Replace(answer, Bytes("03020780040101"), Bytes("030207800401") + Bytes(keys));
  };
}

TEST_F(FamiliesTest, OfTwoPinsTheOneThatSignsIsUsedByEverything) {
  UsePatched({.kind = CardKind::kMyEid}, TwoPins("02"));
  pcsc_->ClearLog();
  EXPECT_TRUE(harness_->PinState(Name()).ok());
  static_cast<void>(Verify());
  static_cast<void>(TestSign());
  const auto verified = pcsc_->Sent(0x20);
  EXPECT_THAT(verified, SizeIs(Ge(3)));
  EXPECT_THAT(verified, Each(StartsWith("00200002")));
  static_cast<void>(Change());
  EXPECT_THAT(pcsc_->Sent(0x24), ElementsAre(StartsWith("00240002")));
}

TEST_F(FamiliesTest, OfTwoPinsThatCannotBeToldApartNoneIsUsed) {
  UsePatched({.kind = CardKind::kMyEid}, TwoPins("07"));
  EXPECT_THAT(harness_->Cards()->at(0).operations(),
              ElementsAre(v1::CARD_OPERATION_LIST_CERTIFICATES));
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  for (const absl::Status& status :
       {Verify(), Change(), TestSign(), harness_->PinState(Name()).status()}) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OPERATION_UNSUPPORTED) << status;
  }
  for (const uint8_t attempt : {0x20, 0x24}) EXPECT_THAT(pcsc_->Sent(attempt), IsEmpty());
}

TEST_F(FamiliesTest, AnAkisWithTwoPinsUsesThatOfItsKey) {
  for (const bool settled : {true, false}) {
    harness_.reset();
    UsePatched({}, [settled](std::string& answer) {
      // The PUK's entry is one of a PIN; and the keys are opened by it or by none.
      Replace(answer, Bytes("030201DA"), Bytes("030201D8"));
      if (!settled) Replace(answer, Bytes("03020780040101"), Bytes("03020780040107"));
    });
    pcsc_->ClearLog();
    const absl::Status status = Verify();
    if (settled) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_THAT(pcsc_->Sent(0x20), ElementsAre(kVerifyRight));
    } else {
      EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OPERATION_UNSUPPORTED);
      EXPECT_THAT(std::string(status.message()), HasSubstr("several PINs"));
      EXPECT_THAT(pcsc_->Sent(0x20), IsEmpty());
    }
  }
}

TEST_F(FamiliesTest, NoPinGoesToOneOfTwoCardsWithTheSameName) {
  const auto twin = sandbox::MakeCard({.kind = CardKind::kMyEid, .pin = "9999"});
  pcsc_->AddReader("Second Reader");
  const auto insert_twin = [&] {
    pcsc_->Insert(
        "Second Reader", twin->answer_to_reset(),
        [&](std::string_view apdu) { return twin->Process(apdu).value_or(""); },
        [&] { twin->Reset(); });
  };
  UseMyEid();
  insert_twin();
  while (harness_->Cards()->size() < 2) std::this_thread::yield();
  pcsc_->ClearLog();
  for (const absl::Status& status : {Verify("9999"), Change(), TestSign()}) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_CARD_NOT_FOUND);
    EXPECT_EQ(MetadataOf(status)["cards"], "2");
  }
  // The look that found them may still be giving them back.
  EXPECT_THAT(pcsc_->Log(), Each(AnyOf("end leave", "disconnect leave")));
  pcsc_->Remove("Second Reader");
  while (harness_->Cards()->size() > 1) std::this_thread::yield();
  EXPECT_TRUE(Verify().ok());
  EXPECT_EQ(twin->tries_left().pin, 3);
  harness_.reset();
}

// Stands for the vendor's module.
class VendorFamily final : public CardFamily {
 public:
  [[nodiscard]] std::string_view name() const override { return "vendor"; }
  [[nodiscard]] bool Recognise(const CardFacts&) const override { return true; }
  absl::Status Use(CardEnvironment&, const CardFacts&, const Work&) override {
    ++asked;
    return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_MODULE_FAILED, "vendor");
  }
  void Forget(const CardFacts&) override {}
  std::atomic<int> asked = 0;
};

TEST_F(FamiliesTest, FilesThatCannotBeReadDoNotKeepTheModuleFromBeingAsked) {
  card_ = sandbox::MakeCard({.kind = CardKind::kMyEid});
  pcsc_->Insert(
      kReader, card_->answer_to_reset(),
      [this](std::string_view apdu) {
        return apdu.size() > 1 && apdu[1] == '\xB0' ? Bytes("6982")
                                                    : card_->Process(apdu).value_or("");
      },
      [this] { card_->Reset(); });
  const auto vendor = std::make_shared<VendorFamily>();
  CardHostOptions options;
  options.families = {vendor};
  Start(std::move(options));
  // It is shown once somebody has been asked who may know it.
  for (int i = 0; i < 2'000 && harness_->Cards()->empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GE(vendor->asked, 1);
  EXPECT_THAT(harness_->Cards().value(), SizeIs(1));
  harness_.reset();
}

}  // namespace
}  // namespace ilkimza::agent
