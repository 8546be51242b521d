// What happens when an agent, a conversation, an answer or the time is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/journey/walk.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;

// -- The agent --

TEST(RecoveryTest, AStepOnTheCardIsTheSameDirectiveAfterAReattach) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_PROVE_PIN);
  const v1::RunStep before = walk.run();
  EXPECT_TRUE(walk.Detach());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_EQ(walk->turn(), v1::ACTOR_AGENT);
  EXPECT_FALSE(walk->has_step_deadline());
  EXPECT_FALSE(walk.Retry()) << "only the agent can go on";
  EXPECT_TRUE(walk.Attach());
  EXPECT_EQ(walk.run().directive_id(), before.directive_id());
  EXPECT_EQ(walk.run().step(), v1::STEP_KIND_PROVE_PIN);
  EXPECT_TRUE(walk->has_step_deadline());
  EXPECT_FALSE(walk.Attach()) << "it is attached already";
}

TEST(RecoveryTest, AReportThatWaitedForTheAgentCountsAfterItsReattach) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  const v1::StepReport report = walk.Answer(v1::STEP_OUTCOME_DONE);
  walk.Detach();
  walk.Attach();
  EXPECT_TRUE(walk.Report(report));
  EXPECT_TRUE(walk->facts().own_pin_set());
  EXPECT_FALSE(walk.Report(report)) << "the second time it is of the past";
}

TEST(RecoveryTest, ADetachedAgentIsNoMatterForAConversationOnTheServer) {
  Walk walk(v1::GOAL_GET_PIN, false, v1::PORTAL_HOST_SERVER);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  EXPECT_EQ(walk.last().directives[0].to, Directive::To::kServerHost);
  EXPECT_TRUE(walk.Detach());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  walk.Done();
  walk.Done();
  walk.Done();
  walk.Done();
  walk.Done();
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_MATCH_CARD);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING) << "the card needs the agent";
  walk.Attach();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(walk.last().directives[0].to, Directive::To::kAgent);
}

TEST(RecoveryTest, TheAgentLooksAtTheCardAtOnceWhenItIsBack) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_MATCH_CARD);
  walk.Rejected(v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
  walk.Detach();
  walk.Attach();
  EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(RecoveryTest, ACardOfAnotherSerialIsNoMatch) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_MATCH_CARD);
  v1::StepReport report = walk.Answer(v1::STEP_OUTCOME_DONE);
  report.set_card_serial("87211470000000000002");
  walk.Report(report);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_MATCH_CARD);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_EQ(walk->facts().card_serial(), "");
}

TEST(RecoveryTest, APinProvenOnAnotherCardProvesNothing) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_PROVE_PIN);
  v1::StepReport report = walk.Answer(v1::STEP_OUTCOME_DONE);
  report.set_card_serial("87211470000000000099");
  walk.Report(report);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_FALSE(walk->facts().pin_proven());
}

// -- The conversation --

TEST(RecoveryTest, ALostConversationAtAPortalStepGoesToTheSafeStepWithANewDirective) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_ENTER_SMS_CODE);
  const int64_t before = walk->directive_id();
  EXPECT_TRUE(walk.Lost());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_GT(walk->directive_id(), before);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_CONVERSATION_LOST);
}

TEST(RecoveryTest, AMailLinkIsAskedForAgainWithoutANewMail) {
  Walk walk(v1::GOAL_RESET_SECURITY_WORD);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_MAIL_LINK);
  const int64_t before = walk->directive_id();
  EXPECT_TRUE(walk.Lost());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_MAIL_LINK);
  EXPECT_GT(walk->directive_id(), before);
}

TEST(RecoveryTest, StepsBeforeThePortalLoseNothing) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  EXPECT_FALSE(walk.Lost());
  walk.Done();
  EXPECT_FALSE(walk.Lost());
}

TEST(RecoveryTest, AnAgentThatComesBackWithoutItsConversationLogsInAgain) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  walk.Detach();
  EXPECT_TRUE(walk.Lost());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_TRUE(walk.last().directives.empty());
  walk.Attach();
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_CONVERSATION_LOST);
}

// The PIN page is gone while the agent may be in the middle of an attempt.
TEST(RecoveryTest, AStepOnTheCardIsStoppedAndItsResultAwaitedBeforeTheLogin) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_PROVE_PIN);
  const int64_t open = walk->directive_id();
  EXPECT_TRUE(walk.Lost());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_PROVE_PIN);
  EXPECT_EQ(walk->directive_id(), open);
  EXPECT_TRUE(walk.stops());
  EXPECT_FALSE(walk.Lost()) << "it is known already";
  EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_CANCELLED));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  walk.To(v1::STEP_KIND_PROVE_PIN);
}

