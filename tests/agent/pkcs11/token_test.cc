// What tokens say, in the terms of the Card interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include <string>

#include "agent/card/pkcs11_token.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::agent {
namespace {

TEST(TokenTest, SlotsAreMatchedByTheirDescription) {
  EXPECT_TRUE(DescribesReader("Virtual PCD 0 00 00", "Virtual PCD 0 00 00"));
  EXPECT_FALSE(DescribesReader("Virtual PCD 0 00 0", "Virtual PCD 0 00 00"));
  EXPECT_FALSE(DescribesReader("Virtual PCD 0 00 01", "Virtual PCD 0 00 00"));
  EXPECT_FALSE(DescribesReader("", ""));
  EXPECT_FALSE(DescribesReader("", "Virtual PCD 0 00 00"));
  const std::string longer =
      "A Reader With Such A Long Name That PKCS#11 Cannot Hold It All [CCID] 00 00";
  EXPECT_TRUE(DescribesReader(longer.substr(0, 64), longer));
  EXPECT_FALSE(DescribesReader(longer.substr(0, 20), longer));
  const std::string blank = std::string(63, 'x') + " 00 00";
  EXPECT_TRUE(DescribesReader(std::string(63, 'x'), blank)) << "the blank at the cut is trimmed";
}

TEST(TokenTest, FlagsBecomeTries) {
  EXPECT_EQ(TriesOf(0, false).left, v1::TRIES_LEFT_UNKNOWN);
  EXPECT_EQ(TriesOf(CKF_USER_PIN_COUNT_LOW, false).left, v1::TRIES_LEFT_SOME);
  EXPECT_EQ(TriesOf(CKF_USER_PIN_COUNT_LOW, false).count, std::nullopt);
  EXPECT_EQ(TriesOf(CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW, false).left,
            v1::TRIES_LEFT_ONE);
  EXPECT_EQ(TriesOf(CKF_USER_PIN_FINAL_TRY, false).count, 1);
  EXPECT_EQ(TriesOf(CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY, false).left, v1::TRIES_LEFT_NONE);
  EXPECT_EQ(TriesOf(CKF_USER_PIN_LOCKED, true).left, v1::TRIES_LEFT_UNKNOWN);
  EXPECT_EQ(TriesOf(CKF_SO_PIN_LOCKED, true).left, v1::TRIES_LEFT_NONE);
  EXPECT_EQ(TriesOf(CKF_SO_PIN_FINAL_TRY, true).left, v1::TRIES_LEFT_ONE);
  // To be changed says nothing of tries.
  EXPECT_EQ(TriesOf(CKF_USER_PIN_TO_BE_CHANGED, false).left, v1::TRIES_LEFT_UNKNOWN);
}

TEST(TokenTest, LimitsAreTakenWhereTheyCanBe) {
  const auto limits = [](uint64_t low, uint64_t high) {
    const PinLimits judged = LimitsOf({.min_pin = low, .max_pin = high});
    return std::make_pair(judged.min_length, judged.max_length);
  };
  EXPECT_EQ(limits(6, 8), std::make_pair(6, 8));
  EXPECT_EQ(limits(0, 8), std::make_pair(1, 8));
  EXPECT_EQ(limits(4, 255), std::make_pair(4, 64));
  EXPECT_EQ(limits(4, CK_UNAVAILABLE_INFORMATION), std::make_pair(4, 64));
  for (const auto& [low, high] : {std::pair<uint64_t, uint64_t>{8, 4},
                                  {0, 0},
                                  {CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION},
                                  {100, 200}}) {
    EXPECT_EQ(limits(low, high), std::make_pair(4, 16)) << low << " " << high;
  }
}

TEST(TokenTest, SerialsAreMadePlain) {
  EXPECT_EQ(SerialOf("87211470000000000000"), "87211470000000000000");
  EXPECT_EQ(SerialOf("a b/c\xC5\x9F"), "a-b-c--");
  EXPECT_EQ(SerialOf(""), "");
}

TEST(TokenTest, EcdsaSignaturesAreEncoded) {
  EXPECT_EQ(sandbox::Hex(EcdsaDer(sandbox::Bytes("00 01 80 00"))), "30080201010203008000");
  EXPECT_EQ(EcdsaDer(""), "");
  EXPECT_EQ(EcdsaDer("abc"), "");
}

}  // namespace
}  // namespace ilkimza::agent
