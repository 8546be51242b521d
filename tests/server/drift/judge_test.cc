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

}  // namespace
}  // namespace ilkimza::server
