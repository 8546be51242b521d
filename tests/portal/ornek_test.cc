// The second profile against a portal of another shape: what is said of the first one
// holds here as well, so nothing of it is in the code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/portal/ending_matchers.h"
#include "tests/portal/host_client.h"
#include "tests/portal/walk.h"

namespace ilkimza::portal {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

class OrnekTest : public ::testing::TestWithParam<Markup> {
 protected:
  void SetUp() override { portal_.Reset(GetParam().style, GetParam().charset, "ornek"); }
  void TearDown() override {
    EXPECT_EQ(portal_.Presses("menu:go:revoke"), 0);
    EXPECT_EQ(portal_.Presses("menu:go:contact"), 0);
  }
  SandboxPortal& portal_ = SandboxPortal::Get();
};
INSTANTIATE_TEST_SUITE_P(Markups, OrnekTest, ::testing::ValuesIn(kMarkups),
                         [](const auto& markup) { return MarkupName(markup.param); });

TEST_P(OrnekTest, GetsThePinAndHasItDeleted) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN));
  // The SMS was sent without a question, so there is none to answer.
  EXPECT_NE(portal_.LastSmsCode(Ayse().phone), "");
  View view;
  const auto phone = walk.conversation().Begin(v1::STEP_KIND_CONFIRM_PHONE, {}, view);
  ASSERT_TRUE(phone);
  ASSERT_DONE(*phone);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE));
  const Ending pins = walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE);
  ASSERT_DONE(pins);
  EXPECT_THAT(pins.serials, ElementsAreArray(Ayse().serials));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_READ_PIN));
  ASSERT_EQ(walk.view.cards.size(), 1U);
  EXPECT_EQ(walk.view.cards[0].pin.view(), Ayse().pins[0]);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
  EXPECT_EQ(portal_.Presses("pin:delete:1"), 1);
  EXPECT_EQ(portal_.Presses("pin_delete:submit"), 1);
}

TEST_P(OrnekTest, ResetsTheWord) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_SET_SECURITY_WORD));
  walk.word = "Yeni1Sözcük";
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN));
}

TEST_P(OrnekTest, AsksForWhatItsFormsHold) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  View view;
  ASSERT_FALSE(walk.conversation().Begin(v1::STEP_KIND_LOG_IN, {}, view));
  std::vector<std::string> labels;
  for (const Asked& asked : view.asks) labels.push_back(asked.label);
  EXPECT_THAT(labels, ElementsAre("E-posta Adresiniz", "Parola", "Görüntüdeki Harfler"));
}

TEST_P(OrnekTest, ItsRulesAreKnownByItsWords) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  walk.captcha = "xxxxx";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_CAPTCHA);
  walk.captcha.reset();
  walk.word = "Yanlis9";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_CREDENTIALS);
  walk.word.reset();
  walk.email = "kimse@ornek.example";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_CREDENTIALS);
  walk.email.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_IN));
  walk.code = "000000";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_SMS_CODE);
  walk.code.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_ENTER_SMS_CODE));
  portal_.Control("expire", {{"what", "session"}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_SESSION_EXPIRED);
}

TEST_P(OrnekTest, RulesOfTheReset) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_WORD_RESET));
  walk.email = "kimse@ornek.example";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_REQUEST_WORD_RESET), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_ID_OR_EMAIL);
  walk.email.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_WORD_RESET));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK));
  walk.word = "kisa";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_SET_SECURITY_WORD), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WORD_TOO_SHORT);
  walk.word.reset();
  ASSERT_DONE(walk.Do(v1::STEP_KIND_SET_SECURITY_WORD));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_MAIL_LINK), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_MAIL_LINK_USED);
}

TEST_P(OrnekTest, FiveWrongWordsLock) {
  Walk walk(portal_);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  walk.word = "Yanlis9";
  for (int i = 0; i < 4; ++i) walk.Do(v1::STEP_KIND_LOG_IN);
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_LOCKED_OUT);
}

TEST_P(OrnekTest, DeletionTouchesNoOtherCard) {
  Walk walk(portal_, Cagri());
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
  walk.card = Cagri().serials[1];
  ASSERT_DONE(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY));
  EXPECT_EQ(portal_.Presses("pin:delete:2"), 1);
  EXPECT_EQ(portal_.Presses("pin:delete:1"), 0);
}

