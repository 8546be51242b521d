#include "agent/card/apdu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "agent/card/status_word.h"
#include "base/error.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using sandbox::Hex;
using ::testing::ElementsAre;

// Answers with what it is given, in order, and keeps what it was sent.
struct Script {
  explicit Script(std::vector<std::string> hex) {
    for (const auto& answer : hex) answers.push_back(Bytes(answer));
  }
  RawExchange raw() {
    return [this](std::string_view command) -> absl::StatusOr<std::string> {
      sent.push_back(Hex(command));
      if (answers.empty()) return absl::InternalError("asked once too often");
      std::string answer = answers.front();
      answers.pop_front();
      return answer;
    };
  }
  std::deque<std::string> answers;
  std::vector<std::string> sent;
};

TEST(EncodedApduTest, TheFourCases) {
  const auto encode = [](const CommandApdu& command) {
    return Hex(EncodedApdu(command, command.cla, command.le).view());
  };
  EXPECT_EQ(encode({.cla = 0x80, .ins = 0x1A}), "801A0000");
  EXPECT_EQ(encode({.ins = 0xCA, .p1 = 1, .p2 = 6, .le = 0x4D}), "00CA01064D");
  EXPECT_EQ(encode({.ins = 0x20, .p2 = 0x80, .data = "1234"}), "002000800431323334");
  EXPECT_EQ(encode({.ins = 0xA4, .p1 = 8, .data = "ab", .le = kLeAll}),
            "00A408000261"
            "6200");
  EXPECT_EQ(encode({.ins = 0xB0, .le = 256}), "00B0000000");
}

TEST(ExchangeTest, TakesTheAnswerAsItComes) {
  Script script({"AABB9000"});
  const auto response = Exchange({.ins = 0xB0, .le = 2}, Protocol::kT1, script.raw());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(Hex(response->data), "AABB");
  EXPECT_TRUE(response->status.Success());
}

TEST(ExchangeTest, FetchesWhatACardOfT0HoldsBack) {
  // Case 4 goes without Le; the answer comes in two parts.
  Script script({"6102", "AABB6101", "CC9000"});
  const auto response =
      Exchange({.ins = 0xA4, .p1 = 8, .data = "ab", .le = kLeAll}, Protocol::kT0, script.raw());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(Hex(response->data), "AABBCC");
  EXPECT_THAT(script.sent, ElementsAre("00A40800026162", "00C0000002", "00C0000001"));
}

TEST(ExchangeTest, CorrectsLeOfACase2Command) {
  Script script({"6C02", "AABB9000"});
  const auto response = Exchange({.ins = 0xB0, .le = 0xF4}, Protocol::kT0, script.raw());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(Hex(response->data), "AABB");
  EXPECT_THAT(script.sent, ElementsAre("00B00000F4", "00B0000002"));
}

TEST(ExchangeTest, CorrectsLeOfACase4CommandBehindItsData) {
  Script script({"6C03", "AABBCC9000"});
  const auto response =
      Exchange({.ins = 0xA4, .p1 = 8, .data = "ab", .le = kLeAll}, Protocol::kT1, script.raw());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(Hex(response->data), "AABBCC");
  EXPECT_THAT(script.sent, ElementsAre("00A4080002616200", "00A4080002616203"));
}

TEST(ExchangeTest, CorrectsLeOfGetResponseToo) {
  Script script({"6110", "6C02", "AABB9000"});
  const auto response =
      Exchange({.ins = 0xA4, .data = "ab", .le = kLeAll}, Protocol::kT0, script.raw());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(Hex(response->data), "AABB");
  EXPECT_THAT(script.sent, ElementsAre("00A40000026162", "00C0000010", "00C0000002"));
}

TEST(ExchangeTest, AnAttemptIsSentOnceWhateverTheCardSays) {
  for (const char* answer : {"9000", "63C2", "6C04", "6104", "6F00", "6983"}) {
    for (const Protocol protocol : {Protocol::kT0, Protocol::kT1}) {
      Script script({answer});
      const auto response = Exchange({.ins = 0x20, .p2 = 0x80, .data = "1234", .attempt = true},
                                     protocol, script.raw());
      ASSERT_TRUE(response.ok()) << answer;
      EXPECT_EQ(response->status.Hex(), answer);
      EXPECT_THAT(script.sent, ElementsAre("002000800431323334"));
    }
  }
}

