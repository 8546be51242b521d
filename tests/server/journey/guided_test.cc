// Portal steps in the holder's own browser: the same plan, the same proof, and ways
// there and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "server/journey/plan.h"
#include "tests/server/journey/walk.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Walk Guided(bool forgotten = false, v1::PortalHost host = v1::PORTAL_HOST_AGENT) {
  Walk walk(v1::GOAL_GET_PIN, forgotten, host, "journeys/test", /*guided=*/true);
  walk.Attach();
  return walk;
}

Walk Driven(v1::StepKind step, bool forgotten = false) {
  Walk walk(v1::GOAL_GET_PIN, forgotten);
  walk.Attach();
  walk.To(step);
  return walk;
}

bool IsPortals(v1::StepKind kind) { return SpecOf(kind).on_portal; }

TEST(GuidedTest, ADrivenJourneyDirectsNothingToTheHoldersBrowser) {
  Walk walk(v1::GOAL_GET_PIN, /*forgotten=*/true);
  walk.Attach();
  while (walk->state() == v1::JOURNEY_STATE_ACTIVE) {
    EXPECT_FALSE(walk.run().guided());
    EXPECT_FALSE(walk.Current().guided());
    walk.Done();
  }
}

TEST(GuidedTest, GoesThroughThePlanWithEachPortalStepGuidedAndEachCardStepAsEver) {
  for (const auto host : {v1::PORTAL_HOST_AGENT, v1::PORTAL_HOST_SERVER}) {
    Walk walk = Guided(/*forgotten=*/true, host);
    std::vector<v1::StepKind> seen;
    while (walk->state() == v1::JOURNEY_STATE_ACTIVE) {
      const v1::StepKind kind = walk->current_step();
      seen.push_back(kind);
      EXPECT_EQ(walk.run().guided(), IsPortals(kind)) << v1::StepKind_Name(kind);
      if (IsPortals(kind)) {
        EXPECT_EQ(walk->turn(), v1::ACTOR_HOLDER) << v1::StepKind_Name(kind);
        EXPECT_THAT(walk->other_ways(), ElementsAre(v1::WAY_DRIVEN)) << v1::StepKind_Name(kind);
        const bool to_server = walk.last().directives[0].to == Directive::To::kServerHost;
        EXPECT_EQ(to_server, host == v1::PORTAL_HOST_SERVER);
      }
      walk.Done();
    }
    EXPECT_EQ(seen, PlanOf(v1::GOAL_GET_PIN, true));
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
    EXPECT_THAT(walk->other_ways(), IsEmpty());
    EXPECT_TRUE(walk->facts().own_pin_set());
    EXPECT_TRUE(walk->facts().test_signature_made());
    for (const v1::Step& step : walk->steps()) {
      EXPECT_EQ(step.guided(), IsPortals(step.kind())) << v1::StepKind_Name(step.kind());
    }
  }
}

