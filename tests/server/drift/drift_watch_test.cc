// What is kept of the portal's screens, what of it is durable, and what waits for it.
#include "server/drift/drift_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "server/journey/plan.h"
#include "tests/server/memory_store.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using v1::PortalScreen;

constexpr char kLogin[] = "profiles/kamusm/screens/LOGIN";
const std::string kOld = "00000000000000aa";
const std::string kNew = "00000000000000bb";

v1::Journey JourneyAt(v1::StepKind step, const std::string& agent = "agents/pc1") {
  v1::Journey journey;
  journey.set_name("journeys/of-" + agent);
  journey.set_agent(agent);
  journey.set_profile("kamusm");
  journey.set_portal_host(v1::PORTAL_HOST_AGENT);
  journey.set_current_step(step);
  bool is_ahead = false;
  for (const v1::StepKind kind : PlanOf(v1::GOAL_GET_PIN, /*security_word_forgotten=*/true)) {
    is_ahead = is_ahead || kind == step;
    v1::Step& one = *journey.add_steps() = MakeStep(kind, Policy());
    one.set_state(is_ahead ? v1::STEP_STATE_PENDING : v1::STEP_STATE_DONE);
  }
  return journey;
}

class DriftTest : public ::testing::Test {
 protected:
  DriftTest() { Start({}); }

  void Start(const DriftPolicy& policy) {
    watch_ = std::make_unique<DriftWatch>(policy, store_);
    EXPECT_TRUE(watch_->Load().ok());
  }
  void See(const std::string& agent, const std::string& screen, const std::string& fingerprint,
           v1::StepKind step = v1::STEP_KIND_OPEN_LOGIN) {
    v1::StepReport report;
    report.set_profile_version(version_);
    report.set_step(step);
    report.set_outcome(v1::STEP_OUTCOME_DONE);
    auto& seen = *report.add_seen_screens();
    seen.set_screen(screen);
    seen.set_page_fingerprint(fingerprint);
    now_ += absl::Minutes(1);
    v1::Journey journey = JourneyAt(step, agent);
    journey.set_name(absl::StrCat("journeys/", ++journeys_));
    watch_->Saw(journey, report, now_);
  }
  void SeeByThree(const std::string& screen, const std::string& fingerprint,
                  v1::StepKind step = v1::STEP_KIND_OPEN_LOGIN) {
    for (const char* agent : {"agents/a", "agents/b", "agents/c"}) {
      See(agent, screen, fingerprint, step);
    }
  }
  // A page that is none of the profile's screens stops the step.
  void StopAt(const std::string& agent, const std::string& fingerprint = kNew,
              v1::StepKind step = v1::STEP_KIND_LOG_IN,
              v1::ErrorReason reason = v1::ERROR_REASON_SCREEN_UNRECOGNISED) {
    v1::StepReport report;
    report.set_profile_version(version_);
    report.set_step(step);
    report.set_outcome(v1::STEP_OUTCOME_STOPPED);
    report.set_reason(reason);
    report.set_page_fingerprint(fingerprint);
    auto& seen = *report.add_seen_screens();
    seen.set_screen("LOGIN");
    seen.set_page_fingerprint(kOld);
    now_ += absl::Minutes(1);
    watch_->Saw(JourneyAt(step, agent), report, now_);
  }
  void StopThree() {
    for (const char* agent : {"agents/a", "agents/b", "agents/c"}) StopAt(agent);
  }
  std::vector<std::string> Changed() {
    std::vector<std::string> names;
    for (const PortalScreen& screen : watch_->Screens(true)) names.push_back(screen.name());
    return names;
  }
  bool Pauses(v1::StepKind step, int version = 0) {
    return watch_->Pauses(JourneyAt(step), version);
  }

  // Of the profile with which the screens are seen.
  int version_ = 0;
  // Each one sees something once.
  int journeys_ = 0;
  MemoryStore store_;
  absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
  std::unique_ptr<DriftWatch> watch_;
};

TEST_F(DriftTest, AChangeIsOneEventHoweverManyMeetIt) {
  SeeByThree("LOGIN", kOld);
  EXPECT_THAT(Changed(), IsEmpty());
  SeeByThree("LOGIN", kNew);
  EXPECT_THAT(Changed(), ElementsAre(kLogin));
  const auto raised = watch_->Screens(true)[0].change_time();
  for (int i = 0; i < 100; ++i) See(absl::StrCat("agents/", i), "LOGIN", kNew);
  SeeByThree("LOGIN", "00000000000000cc");
  ASSERT_THAT(Changed(), ElementsAre(kLogin));
  EXPECT_EQ(watch_->Screens(true)[0].change_time().seconds(), raised.seconds());
}

