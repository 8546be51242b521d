// The pace and the breaker as tables, and what always holds as a property.
#include "server/pacing/pacer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = Pacer::State;

const absl::Time kStart = absl::FromUnixSeconds(1'900'000'000);
absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

const PacingLimits kBreaker = {.failing_journeys = 3,
                               .failure_window = absl::Seconds(120),
                               .first_pause = absl::Seconds(30),
                               .last_pause = absl::Seconds(100),
                               .ramp = absl::Seconds(300)};

// -- The pace --

TEST(Pace, WithoutLimitsEverybodyGoesInAtOnce) {
  Pacer pacer({});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pacer.Ask(absl::StrCat(i), At(0)).let_in);
  EXPECT_EQ(pacer.inside(), 1000u);
}

TEST(Pace, NoMoreAtOnceThanMayAndTheNextOneIsInvitedWhenAPlaceGetsFree) {
  Pacer pacer({.at_once = 2});
  EXPECT_TRUE(pacer.Ask("a", At(0)).let_in);
  EXPECT_TRUE(pacer.Ask("b", At(0)).let_in);
  const auto c = pacer.Ask("c", At(0));
  EXPECT_FALSE(c.let_in);
  EXPECT_GT(c.until, At(0));
  EXPECT_FALSE(pacer.Ask("d", At(1)).let_in);
  EXPECT_THAT(pacer.Invite(At(2)), IsEmpty());
  EXPECT_EQ(pacer.NextInvitation(), absl::InfiniteFuture());
  pacer.Leave("a");
  EXPECT_THAT(pacer.Invite(At(3)), ElementsAre("c"));
  EXPECT_FALSE(pacer.Ask("d", At(4)).let_in) << "that place is kept for c";
  EXPECT_TRUE(pacer.Ask("c", At(5)).let_in);
  pacer.Leave("b");
  EXPECT_TRUE(pacer.Ask("d", At(6)).let_in) << "its turn, without waiting for the invitation";
}

TEST(Pace, StartsComeInPortions) {
  Pacer pacer({.starts_a_minute = 12});
  std::vector<int> let_in;
  for (int second = 0; second < 120; ++second) {
    // Two come each second: four times what may go in.
    int now_in = 0;
    now_in += pacer.Ask(absl::StrCat(second, "a"), At(second)).let_in ? 1 : 0;
    now_in += pacer.Ask(absl::StrCat(second, "b"), At(second)).let_in ? 1 : 0;
    now_in += static_cast<int>(pacer.Invite(At(second)).size());
    for (int i = 0; i < now_in; ++i) let_in.push_back(second);
  }
  EXPECT_THAT(let_in, ElementsAre(0, 0, 10, 10, 20, 20, 30, 30, 40, 40, 50, 50, 60, 60, 70, 70, 80,
                                  80, 90, 90, 100, 100, 110, 110));
}

TEST(Pace, ANewcomerPassesNobody) {
  Pacer pacer({.starts_a_minute = 6});
  EXPECT_TRUE(pacer.Ask("a", At(0)).let_in);
  EXPECT_FALSE(pacer.Ask("b", At(1)).let_in);
  EXPECT_FALSE(pacer.Ask("c", At(15)).let_in) << "there is room, but b was first";
  EXPECT_TRUE(pacer.Ask("b", At(15)).let_in);
}

TEST(Pace, TellsEachATimeThatGrowsWithItsPlace) {
  Pacer pacer({.starts_a_minute = 60});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(pacer.Ask(absl::StrCat("first ", i), At(0)).let_in);
  absl::Time last = At(0);
  for (int i = 0; i < 100; ++i) {
    const auto answer = pacer.Ask(absl::StrCat(i), At(0));
    ASSERT_FALSE(answer.let_in);
    EXPECT_GT(answer.until, last);
    EXPECT_LT(answer.until, At(120));
    last = answer.until;
  }
  EXPECT_EQ(pacer.Ask("99", At(0)).until, last) << "it keeps its place";
}

