// The card host on a smart-card service that behaves badly in every way cards, readers
// and other programs do. What counts is what was sent: the service's log says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using RudeTest = FakeServiceTest;

// --- What a session looks like ---

TEST_F(RudeTest, AVerifiedSessionIsOneTransactionThatEndsWithAReset) {
  StartWithCard();
  ASSERT_TRUE(Verify().ok());
  WaitUntilGivenBack();
  EXPECT_THAT(pcsc_->Log(),
              ElementsAre("connect", "begin", "00ca01064d",  // is it the card that is meant?
                          "00a40800063f003d00008000",        // tries left
                          kVerifyRight,                      //
                          "end reset", "disconnect leave"));
  EXPECT_EQ(pcsc_->OpenHandles(), 0);
}

TEST_F(RudeTest, ASessionWithoutAPinLeavesTheCardAsItIs) {
  StartWithCard();
  ASSERT_TRUE(harness_->Certificates(Name()).ok());
  WaitUntilGivenBack();
  EXPECT_THAT(pcsc_->Log(), Contains("end leave"));
  EXPECT_THAT(pcsc_->Log(), Not(Contains("end reset")));
}

TEST_F(RudeTest, AWrongPinEndsWithAResetToo) {
  StartWithCard();
  EXPECT_EQ(ReasonOf(Verify("9876")), v1::ERROR_REASON_WRONG_PIN);
  WaitUntilGivenBack();
  EXPECT_THAT(pcsc_->Log(), Contains("end reset"));
}

TEST_F(RudeTest, AResetThatFailsTakesThePowerAway) {
  StartWithCard();
  // Another program's reset, in the middle of our transaction, takes it from us.
  pcsc_->AtNext(kVerify, [&](const auto& pass, std::string& response) {
    response = pass();
    pcsc_->ResetByAnother(kReader);
    return SCARD_S_SUCCESS;
  });
  EXPECT_TRUE(Verify().ok());
  WaitUntilGivenBack();
  EXPECT_THAT(pcsc_->Log(), Contains("disconnect unpower"));
}

TEST_F(RudeTest, T0IsSpokenWhereTheCardSpeaksIt) {
  // The simulator is a T=1 card; in front of it stands what T=0 does to case 4.
  std::string held;
  pcsc_->Insert(
      kReader, card_->answer_to_reset(),
      [&](std::string_view apdu) -> std::string {
        const auto ins = static_cast<uint8_t>(apdu[1]);
        if (ins == 0xC0) return std::exchange(held, "");
        if (ins == kSelect) {
          held = *card_->Process(std::string(apdu) + '\0');
          if (held.size() == 2) return held;
          return Bytes("61") + static_cast<char>(held.size() - 2);
        }
        return *card_->Process(apdu);
      },
      [] {}, SCARD_PROTOCOL_T0);
  Start();
  ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  EXPECT_THAT(pcsc_->Sent(kVerify), ElementsAre(kVerifyRight));
}

// --- Other programs ---

TEST_F(RudeTest, ASharingViolationIsRetriedForAWhile) {
  StartWithCard();
  pcsc_->RefuseConnections(kReader, 3);
  EXPECT_TRUE(Verify().ok());
  const auto log = pcsc_->Log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "connect"), 4);
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(RudeTest, ASharingViolationThatStaysIsCardBusy) {
  StartWithCard(ShortTimes());
  pcsc_->HoldExclusively(kReader, true);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_BUSY);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  // Growing pauses: few questions.
  EXPECT_LE(pcsc_->Log().size(), 10U);
  pcsc_->HoldExclusively(kReader, false);
  EXPECT_TRUE(Verify().ok());
}

