// The transition rules, one by one.
#include "server/journey/advance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "server/journey/plan.h"
#include "tests/server/journey/walk.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;

TEST(PlanTest, ListsTheStepsOfEachGoal) {
  EXPECT_EQ(PlanOf(v1::GOAL_RESET_SECURITY_WORD, false).size(), 4u);
  EXPECT_EQ(PlanOf(v1::GOAL_GET_PIN, false).size(), 14u);
  const auto all = PlanOf(v1::GOAL_GET_PIN, true);
  ASSERT_EQ(all.size(), 18u);
  EXPECT_EQ(all[2], v1::STEP_KIND_OPEN_WORD_RESET);
  EXPECT_EQ(all[6], v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_TRUE(PlanOf(v1::GOAL_UNSPECIFIED, true).empty());
}

TEST(PlanTest, CoversTheGuidesSixteenStepsInOrder) {
  std::vector<int> guide;
  for (const v1::StepKind kind : PlanOf(v1::GOAL_GET_PIN, true)) {
    for (const int step : SpecOf(kind).guide_steps) guide.push_back(step);
  }
  EXPECT_THAT(guide, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
}

TEST(PlanTest, DescribesEachStepUnderItsOwnKind) {
  for (int value = 1; value < v1::StepKind_ARRAYSIZE; ++value) {
    const auto kind = static_cast<v1::StepKind>(value);
    EXPECT_EQ(SpecOf(kind).kind, kind);
    EXPECT_FALSE(SpecOf(kind).english.empty());
    EXPECT_FALSE(SpecOf(kind).turkish.empty());
  }
}

TEST(AdvanceTest, StartsWaitingForItsAgentAndGoesOnWhenItAttaches) {
  Walk walk(v1::GOAL_GET_PIN);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_EQ(walk->turn(), v1::ACTOR_AGENT);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_AGENT_NOT_ATTACHED);
  EXPECT_EQ(walk->directive_id(), 0);
  EXPECT_TRUE(walk.last().directives.empty());
  walk.Attach();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_PREPARE_CHIP);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(walk.run().directive_id(), 2);
  EXPECT_EQ(walk.run().journey(), walk->name());
  EXPECT_EQ(walk.run().attempts_left(), Policy().other_attempts);
}

TEST(AdvanceTest, GoesThroughEachStepOfThePlanOnce) {
  for (const bool forgotten : {false, true}) {
    Walk walk(v1::GOAL_GET_PIN, forgotten);
    walk.Attach();
    std::vector<v1::StepKind> seen;
    int64_t last_directive = 0;
    while (walk->state() == v1::JOURNEY_STATE_ACTIVE) {
      seen.push_back(walk->current_step());
      EXPECT_GT(walk->directive_id(), last_directive);
      last_directive = walk->directive_id();
      walk.Done();
    }
    EXPECT_EQ(seen, PlanOf(v1::GOAL_GET_PIN, forgotten));
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
    EXPECT_EQ(walk->current_step(), v1::STEP_KIND_UNSPECIFIED);
    EXPECT_EQ(walk->directive_id(), 0);
    EXPECT_EQ(walk->turn(), v1::ACTOR_UNSPECIFIED);
    EXPECT_TRUE(walk->has_end_time());
    EXPECT_EQ(walk->facts().security_word_reset(), forgotten);
    EXPECT_TRUE(walk->facts().pin_proven());
    EXPECT_TRUE(walk->facts().own_pin_set());
    EXPECT_TRUE(walk->facts().portal_copy_deleted());
    EXPECT_TRUE(walk->facts().test_signature_made());
    EXPECT_FALSE(walk->facts().logged_in());
    ASSERT_EQ(walk.last().directives.size(), 1u);
    EXPECT_TRUE(walk.last().directives[0].message.has_close_conversation());
  }
}

TEST(AdvanceTest, ResetsTheSecurityWordInFourSteps) {
  Walk walk(v1::GOAL_RESET_SECURITY_WORD);
  walk.Attach();
  for (int i = 0; i < 4; ++i) walk.Done();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
  EXPECT_TRUE(walk->facts().security_word_reset());
}

TEST(AdvanceTest, TellsEachStepWhatItNeeds) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_MATCH_CARD);
  EXPECT_THAT(walk.run().card_serials(), ElementsAre(kWalkSerial, "87211470000000000099"));
  walk.Done();
  EXPECT_THAT(walk.run().card_serials(), ElementsAre(kWalkSerial));
  walk.To(v1::STEP_KIND_DELETE_PORTAL_COPY);
  EXPECT_THAT(walk.run().card_serials(), ElementsAre(kWalkSerial));
  EXPECT_TRUE(walk.run().facts().own_pin_set());
  EXPECT_EQ(walk.run().attempts_left(), 10);
  walk.To(v1::STEP_KIND_TEST_SIGNATURE);
  EXPECT_EQ(walk.run().attempts_left(), -1);
}

