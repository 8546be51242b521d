// The PKCS#11 family as the holder's client sees it: the card host with modules, on a
// smart-card service that says only that a card is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <reader.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/card/pkcs11_card.h"
#include "agent/card/worker.h"
#include "base/error.h"
#include "tests/agent/pkcs11/family_fixture.h"
#include "tests/agent/pkcs11/softhsm.h"

namespace ilkimza::agent::pkcs11 {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// --- SoftHSM ---

class SoftHsmFamilyTest : public FamilyTest {
 protected:
  explicit SoftHsmFamilyTest(SoftHsm::Key key = SoftHsm::Key::kRsa) : token_(key) {
    Start(OptionsFor({kSoftHsm}), token_.SlotDescription());
  }

  SoftHsm token_;
};

TEST_F(SoftHsmFamilyTest, SaysWhoItIs) {
  EXPECT_EQ(card_.family(), v1::CARD_FAMILY_PKCS11);
  EXPECT_EQ(card_.family_display_name(), "AKİS v2 or national id card (TC 122107)");
  EXPECT_EQ(card_.module(), "libsofthsm2.so");
  EXPECT_EQ(card_.label(), SoftHsm::kLabel);
  EXPECT_THAT(card_.serial(), Not(IsEmpty()));
  EXPECT_THAT(card_.operations(),
              ElementsAre(v1::CARD_OPERATION_LIST_CERTIFICATES, v1::CARD_OPERATION_GET_PIN_STATE,
                          v1::CARD_OPERATION_VERIFY_PIN, v1::CARD_OPERATION_CHANGE_PIN,
                          v1::CARD_OPERATION_TEST_SIGN));
}

TEST_F(SoftHsmFamilyTest, ListsCertificatesWithoutAPin) {
  const auto certificates = harness_->Certificates(card_.name());
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  ASSERT_THAT(*certificates, SizeIs(1));
  const v1::Certificate& certificate = certificates->front();
  EXPECT_TRUE(certificate.qualified());
  EXPECT_TRUE(certificate.has_private_key());
  EXPECT_EQ(certificate.label(), "Nitelikli Imza");
  EXPECT_THAT(certificate.subject(), HasSubstr("serialNumber=*********46"));
  // Nothing was tried, so nothing had to be closed.
  EXPECT_THAT(pcsc_->Log(), Not(Contains("end reset")));
}

TEST_F(SoftHsmFamilyTest, VerifiesAndLeavesTheCardClosed) {
  EXPECT_EQ(harness_->PinState(card_.name())->tries_left(), v1::TRIES_LEFT_UNKNOWN);
  EXPECT_EQ(ReasonOf(Verify("583920")), v1::ERROR_REASON_WRONG_PIN);
  auto state = harness_->PinState(card_.name());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->tries_left(), v1::TRIES_LEFT_SOME);
  EXPECT_EQ(state->tries_left_count(), -1);
  v1::VerifyPinResponse response;
  const absl::Status right = Verify(SoftHsm::kPin, false, &response);
  ASSERT_TRUE(right.ok()) << right;
  EXPECT_EQ(response.pin_state().tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_THAT(pcsc_->Log(), Contains("end reset").Times(2));
  EXPECT_EQ(pcsc_->OpenHandles(), 0);
}

TEST_F(SoftHsmFamilyTest, FormatAndPolicyNeverReachTheToken) {
  EXPECT_EQ(ReasonOf(Verify("")), v1::ERROR_REASON_PIN_FORMAT);
  EXPECT_EQ(ReasonOf(Verify("ışık")), v1::ERROR_REASON_PIN_FORMAT);
  EXPECT_EQ(ReasonOf(Change(SoftHsm::kPin, "123456")), v1::ERROR_REASON_PIN_POLICY);
  EXPECT_EQ(harness_->PinState(card_.name())->tries_left(), v1::TRIES_LEFT_UNKNOWN);
}

TEST_F(SoftHsmFamilyTest, ChangesThePin) {
  EXPECT_EQ(ReasonOf(Change("111111", "583920")), v1::ERROR_REASON_WRONG_PIN);
  const absl::Status changed = Change(SoftHsm::kPin, "583920");
  EXPECT_TRUE(changed.ok()) << changed;
  EXPECT_EQ(ReasonOf(Verify(SoftHsm::kPin)), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_TRUE(Verify("583920").ok());
}

TEST_F(SoftHsmFamilyTest, MakesATestSignature) {
  v1::TestSignRequest request;
  request.set_name(card_.name());
  request.set_pin(SoftHsm::kPin);
  v1::TestSignResponse response;
  const absl::Status status = harness_->TestSign(request, &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.algorithm(), "RSA-2048 PKCS#1 v1.5 SHA-256");
  EXPECT_EQ(response.certificate().label(), "Nitelikli Imza");
}

TEST_F(SoftHsmFamilyTest, AnotherTokenInTheReaderGetsNothing) {
  // The same reader, the same module, another token than the one the caller means.
  v1::VerifyPinRequest request;
  request.set_name("cards/0000");
  request.set_pin(SoftHsm::kPin);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_CARD_NOT_FOUND);
  EXPECT_EQ(harness_->PinState(card_.name())->tries_left(), v1::TRIES_LEFT_UNKNOWN);
}

// --- Modules that behave badly ---

TEST_F(FamilyTest, FlagsBecomeTriesAndTheLastTryNeedsConsent) {
  StartRude("final-try");
  auto state = harness_->PinState(card_.name());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->tries_left(), v1::TRIES_LEFT_ONE);
  EXPECT_EQ(state->tries_left_count(), 1);
  EXPECT_EQ(ReasonOf(Verify("1234")), v1::ERROR_REASON_LAST_TRY);
  EXPECT_EQ(Calls("login"), 0);
  EXPECT_TRUE(Verify("1234", /*last_try=*/true).ok());
  EXPECT_EQ(Calls("login"), 1);
}

