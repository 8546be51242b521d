// Whatever events come, in whatever order: what always holds.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "server/journey/plan.h"
#include "tests/server/journey/walk.h"

namespace ilkimza::server {
namespace {

using google::protobuf::util::MessageDifferencer;

// Draws events that are likely to mean something, and some that are not.
class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}

  int Roll(int sides) { return static_cast<int>(random_() % static_cast<uint32_t>(sides)); }

  v1::ErrorReason Reason() {
    while (true) {
      const int value = Roll(v1::ErrorReason_ARRAYSIZE);
      if (value != 0 && v1::ErrorReason_IsValid(value)) return static_cast<v1::ErrorReason>(value);
    }
  }

  v1::StepReport Report(const Walk& walk) {
    v1::StepReport report = walk.Answer(v1::STEP_OUTCOME_DONE);
    if (Roll(3) != 0) return report;
    report = walk.Answer(static_cast<v1::StepOutcome>(Roll(v1::StepOutcome_ARRAYSIZE)), Reason());
    if (Roll(8) == 0) report.set_directive_id(Roll(40));
    if (Roll(8) == 0) report.set_card_serial("4711");
    if (Roll(8) == 0)
      report.set_step(static_cast<v1::StepKind>(1 + Roll(v1::StepKind_ARRAYSIZE - 1)));
    if (Roll(8) == 0) report.clear_portal_serials();
    return report;
  }

  bool Play(Walk& walk) {
    switch (Roll(14)) {
      case 0:
        return walk.Attach();
      case 1:
        return walk.Detach();
      case 2:
        return walk.Lost();
      case 3:
        return walk.Retry(static_cast<v1::Way>(Roll(v1::Way_ARRAYSIZE)));
      case 4:
        return walk.Time(walk.now() + absl::Seconds(Roll(4000)));
      case 5:
        return Roll(40) == 0 && walk.Cancel();
      case 6:
        return walk.Card(Roll(2) == 0 ? "" : kWalkSerial);
      default:
        return walk.Report(Report(walk));
    }
  }

 private:
  std::mt19937 random_;
};

void ExpectShape(const v1::Journey& journey) {
  const bool ended = HasEnded(journey);
  EXPECT_EQ(ended, journey.current_step() == v1::STEP_KIND_UNSPECIFIED);
  EXPECT_EQ(ended, journey.has_end_time());
  if (ended) {
    EXPECT_EQ(journey.directive_id(), 0);
    EXPECT_EQ(NextTime(journey), absl::InfiniteFuture());
    return;
  }
  EXPECT_EQ(journey.state() == v1::JOURNEY_STATE_ACTIVE,
            journey.directive_id() != 0 && journey.turn() != v1::ACTOR_UNSPECIFIED &&
                journey.state() != v1::JOURNEY_STATE_WAITING &&
                journey.state() != v1::JOURNEY_STATE_STOPPED);
  EXPECT_LE(journey.directive_id(), journey.revision());
  if (journey.has_resume_time()) {
    EXPECT_EQ(journey.state(), v1::JOURNEY_STATE_WAITING);
  }
  int running = 0;
  for (const v1::Step& step : journey.steps()) {
    if (step.state() == v1::STEP_STATE_RUNNING || step.state() == v1::STEP_STATE_STOPPED) {
      ++running;
      EXPECT_EQ(step.kind(), journey.current_step());
    }
    if (step.attempt_limit() > 0) {
      EXPECT_LE(step.attempts(), step.attempt_limit());
    }
  }
  EXPECT_LE(running, 1);
}

// Some event, other than giving up, moves the journey.
void ExpectWayOn(const Walk& walk) {
  if (HasEnded(*walk)) return;
  Walk copy = walk;
  // Whoever is passed over in the line goes on once the agent is back.
  if (IsPassedOver(*copy)) {
    EXPECT_TRUE(copy.Attach());
  }
  const bool waits_for_agent =
      copy->state() == v1::JOURNEY_STATE_WAITING && !copy->has_resume_time();
  if (waits_for_agent) {
    EXPECT_FALSE(copy->agent_attached());
    EXPECT_TRUE(copy.Attach());
    EXPECT_NE(copy->directive_id(), 0);
  } else if (copy->state() == v1::JOURNEY_STATE_ACTIVE) {
    EXPECT_TRUE(copy.Done());
  } else {
    EXPECT_TRUE(copy.Retry());
    EXPECT_NE(copy->state(), v1::JOURNEY_STATE_STOPPED);
  }
}

