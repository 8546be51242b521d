// From a join token to a certificate that renews itself, with the programs as they are
// installed, over TLS on loopback; and kill -9 in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Program(const std::string& name) { return std::string(ILKIMZA_BIN_DIR) + "/" + name; }

class EnrolmentTest : public ::testing::Test {
 protected:
  EnrolmentTest() : ca_("Server CA") {
    WriteFile(dir_ / "ca.pem", ca_.pem());
    ca_.Issue({.name = "localhost"}).WriteTo(dir_.path(), "server");
    StartServer();
    WriteFile(dir_ / "agent.toml",
              "[agent]\nid = \"ayse-pc7\"\nlog_level = \"trace\"\nsocket = \"" +
                  (dir_ / "run/agent.sock") + "\"\nstate_directory = \"" + (dir_ / "state") +
                  "\"\n[server]\naddress = \"localhost:" + port_ +
                  "\"\nenrolment_address = \"localhost:" + door_ + "\"\nca_file = \"" +
                  (dir_ / "ca.pem") +
                  // Nobody is there: nothing here needs a portal.
                  "\"\n[portal]\nentrance = \"https://localhost:1/\"\n");
  }
  ~EnrolmentTest() override {
    for (Process* process : {agent_.get(), server_.get()}) {
      if (process == nullptr || !process->Running()) continue;
      process->Signal(SIGTERM);
      process->Wait(seconds(10));
    }
  }

  // At the ports of the first start.
  void StartServer() {
    WriteFile(dir_ / "server.toml",
              "listen = [\"localhost:" + port_ + "\"]\nadmin_socket = \"" + (dir_ / "admin.sock") +
                  "\"\nlog_level = \"trace\"\n[store]\npath = \"" + (dir_ / "server.db") +
                  "\"\n[tls]\ncertificate_file = \"server.pem\"\nkey_file = \"server.key\"\n" +
                  "[enrolment]\nlisten = [\"localhost:" + door_ +
                  "\"]\nserver_ca_file = \"ca.pem\"\ncertificate_lifetime = \"10m\"\n");
    std::filesystem::remove(dir_ / "server.address");
    server_ = std::make_unique<Process>(
        Process::Options{.command = {Program("ilkimza-server"), "--config", dir_ / "server.toml",
                                     "--address-file", dir_ / "server.address"},
                         .stderr_file = dir_ / "server.log"});
    Await(*server_, dir_ / "server.address", dir_ / "server.log");
    const std::string addresses = ReadFile(dir_ / "server.address");
    const std::string first = addresses.substr(0, addresses.find('\n'));
    port_ = first.substr(first.rfind(':') + 1);
    const std::string rest = addresses.substr(first.size() + 1);
    ASSERT_THAT(rest, StartsWith("enrolment localhost:"));
    door_ = rest.substr(rest.rfind(':') + 1, rest.find('\n') - rest.rfind(':') - 1);
  }
  // Its clock is `ahead` seconds ahead.
  void StartAgent(int ahead = 0) {
    std::filesystem::remove(dir_ / "agent.address");
    std::map<std::string, std::string> environment;
    if (ahead != 0) {
      environment = {{"LD_PRELOAD", ILKIMZA_CLOCK_SHIFT}, {"CLOCK_SHIFT", std::to_string(ahead)}};
    }
    agent_ = std::make_unique<Process>(
        Process::Options{.command = {Program("ilkimza-agent"), "--config", dir_ / "agent.toml",
                                     "--address-file", dir_ / "agent.address"},
                         .environment = environment,
                         .stderr_file = dir_ / "agent.log"});
    Await(*agent_, dir_ / "agent.address", dir_ / "agent.log");
  }
  static void Await(Process& process, const std::string& file, const std::string& log) {
    for (int i = 0; i < 3000 && process.Running() && ReadFile(file).empty(); ++i) Nap();
    ASSERT_FALSE(ReadFile(file).empty()) << ReadFile(log);
  }
  static void Nap() { std::this_thread::sleep_for(milliseconds(10)); }

