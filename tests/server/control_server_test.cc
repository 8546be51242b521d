// The server over real gRPC, with a scripted agent.
#include "server/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "server/hosting/server_host.h"
#include "tests/server/call_by_name.h"
#include "tests/server/memory_store.h"
#include "tests/server/server_fixture.h"

namespace ilkimza::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ControlServerTest : public ServerFixture {
 protected:
  ControlServerTest() { Start(); }
};

std::vector<v1::StepKind> Steps(const std::vector<v1::RunStep>& runs) {
  std::vector<v1::StepKind> steps;
  for (const v1::RunStep& run : runs) steps.push_back(run.step());
  return steps;
}

std::size_t Taken(const FakeAgent& agent, int64_t directive_id) {
  std::size_t count = 0;
  for (const auto& message : agent.Received()) {
    if (message.has_report_taken() && message.report_taken().directive_id() == directive_id) {
      ++count;
    }
  }
  return count;
}

// DONE, but nothing for `kind`.
FakeAgent::Script UpTo(v1::StepKind kind) {
  return [kind](const v1::RunStep& run) -> std::optional<v1::StepReport> {
    if (run.step() == kind) return std::nullopt;
    return DoneReport(run);
  };
}

TEST_F(ControlServerTest, TakesAHolderFromTheChipToTheFirstSignature) {
  FakeAgent agent(channel_, "agents/pc1");
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto ended = client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->facts().own_pin_set());
  EXPECT_TRUE(ended->facts().portal_copy_deleted());
  EXPECT_TRUE(ended->facts().test_signature_made());
  EXPECT_EQ(ended->facts().card_serial(), kSerial);
  for (const v1::Step& step : ended->steps()) EXPECT_EQ(step.state(), v1::STEP_STATE_DONE);
  EXPECT_TRUE(agent.WaitFor([&](const std::vector<v1::AttachAgentResponse>& received) {
    return std::any_of(received.begin(), received.end(), [&](const auto& message) {
      return message.close_conversation().journey() == created->name();
    });
  }));
  EXPECT_EQ(agent.Runs().size(), 14u);
  EXPECT_TRUE(agent.Received().front().has_welcome());
}

TEST_F(ControlServerTest, GoesBackAndResetsTheWordOnTheWay) {
  std::atomic<int> logins = 0;
  FakeAgent agent(channel_, "agents/pc1", [&](const v1::RunStep& run) {
    if (run.step() != v1::STEP_KIND_LOG_IN) return DoneReport(run);
    switch (logins++) {
      case 0:
        return MakeReport(run, v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_WRONG_CREDENTIALS);
      case 1:
        return MakeReport(run, v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_UNREACHABLE);
      case 2:
        return MakeReport(run, v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_WORD_FORGOTTEN);
      default:
        return DoneReport(run);
    }
  });
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto ended = client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->facts().security_word_reset());
  EXPECT_EQ(ended->steps_size(), 18);
  const auto steps = Steps(agent.Runs());
  EXPECT_EQ(std::count(steps.begin(), steps.end(), v1::STEP_KIND_LOG_IN), 4);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), v1::STEP_KIND_OPEN_LOGIN), 2);
}

TEST_F(ControlServerTest, StopsAndGoesOnWhenAsked) {
  std::atomic<bool> blocked = true;
  FakeAgent agent(channel_, "agents/pc1", [&](const v1::RunStep& run) {
    if (run.step() == v1::STEP_KIND_CONFIRM_PHONE && blocked) {
      return MakeReport(run, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_WRONG_PHONE);
    }
    return DoneReport(run);
  });
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto stopped = client.WaitForState(created->name(), v1::JOURNEY_STATE_STOPPED);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->reason(), v1::ERROR_REASON_WRONG_PHONE);
  blocked = false;
  ASSERT_TRUE(client.Retry(created->name()).ok());
  EXPECT_TRUE(client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED).ok());
}

v1::CreateJourneyRequest GuidedRequest() {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_goal(v1::GOAL_GET_PIN);
  request.mutable_journey()->set_guided(true);
  return request;
}

v1::RetryJourneyRequest RetryRequest(const std::string& name, int way) {
  v1::RetryJourneyRequest request;
  request.set_name(name);
  request.set_way(static_cast<v1::Way>(way));
  return request;
}

