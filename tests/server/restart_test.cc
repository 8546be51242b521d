// The real program, killed at every step of the main path.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>

#include "base/unique_fd.h"
#include "server/journey/plan.h"
#include "tests/server/fake_agent.h"
#include "tests/server/journey_client.h"
#include "tests/support/process.h"

namespace ilkimza::server {
namespace {

class RestartTest : public ::testing::Test {
 protected:
  RestartTest() {
    testing::WriteFile(folder_ / "server.toml",
                       "listen = [\"unix:" + (folder_ / "server.sock") +
                           "\"]\nlog_level = \"trace\"\n[store]\npath = \"journeys.db\"\n");
  }

  void Start() {
    std::remove((folder_ / "address").c_str());
    server_ = std::make_unique<testing::Process>(
        testing::Process::Options{.command = {SERVER_PROGRAM, "--config", folder_ / "server.toml",
                                              "--address-file", folder_ / "address"},
                                  .stderr_file = folder_ / "server.log"});
    while (testing::ReadFile(folder_ / "address").empty()) {
      ASSERT_TRUE(server_->Running()) << testing::ReadFile(folder_ / "server.log");
      std::this_thread::yield();
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("unix:" + (folder_ / "server.sock"),
                                         grpc::InsecureChannelCredentials(), arguments);
  }
  void KillAndStart() {
    server_->Kill();
    Start();
  }
  std::unique_ptr<FakeAgent> Agent(FakeAgent::Script script) {
    return std::make_unique<FakeAgent>(channel_, "agents/pc1", std::move(script));
  }
  absl::StatusOr<v1::Journey> Create() {
    return JourneyClient(channel_, "agents/pc1").Create(v1::GOAL_GET_PIN, /*forgotten=*/true);
  }
  void ExpectSuccess(const std::string& name) {
    const auto ended =
        JourneyClient(channel_, "agents/pc1").WaitForState(name, v1::JOURNEY_STATE_SUCCEEDED);
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_TRUE(ended->facts().own_pin_set());
    EXPECT_TRUE(ended->facts().test_signature_made());
  }

  // What another run of the program writes, on either stream.
  static testing::Finished Said(const std::string& arguments) {
    return testing::Run({"/bin/sh", "-c", std::string(SERVER_PROGRAM) + " " + arguments + " 2>&1"},
                        std::chrono::seconds(60));
  }

  testing::TempDir folder_;
  std::unique_ptr<testing::Process> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Killed while a step is under way; the agent lives and holds its conversation.
TEST_F(RestartTest, TakesUpTheStepThatWasUnderWay) {
  Start();
  const auto created = Create();
  ASSERT_TRUE(created.ok()) << created.status();
  auto agent = Agent(nullptr);
  agent->Attach({created->name()});
  for (const v1::StepKind kind : PlanOf(v1::GOAL_GET_PIN, true)) {
    const auto before = agent->WaitForRun(kind);
    ASSERT_TRUE(before) << v1::StepKind_Name(kind);
    KillAndStart();
    agent = Agent(nullptr);
    agent->Attach({created->name()});
    const auto after = agent->WaitForRun(kind);
    ASSERT_TRUE(after) << v1::StepKind_Name(kind);
    EXPECT_EQ(after->directive_id(), before->directive_id());
    agent->Report(DoneReport(*after));
  }
  ExpectSuccess(created->name());
}

// Killed while a report is on its way, which the agent then repeats.
TEST_F(RestartTest, LosesNoReport) {
  Start();
  const auto created = Create();
  ASSERT_TRUE(created.ok()) << created.status();
  auto agent = Agent(nullptr);
  agent->Attach({created->name()});
  for (const v1::StepKind kind : PlanOf(v1::GOAL_GET_PIN, true)) {
    const auto run = agent->WaitForRun(kind);
    ASSERT_TRUE(run) << v1::StepKind_Name(kind);
    agent->Report(DoneReport(*run));
    KillAndStart();
    agent = Agent(nullptr);
    agent->Attach({created->name()});
    agent->Report(DoneReport(*run));
  }
  ExpectSuccess(created->name());
}

// Killed together with the agent: the conversation is gone, and with it what was
// typed; what was proven stays.
TEST_F(RestartTest, GoesBackToTheSafeStepWithoutTheConversation) {
  for (const v1::StepKind kind :
       {v1::STEP_KIND_REQUEST_WORD_RESET, v1::STEP_KIND_OPEN_MAIL_LINK, v1::STEP_KIND_LOG_IN,
        v1::STEP_KIND_ENTER_SMS_CODE, v1::STEP_KIND_READ_PIN, v1::STEP_KIND_MATCH_CARD,
        v1::STEP_KIND_PROVE_PIN, v1::STEP_KIND_DELETE_PORTAL_COPY, v1::STEP_KIND_TEST_SIGNATURE,
        v1::STEP_KIND_LOG_OUT}) {
    SCOPED_TRACE(v1::StepKind_Name(kind));
    if (server_ == nullptr) Start();
    auto agent = Agent([kind](const v1::RunStep& run) -> std::optional<v1::StepReport> {
      if (run.step() == kind) return std::nullopt;
      return DoneReport(run);
    });
    agent->Attach();
    const auto created = Create();
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_TRUE(agent->WaitForRun(kind));
    KillAndStart();
    // It knows nothing of the directive, so what was asked of the card is done now.
    agent = Agent(DoneReport);
    agent->Attach();
    ExpectSuccess(created->name());
  }
}

TEST_F(RestartTest, StopsInGoodOrder) {
  Start();
  auto agent = Agent(nullptr);
  agent->Attach();
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(agent->WaitForRun(v1::STEP_KIND_PREPARE_CHIP));
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(std::chrono::seconds(60)), 0);
  EXPECT_EQ(agent->End().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(agent->Received().back().has_go_away());
}

TEST_F(RestartTest, WhatIsSwitchedOffMeanwhileDoesNotGoOn) {
  Start();
  auto agent = Agent(nullptr);
  agent->Attach();
  const auto revocation = JourneyClient(channel_, "agents/pc1").Create(v1::GOAL_REVOKE_CERTIFICATE);
  ASSERT_TRUE(revocation.ok()) << revocation.status();
  const auto other = Create();
  ASSERT_TRUE(other.ok()) << other.status();
  server_->Kill();
  testing::WriteFile(folder_ / "server.toml",
                     testing::ReadFile(folder_ / "server.toml") +
                         "[journey]\ngoals_off = [\"REVOKE_CERTIFICATE\"]\n");
  Start();
  JourneyClient client(channel_, "agents/pc1");
  EXPECT_TRUE(client.WaitForState(revocation->name(), v1::JOURNEY_STATE_CANCELLED).ok());
  EXPECT_NE(client.Get(other->name())->state(), v1::JOURNEY_STATE_CANCELLED);
  const std::size_t before = agent->Received().size();
  agent->Attach({revocation->name(), other->name()});
  EXPECT_TRUE(agent->WaitFor([&](const auto& received) {
    return std::any_of(received.begin() + static_cast<std::ptrdiff_t>(before), received.end(),
                       [&](const v1::AttachAgentResponse& response) {
                         return response.close_conversation().journey() == revocation->name();
                       });
  })) << "the agent still holds its conversation";
}

// gRPC's own listener is deaf for ever after one moment without descriptors.
TEST_F(RestartTest, AFloodOfIdleConnectionsIsSurvived) {
  std::remove((folder_ / "address").c_str());
  server_ = std::make_unique<testing::Process>(testing::Process::Options{
      .command = {"sh", "-c", "ulimit -n 80; exec \"$0\" \"$@\"", SERVER_PROGRAM, "--config",
                  folder_ / "server.toml", "--address-file", folder_ / "address"},
      .stderr_file = folder_ / "server.log"});
  while (testing::ReadFile(folder_ / "address").empty()) {
    ASSERT_TRUE(server_->Running()) << testing::ReadFile(folder_ / "server.log");
    std::this_thread::yield();
  }
  sockaddr_un at = {};
  at.sun_family = AF_UNIX;
  (folder_ / "server.sock").copy(at.sun_path, sizeof at.sun_path - 1);
  {
    std::vector<UniqueFd> idle;
    for (int i = 0; i < 150; ++i) {
      idle.emplace_back(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      ASSERT_EQ(connect(idle.back().get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    }
    // The server closes what is too much; one that does not has this long to get there.
    pollfd last = {idle.back().get(), POLLIN, 0};
    poll(&last, 1, 10'000);
  }
  channel_ =
      grpc::CreateChannel("unix:" + (folder_ / "server.sock"), grpc::InsecureChannelCredentials());
  const auto created = Create();
  EXPECT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(server_->Running());
}

TEST_F(RestartTest, TheOperatorIsToldWhatIsNotThere) {
  Start();
  const auto admin = [&](const std::string& command) {
    return Said(command + " --config " + (folder_ / "server.toml"));
  };
  EXPECT_EQ(admin("delete-agent nosuch").exit_code, 66);
  EXPECT_EQ(admin("accept-drift portals/kamusm/screens/NOPE").exit_code, 66);
  EXPECT_EQ(admin("join-token").exit_code, 78) << "enrolment is off";
  const testing::Finished uses = admin("join-token --uses 0");
  EXPECT_EQ(uses.exit_code, 64);
  EXPECT_LT(uses.output.size(), 200u) << uses.output;
  for (const char* list : {"pace", "agents", "drift", "drift --all"}) {
    const testing::Finished nothing = admin(list);
    EXPECT_EQ(nothing.exit_code, 0);
    EXPECT_NE(nothing.output, "") << list;
  }
}

TEST_F(RestartTest, SaysWhatIsWrongAndEndsWithTheRightCode) {
  const auto run = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SERVER_PROGRAM);
    return testing::Run(arguments, std::chrono::seconds(60));
  };
  EXPECT_EQ(run({}).exit_code, 64);
  EXPECT_EQ(run({"--unknown"}).exit_code, 64);
  EXPECT_EQ(run({"--config", "/nowhere/server.toml"}).exit_code, 78);
  EXPECT_EQ(run({"--help"}).exit_code, 0);
  EXPECT_EQ(run({"--version"}).exit_code, 0);
  EXPECT_EQ(run({"--print-plan", "GET_PINS"}).exit_code, 64);
  const std::string plans = Said("--print-plan GET_PINS").output;
  for (const char* goal : {"GET_PIN", "RESET_SECURITY_WORD", "REVOKE_CERTIFICATE"}) {
    EXPECT_NE(plans.find(goal), std::string::npos) << plans;
  }
  const auto plan = run({"--print-plan"});
  EXPECT_EQ(plan.exit_code, 0);
  EXPECT_NE(plan.output.find("digraph GOAL_GET_PIN"), std::string::npos);
  testing::WriteFile(folder_ / "wrong.toml", "[store]\npath = \"x.db\"\nspeed = 1\n");
  EXPECT_EQ(run({"--config", folder_ / "wrong.toml"}).exit_code, 78);
  Start();
  EXPECT_EQ(run({"--config", folder_ / "server.toml"}).exit_code, 69) << "the store is in use";
}

}  // namespace
}  // namespace ilkimza::server
