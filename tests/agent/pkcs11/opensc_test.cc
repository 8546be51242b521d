// OpenSC's module, which nobody here wrote, on a real smart-card service with the
// practice card in a virtual reader. The card says that it is an AKİS of a version that
// no family of our own knows, so that a module has to speak for it. Run by
// tests/support/isolated.
#include "tests/sandbox/card/opensc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "agent/card/pkcs11_card.h"
#include "base/error.h"
#include "tests/agent/card/harness.h"
#include "tests/agent/pkcs11/rude_modules.h"
#include "tests/sandbox/card/pcsc.h"

namespace ilkimza::agent::pkcs11 {
namespace {

using sandbox::kVerify;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kOpenSc[] = "/usr/lib/" ILKIMZA_LIBRARY_ARCHITECTURE "/opensc-pkcs11.so";
constexpr char kSerial[] = "12345678901234567890";
constexpr std::chrono::seconds kPatience(20);

class OpenScModuleTest : public ::testing::Test {
 protected:
  // `more`: of OpenSC's configuration.
  explicit OpenScModuleTest(const std::string& more = "", ModuleTimeouts timeouts = {}) {
    testing::WriteFile(folder_ / "opensc.conf", sandbox::OpenscConfiguration("1999") + more);
    setenv("OPENSC_CONF", (folder_ / "opensc.conf").c_str(), 1);
    modules_ = std::make_shared<Modules>(OptionsFor({kOpenSc}, timeouts));
    CardHostOptions options;
    options.families = Pkcs11Families(modules_);
    harness_ = std::make_unique<Harness>(nullptr, std::move(options));
  }
  ~OpenScModuleTest() override { unsetenv("OPENSC_CONF"); }

  void SetUp() override {
    card_ = sandbox::MakeCard({.serial = kSerial, .version = "1999"});
    reader_ = std::make_unique<sandbox::PcscReader>();
    ASSERT_TRUE(reader_->WaitUntilGone());
    ASSERT_TRUE(card_->Insert("localhost", 35963).ok());
    seen_ = harness_->WaitForCard();
  }
  void TearDown() override { card_->Remove(); }

  absl::Status Verify(const std::string& pin, bool last_try = false,
                      v1::VerifyPinResponse* response = nullptr) {
    return harness_->Verify(seen_.name(), pin, last_try, response);
  }

  // Whether the card is closed within some seconds.
  [[nodiscard]] bool WaitUntilClosed() const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (card_->pin_verified() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return !card_->pin_verified();
  }