TEST(Pace, AConversationThatBrokeOffGoesOnFromTheHeadOfTheLine) {
  Pacer pacer({.starts_a_minute = 6, .at_once = 5});
  EXPECT_TRUE(pacer.Ask("a", At(0)).let_in);
  EXPECT_FALSE(pacer.Ask("b", At(1)).let_in);
  EXPECT_FALSE(pacer.Ask("a", At(2)).let_in) << "a start like others";
  EXPECT_EQ(pacer.inside(), 0u);
  EXPECT_THAT(pacer.Invite(At(10)), ElementsAre("a"));
  EXPECT_THAT(pacer.Invite(At(20)), ElementsAre("b"));
}

TEST(Pace, WhoIsInAnywayCountsButIsNotAsked) {
  Pacer pacer({.at_once = 2});
  pacer.Enter("back after a restart");
  EXPECT_TRUE(pacer.Ask("a", At(0)).let_in);
  pacer.Enter("by a link from a mail");
  EXPECT_EQ(pacer.inside(), 3u);
  pacer.Leave("a");
  EXPECT_FALSE(pacer.Ask("b", At(1)).let_in);
}

TEST(Pace, WhoCannotUseItsTurnStaysAtTheHead) {
  Pacer pacer({.at_once = 1});
  EXPECT_TRUE(pacer.Ask("a", At(0)).let_in);
  EXPECT_FALSE(pacer.Ask("b", At(0)).let_in);
  pacer.Wait("b");
  pacer.Wait("a");
  EXPECT_EQ(pacer.inside(), 0u);
  EXPECT_THAT(pacer.Invite(At(1)), ElementsAre("a"));
  pacer.Wait("a");
  pacer.Leave("a");
  EXPECT_THAT(pacer.Invite(At(2)), ElementsAre("b"));
}

TEST(Pace, WhoIsAwayIsPassedAndKeepsItsPlace) {
  Pacer pacer({.starts_a_minute = 6});
  EXPECT_TRUE(pacer.Ask("first", At(0)).let_in);
  for (const char* who : {"a", "b", "c", "d"}) EXPECT_FALSE(pacer.Ask(who, At(1)).let_in);
  pacer.Away("a");
  pacer.Away("b");
  pacer.Away("nobody");
  EXPECT_EQ(pacer.waiting(), 4u);
  EXPECT_THAT(pacer.Invite(At(10)), ElementsAre("c")) << "no start is spent on them";
  pacer.Wait("b");
  EXPECT_FALSE(pacer.Ask("a", At(11)).let_in);
  EXPECT_THAT(pacer.Invite(At(20)), ElementsAre("a")) << "back in their order";
  // Its turn has come, and it is gone: the place goes to the next one.
  pacer.Away("a");
  EXPECT_EQ(pacer.inside(), 2u);
  EXPECT_THAT(pacer.Invite(At(30)), ElementsAre("b"));
  pacer.Wait("a");
  EXPECT_THAT(pacer.Invite(At(40)), ElementsAre("a")) << "at the head";
  pacer.Away("d");
  EXPECT_EQ(pacer.NextInvitation(), absl::InfiniteFuture()) << "nobody to invite";
  pacer.Leave("d");
  EXPECT_EQ(pacer.waiting(), 0u);
}

// -- What is told --

TEST(Told, TheFreshOnesAreCountedBehindThoseThatReturn) {
  PacingLimits limits = kBreaker;
  limits.starts_a_minute = 60;
  Pacer pacer(limits);
  EXPECT_TRUE(pacer.Ask("inside", At(0)).let_in);
  for (const char* who : {"a", "b", "c"}) pacer.Saw(who, PortalSign::kFailed, At(1));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(pacer.Ask(absl::StrCat(i), At(2)).let_in);
  const absl::Time first = pacer.Ask("0", At(3)).until;
  const absl::Time last = pacer.Ask("999", At(3)).until;
  EXPECT_FALSE(pacer.Ask("inside", At(4)).let_in);
  const absl::Time next = pacer.Ask("next", At(5)).until;
  // 150 starts on the ramp of five minutes, and 60 a minute after it.
  EXPECT_GT(next, At(31) + absl::Minutes(5) + absl::Minutes(13));
  EXPECT_GT(next, last);
  EXPECT_GE(pacer.Ask("0", At(6)).until, first);
  EXPECT_GE(pacer.Ask("999", At(6)).until, last) << "one more is ahead";
}