TEST_F(DriftTest, PausesTheStepsThatMeetItAndWhatLeadsToThem) {
  SeeByThree("PIN_PAGE", kOld, v1::STEP_KIND_OPEN_PIN_PAGE);
  SeeByThree("PIN_PAGE", kNew, v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_PIN_PAGE));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN)) << "nobody logs in for a page that waits";
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_WORD_RESET)) << "another conversation";
  EXPECT_FALSE(Pauses(v1::STEP_KIND_LOG_IN)) << "in the middle of one";
  EXPECT_FALSE(Pauses(v1::STEP_KIND_LOG_OUT));
  EXPECT_FALSE(Pauses(v1::STEP_KIND_PROVE_PIN)) << "no business of the portal's";
  v1::Journey other = JourneyAt(v1::STEP_KIND_OPEN_PIN_PAGE);
  other.set_guided(true);
  EXPECT_FALSE(watch_->Pauses(other, 0)) << "the way on";
  other.set_guided(false);
  other.set_profile("ornek");
  EXPECT_FALSE(watch_->Pauses(other, 0)) << "another portal";
  // Past that page, a new conversation has nothing to do with it.
  v1::Journey later = JourneyAt(v1::STEP_KIND_OPEN_LOGIN);
  for (v1::Step& step : *later.mutable_steps()) {
    if (step.kind() == v1::STEP_KIND_OPEN_PIN_PAGE) step.set_state(v1::STEP_STATE_DONE);
  }
  EXPECT_FALSE(watch_->Pauses(later, 0));
}

TEST_F(DriftTest, APageThatIsAskedOnceMoreIsNotTakenAway) {
  SeeByThree("LOGIN", kOld, v1::STEP_KIND_LOG_IN);
  SeeByThree("LOGIN", kNew, v1::STEP_KIND_LOG_IN);
  v1::Journey journey = JourneyAt(v1::STEP_KIND_LOG_IN);
  EXPECT_TRUE(watch_->Pauses(journey, 0));
  for (v1::Step& step : *journey.mutable_steps()) {
    if (step.kind() == v1::STEP_KIND_LOG_IN) step.set_wrong_captchas(1);
  }
  EXPECT_FALSE(watch_->Pauses(journey, 0));
}

TEST_F(DriftTest, AcceptedItGoesOnAndDoesNotComeBack) {
  SeeByThree("LOGIN", kOld);
  SeeByThree("LOGIN", kNew);
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN));
  const auto accepted = watch_->Accept(kLogin, "operator ayse", now_);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_EQ(accepted->accepter(), "operator ayse");
  EXPECT_FALSE(accepted->has_change_time());
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN));
  SeeByThree("LOGIN", kNew);
  SeeByThree("LOGIN", kOld);
  EXPECT_THAT(Changed(), IsEmpty());
  SeeByThree("LOGIN", "00000000000000cc");
  EXPECT_THAT(Changed(), ElementsAre(kLogin)) << "and the next change is one";
  EXPECT_EQ(ReasonOf(watch_->Accept("profiles/kamusm/screens/NONE", "", now_).status()),
            v1::ERROR_REASON_BAD_FIELD);
}

// The portal was built anew, and somebody has written a profile for it.
TEST_F(DriftTest, APauseEndsForWhoeverDrivesWithANewerProfile) {
  version_ = 2;
  SeeByThree("LOGIN", kOld);
  SeeByThree("LOGIN", kNew);
  EXPECT_THAT(Changed(), ElementsAre("profiles/kamusm@2/screens/LOGIN"));
  EXPECT_EQ(watch_->Screens(true)[0].profile_version(), 2);
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 2));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 1)) << "no younger than what did not know it";
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 0)) << "nobody knows how old";
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 3));
  version_ = 3;
  SeeByThree("LOGIN", kNew);
  EXPECT_THAT(Changed(), ElementsAre("profiles/kamusm@2/screens/LOGIN"));
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 3));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 2)) << "until it is accepted, or they are newer";
  // The new version's screens are watched as well.
  SeeByThree("LOGIN", "00000000000000cc");
  EXPECT_THAT(Changed(),
              ElementsAre("profiles/kamusm@2/screens/LOGIN", "profiles/kamusm@3/screens/LOGIN"));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 3));
  ASSERT_TRUE(watch_->Accept("profiles/kamusm@3/screens/LOGIN", "operator", now_).ok());
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 3));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 2));
}

