// When a screen has changed, as a table.
#include "server/drift/judge.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"

namespace ilkimza::server {
namespace {

using v1::PortalScreen;

const absl::Time kStart = absl::FromUnixSeconds(1'900'000'000);

struct Sighting {
  const char* witness;
  int hour;
};

struct Row {
  const char* name;
  // Who met the settled structure, and who the new one, in the order of time.
  std::vector<Sighting> known;
  std::vector<Sighting> unknown;
  int now_hour;
  Verdict verdict;
};

const Row kRows[] = {
    {"TheFirstOnesSettleIt", {}, {{"a", 0}, {"b", 1}, {"c", 2}}, 2, Verdict::kSettled},
    {"TwoAreTooFewToSettle", {}, {{"a", 0}, {"b", 1}}, 1, Verdict::kNothing},
    {"OneThatComesBackIsStillOne", {}, {{"a", 0}, {"a", 1}, {"a", 2}}, 2, Verdict::kNothing},
    {"ThreeMeetAnother", {{"z", 0}}, {{"a", 1}, {"b", 2}, {"c", 3}}, 3, Verdict::kChanged},
    {"TwoMeetAnother", {{"z", 0}}, {{"a", 1}, {"b", 2}}, 2, Verdict::kNothing},
    {"OneAgentAloneRaisesNothing",
     {{"z", 0}},
     {{"a", 1}, {"a", 2}, {"a", 3}, {"a", 4}},
     4,
     Verdict::kNothing},
    {"ThoseWhoMetTheOldOneBeforeCount",
     {{"a", 0}, {"b", 0}, {"c", 0}},
     {{"a", 1}, {"b", 2}, {"c", 3}},
     3,
     Verdict::kChanged},
    {"MostStillMeetTheOldOne",
     {{"w", 1}, {"x", 2}, {"y", 2}, {"z", 3}},
     {{"a", 1}, {"b", 2}, {"c", 3}},
     3,
     Verdict::kNothing},
    {"APageInTwoStructures",
     {{"a", 0}, {"b", 2}, {"c", 4}, {"d", 6}},
     {{"a", 1}, {"b", 3}, {"c", 5}, {"d", 7}},
     7,
     Verdict::kNothing},
    {"AnOldVariantIsOneOfTheScreens", {{"z", 0}}, {{"a", 0}, {"b", 200}}, 200, Verdict::kSettled},
    {"ThreeInALongTimeAreNoChange",
     {{"z", 0}},
     {{"a", 0}, {"b", 1}, {"c", 170}},
     170,
     Verdict::kSettled},
};

PortalScreen MakeScreen(const Row& row) {
  PortalScreen screen;
  const auto add = [&](const char* fingerprint, PortalScreen::State state,
                       const std::vector<Sighting>& sightings) {
    if (sightings.empty()) return;
    auto& structure = *screen.add_structures();
    structure.set_fingerprint(fingerprint);
    structure.set_state(state);
    *structure.mutable_first_seen_time() = ToProto(kStart + absl::Hours(sightings.front().hour));
    for (const Sighting& one : sightings) {
      auto& sighting = *structure.add_sightings();
      sighting.set_witness(one.witness);
      *sighting.mutable_time() = ToProto(kStart + absl::Hours(one.hour));
    }
  };
  add("known", PortalScreen::STATE_SETTLED, row.known);
  add("new", PortalScreen::STATE_NEW, row.unknown);
  return screen;
}

class Judgement : public ::testing::TestWithParam<Row> {};

TEST_P(Judgement, FollowsTheTable) {
  const PortalScreen screen = MakeScreen(GetParam());
  const absl::Time now = kStart + absl::Hours(GetParam().now_hour);
  EXPECT_EQ(Judge(screen, "new", now, {}), GetParam().verdict);
  EXPECT_EQ(Judge(screen, "known", now, {}), Verdict::kNothing);
}

INSTANTIATE_TEST_SUITE_P(Table, Judgement, ::testing::ValuesIn(kRows),
                         [](const auto& info) { return info.param.name; });

TEST(Judgement, WhatComesDuringAChangeBelongsToIt) {
  const Row row = {"", {{"z", 0}}, {{"a", 1}, {"b", 2}, {"c", 3}}, 3, Verdict::kChanged};
  PortalScreen screen = MakeScreen(row);
  *screen.mutable_change_time() = ToProto(kStart);
  EXPECT_EQ(Judge(screen, "new", kStart + absl::Hours(3), {}), Verdict::kNothing);
}

TEST(Judgement, FollowsThePolicy) {
  const Row row = {"", {{"z", 0}}, {{"a", 1}, {"b", 2}}, 2, Verdict::kNothing};
  const absl::Time now = kStart + absl::Hours(2);
  EXPECT_EQ(Judge(MakeScreen(row), "new", now, {.witnesses = 2}), Verdict::kChanged);
  EXPECT_EQ(Judge(MakeScreen(row), "new", now, {.window = absl::Hours(1)}), Verdict::kSettled);
}

// Both belong to the screen, and who meets which is chance.
TEST(Judgement, TwoStructuresThatAreKnownMayAlternateForever) {
  const Row row = {"", {{"z", 0}, {"y", 3}, {"x", 5}}, {{"a", 1}, {"b", 2}, {"c", 4}}, 5, {}};
  PortalScreen screen = MakeScreen(row);
  for (auto& structure : *screen.mutable_structures()) {
    structure.set_state(PortalScreen::STATE_SETTLED);
  }
  for (int hour = 0; hour < 400; ++hour) {
    EXPECT_EQ(Judge(screen, "new", kStart + absl::Hours(hour), {}), Verdict::kNothing);
    EXPECT_EQ(Judge(screen, "known", kStart + absl::Hours(hour), {}), Verdict::kNothing);
  }
}

// -- Pages that stop a step --

const Row kStopRows[] = {
    // Who got through, and whom the page stopped.
    {"ThreeAreStopped", {}, {{"a", 0}, {"b", 1}, {"c", 2}}, 2, Verdict::kChanged},
    {"TwoAreTooFew", {}, {{"a", 0}, {"b", 1}}, 1, Verdict::kNothing},
    {"WhoGotThroughBeforeSaysNothing",
     {{"u", 0}, {"v", 0}, {"w", 1}, {"x", 1}, {"y", 2}},
     {{"a", 3}, {"b", 4}, {"c", 5}},
     5,
     Verdict::kChanged},
    {"AsManyGetThrough",
     {{"x", 1}, {"y", 2}, {"z", 2}},
     {{"a", 0}, {"b", 1}, {"c", 3}},
     3,
     Verdict::kNothing},
    {"FewerGetThrough", {{"x", 1}, {"y", 2}}, {{"a", 0}, {"b", 1}, {"c", 3}}, 3, Verdict::kChanged},
    {"ThreeInALongTimeAreNoChange", {}, {{"a", 0}, {"b", 1}, {"c", 170}}, 170, Verdict::kNothing},
    {"AStopLongAgoDoesNotHideIt",
     {{"m", 2}, {"n", 3}, {"o", 4}, {"p", 5}, {"q", 6}, {"r", 7}, {"s", 8}, {"t", 9}, {"u", 9}},
     {{"x", 1},
      {"a", 10},
      {"b", 11},
      {"c", 12},
      {"d", 13},
      {"e", 14},
      {"f", 15},
      {"g", 16},
      {"h", 17}},
     17,
     Verdict::kChanged},
};

PortalScreen MakeStep(const Row& row) {
  Row stops = row;
  stops.known.clear();
  PortalScreen step = MakeScreen(stops);
  for (const Sighting& one : row.known) {
    auto& pass = *step.add_passes();
    pass.set_witness(one.witness);
    *pass.mutable_time() = ToProto(kStart + absl::Hours(one.hour));
  }
  return step;
}

class StopJudgement : public ::testing::TestWithParam<Row> {};

TEST_P(StopJudgement, FollowsTheTable) {
  PortalScreen step = MakeStep(GetParam());
  const absl::Time now = kStart + absl::Hours(GetParam().now_hour);
  EXPECT_EQ(JudgeStop(step, "new", now, {}), GetParam().verdict);
  EXPECT_EQ(JudgeStop(step, "another", now, {}), Verdict::kNothing);
  EXPECT_EQ(JudgeStop(step, "new", now, {.witnesses = 10}), Verdict::kNothing);
  *step.mutable_change_time() = ToProto(kStart);
  EXPECT_EQ(JudgeStop(step, "new", now, {}), Verdict::kNothing) << "it is said once";
}

INSTANTIATE_TEST_SUITE_P(Table, StopJudgement, ::testing::ValuesIn(kStopRows),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ilkimza::server
