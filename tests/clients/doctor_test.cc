// `ilkimza doctor`: what it says of the agent's findings, and without an agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "absl/time/time.h"
#include "base/clock.h"
#include "tests/clients/program_fixture.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class DoctorTest : public ProgramTest {
 protected:
  v1::Finding& Add(v1::Check check, v1::Verdict verdict, v1::FindingKind kind) {
    v1::Finding& finding = *world_.diagnosis.add_findings();
    finding.set_check(check);
    finding.set_verdict(verdict);
    finding.set_kind(kind);
    return finding;
  }
  FakeAgent::World world_;
  int code_ = -1;
};

TEST_F(DoctorTest, SaysWhatIsWrongAndTheOneThingToDo) {
  Add(v1::CHECK_AGENT, v1::VERDICT_OK, v1::FINDING_KIND_AGENT_RUNS);
  v1::Finding& certificate =
      Add(v1::CHECK_CERTIFICATE, v1::VERDICT_FAULT, v1::FINDING_KIND_CERTIFICATE_EXPIRED);
  *certificate.mutable_time() =
      ToProto(absl::FromCivil(absl::CivilDay(2023, 1, 2), absl::LocalTimeZone()));
  Add(v1::CHECK_MODULE, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED)
      .set_blocked_by(v1::CHECK_CARD);
  StartAgent(world_);
  const Ended english = RunProgram({"--lang", "en", "doctor"});
  EXPECT_EQ(english.exit_code, 40);
  EXPECT_THAT(english.output, HasSubstr("✓ ok           İlkimza agent"));
  EXPECT_THAT(english.output, HasSubstr("✗ fault        Certificate"));
  EXPECT_THAT(english.output, HasSubstr("2023-01-02"));
  EXPECT_THAT(english.output, HasSubstr("  → If you have a newer chip"));
  EXPECT_THAT(english.output, HasSubstr("· not checked"));
  EXPECT_THAT(english.output, HasSubstr("One fault."));
  EXPECT_THAT(english.output, HasSubstr("--report"));
  EXPECT_THAT(RunProgram({"--lang", "tr", "doctor"}).output, HasSubstr("✗ arıza"));

  const Json json = RunJson({"doctor"}, code_);
  EXPECT_EQ(code_, 40);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["type"], "diagnosis");
  EXPECT_EQ(json["agent_version"], "9.9");
  EXPECT_EQ(json["faults"], 1);
  EXPECT_EQ(json["findings"][1]["finding"], "CERTIFICATE_EXPIRED");
  EXPECT_TRUE(json["findings"][1]["details"].contains("time"));
  EXPECT_EQ(json["findings"][2]["details"]["blocked_by"], "CARD");
  EXPECT_FALSE(json["findings"][0].contains("next"));
}

TEST_F(DoctorTest, WhoMayHoldTheCardIsNamed) {
  v1::Finding& held = Add(v1::CHECK_CARD, v1::VERDICT_FAULT, v1::FINDING_KIND_CARD_HELD);
  held.add_programs("firefox");
  held.add_programs("imzager");
  StartAgent(world_);
  EXPECT_THAT(RunProgram({"--lang", "en", "doctor"}).output, HasSubstr("firefox, imzager."));
  EXPECT_THAT(RunProgram({"--lang", "tr", "doctor"}).output, HasSubstr("firefox, imzager."));
  EXPECT_EQ(RunJson({"doctor"}, code_)["findings"][0]["details"]["programs"],
            Json({"firefox", "imzager"}));
}