// What was kept before profiles had versions is that of none.
TEST_F(DriftTest, WhatWasKeptBeforeVersionsCountsForThoseWithoutOne) {
  PortalScreen kept;
  kept.set_name(kLogin);
  kept.add_steps(v1::STEP_KIND_OPEN_LOGIN);
  kept.mutable_change_time()->set_seconds(1'800'000'000);
  store_.SaveScreen(kept, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  Start({});
  EXPECT_THAT(Changed(), ElementsAre(kLogin));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 0));
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 1));
  ASSERT_TRUE(watch_->Accept(kLogin, "operator", now_).ok());
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 0));
}

TEST_F(DriftTest, SurvivesARestart) {
  constexpr char kFourth[] = "profiles/kamusm@4/screens/LOGIN";
  version_ = 4;
  SeeByThree("LOGIN", kOld);
  See("agents/a", "LOGIN", kNew);
  See("agents/b", "LOGIN", kNew);
  Start({});
  See("agents/c", "LOGIN", kNew);
  EXPECT_THAT(Changed(), ElementsAre(kFourth));
  Start({});
  EXPECT_THAT(Changed(), ElementsAre(kFourth));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 4));
  ASSERT_TRUE(watch_->Accept(kFourth, "operator", now_).ok());
  Start({});
  EXPECT_THAT(Changed(), IsEmpty());
}

// -- Pages that are not recognised --

constexpr char kLogIn[] = "profiles/kamusm/steps/LOG_IN";

TEST_F(DriftTest, AStepThatStopsForManyIsOneEventAndPauses) {
  SeeByThree("LOGIN", kOld, v1::STEP_KIND_LOG_IN);
  SeeByThree("PHONE", kOld, v1::STEP_KIND_LOG_IN);
  StopAt("agents/a");
  StopAt("agents/b");
  EXPECT_THAT(Changed(), IsEmpty());
  EXPECT_FALSE(Pauses(v1::STEP_KIND_LOG_IN));
  StopAt("agents/c");
  ASSERT_THAT(Changed(), ElementsAre(kLogIn));
  const PortalScreen event = watch_->Screens(true)[0];
  EXPECT_THAT(event.steps(), ElementsAre(v1::STEP_KIND_LOG_IN));
  EXPECT_THAT(event.missed_screens(), ElementsAre("PHONE")) << "what should have come";
  ASSERT_THAT(event.structures(), SizeIs(1));
  EXPECT_EQ(event.structures(0).fingerprint(), kNew);
  EXPECT_EQ(event.structures(0).state(), PortalScreen::STATE_CHANGED);
  EXPECT_EQ(event.structures(0).journeys(), 3);
  EXPECT_THAT(event.structures(0).sightings(), IsEmpty());
  EXPECT_TRUE(Pauses(v1::STEP_KIND_LOG_IN));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN)) << "nobody logs in for nothing";
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_WORD_RESET));
  EXPECT_FALSE(Pauses(v1::STEP_KIND_CONFIRM_PHONE)) << "in the middle of it";
  for (int i = 0; i < 100; ++i) StopAt(absl::StrCat("agents/", i));
  EXPECT_EQ(watch_->Screens(true)[0].change_time().seconds(), event.change_time().seconds());
}

TEST_F(DriftTest, OneAgentThatIsStoppedAgainAndAgainProvesNothing) {
  for (int i = 0; i < 50; ++i) StopAt("agents/a", absl::StrFormat("%016x", i % 3));
  EXPECT_THAT(Changed(), IsEmpty());
  StopAt("agents/b");
  for (int i = 0; i < 50; ++i) StopAt("agents/a");
  EXPECT_THAT(Changed(), IsEmpty());
  StopAt("agents/c");
  EXPECT_THAT(Changed(), ElementsAre(kLogIn)) << "nor does it hide the others";
}

