// The engine on a store that can be held and made to fail, with a clock that
// stands still until it is moved.
#include "server/engine/engine.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error.h"
#include "server/engine/name.h"
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

class RecordingSink : public DirectiveSink {
 public:
  void Send(const std::string& agent, const v1::AttachAgentResponse& message) override {
    sent.emplace_back(agent, message);
  }
  std::optional<v1::RunStep> LastRun() const {
    for (auto at = sent.rbegin(); at != sent.rend(); ++at) {
      if (at->second.has_run_step()) return at->second.run_step();
    }
    return std::nullopt;
  }
  std::vector<std::pair<std::string, v1::AttachAgentResponse>> sent;
};

class RecordingWatcher : public Watcher {
 public:
  void OnJourney(const JourneyPtr& journey) override {
    revisions.push_back(journey->revision());
    last = journey;
  }
  void OnShutdown() override { shut_down = true; }
  std::vector<int64_t> revisions;
  JourneyPtr last;
  bool shut_down = false;
};

v1::AttachAgentRequest::Conversation Holding(const std::string& journey) {
  v1::AttachAgentRequest::Conversation conversation;
  conversation.set_journey(journey);
  return conversation;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { Start(); }

  void Start(DirectiveSink* server_host = nullptr) {
    engine_ = std::make_unique<Engine>(
        EngineOptions{.clock = &clock_, .max_journeys = 8, .max_watchers = 2, .run_timers = false},
        store_);
    engine_->Connect(&agents_, server_host);
    EXPECT_TRUE(engine_->Start().ok());
  }

  absl::StatusOr<JourneyPtr> Create(const NewJourney& wish) {
    absl::StatusOr<JourneyPtr> result = absl::InternalError("never answered");
    engine_->Create(wish, [&](absl::StatusOr<JourneyPtr> journey) { result = std::move(journey); });
    return result;
  }
  absl::StatusOr<JourneyPtr> Create(const std::string& agent = "agents/pc1") {
    return Create(NewJourney{.goal = v1::GOAL_GET_PIN, .agent = agent});
  }
  absl::StatusOr<JourneyPtr> Change(void (Engine::*change)(const std::string&, const std::string&,
                                                           const std::string&, Engine::Done),
                                    const std::string& name, const std::string& id = "") {
    absl::StatusOr<JourneyPtr> result = absl::InternalError("never answered");
    (engine_.get()->*change)(name, "operator", id, [&](absl::StatusOr<JourneyPtr> journey) {
      result = std::move(journey);
    });
    return result;
  }
  absl::StatusOr<JourneyPtr> Retry(const std::string& name) {
    absl::StatusOr<JourneyPtr> result = absl::InternalError("never answered");
    engine_->Retry(name, "operator", v1::WAY_UNSPECIFIED, "",
                   [&](absl::StatusOr<JourneyPtr> journey) { result = std::move(journey); });
    return result;
  }
  void Attach(int64_t generation, const std::vector<std::string>& held = {}) {
    std::vector<v1::AttachAgentRequest::Conversation> conversations;
    for (const auto& name : held) conversations.push_back(Holding(name));
    absl::Status result = absl::InternalError("never answered");
    engine_->AgentAttached("agents/pc1", generation, profile_, conversations,
                           [&](const absl::Status& status) { result = status; });
    EXPECT_TRUE(result.ok()) << result;
  }
  void MustReport(v1::StepOutcome outcome, v1::ErrorReason reason = {}) {
    const absl::Status reported = Report(outcome, reason);
    EXPECT_TRUE(reported.ok()) << reported;
  }
  absl::Status Report(v1::StepOutcome outcome, v1::ErrorReason reason = {},
                      const std::string& agent = "agents/pc1") {
    const v1::RunStep run = agents_.LastRun().value();
    v1::StepReport report;
    report.set_journey(run.journey());
    report.set_directive_id(run.directive_id());
    report.set_step(run.step());
    report.set_outcome(outcome);
    report.set_reason(reason);
    report.set_card_serial("4711");
    if (run.step() == v1::STEP_KIND_READ_PIN) report.add_portal_serials("4711");
    return Report(report, agent);
  }
  absl::Status Report(const v1::StepReport& report, const std::string& agent) {
    absl::Status result = absl::InternalError("never answered");
    engine_->Report(agent, report, [&](const absl::Status& status) { result = status; });
    return result;
  }
  JourneyPtr Get(const std::string& name) { return engine_->Get(name).value(); }
  // The directives since the last call, in short.
  std::vector<std::string> Sent() {
    std::vector<std::string> sent;
    for (const auto& [agent, message] : agents_.sent) {
      if (message.has_run_step()) {
        sent.push_back("run " + v1::StepKind_Name(message.run_step().step()).substr(10));
      } else {
        sent.push_back(message.has_stop_step() ? "stop" : "close");
      }
    }
    agents_.sent.clear();
    return sent;
  }
  void Walk(v1::StepKind to) {
    for (int i = 0; i < 20 && agents_.LastRun()->step() != to; ++i) {
      ASSERT_TRUE(Report(v1::STEP_OUTCOME_DONE).ok());
    }
    ASSERT_EQ(agents_.LastRun()->step(), to);
  }

  FakeClock clock_;
  MemoryStore store_;
  RecordingSink agents_;
  std::unique_ptr<Engine> engine_;
  // Of agents/pc1.
  v1::HostProfile profile_;
};

