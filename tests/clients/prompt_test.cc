// Which answers fit which prompt, and what is said about those that do not.
#include "clients/sdk/prompt.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "clients/sdk/national_id.h"

namespace ilkimza::client {
namespace {

Prompt LoginPrompt() {
  Prompt prompt;
  prompt.kind = PromptKind::kLogin;
  prompt.forms = {
      {{"national_id", "captcha", "security_word"}}, {{"new_captcha"}}, {{"word_forgotten"}}};
  return prompt;
}

Answer LoginAnswer(std::string_view id = "10000000146") {
  Answer answer;
  answer.texts["national_id"] = Secret(id);
  answer.texts["captcha"] = Secret(std::string_view(" k7pw "));
  answer.texts["security_word"] = Secret(std::string_view("  kept as it is "));
  return answer;
}

std::string FieldOf(const absl::Status& status) { return MetadataOf(status)["field"]; }

TEST(NationalId, ChecksItsDigits) {
  EXPECT_TRUE(IsNationalId("10000000146"));
  EXPECT_TRUE(IsNationalId("19191919190"));
  for (const char* wrong : {"", "1000000014", "100000001466", "10000000147", "10000000156",
                            "00000000000", "1000000014a", "１0000000146"}) {
    EXPECT_FALSE(IsNationalId(wrong)) << wrong;
  }
}

// 7 times the odd digits may be less than the even ones.
TEST(NationalId, TakesANegativeDifference) {
  EXPECT_TRUE(IsNationalId("19090909018"));
  EXPECT_FALSE(IsNationalId("19090909098"));
}

TEST(CheckAnswer, TakesACompleteForm) {
  Answer answer = LoginAnswer();
  EXPECT_TRUE(CheckAnswer(LoginPrompt(), answer).ok());
  EXPECT_EQ(answer.Text("captcha"), "k7pw");
  EXPECT_EQ(answer.Text("security_word"), "  kept as it is ");
}

TEST(CheckAnswer, TakesAnIdWithBlanks) {
  Answer answer = LoginAnswer("100 000 001 46");
  EXPECT_TRUE(CheckAnswer(LoginPrompt(), answer).ok());
  EXPECT_EQ(answer.Text("national_id"), "10000000146");
}

TEST(CheckAnswer, NamesWhatIsMissing) {
  Answer answer = LoginAnswer();
  answer.texts.erase("captcha");
  const absl::Status status = CheckAnswer(LoginPrompt(), answer);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(FieldOf(status), "captcha");
}

TEST(CheckAnswer, NamesWhatIsTooMuch) {
  Answer answer = LoginAnswer();
  answer.texts["pin"] = Secret(std::string_view("1234"));
  EXPECT_EQ(FieldOf(CheckAnswer(LoginPrompt(), answer)), "pin");
}

TEST(CheckAnswer, RefusesTwoFormsAtOnce) {
  Answer answer = LoginAnswer();
  answer.flags["new_captcha"] = true;
  EXPECT_FALSE(CheckAnswer(LoginPrompt(), answer).ok());
  Answer empty;
  EXPECT_FALSE(CheckAnswer(LoginPrompt(), empty).ok());
}

TEST(CheckAnswer, RefusesAnActThatIsFalse) {
  Answer answer;
  answer.flags["new_captcha"] = false;
  EXPECT_EQ(FieldOf(CheckAnswer(LoginPrompt(), answer)), "new_captcha");
}

TEST(CheckAnswer, RefusesEmptyLongAndControlCharacters) {
  for (const std::string& captcha :
       {std::string("   "), std::string(65, 'x'), std::string("a\x01z"), std::string("a\nb")}) {
    Answer answer = LoginAnswer();
    answer.texts["captcha"] = Secret(std::string_view(captcha));
    const absl::Status status = CheckAnswer(LoginPrompt(), answer);
    EXPECT_EQ(FieldOf(status), "captcha") << captcha;
    EXPECT_EQ(status.message().find(captcha.substr(0, 20)), std::string::npos)
        << "what was typed stands in an error";
  }
}

TEST(CheckAnswer, ChecksTheIdBeforeAnythingIsSent) {
  Answer answer = LoginAnswer("10000000145");
  const absl::Status status = CheckAnswer(LoginPrompt(), answer);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_NATIONAL_ID);
  EXPECT_EQ(std::string(status.message()).find("10000000145"), std::string::npos);
}

TEST(CheckAnswer, EveryFieldOfEveryFormIsKnown) {
  for (const char* name : {"known",
                           "national_id",
                           "email",
                           "captcha",
                           "new_captcha",
                           "link",
                           "not_received",
                           "security_word",
                           "security_word_again",
                           "word_forgotten",
                           "correct",
                           "code",
                           "reveal",
                           "seen",
                           "use_portal_pin",
                           "pin",
                           "old_pin",
                           "new_pin",
                           "new_pin_again",
                           "keep_current",
                           "allow_last_try",
                           "delete",
                           "retry",
                           "leave",
                           "cancel",
                           "activate",
                           "phone",
                           "keep",
                           "send",
                           "consequences_understood",
                           "puk",
                           "use_portal_puk",
                           "allow_puk_try",
                           "by_code",
                           "wrong_phone",
                           "wrong_email"}) {
    EXPECT_NE(FindField(name), nullptr) << name;
  }
  EXPECT_EQ(FindField("yes"), nullptr);
}

TEST(Masked, ShowsWhatItsOwnerKnowsItBy) {
  EXPECT_EQ(MaskedPhone("5421234525"), "54******25");
  EXPECT_EQ(MaskedPhone("+90 542 123 45 25"), "90********25");
  EXPECT_EQ(MaskedPhone("12345"), "*****");
  EXPECT_EQ(MaskedPhone(""), "");
  EXPECT_EQ(MaskedEmail("ayse@ornek.example"), "a***@ornek.example");
  EXPECT_EQ(MaskedEmail("şule@ornek.example"), "ş***@ornek.example");
  EXPECT_EQ(MaskedEmail("no address"), "***");
  EXPECT_EQ(MaskedEmail(""), "");
}

}  // namespace
}  // namespace ilkimza::client
