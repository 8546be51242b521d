// `ilkimza doctor` against a real agent, smart-card service, server and portal, each
// broken in its turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "tests/e2e/stack.h"

namespace ilkimza::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kSerial[] = "87211470000000000042";
constexpr char kName[] = "Ayse Ornek";
constexpr char kNationalId[] = "10000000146";

class DoctorTest : public ::testing::Test {
 protected:
  void TearDown() override {
    card_.reset();
    std::system("pcscd-ctl start");
  }

  Stack& Start(StackOptions options = {}) {
    EXPECT_EQ(std::system("pcscd-ctl start"), 0);
    options.card = false;
    stack_.emplace(std::move(options));
    return *stack_;
  }

  // A card in the second slot.
  void Insert(const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {std::string(ILKIMZA_BIN_DIR) + "/ilkimza-sandbox-card",
                                        "--port",
                                        "35964",
                                        "--insert",
                                        "--serial",
                                        kSerial,
                                        "--name",
                                        kName,
                                        "--national-id",
                                        kNationalId,
                                        "--key-directory",
                                        ILKIMZA_TEST_KEY_DIRECTORY};
    command.insert(command.end(), more.begin(), more.end());
    card_ = std::make_unique<Process>(Process::Options{.command = command});
    ASSERT_EQ(card_->ReadLine(std::chrono::seconds(60)), "ok ready");
    // The agent sees it a little later.
    for (int i = 0; i < 1500; ++i) {
      if (stack_->RunCli({"card", "show", kSerial}).exit_code == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "the agent does not see the card";
  }

  Json Look() {
    const Finished finished = stack_->RunCli({"--lang", "en", "--output", "json", "doctor"});
    code_ = finished.exit_code;
    Json json = Json::parse(finished.output, nullptr, false);
    EXPECT_TRUE(json.is_object()) << finished.output;
    return json;
  }
  // What a person sees, in both languages: for whoever reads the log of this test.
  std::string Say(const std::string& language) {
    const std::string text = stack_->RunCli({"--lang", language, "doctor"}).output;
    std::printf("%s\n", text.c_str());
    // However it is wrapped.
    std::string line;
    for (const char c : text) {
      const char plain = c == '\n' ? ' ' : c;
      if (plain != ' ' || line.empty() || line.back() != ' ') line += plain;
    }
    return line;
  }
  // "FAULT SERVICE_STOPPED" of all findings of `check`.
  static std::vector<std::string> Of(const Json& json, const std::string& check) {
    std::vector<std::string> found;
    for (const Json& finding : json.value("findings", Json::array())) {
      if (finding["check"] != check) continue;
      found.push_back(std::string(finding["verdict"]) + " " + std::string(finding["finding"]));
    }
    return found;
  }

  std::optional<Stack> stack_;
  std::unique_ptr<Process> card_;
  int code_ = -1;
};

TEST_F(DoctorTest, AllIsFine) {
  Start();
  Insert();
  const Json json = Look();
  EXPECT_EQ(code_, 0) << json.dump(1);
  EXPECT_EQ(json["faults"], 0);
  EXPECT_EQ(json["warnings"], 0) << json.dump(1);
  EXPECT_THAT(Of(json, "AGENT"), Contains("OK AGENT_RUNS"));
  EXPECT_THAT(Of(json, "SMART_CARD_SERVICE"), Contains("OK SERVICE_RUNS"));
  EXPECT_THAT(Of(json, "PERMISSION"), Contains("OK PERMITTED"));
  EXPECT_THAT(Of(json, "READER"), Contains("OK READER_PRESENT"));
  EXPECT_THAT(Of(json, "CARD"), Contains("OK CARD_ANSWERS"));
  EXPECT_THAT(Of(json, "PIN"), Contains("OK PIN_READY"));
  EXPECT_THAT(Of(json, "CERTIFICATE"), Contains("OK CERTIFICATE_VALID"));
  EXPECT_THAT(Of(json, "SERVER"), Contains("OK SERVER_CONNECTED"));
  EXPECT_THAT(Of(json, "PORTAL"), Contains("OK PORTAL_REACHED"));
  EXPECT_THAT(Of(json, "CLOCK"), Contains("OK CLOCK_RIGHT"));
  EXPECT_THAT(Say("en"), HasSubstr("No fault"));
  EXPECT_THAT(Say("tr"), HasSubstr("Arıza yok"));
}

TEST_F(DoctorTest, TheReportNamesNobody) {
  Start();
  Insert();
  const std::string file = stack_->dir() / "report.txt";
  EXPECT_EQ(stack_->RunCli({"--lang", "tr", "doctor", "--report", file}).exit_code, 0);
  const std::string report = ReadFile(file);
  EXPECT_THAT(report, HasSubstr("CARD_ANSWERS"));
  EXPECT_THAT(report, HasSubstr("...0042"));
  for (const std::string& personal : {std::string(kSerial), std::string(kName), std::string("Ayse"),
                                      std::string(kNationalId), std::string("ayse-pc7")}) {
    EXPECT_THAT(report, Not(HasSubstr(personal)));
  }
  // A second one does not write over the first.
  EXPECT_EQ(stack_->RunCli({"doctor", "--report", file}).exit_code, 74);
}

TEST_F(DoctorTest, NoService) {
  Start();
  ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "SMART_CARD_SERVICE"), Contains("FAULT SERVICE_STOPPED"));
  EXPECT_THAT(Of(json, "READER"), Contains("NOT_CHECKED BLOCKED"));
  EXPECT_THAT(Of(json, "CARD"), Contains("NOT_CHECKED BLOCKED"));
  EXPECT_THAT(Of(json, "PORTAL"), Contains("OK PORTAL_REACHED"));
  EXPECT_THAT(Say("en"), HasSubstr("systemctl start pcscd"));
  EXPECT_THAT(Say("tr"), HasSubstr("arıza"));
}