// The same portal as the pacer sees it, at its best from `now` on: who is let in leaves at
// once, and was answered. When `who` is let in then.
absl::Time AtBest(Pacer pacer, const std::set<std::string>& inside, const std::string& who,
                  absl::Time now) {
  for (const std::string& one : inside) pacer.Leave(one);
  for (int i = 0; i < 100'000; ++i) {
    for (const std::string& one : pacer.Invite(now)) {
      if (one == who) return now;
      pacer.Ask(one, now);
      pacer.Saw(one, PortalSign::kAnswered, now);
      pacer.Leave(one);
    }
    now = pacer.NextInvitation();
  }
  ADD_FAILURE() << who << " is never let in";
  return absl::InfiniteFuture();
}

// -- The breaker, as a table --

// One letter for each thing that happens, in this order: `+a` the portal answered a,
// `-a` it failed for it, `?a` a asks, `.a` a leaves, `~30` seconds pass. After each, the
// state that is expected.
struct Row {
  const char* name;
  std::vector<std::pair<const char*, State>> line;
};

const Row kRows[] = {
    {"OpensAtThree", {{"-a", State::kClosed}, {"-b", State::kClosed}, {"-c", State::kOpen}}},
    {"OneJourneyIsNotMany",
     {{"-a", State::kClosed}, {"-a", State::kClosed}, {"-a", State::kClosed}}},
    {"NotWhereMostAreAnswered",
     {{"+d", State::kClosed},
      {"+e", State::kClosed},
      {"+f", State::kClosed},
      {"+g", State::kClosed},
      {"-a", State::kClosed},
      {"-b", State::kClosed},
      {"-c", State::kClosed},
      {"-h", State::kOpen}}},
    {"TheLastSignOfAJourneyCounts",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"+a", State::kClosed},
      {"-c", State::kClosed}}},
    {"OldFailuresAreForgotten",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"~121", State::kClosed},
      {"-c", State::kClosed}}},
    {"ProbesAfterAPause",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"-c", State::kOpen},
      {"~29", State::kOpen},
      {"~1", State::kProbing},
      {"?p", State::kProbing},
      {"+p", State::kRamping},
      {"~299", State::kRamping},
      {"~1", State::kClosed}}},
    {"AProbeThatFailsDoublesThePause",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"-c", State::kOpen},
      {"~30", State::kProbing},
      {"?p", State::kProbing},
      {"-p", State::kOpen},
      {"~59", State::kOpen},
      {"~1", State::kProbing},
      {"?p", State::kProbing},
      {"-p", State::kOpen},
      // 100 s at most.
      {"~99", State::kOpen},
      {"~1", State::kProbing}}},
    {"OnlyTheProbeSaysHowItIs",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"-c", State::kOpen},
      {"+d", State::kOpen},
      {"~30", State::kProbing},
      {"?p", State::kProbing},
      {"-d", State::kProbing},
      {"+d", State::kProbing}}},
    {"AProbeThatLeavesMakesRoomForAnother",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"-c", State::kOpen},
      {"~30", State::kProbing},
      {"?p", State::kProbing},
      {".p", State::kProbing},
      {"+p", State::kProbing},
      {"?q", State::kProbing},
      {"+q", State::kRamping}}},
    {"OpensSoonerOnTheRamp",
     {{"-a", State::kClosed},
      {"-b", State::kClosed},
      {"-c", State::kOpen},
      {"~30", State::kProbing},
      {"?p", State::kProbing},
      {"+p", State::kRamping},
      {"-a", State::kRamping},
      {"-b", State::kOpen},
      {"~30", State::kProbing}}},
};

class Breaker : public ::testing::TestWithParam<Row> {};