TEST_F(FamilyTest, ALockedPinIsNotTried) {
  StartRude("locked");
  EXPECT_EQ(ReasonOf(Verify("1234", /*last_try=*/true)), v1::ERROR_REASON_PIN_BLOCKED);
  EXPECT_EQ(Calls("login"), 0);
}

TEST_F(FamilyTest, AModuleThatCrashesWithThePinTakesNothingWithIt) {
  for (const std::string name : {"crash-in-login", "hang-in-login", "device-error-in-login"}) {
    pcsc_ = std::make_shared<FakePcsc>();
    StartRude(name);
    EXPECT_EQ(ReasonOf(Verify("1234")), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << name;
    EXPECT_EQ(Calls("login"), 1) << name;
    // Its card may have taken the PIN all the same.
    EXPECT_THAT(pcsc_->Log(), Contains("end reset")) << name;
    // The agent goes on, and so does the module in its next process.
    const auto state = harness_->PinState(card_.name());
    EXPECT_TRUE(state.ok()) << state.status();
  }
}

TEST_F(FamilyTest, AnInterruptedChangeIsNotKnown) {
  StartRude("crash-in-set-pin");
  EXPECT_EQ(ReasonOf(Change("1234", "583920")), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(Calls("set-pin"), 1);
}

TEST_F(FamilyTest, AFailingModuleDoesNotKeepTheNextFromSpeaking) {
  const std::string good = rude_.Make("good");
  Start(OptionsFor({rude_.Make("crash-at-load"), rude_.Make("hang-in-slots"),
                    rude_.Make("garbage-slots"), good},
                   ShortTimeouts()),
        kRudeReader);
  EXPECT_EQ(card_.module(), "good.so");
  EXPECT_EQ(card_.serial(), kRudeSerial);
  EXPECT_TRUE(Verify("1234").ok());
  EXPECT_EQ(modules_->Statuses()[0].state, ModuleStatus::State::kFailed);
}

// --- The reader's own keys ---

class KeysFamilyTest : public FamilyTest {
 protected:
  void StartWithKeys(const std::string& name) {
    constexpr DWORD kControl = 0x42330006;
    pcsc_->AddReader(kRudeReader);
    reader_is_there_ = true;
    // The module asks the reader itself: nothing of it goes through here.
    pcsc_->GiveKeys(kRudeReader, {{FEATURE_VERIFY_PIN_DIRECT, kControl}},
                    [](DWORD, std::string_view, std::string&) {
                      ADD_FAILURE() << "the reader was asked beside the module";
                      return SCARD_E_NOT_TRANSACTED;
                    });
    StartRude(name, /*so_pin_is_puk=*/true);
    while (!harness_->Readers()->front().has_pinpad()) std::this_thread::yield();
  }
  absl::Status VerifyOnKeys() {
    v1::VerifyPinRequest request;
    request.set_name(card_.name());
    request.set_on_pinpad(true);
    return harness_->Verify(request);
  }
  absl::Status ChangeOnKeys() {
    v1::ChangePinRequest request;
    request.set_name(card_.name());
    request.set_on_pinpad(true);
    return harness_->Change(request);
  }
  absl::Status UnblockOnKeys() {
    v1::UnblockPinRequest request;
    request.set_name(card_.name());
    request.set_on_pinpad(true);
    request.set_allow_puk_try(true);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    v1::UnblockPinResponse response;
    return FromGrpcStatus(harness_->stub().UnblockPin(&context, request, &response));
  }
};

TEST_F(KeysFamilyTest, AProtectedPathTakesWhatIsTypedThere) {
  StartWithKeys("keys");
  EXPECT_TRUE(VerifyOnKeys().ok());
  EXPECT_EQ(Calls("login"), 1);
  EXPECT_TRUE(ChangeOnKeys().ok());
  EXPECT_EQ(Calls("set-pin"), 1);
  EXPECT_TRUE(UnblockOnKeys().ok());
  EXPECT_EQ(Calls("init-pin"), 1);
  EXPECT_EQ(Calls("login"), 2);
}

TEST_F(KeysFamilyTest, WithoutAProtectedPathTheModuleIsNotAsked) {
  StartWithKeys("plain");
  EXPECT_EQ(ReasonOf(VerifyOnKeys()), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_EQ(ReasonOf(ChangeOnKeys()), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_EQ(ReasonOf(UnblockOnKeys()), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_EQ(Calls("login") + Calls("set-pin") + Calls("init-pin"), 0);
}

TEST_F(KeysFamilyTest, CancelOnTheKeysSpendsNoTryAndEndsNoStep) {
  StartWithKeys("keys-cancelled");
  harness_->host().RunStep(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRudeSerial}));
  v1::VerifyPinRequest request;
  request.set_name(card_.name());
  request.set_on_pinpad(true);
  request.set_journey(kJourney);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_PINPAD_CANCELLED);
  EXPECT_EQ(harness_->observer().ReportCount(1), 0);
  EXPECT_EQ(Calls("login"), 1);
}

// --- A serial that is cut off ---

// PKCS#11 has room for 16 characters of it, and the portal names 20 digits.
TEST_F(FamilyTest, ASerialThatIsOnlyTheBeginningOfAnotherIsNoMatch) {
  StartRude("sixteen-digits");
  EXPECT_EQ(card_.serial(), "8721147000000000");
  constexpr char kPortals[] = "87211470000000000000";
  harness_->host().RunStep(Directive(1, v1::STEP_KIND_MATCH_CARD, {kPortals}));
  const auto matched = harness_->observer().WaitForReport(1);
  EXPECT_EQ(matched->outcome(), v1::STEP_OUTCOME_REJECTED);
  EXPECT_EQ(matched->reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
  // And a PIN does not get there past it.
  harness_->host().RunStep(Directive(2, v1::STEP_KIND_PROVE_PIN, {kPortals}));
  v1::VerifyPinRequest request;
  request.set_name(card_.name());
  request.set_pin("1234");
  request.set_journey(kJourney);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_EQ(Calls("login"), 0);
  EXPECT_EQ(harness_->observer().ReportCount(2), 0);
}

TEST_F(FamilyTest, LimitsThatCannotBeAreReplaced) {
  StartRude("garbage-limits");
  const auto state = harness_->PinState(card_.name());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->min_length(), 4);
  EXPECT_EQ(state->max_length(), 16);
}

TEST_F(FamilyTest, LabelsAreMadePrintable) {
  StartRude("rude-label");
  EXPECT_EQ(card_.label(), "???[31mlabel");
}

TEST_F(FamilyTest, ATokenOfAnotherReaderIsNotTakenForOurs) {
  // The module names its slot in its own way, and two readers have cards.
  pcsc_->AddReader("Second");
  pcsc_->Insert("Second", kAtr, [](std::string_view) { return std::string("\x6D\x00", 2); });
  path_ = rude_.Make("good");
  Start(OptionsFor({path_}), "First", /*wait=*/false);
  while (Calls("slots") < 4) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(Calls("token"), 0);
  EXPECT_EQ(Calls("open"), 0);
}

TEST_F(FamilyTest, TheOnlyTokenIsTheOnlyCards) {
  path_ = rude_.Make("good");
  Start(OptionsFor({path_}), "A reader that the module calls otherwise");
  EXPECT_EQ(card_.serial(), kRudeSerial);
}

// --- The family alone: kinds of keys, and unblocking ---

// Whether `signature` over SHA-256 of `message` was made with the certificate's key.
bool Verifies(std::string_view der, std::string_view message, std::string_view signature) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  const unsigned char* at = bytes(der);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())), &X509_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return certificate != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              X509_get0_pubkey(certificate.get())) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message),
                          message.size()) == 1;
}