// The host drives with its own profile, so the number is the one that stands there.
TEST_F(EngineTest, TheHotlineIsThatOfTheHostsProfile) {
  const auto hotline = [&](const NewJourney& wish) {
    const auto journey = Create(wish);
    EXPECT_TRUE(journey.ok()) << journey.status();
    EXPECT_TRUE(Change(&Engine::Cancel, (*journey)->name()).ok());
    return (*journey)->hotline();
  };
  NewJourney wish{.goal = v1::GOAL_LIST_CERTIFICATES, .agent = "agents/pc1", .hotline = "0850 1"};
  EXPECT_EQ(hotline(wish), "0850 1") << "nobody else knows";
  profile_.set_name(wish.profile);
  Attach(1);
  EXPECT_EQ(hotline(wish), "0850 1") << "the agent's profile names none";
  profile_.set_hotline("0850 2");
  Attach(2);
  EXPECT_EQ(hotline(wish), "0850 2");
  wish.profile = "other";
  EXPECT_EQ(hotline(wish), "0850 1") << "not the agent's";
}

TEST_F(EngineTest, TellsNobodyBeforeTheCommit) {
  Attach(1);
  store_.Hold();
  std::optional<JourneyPtr> created;
  engine_->Create({.goal = v1::GOAL_GET_PIN, .agent = "agents/pc1"},
                  [&](const absl::StatusOr<JourneyPtr>& journey) { created = journey.value(); });
  EXPECT_FALSE(created.has_value());
  EXPECT_THAT(Sent(), IsEmpty());
  store_.Release();
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ((*created)->revision(), 2) << "created, and its agent is attached";
  EXPECT_THAT(Sent(), ElementsAre("run PREPARE_CHIP"));
}

TEST_F(EngineTest, AJourneyThatCouldNotBeStoredDoesNotExist) {
  store_.FailNext(1);
  EXPECT_EQ(ReasonOf(Create().status()), v1::ERROR_REASON_STORE_FAILED);
  EXPECT_TRUE(Create().ok()) << "and it is not in the way";
}

TEST_F(EngineTest, OneJourneyOfAGoalForAnAgent) {
  const auto first = Create();
  ASSERT_TRUE(first.ok());
  const auto second = Create();
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(second.status()), v1::ERROR_REASON_JOURNEY_EXISTS);
  EXPECT_EQ(MetadataOf(second.status())["journey"], (*first)->name());
  EXPECT_TRUE(Create("agents/pc2").ok());
  EXPECT_TRUE(Create(NewJourney{.goal = v1::GOAL_RESET_SECURITY_WORD, .agent = "agents/pc1"}).ok());
  ASSERT_TRUE(Change(&Engine::Cancel, (*first)->name()).ok());
  EXPECT_TRUE(Create().ok());
}