TEST_F(ControlServerTest, TurnsToTheHoldersBrowserAndBack) {
  std::atomic<bool> is_known = false;
  FakeAgent agent(
      channel_, "agents/pc1", [&](const v1::RunStep& run) -> std::optional<v1::StepReport> {
        if (run.step() != v1::STEP_KIND_LOG_IN || is_known) return DoneReport(run);
        if (run.guided()) return std::nullopt;
        return MakeReport(run, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
      });
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_TRUE(client.WaitForState(created->name(), v1::JOURNEY_STATE_STOPPED).ok());
  EXPECT_EQ(ReasonOf(client.Retry(RetryRequest(created->name(), 7)).status()),
            v1::ERROR_REASON_BAD_FIELD);
  const auto guided = client.Retry(RetryRequest(created->name(), v1::WAY_GUIDED));
  ASSERT_TRUE(guided.ok()) << guided.status();
  EXPECT_TRUE(guided->guided());
  const auto asked = client.WaitFor(created->name(), [](const v1::Journey& journey) {
    return journey.current_step() == v1::STEP_KIND_LOG_IN;
  });
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->turn(), v1::ACTOR_HOLDER);
  is_known = true;
  const auto driven = client.Retry(RetryRequest(created->name(), v1::WAY_DRIVEN));
  ASSERT_TRUE(driven.ok()) << driven.status();
  EXPECT_FALSE(driven->guided());
  EXPECT_TRUE(client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED).ok());
}

TEST_F(ControlServerTest, PolicyNeverGuides) {
  server_.reset();
  settings_.policy.guided = GuidedMode::kNever;
  Start();
  FakeAgent agent(channel_, "agents/pc1", UpTo(v1::STEP_KIND_LOG_IN));
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  EXPECT_EQ(ReasonOf(client.Create(GuidedRequest()).status()), v1::ERROR_REASON_WAY_SWITCHED_OFF);
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(created->guided());
  EXPECT_EQ(ReasonOf(client.Retry(RetryRequest(created->name(), v1::WAY_GUIDED)).status()),
            v1::ERROR_REASON_WAY_SWITCHED_OFF);
}

TEST_F(ControlServerTest, PolicyAlwaysGuides) {
  server_.reset();
  settings_.policy.guided = GuidedMode::kAlways;
  Start();
  FakeAgent agent(channel_, "agents/pc1", UpTo(v1::STEP_KIND_LOG_IN));
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(created->guided());
  const auto run = agent.WaitForRun(v1::STEP_KIND_LOG_IN);
  ASSERT_TRUE(run.has_value());
  EXPECT_TRUE(run->guided());
  EXPECT_EQ(ReasonOf(client.Retry(RetryRequest(created->name(), v1::WAY_DRIVEN)).status()),
            v1::ERROR_REASON_WAY_SWITCHED_OFF);
}

TEST_F(ControlServerTest, CancellingClosesTheConversation) {
  FakeAgent agent(channel_, "agents/pc1", UpTo(v1::STEP_KIND_LOG_IN));
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(agent.WaitForRun(v1::STEP_KIND_LOG_IN));
  const auto cancelled = client.Cancel(created->name());
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::JOURNEY_STATE_CANCELLED);
  EXPECT_TRUE(agent.WaitFor([&](const std::vector<v1::AttachAgentResponse>& received) {
    return received.back().close_conversation().journey() == created->name();
  }));
  EXPECT_EQ(client.Get(created->name())->state(), v1::JOURNEY_STATE_CANCELLED);
}

// -- Watching --