TEST(AdvanceTest, AsksTheSameStepAgainAfterARejection) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  const int64_t first = walk->directive_id();
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_LOG_IN);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_WRONG_CREDENTIALS);
  EXPECT_GT(walk->directive_id(), first);
  EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_WRONG_CREDENTIALS);
  EXPECT_EQ(walk.run().attempts_left(), 2);
  walk.Done();
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(AdvanceTest, StopsBeforeThePortalLocksTheAccount) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  walk.Rejected(v1::ERROR_REASON_WRONG_CAPTCHA);
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  EXPECT_EQ(walk.run().attempts_left(), 1);
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_ATTEMPTS_EXHAUSTED);
  EXPECT_EQ(walk.Current().reason(), v1::ERROR_REASON_WRONG_CREDENTIALS);
  EXPECT_EQ(walk.Current().state(), v1::STEP_STATE_STOPPED);
  EXPECT_EQ(walk->turn(), v1::ACTOR_HOLDER);
  EXPECT_TRUE(walk.last().directives.empty());
}

TEST(AdvanceTest, CountsCaptchasApart) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  for (int i = 0; i < 9; ++i) walk.Rejected(v1::ERROR_REASON_WRONG_CAPTCHA);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(walk.Current().wrong_captchas(), 9);
  EXPECT_EQ(walk.Current().attempts(), 0);
  walk.Rejected(v1::ERROR_REASON_WRONG_CAPTCHA);
  EXPECT_EQ(walk->reason(), v1::ERROR_REASON_ATTEMPTS_EXHAUSTED);
}

TEST(AdvanceTest, LeavesTheCountingOfPinsToTheCard) {
  for (const auto kind :
       {v1::STEP_KIND_PROVE_PIN, v1::STEP_KIND_SET_OWN_PIN, v1::STEP_KIND_TEST_SIGNATURE}) {
    Walk walk(v1::GOAL_GET_PIN);
    walk.Attach();
    walk.To(kind);
    for (int i = 0; i < 20; ++i) walk.Rejected(v1::ERROR_REASON_WRONG_PIN);
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
    EXPECT_EQ(walk->current_step(), kind);
    walk.Stopped(v1::ERROR_REASON_PIN_BLOCKED);
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
    EXPECT_EQ(walk->reason(), v1::ERROR_REASON_PIN_BLOCKED);
  }
}

TEST(AdvanceTest, AttemptsSurviveARewindAndARetryAndEndWithSuccess) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
  walk.Done();
  EXPECT_EQ(walk.run().attempts_left(), 1) << "the portal has counted them, too";
  EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_SESSION_EXPIRED);
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  ASSERT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  walk.Retry();
  walk.Done();
  EXPECT_EQ(walk.run().attempts_left(), 1) << "the portal locks with the fifth";
  walk.Done();
  walk.Rewound(v1::ERROR_REASON_SMS_CODE_EXPIRED);
  walk.Done();
  EXPECT_EQ(walk.run().attempts_left(), 3) << "the word was right in between";
}

// The portal locks the account with the fifth wrong word, whatever was between them.
TEST(AdvanceTest, NoRetryLeadsToTheWordThatLocksTheAccount) {
  for (const int limit : {1, 2, 3, 4}) {
    Policy policy;
    policy.wrong_credentials = limit;
    Walk walk(v1::GOAL_GET_PIN);
    walk.Follow(policy);
    walk.Attach();
    walk.To(v1::STEP_KIND_LOG_IN);
    int wrong = 0;
    while (walk->current_step() != v1::STEP_KIND_OPEN_WORD_RESET) {
      if (walk->state() == v1::JOURNEY_STATE_STOPPED) {
        EXPECT_EQ(walk->reason(), v1::ERROR_REASON_ATTEMPTS_EXHAUSTED);
        ASSERT_TRUE(walk.Retry());
      } else if (walk->current_step() == v1::STEP_KIND_OPEN_LOGIN) {
        walk.Done();
      } else {
        ASSERT_EQ(walk->current_step(), v1::STEP_KIND_LOG_IN);
        EXPECT_LE(walk.run().attempts_left(), 4 - wrong) << limit;
        EXPECT_GT(walk.run().attempts_left(), 0) << limit;
        walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
        ASSERT_LE(++wrong, 4) << limit;
      }
    }
    EXPECT_EQ(wrong, 4);
    EXPECT_EQ(walk->reason(), v1::ERROR_REASON_WORD_FORGOTTEN);
    EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_WORD_FORGOTTEN);
    walk.Stopped(v1::ERROR_REASON_STEP_TIMEOUT);
    ASSERT_TRUE(walk.Retry());
    EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
    walk.To(v1::STEP_KIND_SET_SECURITY_WORD);
    walk.Stopped(v1::ERROR_REASON_STEP_TIMEOUT);
    ASSERT_TRUE(walk.Retry());
    walk.To(v1::STEP_KIND_LOG_IN);
    EXPECT_EQ(walk.Current().attempts(), 0) << "the new word is not the wrong one";
    EXPECT_EQ(walk.Current().attempt_limit(), limit);
  }
}