TEST_F(DriftTest, WhatStopsAFewOfManyIsTheirsAlone) {
  for (int i = 0; i < 300; ++i) {
    See(absl::StrCat("agents/", i), "PHONE", kOld, v1::STEP_KIND_LOG_IN);
    if (i % 10 == 5) StopAt(absl::StrCat("agents/", i));
  }
  EXPECT_THAT(Changed(), IsEmpty());
  // And once it stops everybody, nine are enough.
  for (int i = 0; i < 9; ++i) StopAt(absl::StrCat("agents/late", i));
  EXPECT_THAT(Changed(), ElementsAre(kLogIn));
}

TEST_F(DriftTest, WhoGetsThroughAfterAllWasNotStopped) {
  for (const char* agent : {"agents/a", "agents/b", "agents/c", "agents/d"}) {
    StopAt(agent);
    See(agent, "PHONE", kOld, v1::STEP_KIND_LOG_IN);
  }
  EXPECT_THAT(Changed(), IsEmpty());
}

TEST_F(DriftTest, EachReasonOfAPageThatIsNotSureCountsAndNoOther) {
  for (const char* agent : {"agents/a", "agents/b", "agents/c"}) {
    StopAt(agent, kNew, v1::STEP_KIND_LOG_IN, v1::ERROR_REASON_PORTAL_REFUSED);
    StopAt(agent, kNew, v1::STEP_KIND_LOG_OUT);
  }
  EXPECT_THAT(Changed(), IsEmpty());
  for (const char* agent : {"agents/a", "agents/b", "agents/c"}) {
    // Found as it was about to be pressed: the page is the last one that was seen.
    StopAt(agent, "", v1::STEP_KIND_OPEN_PIN_PAGE, v1::ERROR_REASON_CONTROL_AMBIGUOUS);
  }
  ASSERT_THAT(Changed(), ElementsAre("profiles/kamusm/steps/OPEN_PIN_PAGE"));
  EXPECT_EQ(watch_->Screens(true)[0].structures(0).fingerprint(), kOld);
}

TEST_F(DriftTest, AcceptedAStepIsTriedAgainAndSaidAgainIfItStopsAgain) {
  StopThree();
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN));
  const auto accepted = watch_->Accept(kLogIn, "operator ayse", now_);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_FALSE(accepted->has_change_time());
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN));
  EXPECT_THAT(Changed(), IsEmpty());
  StopAt("agents/a");
  StopAt("agents/b");
  EXPECT_THAT(Changed(), IsEmpty());
  StopAt("agents/c");
  EXPECT_THAT(Changed(), ElementsAre(kLogIn));
}

TEST_F(DriftTest, StopsSurviveARestartAndANewerProfileGoesOn) {
  constexpr char kSecond[] = "profiles/kamusm@2/steps/LOG_IN";
  version_ = 2;
  StopAt("agents/a");
  StopAt("agents/b");
  Start({});
  StopAt("agents/c");
  EXPECT_THAT(Changed(), ElementsAre(kSecond));
  Start({});
  EXPECT_THAT(Changed(), ElementsAre(kSecond));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 2));
  EXPECT_TRUE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 1));
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN, 3)) << "made for the portal as it is";
  ASSERT_TRUE(watch_->Accept(kSecond, "operator", now_).ok());
  Start({});
  EXPECT_THAT(Changed(), IsEmpty());
}

TEST_F(DriftTest, StopsAreKeptWithinBounds) {
  for (int i = 0; i < 2000; ++i) {
    StopAt(absl::StrCat("agents/", i), absl::StrFormat("%016x", i % 500));
    See(absl::StrCat("agents/p", i), "PHONE", kOld, v1::STEP_KIND_LOG_IN);
  }
  const auto stored = store_.LoadScreens();
  for (const PortalScreen& one : *stored) {
    EXPECT_LE(one.structures_size(), 32) << one.name();
    EXPECT_LE(one.passes_size(), 32) << one.name();
    for (const auto& structure : one.structures()) EXPECT_LE(structure.sightings_size(), 32);
  }
}

// -- What is known --

// One holder in ten has two cards, say, and so another page. Agents come more than once.
TEST_F(DriftTest, AStructureThatAFewMeetIsNoChangeHoweverManyTheyAreInAll) {
  SeeByThree("LOGIN", kOld);
  for (int i = 0; i < 2000; ++i) {
    See(absl::StrCat(i % 10 == 9 ? "agents/two" : "agents/", i / 2), "LOGIN",
        i % 10 == 9 ? kNew : kOld);
    ASSERT_THAT(Changed(), IsEmpty()) << i;
  }
}

