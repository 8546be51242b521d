#include "server/journey/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/journey/plan.h"
#include "tests/server/journey/walk.h"

namespace ilkimza::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Name(v1::StepKind kind) { return v1::StepKind_Name(kind).substr(10); }

TEST(PlanGraphTest, ShowsEachStepInBothLanguages) {
  const std::string dot = PlanGraph(v1::GOAL_GET_PIN, Policy());
  for (const v1::StepKind kind : PlanOf(v1::GOAL_GET_PIN, true)) {
    EXPECT_THAT(dot, HasSubstr("    " + Name(kind) + " [label="));
    EXPECT_THAT(dot, HasSubstr(std::string(SpecOf(kind).turkish)));
    EXPECT_THAT(dot, HasSubstr(std::string(SpecOf(kind).english)));
  }
  EXPECT_THAT(PlanGraph(v1::GOAL_RESET_SECURITY_WORD, Policy()), Not(HasSubstr("LOG_IN")));
}

// The picture cannot say anything else than what Advance() does.
TEST(PlanGraphTest, DrawsADashedArrowToWhereALostConversationLeads) {
  const std::string dot = PlanGraph(v1::GOAL_GET_PIN, Policy());
  for (const v1::StepKind kind : PlanOf(v1::GOAL_GET_PIN, true)) {
    Walk walk(v1::GOAL_GET_PIN, /*forgotten=*/true);
    walk.Attach();
    walk.To(kind);
    walk.Rewound(v1::ERROR_REASON_SESSION_EXPIRED);
    const v1::StepKind target = walk->current_step();
    if (target == kind || target == v1::STEP_KIND_UNSPECIFIED) continue;
    EXPECT_THAT(dot, HasSubstr("  " + Name(kind) + " -> " + Name(target) + " [style=dashed"));
  }
}

TEST(PlanGraphTest, ShowsTheWayAroundTheReset) {
  EXPECT_THAT(PlanGraph(v1::GOAL_GET_PIN, Policy()), HasSubstr("INSERT_CARD -> OPEN_LOGIN"));
}

}  // namespace
}  // namespace ilkimza::server