  Finished Server(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {Program("ilkimza-server"), "--config", dir_ / "server.toml"});
    return ilkimza::testing::Run(arguments, seconds(30));
  }
  // A file with a fresh token.
  std::string TokenFile(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), "join-token");
    const Finished made = Server(arguments);
    EXPECT_EQ(made.exit_code, 0);
    EXPECT_THAT(made.output, StartsWith("ilkimza-join-"));
    tokens_.push_back(made.output.substr(0, made.output.find('\n')));
    const std::string file = dir_ / "token";
    WriteFile(file, made.output);
    chmod(file.c_str(), 0600);
    return file;
  }
  Process BeginEnrol(const std::string& token_file) {
    return Process({.command = {Program("ilkimza-agent"), "enrol", "--config", dir_ / "agent.toml",
                                "--token-file", token_file},
                    .stdout_file = dir_ / "enrol.out",
                    .stderr_file = dir_ / "enrol.err"});
  }
  int Enrol(const std::string& token_file) {
    return BeginEnrol(token_file).Wait(seconds(60)).value_or(-1);
  }
  std::string Identity() { return ReadFile(dir_ / "state/identity/agent.pem"); }

  // "OK SERVER_CONNECTED" of all findings of `check`.
  std::vector<std::string> Doctor(const std::string& check) {
    const Finished finished =
        ilkimza::testing::Run({Program("ilkimza"), "--socket", dir_ / "run/agent.sock", "--output",
                               "json", "--lang", "en", "doctor"},
                              seconds(60));
    const Json json = Json::parse(finished.output, nullptr, false);
    std::vector<std::string> found;
    if (!json.is_object()) return found;
    for (const Json& finding : json.value("findings", Json::array())) {
      if (finding["check"] != check) continue;
      found.push_back(std::string(finding["verdict"]) + " " + std::string(finding["finding"]));
    }
    return found;
  }
  bool WaitForAgents(const std::string& part) {
    for (int i = 0; i < 600; ++i) {
      if (Server({"agents"}).output.find(part) != std::string::npos) return true;
      std::this_thread::sleep_for(milliseconds(50));
    }
    return false;
  }
  bool WaitForOtherIdentity(const std::string& than) {
    for (int i = 0; i < 9000 && Identity() == than; ++i) Nap();
    return Identity() != than;
  }

  TempDir dir_;
  TestCa ca_;
  std::string port_ = "0";
  std::string door_ = "0";
  std::vector<std::string> tokens_;
  std::unique_ptr<Process> server_;
  std::unique_ptr<Process> agent_;
};

TEST_F(EnrolmentTest, ATokenTurnsARunningAgentIntoOneTheServerTakes) {
  StartAgent();
  EXPECT_THAT(Doctor("AGENT_CERTIFICATE"), Contains("WARNING AGENT_CERTIFICATE_MISSING"));
  ASSERT_EQ(Enrol(TokenFile()), 0) << ReadFile(dir_ / "enrol.err");
  EXPECT_THAT(ReadFile(dir_ / "enrol.out"), HasSubstr("agents/ayse-pc7 is enrolled"));
  // The agent takes it up without a restart.
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached")) << ReadFile(dir_ / "agent.log");
  EXPECT_THAT(Doctor("SERVER"), Contains("OK SERVER_CONNECTED"));
  EXPECT_THAT(Doctor("AGENT_CERTIFICATE"), Contains("OK AGENT_CERTIFICATE_VALID"));

  ASSERT_EQ(Server({"delete-agent", "ayse-pc7"}).exit_code, 0);
  for (int i = 0; i < 20; ++i) {
    if (Doctor("SERVER") == std::vector<std::string>{"FAULT SERVER_REFUSES"}) break;
  }
  EXPECT_THAT(Doctor("SERVER"), Contains("FAULT SERVER_REFUSES"));
  EXPECT_THAT(Server({"agents"}).output, Not(HasSubstr("ayse-pc7")));
  ASSERT_EQ(Enrol(TokenFile()), 0) << ReadFile(dir_ / "enrol.err");
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached"));
}

// The wish to renew comes from a clock that runs ahead.
TEST_F(EnrolmentTest, RenewsByItselfAndIsTakenAfterEachDeath) {
  ASSERT_EQ(Enrol(TokenFile()), 0) << ReadFile(dir_ / "enrol.err");
  const std::string first = Identity();
  StartAgent(/*ahead=*/6 * 60);
  ASSERT_TRUE(WaitForOtherIdentity(first)) << ReadFile(dir_ / "agent.log");
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached"));
  agent_->Kill();
  server_->Kill();
  StartServer();
  StartAgent();
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached")) << ReadFile(dir_ / "agent.log");
  EXPECT_THAT(Doctor("AGENT_CERTIFICATE"), Contains("OK AGENT_CERTIFICATE_VALID"));
}

