// The program ilkimza-agent, as it is installed.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/error.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "tests/agent/fake_server.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() { Configure("trace"); }

  void Configure(const std::string& level, const std::string& more = "") {
    testing::WriteFile(config_, "server.address = '" + server_.address() + "'\nagent.socket = '" +
                                    socket_ + "'\nagent.state_directory = '" + (temp_ / "state") +
                                    "'\nagent.log_level = '" + level + "'\n" + more);
  }

  testing::Process Run(const std::vector<std::string>& arguments,
                       const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> command = {ILKIMZA_AGENT_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return testing::Process({.command = command,
                             .environment = environment,
                             .stdout_file = temp_ / "out",
                             .stderr_file = temp_ / "err"});
  }
  // An agent that answers.
  testing::Process Ready(const std::map<std::string, std::string>& environment = {}) {
    unlink((temp_ / "address").c_str());
    auto agent = Run({"--config", config_, "--address-file", temp_ / "address"}, environment);
    while (agent.Running() && testing::ReadFile(temp_ / "address").empty()) Nap();
    EXPECT_EQ(testing::ReadFile(temp_ / "address"), "unix:" + socket_ + "\n") << Errors();
    return agent;
  }
  static void Nap() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }
  // Its standard error, once it holds `part`.
  void WaitForLog(const std::string& part) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (Errors().find(part) == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
      Nap();
    }
    EXPECT_THAT(Errors(), HasSubstr(part));
  }
  std::string Errors() const { return testing::ReadFile(temp_ / "err"); }

  testing::TempDir temp_;
  const std::string config_ = temp_ / "agent.toml";
  const std::string socket_ = temp_ / "run/agent.sock";
  FakeServer server_{"unix:" + temp_ / "server.sock"};
};

TEST_F(ProgramTest, ServesAttachesAndStopsOnSigterm) {
  server_.Start();
  auto agent = Ready();
  EXPECT_TRUE(server_.Next()->has_hello());
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(kPatience), 0) << Errors();
  EXPECT_TRUE(server_.WaitForFarewells(1));
  EXPECT_NE(access(socket_.c_str(), F_OK), 0);
}

TEST_F(ProgramTest, WrongConfigurationIsOneSentenceAnd78) {
  Configure("info", "portal.entrence = 'x'\n");
  auto agent = Run({"--config", config_});
  EXPECT_EQ(agent.Wait(kPatience), 78);
  EXPECT_THAT(Errors(), AllOf(HasSubstr("agent.toml:5"), HasSubstr("entrence")));
}

TEST_F(ProgramTest, ConfigurationThatCannotBeReadIs78) {
  auto agent = Run({"--config", temp_ / "missing.toml"});
  EXPECT_EQ(agent.Wait(kPatience), 78);
  EXPECT_THAT(Errors(), HasSubstr("missing.toml"));
}

TEST_F(ProgramTest, WrongProfileIs78) {
  Configure("info", "portal.profile = 'nowhere'\n");
  auto agent = Run({"--config", config_});
  EXPECT_EQ(agent.Wait(kPatience), 78);
  EXPECT_THAT(Errors(), HasSubstr("nowhere"));
}

TEST_F(ProgramTest, WrongFlagIs64) {
  EXPECT_EQ(Run({"--nope"}).Wait(kPatience), 64);
  EXPECT_EQ(Run({"--help"}).Wait(kPatience), 0);
  EXPECT_EQ(Run({"--version"}).Wait(kPatience), 0);
  EXPECT_THAT(testing::ReadFile(temp_ / "out"), HasSubstr("ilkimza-agent "));
}

TEST_F(ProgramTest, SecondAgentIs69AndNamesTheFirst) {
  auto first = Ready();
  auto second = Run({"--config", config_});
  EXPECT_EQ(second.Wait(kPatience), 69);
  EXPECT_THAT(Errors(), HasSubstr("Another ilkimza-agent (process " + std::to_string(first.pid())));
  EXPECT_TRUE(first.Running());
}

TEST_F(ProgramTest, TakesOverFromOneThatWasKilled) {
  Ready().Kill();
  EXPECT_EQ(access(socket_.c_str(), F_OK), 0);
  auto agent = Ready();
  EXPECT_TRUE(agent.Running());
}

TEST_F(ProgramTest, SighupChangesTheLogLevel) {
  auto agent = Ready();
  Configure("warning");
  agent.Signal(SIGHUP);
  Configure("debug");
  agent.Signal(SIGHUP);
  WaitForLog("The log level is debug");
  testing::WriteFile(config_, "nonsense");
  agent.Signal(SIGHUP);
  WaitForLog("The configuration was not taken up");
  EXPECT_TRUE(agent.Running());
}

TEST_F(ProgramTest, SystemdIsToldThatItIsReadyAndThatItStops) {
  const std::string name = temp_ / "notify";
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  auto agent = Run({"--config", config_}, {{"NOTIFY_SOCKET", name}});
  char text[32] = {};
  ASSERT_EQ(recv(fd, text, sizeof text - 1, 0), 7);
  EXPECT_STREQ(text, "READY=1");
  agent.Signal(SIGTERM);
  std::memset(text, 0, sizeof text);
  ASSERT_EQ(recv(fd, text, sizeof text - 1, 0), 10);
  EXPECT_STREQ(text, "STOPPING=1");
  EXPECT_EQ(agent.Wait(kPatience), 0);
  close(fd);
}

TEST_F(ProgramTest, NothingTypedIsLoggedWhateverTheEnvironmentAsks) {
  server_.get = [](const v1::GetJourneyRequest& request, v1::Journey* journey) {
    journey->set_name(request.name());
    journey->set_portal_host(v1::PORTAL_HOST_SERVER);
    return grpc::Status::OK;
  };
  std::string relayed;
  server_.answer = [&](const v1::AnswerScreenRequest& request) {
    relayed = request.login().security_word();
    return grpc::Status::OK;
  };
  server_.Start();
  auto agent = Ready(
      {{"GRPC_TRACE", "all"}, {"GRPC_VERBOSITY", "DEBUG"}, {"SSLKEYLOGFILE", temp_ / "keys"}});
  const auto channel = grpc::CreateChannel("unix:" + socket_, grpc::InsecureChannelCredentials());
  const auto call = [&](auto method) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return method(context);
  };
  const auto portal = v1::PortalService::NewStub(channel);
  v1::AnswerScreenRequest answer;
  answer.set_journey("journeys/s");
  answer.mutable_login()->set_security_word("Gizli-Sozcuk-4711");
  v1::AnswerScreenResponse nothing;
  EXPECT_TRUE(
      call([&](auto& context) { return portal->AnswerScreen(&context, answer, &nothing); }).ok());
  EXPECT_EQ(relayed, "Gizli-Sozcuk-4711");
  const auto cards = v1::CardService::NewStub(channel);
  v1::VerifyPinRequest verify;
  verify.set_name("cards/87211470000000000000");
  verify.set_pin("8675309");
  v1::VerifyPinResponse verified;
  EXPECT_FALSE(
      call([&](auto& context) { return cards->VerifyPin(&context, verify, &verified); }).ok());
  agent.Signal(SIGTERM);
  ASSERT_EQ(agent.Wait(kPatience), 0) << Errors();
  EXPECT_THAT(Errors(), HasSubstr("ilkimza-agent info "));
  EXPECT_THAT(Errors(), AllOf(Not(HasSubstr("Gizli-Sozcuk")), Not(HasSubstr("8675309")),
                              Not(HasSubstr("OP[")), Not(HasSubstr("SEND_MESSAGE"))));
  EXPECT_NE(access((temp_ / "keys").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace ilkimza::agent
