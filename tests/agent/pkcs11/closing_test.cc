// What the agent does beside a module, so that nobody finds the card open and nobody waits
// for the smart-card service without end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "tests/agent/pkcs11/family_fixture.h"
#include "tests/agent/pkcs11/softhsm.h"

namespace ilkimza::agent::pkcs11 {
namespace {

using ::testing::Contains;
using ::testing::Not;

class ClosingTest : public FamilyTest {
 protected:
  // Whether a card is reset within some seconds.
  bool WaitUntilReset() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (::testing::Value(pcsc_->Log(), Not(Contains("end reset")))) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
};

TEST_F(ClosingTest, TheResetWaitsForTheTransactionOfAnother) {
  StartRude("good");
  pcsc_->HoldTransaction(kRudeReader, true);
  absl::Status status;
  std::thread verify([&] { status = Verify("1234"); });
  EXPECT_TRUE(pcsc_->WaitUntilBlocked());
  EXPECT_EQ(Calls("login"), 1);
  EXPECT_THAT(pcsc_->Log(), Not(Contains("end reset")));
  pcsc_->HoldTransaction(kRudeReader, false);
  verify.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(pcsc_->Log(), Contains("end reset"));
  EXPECT_EQ(pcsc_->OpenHandles(), 0);
}

// Who keeps the card for longer than anybody waits delays the reset, and changes no verdict.
TEST_F(ClosingTest, TheResetComesAfterAJobThatWasEnded) {
  host_options_.busy_timeout = absl::Milliseconds(200);
  const SoftHsm token;
  const std::string reader = token.SlotDescription();
  Start(OptionsFor({kSoftHsm}), reader);
  pcsc_->HoldTransaction(reader, true);
  v1::TestSignRequest request;
  request.set_name(card_.name());
  request.set_pin(SoftHsm::kPin);
  const absl::Status status = harness_->TestSign(request);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(pcsc_->Log(), Not(Contains("end reset")));
  pcsc_->HoldTransaction(reader, false);
  EXPECT_TRUE(WaitUntilReset());
}

// It has the card for itself until its process has gone.
TEST_F(ClosingTest, TheResetWaitsForAModuleThatSharesWithNobody) {
  StartRude("good");
  pcsc_->RefuseConnections(kRudeReader, 3);
  EXPECT_TRUE(Verify("1234").ok());
  EXPECT_THAT(pcsc_->Log(), Contains("end reset"));
}

TEST_F(ClosingTest, AnAttemptThatTheLastRunDidNotSeeTheEndOfClosesItsCard) {
  StartRude("good");
  EXPECT_TRUE(Verify("1234").ok());
  pcsc_->ClearLog();
  harness_->Restart();
  card_ = harness_->WaitForCard();
  EXPECT_TRUE(pcsc_->WaitUntilAtRest());
  EXPECT_THAT(pcsc_->Log(), Not(Contains("end reset")));
  harness_->Restart([&] {
    const std::string journal = harness_->journal();
    const std::string lines = testing::ReadFile(journal);
    testing::WriteFile(journal, lines.substr(0, lines.find('\n') + 1));
  });
  card_ = harness_->WaitForCard();
  EXPECT_TRUE(WaitUntilReset());
  // Once; and the module's process has not lived through it.
  EXPECT_TRUE(harness_->PinState(card_.name()).ok());
  EXPECT_THAT(pcsc_->Log(), Contains("end reset").Times(1));
}

TEST_F(ClosingTest, ATestSignatureThatNeverEndedClosesItsCard) {
  StartWithKey("crash-in-sign");
  v1::TestSignRequest request;
  request.set_name(card_.name());
  request.set_pin("1234");
  EXPECT_EQ(ReasonOf(harness_->TestSign(request)), v1::ERROR_REASON_MODULE_FAILED);
  pcsc_->ClearLog();
  harness_->Restart();
  card_ = harness_->WaitForCard();
  EXPECT_TRUE(WaitUntilReset());
}

// Asking for the readers is under the watchdog as all else is.
TEST_F(ClosingTest, AServiceThatFreezesWhileItIsAskedForTheReadersHoldsNobody) {
  const std::string reader = "A reader that the module calls otherwise";
  pcsc_->AddReader(reader);
  pcsc_->Insert(reader, kAtr, [](std::string_view) { return std::string("\x6D\x00", 2); });
  modules_ = std::make_shared<Modules>(OptionsFor({rude_.Make("good")}));
  const auto family = Pkcs11Families(modules_).front();
  CardWorkers workers(pcsc_, std::make_shared<Timer>(), {.command = absl::Milliseconds(300)});
  pcsc_->Freeze(true);
  std::promise<absl::Status> answer;
  auto answered = answer.get_future();
  workers.Run<bool>(
      reader,
      [&](CardEnvironment& environment) -> absl::StatusOr<bool> {
        ILKIMZA_RETURN_IF_ERROR(family->Use(environment,
                                            {.reader = reader, .atr = kAtr, .insertion = 1},
                                            [](Card&) { return absl::OkStatus(); }));
        return true;
      },
      [&](const absl::StatusOr<bool>& result) { answer.set_value(result.status()); });
  EXPECT_EQ(answered.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  pcsc_->Freeze(false);
  EXPECT_EQ(ReasonOf(answered.get()), v1::ERROR_REASON_CARD_TIMEOUT);
  workers.Shutdown();
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