TEST(RecoveryTest, AnAttemptThatWasMadeMeanwhileCounts) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  walk.Lost();
  EXPECT_TRUE(walk.Done());
  EXPECT_TRUE(walk->facts().own_pin_set());
  EXPECT_THAT(walk.ToTheEnd(),
              ElementsAre(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN,
                          v1::STEP_KIND_CONFIRM_PHONE, v1::STEP_KIND_ENTER_SMS_CODE,
                          v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_DELETE_PORTAL_COPY,
                          v1::STEP_KIND_TEST_SIGNATURE, v1::STEP_KIND_LOG_OUT));
}

TEST(RecoveryTest, AWrongPinMeanwhileIsCountedAndThePinPageOpenedAgain) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_PROVE_PIN);
  walk.Lost();
  walk.Rejected(v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_PROVE_PIN).attempts(), 1);
}

TEST(RecoveryTest, TheStopIsRepeatedToAnAgentThatAttachesAgain) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_PROVE_PIN);
  const int64_t open = walk->directive_id();
  walk.Detach();
  walk.Lost();
  EXPECT_TRUE(walk.last().directives.empty());
  walk.Attach();
  EXPECT_EQ(walk.run().directive_id(), open) << "one that forgot it has to know what to stop";
  EXPECT_TRUE(walk.stops());
}

TEST(RecoveryTest, TheTestSignatureNeedsNoConversationAndTheLogOutIsDoneWithoutOne) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_TEST_SIGNATURE);
  EXPECT_TRUE(walk.Lost());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_TEST_SIGNATURE);
  EXPECT_FALSE(walk.stops());
  walk.Done();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_LOG_OUT).state(), v1::STEP_STATE_DONE);
}

TEST(RecoveryTest, HoweverTheLogOutEndsTheJourneyIsDone) {
  for (const v1::StepOutcome outcome :
       {v1::STEP_OUTCOME_UNAVAILABLE, v1::STEP_OUTCOME_REWIND, v1::STEP_OUTCOME_STOPPED,
        v1::STEP_OUTCOME_UNKNOWN, v1::STEP_OUTCOME_REJECTED, v1::STEP_OUTCOME_SKIPPED}) {
    Walk walk(v1::GOAL_GET_PIN);
    walk.Attach();
    walk.To(v1::STEP_KIND_LOG_OUT);
    walk.Report(walk.Answer(outcome, v1::ERROR_REASON_PORTAL_UNREACHABLE));
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
  }
  Walk lost(v1::GOAL_GET_PIN);
  lost.Attach();
  lost.To(v1::STEP_KIND_LOG_OUT);
  lost.Lost();
  EXPECT_EQ(lost->state(), v1::JOURNEY_STATE_SUCCEEDED);
  Walk late(v1::GOAL_GET_PIN);
  late.Attach();
  late.To(v1::STEP_KIND_LOG_OUT);
  late.Time(FromProto(late->step_deadline()));
  EXPECT_EQ(late->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

TEST(RecoveryTest, AWaitForThePortalMovesToTheSafeStepWhenTheConversationIsLost) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  walk.Unavailable(v1::ERROR_REASON_PORTAL_UNREACHABLE);
  const auto resume = walk->resume_time();
  EXPECT_TRUE(walk.Lost());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_EQ(walk->resume_time().seconds(), resume.seconds());
  walk.Time(FromProto(resume));
  EXPECT_EQ(walk.run().step(), v1::STEP_KIND_OPEN_LOGIN);
}

// -- Unknown outcomes --

TEST(RecoveryTest, AnUnknownChangeOfThePinIsProvenAnew) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  walk.Unknown(v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_TRUE(walk->facts().own_pin_unknown());
  EXPECT_FALSE(walk->facts().pin_proven());
  EXPECT_TRUE(walk.Retry());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_PROVE_PIN) << "the PIN page is still there";
  walk.Done();
  EXPECT_EQ(walk.run().step(), v1::STEP_KIND_SET_OWN_PIN);
  EXPECT_TRUE(walk.run().facts().own_pin_unknown()) << "so that the holder may keep the PIN";
  walk.Done();
  EXPECT_FALSE(walk->facts().own_pin_unknown());
  EXPECT_TRUE(walk->facts().own_pin_set());
}

TEST(RecoveryTest, AnUnknownChangeWithoutTheConversationOpensThePinPageFirst) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  walk.Detach();
  walk.Lost();
  walk.Attach();
  walk.Unknown(v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  ASSERT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  walk.Retry();
  EXPECT_THAT(
      walk.ToTheEnd(),
      ElementsAre(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE,
                  v1::STEP_KIND_ENTER_SMS_CODE, v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_READ_PIN,
                  v1::STEP_KIND_PROVE_PIN, v1::STEP_KIND_SET_OWN_PIN,
                  v1::STEP_KIND_DELETE_PORTAL_COPY, v1::STEP_KIND_TEST_SIGNATURE,
                  v1::STEP_KIND_LOG_OUT));
}