TEST_F(ControlServerTest, AWatchResumesAfterTheRevisionItKnows) {
  FakeAgent agent(channel_, "agents/pc1");
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto context = client.Context();
  v1::WatchJourneyRequest request;
  request.set_name(created->name());
  request.set_after_revision(created->revision());
  const auto stream = client.stub().WatchJourney(context.get(), request);
  agent.Attach();
  v1::WatchJourneyResponse response;
  int64_t last = created->revision();
  while (stream->Read(&response)) {
    EXPECT_GT(response.journey().revision(), last);
    last = response.journey().revision();
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.journey().state(), v1::JOURNEY_STATE_SUCCEEDED);
  // Of an ended journey: what is new, and the end.
  request.set_after_revision(last - 1);
  const auto again = client.Context();
  const auto rest = client.stub().WatchJourney(again.get(), request);
  ASSERT_TRUE(rest->Read(&response));
  EXPECT_EQ(response.journey().revision(), last);
  EXPECT_FALSE(rest->Read(&response));
  EXPECT_TRUE(rest->Finish().ok());
  request.set_after_revision(last);
  const auto known = client.Context();
  const auto nothing = client.stub().WatchJourney(known.get(), request);
  EXPECT_FALSE(nothing->Read(&response));
  EXPECT_TRUE(nothing->Finish().ok());
}

TEST_F(ControlServerTest, TwoWatchersSeeTheSameEnd) {
  FakeAgent agent(channel_, "agents/pc1");
  JourneyClient holder(channel_, "agents/pc1");
  JourneyClient operator_client(Channel(), "");
  const auto created = holder.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  std::thread second([&] {
    EXPECT_TRUE(operator_client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED).ok());
  });
  agent.Attach();
  EXPECT_TRUE(holder.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED).ok());
  second.join();
}

// Five hundred revisions, and a client that reads none of them until the end.
TEST_F(ControlServerTest, ASlowWatcherMissesStatesButNotTheLast) {
  constexpr int kWrongPins = 500;
  std::atomic<int> wrong = 0;
  FakeAgent agent(channel_, "agents/pc1", [&](const v1::RunStep& run) {
    if (run.step() != v1::STEP_KIND_PROVE_PIN || ++wrong > kWrongPins) return DoneReport(run);
    return MakeReport(run, v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_WRONG_PIN);
  });
  JourneyClient client(channel_, "agents/pc1");
  // Takes in no more than it reads.
  grpc::ChannelArguments narrow;
  narrow.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 4096);
  JourneyClient slow(grpc::CreateCustomChannel(server_->addresses()[0],
                                               grpc::InsecureChannelCredentials(), narrow),
                     "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto context = slow.Context();
  v1::WatchJourneyRequest request;
  request.set_name(created->name());
  const auto stream = slow.stub().WatchJourney(context.get(), request);
  v1::WatchJourneyResponse response;
  ASSERT_TRUE(stream->Read(&response));
  agent.Attach();
  const auto ended = client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED);
  ASSERT_TRUE(ended.ok()) << ended.status();
  int64_t last = response.journey().revision();
  int received = 0;
  while (stream->Read(&response)) {
    ++received;
    EXPECT_GT(response.journey().revision(), last);
    last = response.journey().revision();
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(last, ended->revision());
  EXPECT_GT(ended->revision(), kWrongPins);
  EXPECT_LT(received, kWrongPins);
}

// -- Agents --

TEST_F(ControlServerTest, AttachingAgainEndsTheOlderStream) {
  FakeAgent first(channel_, "agents/pc1", nullptr);
  first.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(first.WaitForRun(v1::STEP_KIND_PREPARE_CHIP));
  FakeAgent second(Channel(), "agents/pc1");
  second.Attach();
  const grpc::Status end = first.End();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_TRUE(client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED).ok());
  const auto run = second.WaitForRun(v1::STEP_KIND_PREPARE_CHIP);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->directive_id(), first.Runs().front().directive_id());
}

TEST_F(ControlServerTest, AReportCountsOnceHoweverOftenItComes) {
  FakeAgent agent(channel_, "agents/pc1", nullptr);
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  const auto run = agent.WaitForRun(v1::STEP_KIND_PREPARE_CHIP);
  ASSERT_TRUE(run);
  for (int i = 0; i < 3; ++i) agent.Report(DoneReport(*run));
  EXPECT_TRUE(agent.WaitFor([](const std::vector<v1::AttachAgentResponse>& received) {
    return std::count_if(received.begin(), received.end(),
                         [](const auto& message) { return message.has_report_taken(); }) == 3;
  }));
  EXPECT_EQ(Taken(agent, run->directive_id()), 3u);
  const auto journey = client.Get(created->name());
  EXPECT_EQ(journey->current_step(), v1::STEP_KIND_INSERT_CARD);
  EXPECT_EQ(journey->revision(), 3);
}