// Where the holder's own browser did not get in either.
TEST(AdvanceTest, WrongWordsAreCountedThroughTheHoldersOwnBrowser) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  for (int i = 0; i < 3; ++i) walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  ASSERT_TRUE(walk.Retry());
  walk.Done();
  walk.Rejected(v1::ERROR_REASON_WRONG_CREDENTIALS);
  ASSERT_TRUE(walk.Retry(v1::WAY_GUIDED));
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN) << "it is theirs to try";
  ASSERT_TRUE(walk.Retry(v1::WAY_DRIVEN));
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
}

// -- Waiting --

TEST(AdvanceTest, WaitsLongerEachTimeThePortalIsDownAndCountsNoAttempt) {
  const Policy policy;
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  absl::Duration expected = policy.backoff_first;
  for (int i = 1; i < 12; ++i) {
    walk.Unavailable(v1::ERROR_REASON_PORTAL_UNREACHABLE);
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
    EXPECT_EQ(walk->turn(), v1::ACTOR_PORTAL);
    EXPECT_EQ(walk->outages(), i);
    EXPECT_EQ(walk->reason(), v1::ERROR_REASON_PORTAL_UNREACHABLE);
    EXPECT_EQ(walk->directive_id(), 0);
    EXPECT_EQ(NextTime(*walk), FromProto(walk->resume_time()));
    const absl::Duration wait = FromProto(walk->resume_time()) - walk.now();
    EXPECT_GE(wait, expected / 2);
    EXPECT_LE(wait, expected);
    EXPECT_FALSE(walk.Time(walk.now() + wait - absl::Nanoseconds(1)));
    EXPECT_TRUE(walk.Time(walk.now() + wait));
    EXPECT_EQ(walk->current_step(), v1::STEP_KIND_LOG_IN);
    EXPECT_EQ(walk.run().attempts_left(), 3);
    expected = std::min(expected * 2, policy.backoff_last);
  }
  walk.Done();
  EXPECT_EQ(walk->outages(), 0);
}

TEST(AdvanceTest, SpreadsWaitingTimesOverJourneys) {
  std::set<absl::Time> times;
  for (int i = 0; i < 50; ++i) {
    Walk walk(v1::GOAL_GET_PIN, false, v1::PORTAL_HOST_AGENT, "journeys/" + std::to_string(i));
    walk.Attach();
    walk.To(v1::STEP_KIND_OPEN_LOGIN);
    walk.Unavailable(v1::ERROR_REASON_PORTAL_MAINTENANCE);
    times.insert(FromProto(walk->resume_time()));
  }
  EXPECT_GT(times.size(), 45u);
}

TEST(AdvanceTest, RetryEndsTheWaitAtOnce) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_LOGIN);
  walk.Unavailable(v1::ERROR_REASON_PORTAL_UNREACHABLE);
  EXPECT_TRUE(walk.Retry());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_FALSE(walk->has_resume_time());
  EXPECT_FALSE(walk.Retry()) << "a step that runs cannot be taken up again";
}

TEST(AdvanceTest, ARewindThatLeadsNowhereWaits) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_OPEN_LOGIN);
  walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_TRUE(walk->has_resume_time());
}

TEST(AdvanceTest, RewindsWithoutAnAnswerBetweenThemWait) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE) << "the first one is taken at once";
  walk.Done();
  walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
}

// -- Rewinds --

struct RewindCase {
  v1::StepKind from;
  v1::ErrorReason reason;
  v1::StepKind to;
};

class RewindTest : public ::testing::TestWithParam<RewindCase> {};

TEST_P(RewindTest, LeadsToTheSafeStep) {
  Walk walk(v1::GOAL_GET_PIN, /*forgotten=*/true);
  walk.Attach();
  walk.To(GetParam().from);
  walk.Rewound(GetParam().reason);
  EXPECT_EQ(walk->current_step(), GetParam().to);
  EXPECT_FALSE(walk->facts().logged_in());
}