TEST_P(Breaker, FollowsTheTable) {
  Pacer pacer(kBreaker);
  double seconds = 0;
  for (const auto& [step, state] : GetParam().line) {
    const std::string who = step + 1;
    switch (step[0]) {
      case '+':
        pacer.Saw(who, PortalSign::kAnswered, At(seconds));
        break;
      case '-':
        pacer.Saw(who, PortalSign::kFailed, At(seconds));
        break;
      case '?':
        EXPECT_TRUE(pacer.Ask(who, At(seconds)).let_in);
        break;
      case '.':
        pacer.Leave(who);
        break;
      default:
        seconds += std::stod(who);
        EXPECT_THAT(pacer.Invite(At(seconds)), IsEmpty());
    }
    EXPECT_EQ(pacer.state(), state) << step << " at " << seconds;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Breaker, ::testing::ValuesIn(kRows),
                         [](const auto& info) { return info.param.name; });

TEST(BreakerLine, HoldsTheNewOnesAndLeavesThoseInside) {
  Pacer pacer(kBreaker);
  for (const char* who : {"a", "b", "c", "inside"}) EXPECT_TRUE(pacer.Ask(who, At(0)).let_in);
  for (const char* who : {"a", "b", "c"}) {
    pacer.Saw(who, PortalSign::kFailed, At(1));
    pacer.Leave(who);
  }
  EXPECT_EQ(pacer.state(), State::kOpen);
  EXPECT_EQ(pacer.inside(), 1u);
  const auto held = pacer.Ask("d", At(2));
  EXPECT_FALSE(held.let_in);
  EXPECT_GE(held.until, At(31));
  EXPECT_EQ(pacer.NextInvitation(), At(31));
  EXPECT_FALSE(pacer.Ask("inside", At(3)).let_in) << "it lost its conversation";
  EXPECT_FALSE(pacer.Ask("e", At(4)).let_in);
  EXPECT_THAT(pacer.Invite(At(31)), ElementsAre("inside")) << "one, to see";
  EXPECT_THAT(pacer.Invite(At(60)), IsEmpty());
  EXPECT_TRUE(pacer.Ask("inside", At(60)).let_in);
  pacer.Saw("inside", PortalSign::kAnswered, At(61));
  EXPECT_EQ(pacer.state(), State::kRamping);
  EXPECT_THAT(pacer.Invite(At(61)), ElementsAre("d"));
  EXPECT_THAT(pacer.Invite(At(61.2)), IsEmpty()) << "gradually";
}

TEST(BreakerLine, LetsMoreInEachMinuteOfTheRamp) {
  PacingLimits limits = kBreaker;
  limits.starts_a_minute = 60;
  Pacer pacer(limits);
  for (const char* who : {"a", "b", "c"}) pacer.Saw(who, PortalSign::kFailed, At(0));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(pacer.Ask(absl::StrCat(i), At(0)).let_in);
  ASSERT_THAT(pacer.Invite(At(30)), SizeIs(1));
  pacer.Saw("0", PortalSign::kAnswered, At(60));
  std::vector<std::size_t> a_minute(7, 0);
  for (int second = 60; second < 480; ++second) {
    a_minute[static_cast<std::size_t>(second - 60) / 60] += pacer.Invite(At(second)).size();
  }
  EXPECT_GE(a_minute[0], 5u);
  for (std::size_t i = 1; i < a_minute.size(); ++i) EXPECT_GE(a_minute[i], a_minute[i - 1]);
  EXPECT_LE(a_minute[0], 20u);
  EXPECT_EQ(a_minute.back(), 60u);
}

TEST(AfterARestart, TheLineStandsAndThePortalIsProbedFirst) {
  PacingLimits limits = kBreaker;
  limits.starts_a_minute = 60;
  Pacer pacer(limits);
  pacer.RestoreWaiting("a");
  pacer.RestoreWaiting("b");
  EXPECT_EQ(pacer.state(), State::kProbing);
  EXPECT_THAT(pacer.Invite(At(0)), ElementsAre("a"));
  EXPECT_TRUE(pacer.Ask("a", At(1)).let_in);
  pacer.Saw("a", PortalSign::kAnswered, At(2));
  EXPECT_THAT(pacer.Invite(At(11)), ElementsAre("b"));
}

TEST(AfterARestart, TheStartsOfTheLastMinuteCount) {
  Pacer pacer({.starts_a_minute = 3});
  for (const double second : {-20.0, -50.0, -35.0}) pacer.RestoreStart(At(second));
  EXPECT_FALSE(pacer.Ask("a", At(0)).let_in);
  EXPECT_EQ(pacer.NextInvitation(), At(10));
  EXPECT_THAT(pacer.Invite(At(10)), ElementsAre("a"));
}

// -- Whatever happens --

struct Model {
  explicit Model(const PacingLimits& its_limits) : limits(its_limits), pacer(its_limits) {}

  void LetIn(const std::string& who, absl::Time now) {
    if (limits.at_once != 0) {
      EXPECT_LT(inside.size(), static_cast<std::size_t>(limits.at_once));
    }
    inside.insert(who);
    starts.push_back(now);
    std::erase(line, who);
    ++let_in;
    if (limits.starts_a_minute == 0) return;
    const auto within = [&](absl::Duration time) {
      return std::count_if(starts.begin(), starts.end(),
                           [&](absl::Time start) { return now - start < time; });
    };
    EXPECT_LE(within(absl::Minutes(1)), limits.starts_a_minute);
    EXPECT_LE(within(absl::Seconds(10)), (limits.starts_a_minute + 5) / 6);
  }
  void Ask(const std::string& who, absl::Time now) {
    const bool is_head = line.empty() || line.front() == who;
    const bool is_known = std::find(line.begin(), line.end(), who) != line.end();
    const auto answer = pacer.Ask(who, now);
    if (!answer.let_in) {
      if (!is_known) line.push_back(who);
      EXPECT_GT(answer.until, now);
      EXPECT_LE(answer.until, now + absl::Hours(24));
      return;
    }
    if (invited.erase(who) != 0) return;
    EXPECT_TRUE(is_head) << who << " passed " << (line.empty() ? "" : line.front());
    LetIn(who, now);
  }
  void Invite(absl::Time now) {
    for (const std::string& who : pacer.Invite(now)) {
      EXPECT_FALSE(line.empty());
      if (!line.empty()) EXPECT_EQ(who, line.front()) << "in the order in which they asked";
      LetIn(who, now);
      invited.insert(who);
    }
  }
  void Leave(const std::string& who) {
    pacer.Leave(who);
    inside.erase(who);
    invited.erase(who);
    std::erase(line, who);
  }

  const PacingLimits limits;
  Pacer pacer;
  std::set<std::string> inside;
  std::set<std::string> invited;
  std::deque<std::string> line;
  std::vector<absl::Time> starts;
  int let_in = 0;
};

PacingLimits DrawLimits(std::mt19937& random) {
  const auto draw = [&](unsigned n) { return static_cast<int>(random() % n); };
  return {.starts_a_minute = draw(4) == 0 ? 0 : 1 + draw(90),
          .at_once = draw(4) == 0 ? 0 : 1 + draw(20),
          .failing_journeys = draw(4) == 0 ? 0 : 1 + draw(6),
          .failure_window = absl::Seconds(1 + draw(300)),
          .first_pause = absl::Seconds(1 + draw(60)),
          .last_pause = absl::Seconds(60 + draw(600)),
          .ramp = absl::Seconds(draw(3) == 0 ? 0 : draw(600))};
}

TEST(Property, NeverMoreThanMayAndInTheOrderInWhichTheyAsked) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    Model model(DrawLimits(random));
    absl::Time now = kStart;
    int newest = 0;
    for (int i = 0; i < 400; ++i) {
      now += absl::Milliseconds(static_cast<int>(random() % 4000));
      const std::string someone = absl::StrCat(random() % static_cast<unsigned>(newest + 1));
      const bool is_inside = model.inside.count(someone) != 0;
      switch (random() % 6) {
        case 0:
        case 1:
          model.Ask(absl::StrCat(++newest), now);
          break;
        case 2:
          // One that waits asks again, or was invited.
          if (!is_inside || model.invited.count(someone) != 0) model.Ask(someone, now);
          break;
        case 3:
          model.Leave(someone);
          break;
        case 4:
          if (!is_inside) break;
          model.pacer.Saw(someone, random() % 3 == 0 ? PortalSign::kFailed : PortalSign::kAnswered,
                          now);
          break;
        default:
          model.Invite(now);
      }
      ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << ", turn " << i;
      ASSERT_EQ(model.pacer.inside(), model.inside.size());
      ASSERT_EQ(model.pacer.waiting(), model.line.size());
    }
  }
}

