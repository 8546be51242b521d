// A conversation over the practice portal: the same in every markup and charset.
#include "portal/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "portal/built_in_profiles.h"
#include "tests/portal/ending_matchers.h"
#include "tests/portal/sandbox_portal.h"
#include "tests/portal/walk.h"

namespace ilkimza::portal {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using Json = nlohmann::json;

constexpr auto kDone = v1::STEP_OUTCOME_DONE;

class ConversationTest : public ::testing::TestWithParam<Markup> {
 protected:
  void SetUp() override { portal_.Reset(GetParam().style, GetParam().charset); }

  // To the menu, as a holder who makes no mistake.
  Ending SignIn(Walk& walk) {
    return walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_ENTER_SMS_CODE);
  }

  SandboxPortal& portal_ = SandboxPortal::Get();
};

INSTANTIATE_TEST_SUITE_P(Markups, ConversationTest, ::testing::ValuesIn(kMarkups),
                         [](const auto& markup) { return MarkupName(markup.param); });

TEST_P(ConversationTest, GetsThePin) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_CONFIRM_PHONE));
  EXPECT_EQ(walk.view.masked_phone.substr(0, 2), "54");
  ASSERT_DONE(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE));
  EXPECT_GT(walk.view.code_left, absl::Seconds(200));
  EXPECT_LE(walk.view.code_left, absl::Seconds(290));
  const Ending opened = walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE);
  ASSERT_DONE(opened);
  EXPECT_THAT(opened.serials, ElementsAreArray(Ayse().serials));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_READ_PIN));
  ASSERT_EQ(walk.view.cards.size(), 1u);
  EXPECT_EQ(walk.view.cards[0].pin.view(), Ayse().pins[0]);
  EXPECT_EQ(walk.view.cards[0].puk.view(), "70294816");
  ASSERT_DONE(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY));
  EXPECT_EQ(portal_.Presses("pin:delete:1"), 1);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
}

TEST_P(ConversationTest, ResetsTheSecurityWord) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_SET_SECURITY_WORD));
  walk.word = "Yeni1Sözcük";
  ASSERT_DONE(SignIn(walk));
}

// ---- The portal's rules ----

TEST_P(ConversationTest, WrongCaptcha) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  walk.captcha = "YANLIS";
  for (int i = 0; i < 3; ++i) {
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_REJECTED,
                v1::ERROR_REASON_WRONG_CAPTCHA);
  }
  walk.captcha.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_IN));
}

TEST_P(ConversationTest, WrongCaptchaAndMailAddressOfTheResetForm) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_WORD_RESET));
  walk.captcha = "YANLIS";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_REQUEST_WORD_RESET), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_CAPTCHA);
  walk.captcha.reset();
  walk.email = "baska@ornek.example";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_REQUEST_WORD_RESET), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_ID_OR_EMAIL);
  walk.email.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_WORD_RESET));
}

TEST_P(ConversationTest, FiveWrongWordsLockTheAccount) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  walk.word = "Yanlis9";
  for (int i = 0; i < 4; ++i) {
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_REJECTED,
                v1::ERROR_REASON_WRONG_CREDENTIALS);
  }
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_LOCKED_OUT);
  // Even the right word is of no use now.
  walk.word.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_LOCKED_OUT);
}

TEST_P(ConversationTest, WrongAndExpiredSmsCode) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_CONFIRM_PHONE));
  walk.code = "000000";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_SMS_CODE);
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_SMS_CODE);
  walk.code.reset();
  portal_.Control("expire", {{"what", "sms"}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_SMS_CODE_EXPIRED);
}

TEST_P(ConversationTest, TooManyWrongSmsCodesEndTheSession) {
  Walk walk(portal_);
  portal_.Control("rules", {{"sms_tries", 2}});
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_CONFIRM_PHONE));
  walk.code = "000000";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_SMS_CODE);
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_SESSION_EXPIRED);
}

TEST_P(ConversationTest, UsedLink) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_SET_SECURITY_WORD));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_MAIL_LINK_USED);
}

TEST_P(ConversationTest, ExpiredLink) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_REQUEST_WORD_RESET));
  portal_.Control("expire", {{"what", "link"}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_MAIL_LINK_EXPIRED);
}

TEST_P(ConversationTest, LinkThatExpiresBeforeTheWordIsSet) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_OPEN_MAIL_LINK));
  portal_.Control("expire", {{"what", "link"}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_SET_SECURITY_WORD), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_MAIL_LINK_EXPIRED);
}