TEST_F(RudeTest, AForeignTransactionIsWaitedForNotLonger) {
  StartWithCard(ShortTimes());
  pcsc_->HoldTransaction(kReader, true);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_BUSY);
  EXPECT_THAT(pcsc_->Sent(kGetData), IsEmpty());
  // The other program is done: the call that was given up gets its turn and sends
  // nothing.
  pcsc_->HoldTransaction(kReader, false);
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  harness_.reset();
  while (pcsc_->OpenHandles() > 0) std::this_thread::yield();
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(RudeTest, CallsThatHangDoNotPileUp) {
  StartWithCard(ShortTimes());
  pcsc_->HoldTransaction(kReader, true);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_BUSY);
  EXPECT_LE(pcsc_->OpenHandles(), 2);
  pcsc_->HoldTransaction(kReader, false);
  while (pcsc_->OpenHandles() > 0) std::this_thread::yield();
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  absl::Status status;
  do {
    status = Verify();
  } while (ReasonOf(status) == v1::ERROR_REASON_CARD_BUSY);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(RudeTest, AResetBeforeTheSessionIsReconnectedFrom) {
  StartWithCard();
  pcsc_->AtNext(kGetData, [&](const auto&, std::string&) {
    pcsc_->ResetByAnother(kReader);
    return SCARD_W_RESET_CARD;
  });
  EXPECT_TRUE(Verify().ok());
  EXPECT_THAT(pcsc_->Log(), Contains("reconnect"));
  // Started over: the serial was asked again before the PIN went.
  EXPECT_THAT(pcsc_->Sent(kGetData), SizeIs(2));
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(RudeTest, AResetInTheMiddleOfReadingStartsOver) {
  StartWithCard();
  pcsc_->AtNext(
      kRead,
      [&](const auto&, std::string&) {
        pcsc_->ResetByAnother(kReader);
        return SCARD_W_RESET_CARD;
      },
      3);
  const auto certificates = harness_->Certificates(Name());
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  EXPECT_THAT(*certificates, SizeIs(3));
}

TEST_F(RudeTest, ResetsWithoutEndAreGivenUp) {
  StartWithCard();
  std::function<LONG(const FakePcsc::Pass&, std::string&)> rude = [&](const auto&, std::string&) {
    pcsc_->ResetByAnother(kReader);
    pcsc_->AtNext(kGetData, rude);
    return SCARD_W_RESET_CARD;
  };
  pcsc_->AtNext(kGetData, rude);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_RESET);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
}

TEST_F(RudeTest, APinIsNeverSentAgainAfterAReset) {
  StartWithCard();
  pcsc_->AtNext(kVerify, [&](const auto&, std::string&) {
    pcsc_->ResetByAnother(kReader);
    return SCARD_W_RESET_CARD;
  });
  EXPECT_EQ(ReasonOf(VerifyInJourney(1)), v1::ERROR_REASON_CARD_RESET);
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  // PC/SC says that instead of sending: no try was spent, and the step goes on.
  EXPECT_EQ(harness_->observer().ReportCount(1), 0);
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_TRUE(VerifyInJourney(1).ok());
}

TEST_F(RudeTest, AResetBetweenPinAndSignatureIsNotRepairedWithThePin) {
  StartWithCard();
  pcsc_->AtNext(kSign, [&](const auto&, std::string&) {
    pcsc_->ResetByAnother(kReader);
    return SCARD_W_RESET_CARD;
  });
  EXPECT_EQ(ReasonOf(TestSign()), v1::ERROR_REASON_CARD_RESET);
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  EXPECT_TRUE(TestSign().ok());
}

// --- Removal, silence, nonsense ---

TEST_F(RudeTest, RemovalAtEachCommandOfVerify) {
  struct Row {
    uint8_t instruction;
    int skip;
    v1::ErrorReason reason;
    std::size_t verifies;
  };
  const std::vector<Row> table = {
      {kGetData, 0, v1::ERROR_REASON_CARD_REMOVED, 0},
      {kSelect, 0, v1::ERROR_REASON_CARD_REMOVED, 0},
      {kVerify, 0, v1::ERROR_REASON_ATTEMPT_UNKNOWN, 1},
  };
  StartWithCard();
  for (const Row& row : table) {
    ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
    ASSERT_TRUE(harness_->PinState(Name()).ok());
    pcsc_->ClearLog();
    pcsc_->AtNext(
        row.instruction,
        [&](const auto&, std::string&) {
          pcsc_->Remove(kReader);
          return SCARD_W_REMOVED_CARD;
        },
        row.skip);
    EXPECT_EQ(ReasonOf(Verify()), row.reason) << int{row.instruction} << " " << row.skip;
    EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(row.verifies));
    EXPECT_TRUE(harness_->observer().WaitForSerial(""));
    Insert();
  }
}

TEST_F(RudeTest, EverythingThatMayHappenToAVerifyLeavesItUnknown) {
  StartWithCard();
  for (const LONG code : {SCARD_W_REMOVED_CARD, SCARD_E_NO_SMARTCARD, SCARD_E_READER_UNAVAILABLE,
                          SCARD_E_NOT_TRANSACTED, SCARD_F_COMM_ERROR, SCARD_E_NO_SERVICE,
                          SCARD_E_SERVICE_STOPPED, SCARD_F_INTERNAL_ERROR, SCARD_E_INVALID_HANDLE,
                          SCARD_W_UNPOWERED_CARD, SCARD_W_UNRESPONSIVE_CARD, SCARD_E_PROTO_MISMATCH,
                          SCARD_E_INSUFFICIENT_BUFFER, SCARD_E_TIMEOUT, SCARD_F_UNKNOWN_ERROR}) {
    pcsc_->ClearLog();
    pcsc_->AtNext(kVerify, [code](const auto&, std::string&) { return code; });
    EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << std::hex << code;
    EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1)) << std::hex << code;
  }
  pcsc_->ClearLog();
  pcsc_->AtNext(kChange, [](const auto&, std::string&) { return SCARD_E_NOT_TRANSACTED; });
  EXPECT_EQ(ReasonOf(Change()), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_THAT(pcsc_->Sent(kChange), SizeIs(1));
}