TEST(Property, NobodyIsToldATimeBeforeTheEarliestOne) {
  for (uint32_t seed = 0; seed < 120; ++seed) {
    std::mt19937 random(seed);
    PacingLimits limits = DrawLimits(random);
    limits.starts_a_minute = 1 + static_cast<int>(random() % 90);
    Pacer pacer(limits);
    std::set<std::string> inside;
    absl::Time now = kStart;
    const unsigned length = 1 + random() % 300;
    std::string who;
    absl::Time told;
    for (unsigned i = 0; i < length; ++i) {
      now += absl::Milliseconds(static_cast<int>(random() % 1500));
      for (const std::string& one : pacer.Invite(now)) inside.insert(one);
      for (const std::string& one : inside) {
        if (random() % 8 == 0) pacer.Saw(one, PortalSign(random() % 3), now);
      }
      const bool returns = !inside.empty() && random() % 5 == 0;
      who = returns ? *inside.begin() : absl::StrCat(i);
      if (returns) pacer.Ask(who, now);
      const auto answer = pacer.Ask(who, now);
      inside.erase(who);
      if (answer.let_in) inside.insert(who);
      const std::string gone = absl::StrCat(random() % (i + 1));
      if (gone != who && random() % 6 == 0) {
        pacer.Leave(gone);
        inside.erase(gone);
      }
      told = answer.let_in ? absl::InfinitePast() : answer.until;
    }
    if (told == absl::InfinitePast()) continue;
    const absl::Time best = AtBest(pacer, inside, who, now);
    EXPECT_GE(told, best) << "seed " << seed;
  }
}