TEST(RecoveryTest, AnUnknownSubmissionIsNeverRepeatedByItself) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_DELETE_PORTAL_COPY);
  walk.Unknown(v1::ERROR_REASON_SUBMISSION_UNKNOWN);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_TRUE(walk.last().directives.empty());
  walk.Retry();
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  walk.Skipped(v1::ERROR_REASON_PIN_INFO_DELETED);
  EXPECT_TRUE(walk->facts().portal_copy_deleted());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_TEST_SIGNATURE) << "it had been deleted";
}

// -- What the portal no longer has --

TEST(RecoveryTest, DeletedPinInformationStopsAJourneyThatHasProvenNothing) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  walk.Skipped(v1::ERROR_REASON_PIN_INFO_DELETED);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_FALSE(walk->facts().portal_copy_deleted());
}

TEST(RecoveryTest, DeletedPinInformationIsNothingToReadForAProvenPin) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  walk.Rewound(v1::ERROR_REASON_PIN_NEEDED_AGAIN);
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  walk.Skipped(v1::ERROR_REASON_PIN_INFO_DELETED);
  EXPECT_EQ(walk.Find(v1::STEP_KIND_READ_PIN).state(), v1::STEP_STATE_SKIPPED);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_SET_OWN_PIN);
}

TEST(RecoveryTest, TheHolderMayKeepThePortalsCopy) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_DELETE_PORTAL_COPY);
  walk.Skipped(v1::ERROR_REASON_COPY_KEPT);
  EXPECT_TRUE(walk->facts().portal_copy_kept());
  EXPECT_FALSE(walk->facts().portal_copy_deleted());
  EXPECT_EQ(walk.Find(v1::STEP_KIND_DELETE_PORTAL_COPY).reason(), v1::ERROR_REASON_COPY_KEPT);
  walk.ToTheEnd();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

TEST(RecoveryTest, WhatProvesSomethingCannotBeSkipped) {
  for (const auto kind : {v1::STEP_KIND_LOG_IN, v1::STEP_KIND_MATCH_CARD, v1::STEP_KIND_PROVE_PIN,
                          v1::STEP_KIND_SET_OWN_PIN, v1::STEP_KIND_TEST_SIGNATURE}) {
    Walk walk(v1::GOAL_GET_PIN);
    walk.Attach();
    walk.To(kind);
    walk.Skipped(v1::ERROR_REASON_CANCELLED);
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED) << v1::StepKind_Name(kind);
  }
}

// -- Time --

TEST(RecoveryTest, AStepThatNobodyAnswersStopsAndGoesOnOnRetry) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  const absl::Time deadline = FromProto(walk->step_deadline());
  EXPECT_EQ(FromProto(walk.run().deadline()), deadline - Policy().deadline_grace);
  EXPECT_FALSE(walk.Time(deadline - absl::Nanoseconds(1)));
  EXPECT_TRUE(walk.Time(deadline));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_STEP_TIMEOUT);
  EXPECT_TRUE(walk.stops());
  EXPECT_TRUE(walk.Stopped(v1::ERROR_REASON_CANCELLED)) << "the host did as it was told";
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_STEP_TIMEOUT);
  EXPECT_TRUE(walk.Retry());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
}

TEST(RecoveryTest, AnAnswerInTheLastMomentStillCounts) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  walk.Time(FromProto(walk->step_deadline()));
  ASSERT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_TRUE(walk.Done());
  EXPECT_TRUE(walk->facts().own_pin_set());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
}

TEST(RecoveryTest, AStepOnTheCardWithoutAResultIsTakenUpAsTheSameDirective) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  const int64_t open = walk->directive_id();
  walk.Time(FromProto(walk->step_deadline()));
  EXPECT_EQ(walk->directive_id(), open);
  EXPECT_TRUE(walk.Retry());
  EXPECT_EQ(walk.run().directive_id(), open);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_TRUE(walk.Unknown(v1::ERROR_REASON_ATTEMPT_UNKNOWN));
  EXPECT_TRUE(walk->facts().own_pin_unknown());
}

TEST(RecoveryTest, AnUnfinishedJourneyIsGivenUpWhenItExpires) {
  Walk walk(v1::GOAL_GET_PIN);
  EXPECT_EQ(NextTime(*walk), FromProto(walk->expire_time()));
  EXPECT_TRUE(walk.Time(FromProto(walk->expire_time())));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_FAILED);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_JOURNEY_EXPIRED);
  EXPECT_EQ(NextTime(*walk), absl::InfiniteFuture());
}

// -- The line at the portal --

