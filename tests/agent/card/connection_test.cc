// A connection that is kept from one use of the card to the next: what it saves, that it
// gives way to other programs, and that whatever happens to it while it rests is found
// out before anything is sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kSerialAsked[] = "00ca01064d";

class ConnectionTest : public FakeServiceTest {
 protected:
  ConnectionTest() { keep_connection_ = true; }

  // Nothing closes it while a test looks.
  static CardHostOptions Long() {
    CardHostOptions options;
    options.keep_connection = absl::Hours(1);
    return options;
  }
  // The log of a verified session, up to the end of its transaction.
  std::vector<std::string> LogOfVerify() {
    pcsc_->ClearLog();
    EXPECT_TRUE(Verify().ok());
    WaitUntilGivenBack();
    return pcsc_->Log();
  }
};

TEST_F(ConnectionTest, IsUsedAgainAndReconnectedAfterOurReset) {
  StartWithCard(Long());
  EXPECT_THAT(LogOfVerify(), ElementsAre("begin", kSerialAsked, "00a40800063f003d00008000",
                                         kVerifyRight, "end reset"));
  EXPECT_THAT(LogOfVerify(), ElementsAre("reconnect", "begin", kSerialAsked,
                                         "00a40800063f003d00008000", kVerifyRight, "end reset"));
  EXPECT_FALSE(card_->pin_verified());
  EXPECT_EQ(pcsc_->OpenHandles(), 1);
}

TEST_F(ConnectionTest, IsClosedWhenNothingHappens) {
  CardHostOptions options;
  options.keep_connection = absl::Milliseconds(20);
  StartWithCard(options);
  while (pcsc_->OpenHandles() > 0) std::this_thread::yield();
  EXPECT_THAT(pcsc_->Log(), Not(Contains("disconnect reset")));
  // Another program has it for itself, and gives it back.
  pcsc_->HoldExclusively(kReader, true);
  pcsc_->HoldExclusively(kReader, false);
  EXPECT_TRUE(Verify().ok());
}

TEST_F(ConnectionTest, EndsWithTheAgent) {
  StartWithCard(Long());
  ASSERT_EQ(pcsc_->OpenHandles(), 1);
  harness_.reset();
  EXPECT_EQ(pcsc_->OpenHandles(), 0);
  EXPECT_EQ(pcsc_->OpenContexts(), 0);
}

TEST_F(ConnectionTest, WhateverHappensWhileItRestsIsFoundOutBeforeThePin) {
  const std::vector<std::function<void()>> blows = {[this] { pcsc_->ResetByAnother(kReader); },
                                                    [this] {
                                                      pcsc_->StopService();
                                                      pcsc_->StartService();
                                                    },
                                                    [this] { pcsc_->SleepAndResume(); },
                                                    [this] {
                                                      pcsc_->Remove(kReader);
                                                      Insert();
                                                    },
                                                    [this] {
                                                      pcsc_->RemoveReader(kReader);
                                                      pcsc_->AddReader(kReader);
                                                      Insert();
                                                    }};
  StartWithCard(Long());
  for (std::size_t i = 0; i < blows.size(); ++i) {
    SCOPED_TRACE(i);
    pcsc_->ClearLog();
    blows[i]();
    // The monitor may not have seen it yet, or may see the card gone for a moment.
    absl::Status status;
    do {
      status = Verify();
    } while (ReasonOf(status) == v1::ERROR_REASON_NO_CARD ||
             ReasonOf(status) == v1::ERROR_REASON_NO_READER ||
             ReasonOf(status) == v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
    EXPECT_TRUE(status.ok()) << status;
    WaitUntilGivenBack();
    EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
    const auto log = pcsc_->Log();
    // The card in the new connection was asked who it is.
    const auto pin = std::find(log.begin(), log.end(), kVerifyRight);
    const auto fresh = std::find_if(log.begin(), log.end(), [](const std::string& line) {
      return line == "connect" || line == "reconnect";
    });
    ASSERT_LT(fresh, pin);
    EXPECT_NE(std::find(fresh, pin, kSerialAsked), pin);
  }
}

TEST_F(ConnectionTest, AnUnbrokenOneNeedsNoSerialToReadAndAlwaysForAPin) {
  StartWithCard(Long());
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_THAT(pcsc_->Sent(kGetData), IsEmpty());
  ASSERT_TRUE(Verify("9876").code() != absl::StatusCode::kOk);
  EXPECT_THAT(pcsc_->Sent(kGetData), SizeIs(1));
  // Our reset: anything may have happened since.
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_THAT(pcsc_->Sent(kGetData), SizeIs(2));
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_THAT(pcsc_->Sent(kGetData), SizeIs(2));
  pcsc_->ResetByAnother(kReader);
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_THAT(pcsc_->Sent(kGetData), SizeIs(3));
}

TEST_F(ConnectionTest, ABrokenOneIsNotKept) {
  StartWithCard(Long());
  pcsc_->AtNext(kSelect, [](const auto&, std::string&) { return SCARD_F_COMM_ERROR; });
  EXPECT_EQ(ReasonOf(harness_->PinState(Name()).status()),
            v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  while (pcsc_->OpenHandles() > 0) std::this_thread::yield();
  EXPECT_TRUE(harness_->PinState(Name()).ok());
}

TEST_F(ConnectionTest, AnotherCardInItGetsNoPin) {
  StartWithCard(Long());
  v1::VerifyPinRequest request = VerifyRequest();
  // The service did not notice either: the same connection, another card.
  card_ = MakeCard({.serial = "87211470000000000001"});
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_CARD_NOT_FOUND);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
}

}  // namespace
}  // namespace ilkimza::agent