TEST_F(EngineTest, ARequestTakesEffectOnce) {
  const NewJourney wish = {.goal = v1::GOAL_GET_PIN, .agent = "agents/pc1", .request_id = "1"};
  const auto first = Create(wish);
  const auto again = Create(wish);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ((*first)->name(), (*again)->name());
  NewJourney other = wish;
  other.goal = v1::GOAL_RESET_SECURITY_WORD;
  EXPECT_EQ(ReasonOf(Create(other).status()), v1::ERROR_REASON_BAD_FIELD);
  other = wish;
  other.agent = "agents/pc2";
  EXPECT_NE((*Create(other))->name(), (*first)->name()) << "another's ids are not ours";
  const auto cancelled = Change(&Engine::Cancel, (*first)->name(), "2");
  ASSERT_TRUE(cancelled.ok());
  const auto cancelled_again = Change(&Engine::Cancel, (*first)->name(), "2");
  ASSERT_TRUE(cancelled_again.ok()) << cancelled_again.status();
  EXPECT_EQ((*cancelled_again)->revision(), (*cancelled)->revision());
  EXPECT_EQ(ReasonOf(Change(&Engine::Cancel, (*Create())->name(), "2").status()),
            v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ((*Create(wish))->state(), v1::JOURNEY_STATE_CANCELLED);
}

TEST_F(EngineTest, ARequestSeenTwiceBeforeTheCommitTakesEffectOnce) {
  store_.Hold();
  const NewJourney wish = {.goal = v1::GOAL_GET_PIN, .agent = "agents/pc1", .request_id = "1"};
  std::vector<std::string> names;
  for (int i = 0; i < 2; ++i) {
    engine_->Create(wish, [&](const absl::StatusOr<JourneyPtr>& journey) {
      names.push_back(journey.ok() ? (*journey)->name() : journey.status().ToString());
    });
  }
  store_.Release();
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0], names[1]);
}

TEST_F(EngineTest, KeepsTheNumberOfJourneysWithinItsLimit) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Create("agents/pc" + std::to_string(i)).ok());
  EXPECT_EQ(Create("agents/pc9").status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(EngineTest, SaysWhyAJourneyCannotBeTakenUp) {
  const std::string name = (*Create())->name();
  EXPECT_EQ(ReasonOf(Retry(name).status()), v1::ERROR_REASON_AGENT_NOT_ATTACHED);
  Attach(1);
  EXPECT_EQ(ReasonOf(Retry(name).status()), v1::ERROR_REASON_JOURNEY_NOT_READY);
  ASSERT_TRUE(Change(&Engine::Cancel, name).ok());
  const absl::Status cancelled = Change(&Engine::Cancel, name).status();
  const absl::Status retried = Retry(name).status();
  for (const absl::Status& status : {cancelled, retried}) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_JOURNEY_NOT_READY);
    EXPECT_EQ(MetadataOf(status)["ended"], "true");
  }
  EXPECT_EQ(cancelled.message(), name + " has ended already; there is nothing left to cancel.");
  EXPECT_EQ(retried.message(), name + " has ended; begin a new one.");
  EXPECT_EQ(ReasonOf(Retry("journeys/none").status()), v1::ERROR_REASON_JOURNEY_NOT_FOUND);
}

TEST_F(EngineTest, WatchersSeeEachRevisionInOrderAndTheEndLast) {
  Attach(1);
  const std::string name = (*Create())->name();
  RecordingWatcher watcher, second, third;
  EXPECT_TRUE(*engine_->Watch(name, &watcher));
  MustReport(v1::STEP_OUTCOME_DONE);
  EXPECT_TRUE(*engine_->Watch(name, &second));
  EXPECT_EQ(engine_->Watch(name, &third).status().code(), absl::StatusCode::kResourceExhausted);
  MustReport(v1::STEP_OUTCOME_DONE);
  engine_->Unwatch(name, &second);
  ASSERT_TRUE(Change(&Engine::Cancel, name).ok());
  EXPECT_THAT(watcher.revisions, ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(watcher.last->state(), v1::JOURNEY_STATE_CANCELLED);
  EXPECT_THAT(second.revisions, ElementsAre(3, 4));
  EXPECT_FALSE(*engine_->Watch(name, &third)) << "it has ended";
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_CANCELLED);
}

TEST_F(EngineTest, EndsWatchesWhenItStops) {
  const std::string name = (*Create())->name();
  RecordingWatcher watcher;
  EXPECT_TRUE(*engine_->Watch(name, &watcher));
  engine_->Stop();
  EXPECT_TRUE(watcher.shut_down);
  EXPECT_EQ(ReasonOf(Create("agents/pc2").status()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_EQ(ReasonOf(engine_->Watch(name, &watcher).status()), v1::ERROR_REASON_SHUTTING_DOWN);
}

// -- Agents --

TEST_F(EngineTest, SendsTheOpenDirectiveAgainToANewStream) {
  Attach(1);
  const std::string name = (*Create())->name();
  const int64_t open = agents_.LastRun()->directive_id();
  Sent();
  Attach(2);
  EXPECT_THAT(Sent(), ElementsAre("run PREPARE_CHIP"));
  EXPECT_EQ(Get(name)->directive_id(), open);
  EXPECT_EQ(Get(name)->revision(), 2) << "nothing happened to the journey";
}

TEST_F(EngineTest, AnOlderStreamThatEndsDetachesNobody) {
  Attach(1);
  const std::string name = (*Create())->name();
  Attach(2);
  engine_->AgentDetached("agents/pc1", 1);
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_ACTIVE);
  engine_->AgentDetached("agents/pc1", 2);
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_WAITING);
}

