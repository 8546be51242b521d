// Answers are checked before anything is submitted, and wiped where they came from.
#include "portal/answers.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ilkimza::portal {
namespace {

TEST(NationalIdTest, CheckDigits) {
  for (const char* good : {"10000000146", "27391460596", "51820394732", "76459023174"}) {
    EXPECT_TRUE(IsNationalId(good)) << good;
  }
  for (const char* bad :
       {"", "1000000014", "100000001466", "10000000145", "10000000136", "00000000000",
        "01234567890", "1000000014x", "27391460569", " 0000000146"}) {
    EXPECT_FALSE(IsNationalId(bad)) << bad;
  }
}

TEST(AnswersTest, TakesTheAnswerAndLeavesNothing) {
  v1::Screen screen;
  screen.mutable_login();
  v1::AnswerScreenRequest request;
  request.mutable_login()->set_national_id(" 10000000146 ");
  request.mutable_login()->set_captcha(" aBc ");
  request.mutable_login()->set_security_word(" iki kelime ");
  const auto answer = TakeAnswer(screen, request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->typed.at(profile_v1::FIELD_KIND_NATIONAL_ID).view(), "10000000146");
  EXPECT_EQ(answer->typed.at(profile_v1::FIELD_KIND_CAPTCHA).view(), "aBc");
  // White space may be a part of the word.
  EXPECT_EQ(answer->typed.at(profile_v1::FIELD_KIND_SECURITY_WORD).view(), " iki kelime ");
  EXPECT_EQ(request.login().ByteSizeLong(), 0u);
}

TEST(AnswersTest, ARefusedAnswerIsWipedAsWell) {
  v1::Screen screen;
  screen.mutable_sms_code();
  v1::AnswerScreenRequest request;
  request.mutable_login()->set_security_word("Mavi7Deniz");
  EXPECT_EQ(ReasonOf(TakeAnswer(screen, request).status()), v1::ERROR_REASON_WRONG_ANSWER_KIND);
  EXPECT_EQ(request.login().security_word(), "");
}

TEST(AnswersTest, ErrorsNameTheFieldAndNotItsValue) {
  v1::Screen screen;
  screen.mutable_word_reset();
  for (const char* email : {"", "at", "@x", "x@", "a b@c"}) {
    v1::AnswerScreenRequest request;
    request.mutable_word_reset()->set_national_id("10000000146");
    request.mutable_word_reset()->set_email(email);
    request.mutable_word_reset()->set_captcha("abc");
    const absl::Status status = TakeAnswer(screen, request).status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_FIELD) << email;
    EXPECT_EQ(MetadataOf(status)["field"], "email");
  }
}

TEST(AnswersTest, AScreenThatAsksNothingTakesNothing) {
  for (const bool working : {true, false}) {
    v1::Screen screen;
    if (working) {
      screen.mutable_working();
    } else {
      screen.mutable_unrecognised();
    }
    v1::AnswerScreenRequest request;
    request.mutable_phone()->set_correct(true);
    EXPECT_EQ(ReasonOf(TakeAnswer(screen, request).status()), v1::ERROR_REASON_WRONG_ANSWER_KIND);
  }
}

TEST(AnswersTest, RevokingNeedsTheSerialOnceMoreAndTheConsequencesRead) {
  v1::Screen screen;
  screen.mutable_revocation()->add_card_serials("87211470000000000017");
  screen.mutable_revocation()->add_card_serials("87211470000000000025");
  const auto take = [&screen](const std::string& serial, bool understood) {
    v1::AnswerScreenRequest request;
    request.mutable_revocation()->set_card_serial(serial);
    request.mutable_revocation()->set_consequences_understood(understood);
    return TakeAnswer(screen, request);
  };
  EXPECT_EQ(ReasonOf(take("87211470000000000025", false).status()), v1::ERROR_REASON_BAD_FIELD);
  for (const char* wrong : {"", "8721147000000000002", "87211470000000000033", "x"}) {
    EXPECT_EQ(ReasonOf(take(wrong, true).status()), v1::ERROR_REASON_WRONG_CARD_SERIAL) << wrong;
  }
  const auto taken = take("8721 1470 0000 0000 0025", true);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->card_serial, "87211470000000000025");
  v1::AnswerScreenRequest keep;
  keep.mutable_revocation()->set_keep(true);
  const auto kept = TakeAnswer(screen, keep);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->kind, Answer::kEnd);
  EXPECT_EQ(kept->ending.outcome, v1::STEP_OUTCOME_SKIPPED);
}

TEST(AnswersTest, ContactInformationHasItsShapeAndCanBeKept) {
  v1::Screen screen;
  screen.mutable_info();
  const auto take = [&screen](const std::string& phone, const std::string& email) {
    v1::AnswerScreenRequest request;
    request.mutable_info()->set_phone(phone);
    request.mutable_info()->set_email(email);
    return TakeAnswer(screen, request);
  };
  EXPECT_EQ(MetadataOf(take("12", "a@b").status())["field"], "phone");
  EXPECT_EQ(MetadataOf(take("phone 5321234567", "a@b").status())["field"], "phone");
  EXPECT_EQ(MetadataOf(take("0532 123 45 67", "ab").status())["field"], "email");
  EXPECT_TRUE(take("+90 532 123 45 67", "a@b").ok());
  v1::AnswerScreenRequest keep;
  keep.mutable_info()->set_keep(true);
  EXPECT_EQ(TakeAnswer(screen, keep)->ending.reason, v1::ERROR_REASON_LEFT_AS_IT_WAS);
}

}  // namespace
}  // namespace ilkimza::portal
