// The card in a virtual reader, seen through a real smart-card service: run by
// tests/support/isolated.
#include "tests/sandbox/card/pcsc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "sandbox/card/apdu.h"
#include "sandbox/card/simulator.h"
#include "tests/sandbox/card/hex.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kSlot1 = 35963;
constexpr std::string_view kVerifyRight = "0020008004 31323334";
constexpr std::string_view kVerifyWrong = "0020008004 39393939";
constexpr std::string_view kSerial = "00CA01064D";

class PcscTest : public ::testing::Test {
 protected:
  void Insert() { ASSERT_TRUE(card_->Insert("localhost", kSlot1).ok()); }
  void InsertAndConnect() {
    Insert();
    ASSERT_TRUE(reader_->WaitFor(SCARD_STATE_PRESENT));
    ASSERT_EQ(reader_->Connect(), SCARD_S_SUCCESS);
  }
  // The next test begins with an empty reader.
  void TearDown() override {
    card_.reset();
    EXPECT_TRUE(reader_->WaitFor(SCARD_STATE_EMPTY));
  }

  std::unique_ptr<CardSimulator> card_ = MakeCard();
  std::unique_ptr<PcscReader> reader_ = std::make_unique<PcscReader>();
};

TEST_F(PcscTest, ComesAndGoes) {
  EXPECT_TRUE(reader_->WaitFor(SCARD_STATE_EMPTY));
  InsertAndConnect();
  EXPECT_TRUE(card_->inserted());
  EXPECT_THAT(reader_->Send(kSerial), EndsWith("9000"));
  card_->Remove();
  EXPECT_FALSE(card_->inserted());
  EXPECT_TRUE(reader_->WaitFor(SCARD_STATE_EMPTY));
  EXPECT_THAT(reader_->Send(kSerial), StartsWith("error 801000"));
}

TEST_F(PcscTest, HasANeighbourInTheOtherSlot) {
  const auto other = MakeCard({.serial = "55556666777788889999"});
  Insert();
  ASSERT_TRUE(other->Insert("localhost", kSlot1 + 1).ok());
  PcscReader slot2(1);
  ASSERT_TRUE(reader_->WaitFor(SCARD_STATE_PRESENT));
  ASSERT_TRUE(slot2.WaitFor(SCARD_STATE_PRESENT));
  ASSERT_EQ(reader_->Connect(), SCARD_S_SUCCESS);
  ASSERT_EQ(slot2.Connect(), SCARD_S_SUCCESS);
  EXPECT_THAT(reader_->Send(kSerial), HasSubstr("87211470000000000000FFFF"));
  EXPECT_THAT(slot2.Send(kSerial), HasSubstr("55556666777788889999FFFF"));
}

TEST_F(PcscTest, IsSeenAsMute) {
  card_->SetMute(true);
  Insert();
  EXPECT_TRUE(reader_->WaitFor(SCARD_STATE_MUTE));
  EXPECT_NE(reader_->Connect(), SCARD_S_SUCCESS);
  card_->SetMute(false);
  EXPECT_TRUE(reader_->WaitFor(SCARD_STATE_PRESENT, SCARD_STATE_MUTE));
  ASSERT_EQ(reader_->Connect(), SCARD_S_SUCCESS);
  EXPECT_THAT(reader_->Send(kSerial), EndsWith("9000"));
}

TEST_F(PcscTest, LosesAVerifiedPinWhenReset) {
  InsertAndConnect();
  EXPECT_EQ(reader_->Send(kVerifyRight), "9000");
  EXPECT_TRUE(card_->pin_verified());
  reader_->Disconnect(SCARD_RESET_CARD);
  ASSERT_EQ(reader_->Connect(), SCARD_S_SUCCESS);
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(PcscTest, DiesInTheMiddleOfACommand) {
  InsertAndConnect();
  card_->DieBefore(kVerify);
  EXPECT_THAT(reader_->Send(kVerifyWrong), StartsWith("error 801000"));
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_FALSE(card_->inserted());
  EXPECT_TRUE(reader_->WaitFor(SCARD_STATE_EMPTY));
  InsertAndConnect();
  card_->DieAfter(kVerify);
  EXPECT_THAT(reader_->Send(kVerifyWrong), StartsWith("error 801000"));
  EXPECT_EQ(card_->tries_left().pin, 2);
  EXPECT_EQ(card_->CommandCount(kVerify), 2);
}

TEST_F(PcscTest, IsTakenOutWhileItWithholdsAnAnswer) {
  InsertAndConnect();
  card_->Stall(kVerify);
  auto answer = std::async(std::launch::async, [&] { return reader_->Send(kVerifyRight); });
  while (!card_->pin_verified()) std::this_thread::yield();
  card_->Remove();
  EXPECT_THAT(answer.get(), StartsWith("error 801000"));
}

TEST_F(PcscTest, SignsThroughTheReader) {
  InsertAndConnect();
  EXPECT_EQ(reader_->Send(kVerifyRight), "9000");
  EXPECT_EQ(reader_->Send("0022C301"), "9000");
  EXPECT_EQ(reader_->Send("102A9E9AF4 0001" + std::string(2 * 242, 'F')), "9000");
  EXPECT_EQ(reader_->Send("002A9E9A0C 00AABBCCDDEEFF0011223344 00").size(), (256 + 2) * 2);
}

TEST_F(PcscTest, IsThereAgainWhenTheServiceReturns) {
  InsertAndConnect();
  EXPECT_EQ(reader_->Send(kVerifyRight), "9000");
  ASSERT_EQ(testing::Run({"pcscd-ctl", "kill"}, std::chrono::seconds(20)).exit_code, 0);
  ASSERT_EQ(testing::Run({"pcscd-ctl", "start"}, std::chrono::seconds(20)).exit_code, 0);
  reader_ = std::make_unique<PcscReader>();
  ASSERT_TRUE(reader_->WaitFor(SCARD_STATE_PRESENT));
  ASSERT_EQ(reader_->Connect(), SCARD_S_SUCCESS);
  EXPECT_THAT(reader_->Send(kSerial), EndsWith("9000"));
  EXPECT_FALSE(card_->pin_verified());
}

}  // namespace
}  // namespace ilkimza::sandbox