TEST_F(EngineTest, KeepsTheConversationThatTheAgentStillHolds) {
  Attach(1);
  const std::string name = (*Create())->name();
  Walk(v1::STEP_KIND_CONFIRM_PHONE);
  engine_->AgentDetached("agents/pc1", 1);
  Sent();
  Attach(2, {name});
  EXPECT_THAT(Sent(), ElementsAre("run CONFIRM_PHONE"));
}

TEST_F(EngineTest, LogsInAgainForAnAgentThatLostItsConversation) {
  Attach(1);
  ASSERT_TRUE(Create().ok());
  Walk(v1::STEP_KIND_CONFIRM_PHONE);
  engine_->AgentDetached("agents/pc1", 1);
  Sent();
  Attach(2, {});
  EXPECT_THAT(Sent(), ElementsAre("run OPEN_LOGIN"));
}

TEST_F(EngineTest, ClosesConversationsOfJourneysThatAreNoMore) {
  Attach(1, {"journeys/0000000000000000"});
  EXPECT_THAT(Sent(), ElementsAre("close"));
}

TEST_F(EngineTest, TakesReportsFromTheJourneysOwnAgentOnly) {
  Attach(1);
  const std::string name = (*Create())->name();
  EXPECT_EQ(Report(v1::STEP_OUTCOME_DONE, {}, "agents/pc2").code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Report(v1::STEP_OUTCOME_DONE, {}, "").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Get(name)->current_step(), v1::STEP_KIND_PREPARE_CHIP);
}

TEST_F(EngineTest, AReportThatWasNotStoredIsSentAgainAndCountsOnce) {
  Attach(1);
  const std::string name = (*Create())->name();
  store_.FailNext(1);
  EXPECT_EQ(ReasonOf(Report(v1::STEP_OUTCOME_DONE)), v1::ERROR_REASON_STORE_FAILED);
  EXPECT_EQ(Get(name)->current_step(), v1::STEP_KIND_PREPARE_CHIP);
  EXPECT_TRUE(Report(v1::STEP_OUTCOME_DONE).ok());
  EXPECT_EQ(Get(name)->current_step(), v1::STEP_KIND_INSERT_CARD);
}

TEST_F(EngineTest, AReportOfThePastIsTakenAndMeansNothing) {
  Attach(1);
  const std::string name = (*Create())->name();
  v1::StepReport report;
  report.set_journey(name);
  report.set_directive_id(agents_.LastRun()->directive_id());
  report.set_step(v1::STEP_KIND_PREPARE_CHIP);
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  EXPECT_TRUE(Report(report, "agents/pc1").ok());
  const int64_t revision = Get(name)->revision();
  EXPECT_TRUE(Report(report, "agents/pc1").ok());
  report.set_journey("journeys/0000000000000000");
  EXPECT_TRUE(Report(report, "agents/pc1").ok());
  EXPECT_EQ(Get(name)->revision(), revision);
}

TEST_F(EngineTest, ReportsOnlyHoldWhatTheyMay) {
  v1::StepReport good;
  good.set_directive_id(1);
  good.set_step(v1::STEP_KIND_LOG_IN);
  good.set_outcome(v1::STEP_OUTCOME_DONE);
  good.set_page_fingerprint("v1:0123abcd");
  EXPECT_TRUE(CheckReport(good).ok()) << CheckReport(good);
  const auto field = [&](const std::function<void(v1::StepReport&)>& spoil) {
    v1::StepReport bad = good;
    spoil(bad);
    return MetadataOf(CheckReport(bad))["field"];
  };
  EXPECT_EQ(field([](auto& r) { r.set_directive_id(0); }), "step_report.directive_id");
  EXPECT_EQ(field([](auto& r) { r.set_step(v1::STEP_KIND_UNSPECIFIED); }), "step_report.step");
  EXPECT_EQ(field([](auto& r) { r.set_step(static_cast<v1::StepKind>(99)); }), "step_report.step");
  EXPECT_EQ(field([](auto& r) { r.set_outcome(static_cast<v1::StepOutcome>(99)); }),
            "step_report.outcome");
  EXPECT_EQ(field([](auto& r) { r.set_outcome(v1::STEP_OUTCOME_STOPPED); }), "step_report.reason");
  EXPECT_EQ(field([](auto& r) { r.set_card_serial("not a serial"); }), "step_report.card_serial");
  EXPECT_EQ(field([](auto& r) { r.add_portal_serials(std::string(65, '1')); }),
            "step_report.portal_serials");
  EXPECT_EQ(field([](auto& r) { r.set_page_fingerprint("PIN: 1234"); }),
            "step_report.page_fingerprint");
}