TEST_F(RudeTest, NonsenseInAnswerToAPin) {
  StartWithCard();
  const std::vector<std::pair<std::string, v1::ErrorReason>> table = {
      {"", v1::ERROR_REASON_ATTEMPT_UNKNOWN},     {"90", v1::ERROR_REASON_ATTEMPT_UNKNOWN},
      {"6F00", v1::ERROR_REASON_ATTEMPT_UNKNOWN}, {"6581", v1::ERROR_REASON_ATTEMPT_UNKNOWN},
      {"6C04", v1::ERROR_REASON_ATTEMPT_UNKNOWN}, {"6110", v1::ERROR_REASON_ATTEMPT_UNKNOWN},
      {"6D00", v1::ERROR_REASON_CARD_PROTOCOL},   {"6A88", v1::ERROR_REASON_CARD_PROTOCOL},
      {"6983", v1::ERROR_REASON_PIN_BLOCKED},     {"63C0", v1::ERROR_REASON_PIN_BLOCKED},
      {"6300", v1::ERROR_REASON_WRONG_PIN},       {"63C1", v1::ERROR_REASON_WRONG_PIN}};
  for (const auto& [answer, reason] : table) {
    pcsc_->ClearLog();
    pcsc_->AtNext(kVerify, [bytes = Bytes(answer)](const auto&, std::string& response) {
      response = bytes;
      return SCARD_S_SUCCESS;
    });
    EXPECT_EQ(ReasonOf(Verify()), reason) << answer;
    EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1)) << answer;
    EXPECT_THAT(pcsc_->Sent(0xC0), IsEmpty()) << answer;
  }
}

TEST_F(RudeTest, NonsenseInAnswerToReading) {
  StartWithCard();
  for (const char* answer : {"", "90", "6F00", "6981", "30829000", "6100"}) {
    pcsc_->AtNext(kRead, [bytes = Bytes(answer)](const auto&, std::string& response) {
      response = bytes;
      return SCARD_S_SUCCESS;
    });
    const auto certificates = harness_->Certificates(Name());
    // A broken certificate is left out, a broken exchange is said.
    EXPECT_TRUE(ReasonOf(certificates.status()) == v1::ERROR_REASON_CARD_PROTOCOL ||
                (certificates.ok() && certificates->size() == 2))
        << answer << " " << certificates.status();
  }
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
}

TEST_F(RudeTest, ATransmitThatFailsIsCheckedForRemoval) {
  StartWithCard();
  pcsc_->AtNext(kRead, [](const auto&, std::string&) { return SCARD_E_NOT_TRANSACTED; });
  EXPECT_EQ(ReasonOf(harness_->Certificates(Name()).status()), v1::ERROR_REASON_CARD_PROTOCOL);
  pcsc_->AtNext(kRead, [&](const auto&, std::string&) {
    pcsc_->Remove(kReader);
    return SCARD_E_NOT_TRANSACTED;
  });
  EXPECT_EQ(ReasonOf(harness_->Certificates(Name()).status()), v1::ERROR_REASON_CARD_REMOVED);
}