TEST_F(ControlServerTest, AReportThatMakesNoSenseIsTakenAndDropped) {
  FakeAgent agent(channel_, "agents/pc1", nullptr);
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  auto run = agent.WaitForRun(v1::STEP_KIND_PREPARE_CHIP);
  ASSERT_TRUE(run);
  v1::StepReport report = DoneReport(*run);
  report.set_page_fingerprint("a page's text has no place here");
  agent.Report(report);
  report = DoneReport(*run);
  report.set_journey("journeys/0000000000000000");
  agent.Report(report);
  EXPECT_TRUE(agent.WaitFor([](const std::vector<v1::AttachAgentResponse>& received) {
    return std::count_if(received.begin(), received.end(),
                         [](const auto& message) { return message.has_report_taken(); }) == 2;
  }));
  EXPECT_EQ(client.Get(created->name())->current_step(), v1::STEP_KIND_PREPARE_CHIP);
}

TEST_F(ControlServerTest, AnAgentThatComesBackKeepsItsConversationOrLogsInAgain) {
  FakeAgent agent(channel_, "agents/pc1", UpTo(v1::STEP_KIND_CONFIRM_PHONE));
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  const auto first = agent.WaitForRun(v1::STEP_KIND_CONFIRM_PHONE);
  ASSERT_TRUE(first);
  agent.Drop();
  const auto waiting = client.WaitForState(created->name(), v1::JOURNEY_STATE_WAITING);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->reason(), v1::ERROR_REASON_AGENT_NOT_ATTACHED);
  std::size_t before = agent.Received().size();
  agent.Attach({created->name()});
  const auto again = agent.WaitForRun(v1::STEP_KIND_CONFIRM_PHONE, before);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->directive_id(), first->directive_id());
  agent.Drop();
  ASSERT_TRUE(client.WaitForState(created->name(), v1::JOURNEY_STATE_WAITING).ok());
  before = agent.Received().size();
  agent.SetScript(DoneReport);
  agent.Attach();
  EXPECT_TRUE(agent.WaitForRun(v1::STEP_KIND_OPEN_LOGIN, before));
  EXPECT_TRUE(client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED).ok());
}

TEST_F(ControlServerTest, TellsAnAgentToForgetJourneysThatAreNoMore) {
  FakeAgent agent(channel_, "agents/pc1");
  agent.Attach({"journeys/0000000000000000"});
  EXPECT_TRUE(agent.WaitFor([](const std::vector<v1::AttachAgentResponse>& received) {
    return received.back().close_conversation().journey() == "journeys/0000000000000000";
  }));
}

TEST_F(ControlServerTest, RefusesAStreamThatDoesNotSayHello) {
  const auto stub = v1::FleetService::NewStub(channel_);
  const auto refusal = [&](const v1::AttachAgentRequest& request) {
    grpc::ClientContext context;
    const auto stream = stub->AttachAgent(&context);
    stream->Write(request);
    v1::AttachAgentResponse response;
    while (stream->Read(&response)) {
    }
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return MetadataOf(FromGrpcStatus(status))["field"];
  };
  v1::AttachAgentRequest request;
  request.mutable_card_report();
  EXPECT_EQ(refusal(request), "hello");
  request.mutable_hello()->set_agent("pc1");
  EXPECT_EQ(refusal(request), "hello.agent");
  request.mutable_hello()->set_agent("agents/pc1");
  request.mutable_hello()->set_card_serial("x y");
  EXPECT_EQ(refusal(request), "hello.card_serial");
  request.mutable_hello()->set_card_serial("");
  request.mutable_hello()->set_version(std::string(100, 'x'));
  EXPECT_EQ(refusal(request), "hello.version");
  for (const char* unfit : {"1\nERROR all is lost", "\x1b[2J", "1\x7f", "s\xc3\xbcr\xc3\xbcm"}) {
    request.mutable_hello()->set_version(unfit);
    EXPECT_EQ(refusal(request), "hello.version") << unfit;
  }
  request.mutable_hello()->set_version("1");
  request.mutable_hello()->mutable_profile()->set_name("no/name");
  EXPECT_EQ(refusal(request), "hello.profile.name");
  request.mutable_hello()->mutable_profile()->set_name("kamusm");
  request.mutable_hello()->mutable_profile()->set_version(-1);
  EXPECT_EQ(refusal(request), "hello.profile.version");
  request.mutable_hello()->mutable_profile()->set_version(1);
  request.mutable_hello()->mutable_profile()->set_hotline("08\n50");
  EXPECT_EQ(refusal(request), "hello.profile.hotline");
  request.mutable_hello()->mutable_profile()->set_hotline(std::string(65, '1'));
  EXPECT_EQ(refusal(request), "hello.profile.hotline");
}