TEST(RecoveryTest, AJourneyThatWaitsForItsTurnKeepsItsPlaceWhileItsAgentIsAway) {
  Walk walk(v1::GOAL_LIST_CERTIFICATES);
  walk.Attach();
  const absl::Time told = walk.now() + absl::Minutes(5);
  v1::StepReport held = walk.Answer(v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_PACED);
  *held.mutable_report_time() = ToProto(told);
  ASSERT_TRUE(walk.Report(held));
  EXPECT_EQ(NextTime(*walk), told);
  EXPECT_TRUE(walk.Detach());
  EXPECT_TRUE(IsPassedOver(*walk));
  EXPECT_EQ(NextTime(*walk), FromProto(walk->expire_time())) << "nothing to do until it is back";
  EXPECT_FALSE(walk.Retry()) << "nobody could carry it out";
  EXPECT_FALSE(walk.Time(told));
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_PORTAL_PACED);
  EXPECT_EQ(FromProto(walk->resume_time()), told);
  EXPECT_TRUE(walk.Attach());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE) << "it asks";
  EXPECT_EQ(walk.run().step(), v1::STEP_KIND_OPEN_LOGIN);
}

TEST(RecoveryTest, AnAgentThatIsBackBeforeItsTurnWaitsForIt) {
  Walk walk(v1::GOAL_LIST_CERTIFICATES);
  walk.Attach();
  const absl::Time told = walk.now() + absl::Minutes(5);
  v1::StepReport held = walk.Answer(v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_PACED);
  *held.mutable_report_time() = ToProto(told);
  ASSERT_TRUE(walk.Report(held));
  EXPECT_TRUE(walk.Detach());
  EXPECT_TRUE(walk.Attach());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_EQ(NextTime(*walk), told);
  EXPECT_TRUE(walk.Time(told));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  // The holder's own browser needs no agent's turn.
  Walk other(v1::GOAL_LIST_CERTIFICATES);
  other.Attach();
  held = other.Answer(v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_PACED);
  *held.mutable_report_time() = ToProto(told);
  ASSERT_TRUE(other.Report(held));
  EXPECT_TRUE(other.Detach());
  EXPECT_TRUE(other.Retry(v1::WAY_GUIDED));
  EXPECT_EQ(other->reason(), v1::ERROR_REASON_AGENT_NOT_ATTACHED);
}

// -- People --

TEST(RecoveryTest, CancellingEndsTheJourneyAndKeepsWhatWasDone) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  EXPECT_TRUE(walk.Cancel());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_CANCELLED);
  EXPECT_TRUE(walk->facts().pin_proven());
  EXPECT_EQ(walk.Find(v1::STEP_KIND_SET_OWN_PIN).state(), v1::STEP_STATE_STOPPED);
  EXPECT_FALSE(walk.Cancel());
  EXPECT_FALSE(walk.Retry());
  EXPECT_FALSE(walk.Attach());
}

TEST(RecoveryTest, BothHostsForgetAJourneyThatTheServerHosted) {
  Walk walk(v1::GOAL_GET_PIN, false, v1::PORTAL_HOST_SERVER);
  walk.Attach();
  walk.Cancel();
  ASSERT_EQ(walk.last().directives.size(), 2u);
  EXPECT_EQ(walk.last().directives[0].to, Directive::To::kAgent);
  EXPECT_EQ(walk.last().directives[1].to, Directive::To::kServerHost);
}

TEST(RecoveryTest, APinPageWithoutSerialsStopsBeforeTheCard) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  for (int i = 0; i < 2; ++i) {
    v1::StepReport report = walk.Answer(v1::STEP_OUTCOME_DONE);
    report.clear_portal_serials();
    walk.Report(report);
  }
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_READ_PIN);
}

TEST(RecoveryTest, ReportsOfThePastAreLeftOut) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  const v1::StepReport first = walk.Answer(v1::STEP_OUTCOME_DONE);
  walk.Done();
  EXPECT_FALSE(walk.Report(first));
  v1::StepReport other = walk.Answer(v1::STEP_OUTCOME_DONE);
  other.set_step(v1::STEP_KIND_PROVE_PIN);
  EXPECT_FALSE(walk.Report(other));
  other = walk.Answer(v1::STEP_OUTCOME_UNSPECIFIED);
  EXPECT_FALSE(walk.Report(other));
}

TEST(RecoveryTest, CardsAreNotedWhileOneIsNeeded) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  EXPECT_TRUE(walk.Card("42"));
  walk.To(v1::STEP_KIND_LOG_OUT);
  EXPECT_FALSE(walk.Card(""));
  Walk reset(v1::GOAL_RESET_SECURITY_WORD);
  EXPECT_FALSE(reset.Card("42"));
}

}  // namespace
}  // namespace ilkimza::server