// A trial of a few, and the portal for all of them days later.
TEST_F(DriftTest, AChangeThatOneAgentMetLongBeforeIsOneAllTheSame) {
  for (int i = 0; i < 40; ++i) See(absl::StrCat("agents/", i), "LOGIN", kOld);
  See("agents/trial", "LOGIN", kNew);
  for (int i = 0; i < 40; ++i) See(absl::StrCat("agents/", i), "LOGIN", kOld);
  EXPECT_THAT(Changed(), IsEmpty());
  for (int i = 100; i < 140; ++i) See(absl::StrCat("agents/", i), "LOGIN", kNew);
  EXPECT_THAT(Changed(), ElementsAre(kLogin));
}

// A table with one row or with two, say: who meets which is chance.
TEST_F(DriftTest, TwoStructuresThatWereAcceptedAlternateForever) {
  SeeByThree("LOGIN", kOld);
  SeeByThree("LOGIN", kNew);
  ASSERT_THAT(Changed(), ElementsAre(kLogin));
  ASSERT_TRUE(watch_->Accept(kLogin, "operator", now_).ok());
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 40; ++i) See(absl::StrCat("agents/", i), "LOGIN", kOld);
    for (int i = 40; i < 80; ++i) See(absl::StrCat("agents/", i), "LOGIN", kNew);
    if (round % 2 == 0) Start({});
    now_ += absl::Hours(24 * 5);
    EXPECT_THAT(Changed(), IsEmpty()) << round;
  }
  SeeByThree("LOGIN", "00000000000000cc");
  EXPECT_THAT(Changed(), ElementsAre(kLogin)) << "and what is new is still said";
}

TEST_F(DriftTest, GoesOnWherePolicySaysSo) {
  Start({.pause = false});
  SeeByThree("LOGIN", kOld);
  SeeByThree("LOGIN", kNew);
  EXPECT_THAT(Changed(), ElementsAre(kLogin));
  EXPECT_FALSE(Pauses(v1::STEP_KIND_OPEN_LOGIN));
}

TEST_F(DriftTest, KeepsWithinItsBounds) {
  SeeByThree("LOGIN", kOld);
  for (int i = 0; i < 2000; ++i) {
    See(absl::StrCat("agents/", i), "LOGIN", absl::StrFormat("%016x", i));
  }
  for (int i = 0; i < 2000; ++i) See("agents/a", absl::StrCat("SCREEN_", i), kOld);
  const auto screens = watch_->Screens(false);
  EXPECT_LE(screens.size(), 1024u);
  const auto login = std::find_if(screens.begin(), screens.end(),
                                  [](const auto& one) { return one.name() == kLogin; });
  ASSERT_NE(login, screens.end());
  EXPECT_LE(login->structures_size(), 32);
  EXPECT_EQ(login->structures(0).fingerprint(), kOld) << "what is settled stays longest";
  for (int i = 0; i < 200; ++i) See(absl::StrCat("agents/", i), "LOGIN", kOld);
  const auto stored_screens = store_.LoadScreens();
  for (const PortalScreen& stored : *stored_screens) {
    for (const auto& structure : stored.structures()) EXPECT_LE(structure.sightings_size(), 32);
  }
}

TEST_F(DriftTest, WhatTheServerSawItselfIsCountedByJourneys) {
  for (int i = 0; i < 3; ++i) {
    v1::Journey journey = JourneyAt(v1::STEP_KIND_OPEN_LOGIN, "");
    journey.set_name(absl::StrCat("journeys/", i));
    journey.set_portal_host(v1::PORTAL_HOST_SERVER);
    v1::StepReport report;
    report.set_step(v1::STEP_KIND_OPEN_LOGIN);
    report.add_seen_screens()->set_screen("LOGIN");
    report.mutable_seen_screens(0)->set_page_fingerprint(kOld);
    watch_->Saw(journey, report, now_);
  }
  const auto screens = watch_->Screens(false);
  ASSERT_THAT(screens, SizeIs(1));
  EXPECT_EQ(screens[0].structures(0).state(), PortalScreen::STATE_SETTLED);
  EXPECT_EQ(screens[0].structures(0).agents(), 3);
}

}  // namespace
}  // namespace ilkimza::server