TEST_F(RudeTest, ACardThatFallsSilentInVerifyLeavesItUnknown) {
  StartWithCard(ShortTimes());
  pcsc_->AtNext(kVerify, [&](const auto& pass, std::string& response) {
    pcsc_->BlockHere();
    response = pass();
    return SCARD_S_SUCCESS;
  });
  EXPECT_EQ(ReasonOf(VerifyInJourney(1)), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  const auto report = harness_->observer().WaitForReport(1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_UNKNOWN);
  // The answer that comes too late changes nothing, and closes the card.
  pcsc_->Unblock();
  while (pcsc_->OpenHandles() > 0) std::this_thread::yield();
  EXPECT_FALSE(card_->pin_verified());
  EXPECT_EQ(harness_->observer().ReportCount(1), 1);
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  EXPECT_TRUE(Verify().ok());
}

TEST_F(RudeTest, ACardThatFallsSilentInReadingIsATimeout) {
  StartWithCard(ShortTimes());
  pcsc_->AtNext(kRead, [&](const auto&, std::string&) {
    pcsc_->BlockHere();
    return SCARD_E_NOT_TRANSACTED;
  });
  EXPECT_EQ(ReasonOf(harness_->Certificates(Name()).status()), v1::ERROR_REASON_CARD_TIMEOUT);
  pcsc_->Unblock();
  EXPECT_TRUE(Verify().ok());
}

TEST_F(RudeTest, AServiceThatHangsAfterVerifyHasSaidItAlready) {
  StartWithCard(ShortTimes());
  pcsc_->AtNext(kVerify, [&](const auto& pass, std::string& response) {
    response = pass();
    pcsc_->Freeze(true);
    return SCARD_S_SUCCESS;
  });
  // The card has not been given back, and the answer is there.
  EXPECT_TRUE(VerifyInJourney(1).ok());
  EXPECT_EQ(harness_->observer().WaitForReport(1)->outcome(), v1::STEP_OUTCOME_DONE);
  // Somebody else's turn comes after the reset only, however long that takes.
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_BUSY);
  pcsc_->Freeze(false);
  EXPECT_TRUE(pcsc_->WaitUntilAtRest());
  EXPECT_FALSE(card_->pin_verified());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  EXPECT_EQ(harness_->observer().ReportCount(1), 1);
}

TEST_F(RudeTest, ASignatureThatDoesNotFit) {
  StartWithCard();
  pcsc_->AtNext(
      kSign,
      [](const auto& pass, std::string& response) {
        response = pass();
        response[0] = static_cast<char>(response[0] ^ 1);
        return SCARD_S_SUCCESS;
      },
      1);
  EXPECT_EQ(ReasonOf(TestSign()), v1::ERROR_REASON_SIGNATURE_INVALID);
}

TEST_F(RudeTest, WithoutAQualifiedCertificateNothingIsSent) {
  StartWithCard();
  // Every certificate file reads as filling.
  std::function<LONG(const FakePcsc::Pass&, std::string&)> rude = [&](const auto&,
                                                                      std::string& response) {
    response = std::string(64, '\0') + Bytes("9000");
    pcsc_->AtNext(kRead, rude);
    return SCARD_S_SUCCESS;
  };
  pcsc_->AtNext(kRead, rude);
  harness_->host().RunStep(Directive(1, v1::STEP_KIND_TEST_SIGNATURE, {card_->options().serial}));
  v1::TestSignRequest request;
  request.set_name(Name());
  request.set_pin("1234");
  request.set_journey(kJourney);
  EXPECT_EQ(ReasonOf(harness_->TestSign(request)), v1::ERROR_REASON_CERTIFICATE_NOT_FOUND);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  const auto report = harness_->observer().WaitForReport(1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_STOPPED);
  EXPECT_EQ(report->reason(), v1::ERROR_REASON_CERTIFICATE_NOT_FOUND);
}

// --- The service ---