class SignTest : public FamilyTest {
 protected:
  // Signs with a SoftHSM key of that kind, after a right PIN.
  void SignAndCheck(SoftHsm::Key kind) {
    const SoftHsm token(kind);
    const std::string reader = token.SlotDescription();
    pcsc_->AddReader(reader);
    pcsc_->Insert(reader, kAtr, [](std::string_view) { return std::string("\x6D\x00", 2); });
    modules_ = std::make_shared<Modules>(OptionsFor({kSoftHsm}));
    const auto families = Pkcs11Families(modules_);
    const absl::Status status =
        DirectUse(pcsc_, reader).Run(*families.front(), [](Card& card) -> absl::Status {
          ILKIMZA_ASSIGN_OR_RETURN(const auto certificates, card.ReadCertificates());
          EXPECT_THAT(certificates, SizeIs(1));
          EXPECT_THAT(certificates.at(0).key, Not(IsEmpty()));
          ILKIMZA_ASSIGN_OR_RETURN(const PinInfo pin, card.FindPin(certificates.at(0).pin));
          EXPECT_FALSE(card.Sign(certificates.at(0), "too early").ok());
          ILKIMZA_ASSIGN_OR_RETURN(const PinAnswer answer,
                                   card.Verify(pin, {.current = SoftHsm::kPin}));
          EXPECT_EQ(answer.verdict, PinVerdict::kRight);
          ILKIMZA_ASSIGN_OR_RETURN(const std::string signature,
                                   card.Sign(certificates.at(0), "message"));
          EXPECT_TRUE(Verifies(certificates.at(0).der, "message", signature));
          EXPECT_FALSE(Verifies(certificates.at(0).der, "another", signature));
          return card.LogOut();
        });
    EXPECT_TRUE(status.ok()) << status;
  }
};