// The next report is read once the last one is stored.
TEST_F(ControlServerTest, AFloodOfCardsIsTakenAtThePaceOfTheStore) {
  constexpr int kReports = 600;
  FakeAgent agent(channel_, "agents/pc1", nullptr);
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  // That the agent is there may have been an event of its own.
  const auto run = agent.WaitForRun(v1::STEP_KIND_PREPARE_CHIP);
  ASSERT_TRUE(run);
  const auto begun = client.WaitFor(created->name(), [](const v1::Journey&) { return true; });
  ASSERT_TRUE(begun.ok()) << begun.status();
  for (int i = 0; i < kReports; ++i) {
    v1::AttachAgentRequest card;
    card.mutable_card_report()->set_card_serial(std::to_string(i));
    agent.Send(card);
  }
  agent.Report(DoneReport(*run));
  const auto journey = client.WaitFor(created->name(), [](const v1::Journey& seen) {
    return seen.current_step() == v1::STEP_KIND_INSERT_CARD;
  });
  ASSERT_TRUE(journey.ok()) << journey.status();
  EXPECT_EQ(journey->revision(), begun->revision() + kReports + 1) << "none was dropped";
}

TEST_F(ControlServerTest, ShowsWhoIsAttached) {
  FakeAgent agent(channel_, "agents/pc1");
  agent.Attach();
  v1::AttachAgentRequest card;
  card.mutable_card_report()->set_card_serial("4711");
  agent.Send(card);
  const auto stub = v1::FleetService::NewStub(channel_);
  const auto get = [&] {
    grpc::ClientContext context;
    v1::GetAgentRequest request;
    request.set_name("agents/pc1");
    v1::Agent found;
    EXPECT_TRUE(stub->GetAgent(&context, request, &found).ok());
    return found;
  };
  while (get().card_serial() != "4711") std::this_thread::yield();
  EXPECT_TRUE(get().attached());
  EXPECT_EQ(get().version(), "test");
  agent.Drop();
  while (get().attached()) std::this_thread::yield();
  EXPECT_TRUE(get().has_detach_time());
  Restart();
  const auto later = v1::FleetService::NewStub(channel_);
  grpc::ClientContext context;
  v1::ListAgentsResponse all;
  ASSERT_TRUE(later->ListAgents(&context, v1::ListAgentsRequest(), &all).ok());
  ASSERT_EQ(all.agents_size(), 1);
  EXPECT_EQ(all.agents(0).card_serial(), "4711");
  EXPECT_FALSE(all.agents(0).attached());
}

// -- Starting and stopping --

TEST_F(ControlServerTest, TakesUpAfterARestartWithAndWithoutTheAgentsConversation) {
  for (const bool held : {true, false}) {
    const std::string name = held ? "agents/pc1" : "agents/pc2";
    FakeAgent agent(channel_, name, UpTo(v1::STEP_KIND_READ_PIN));
    agent.Attach();
    const auto created = JourneyClient(channel_, name).Create(v1::GOAL_GET_PIN);
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_TRUE(agent.WaitForRun(v1::STEP_KIND_READ_PIN));
    Restart();
    FakeAgent after(channel_, name);
    after.Attach(held ? std::vector<std::string>{created->name()} : std::vector<std::string>{});
    const auto ended =
        JourneyClient(channel_, name).WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED);
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(after.Runs().front().step(),
              held ? v1::STEP_KIND_READ_PIN : v1::STEP_KIND_OPEN_LOGIN);
  }
}