  testing::TempDir folder_;
  // Of this test alone: contexts do not outlive their service.
  std::unique_ptr<sandbox::PcscReader> reader_;
  std::shared_ptr<Modules> modules_;
  std::unique_ptr<Harness> harness_;
  std::unique_ptr<sandbox::CardSimulator> card_;
  v1::Card seen_;
};

TEST_F(OpenScModuleTest, SpeaksForACardOfAnUnknownVersion) {
  EXPECT_EQ(seen_.family(), v1::CARD_FAMILY_PKCS11);
  EXPECT_EQ(seen_.module(), "opensc-pkcs11.so");
  EXPECT_THAT(seen_.label(), HasSubstr("AKIS"));
  // PKCS#11 has room for sixteen characters: the last ones, with the filling.
  EXPECT_EQ(seen_.serial(), "901234567890ffff");
  EXPECT_THAT(seen_.operations(), Not(Contains(v1::CARD_OPERATION_UNBLOCK_PIN)));
  EXPECT_THAT(modules_->Statuses().front().description, HasSubstr("OpenSC"));

  const auto certificates = harness_->Certificates(seen_.name());
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  ASSERT_THAT(*certificates, SizeIs(3));
  // Those with a key come first.
  EXPECT_TRUE(certificates->at(0).has_private_key());
  EXPECT_TRUE(certificates->at(1).has_private_key());
  EXPECT_FALSE(certificates->at(2).has_private_key());
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
}

TEST_F(OpenScModuleTest, VerifiesOnceAndLeavesTheCardClosed) {
  v1::VerifyPinResponse response;
  const absl::Status status = Verify("1234", false, &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(OpenScModuleTest, AWrongPinIsSentOnce) {
  EXPECT_EQ(ReasonOf(Verify("9876")), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(card_->tries_left().pin, 2);
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(OpenScModuleTest, ChangesThePin) {
  v1::ChangePinRequest request;
  request.set_name(seen_.name());
  request.set_old_pin("1234");
  request.set_new_pin("295174");
  const absl::Status status = harness_->Change(request);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(card_->pin(), "295174");
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(OpenScModuleTest, MakesATestSignature) {
  v1::TestSignRequest request;
  request.set_name(seen_.name());
  request.set_pin("1234");
  v1::TestSignResponse response;
  const absl::Status status = harness_->TestSign(request, &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(response.certificate().qualified());
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(OpenScModuleTest, ACardThatDiesWithThePinIsNotTriedAgain) {
  card_->DieAfter(kVerify);
  const absl::Status status = Verify("1234");
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << status;
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
}

TEST_F(OpenScModuleTest, TheServiceEndsAndComesBack) {
  ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
  while (harness_->Cards().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(std::system("pcscd-ctl start"), 0);
  seen_ = harness_->WaitForCard();
  const absl::Status status = Verify("1234");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  // A service that found a card at its start counts otherwise: the next test gets a new
  // one.
  card_->Remove();
  EXPECT_EQ(std::system("pcscd-ctl stop && pcscd-ctl start"), 0);
}

// Another program of the same person, connected all the while.
class ThiefTest : public OpenScModuleTest {
 protected:
  using OpenScModuleTest::OpenScModuleTest;
  void SetUp() override {
    OpenScModuleTest::SetUp();
    thief_ = std::make_unique<sandbox::PcscReader>();
    ASSERT_EQ(thief_->Connect(), SCARD_S_SUCCESS);
  }
  void TearDown() override {
    thief_->Disconnect(SCARD_LEAVE_CARD);
    OpenScModuleTest::TearDown();
  }
  // Whether it gets a signature of the card, without a PIN.
  bool Signs() {
    const std::string set = thief_->Send("0022C301");
    const std::string signature = thief_->Send("002A9E9A047465787400");
    return set == "9000" && signature.size() > 4 && signature.ends_with("9000");
  }

  std::unique_ptr<sandbox::PcscReader> thief_;
};

TEST_F(ThiefTest, AnotherProgramCannotUseTheVerifiedPin) {
  EXPECT_TRUE(Verify("1234").ok());
  // It is told that the card was reset.
  EXPECT_EQ(thief_->Send("0022C301"), "error 80100068");
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(ThiefTest, AProgramThatIsKilledWithThePinInItsModuleLeavesTheCardClosed) {
  testing::Process::Options options{.command = {ILKIMZA_PKCS11_HOLDER, kOpenSc}};
  testing::Process holder(options);
  ASSERT_TRUE(holder.WriteLine("1234"));
  ASSERT_EQ(holder.ReadLine(kPatience), "logged in");
  // This is what it is about.
  EXPECT_TRUE(Signs());
  holder.Kill();
  EXPECT_TRUE(WaitUntilClosed());
  EXPECT_FALSE(Signs());
}

// The module is killed with the PIN on its way, and the card takes it after that.
class HangingCardTest : public ThiefTest {
 protected:
  HangingCardTest() : ThiefTest("", ShortTimeouts()) {}
};

TEST_F(HangingCardTest, ACardThatAnswersTooLateIsClosedAllTheSame) {
  card_->Stall(kVerify);
  std::thread resume([&] {
    while (modules_->Statuses().front().state != ModuleStatus::State::kFailed) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    card_->Resume();
  });
  const absl::Status status = Verify("1234");
  resume.join();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << status;
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_TRUE(WaitUntilClosed());
  EXPECT_FALSE(Signs());
}

// OpenSC then keeps its transaction from C_Login to C_Logout.
class LockingModuleTest : public ThiefTest {
 protected:
  LockingModuleTest()
      : ThiefTest("app opensc-pkcs11 {\n  pkcs11 {\n    lock_login = true;\n  }\n}\n") {}
};

TEST_F(LockingModuleTest, AModuleThatKeepsTheCardIsWaitedFor) {
  const absl::Status status = Verify("1234");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_FALSE(card_->pin_verified());
  EXPECT_EQ(thief_->Send("0022C301"), "error 80100068");
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
