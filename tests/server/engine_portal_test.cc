// The engine and the fleet at the portal: journeys that wait for their turn, for a portal
// that fails for many, and for a screen that has changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/engine/engine.h"
#include "server/engine/report_check.h"
#include "server/journey/advance.h"
#include "tests/server/memory_store.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeClock : public Clock {
 public:
  absl::Time Now() override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'900'000'000);
};

// The last directive of each agent.
class LastRuns : public DirectiveSink {
 public:
  void Send(const std::string& agent, const v1::AttachAgentResponse& message) override {
    if (message.has_run_step()) runs[agent] = message.run_step();
  }
  std::map<std::string, v1::RunStep> runs;
};

constexpr char kLogin[] = "profiles/kamusm/screens/LOGIN";

// Journeys that begin at the portal, each with an agent of its own.
class EnginePortalTest : public ::testing::Test {
 protected:
  void Start(const PacingLimits& pacing, const DriftPolicy& drift = {}) {
    engine_.reset();
    sink_.runs.clear();
    engine_ = std::make_unique<Engine>(EngineOptions{.pacing = pacing,
                                                     .drift = drift,
                                                     .profile = own_,
                                                     .clock = &clock_,
                                                     .run_timers = false},
                                       store_);
    engine_->Connect(&sink_, nullptr);
    ASSERT_TRUE(engine_->Start().ok());
  }
  void Attach(const std::string& agent, const std::vector<std::string>& held = {}) {
    std::vector<v1::AttachAgentRequest::Conversation> conversations;
    for (const std::string& journey : held) conversations.emplace_back().set_journey(journey);
    engine_->AgentAttached(agent, ++generation_, profile_, conversations,
                           [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  }
  // Of every agent that attaches, and of the server itself.
  v1::HostProfile profile_, own_;
  // The journey's name.
  std::string Create(const std::string& agent, v1::Goal goal = v1::GOAL_LIST_CERTIFICATES,
                     v1::PortalHost host = v1::PORTAL_HOST_AGENT) {
    Attach(agent);
    std::string name;
    engine_->Create({.goal = goal, .portal_host = host, .agent = agent},
                    [&](const absl::StatusOr<JourneyPtr>& made) {
                      ASSERT_TRUE(made.ok()) << made.status();
                      name = (*made)->name();
                    });
    journeys_[agent] = name;
    return name;
  }
  void Report(const std::string& agent, v1::StepOutcome outcome, v1::ErrorReason reason = {},
              const std::string& login_structure = "") {
    const v1::RunStep run = sink_.runs.at(agent);
    v1::StepReport report;
    report.set_journey(run.journey());
    report.set_directive_id(run.directive_id());
    report.set_step(run.step());
    report.set_outcome(outcome);
    report.set_reason(reason);
    report.set_profile_version(profile_.version());
    if (!login_structure.empty()) {
      auto& seen = *report.add_seen_screens();
      seen.set_screen("LOGIN");
      seen.set_page_fingerprint(login_structure);
    }
    engine_->Report(agent, report,
                    [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  }
  void Fail(const std::string& agent) {
    Report(agent, v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_MAINTENANCE);
  }
  absl::StatusOr<JourneyPtr> Retry(const std::string& name, v1::Way way = v1::WAY_UNSPECIFIED) {
    absl::StatusOr<JourneyPtr> result = absl::InternalError("never answered");
    engine_->Retry(name, "operator", way, "",
                   [&](absl::StatusOr<JourneyPtr> journey) { result = std::move(journey); });
    return result;
  }
  void Cancel(const std::string& agent) {
    engine_->Cancel(journeys_.at(agent), agent, "", [](const absl::StatusOr<JourneyPtr>& ended) {
      EXPECT_TRUE(ended.ok()) << ended.status();
    });
  }
  void Pass(absl::Duration time) {
    clock_.now += time;
    engine_->CheckTimes();
  }
  [[nodiscard]] JourneyPtr Get(const std::string& agent) {
    return engine_->Get(journeys_.at(agent)).value();
  }
  // The agents whose journeys have a directive, by name.
  std::vector<std::string> Going() {
    std::vector<std::string> going;
    for (const auto& [agent, name] : journeys_) {
      const JourneyPtr journey = engine_->Get(name).value();
      if (journey->state() == v1::JOURNEY_STATE_ACTIVE) going.push_back(agent);
    }
    return going;
  }
  void ExpectWaits(const std::string& agent, v1::ErrorReason reason) {
    const JourneyPtr journey = Get(agent);
    EXPECT_EQ(journey->state(), v1::JOURNEY_STATE_WAITING) << agent;
    EXPECT_EQ(journey->reason(), reason) << agent;
    EXPECT_EQ(journey->turn(), v1::ACTOR_SERVER) << agent;
    EXPECT_GT(FromProto(journey->resume_time()), clock_.now) << agent;
    EXPECT_EQ(journey->directive_id(), 0) << agent;
    EXPECT_THAT(journey->other_ways(), ElementsAre(v1::WAY_GUIDED)) << "no dead end";
  }
  // Three agents meet the screen in this structure, and go away.
  void SeeByThree(const std::string& structure) {
    for (const char* agent : {"agents/x", "agents/y", "agents/z"}) {
      clock_.now += absl::Seconds(1);
      Create(agent);
      Report(agent, v1::STEP_OUTCOME_DONE, {}, structure);
      Cancel(agent);
      journeys_.erase(agent);
    }
  }

  FakeClock clock_;
  MemoryStore store_;
  LastRuns sink_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, std::string> journeys_;
  int64_t generation_ = 0;
};

TEST_F(EnginePortalTest, HoldsWhoeverIsOneTooManyAndInvitesThemWhenAPlaceIsFree) {
  Start({.at_once = 2});
  for (const char* agent : {"agents/1", "agents/2", "agents/3", "agents/4"}) Create(agent);
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2"));
  ExpectWaits("agents/3", v1::ERROR_REASON_PORTAL_PACED);
  EXPECT_EQ(sink_.runs.count("agents/3"), 0u) << "nothing was handed out";
  Report("agents/1", v1::STEP_OUTCOME_DONE);
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2")) << "still in its conversation";
  Cancel("agents/1");
  EXPECT_THAT(Going(), ElementsAre("agents/2", "agents/3"));
  EXPECT_EQ(sink_.runs.at("agents/3").step(), v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_EQ(Get("agents/3")->reason(), v1::ERROR_REASON_UNSPECIFIED);
}

TEST_F(EnginePortalTest, LetsThemInInTheOrderOfTheLine) {
  Start({.starts_a_minute = 6});
  for (const char* agent : {"agents/1", "agents/2", "agents/3"}) Create(agent);
  EXPECT_THAT(Going(), ElementsAre("agents/1"));
  const absl::Time second = FromProto(Get("agents/2")->resume_time());
  EXPECT_LT(second, FromProto(Get("agents/3")->resume_time()));
  ASSERT_TRUE(Retry(journeys_["agents/3"]).ok()) << "who is impatient keeps the place";
  ExpectWaits("agents/3", v1::ERROR_REASON_PORTAL_PACED);
  Pass(absl::Seconds(10));
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2"));
  Pass(absl::Seconds(10));
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2", "agents/3"));
}

TEST_F(EnginePortalTest, AStepOfTheCardOrOfTheHoldersBrowserWaitsForNobody) {
  Start({.at_once = 1});
  Create("agents/1");
  Create("agents/2", v1::GOAL_GET_PIN);
  Create("agents/3");
  ExpectWaits("agents/3", v1::ERROR_REASON_PORTAL_PACED);
  ASSERT_TRUE(Retry(journeys_["agents/3"], v1::WAY_GUIDED).ok());
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2", "agents/3"));
  EXPECT_TRUE(sink_.runs.at("agents/3").guided());
  const auto portals = engine_->Portals();
  ASSERT_EQ(portals.size(), 1u);
  EXPECT_EQ(portals[0].inside, 1u);
  EXPECT_EQ(portals[0].waiting, 0u);
}

TEST_F(EnginePortalTest, APortalThatFailsForManyIsLeftAloneAndThenProbed) {
  Start({.starts_a_minute = 60,
         .failing_journeys = 3,
         .first_pause = absl::Seconds(30),
         .ramp = absl::Seconds(60)});
  for (const char* agent : {"agents/1", "agents/2", "agents/3", "agents/4"}) Create(agent);
  Report("agents/4", v1::STEP_OUTCOME_DONE);
  for (const char* agent : {"agents/1", "agents/2", "agents/3"}) Fail(agent);
  Create("agents/5");
  ExpectWaits("agents/5", v1::ERROR_REASON_PORTAL_PACED);
  EXPECT_GE(FromProto(Get("agents/5")->resume_time()), clock_.now + absl::Seconds(30));
  EXPECT_THAT(Going(), ElementsAre("agents/4")) << "in its conversation, and left in peace";
  Report("agents/4", v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(sink_.runs.at("agents/4").step(), v1::STEP_KIND_CONFIRM_PHONE);
  // Those for whom it failed come back by themselves, and stand behind.
  Pass(absl::Seconds(20));
  ExpectWaits("agents/1", v1::ERROR_REASON_PORTAL_PACED);
  Pass(absl::Seconds(10));
  EXPECT_THAT(Going(), ElementsAre("agents/4", "agents/5")) << "one, to see";
  Fail("agents/5");
  Pass(absl::Seconds(45));
  EXPECT_THAT(Going(), ElementsAre("agents/4")) << "twice as long now";
  Pass(absl::Seconds(15));
  ASSERT_EQ(Going().size(), 2u);
  const std::string probe = Going().front() == "agents/4" ? Going().back() : Going().front();
  Report(probe, v1::STEP_OUTCOME_DONE);
  const std::size_t before = Going().size();
  EXPECT_LE(before, 3u) << "gradually";
  for (int i = 0; i < 12; ++i) Pass(absl::Seconds(10));
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2", "agents/3", "agents/4", "agents/5"));
}

TEST_F(EnginePortalTest, TheLineSurvivesARestart) {
  const PacingLimits limits = {.at_once = 1, .failing_journeys = 3};
  Start(limits);
  for (const char* agent : {"agents/1", "agents/2", "agents/3"}) Create(agent);
  const absl::Time told = FromProto(Get("agents/3")->resume_time());
  Start(limits);
  EXPECT_EQ(FromProto(Get("agents/3")->resume_time()), told);
  EXPECT_EQ(engine_->Portals().at(0).waiting, 2u);
  // The first one still holds its conversation.
  Attach("agents/1", {journeys_["agents/1"]});
  Attach("agents/2");
  Attach("agents/3");
  Pass(absl::Minutes(1));
  EXPECT_THAT(Going(), ElementsAre("agents/1"));
  Cancel("agents/1");
  EXPECT_THAT(Going(), ElementsAre("agents/2"));
}

TEST_F(EnginePortalTest, AnAgentThatIsAwayTakesNobodysPlace) {
  Start({.at_once = 1});
  Create("agents/1");
  Create("agents/2");
  Create("agents/3");
  engine_->AgentDetached("agents/2", 2);
  Cancel("agents/1");
  // Its turn came while it was away.
  EXPECT_THAT(Going(), ElementsAre("agents/3"));
  Attach("agents/2");
  ExpectWaits("agents/2", v1::ERROR_REASON_PORTAL_PACED);
  Cancel("agents/3");
  EXPECT_THAT(Going(), ElementsAre("agents/2"));
}

// Ten thousand agents come back over a minute, and those at the head of the line had the
// shortest time to go.
TEST_F(EnginePortalTest, WhoseAgentComesBackLateAfterARestartKeepsTheirPlace) {
  const PacingLimits limits = {.starts_a_minute = 6};
  Start(limits);
  for (const char* agent : {"agents/1", "agents/2", "agents/3", "agents/4"}) Create(agent);
  Start(limits);
  Attach("agents/1", {journeys_["agents/1"]});
  Attach("agents/4");
  // Their times are over.
  Pass(absl::Seconds(50));
  for (const char* agent : {"agents/2", "agents/3"}) {
    EXPECT_EQ(Get(agent)->state(), v1::JOURNEY_STATE_WAITING);
    EXPECT_EQ(Get(agent)->reason(), v1::ERROR_REASON_PORTAL_PACED);
  }
  EXPECT_THAT(Going(), ElementsAre("agents/1")) << "they are coming back";
  Attach("agents/2");
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2")) << "first in the line";
  // One that stays away is passed, and no start is spent on it.
  Pass(absl::Seconds(10));
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2", "agents/4"));
  EXPECT_EQ(engine_->Portals().at(0).waiting, 1u);
  Pass(absl::Minutes(2));
  Create("agents/5");
  Create("agents/6");
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2", "agents/4", "agents/5"));
  Attach("agents/3");
  ExpectWaits("agents/3", v1::ERROR_REASON_PORTAL_PACED);
  Pass(absl::Seconds(10));
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2", "agents/3", "agents/4", "agents/5"))
      << "before agents/6, who came later";
}

TEST_F(EnginePortalTest, NobodysWordLetsAJourneyGoOnWhoseAgentIsAway) {
  Start({.starts_a_minute = 6});
  Create("agents/1");
  Create("agents/2");
  const auto told = Get("agents/2")->resume_time();
  engine_->AgentDetached("agents/2", generation_);
  EXPECT_EQ(ReasonOf(Retry(journeys_["agents/2"]).status()), v1::ERROR_REASON_AGENT_NOT_ATTACHED);
  for (int i = 0; i < 6; ++i) Pass(absl::Seconds(10));
  EXPECT_EQ(Get("agents/2")->reason(), v1::ERROR_REASON_PORTAL_PACED);
  EXPECT_EQ(FromProto(Get("agents/2")->resume_time()), FromProto(told));
  Attach("agents/2");
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/2")) << "at once, as its time has come";
  engine_->AgentDetached("agents/2", generation_);
  EXPECT_EQ(Get("agents/2")->reason(), v1::ERROR_REASON_AGENT_NOT_ATTACHED);
}

TEST_F(EnginePortalTest, AStartThatCouldNotBeStoredLosesNoPlace) {
  Start({.at_once = 1});
  Create("agents/1");
  Create("agents/2");
  Create("agents/3");
  engine_->Cancel(journeys_["agents/1"], "operator", "",
                  [this](const absl::StatusOr<JourneyPtr>&) { store_.FailNext(1); });
  EXPECT_THAT(Going(), IsEmpty());
  ExpectWaits("agents/2", v1::ERROR_REASON_PORTAL_PACED);
  Pass(absl::Seconds(5));
  EXPECT_THAT(Going(), ElementsAre("agents/2"));
  Cancel("agents/2");
  EXPECT_THAT(Going(), ElementsAre("agents/3"));
}

TEST_F(EnginePortalTest, TheSameEventsGiveTheSameJourney) {
  Start({.at_once = 1});
  Create("agents/1");
  Create("agents/2");
  Cancel("agents/1");
  Report("agents/2", v1::STEP_OUTCOME_DONE);
  v1::Journey again;
  again.set_name(journeys_["agents/2"]);
  const auto page = store_.ListEvents(journeys_["agents/2"], 0, 100);
  for (const v1::JourneyEvent& event : page->events) {
    const Transition next = Advance(again, event, Policy());
    ASSERT_TRUE(next.applied) << event.ShortDebugString();
    again = next.journey;
  }
  EXPECT_EQ(again.SerializeAsString(), Get("agents/2")->SerializeAsString());
}

TEST_F(EnginePortalTest, HostsDoNotSayWhatOnlyTheServerCan) {
  Start({});
  Create("agents/1");
  for (const v1::ErrorReason reason :
       {v1::ERROR_REASON_PORTAL_PACED, v1::ERROR_REASON_SCREEN_DRIFTED}) {
    v1::StepReport report;
    report.set_directive_id(1);
    report.set_step(v1::STEP_KIND_OPEN_LOGIN);
    report.set_outcome(v1::STEP_OUTCOME_UNAVAILABLE);
    report.set_reason(reason);
    EXPECT_EQ(ReasonOf(CheckReport(report)), v1::ERROR_REASON_BAD_FIELD);
  }
}

TEST_F(EnginePortalTest, SeenScreensAreNamesAndFingerprintsAndNothingElse) {
  v1::StepReport report;
  report.set_directive_id(1);
  report.set_step(v1::STEP_KIND_OPEN_LOGIN);
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  auto& seen = *report.add_seen_screens();
  const auto is_taken = [&](const std::string& screen, const std::string& fingerprint) {
    seen.set_screen(screen);
    seen.set_page_fingerprint(fingerprint);
    return CheckReport(report).ok();
  };
  EXPECT_TRUE(is_taken("SMS_CODE", "0123456789abcdef"));
  EXPECT_FALSE(is_taken("", "0123456789abcdef"));
  EXPECT_FALSE(is_taken("../LOGIN", "0123456789abcdef"));
  EXPECT_FALSE(is_taken("login", "0123456789abcdef"));
  EXPECT_FALSE(is_taken("LOGIN", "0123456789ABCDEF"));
  EXPECT_FALSE(is_taken("LOGIN", "Ali Veli"));
  EXPECT_FALSE(is_taken("LOGIN", ""));
  for (int i = 0; i < 64; ++i) *report.add_seen_screens() = seen;
  EXPECT_FALSE(is_taken("LOGIN", "0123456789abcdef")) << "more than a step can meet";
}

TEST_F(EnginePortalTest, AScreenThatChangedForManyPausesStepsUntilItIsAccepted) {
  Start({});
  SeeByThree("00000000000000aa");
  EXPECT_THAT(engine_->Screens(true), IsEmpty());
  Create("agents/1");
  SeeByThree("00000000000000bb");
  const auto changed = engine_->Screens(true);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].name(), kLogin);
  EXPECT_THAT(Going(), ElementsAre("agents/1")) << "what is under way goes on";
  Create("agents/2");
  Create("agents/3");
  ExpectWaits("agents/2", v1::ERROR_REASON_SCREEN_DRIFTED);
  ASSERT_TRUE(Retry(journeys_["agents/3"], v1::WAY_GUIDED).ok());
  Pass(absl::Hours(2));
  ExpectWaits("agents/2", v1::ERROR_REASON_SCREEN_DRIFTED);
  ASSERT_TRUE(engine_->AcceptScreen(kLogin, "operator").ok());
  EXPECT_EQ(Get("agents/2")->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(sink_.runs.at("agents/2").step(), v1::STEP_KIND_OPEN_LOGIN);
  EXPECT_THAT(engine_->Screens(true), IsEmpty());
}

// The portal renamed a heading: the fourth journey is spared a login for nothing.
TEST_F(EnginePortalTest, AStepThatAnUnknownPageStopsForManyWaitsUntilItIsAccepted) {
  constexpr char kStep[] = "profiles/kamusm/steps/OPEN_LOGIN";
  Start({});
  for (const char* agent : {"agents/1", "agents/2", "agents/3"}) {
    EXPECT_THAT(engine_->Screens(true), IsEmpty());
    Create(agent);
    Report(agent, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_SCREEN_UNRECOGNISED,
           "00000000000000bb");
    EXPECT_EQ(Get(agent)->reason(), v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  }
  ASSERT_EQ(engine_->Screens(true).size(), 1u);
  EXPECT_EQ(engine_->Screens(true)[0].name(), kStep);
  Create("agents/4");
  ExpectWaits("agents/4", v1::ERROR_REASON_SCREEN_DRIFTED);
  // Those that stopped are tried again no sooner.
  ASSERT_TRUE(Retry(journeys_["agents/1"]).ok());
  ExpectWaits("agents/1", v1::ERROR_REASON_SCREEN_DRIFTED);
  Start({});
  EXPECT_EQ(engine_->Screens(true).size(), 1u) << "a restart changes nothing";
  for (const char* agent : {"agents/1", "agents/4"}) Attach(agent);
  ExpectWaits("agents/4", v1::ERROR_REASON_SCREEN_DRIFTED);
  ASSERT_TRUE(engine_->AcceptScreen(kStep, "operator").ok());
  EXPECT_THAT(Going(), ElementsAre("agents/1", "agents/4"));
  EXPECT_THAT(engine_->Screens(true), IsEmpty());
}

// The pause ends by itself for the hosts that have a profile for the portal as it is now.
TEST_F(EnginePortalTest, ANewerProfileGoesOnWhereAnOlderOneWaits) {
  profile_.set_name("kamusm");
  profile_.set_version(1);
  Start({});
  SeeByThree("00000000000000aa");
  SeeByThree("00000000000000bb");
  Create("agents/1");
  Create("agents/2");
  ExpectWaits("agents/1", v1::ERROR_REASON_SCREEN_DRIFTED);
  Attach("agents/1");
  ExpectWaits("agents/1", v1::ERROR_REASON_SCREEN_DRIFTED);
  profile_.set_version(2);
  Attach("agents/1");
  EXPECT_EQ(Get("agents/1")->state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(sink_.runs.at("agents/1").step(), v1::STEP_KIND_OPEN_LOGIN);
  ExpectWaits("agents/2", v1::ERROR_REASON_SCREEN_DRIFTED);
  Create("agents/3");
  EXPECT_EQ(Get("agents/3")->state(), v1::JOURNEY_STATE_ACTIVE) << "nor does it begin to wait";
  profile_.set_name("other");
  Create("agents/4");
  ExpectWaits("agents/4", v1::ERROR_REASON_SCREEN_DRIFTED);
}

TEST_F(EnginePortalTest, TheServersOwnHostGoesOnWithANewerProfile) {
  profile_.set_name("kamusm");
  profile_.set_version(1);
  own_.set_name("kamusm");
  own_.set_version(1);
  Start({});
  SeeByThree("00000000000000aa");
  SeeByThree("00000000000000bb");
  Create("agents/1", v1::GOAL_LIST_CERTIFICATES, v1::PORTAL_HOST_SERVER);
  ExpectWaits("agents/1", v1::ERROR_REASON_SCREEN_DRIFTED);
  Start({});
  ExpectWaits("agents/1", v1::ERROR_REASON_SCREEN_DRIFTED);
  own_.set_version(2);
  Start({});
  EXPECT_NE(Get("agents/1")->reason(), v1::ERROR_REASON_SCREEN_DRIFTED);
}

TEST_F(EnginePortalTest, AReportHasNoNegativeVersion) {
  v1::StepReport report;
  report.set_directive_id(1);
  report.set_step(v1::STEP_KIND_OPEN_LOGIN);
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  EXPECT_TRUE(CheckReport(report).ok());
  report.set_profile_version(-1);
  EXPECT_FALSE(CheckReport(report).ok());
}

TEST_F(EnginePortalTest, OneAgentAloneChangesNothing) {
  Start({});
  SeeByThree("00000000000000aa");
  for (int i = 0; i < 10; ++i) {
    Create("agents/liar");
    Report("agents/liar", v1::STEP_OUTCOME_DONE, {}, "00000000000000bb");
    Cancel("agents/liar");
  }
  EXPECT_THAT(engine_->Screens(true), IsEmpty());
}

TEST_F(EnginePortalTest, WithoutThePauseStepsGoOn) {
  Start({}, {.pause = false});
  SeeByThree("00000000000000aa");
  SeeByThree("00000000000000bb");
  EXPECT_EQ(engine_->Screens(true).size(), 1u);
  Create("agents/1");
  EXPECT_THAT(Going(), ElementsAre("agents/1"));
}

}  // namespace
}  // namespace ilkimza::server