// As long as the server is away, the old certificate stays, and the doctor says why.
TEST_F(EnrolmentTest, AFailedRenewalIsSaidAndMadeUpFor) {
  ASSERT_EQ(Enrol(TokenFile()), 0) << ReadFile(dir_ / "enrol.err");
  const std::string first = Identity();
  server_->Kill();
  StartAgent(/*ahead=*/6 * 60);
  for (int i = 0; i < 600; ++i) {
    if (ReadFile(dir_ / "agent.log").find("was not renewed") != std::string::npos) break;
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_THAT(ReadFile(dir_ / "agent.log"), HasSubstr("was not renewed; next try in"));
  EXPECT_THAT(Doctor("AGENT_CERTIFICATE"), Contains("WARNING AGENT_CERTIFICATE_NOT_RENEWED"));
  EXPECT_EQ(Identity(), first);
  StartServer();
  EXPECT_TRUE(WaitForOtherIdentity(first)) << ReadFile(dir_ / "agent.log");
}

TEST_F(EnrolmentTest, AnExpiredCertificateIsSaid) {
  ASSERT_EQ(Enrol(TokenFile()), 0);
  StartAgent(/*ahead=*/3600);
  EXPECT_THAT(Doctor("AGENT_CERTIFICATE"), Contains("FAULT AGENT_CERTIFICATE_EXPIRED"));
  EXPECT_THAT(Doctor("SERVER"), Contains("FAULT SERVER_REFUSES"));
}

// A token of one use is enough, wherever the agent dies on the way.
TEST_F(EnrolmentTest, AnEnrolmentThatWasKilledGoesOnWithTheSameToken) {
  const std::string token = TokenFile();
  // Later each time, until one gets through before it is killed.
  for (int delay = 0; Identity().empty() && delay <= 300; delay += 3) {
    Process enrol = BeginEnrol(token);
    std::this_thread::sleep_for(milliseconds(delay));
    enrol.Kill();
  }
  if (Identity().empty()) {
    ASSERT_EQ(Enrol(token), 0) << ReadFile(dir_ / "enrol.err");
  }
  StartAgent();
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached")) << ReadFile(dir_ / "agent.log");
}

TEST_F(EnrolmentTest, AServerThatWasKilledMeanwhileIsAskedAgain) {
  const std::string token = TokenFile();
  for (int delay = 10; Identity().empty() && delay <= 70; delay += 10) {
    Process enrol = BeginEnrol(token);
    std::this_thread::sleep_for(milliseconds(delay));
    server_->Kill();
    // It fails, or had its answer before.
    EXPECT_THAT(enrol.Wait(seconds(60)), AnyOf(0, 69));
    StartServer();
  }
  if (Identity().empty()) {
    ASSERT_EQ(Enrol(token), 0) << ReadFile(dir_ / "enrol.err");
  }
  StartAgent();
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached")) << ReadFile(dir_ / "agent.log");
}

TEST_F(EnrolmentTest, RefusalsSayWhatToDo) {
  const std::string token = TokenFile({"--agent", "somebody-else"});
  EXPECT_NE(Enrol(token), 0);
  EXPECT_THAT(ReadFile(dir_ / "enrol.err"), HasSubstr("made for another agent"));
  chmod(token.c_str(), 0644);
  EXPECT_NE(Enrol(token), 0);
  EXPECT_THAT(ReadFile(dir_ / "enrol.err"), HasSubstr("chmod 600"));
  EXPECT_EQ(Identity(), "");
  EXPECT_NE(Server({"join-token", "--valid-for", "soon"}).exit_code, 0);
  EXPECT_NE(Server({"join-token", "--agent", "no such/name"}).exit_code, 0);
  EXPECT_NE(Server({"delete-agent", "nobody"}).exit_code, 0);
}

TEST_F(EnrolmentTest, NoTokenIsInAnyFileOrCommandLine) {
  StartAgent();
  ASSERT_EQ(Enrol(TokenFile()), 0);
  EXPECT_TRUE(WaitForAgents("agents/ayse-pc7\tattached"));
  EXPECT_NE(Enrol(TokenFile({"--agent", "somebody-else"})), 0);
  std::filesystem::remove(dir_ / "token");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (!entry.is_regular_file()) continue;
    const std::string contents = ReadFile(entry.path().string());
    for (const std::string& token : tokens_) {
      EXPECT_THAT(contents, Not(HasSubstr(token))) << entry.path();
    }
  }
}

}  // namespace
}  // namespace ilkimza::testing