TEST_F(DoctorTest, WarningsAreNoFaults) {
  Add(v1::CHECK_CARD, v1::VERDICT_WARNING, v1::FINDING_KIND_CARD_ABSENT);
  StartAgent(world_);
  const Ended ended = RunProgram({"--lang", "en", "doctor"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.output, HasSubstr("! warning"));
  EXPECT_THAT(ended.output, HasSubstr("No fault."));
}

// All that is known of the person who sits here, in every place where a machine could
// have put it.
TEST_F(DoctorTest, NoPersonalDataIsInTheReport) {
  const std::vector<std::string> personal = {
      "ayseyilmaz", "10000000146", "AYŞE",       "/home/ayse",          "ayse@example.org",
      "0A1B2C3D9F", "271828",      "0532111223", "87211470000000000001"};
  v1::Finding& reader = Add(v1::CHECK_READER, v1::VERDICT_OK, v1::FINDING_KIND_READER_PRESENT);
  reader.set_reader("ACS ACR39U (0A1B2C3D9F) of ayseyilmaz 10000000146 0532111223 00 00");
  v1::Finding& card = Add(v1::CHECK_CARD, v1::VERDICT_OK, v1::FINDING_KIND_CARD_ANSWERS);
  card.set_card_serial("87211470000000000001");
  card.set_card_kind("AKİS v1 (UEKAE 1292)");
  v1::Finding& module = Add(v1::CHECK_MODULE, v1::VERDICT_FAULT, v1::FINDING_KIND_MODULE_FAILED);
  module.set_module("/home/ayse/ayseyilmaz/libakisp11.so");
  v1::Finding& portal =
      Add(v1::CHECK_PORTAL, v1::VERDICT_FAULT, v1::FINDING_KIND_PORTAL_UNREACHABLE);
  portal.set_host("https://ayse@example.org:8443");
  StartAgent(world_);
  const std::string file = temp_ / "report.txt";
  auto environment = Environment();
  environment["USER"] = environment["LOGNAME"] = "ayseyilmaz";
  environment["HOME"] = "/home/ayse";
  for (const char* language : {"en", "tr"}) {
    std::filesystem::remove(file);
    const Finished finished =
        ilkimza::testing::Run(Command({"--lang", language, "doctor", "--report", file}),
                              std::chrono::seconds(20), environment);
    EXPECT_EQ(finished.exit_code, 40);
    const std::string report = ReadFile(file);
    for (const std::string& each : personal) EXPECT_THAT(report, Not(HasSubstr(each)));
    EXPECT_THAT(report, HasSubstr("...0001"));
    EXPECT_THAT(report, HasSubstr("AKİS v1 (UEKAE 1292)"));
    EXPECT_THAT(report, HasSubstr("PORTAL_UNREACHABLE"));
    EXPECT_THAT(report, HasSubstr("libakisp11.so"));
    // Its last line is for tools.
    const size_t last = report.rfind('\n', report.size() - 2);
    EXPECT_EQ(Json::parse(report.substr(last + 1), nullptr, false)["faults"], 2);
  }
  // What is on the screen is the holder's own.
  EXPECT_EQ(RunJson({"doctor", "--report", file}, code_)["error"]["exit_code"], 74);
  EXPECT_EQ(code_, 74);
  // Whatever is spoken around it, what the system says is said in the language asked for.
  const Ended nowhere = RunProgram({"--lang", "en", "doctor", "--report", "/nowhere/report.txt"});
  EXPECT_THAT(nowhere.errors, HasSubstr("No such file or directory"));
  EXPECT_EQ(RunProgram({"doctor", "--report", file, "--force"}).exit_code, 40);
}

TEST_F(DoctorTest, WithoutAnAgentItLooksByItself) {
  const Json json = RunJson({"doctor"}, code_);
  EXPECT_EQ(code_, 40);
  EXPECT_EQ(json["findings"][0]["finding"], "AGENT_STOPPED");
  EXPECT_FALSE(json.contains("agent_version"));
  bool portal = false;
  for (const Json& finding : json["findings"]) {
    if (finding["check"] != "PORTAL") continue;
    portal = true;
    EXPECT_EQ(finding["verdict"], "NOT_CHECKED");
    EXPECT_EQ(finding["details"]["blocked_by"], "AGENT");
  }
  EXPECT_TRUE(portal);
  const Ended text = RunProgram({"--lang", "en", "doctor"});
  EXPECT_EQ(text.exit_code, 40);
  EXPECT_THAT(text.output, HasSubstr("systemctl --user start ilkimza-agent"));
}

TEST_F(DoctorTest, ASocketThatOthersCouldReplaceIsAFinding) {
  StartAgent();
  chmod(temp_.path().c_str(), 0777);
  EXPECT_EQ(RunJson({"doctor"}, code_)["findings"][0]["finding"], "AGENT_FOREIGN");
  EXPECT_EQ(code_, 40);
  chmod(temp_.path().c_str(), 0700);
}

TEST_F(DoctorTest, AnOlderAgentIsAFinding) {
  world_.knows_diagnosis = false;
  StartAgent(world_);
  EXPECT_EQ(RunJson({"doctor"}, code_)["findings"][0]["finding"], "AGENT_OLD");
  EXPECT_EQ(code_, 40);
}

}  // namespace
}  // namespace ilkimza::testing