TEST_F(EngineTest, ShowsWhoseTurnItIsInsideAStep) {
  Attach(1);
  const std::string name = (*Create())->name();
  Walk(v1::STEP_KIND_LOG_IN);
  EXPECT_EQ(Get(name)->turn(), v1::ACTOR_HOLDER);
  const int64_t open = agents_.LastRun()->directive_id();
  engine_->SetTurn("agents/pc2", name, open, v1::ACTOR_AGENT);
  EXPECT_EQ(Get(name)->turn(), v1::ACTOR_HOLDER);
  engine_->SetTurn("agents/pc1", name, open, v1::ACTOR_PORTAL);
  EXPECT_EQ(Get(name)->turn(), v1::ACTOR_PORTAL);
  MustReport(v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(Get(name)->turn(), v1::ACTOR_HOLDER) << "it was of the step before";
}

TEST_F(EngineTest, NotesCardsInTheTimeline) {
  Attach(1);
  const std::string name = (*Create())->name();
  bool is_dealt_with = false;
  engine_->CardChanged("agents/pc1", "4711", [&] { is_dealt_with = true; });
  EXPECT_TRUE(is_dealt_with);
  EXPECT_EQ(store_.ListEvents(name, 0, 10)->events.back().card_changed().card_serial(), "4711");
}

// Nobody says a second time that an agent is gone, or that a time is over.
TEST_F(EngineTest, AFullQueueDropsNeitherAgentsNorTimes) {
  Attach(1);
  const std::string name = (*Create())->name();
  const auto flood = [&] {
    for (int i = 0; i < 200; ++i) {
      engine_->CardChanged("agents/pc1", std::to_string(i), [] {});
    }
  };
  store_.Hold();
  flood();
  engine_->AgentDetached("agents/pc1", 1);
  store_.Release();
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_WAITING);
  store_.Hold();
  flood();
  absl::Status attached = absl::InternalError("never answered");
  engine_->AgentAttached("agents/pc1", 2, profile_, {Holding(name)},
                         [&](const absl::Status& status) { attached = status; });
  store_.Release();
  EXPECT_TRUE(attached.ok()) << attached;
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_ACTIVE);
  store_.Hold();
  flood();
  clock_.now = FromProto(Get(name)->expire_time());
  engine_->CheckTimes();
  store_.Release();
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_FAILED);
}

// -- The server as host --

TEST_F(EngineTest, StopsAJourneyWhoseHostWasSwitchedOff) {
  const auto created = Create(
      NewJourney{.goal = v1::GOAL_RESET_SECURITY_WORD, .portal_host = v1::PORTAL_HOST_SERVER});
  ASSERT_TRUE(created.ok());
  const JourneyPtr journey = Get((*created)->name());
  EXPECT_EQ(journey->state(), v1::JOURNEY_STATE_STOPPED);
  EXPECT_EQ(journey->reason(), v1::ERROR_REASON_PORTAL_HOST_OFF);
}

TEST_F(EngineTest, ARestartLosesTheServersConversations) {
  RecordingSink host;
  engine_.reset();
  Start(&host);
  const auto created = Create(
      NewJourney{.goal = v1::GOAL_RESET_SECURITY_WORD, .portal_host = v1::PORTAL_HOST_SERVER});
  v1::StepReport report;
  report.set_journey((*created)->name());
  report.set_directive_id(host.LastRun()->directive_id());
  report.set_step(v1::STEP_KIND_OPEN_WORD_RESET);
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  ASSERT_TRUE(Report(report, "").ok());
  ASSERT_EQ(host.LastRun()->step(), v1::STEP_KIND_REQUEST_WORD_RESET);
  engine_.reset();
  Start(&host);
  EXPECT_EQ(host.LastRun()->step(), v1::STEP_KIND_OPEN_WORD_RESET);
  EXPECT_EQ(Get((*created)->name())->reason(), v1::ERROR_REASON_CONVERSATION_LOST);
}