TEST(GuidedTest, TheHoldersTimeIsLongerThanAHosts) {
  Walk walk = Guided();
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_EQ(FromProto(walk.run().deadline()), walk.now() + Policy().holder_deadline);
  Walk driven = Driven(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_EQ(FromProto(driven.run().deadline()), driven.now() + Policy().portal_deadline);
}

// -- There --

struct Turn {
  v1::StepKind stopped_at;
  v1::ErrorReason reason;
  v1::StepKind goes_on_at;
};

class TurnTest : public ::testing::TestWithParam<Turn> {};

TEST_P(TurnTest, AStoppedPortalStepGoesOnGuidedWhereAPersonCanBegin) {
  Walk walk = Driven(GetParam().stopped_at, /*forgotten=*/true);
  EXPECT_THAT(walk->other_ways(), IsEmpty());
  walk.Stopped(GetParam().reason);
  ASSERT_EQ(walk->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_THAT(walk->other_ways(), ElementsAre(v1::WAY_GUIDED));
  const v1::Facts proven = walk->facts();
  ASSERT_TRUE(walk.Retry(v1::WAY_GUIDED));
  EXPECT_TRUE(walk->guided());
  EXPECT_EQ(walk->current_step(), GetParam().goes_on_at);
  EXPECT_TRUE(walk.run().guided());
  EXPECT_FALSE(walk->facts().logged_in());
  EXPECT_EQ(walk->facts().own_pin_set(), proven.own_pin_set());
  EXPECT_EQ(walk->facts().card_serial(), proven.card_serial());
  walk.ToTheEnd();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

TEST_P(TurnTest, AndGoesOnDrivenWhereAHostCanBegin) {
  Walk walk = Guided(/*forgotten=*/true);
  walk.To(GetParam().stopped_at);
  walk.Stopped(v1::ERROR_REASON_GUIDED_NOT_POSSIBLE);
  EXPECT_THAT(walk->other_ways(), ElementsAre(v1::WAY_DRIVEN));
  ASSERT_TRUE(walk.Retry(v1::WAY_DRIVEN));
  EXPECT_FALSE(walk->guided());
  EXPECT_EQ(walk->current_step(), GetParam().goes_on_at);
  EXPECT_FALSE(walk.run().guided());
  EXPECT_FALSE(walk.Current().guided());
  walk.ToTheEnd();
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED);
}

TEST_P(TurnTest, AndGoesOnDrivenFromAnInstructionThatIsOpen) {
  Walk walk = Guided(/*forgotten=*/true);
  walk.To(GetParam().stopped_at);
  const int64_t instruction = walk->directive_id();
  ASSERT_TRUE(walk.Retry(v1::WAY_DRIVEN));
  EXPECT_EQ(walk->current_step(), GetParam().goes_on_at);
  EXPECT_GT(walk->directive_id(), instruction);
  EXPECT_FALSE(walk.run().guided());
}

INSTANTIATE_TEST_SUITE_P(
    Steps, TurnTest,
    ::testing::Values(
        Turn{v1::STEP_KIND_OPEN_WORD_RESET, v1::ERROR_REASON_SCREEN_UNRECOGNISED,
             v1::STEP_KIND_OPEN_WORD_RESET},
        Turn{v1::STEP_KIND_REQUEST_WORD_RESET, v1::ERROR_REASON_CONTROL_AMBIGUOUS,
             v1::STEP_KIND_OPEN_WORD_RESET},
        Turn{v1::STEP_KIND_OPEN_MAIL_LINK, v1::ERROR_REASON_SCREEN_UNRECOGNISED,
             v1::STEP_KIND_OPEN_MAIL_LINK},
        Turn{v1::STEP_KIND_SET_SECURITY_WORD, v1::ERROR_REASON_PORTAL_REFUSED,
             v1::STEP_KIND_OPEN_WORD_RESET},
        Turn{v1::STEP_KIND_OPEN_LOGIN, v1::ERROR_REASON_SCREEN_UNRECOGNISED,
             v1::STEP_KIND_OPEN_LOGIN},
        Turn{v1::STEP_KIND_LOG_IN, v1::ERROR_REASON_SCREEN_UNEXPECTED, v1::STEP_KIND_OPEN_LOGIN},
        Turn{v1::STEP_KIND_CONFIRM_PHONE, v1::ERROR_REASON_SCREEN_UNRECOGNISED,
             v1::STEP_KIND_OPEN_LOGIN},
        Turn{v1::STEP_KIND_ENTER_SMS_CODE, v1::ERROR_REASON_PORTAL_REFUSED,
             v1::STEP_KIND_OPEN_LOGIN},
        Turn{v1::STEP_KIND_OPEN_PIN_PAGE, v1::ERROR_REASON_SCREEN_DRIFTED,
             v1::STEP_KIND_OPEN_LOGIN},
        Turn{v1::STEP_KIND_READ_PIN, v1::ERROR_REASON_STEP_TIMEOUT, v1::STEP_KIND_OPEN_LOGIN},
        Turn{v1::STEP_KIND_DELETE_PORTAL_COPY, v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS,
             v1::STEP_KIND_OPEN_LOGIN}),
    [](const auto& info) { return v1::StepKind_Name(info.param.stopped_at); });

TEST(GuidedTest, WhatTheCardHasProvenIsNotAskedForAgain) {
  Walk walk = Driven(v1::STEP_KIND_DELETE_PORTAL_COPY);
  walk.Stopped(v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  walk.Retry(v1::WAY_GUIDED);
  EXPECT_THAT(walk.ToTheEnd(),
              ElementsAre(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN,
                          v1::STEP_KIND_CONFIRM_PHONE, v1::STEP_KIND_ENTER_SMS_CODE,
                          v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_DELETE_PORTAL_COPY,
                          v1::STEP_KIND_TEST_SIGNATURE, v1::STEP_KIND_LOG_OUT));
}

TEST(GuidedTest, AWaitForThePortalMayTurnToTheHoldersBrowser) {
  Walk walk = Driven(v1::STEP_KIND_OPEN_LOGIN);
  walk.Unavailable(v1::ERROR_REASON_PORTAL_UNREACHABLE);
  ASSERT_EQ(walk->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_THAT(walk->other_ways(), ElementsAre(v1::WAY_GUIDED));
  ASSERT_TRUE(walk.Retry(v1::WAY_GUIDED));
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_FALSE(walk->has_resume_time());
  EXPECT_TRUE(walk.run().guided());
}

TEST(GuidedTest, ADrivenStepUnderWayIsNotTakenFromItsHost) {
  Walk walk = Driven(v1::STEP_KIND_LOG_IN);
  EXPECT_FALSE(walk.Retry(v1::WAY_GUIDED)) << "something may be on its way to the portal";
  EXPECT_FALSE(walk->guided());
}

TEST(GuidedTest, ACardStepIsNoPlaceToTurn) {
  Walk walk = Driven(v1::STEP_KIND_PROVE_PIN);
  walk.Stopped(v1::ERROR_REASON_PIN_BLOCKED);
  EXPECT_THAT(walk->other_ways(), IsEmpty());
  EXPECT_FALSE(walk.Retry(v1::WAY_GUIDED));
  EXPECT_TRUE(walk.Retry());
}

TEST(GuidedTest, TheSameWayIsJustARetry) {
  Walk walk = Guided();
  walk.To(v1::STEP_KIND_ENTER_SMS_CODE);
  EXPECT_FALSE(walk.Retry(v1::WAY_GUIDED)) << "a step that runs cannot be taken up again";
  walk.Stopped(v1::ERROR_REASON_GUIDED_NOT_POSSIBLE);
  EXPECT_TRUE(walk.Retry(v1::WAY_GUIDED));
  EXPECT_TRUE(walk->guided());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
}

TEST(GuidedTest, PolicyAllowsTheWays) {
  Policy never;
  never.guided = GuidedMode::kNever;
  Walk driven = Driven(v1::STEP_KIND_OPEN_LOGIN);
  driven.Follow(never);
  driven.Stopped(v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  EXPECT_THAT(driven->other_ways(), IsEmpty());
  EXPECT_FALSE(driven.Retry(v1::WAY_GUIDED));
  EXPECT_TRUE(driven.Retry());

  Policy always;
  always.guided = GuidedMode::kAlways;
  Walk guided = Guided();
  guided.Follow(always);
  guided.To(v1::STEP_KIND_LOG_IN);
  guided.Stopped(v1::ERROR_REASON_GUIDED_NOT_POSSIBLE);
  EXPECT_THAT(guided->other_ways(), IsEmpty());
  EXPECT_FALSE(guided.Retry(v1::WAY_DRIVEN));
  EXPECT_TRUE(guided.Retry());
}

// -- What the holder's browser has is not lost with a host --

TEST(GuidedTest, AHostThatStartedAnewShowsTheSameInstructionAgain) {
  Walk walk = Guided();
  walk.To(v1::STEP_KIND_ENTER_SMS_CODE);
  const int64_t instruction = walk->directive_id();
  walk.Detach();
  ASSERT_TRUE(walk.Lost());
  ASSERT_TRUE(walk.Attach());
  EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_ENTER_SMS_CODE);
  EXPECT_GT(walk->directive_id(), instruction);
  EXPECT_TRUE(walk.run().guided());
}

TEST(GuidedTest, ACardStepGoesOnWhateverTheHostLost) {
  Walk walk = Guided();
  walk.To(v1::STEP_KIND_PROVE_PIN);
  const int64_t attempt = walk->directive_id();
  EXPECT_FALSE(walk.Lost());
  EXPECT_EQ(walk->directive_id(), attempt);
  EXPECT_FALSE(walk.stops());
  EXPECT_TRUE(walk->facts().logged_in());
}

// -- What the holder says --

TEST(GuidedTest, StartsOverFromWhereThePartBegins) {
  Walk walk = Guided(/*forgotten=*/true);
  walk.To(v1::STEP_KIND_OPEN_MAIL_LINK);
  for (int i = 0; i < 4; ++i) {
    walk.Rewound(v1::ERROR_REASON_MAIL_NOT_RECEIVED);
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE) << "nobody waits for the holder's own page";
    EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
    walk.To(v1::STEP_KIND_OPEN_MAIL_LINK);
  }
  walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  for (int i = 0; i < 5; ++i) {
    walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_ACTIVE);
    EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_LOGIN);
    walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
  }
}

// They did it in their own browser: nothing that we know of has changed at the portal.
TEST(GuidedTest, WhatTheHolderSaysIsNoFact) {
  const std::vector<std::pair<v1::Goal, v1::StepKind>> claims = {
      {v1::GOAL_RESET_SECURITY_WORD, v1::STEP_KIND_SET_SECURITY_WORD},
      {v1::GOAL_GET_PIN, v1::STEP_KIND_DELETE_PORTAL_COPY},
      {v1::GOAL_ACTIVATE_CERTIFICATE, v1::STEP_KIND_ACTIVATE_CERTIFICATE},
      {v1::GOAL_UPDATE_INFO, v1::STEP_KIND_UPDATE_INFO},
      {v1::GOAL_REVOKE_CERTIFICATE, v1::STEP_KIND_REVOKE_CERTIFICATE}};
  for (const auto& [goal, step] : claims) {
    Walk walk(goal, false, v1::PORTAL_HOST_AGENT, "journeys/test", /*guided=*/true);
    walk.Attach();
    walk.To(step);
    walk.Done();
    // A session that ends does not ask for it again.
    if (walk->current_step() == v1::STEP_KIND_LIST_CERTIFICATES) {
      walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
    }
    walk.ToTheEnd();
    EXPECT_EQ(walk->state(), v1::JOURNEY_STATE_SUCCEEDED) << v1::Goal_Name(goal);
    const v1::Facts& facts = walk->facts();
    EXPECT_EQ(walk.Find(step).state(), v1::STEP_STATE_DONE);
    EXPECT_TRUE(walk.Find(step).guided());
    EXPECT_FALSE(facts.security_word_reset());
    EXPECT_FALSE(facts.portal_copy_deleted());
    EXPECT_FALSE(facts.certificate_activated());
    EXPECT_FALSE(facts.info_updated());
    EXPECT_FALSE(facts.certificate_revoked());
  }
}

TEST(GuidedTest, AForgottenWordIsReset) {
  Walk walk = Guided();
  walk.To(v1::STEP_KIND_LOG_IN);
  walk.Rewound(v1::ERROR_REASON_WORD_FORGOTTEN);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_WORD_RESET);
  EXPECT_TRUE(walk.run().guided());
}

