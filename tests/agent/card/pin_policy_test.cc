#include "agent/card/pin_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr char kSerial[] = "87211470000000000000";

TEST(PinFormatTest, Table) {
  const PinLimits digits{.min_length = 4, .max_length = 8};
  const PinLimits ascii{.min_length = 4, .max_length = 8, .charset = PinCharset::kAscii};
  struct Row {
    std::string pin;
    PinLimits limits;
    std::string rule;
  };
  const std::vector<Row> table = {
      {"1234", digits, ""},
      {"12345678", digits, ""},
      {"000000", digits, ""},
      {"123", digits, "length"},
      {"123456789", digits, "length"},
      {"", digits, "length"},
      {std::string(1 << 20, '1'), digits, "length"},
      {"12a4", digits, "characters"},
      {" 1234", digits, "characters"},
      {"1234\n", digits, "characters"},
      {std::string("12\0"
                   "34",
                   5),
       digits, "characters"},
      {"٤٤٤٤", digits, "characters"},
      {"p4ss w0r", ascii, ""},
      {"pass\tw", ascii, "characters"},
      {"şifre", ascii, "characters"},
  };
  for (const Row& row : table) {
    const absl::Status status = CheckPinFormat(row.pin, row.limits, "pin");
    EXPECT_EQ(status.ok(), row.rule.empty()) << row.pin;
    if (row.rule.empty()) continue;
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PIN_FORMAT) << row.pin;
    EXPECT_EQ(MetadataOf(status)["rule"], row.rule) << row.pin;
    EXPECT_EQ(MetadataOf(status)["field"], "pin");
  }
}

TEST(PinPolicyTest, Table) {
  struct Row {
    std::string pin;
    std::string rule;
  };
  const std::vector<Row> table = {
      {"295174", ""},
      {"804617", ""},
      {"1357924680", ""},
      {"19284756", ""},
      {"123456", "sequence"},
      {"654321", "sequence"},
      {"890123", "sequence"},
      {"210987", "sequence"},
      // One character that does not belong makes it no better.
      {"123457", "sequence"},
      {"923456", "sequence"},
      {"123465", ""},
      {"111111", "repeat"},
      {"112211", "repeat"},
      {"121212", "repeat"},
      {"123123", "repeat"},
      {"295295", "repeat"},
      {"2951729517", "repeat"},
      {"721147", "serial"},
      {"872114", "serial"},
      {"000000", "repeat"},
      {"29517", "length"},
      {"29517402951740295", "length"},
      {"481502", "same"},
  };
  for (const Row& row : table) {
    const absl::Status status = CheckPinPolicy(row.pin, "481502", kSerial, PinPolicy());
    EXPECT_EQ(status.ok(), row.rule.empty()) << row.pin;
    if (row.rule.empty()) continue;
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PIN_POLICY) << row.pin;
    EXPECT_EQ(MetadataOf(status)["rule"], row.rule) << row.pin;
    EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr(row.pin)));
  }
}

TEST(PinPolicyTest, DatesAndTheNationalId) {
  const auto judge = [](std::string_view pin, const PinPolicy& policy) {
    const absl::Status status = CheckPinPolicy(pin, "", "", policy);
    return status.ok() ? CheckNationalIdPart(pin, "10000000146", policy) : status;
  };
  const auto rule = [&](std::string_view pin) {
    return MetadataOf(judge(pin, PinPolicy()))["rule"];
  };
  for (const char* date :
       {"140385", "031485", "850314", "14031985", "19850314", "198503", "031985", "290296"}) {
    EXPECT_EQ(rule(date), "date") << date;
  }
  // No such day, month or year.
  for (const char* none : {"839201", "324885", "471385", "41039985", "993085"}) {
    EXPECT_EQ(rule(none), "") << none;
  }
  EXPECT_EQ(rule("00000146"), "id");
  EXPECT_EQ(rule("59000021"), "");
  EXPECT_EQ(rule("9000014673"), "id");
  PinPolicy off;
  off.refuse_dates = off.refuse_id_part = false;
  EXPECT_TRUE(judge("140385", off).ok());
  EXPECT_TRUE(judge("00000146", off).ok());
}

TEST(PinPolicyTest, EachRuleCanBeTurnedOff) {
  PinPolicy policy{.min_length = 4, .refuse_dates = false};
  EXPECT_FALSE(CheckPinPolicy("1234", "", kSerial, policy).ok());
  policy.refuse_sequences = false;
  EXPECT_TRUE(CheckPinPolicy("1234", "", kSerial, policy).ok());
  EXPECT_FALSE(CheckPinPolicy("1111", "", kSerial, policy).ok());
  policy.refuse_repeats = false;
  EXPECT_TRUE(CheckPinPolicy("1111", "", kSerial, policy).ok());
  EXPECT_FALSE(CheckPinPolicy("8721", "", kSerial, policy).ok());
  policy.refuse_serial_part = false;
  EXPECT_TRUE(CheckPinPolicy("8721", "", kSerial, policy).ok());
}

TEST(PinPolicyTest, APolicyNobodyCanMeetIsBadConfiguration) {
  EXPECT_TRUE(Validate(PinPolicy()).ok());
  for (const PinPolicy& policy : {PinPolicy{.min_length = 3}, PinPolicy{.max_length = 17},
                                  PinPolicy{.min_length = 8, .max_length = 6}}) {
    EXPECT_EQ(ReasonOf(Validate(policy)), v1::ERROR_REASON_BAD_CONFIGURATION);
  }
}

}  // namespace
}  // namespace ilkimza::agent