// -- Restarts and time --

TEST_F(EngineTest, TakesUpAfterARestartWhereItWas) {
  Attach(1);
  const std::string name = (*Create())->name();
  Walk(v1::STEP_KIND_LOG_IN);
  engine_.reset();
  Start();
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_WAITING);
  EXPECT_FALSE(Get(name)->agent_attached());
  Sent();
  Attach(1, {name});
  EXPECT_THAT(Sent(), ElementsAre("run LOG_IN"));
}

TEST_F(EngineTest, WhatTheStoreDidButCouldNotSayIsFoundAfterARestart) {
  Attach(1);
  const std::string name = (*Create())->name();
  store_.FailNext(1, /*but_done=*/true);
  EXPECT_FALSE(Report(v1::STEP_OUTCOME_DONE).ok());
  engine_.reset();
  Start();
  EXPECT_EQ(Get(name)->current_step(), v1::STEP_KIND_INSERT_CARD);
}

TEST_F(EngineTest, GoesOnByItselfWhenTheWaitIsOver) {
  Attach(1);
  const std::string name = (*Create())->name();
  Walk(v1::STEP_KIND_OPEN_LOGIN);
  MustReport(v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_UNREACHABLE);
  Sent();
  engine_->CheckTimes();
  EXPECT_THAT(Sent(), IsEmpty());
  clock_.now = FromProto(Get(name)->resume_time());
  engine_->CheckTimes();
  EXPECT_THAT(Sent(), ElementsAre("run OPEN_LOGIN"));
}

TEST_F(EngineTest, ATimeThatCouldNotBeStoredPassesLater) {
  Attach(1);
  const std::string name = (*Create())->name();
  Walk(v1::STEP_KIND_OPEN_LOGIN);
  clock_.now = FromProto(Get(name)->step_deadline());
  store_.FailNext(1);
  engine_->CheckTimes();
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_ACTIVE);
  clock_.now += absl::Minutes(1);
  engine_->CheckTimes();
  EXPECT_EQ(Get(name)->reason(), v1::ERROR_REASON_STEP_TIMEOUT);
  EXPECT_EQ(Sent().back(), "stop");
}

TEST_F(EngineTest, AnExpiredJourneyEndsEvenWhenTheServerWasDown) {
  const std::string name = (*Create())->name();
  const absl::Time expiry = FromProto(Get(name)->expire_time());
  engine_.reset();
  clock_.now = expiry + absl::Hours(1);
  Start();
  engine_->CheckTimes();
  EXPECT_EQ(Get(name)->state(), v1::JOURNEY_STATE_FAILED);
  EXPECT_TRUE(store_.LoadActive()->empty());
}

TEST_F(EngineTest, TheStoredEventsMakeTheStoredJourney) {
  Attach(1);
  const std::string name = (*Create())->name();
  Walk(v1::STEP_KIND_PROVE_PIN);
  MustReport(v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_WRONG_PIN);
  engine_->AgentDetached("agents/pc1", 1);
  Attach(2);
  v1::Journey replayed;
  replayed.set_name(name);
  const auto timeline = store_.ListEvents(name, 0, 1000);
  for (const v1::JourneyEvent& event : timeline->events) {
    replayed = Advance(replayed, event, Policy()).journey;
  }
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(replayed,
                                                                 store_.GetJourney(name).value()));
}

TEST(NameTest, NamesAreCheckedAndNew) {
  EXPECT_TRUE(IsJourneyName(NewJourneyName()));
  EXPECT_NE(NewJourneyName(), NewJourneyName());
  EXPECT_FALSE(IsJourneyName("journeys/0123456789abcdeI"));
  EXPECT_FALSE(IsJourneyName("journeys/0"));
  EXPECT_FALSE(IsJourneyName("agents/0123456789abcdef"));
  for (const char* good : {"agents/pc1", "agents/ayse@pc-7.example.org", "agents/A_b"}) {
    EXPECT_TRUE(IsAgentName(good)) << good;
  }
  for (const char* bad : {"agents/", "agents/-x", "agents/a b", "agents/a/b", "pc1", "agents/ö"}) {
    EXPECT_FALSE(IsAgentName(bad)) << bad;
  }
}

}  // namespace
}  // namespace ilkimza::server