TEST_F(SignTest, WithRsa) { SignAndCheck(SoftHsm::Key::kRsa); }
TEST_F(SignTest, WithEllipticCurves) { SignAndCheck(SoftHsm::Key::kEc); }
TEST_F(SignTest, WithAKeyThatAsksForThePinAgain) { SignAndCheck(SoftHsm::Key::kRsaAskingAgain); }

class UnblockTest : public FamilyTest {
 protected:
  absl::StatusOr<PinAnswer> Unblock(const ModuleOptions& options, const std::string& reader,
                                    const std::string& puk, const std::string& new_pin) {
    modules_ = std::make_shared<Modules>(options);
    if (std::exchange(inserted_, true) == false) {
      pcsc_->AddReader(reader);
      pcsc_->Insert(reader, kAtr, [](std::string_view) { return std::string("\x6D\x00", 2); });
    }
    absl::StatusOr<PinAnswer> answer;
    const auto families = Pkcs11Families(modules_);
    const absl::Status status =
        DirectUse(pcsc_, reader).Run(*families.front(), [&](Card& card) -> absl::Status {
          ILKIMZA_ASSIGN_OR_RETURN(const PinInfo pin, card.FindPin(""));
          answer = card.Unblock(pin, {.current = puk, .chosen = new_pin});
          return answer.status();
        });
    return status.ok() ? answer : status;
  }