// Where nobody leaves the line and no place is missing, what is told is what comes.
TEST(Property, WhatIsToldIsTheTimeThatComes) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    PacingLimits limits = kBreaker;
    limits.starts_a_minute = 1 + static_cast<int>(random() % 90);
    limits.ramp = absl::Seconds(static_cast<int>(random() % 600));
    Pacer pacer(limits);
    absl::Time now = kStart;
    if (random() % 2 == 0) {
      for (const char* who : {"a", "b", "c"}) pacer.Saw(who, PortalSign::kFailed, now);
      now += limits.first_pause;
      EXPECT_TRUE(pacer.Ask("probe", now).let_in);
      pacer.Saw("probe", PortalSign::kAnswered, now);
    }
    std::map<std::string, absl::Time> told;
    for (int i = 0; i < 300; ++i) {
      now += absl::Milliseconds(static_cast<int>(random() % 500));
      while (pacer.NextInvitation() <= now) {
        for (const std::string& one : pacer.Invite(pacer.NextInvitation())) told.erase(one);
      }
      const auto answer = pacer.Ask(absl::StrCat(i), now);
      if (!answer.let_in) told[absl::StrCat(i)] = answer.until;
    }
    for (int i = 0; i < 300; i += 37) {
      const std::string who = absl::StrCat(i);
      if (told.count(who) == 0) continue;
      const absl::Duration late = told[who] - AtBest(pacer, {}, who, now);
      EXPECT_GE(late, absl::ZeroDuration()) << "seed " << seed;
      EXPECT_LE(late, absl::Seconds(2)) << "seed " << seed;
    }
  }
}

TEST(Property, EverybodyIsLetInInTheEnd) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    Model model(DrawLimits(random));
    absl::Time now = kStart;
    constexpr int kJourneys = 40;
    for (int i = 0; i < kJourneys; ++i) model.Ask(absl::StrCat(i), now);
    // The portal is down for a while; then each one that is in goes its way.
    const absl::Time mended = now + absl::Seconds(static_cast<int>(random() % 1200));
    const absl::Time end = now + absl::Hours(6);
    while (!model.line.empty() && now < end) {
      now += absl::Seconds(1 + static_cast<int>(random() % 20));
      model.Invite(now);
      const std::set<std::string> inside = model.inside;
      for (const std::string& who : inside) {
        if (model.invited.count(who) != 0) model.Ask(who, now);
        model.pacer.Saw(who, now < mended ? PortalSign::kFailed : PortalSign::kAnswered, now);
        model.Leave(who);
      }
      ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
      // Nobody has to ask in vain for ever: there is always a time at which somebody goes in.
      if (!model.line.empty()) ASSERT_LT(model.pacer.NextInvitation(), absl::InfiniteFuture());
    }
    EXPECT_EQ(model.let_in, kJourneys) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ilkimza::server