TEST_P(OrnekTest, MaintenanceIsWaitedFor) {
  portal_.Control("maintenance", {{"on", true}});
  Walk walk(portal_);
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_LOGIN), v1::STEP_OUTCOME_UNAVAILABLE,
              v1::ERROR_REASON_PORTAL_MAINTENANCE);
}

TEST_P(OrnekTest, OneProfileKnowsNothingOfTheOther) {
  auto conversation = Conversation::Create(*Profile::Named("kamusm")->WithEntrance(portal_.url()),
                                           portal_.browser());
  ASSERT_TRUE(conversation.ok());
  EXPECT_ENDS((*conversation)->Finish(v1::STEP_KIND_OPEN_LOGIN, {}, "", {}),
              v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
}

// Directives, screens and answers over gRPC.
TEST_P(OrnekTest, TheHostLeavesOutWhatThePortalDoesNotHave) {
  HostClient client(portal_);
  EXPECT_EQ(client.Run(v1::STEP_KIND_OPEN_LOGIN).outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(client.RunAnswered(v1::STEP_KIND_LOG_IN).outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(client.Run(v1::STEP_KIND_CONFIRM_PHONE).outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(client.RunAnswered(v1::STEP_KIND_ENTER_SMS_CODE).outcome(), v1::STEP_OUTCOME_DONE);
  const v1::StepReport pins = client.Run(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_EQ(pins.outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_THAT(pins.portal_serials(), ElementsAreArray(Ayse().serials));
}

TEST_P(OrnekTest, AGuidedHolderIsNotAskedForWhatThePortalDoesNotHave) {
  HostClient client(portal_);
  const auto guided = [](v1::RunStep& directive) { directive.set_guided(true); };
  const int64_t phone = client.Direct(v1::STEP_KIND_CONFIRM_PHONE, guided);
  EXPECT_EQ(client.reports().Of(phone).outcome(), v1::STEP_OUTCOME_DONE);
  client.Direct(v1::STEP_KIND_LOG_IN, guided);
  const v1::Screen login = client.stream().WaitForKind(v1::Screen::kGuided);
  EXPECT_THAT(login.guided().labels(),
              ElementsAre("E-posta Adresiniz", "Parola", "Görüntüdeki Harfler", "Oturum Aç"));
  EXPECT_EQ(login.guided().address(), portal_.url());
}

// A profile need not know the whole menu.
TEST_P(OrnekTest, AStepThatTheProfileLacksTouchesNothing) {
  HostClient client(portal_);
  EXPECT_EQ(client.Through(v1::STEP_KIND_ENTER_SMS_CODE).outcome(), v1::STEP_OUTCOME_DONE);
  const nlohmann::json before = portal_.State().at("requests");
  for (const auto step : {v1::STEP_KIND_LIST_CERTIFICATES, v1::STEP_KIND_ACTIVATE_CERTIFICATE,
                          v1::STEP_KIND_UPDATE_INFO, v1::STEP_KIND_REQUEST_UNBLOCK,
                          v1::STEP_KIND_ENTER_UNBLOCK_CODE, v1::STEP_KIND_REVOKE_CERTIFICATE}) {
    const v1::StepReport report = client.Run(step);
    EXPECT_EQ(report.outcome(), v1::STEP_OUTCOME_STOPPED) << v1::StepKind_Name(step);
    EXPECT_EQ(report.reason(), v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  }
  EXPECT_EQ(portal_.State().at("requests"), before);
  // What it knows still goes on from there.
  EXPECT_EQ(client.Run(v1::STEP_KIND_OPEN_PIN_PAGE).outcome(), v1::STEP_OUTCOME_DONE);
  Walk walk(portal_);
  for (const auto step : {v1::STEP_KIND_LIST_CERTIFICATES, v1::STEP_KIND_REVOKE_CERTIFICATE}) {
    View view;
    const auto begun = walk.conversation().Begin(step, {}, view);
    ASSERT_TRUE(begun);
    EXPECT_ENDS(*begun, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
    EXPECT_ENDS(walk.conversation().Finish(step, {}, "", {}), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  }
}

}  // namespace
}  // namespace ilkimza::portal