TEST(GuidedTest, NoPinIsTriedWhereTheTypedSerialIsNoChips) {
  Walk walk = Guided();
  walk.To(v1::STEP_KIND_MATCH_CARD);
  EXPECT_FALSE(walk.Retry()) << "nothing has been compared yet";
  walk.Rejected(v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_MATCH_CARD);
  const int64_t comparison = walk->directive_id();
  // The number was typed wrong: it is typed again.
  ASSERT_TRUE(walk.Retry());
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_TRUE(walk.stops());
  EXPECT_TRUE(walk.run().guided());
  EXPECT_TRUE(walk->facts().logged_in());
  v1::StepReport late;
  late.set_directive_id(comparison);
  late.set_step(v1::STEP_KIND_MATCH_CARD);
  late.set_outcome(v1::STEP_OUTCOME_STOPPED);
  late.set_reason(v1::ERROR_REASON_CANCELLED);
  EXPECT_FALSE(walk.Report(late));
  v1::StepReport page = walk.Answer(v1::STEP_OUTCOME_DONE);
  page.clear_portal_serials();
  page.add_portal_serials("87211470000000000077");
  walk.Report(page);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_READ_PIN);
  v1::StepReport read = walk.Answer(v1::STEP_OUTCOME_DONE);
  read.clear_portal_serials();
  walk.Report(read);
  EXPECT_EQ(walk->current_step(), v1::STEP_KIND_MATCH_CARD);
  EXPECT_THAT(walk.run().card_serials(), ElementsAre("87211470000000000077"));
  EXPECT_EQ(walk.run().last_reason(), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(GuidedTest, ADrivenComparisonGoesOnUntilTheChipIsChanged) {
  Walk walk = Driven(v1::STEP_KIND_MATCH_CARD);
  walk.Rejected(v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_FALSE(walk.Retry()) << "the page's own number is not typed again";
}

// -- No dead end --

// Under way at `kind`, a step of the goal's plan.
Walk Underway(v1::Goal goal, v1::StepKind kind, bool guided) {
  Walk walk(goal, /*forgotten=*/true, v1::PORTAL_HOST_AGENT, "journeys/test", guided);
  walk.Attach();
  if (kind == v1::STEP_KIND_REQUEST_UNBLOCK || kind == v1::STEP_KIND_ENTER_UNBLOCK_CODE) {
    // Only where the page has no PUK.
    walk.To(v1::STEP_KIND_OPEN_PIN_PAGE);
    walk.Stopped(v1::ERROR_REASON_PIN_INFO_DELETED);
  }
  walk.To(kind);
  return walk;
}

// Each way that a journey names which has stopped leads to a step under way, and to the end.
// `taken`: the ways from which the end was reached already, and the steps that they led to.
void ExpectWaysOn(const Walk& walk, v1::StepKind kind, bool guided,
                  std::set<std::pair<v1::Way, v1::StepKind>>& taken) {
  std::vector<v1::Way> ways = {v1::WAY_UNSPECIFIED};
  for (const int way : walk->other_ways()) ways.push_back(static_cast<v1::Way>(way));
  const bool untrusted = !guided && walk->reason() == v1::ERROR_REASON_PORTAL_UNTRUSTED;
  EXPECT_EQ(ways.size() == 2,
            !untrusted && (IsPortals(kind) || (guided && NeedsLogin(kind, walk->facts()))));
  for (const v1::Way way : ways) {
    Walk copy = walk;
    EXPECT_TRUE(copy.Retry(way));
    EXPECT_EQ(copy->state(), v1::JOURNEY_STATE_ACTIVE);
    EXPECT_NE(copy->directive_id(), 0);
    if (!taken.emplace(way, copy->current_step()).second) continue;
    copy.ToTheEnd();
    EXPECT_EQ(copy->state(), v1::JOURNEY_STATE_SUCCEEDED);
  }
}

class EachGoal : public ::testing::TestWithParam<v1::Goal> {};
INSTANTIATE_TEST_SUITE_P(GuidedTest, EachGoal,
                         ::testing::Values(v1::GOAL_RESET_SECURITY_WORD, v1::GOAL_GET_PIN,
                                           v1::GOAL_LIST_CERTIFICATES,
                                           v1::GOAL_ACTIVATE_CERTIFICATE, v1::GOAL_UPDATE_INFO,
                                           v1::GOAL_UNBLOCK_PIN, v1::GOAL_REVOKE_CERTIFICATE),
                         [](const auto& info) { return v1::Goal_Name(info.param); });

// Whatever a host may report at whatever step of whatever goal.
TEST_P(EachGoal, EachStopHasAWayOn) {
  int stops = 0;
  for (const bool guided : {false, true}) {
    for (const v1::StepKind kind : PlanOf(GetParam(), true)) {
      const Walk underway = Underway(GetParam(), kind, guided);
      for (const auto outcome : {v1::STEP_OUTCOME_STOPPED, v1::STEP_OUTCOME_UNKNOWN}) {
        std::set<std::pair<v1::Way, v1::StepKind>> taken;
        for (int value = 1; value <= v1::ErrorReason_MAX; ++value) {
          if (!v1::ErrorReason_IsValid(value)) continue;
          SCOPED_TRACE(absl::StrCat(v1::StepKind_Name(kind), " ", v1::StepOutcome_Name(outcome),
                                    " ", v1::ErrorReason_Name(v1::ErrorReason(value))));
          Walk walk = underway;
          walk.Report(walk.Answer(outcome, static_cast<v1::ErrorReason>(value)));
          if (walk->state() != v1::JOURNEY_STATE_STOPPED) continue;
          ++stops;
          ExpectWaysOn(walk, kind, guided, taken);
          if (HasFailure()) return;
        }
      }
    }
  }
  EXPECT_GT(stops, 100);
}

}  // namespace
}  // namespace ilkimza::server