// From anywhere a willing holder with a working portal gets to the end.
void ExpectEndInReach(const Walk& walk) {
  Walk copy = walk;
  for (int i = 0; i < 60 && !HasEnded(*copy); ++i) {
    if (!copy->agent_attached()) copy.Attach();
    if (copy->state() != v1::JOURNEY_STATE_ACTIVE) copy.Retry();
    copy.Done();
  }
  EXPECT_EQ(copy->state(), v1::JOURNEY_STATE_SUCCEEDED) << v1::StepKind_Name(walk->current_step());
}

void ExpectAllowedDirectives(const Walk& walk, int64_t& last_directive) {
  const v1::RunStep run = walk.run();
  if (run.directive_id() == 0) return;
  const v1::Facts& facts = walk->facts();
  EXPECT_EQ(run.guided(), walk->guided() && SpecOf(run.step()).on_portal);
  EXPECT_GE(run.directive_id(), last_directive);
  last_directive = run.directive_id();
  switch (run.step()) {
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      EXPECT_TRUE(facts.pin_proven() || facts.own_pin_set());
      EXPECT_EQ(run.card_serials_size(), 1);
      break;
    case v1::STEP_KIND_SET_OWN_PIN:
      EXPECT_TRUE(facts.pin_proven());
      [[fallthrough]];
    case v1::STEP_KIND_PROVE_PIN:
      EXPECT_EQ(walk.Find(v1::STEP_KIND_MATCH_CARD).state(), v1::STEP_STATE_DONE);
      EXPECT_EQ(run.card_serials_size(), 1);
      break;
    case v1::STEP_KIND_TEST_SIGNATURE:
      EXPECT_TRUE(facts.own_pin_set());
      break;
    case v1::STEP_KIND_UNBLOCK_PIN:
      EXPECT_EQ(walk.Find(v1::STEP_KIND_MATCH_CARD).state(), v1::STEP_STATE_DONE);
      EXPECT_EQ(run.card_serials_size(), 1);
      EXPECT_FALSE(facts.own_pin_set());
      break;
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      // Whatever happens, no other goal ever comes to it, and none comes to it twice.
      EXPECT_EQ(walk->goal(), v1::GOAL_REVOKE_CERTIFICATE);
      EXPECT_FALSE(facts.certificate_revoked());
      EXPECT_TRUE(facts.logged_in());
      break;
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
      EXPECT_EQ(walk.Find(v1::STEP_KIND_REQUEST_UNBLOCK).state(), v1::STEP_STATE_DONE);
      [[fallthrough]];
    case v1::STEP_KIND_REQUEST_UNBLOCK:
      // Only where there is no easier way to the PUK.
      EXPECT_TRUE(facts.portal_copy_missing());
      [[fallthrough]];
    case v1::STEP_KIND_OPEN_PIN_PAGE:
    case v1::STEP_KIND_READ_PIN:
    case v1::STEP_KIND_LIST_CERTIFICATES:
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
    case v1::STEP_KIND_UPDATE_INFO:
      EXPECT_TRUE(facts.logged_in());
      break;
    default:
      break;
  }
}

void ExpectFactsKept(const v1::Facts& before, const v1::Facts& after,
                     const v1::JourneyEvent& event) {
  const auto& report = event.step_reported().report();
  const bool unknown_change =
      report.step() == v1::STEP_KIND_SET_OWN_PIN && report.outcome() == v1::STEP_OUTCOME_UNKNOWN;
  EXPECT_LE(before.security_word_reset(), after.security_word_reset());
  EXPECT_LE(before.own_pin_set(), after.own_pin_set());
  EXPECT_LE(before.portal_copy_deleted(), after.portal_copy_deleted());
  EXPECT_LE(before.portal_copy_kept(), after.portal_copy_kept());
  EXPECT_LE(before.test_signature_made(), after.test_signature_made());
  EXPECT_LE(before.certificate_activated(), after.certificate_activated());
  EXPECT_LE(before.info_updated(), after.info_updated());
  EXPECT_LE(before.certificate_revoked(), after.certificate_revoked());
  if (!before.card_serial().empty()) {
    EXPECT_EQ(before.card_serial(), after.card_serial());
  }
  if (!unknown_change) {
    EXPECT_LE(before.pin_proven(), after.pin_proven());
  }
  if (!before.own_pin_unknown() && after.own_pin_unknown()) {
    EXPECT_TRUE(unknown_change);
  }
}