TEST_F(ControlServerTest, SaysGoodbye) {
  FakeAgent agent(channel_, "agents/pc1", nullptr);
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  const auto context = client.Context();
  v1::WatchJourneyRequest request;
  request.set_name(created->name());
  const auto stream = client.stub().WatchJourney(context.get(), request);
  v1::WatchJourneyResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_->Shutdown();
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status watch_end = stream->Finish();
  EXPECT_EQ(watch_end.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(watch_end), v1::ERROR_REASON_SHUTTING_DOWN);
  const grpc::Status agent_end = agent.End();
  EXPECT_EQ(agent_end.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(agent_end), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_TRUE(agent.Received().back().has_go_away());
  EXPECT_GE(agent.Received().back().go_away().reattach_spread().seconds(), 1);
}

TEST_F(ControlServerTest, OffersHealthAndReflectionButNoWayForASecret) {
  std::string response;
  EXPECT_TRUE(CallByName(channel_, "/grpc.health.v1.Health/Check", "", response).ok());
  EXPECT_EQ(response, std::string("\x08\x01", 2)) << "SERVING";
  const std::string service = std::string(v1::JourneyService::service_full_name());
  EXPECT_TRUE(CallByName(channel_, "/grpc.health.v1.Health/Check",
                         std::string("\x0a") + static_cast<char>(service.size()) + service,
                         response)
                  .ok());
  EXPECT_EQ(
      CallByName(channel_, "/ilkimza.v1.PortalService/AnswerScreen", "", response).error_code(),
      grpc::StatusCode::UNIMPLEMENTED);
  // list_services
  EXPECT_TRUE(CallByName(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                         std::string("\x3a\x01*"), response)
                  .ok());
  EXPECT_THAT(response,
              AllOf(HasSubstr("ilkimza.v1.JourneyService"), HasSubstr("ilkimza.v1.FleetService"),
                    Not(HasSubstr("PortalService"))));
}

TEST_F(ControlServerTest, RefusesAnAddressThatIsTaken) {
  Settings second = settings_;
  second.store_path = folder_ / "second.db";
  second.listen = {server_->addresses()[1]};
  const auto refused = ControlServer::Start(second);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("Cannot listen"));
}

// -- The server as portal host --

class HostingServerTest : public ServerFixture {
 protected:
  HostingServerTest() {
    settings_.portal_host = v1::PORTAL_HOST_SERVER;
    // Nobody listens there.
    settings_.portal.entrance = "https://localhost:1/";
    Start();
  }

  // How an answer to no screen of the journey's is refused; an empty agent: the operator.
  v1::ErrorReason AnswerOf(const std::string& agent, const std::string& journey) {
    grpc::ClientContext context;
    if (!agent.empty()) context.AddMetadata("ilkimza-agent", agent);
    v1::AnswerScreenRequest request;
    request.set_journey(journey);
    request.set_screen_id(99);
    v1::AnswerScreenResponse response;
    return ReasonOf(
        v1::PortalService::NewStub(channel_)->AnswerScreen(&context, request, &response));
  }
  // How a watch ends that shows nothing.
  v1::ErrorReason WatchOf(const std::string& agent, const std::string& journey) {
    grpc::ClientContext context;
    if (!agent.empty()) context.AddMetadata("ilkimza-agent", agent);
    v1::WatchScreenRequest watch;
    watch.set_journey(journey);
    const auto stub = v1::PortalService::NewStub(channel_);
    const auto stream = stub->WatchScreen(&context, watch);
    v1::WatchScreenResponse response;
    const bool is_shown = stream->Read(&response);
    EXPECT_FALSE(is_shown);
    if (is_shown) context.TryCancel();
    return ReasonOf(stream->Finish());
  }
};

TEST_F(HostingServerTest, CarriesOutPortalStepsItselfForAHolderWithoutAnAgent) {
  JourneyClient client(channel_, "");
  const auto created = client.Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->portal_host(), v1::PORTAL_HOST_SERVER);
  const auto waiting = client.WaitForState(created->name(), v1::JOURNEY_STATE_WAITING);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->reason(), v1::ERROR_REASON_PORTAL_UNREACHABLE);
  EXPECT_EQ(ReasonOf(client.Create(v1::GOAL_GET_PIN).status()), v1::ERROR_REASON_AGENT_NOT_ATTACHED)
      << "the card needs one";
}