TEST(ExchangeTest, LongDataIsChained) {
  Script script({"9000", "AA9000"});
  const std::string block(256, 'x');
  const auto response = Exchange({.ins = 0x2A, .p1 = 0x9E, .p2 = 0x9A, .data = block, .le = kLeAll},
                                 Protocol::kT1, script.raw());
  ASSERT_TRUE(response.ok());
  ASSERT_EQ(script.sent.size(), 2);
  EXPECT_EQ(script.sent[0].substr(0, 10), "102A9E9AFF");
  EXPECT_EQ(script.sent[0].size(), 2 * (5 + 255));
  EXPECT_EQ(script.sent[1], "002A9E9A017800");
}

TEST(ExchangeTest, AChainEndsWhereTheCardRefuses) {
  Script script({"6884"});
  const auto response =
      Exchange({.ins = 0x2A, .data = std::string(300, 'x')}, Protocol::kT1, script.raw());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status.value(), 0x6884);
}

TEST(ExchangeTest, GarbageIsNoAnswer) {
  for (const char* garbage : {"", "90"}) {
    Script script({garbage});
    const auto response = Exchange({.ins = 0xB0, .le = 2}, Protocol::kT1, script.raw());
    EXPECT_EQ(ReasonOf(response.status()), v1::ERROR_REASON_CARD_PROTOCOL);
  }
}

TEST(ExchangeTest, ACardThatNeverComesToAnEndIsStopped) {
  int asked = 0;
  for (const char* more : {"6100", "AA61FF", "6C00", "6C10"}) {
    const auto response = Exchange({.ins = 0xB0, .le = 2}, Protocol::kT1,
                                   [&](std::string_view) -> absl::StatusOr<std::string> {
                                     ++asked;
                                     return Bytes(more);
                                   });
    EXPECT_EQ(ReasonOf(response.status()), v1::ERROR_REASON_CARD_PROTOCOL) << more;
  }
  EXPECT_LT(asked, 300);
}

TEST(StatusWordTest, WhatAnswersToAPinMean) {
  struct Row {
    uint16_t status;
    PinVerdict verdict;
    std::optional<int> tries_left;
  };
  const std::vector<Row> table = {
      {0x9000, PinVerdict::kRight, std::nullopt},
      {0x63C2, PinVerdict::kWrong, 2},
      {0x63C1, PinVerdict::kWrong, 1},
      {0x63CF, PinVerdict::kWrong, 15},
      {0x63C0, PinVerdict::kBlocked, 0},
      {0x6300, PinVerdict::kWrong, std::nullopt},
      {0x6983, PinVerdict::kBlocked, 0},
      {0x6984, PinVerdict::kBlocked, 0},
      {0x6700, PinVerdict::kRefused, std::nullopt},
      {0x6982, PinVerdict::kRefused, std::nullopt},
      {0x6A80, PinVerdict::kRefused, std::nullopt},
      {0x6A88, PinVerdict::kRefused, std::nullopt},
      {0x6D00, PinVerdict::kRefused, std::nullopt},
      {0x6E00, PinVerdict::kRefused, std::nullopt},
      // A try may have been counted before it failed.
      {0x6581, PinVerdict::kUnknown, std::nullopt},
      {0x6F00, PinVerdict::kUnknown, std::nullopt},
      {0x6282, PinVerdict::kUnknown, std::nullopt},
      {0x6C04, PinVerdict::kUnknown, std::nullopt},
      {0x6101, PinVerdict::kUnknown, std::nullopt},
      {0x0000, PinVerdict::kUnknown, std::nullopt},
  };
  for (const Row& row : table) {
    const PinAnswer answer = JudgePinAnswer(StatusWord(row.status));
    EXPECT_EQ(answer.verdict, row.verdict) << std::hex << row.status;
    EXPECT_EQ(answer.tries_left, row.tries_left) << std::hex << row.status;
  }
}

}  // namespace
}  // namespace ilkimza::agent