TEST_F(DoctorTest, ServiceNotInstalled) {
  Start();
  ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
  ASSERT_EQ(std::system("mount --bind /dev/null /usr/sbin/pcscd"), 0);
  const Json json = Look();
  Say("tr");
  EXPECT_EQ(std::system("umount /usr/sbin/pcscd"), 0);
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "SMART_CARD_SERVICE"), Contains("FAULT SERVICE_NOT_INSTALLED"));
}

TEST_F(DoctorTest, NoReader) {
  Start();
  ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
  const std::string empty = stack_->dir() / "no-readers";
  std::filesystem::create_directory(empty);
  Process service({.command = {"pcscd", "--foreground", "--config", empty},
                   .stdout_file = stack_->dir() / "pcscd.out",
                   .stderr_file = stack_->dir() / "pcscd.err"});
  Json json;
  for (int i = 0; i < 200; ++i) {
    json = Look();
    if (Of(json, "SMART_CARD_SERVICE") == std::vector<std::string>{"OK SERVICE_RUNS"}) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "READER"), Contains("FAULT READER_MISSING"));
  EXPECT_THAT(Of(json, "CARD"), Contains("NOT_CHECKED BLOCKED"));
  EXPECT_THAT(Say("en"), HasSubstr("No card reader is plugged in."));
  EXPECT_THAT(Say("tr"), HasSubstr("okuyucu"));
  service.Signal(SIGTERM);
  service.Wait(std::chrono::seconds(10));
}

TEST_F(DoctorTest, NoCardIsAWarning) {
  Start();
  const Json json = Look();
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(Of(json, "CARD"), Contains("WARNING CARD_ABSENT"));
  EXPECT_THAT(Of(json, "PIN"), Contains("NOT_CHECKED BLOCKED"));
  EXPECT_THAT(Say("en"), HasSubstr("There is no card in the reader."));
  EXPECT_THAT(Say("tr"), HasSubstr("uyarı"));
}

TEST_F(DoctorTest, BlockedPin) {
  Start();
  Insert({"--pin-tries-left", "0"});
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "PIN"), Contains("FAULT PIN_BLOCKED"));
  EXPECT_THAT(Of(json, "CERTIFICATE"), Contains("OK CERTIFICATE_VALID"));
  EXPECT_THAT(Say("en"), HasSubstr("ilkimza card unblock"));
  EXPECT_THAT(Say("tr"), HasSubstr("PUK"));
}

TEST_F(DoctorTest, ExpiredCertificate) {
  Start();
  Insert({"--not-before", "2020-01-01T00:00:00Z", "--not-after", "2023-01-01T12:00:00Z"});
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "CERTIFICATE"), Contains("FAULT CERTIFICATE_EXPIRED"));
  EXPECT_THAT(Say("en"), HasSubstr("2023-01-01"));
  EXPECT_THAT(Say("tr"), HasSubstr("süresi doldu"));
}

TEST_F(DoctorTest, NoServer) {
  Stack& stack = Start();
  stack.server().Kill();
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "SERVER"), Contains("FAULT SERVER_UNREACHABLE"));
  EXPECT_THAT(Of(json, "PORTAL"), Contains("OK PORTAL_REACHED"));
  EXPECT_THAT(Say("en"), HasSubstr("cannot be reached"));
  EXPECT_THAT(Say("tr"), HasSubstr("ulaşılamıyor"));
}

TEST_F(DoctorTest, NoPortal) {
  Stack& stack = Start();
  stack.sandbox().Kill();
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "PORTAL"), Contains("FAULT PORTAL_UNREACHABLE"));
  EXPECT_THAT(Of(json, "SERVER"), Contains("OK SERVER_CONNECTED"));
  EXPECT_THAT(Say("en"), HasSubstr("The portal (https://localhost:"));
  EXPECT_THAT(Say("tr"), HasSubstr("Portala"));
}

TEST_F(DoctorTest, NoPortalFromHereIsNoFaultWhereTheServerVisitsIt) {
  Stack& stack = Start({.portal_host = "server"});
  stack.sandbox().Kill();
  const Json json = Look();
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(Of(json, "PORTAL"), Contains("WARNING PORTAL_BY_SERVER"));
  EXPECT_THAT(Say("en"), HasSubstr("--portal-host server"));
}

TEST_F(DoctorTest, ClockOff) {
  Stack& stack = Start();
  stack.agent().Kill();
  stack.StartAgent({{"LD_PRELOAD", ILKIMZA_CLOCK_SHIFT}, {"CLOCK_SHIFT", "-5400"}});
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  EXPECT_THAT(Of(json, "CLOCK"), Contains("FAULT CLOCK_OFF"));
  EXPECT_THAT(Say("en"), HasSubstr("90 minutes behind"));
  EXPECT_THAT(Say("tr"), HasSubstr("90 dakika geri"));
}

TEST_F(DoctorTest, NoAgent) {
  Stack& stack = Start();
  stack.agent().Kill();
  const Json json = Look();
  EXPECT_EQ(code_, 40);
  // Its socket is still there: it did not end by itself.
  EXPECT_THAT(Of(json, "AGENT"), Contains("FAULT AGENT_SILENT"));
  EXPECT_THAT(Of(json, "SMART_CARD_SERVICE"), Contains("OK SERVICE_RUNS"));
  EXPECT_THAT(Of(json, "CARD"), Contains("NOT_CHECKED BLOCKED"));
  EXPECT_THAT(Say("en"), HasSubstr("systemctl --user restart ilkimza-agent"));
  EXPECT_THAT(Say("tr"), HasSubstr("bakılmadı"));
}

}  // namespace
}  // namespace ilkimza::testing