TEST_P(ConversationTest, ForeignLinksAreNotOpened) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_REQUEST_WORD_RESET));
  const std::string real = portal_.LastMailLink(Ayse().email);
  const std::string rest = real.substr(real.find('/', 8));
  const Json before = portal_.State()["requests"];
  for (const std::string& link :
       {"https://evil.example" + rest, "http" + real.substr(5), std::string("javascript:alert(1)"),
        "https://localhost" + rest, "https://localhost@evil.example" + rest, std::string("merhaba"),
        "https://user:word@" + real.substr(8)}) {
    walk.link = link;
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK), v1::STEP_OUTCOME_REJECTED,
                v1::ERROR_REASON_MAIL_LINK_FOREIGN);
  }
  EXPECT_EQ(portal_.State()["requests"], before);
  // Copied with white space around it, it is the link all the same.
  walk.link = "\n " + real + " \r\n";
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK));
}

TEST_P(ConversationTest, AMangledLinkIsAskedForAgain) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_REQUEST_WORD_RESET));
  std::string cut = portal_.LastMailLink(Ayse().email);
  cut.resize(cut.size() - 3);
  walk.link = cut;
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_MAIL_LINK_FOREIGN);
}

TEST_P(ConversationTest, UnequalAndShortWords) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_OPEN_MAIL_LINK));
  walk.word_again = "Baska2Sözcük";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_SET_SECURITY_WORD), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WORDS_DIFFER);
  walk.word_again.reset();
  walk.word = "a1B";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_SET_SECURITY_WORD), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WORD_TOO_SHORT);
  walk.word = "Iğdır İçin 7€";
  ASSERT_DONE(walk.Do(v1::STEP_KIND_SET_SECURITY_WORD));
}

TEST_P(ConversationTest, ExpiredSession) {
  for (const v1::StepKind last : {v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE,
                                  v1::STEP_KIND_ENTER_SMS_CODE, v1::STEP_KIND_OPEN_PIN_PAGE}) {
    Walk walk(portal_);
    ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, last));
    portal_.Control("expire", {{"what", "session"}});
    const v1::StepKind next = last == v1::STEP_KIND_LOG_IN          ? v1::STEP_KIND_CONFIRM_PHONE
                              : last == v1::STEP_KIND_CONFIRM_PHONE ? v1::STEP_KIND_ENTER_SMS_CODE
                              : last == v1::STEP_KIND_ENTER_SMS_CODE
                                  ? v1::STEP_KIND_OPEN_PIN_PAGE
                                  : v1::STEP_KIND_DELETE_PORTAL_COPY;
    EXPECT_ENDS(walk.Do(next), v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_SESSION_EXPIRED);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
  }
}

TEST_P(ConversationTest, DeletedPinInformation) {
  portal_.Control("holder", {{"national_id", Ayse().national_id}, {"pin_info", false}});
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE), kDone, v1::ERROR_REASON_PIN_INFO_DELETED);
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY), kDone, v1::ERROR_REASON_PIN_INFO_DELETED);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
}

TEST_P(ConversationTest, DeletionFromTheMenu) {
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY));
  EXPECT_EQ(portal_.Presses("pin:delete:1"), 1);
  EXPECT_FALSE(
      portal_.State()["holders"][Ayse().national_id]["cards"][Ayse().serials[0]]["pin_info"]
          .get<bool>());
}

TEST_P(ConversationTest, DeletionTouchesNoOtherCard) {
  Walk walk(portal_, Cagri());
  walk.card = Cagri().serials[1];
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
  ASSERT_EQ(walk.view.cards.size(), 2u);
  for (int i : {0, 1}) {
    EXPECT_EQ(walk.view.cards[i].serial, Cagri().serials[i]);
    EXPECT_EQ(walk.view.cards[i].pin.view(), Cagri().pins[i]);
  }
  ASSERT_DONE(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY));
  const Json cards = portal_.State()["holders"][Cagri().national_id]["cards"];
  EXPECT_TRUE(cards[Cagri().serials[0]]["pin_info"].get<bool>());
  EXPECT_FALSE(cards[Cagri().serials[1]]["pin_info"].get<bool>());
}

