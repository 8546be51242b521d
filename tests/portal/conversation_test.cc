// A conversation over the practice portal: the same in every markup and charset.
#include "portal/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
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

#define EXPECT_ENDS(ending_expression, expected_outcome, expected_reason)            \
  do {                                                                               \
    const Ending ending_of_step = (ending_expression);                               \
    EXPECT_EQ(ending_of_step.outcome, expected_outcome) << Describe(ending_of_step); \
    EXPECT_EQ(ending_of_step.reason, expected_reason) << Describe(ending_of_step);   \
  } while (false)
#define ASSERT_DONE(ending_expression)                                    \
  do {                                                                    \
    const Ending ending_of_step = (ending_expression);                    \
    ASSERT_EQ(ending_of_step.outcome, kDone) << Describe(ending_of_step); \
  } while (false)

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

}  // namespace
}  // namespace ilkimza::portal