class PropertyTest : public ::testing::TestWithParam<int> {};

TEST_P(PropertyTest, HoldsForAnyEvents) {
  for (int round = 0; round < 15; ++round) {
    const int seed = GetParam() * 1000 + round;
    SCOPED_TRACE(seed);
    Dice dice(static_cast<uint32_t>(seed));
    const auto goal = static_cast<v1::Goal>(1 + dice.Roll(v1::Goal_ARRAYSIZE - 1));
    Walk walk(goal, dice.Roll(2) == 0,
              dice.Roll(3) == 0 ? v1::PORTAL_HOST_SERVER : v1::PORTAL_HOST_AGENT, "journeys/test",
              dice.Roll(3) == 0);
    int64_t last_directive = 0;
    for (int i = 0; i < 150; ++i) {
      const v1::Journey before = *walk;
      const bool applied = dice.Play(walk);
      if (!applied) {
        EXPECT_TRUE(MessageDifferencer::Equals(before, *walk));
        continue;
      }
      EXPECT_FALSE(HasEnded(before));
      EXPECT_EQ(walk->revision(), before.revision() + 1);
      ExpectShape(*walk);
      ExpectFactsKept(before.facts(), walk->facts(), walk.events().back());
      ExpectAllowedDirectives(walk, last_directive);
      ExpectWayOn(walk);
      if (::testing::Test::HasFailure()) return;
    }
    if (!HasEnded(*walk)) ExpectEndInReach(walk);
    // The events alone make the same journey again.
    v1::Journey replayed;
    replayed.set_name(walk->name());
    for (const v1::JourneyEvent& event : walk.events()) {
      Transition next = Advance(replayed, event, Policy());
      EXPECT_TRUE(next.applied);
      replayed = std::move(next.journey);
      EXPECT_EQ(replayed.revision(), event.revision());
    }
    EXPECT_TRUE(MessageDifferencer::Equals(replayed, *walk));
    if (::testing::Test::HasFailure()) return;
  }
}

// Revoking is in one plan, and in that one alone; so are the other steps that change
// something at the portal for good.
TEST(PlanPropertyTest, EachChangeAtThePortalBelongsToItsOwnGoal) {
  const std::map<v1::StepKind, v1::Goal> owners = {
      {v1::STEP_KIND_REVOKE_CERTIFICATE, v1::GOAL_REVOKE_CERTIFICATE},
      {v1::STEP_KIND_ACTIVATE_CERTIFICATE, v1::GOAL_ACTIVATE_CERTIFICATE},
      {v1::STEP_KIND_UPDATE_INFO, v1::GOAL_UPDATE_INFO},
      {v1::STEP_KIND_UNBLOCK_PIN, v1::GOAL_UNBLOCK_PIN},
      {v1::STEP_KIND_DELETE_PORTAL_COPY, v1::GOAL_GET_PIN}};
  for (int value = 1; value < v1::Goal_ARRAYSIZE; ++value) {
    const auto goal = static_cast<v1::Goal>(value);
    for (const bool forgotten : {false, true}) {
      const auto plan = PlanOf(goal, forgotten);
      EXPECT_FALSE(plan.empty()) << v1::Goal_Name(goal);
      for (const auto& [step, owner] : owners) {
        EXPECT_EQ(std::count(plan.begin(), plan.end(), step), goal == owner ? 1 : 0)
            << v1::StepKind_Name(step) << " in " << v1::Goal_Name(goal);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PropertyTest, ::testing::Range(0, 20));

}  // namespace
}  // namespace ilkimza::server
