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

// -- A revocation whose answer never came --

Walk RevocationUnknown() {
  Walk walk(v1::GOAL_REVOKE_CERTIFICATE);
  walk.Attach();
  walk.To(v1::STEP_KIND_REVOKE_CERTIFICATE);
  EXPECT_TRUE(walk.Unknown(v1::ERROR_REASON_SUBMISSION_UNKNOWN));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_TRUE(walk.Retry());
  walk.To(v1::STEP_KIND_REVOKE_CERTIFICATE);
  return walk;
}

void ExpectTheListDecides(Walk& walk, v1::ErrorReason reason) {
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_LIST_CERTIFICATES);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_REVOKE_CERTIFICATE).state(), v1::STEP_STATE_SKIPPED);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_REVOKE_CERTIFICATE).reason(), reason);
  const auto asked = walk.ToTheEnd();
  EXPECT_THAT(asked, Not(Contains(v1::STEP_KIND_REVOKE_CERTIFICATE)));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
  EXPECT_FALSE(walk->facts().certificate_revoked());
}

TEST(MenuTest, ARevocationThatWasTakenUnansweredDoesNotStopForEver) {
  Walk walk = RevocationUnknown();
  EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_NOTHING_TO_REVOKE));
  ExpectTheListDecides(walk, v1::ERROR_REASON_NOTHING_TO_REVOKE);
}

TEST(MenuTest, WhoLeavesItAfterAnUnansweredRevocationSeesTheList) {
  Walk walk = RevocationUnknown();
  EXPECT_TRUE(walk.Skipped(v1::ERROR_REASON_LEFT_AS_IT_WAS));
  ExpectTheListDecides(walk, v1::ERROR_REASON_LEFT_AS_IT_WAS);
}

TEST(MenuTest, ASecondRevocationThatIsAnsweredIsAFact) {
  Walk walk = RevocationUnknown();
  walk.ToTheEnd();
  EXPECT_TRUE(walk->facts().certificate_revoked());
}

TEST(MenuTest, NothingToRevokeStopsWhereNothingWasSent) {
  Walk walk(v1::GOAL_REVOKE_CERTIFICATE);
  walk.Attach();
  walk.To(v1::STEP_KIND_REVOKE_CERTIFICATE);
  EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_NOTHING_TO_REVOKE));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
}

// -- What the test signature was made with --

TEST(MenuTest, ASignatureByACertificateThatIsNotValidIsNoReadyCard) {
  for (const v1::Goal goal : {v1::GOAL_GET_PIN, v1::GOAL_UNBLOCK_PIN}) {
    Walk walk(goal);
    walk.Attach();
    walk.To(v1::STEP_KIND_TEST_SIGNATURE);
    v1::StepReport report = walk.Answer(v1::STEP_OUTCOME_DONE);
    report.set_reason(v1::ERROR_REASON_CERTIFICATE_EXPIRED);
    walk.Report(report);
    walk.ToTheEnd();
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
    EXPECT_TRUE(walk->facts().test_signature_made());
    EXPECT_EQ(walk.Find(v1::STEP_KIND_TEST_SIGNATURE).reason(),
              v1::ERROR_REASON_CERTIFICATE_EXPIRED);
  }
}

// -- A mail address of old --

TEST(MenuTest, MailsThatDoNotComeAreNotAskedForWithoutAnEnd) {
  Walk walk(v1::GOAL_RESET_SECURITY_WORD);
  walk.Attach();
  int mails = 0;
  while (walk->state() == v1::JOURNEY_STATE_ACTIVE && mails < 50) {
    walk.To(v1::STEP_KIND_OPEN_MAIL_LINK);
    EXPECT_TRUE(walk.Rewound(v1::ERROR_REASON_MAIL_NOT_RECEIVED));
    ++mails;
    if (mails > 1) continue;
    // The form that asks for the next one says why.
    walk.To(v1::STEP_KIND_REQUEST_WORD_RESET);
    EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_MAIL_NOT_RECEIVED);
  }
  EXPECT_EQ(mails, Policy().wrong_mail_links);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_MAIL_NOT_RECEIVED);
  EXPECT_TRUE(walk.Retry());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
}

// Once the portal has the right one, another mail is asked for.
TEST(MenuTest, AMailAddressThatIsNotTheHoldersStops) {
  for (const v1::StepKind step : {v1::STEP_KIND_REQUEST_WORD_RESET, v1::STEP_KIND_OPEN_MAIL_LINK}) {
    Walk walk(v1::GOAL_RESET_SECURITY_WORD);
    walk.Attach();
    walk.To(step);
    EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_WRONG_EMAIL));
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
    EXPECT_EQ(walk->reason(), v1::ERROR_REASON_WRONG_EMAIL);
    EXPECT_TRUE(walk.Retry());
    EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
    walk.ToTheEnd();
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
  }
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