TEST_F(HostingServerTest, ShowsScreensToTheJourneysOwnAgentOnly) {
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(created.ok()) << created.status();
  v1::CreateJourneyRequest by_agent;
  by_agent.mutable_journey()->set_goal(v1::GOAL_GET_PIN);
  by_agent.mutable_journey()->set_portal_host(v1::PORTAL_HOST_AGENT);
  const auto elsewhere = client.Create(by_agent);
  ASSERT_TRUE(elsewhere.ok()) << elsewhere.status();
  EXPECT_EQ(AnswerOf("agents/pc2", created->name()), v1::ERROR_REASON_JOURNEY_NOT_FOUND);
  EXPECT_EQ(AnswerOf("agents/pc1", "x"), v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(AnswerOf("agents/pc1", elsewhere->name()), v1::ERROR_REASON_PORTAL_HOST_OFF);
  EXPECT_EQ(AnswerOf("agents/pc1", created->name()), v1::ERROR_REASON_SCREEN_CHANGED);
  // Who says nothing is an operator, and sees the journey, but not its screens.
  EXPECT_TRUE(JourneyClient(channel_, "").Get(created->name()).ok());
  EXPECT_EQ(AnswerOf("", created->name()), v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(WatchOf("", created->name()), v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(WatchOf("agents/pc2", created->name()), v1::ERROR_REASON_JOURNEY_NOT_FOUND);
}

// There is nobody else beside the holder then.
TEST_F(HostingServerTest, AJourneyWithoutAnAgentIsForItsCreator) {
  const auto created = JourneyClient(channel_, "").Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(AnswerOf("", created->name()), v1::ERROR_REASON_SCREEN_CHANGED);
  EXPECT_EQ(AnswerOf("agents/pc1", created->name()), v1::ERROR_REASON_JOURNEY_NOT_FOUND);
  Restart();
  EXPECT_EQ(AnswerOf("", created->name()), v1::ERROR_REASON_NOT_ALLOWED)
      << "who created it is not kept";
}

// A store that takes no report at first.
class ReluctantStore : public MemoryStore {
 public:
  void Append(AppendRequest request, Done done) override {
    const bool is_report =
        std::any_of(request.events.begin(), request.events.end(),
                    [](const v1::JourneyEvent& event) { return event.has_step_reported(); });
    if (is_report && refusals-- > 0) {
      return done(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED,
                            "The disk is full."));
    }
    MemoryStore::Append(std::move(request), std::move(done));
  }
  std::atomic<int> refusals = 2;
};

TEST(ServerHostTest, AReportThatTheStoreCouldNotTakeIsMadeAgain) {
  ReluctantStore store;
  Engine engine({}, store);
  const Access access({});
  const auto host = ServerHost::Create({.entrance = "https://localhost:1/"}, access, engine);
  ASSERT_TRUE(host.ok()) << host.status();
  engine.Connect(nullptr, host->get());
  ASSERT_TRUE(engine.Start().ok());
  std::promise<std::string> created;
  engine.Create({.goal = v1::GOAL_RESET_SECURITY_WORD, .portal_host = v1::PORTAL_HOST_SERVER},
                [&](const absl::StatusOr<JourneyPtr>& journey) {
                  created.set_value(journey.ok() ? (*journey)->name() : "");
                });
  const std::string name = created.get_future().get();
  const absl::Time limit = absl::Now() + absl::Minutes(1);
  while ((*engine.Get(name))->state() != v1::JOURNEY_STATE_WAITING && absl::Now() < limit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ((*engine.Get(name))->reason(), v1::ERROR_REASON_PORTAL_UNREACHABLE);
  EXPECT_LT(store.refusals, 0);
  engine.Stop();
  (*host)->Close();
  engine.Stop();
}

TEST_F(HostingServerTest, EndsScreenStreamsWhenItStops) {
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto stub = v1::PortalService::NewStub(channel_);
  grpc::ClientContext context;
  context.AddMetadata("ilkimza-agent", "agents/pc1");
  v1::WatchScreenRequest watch;
  watch.set_journey(created->name());
  const auto stream = stub->WatchScreen(&context, watch);
  v1::WatchScreenResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_->Shutdown();
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(ReasonOf(stream->Finish()), v1::ERROR_REASON_SHUTTING_DOWN);
}

}  // namespace
}  // namespace ilkimza::server
