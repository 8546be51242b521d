// Answers are checked before anything is submitted, and wiped where they came from.
#include "portal/answers.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ilkimza::portal {
namespace {

v1::Screen Login(std::initializer_list<v1::FormField> fields) {
  v1::Screen screen;
  screen.mutable_login();
  for (const v1::FormField field : fields) screen.mutable_login()->add_fields()->set_field(field);
  return screen;
}

v1::Screen IdLogin() {
  return Login({v1::FORM_FIELD_NATIONAL_ID, v1::FORM_FIELD_CAPTCHA, v1::FORM_FIELD_SECURITY_WORD});
}

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
  const v1::Screen screen = IdLogin();
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

TEST(AnswersTest, AFormIsAnsweredByWhatItAsksFor) {
  const v1::Screen by_mail =
      Login({v1::FORM_FIELD_EMAIL, v1::FORM_FIELD_SECURITY_WORD, v1::FORM_FIELD_CAPTCHA});
  v1::AnswerScreenRequest request;
  request.mutable_login()->set_email(" ayse@ornek.example ");
  request.mutable_login()->set_captcha("aBc");
  request.mutable_login()->set_security_word("Mavi7Deniz");
  const v1::AnswerScreenRequest given = request;
  const auto answer = TakeAnswer(by_mail, request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->typed.at(profile_v1::FIELD_KIND_EMAIL).view(), "ayse@ornek.example");
  EXPECT_EQ(answer->typed.count(profile_v1::FIELD_KIND_NATIONAL_ID), 0u);
  // What a form does not need is not taken in, and what it needs has to be there.
  request = given;
  request.mutable_login()->set_national_id("10000000146");
  EXPECT_EQ(MetadataOf(TakeAnswer(by_mail, request).status())["field"], "national_id");
  EXPECT_EQ(request.login().ByteSizeLong(), 0u);
  request = given;
  EXPECT_EQ(MetadataOf(TakeAnswer(IdLogin(), request).status())["field"], "email");
  request = given;
  request.mutable_login()->clear_email();
  EXPECT_EQ(MetadataOf(TakeAnswer(by_mail, request).status())["field"], "email");
  request = given;
  request.mutable_login()->clear_email();
  EXPECT_EQ(ReasonOf(TakeAnswer(IdLogin(), request).status()), v1::ERROR_REASON_BAD_FIELD);
}

TEST(AnswersTest, AFormWithoutACaptchaAsksForNone) {
  const v1::Screen plain = Login({v1::FORM_FIELD_EMAIL, v1::FORM_FIELD_SECURITY_WORD});
  v1::AnswerScreenRequest request;
  request.mutable_login()->set_email("ayse@ornek.example");
  request.mutable_login()->set_security_word("Mavi7Deniz");
  EXPECT_TRUE(TakeAnswer(plain, request).ok());
  request.mutable_login()->set_new_captcha(true);
  EXPECT_EQ(MetadataOf(TakeAnswer(plain, request).status())["field"], "new_captcha");
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
  for (const auto field :
       {v1::FORM_FIELD_NATIONAL_ID, v1::FORM_FIELD_EMAIL, v1::FORM_FIELD_CAPTCHA}) {
    screen.mutable_word_reset()->add_fields()->set_field(field);
  }
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