TEST_F(RudeTest, TheServiceDiesAndReturns) {
  StartWithCard();
  pcsc_->StopService();
  EXPECT_TRUE(harness_->observer().WaitForSerial(""));
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  EXPECT_EQ(ReasonOf(harness_->Readers().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  pcsc_->StartService();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_TRUE(Verify().ok());
}

TEST_F(RudeTest, TheServiceIsNotThereYet) {
  pcsc_->StopService();
  Start();
  EXPECT_EQ(ReasonOf(harness_->Cards().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  Insert();
  pcsc_->StartService();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
}

TEST_F(RudeTest, TheServiceDiesInTheMiddleOfVerify) {
  StartWithCard();
  pcsc_->AtNext(kVerify, [&](const auto&, std::string&) {
    pcsc_->StopService();
    return SCARD_E_NO_SERVICE;
  });
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  pcsc_->StartService();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(RudeTest, AServiceThatRestartedUnnoticedGetsANewContext) {
  StartWithCard();
  pcsc_->AtNext(kRead, [&](const auto&, std::string&) {
    pcsc_->StopService();
    pcsc_->StartService();
    return SCARD_E_SERVICE_STOPPED;
  });
  EXPECT_FALSE(harness_->Certificates(Name()).ok());
  absl::Status status;
  do {
    status = Verify();
  } while (ReasonOf(status) == v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED ||
           ReasonOf(status) == v1::ERROR_REASON_NO_READER);
  EXPECT_TRUE(status.ok()) << status;
}

// --- Readers ---

TEST_F(RudeTest, NothingIsPolled) {
  StartWithCard();
  const int waits = pcsc_->Waits();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(pcsc_->Waits(), waits);
  EXPECT_THAT(pcsc_->Log(), IsEmpty());
}

TEST_F(RudeTest, AReaderThatIsListedAndDisownedIsNotAskedForWithoutAPause) {
  pcsc_->Disown(kReader, true);
  Insert();
  Start();
  // The list is taken anew: it may have been a reader that went just then.
  while (pcsc_->Waits() < 2) std::this_thread::yield();
  const int waits = pcsc_->Waits();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // Without a pause it would be thousands.
  constexpr int kFew = 10;
  EXPECT_LE(pcsc_->Waits() - waits, kFew);
  pcsc_->Disown(kReader, false);
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
}

TEST_F(RudeTest, ReadersComeAndGo) {
  Start();
  EXPECT_THAT(harness_->Readers().value(), SizeIs(1));
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_NO_CARD);
  pcsc_->RemoveReader(kReader);
  absl::StatusOr<std::vector<v1::Reader>> readers;
  do {
    readers = harness_->Readers();
  } while (readers.ok() && !readers->empty());
  ASSERT_TRUE(readers.ok());
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_NO_READER);
  EXPECT_THAT(harness_->Cards().value(), IsEmpty());
  pcsc_->AddReader(kReader);
  Insert();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_TRUE(Verify().ok());
}

TEST_F(RudeTest, NamesOfReadersStayApart) {
  pcsc_->AddReader("ACME  Reader (00) 00");
  pcsc_->AddReader("\xFF\xFE");
  Start();
  const auto readers = harness_->Readers().value();
  ASSERT_THAT(readers, SizeIs(3));
  EXPECT_EQ(readers[0].name(), "readers/acme-reader-00-00");
  EXPECT_EQ(readers[1].name(), "readers/acme-reader-00-00-2");
  EXPECT_EQ(readers[2].name(), "readers/reader");
  EXPECT_EQ(readers[2].display_name(), "??");
}

TEST_F(RudeTest, ACardThatCouldNotBeAskedIsAskedAgain) {
  pcsc_->HoldTransaction(kReader, true);
  Insert();
  Start(ShortTimes());
  absl::StatusOr<std::vector<v1::Reader>> readers;
  do {
    readers = harness_->Readers();
    ASSERT_TRUE(readers.ok());
  } while (readers->front().state() != v1::READER_STATE_IN_USE_EXCLUSIVELY);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_BUSY);
  pcsc_->HoldTransaction(kReader, false);
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
}

TEST_F(RudeTest, AMuteCardIsSaid) {
  pcsc_->InsertMute(kReader);
  Start();
  EXPECT_EQ(harness_->Readers()->front().state(), v1::READER_STATE_CARD_MUTE);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_CARD_MUTE);
  Insert();
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
}

TEST_F(RudeTest, AnUnknownCardIsOnlyAskedWhatItIs) {
  pcsc_->Insert(kReader, Bytes("3B6E000080318066B1840C016E0183009000"),
                [](auto) { return Bytes("9000"); });
  Start();
  const auto cards = harness_->Cards().value();
  ASSERT_THAT(cards, SizeIs(1));
  EXPECT_EQ(cards[0].family(), v1::CARD_FAMILY_UNKNOWN);
  EXPECT_EQ(cards[0].name(), "cards/in-acme-reader-00-00");
  v1::VerifyPinRequest request;
  request.set_name(cards[0].name());
  request.set_pin("1234");
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_CARD_UNSUPPORTED);
  EXPECT_EQ(ReasonOf(harness_->PinState(cards[0].name()).status()),
            v1::ERROR_REASON_CARD_UNSUPPORTED);
  // Whether it has a PKCS#15 application: nothing else.
  for (const std::string& command : pcsc_->Log()) {
    if (command[0] != '0') continue;
    EXPECT_THAT(command.substr(0, 4), AnyOf("00a4", "00b0")) << command;
  }
}

TEST_F(RudeTest, ACardExchangedUnnoticedGetsNoPin) {
  StartWithCard();
  const std::string first = Name();
  const auto second = MakeCard({.serial = "87211470000000000001"});
  // The reader did not notice: the same stay, another card.
  pcsc_->AtNext(kGetData, [&](const auto&, std::string& response) {
    card_ = MakeCard({.serial = "87211470000000000001"});
    response = *card_->Process(Bytes("00CA01064D"));
    return SCARD_S_SUCCESS;
  });
  v1::VerifyPinRequest request = VerifyRequest();
  request.set_name(first);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_CARD_NOT_FOUND);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  // And it is asked who it is.
  EXPECT_TRUE(harness_->observer().WaitForSerial("87211470000000000001"));
}

}  // namespace
}  // namespace ilkimza::agent
