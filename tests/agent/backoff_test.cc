#include "agent/link/backoff.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ilkimza::agent {
namespace {

constexpr double kJustBelowOne = 1 - 1e-12;
const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

// What happens to an agent, and the ceiling of the delay that follows.
struct Happening {
  enum Kind { kFailed, kWelcomedFor, kGoAway } kind;
  absl::Duration time = absl::ZeroDuration();    // how long the attachment held
  absl::Duration spread = absl::ZeroDuration();  // what the server announced
  absl::Duration ceiling = absl::ZeroDuration();
};

struct Story {
  std::string name;
  std::vector<Happening> happenings;
};

class BackoffStories : public testing::TestWithParam<Story> {};

TEST_P(BackoffStories, CeilingsAreAsTold) {
  Backoff low;
  Backoff high;
  absl::Time now = kStart;
  for (const Happening& happening : GetParam().happenings) {
    for (Backoff* backoff : {&low, &high}) {
      if (happening.kind == Happening::kWelcomedFor) backoff->OnWelcome(now, happening.spread);
      if (happening.kind == Happening::kGoAway) backoff->OnGoAway(happening.spread);
    }
    now += happening.time;
    EXPECT_EQ(low.NextDelay(now, 0), absl::ZeroDuration());
    const absl::Duration longest = high.NextDelay(now, kJustBelowOne);
    EXPECT_LE(longest, happening.ceiling);
    EXPECT_GT(longest, happening.ceiling * 0.999);
    now += longest;
  }
}

constexpr auto kFailed = Happening::kFailed;
constexpr auto kWelcomedFor = Happening::kWelcomedFor;
constexpr auto kGoAway = Happening::kGoAway;

INSTANTIATE_TEST_SUITE_P(
    Table, BackoffStories,
    testing::Values(Story{"DoublesToTheCap",
                          {{kFailed, {}, {}, absl::Seconds(1)},
                           {kFailed, {}, {}, absl::Seconds(2)},
                           {kFailed, {}, {}, absl::Seconds(4)},
                           {kFailed, {}, {}, absl::Seconds(8)},
                           {kFailed, {}, {}, absl::Seconds(16)},
                           {kFailed, {}, {}, absl::Seconds(32)},
                           {kFailed, {}, {}, absl::Seconds(64)},
                           {kFailed, {}, {}, absl::Minutes(2)},
                           {kFailed, {}, {}, absl::Minutes(2)}}},
                    Story{"StableAttachmentForgetsFailures",
                          {{kFailed, {}, {}, absl::Seconds(1)},
                           {kFailed, {}, {}, absl::Seconds(2)},
                           {kWelcomedFor, absl::Hours(1), {}, absl::Seconds(1)},
                           {kFailed, {}, {}, absl::Seconds(2)}}},
                    Story{"ServerThatDropsAtOnceIsNotHammered",
                          {{kWelcomedFor, absl::Seconds(1), {}, absl::Seconds(1)},
                           {kWelcomedFor, absl::Seconds(1), {}, absl::Seconds(2)},
                           {kWelcomedFor, absl::Seconds(1), {}, absl::Seconds(4)}}},
                    Story{"AnnouncedSpreadIsTheFloorOfEveryCeiling",
                          {{kWelcomedFor, absl::Hours(1), absl::Seconds(30), absl::Seconds(30)},
                           {kFailed, {}, {}, absl::Seconds(30)},
                           {kFailed, {}, {}, absl::Seconds(30)},
                           {kFailed, {}, {}, absl::Seconds(30)},
                           {kFailed, {}, {}, absl::Seconds(30)},
                           {kFailed, {}, {}, absl::Seconds(32)}}},
                    Story{"SpreadMayExceedTheCap",
                          {{kWelcomedFor, absl::Hours(1), absl::Minutes(5), absl::Minutes(5)},
                           {kFailed, {}, {}, absl::Minutes(5)}}},
                    Story{"GoAwayOverridesTheWelcome",
                          {{kWelcomedFor, absl::Hours(1), absl::Seconds(5), absl::Seconds(5)},
                           {kGoAway, absl::ZeroDuration(), absl::Seconds(40), absl::Seconds(40)}}},
                    Story{"AbsurdAnnouncementsAreBounded",
                          {{kWelcomedFor, absl::Hours(1), absl::Hours(100'000), absl::Minutes(10)},
                           {kWelcomedFor, absl::Hours(1), absl::Seconds(-5), absl::Seconds(1)},
                           {kGoAway, absl::ZeroDuration(), absl::InfiniteDuration(),
                            absl::Minutes(10)}}}),
    [](const auto& param) { return param.param.name; });

TEST(BackoffTest, NeverOverflows) {
  Backoff backoff;
  for (int i = 0; i < 200; ++i) {
    EXPECT_LE(backoff.NextDelay(kStart, kJustBelowOne), absl::Minutes(2));
  }
}

TEST(BackoffTest, DelaysAreDrawnFromTheWholeRange) {
  for (const double random : {0.0, 0.25, 0.5, 0.75}) {
    Backoff backoff;
    backoff.OnWelcome(kStart, absl::Seconds(40));
    EXPECT_EQ(backoff.NextDelay(kStart + absl::Hours(1), random), absl::Seconds(40) * random);
  }
}

TEST(BackoffTest, PersonShortensTheDelayAndNeverLengthensIt) {
  Backoff backoff;
  EXPECT_EQ(backoff.ImpatientDelay(absl::Minutes(2), 0.5), absl::Seconds(1));
  EXPECT_EQ(backoff.ImpatientDelay(absl::Milliseconds(10), 0.5), absl::Milliseconds(10));
  backoff.OnWelcome(kStart, absl::Minutes(8));
  EXPECT_EQ(backoff.ImpatientDelay(absl::Minutes(8), 0.5), absl::Seconds(30));
}

}  // namespace
}  // namespace ilkimza::agent