TEST_P(ConversationTest, OneDeleteButtonForTwoCardsIsNotPressed) {
  portal_.Control("rules", {{"one_delete_for_all", true}});
  Walk walk(portal_, Cagri());
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY), v1::STEP_OUTCOME_STOPPED,
              v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS);
  EXPECT_EQ(portal_.Presses("pin:delete:0"), 0);
  // With one card only, it is that card's.
  Walk single(portal_);
  ASSERT_DONE(single.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_DELETE_PORTAL_COPY));
}

TEST_P(ConversationTest, ACardThatThePageDoesNotNameIsNotDeleted) {
  Walk walk(portal_);
  walk.card = "87211470000000009999";
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY), v1::STEP_OUTCOME_STOPPED,
              v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS);
  EXPECT_EQ(portal_.AllPresses().value("pin:delete:1", 0), 0);
}

TEST_P(ConversationTest, MaintenanceIsWaitedFor) {
  Walk walk(portal_);
  portal_.Control("maintenance", {{"on", true}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_LOGIN), v1::STEP_OUTCOME_UNAVAILABLE,
              v1::ERROR_REASON_PORTAL_MAINTENANCE);
  portal_.Control("maintenance", {{"on", false}});
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  portal_.Control("maintenance", {{"on", true}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_UNAVAILABLE,
              v1::ERROR_REASON_PORTAL_MAINTENANCE);
  portal_.Control("maintenance", {{"on", false}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_CONVERSATION_LOST);
}

TEST_P(ConversationTest, NewCaptcha) {
  Walk walk(portal_);
  for (const v1::StepKind open : {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_OPEN_WORD_RESET}) {
    const v1::StepKind asks =
        open == v1::STEP_KIND_OPEN_LOGIN ? v1::STEP_KIND_LOG_IN : v1::STEP_KIND_REQUEST_WORD_RESET;
    ASSERT_DONE(walk.Do(open));
    View first;
    ASSERT_FALSE(walk.conversation().Begin(asks, {}, first).has_value());
    View again;
    ASSERT_FALSE(walk.conversation().Begin(asks, {}, again).has_value());
    EXPECT_EQ(first.captcha, again.captcha);  // looked at twice, asked for once
    View second;
    ASSERT_FALSE(walk.conversation().NewCaptcha(asks, {}, second).has_value());
    EXPECT_NE(first.captcha, second.captcha);
    ASSERT_DONE(walk.Do(asks));
  }
}

// Another page may have a button of that name as well. It is left alone, and the page that
// asks is opened again.
TEST_P(ConversationTest, NewCaptchaOnlyOfThePageThatAsks) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_WORD_RESET));
  const int opened = portal_.Requests("GET word_reset");
  View view;
  ASSERT_FALSE(walk.conversation().NewCaptcha(v1::STEP_KIND_LOG_IN, {}, view).has_value());
  EXPECT_FALSE(view.captcha.empty());
  EXPECT_EQ(portal_.Presses("word_reset:renew"), 0);
  EXPECT_EQ(portal_.Requests("GET word_reset"), opened);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_IN));
}

// A link that leads elsewhere bears the name as well, and stands before the right one.
TEST_P(ConversationTest, NewCaptchaWhereTwoBearItsName) {
  portal_.Control("faults", {{"kind", "swap_buttons"},
                             {"screen", "login"},
                             {"times", 0},
                             {"from", "Resmi Yenile"},
                             {"to", "Güvenlik Sözcüğümü Unuttum"}});
  std::string text(BuiltInProfiles()[0].text);
  const std::string name = R"(names: "Resmi Yenile")";
  ASSERT_NE(text.find(name), std::string::npos);
  text.insert(text.find(name), R"(names: "Güvenlik Sözcüğümü Unuttum" )");
  const auto profile = Profile::FromText(text, "changed")->WithEntrance(portal_.url());
  auto conversation = *Conversation::Create(*profile, portal_.browser());
  ASSERT_DONE(conversation->Finish(v1::STEP_KIND_OPEN_LOGIN, {}, "", {}));
  View first;
  ASSERT_FALSE(conversation->Begin(v1::STEP_KIND_LOG_IN, {}, first).has_value());
  View second;
  ASSERT_FALSE(conversation->NewCaptcha(v1::STEP_KIND_LOG_IN, {}, second).has_value());
  EXPECT_NE(first.captcha, second.captcha);
  EXPECT_EQ(portal_.Requests("GET word_reset"), 0);
}

}  // namespace
}  // namespace ilkimza::portal
