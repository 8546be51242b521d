// Life in the field, on the scripted service: a service that is missing, refuses, hangs
// or sleeps, and a blow at each single command of each operation. What counts is what
// was sent to the card: the service's log says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FieldTest : public FakeServiceTest {
 protected:
  ~FieldTest() override {
    harness_.reset();
    pcsc_->Freeze(false);
    pcsc_->Unblock();
  }
  absl::Status PinState() { return harness_->PinState(Name()).status(); }
  absl::Status Certificates() { return harness_->Certificates(Name()).status(); }
};

// --- The service ---

TEST_F(FieldTest, AServiceThatIsNotInstalledIsSaidAndWaitedFor) {
  pcsc_->StopService();
  pcsc_->SetAbsence(ServiceAbsence::kMissing);
  Insert();
  Start();
  EXPECT_EQ(ReasonOf(harness_->Cards().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING);
  pcsc_->StartService();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_TRUE(Verify().ok());
}

TEST_F(FieldTest, AServiceThatRefusesThisPersonIsSaidAndAskedAgain) {
  pcsc_->SetAbsence(ServiceAbsence::kNotPermitted);
  Insert();
  Start();
  EXPECT_EQ(ReasonOf(harness_->Readers().status()), v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  // The administrator has mended the rule: nothing is to be started anew.
  pcsc_->SetAbsence(ServiceAbsence::kStopped);
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
}

TEST_F(FieldTest, CardsThatMayNotBeUsedAreSaidAndAskedAgain) {
  pcsc_->RefuseCards(true);
  Insert();
  Start();
  EXPECT_THAT(harness_->Readers().value(), SizeIs(1));
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  pcsc_->RefuseCards(false);
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  WaitUntilGivenBack();
  // A right taken away later: the card is known, and refused.
  pcsc_->RefuseCards(true);
  pcsc_->ClearLog();
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  // Once more, since a service that ends says the same; not more often.
  EXPECT_THAT(pcsc_->Log(), SizeIs(2));
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  pcsc_->RefuseCards(false);
  EXPECT_TRUE(Verify().ok());
}

TEST_F(FieldTest, TheFilesOfThisMachineTellWhyThereIsNoService) {
  const testing::TempDir folder;
  const std::string socket = folder / "pcscd.comm";
  const std::string program = folder / "pcscd";
  EXPECT_EQ(JudgeAbsence(socket, {program}), ServiceAbsence::kMissing);
  testing::WriteFile(program, "");
  EXPECT_EQ(JudgeAbsence(socket, {folder / "elsewhere", program}), ServiceAbsence::kStopped);
  testing::WriteFile(socket, "");
  EXPECT_EQ(JudgeAbsence(socket, {}), ServiceAbsence::kStopped);
}

TEST_F(FieldTest, AServiceThatHangsHoldsNobodyUpAndRunsOn) {
  StartWithCard(ShortTimes());
  pcsc_->Freeze(true);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_BUSY);
  pcsc_->Freeze(false);
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(FieldTest, TheAgentEndsWhileTheServiceHangs) {
  StartWithCard(ShortTimes());
  pcsc_->Freeze(true);
  harness_.reset();
  // What was left behind lets go once it can.
  pcsc_->Freeze(false);
  while (pcsc_->OpenContexts() > 0) std::this_thread::yield();
  EXPECT_EQ(pcsc_->OpenHandles(), 0);
}

TEST_F(FieldTest, AServiceThatHangsFromTheStartIsSaid) {
  pcsc_->Freeze(true);
  Insert();
  Start(ShortTimes());
  EXPECT_EQ(ReasonOf(harness_->Cards().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  pcsc_->Freeze(false);
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
}

// --- Sleep ---

TEST_F(FieldTest, ACardIsUsableAfterSleep) {
  StartWithCard();
  pcsc_->SleepAndResume();
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(FieldTest, SleepInTheMiddleOfReadingIsSaid) {
  StartWithCard();
  pcsc_->AtNext(kRead, [&](const auto&, std::string&) {
    pcsc_->SleepAndResume();
    return SCARD_W_REMOVED_CARD;
  });
  EXPECT_EQ(ReasonOf(Certificates()), v1::ERROR_REASON_CARD_REMOVED);
  EXPECT_TRUE(Certificates().ok());
}

TEST_F(FieldTest, SleepInTheMiddleOfVerifyLeavesItUnknown) {
  StartWithCard();
  pcsc_->AtNext(kVerify, [&](const auto& pass, std::string&) {
    pass();
    pcsc_->SleepAndResume();
    return SCARD_W_REMOVED_CARD;
  });
  EXPECT_EQ(ReasonOf(VerifyInJourney(1)), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(harness_->observer().WaitForReport(1)->outcome(), v1::STEP_OUTCOME_UNKNOWN);
  EXPECT_TRUE(PinState().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  WaitUntilGivenBack();
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(FieldTest, SleepThatEndsTheServiceAsWell) {
  StartWithCard();
  pcsc_->StopService();
  pcsc_->SleepAndResume();
  EXPECT_TRUE(harness_->observer().WaitForSerial(""));
  pcsc_->StartService();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

// --- A blow at each command of each operation ---

enum class Blow { kRemoval, kRemovalAfter, kReset, kServiceDeath, kReaderPulled };

struct Operation {
  const char* name;
  std::function<absl::Status()> run;
  // The instruction that may spend a try; 0 for none.
  uint8_t attempt = 0;
};

class BlowTest : public FieldTest {
 protected:
  BlowTest() { keep_connection_ = true; }

  std::vector<Operation> Operations() {
    return {{"pin state", [this] { return PinState(); }},
            {"certificates", [this] { return Certificates(); }},
            {"verify", [this] { return Verify(); }, kVerify},
            {"change", [this] { return Change(); }, kChange},
            {"test signature", [this] { return TestSign(); }, kVerify}};
  }

  // A stay of its own for each run, so that nothing is known from the one before.
  void InsertAfresh() {
    pcsc_->Remove(kReader);
    ASSERT_TRUE(harness_->observer().WaitForSerial(""));
    ASSERT_TRUE(card_->SetPin("1234").ok());
    ASSERT_TRUE(card_->SetPinTriesLeft(3).ok());
    Insert();
    ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
    pcsc_->ClearLog();
  }

  LONG Strike(Blow blow, const FakePcsc::Pass& pass) {
    switch (blow) {
      case Blow::kRemovalAfter:
        pass();
        [[fallthrough]];
      case Blow::kRemoval:
        pcsc_->Remove(kReader);
        return SCARD_W_REMOVED_CARD;
      case Blow::kReset:
        pcsc_->ResetByAnother(kReader);
        return SCARD_W_RESET_CARD;
      case Blow::kServiceDeath:
        pcsc_->StopService();
        return SCARD_W_SECURITY_VIOLATION;
      case Blow::kReaderPulled:
        pcsc_->RemoveReader(kReader);
        return SCARD_E_READER_UNAVAILABLE;
    }
    return SCARD_F_UNKNOWN_ERROR;
  }

  void Mend(Blow blow) {
    if (blow == Blow::kServiceDeath) {
      EXPECT_TRUE(harness_->observer().WaitForSerial(""));
      pcsc_->StartService();
    }
    if (blow == Blow::kReaderPulled) {
      EXPECT_TRUE(harness_->observer().WaitForSerial(""));
      pcsc_->AddReader(kReader);
    }
  }

  // What a lost command is called where no PIN was in it.
  static v1::ErrorReason Plain(Blow blow) {
    switch (blow) {
      case Blow::kReset:
        return v1::ERROR_REASON_CARD_RESET;
      case Blow::kServiceDeath:
        return v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED;
      default:
        return v1::ERROR_REASON_CARD_REMOVED;
    }
  }

  // True where the operation has a command of that number.
  bool StrikeAt(const Operation& operation, Blow blow, int index) {
    InsertAfresh();
    std::string struck;
    std::size_t attempts_before = 0;
    pcsc_->AtCommand(index, [&](const FakePcsc::Pass& pass, std::string&) {
      struck = pcsc_->Log().back();
      attempts_before = operation.attempt != 0 ? pcsc_->Sent(operation.attempt).size() : 0;
      return Strike(blow, pass);
    });
    const absl::Status status = operation.run();
    if (pcsc_->Armed()) {
      pcsc_->AtCommand(-1, nullptr);
      EXPECT_TRUE(status.ok()) << operation.name << " " << status;
      return false;
    }
    Judge(operation, blow, struck, attempts_before, status);
    Mend(blow);
    return true;
  }

  void Judge(const Operation& operation, Blow blow, const std::string& struck,
             std::size_t attempts_before, const absl::Status& status) {
    SCOPED_TRACE(std::string(operation.name) + ", blow " + std::to_string(static_cast<int>(blow)) +
                 " at " + struck);
    const std::size_t sent = operation.attempt != 0 ? pcsc_->Sent(operation.attempt).size() : 0;
    const bool at_attempt = operation.attempt != 0 &&
                            struck.substr(2, 2) == (operation.attempt == kVerify ? "20" : "24");
    const bool recovers = blow == Blow::kReset;
    if (at_attempt) {
      // Sent once; PC/SC says "reset" instead of sending.
      EXPECT_EQ(sent, 1);
      EXPECT_EQ(ReasonOf(status),
                recovers ? v1::ERROR_REASON_CARD_RESET : v1::ERROR_REASON_ATTEMPT_UNKNOWN);
    } else if (attempts_before > 0) {
      // The card has said that the PIN is right, and it is not sent again.
      EXPECT_EQ(sent, 1);
      EXPECT_TRUE(status.ok() || ReasonOf(status) == Plain(blow)) << status;
    } else {
      EXPECT_EQ(ReasonOf(status), recovers ? v1::ERROR_REASON_UNSPECIFIED : Plain(blow)) << status;
      EXPECT_EQ(sent, recovers && operation.attempt != 0 ? 1 : 0);
    }
    WaitUntilGivenBack();
    EXPECT_FALSE(card_->pin_verified());
  }

  void StrikeEverywhere(Blow blow) {
    StartWithCard();
    for (const Operation& operation : Operations()) {
      int index = 0;
      while (StrikeAt(operation, blow, index) && !HasFatalFailure()) ++index;
      // As many commands as the operation has at the least.
      EXPECT_GE(index, 3) << operation.name;
    }
    harness_.reset();
    EXPECT_EQ(pcsc_->OpenHandles(), 0);
  }
};

TEST_F(BlowTest, RemovalAtEachCommand) { StrikeEverywhere(Blow::kRemoval); }
TEST_F(BlowTest, RemovalAfterEachCommandBeforeItsAnswer) { StrikeEverywhere(Blow::kRemovalAfter); }
TEST_F(BlowTest, ResetAtEachCommand) { StrikeEverywhere(Blow::kReset); }
TEST_F(BlowTest, DeathOfTheServiceAtEachCommand) { StrikeEverywhere(Blow::kServiceDeath); }
TEST_F(BlowTest, TheReaderPulledAtEachCommand) { StrikeEverywhere(Blow::kReaderPulled); }

TEST_F(BlowTest, ABlowWhileTheCardIsAskedWhoItIs) {
  Start();
  for (const Blow blow : {Blow::kReset, Blow::kRemoval, Blow::kServiceDeath}) {
    for (int index = 0; index < 20; ++index) {
      pcsc_->AtCommand(index, [&](const FakePcsc::Pass& pass, std::string&) {
        const LONG code = Strike(blow, pass);
        // And at once it is there again.
        if (blow == Blow::kRemoval) Insert();
        if (blow == Blow::kServiceDeath) pcsc_->StartService();
        return code;
      });
      Insert();
      ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial)) << index;
      EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
      const bool met = !pcsc_->Armed();
      pcsc_->AtCommand(-1, nullptr);
      pcsc_->Remove(kReader);
      ASSERT_TRUE(harness_->observer().WaitForSerial(""));
      if (!met) break;
    }
  }
}

TEST_F(BlowTest, NonsenseAtEachCommandOfEachOperation) {
  StartWithCard();
  for (const std::string& nonsense :
       {std::string(), Bytes("90"), Bytes("6F00"), Bytes("FFFF"), Bytes("61FF"), Bytes("6C00"),
        std::string(4096, '\xFF'), std::string(300, '\0') + Bytes("9000")}) {
    for (const Operation& operation : Operations()) {
      for (int index = 0;; ++index) {
        InsertAfresh();
        pcsc_->AtCommand(index, [&](const FakePcsc::Pass&, std::string& response) {
          response = nonsense;
          return SCARD_S_SUCCESS;
        });
        const absl::Status status = operation.run();
        EXPECT_TRUE(status.ok() || ReasonOf(status) != v1::ERROR_REASON_UNSPECIFIED)
            << operation.name << " " << index << " " << status;
        if (operation.attempt != 0) {
          EXPECT_LE(pcsc_->Sent(operation.attempt).size(), 1U) << operation.name << " " << index;
        }
        if (pcsc_->Armed()) break;
      }
      pcsc_->AtCommand(-1, nullptr);
    }
  }
}

// --- Cards that count differently ---

TEST_F(FieldTest, ACardThatReadsOutOneByteAtATime) {
  pcsc_->Insert(
      kReader, card_->answer_to_reset(),
      [&](std::string_view apdu) {
        std::string answer = card_->Process(apdu).value_or("");
        const bool read = static_cast<uint8_t>(apdu[1]) == kRead;
        if (read && answer.size() > 3) answer = answer.substr(0, 1) + Bytes("9000");
        return answer;
      },
      [&] { card_->Reset(); });
  Start();
  ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  EXPECT_TRUE(Verify().ok());
}

TEST_F(FieldTest, ACardThatAnswersMoreThanItWasAsked) {
  pcsc_->Insert(
      kReader, card_->answer_to_reset(),
      [&](std::string_view apdu) {
        std::string answer = card_->Process(apdu).value_or("");
        const bool read = static_cast<uint8_t>(apdu[1]) == kRead;
        if (read && answer.size() > 2) answer.insert(answer.size() - 2, 10, '\x5A');
        return answer;
      },
      [&] { card_->Reset(); });
  Start();
  ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
}

TEST_F(FieldTest, EmptyReadersBeforeTheRealOne) {
  pcsc_->RemoveReader(kReader);
  for (int i = 0; i < 15; ++i) pcsc_->AddReader("Windows Hello for Business " + std::to_string(i));
  pcsc_->AddReader(kReader);
  StartWithCard();
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(harness_->Readers().value(), SizeIs(16));
}

}  // namespace
}  // namespace ilkimza::agent