INSTANTIATE_TEST_SUITE_P(
    All, RewindTest,
    ::testing::Values(RewindCase{v1::STEP_KIND_REQUEST_WORD_RESET, v1::ERROR_REASON_SESSION_EXPIRED,
                                 v1::STEP_KIND_OPEN_WORD_RESET},
                      RewindCase{v1::STEP_KIND_OPEN_MAIL_LINK, v1::ERROR_REASON_MAIL_LINK_USED,
                                 v1::STEP_KIND_OPEN_WORD_RESET},
                      RewindCase{v1::STEP_KIND_OPEN_MAIL_LINK, v1::ERROR_REASON_MAIL_LINK_EXPIRED,
                                 v1::STEP_KIND_OPEN_WORD_RESET},
                      RewindCase{v1::STEP_KIND_OPEN_MAIL_LINK, v1::ERROR_REASON_MAIL_NOT_RECEIVED,
                                 v1::STEP_KIND_OPEN_WORD_RESET},
                      RewindCase{v1::STEP_KIND_OPEN_MAIL_LINK, v1::ERROR_REASON_CONVERSATION_LOST,
                                 v1::STEP_KIND_OPEN_MAIL_LINK},
                      RewindCase{v1::STEP_KIND_SET_SECURITY_WORD,
                                 v1::ERROR_REASON_CONVERSATION_LOST, v1::STEP_KIND_OPEN_WORD_RESET},
                      RewindCase{v1::STEP_KIND_LOG_IN, v1::ERROR_REASON_SESSION_EXPIRED,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_LOG_IN, v1::ERROR_REASON_WORD_FORGOTTEN,
                                 v1::STEP_KIND_OPEN_WORD_RESET},
                      RewindCase{v1::STEP_KIND_CONFIRM_PHONE, v1::ERROR_REASON_SESSION_EXPIRED,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_ENTER_SMS_CODE, v1::ERROR_REASON_SMS_CODE_EXPIRED,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_ENTER_SMS_CODE, v1::ERROR_REASON_SMS_NOT_RECEIVED,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_OPEN_PIN_PAGE, v1::ERROR_REASON_SESSION_EXPIRED,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_READ_PIN, v1::ERROR_REASON_CONVERSATION_LOST,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_PROVE_PIN, v1::ERROR_REASON_PIN_NEEDED_AGAIN,
                                 v1::STEP_KIND_OPEN_LOGIN},
                      RewindCase{v1::STEP_KIND_DELETE_PORTAL_COPY, v1::ERROR_REASON_SESSION_EXPIRED,
                                 v1::STEP_KIND_OPEN_LOGIN}),
    [](const auto& test) {
      return v1::StepKind_Name(test.param.from).substr(10) + "_" +
             v1::ErrorReason_Name(test.param.reason).substr(13);
    });

TEST(AdvanceTest, AForgottenWordInsertsTheResetStepsOnce) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_LOG_IN);
  ASSERT_EQ(walk->steps_size(), 14);
  walk.Rewound(v1::ERROR_REASON_WORD_FORGOTTEN);
  EXPECT_EQ(walk->steps_size(), 18);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
  walk.To(v1::STEP_KIND_LOG_IN);
  EXPECT_TRUE(walk->facts().security_word_reset());
  walk.Rewound(v1::ERROR_REASON_WORD_FORGOTTEN);
  EXPECT_EQ(walk->steps_size(), 18);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
  walk.ToTheEnd();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

TEST(AdvanceTest, WhatHoldsIsNotDoneAgainAfterARewind) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_SET_OWN_PIN);
  walk.Rewound(v1::ERROR_REASON_PIN_NEEDED_AGAIN);
  EXPECT_TRUE(walk->facts().pin_proven());
  EXPECT_THAT(
      walk.ToTheEnd(),
      ElementsAre(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE,
                  v1::STEP_KIND_ENTER_SMS_CODE, v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_READ_PIN,
                  v1::STEP_KIND_SET_OWN_PIN, v1::STEP_KIND_DELETE_PORTAL_COPY,
                  v1::STEP_KIND_TEST_SIGNATURE, v1::STEP_KIND_LOG_OUT));
}

TEST(AdvanceTest, ALostConversationAtTheDeletionLogsInWithoutShowingThePinAgain) {
  Walk walk(v1::GOAL_GET_PIN);
  walk.Attach();
  walk.To(v1::STEP_KIND_DELETE_PORTAL_COPY);
  walk.Lost();
  EXPECT_THAT(walk.ToTheEnd(),
              ElementsAre(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN,
                          v1::STEP_KIND_CONFIRM_PHONE, v1::STEP_KIND_ENTER_SMS_CODE,
                          v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_DELETE_PORTAL_COPY,
                          v1::STEP_KIND_TEST_SIGNATURE, v1::STEP_KIND_LOG_OUT));
}

}  // namespace
}  // namespace ilkimza::server
