// The plans of the portal's menu, and the ways to a PUK.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/journey/walk.h"

namespace ilkimza::server {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(MenuTest, EachGoalEndsWithItsFact) {
  for (const v1::Goal goal :
       {v1::GOAL_LIST_CERTIFICATES, v1::GOAL_ACTIVATE_CERTIFICATE, v1::GOAL_UPDATE_INFO,
        v1::GOAL_UNBLOCK_PIN, v1::GOAL_REVOKE_CERTIFICATE}) {
    Walk walk(goal);
    walk.Attach();
    const auto asked = walk.ToTheEnd();
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED) << v1::Goal_Name(goal);
    const v1::Facts& facts = walk->facts();
    EXPECT_EQ(facts.certificate_activated(), goal == v1::GOAL_ACTIVATE_CERTIFICATE);
    EXPECT_EQ(facts.info_updated(), goal == v1::GOAL_UPDATE_INFO);
    EXPECT_EQ(facts.own_pin_set(), goal == v1::GOAL_UNBLOCK_PIN);
    EXPECT_EQ(facts.certificate_revoked(), goal == v1::GOAL_REVOKE_CERTIFICATE);
    EXPECT_THAT(asked, Contains(v1::STEP_KIND_LOG_OUT));
  }
}

TEST(MenuTest, NoCodeIsAskedForWhereThePageHasThePuk) {
  Walk walk(v1::GOAL_UNBLOCK_PIN);
  walk.Attach();
  const auto asked = walk.ToTheEnd();
  EXPECT_THAT(asked, Not(Contains(v1::STEP_KIND_REQUEST_UNBLOCK)));
  EXPECT_EQ(walk.Find(v1::STEP_KIND_REQUEST_UNBLOCK).state(), v1::STEP_STATE_SKIPPED);
}

TEST(MenuTest, ACodeIsAskedForWhereThePageIsGone) {
  Walk walk(v1::GOAL_UNBLOCK_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_PIN_INFO_DELETED));
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_REQUEST_UNBLOCK);
  EXPECT_TRUE(walk->facts().portal_copy_missing());
  walk.ToTheEnd();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

// Up to the step, and then: "not this PUK, let the portal send a code".
void ExpectCodeOnRetry(Walk& walk) {
  const int64_t before = walk->directive_id();
  EXPECT_TRUE(walk.Retry());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_REQUEST_UNBLOCK);
  EXPECT_GT(walk->directive_id(), before);
  EXPECT_TRUE(walk->facts().portal_copy_missing());
  EXPECT_FALSE(walk->facts().own_pin_set());
  walk.To(v1::STEP_KIND_UNBLOCK_PIN);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_ENTER_UNBLOCK_CODE).state(), v1::STEP_STATE_DONE);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_READ_PIN).state(), v1::STEP_STATE_DONE);
  // Once: after the code there is no other way.
  EXPECT_FALSE(walk.Retry());
  walk.ToTheEnd();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

TEST(MenuTest, APageWithoutAPukLeadsToTheCode) {
  Walk walk(v1::GOAL_UNBLOCK_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_UNBLOCK_PIN);
  ExpectCodeOnRetry(walk);
}

// The holder has two cards, and the page names the other one only.
TEST(MenuTest, AChipThatThePageDoesNotNameLeadsToTheCode) {
  Walk walk(v1::GOAL_UNBLOCK_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_MATCH_CARD);
  EXPECT_FALSE(walk.Retry()) << "nothing is known of the chip yet";
  EXPECT_TRUE(walk.Rejected(v1::ERROR_REASON_SERIAL_MISMATCH));
  ExpectCodeOnRetry(walk);
}

// A new login on the way does not lead back to the page that had no PUK.
TEST(MenuTest, TheWayByCodeOutlivesTheSession) {
  Walk walk(v1::GOAL_UNBLOCK_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_UNBLOCK_PIN);
  EXPECT_TRUE(walk.Retry());
  EXPECT_TRUE(walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED));
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  walk.To(v1::STEP_KIND_REQUEST_UNBLOCK);
}

TEST(MenuTest, NoOtherGoalHasAWayByCode) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_MATCH_CARD);
  EXPECT_TRUE(walk.Rejected(v1::ERROR_REASON_SERIAL_MISMATCH));
  EXPECT_FALSE(walk.Retry());
}

TEST(MenuTest, ABlockedPukIsNoReasonForACode) {
  Walk walk(v1::GOAL_UNBLOCK_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_UNBLOCK_PIN);
  EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_PUK_BLOCKED));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_TRUE(walk.Retry());
  EXPECT_NE(walk->current_step(), v1::STEP_KIND_REQUEST_UNBLOCK);
}

}  // namespace
}  // namespace ilkimza::server