  bool inserted_ = false;
};

TEST_F(UnblockTest, IsNotAttemptedWithoutAProfile) {
  path_ = rude_.Make("good");
  EXPECT_EQ(ReasonOf(Unblock(OptionsFor({path_}), kRudeReader, "87654321", "583920").status()),
            v1::ERROR_REASON_OPERATION_UNSUPPORTED);
  EXPECT_EQ(Calls("login"), 0);
  EXPECT_EQ(Calls("init-pin"), 0);
}

TEST_F(UnblockTest, WorksWhereTheOfficersPinIsThePuk) {
  const SoftHsm token;
  ModuleOptions options = OptionsFor({kSoftHsm});
  options.so_pin_is_puk = {kSoftHsm};
  const std::string reader = token.SlotDescription();
  auto answer = Unblock(options, reader, "11111111", "583920");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict, PinVerdict::kWrong);
  answer = Unblock(options, reader, SoftHsm::kOfficerPin, "583920");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict, PinVerdict::kRight);
  const auto families = Pkcs11Families(modules_);
  const absl::Status status =
      DirectUse(pcsc_, reader).Run(*families.front(), [](Card& card) -> absl::Status {
        ILKIMZA_ASSIGN_OR_RETURN(const PinInfo pin, card.FindPin(""));
        ILKIMZA_ASSIGN_OR_RETURN(const PinStatus state, card.ReadPinStatus(pin));
        EXPECT_TRUE(state.puk);
        ILKIMZA_ASSIGN_OR_RETURN(const PinAnswer verified, card.Verify(pin, {.current = "583920"}));
        EXPECT_EQ(verified.verdict, PinVerdict::kRight);
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(UnblockTest, AWrongPukNeverReachesTheSecondStep) {
  path_ = rude_.Make("officer-final-try");
  ModuleOptions options = OptionsFor({path_});
  options.so_pin_is_puk = {"officer-final-try.so"};
  const auto answer = Unblock(options, kRudeReader, "00000000", "583920");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict, PinVerdict::kWrong);
  EXPECT_EQ(answer->tries_left, 1);
  EXPECT_EQ(Calls("login"), 1);
  EXPECT_EQ(Calls("init-pin"), 0);
}

TEST_F(UnblockTest, AnInterruptedSecondStepIsNotKnown) {
  path_ = rude_.Make("crash-in-init-pin");
  ModuleOptions options = OptionsFor({path_});
  options.so_pin_is_puk = {path_};
  const auto answer = Unblock(options, kRudeReader, "87654321", "583920");
  EXPECT_EQ(ReasonOf(answer.status()), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << answer.status();
  EXPECT_EQ(Calls("init-pin"), 1);
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
