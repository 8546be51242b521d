// Many holders at one portal, through the real programs: a portal that is down for all of
// them, and one whose pages have changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A holder at a PC of their own, who wants a new security word: the shortest way to a
// page of the portal that waits for somebody.
class Visitor {
 public:
  Visitor(const Stack& stack, std::string pc)
      : stack_(stack), pc_(std::move(pc)), cli_(stack.JourneyOf(pc_, {"--goal", "reset-word"})) {}

  // The first line from here on that is meant; an empty object where none comes.
  Json Await(const std::function<bool(const Json&)>& is_meant) {
    while (const auto text = cli_.ReadLine(seconds(60))) {
      const Json line = Json::parse(*text, nullptr, false);
      if (!line.is_object()) break;
      if (line.value("type", "") == "journey") journey_ = line;
      if (is_meant(line)) return line;
    }
    return Json::object();
  }
  Json AwaitForm() {
    return Await([](const Json& line) { return line.value("kind", "") == "word_reset"; });
  }
  Json AwaitWait(const std::string& reason) {
    return Await([&](const Json& line) {
      return line.value("type", "") == "wait" && line.value("reason", "") == reason;
    });
  }
  Json AwaitStop() {
    return Await([](const Json& line) { return line.value("kind", "") == "stopped"; });
  }
  // Gives it up.
  void Leave() {
    const std::string name = journey_.at("journey");
    EXPECT_EQ(stack_.RunCliOf(pc_, {"journey", "cancel", "--yes", name}).exit_code, 0);
    const Json result = Await([](const Json& line) { return line.value("type", "") == "result"; });
    EXPECT_EQ(result.value("outcome", ""), "CANCELLED");
  }
  [[nodiscard]] const Json& journey() const { return journey_; }

 private:
  const Stack& stack_;
  const std::string pc_;
  Process cli_;
  Json journey_;
};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class FleetTest : public ::testing::TestWithParam<std::string> {
 protected:
  FleetTest() {
    for (const char* pc : {"pc1", "pc2", "pc3", "pc4"}) stack_.StartAgentOf(pc);
  }
  // Three holders look at the form and go away again.
  void ThreeLookAtTheForm() {
    for (const char* pc : {"pc1", "pc2", "pc3"}) {
      Visitor visitor(stack_, pc);
      EXPECT_FALSE(visitor.AwaitForm().empty()) << pc;
      visitor.Leave();
    }
  }
  // One PC has a profile by now that was written for the portal as it is.
  void ExpectANewerProfileGoesOn() {
    std::string profile = ReadFile(ILKIMZA_SOURCE_DIR "/portal/profiles/kamusm.textproto");
    const std::string version = "version: 1\n";
    ASSERT_NE(profile.find(version), profile.npos);
    profile.replace(profile.find(version), version.size(), "version: 2\n");
    WriteFile(stack_.dir() / "newer.textproto", profile);
    stack_.StartAgentOf("pc5", stack_.dir() / "newer.textproto");
    EXPECT_THAT(stack_.RunServer({"agents"}).output, HasSubstr("kamusm@2"));
    Visitor visitor(stack_, "pc5");
    EXPECT_FALSE(visitor.AwaitForm().empty());
    visitor.Leave();
    EXPECT_THAT(stack_.RunServer({"drift", "--all"}).output,
                HasSubstr("profiles/kamusm@2/screens/WORD_RESET\tas known\tnew "));
  }
  [[nodiscard]] std::string ServerLog() const { return ReadFile(stack_.dir() / "server.log"); }

  Stack stack_{{.portal_host = GetParam(),
                .card = false,
                .server_tables = "[pacing]\nfailing_journeys = 3\nfirst_pause = \"1s\"\n"
                                 "last_pause = \"4s\"\nramp = \"5s\"\n"}};
};

TEST_P(FleetTest, APortalThatIsDownForManyIsLeftAloneAndEntersAgainOneByOne) {
  const HttpClient phone = stack_.phone();
  phone.Post("/control/maintenance", {{"on", true}});
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (const char* pc : {"pc1", "pc2", "pc3"}) {
    visitors.push_back(std::make_unique<Visitor>(stack_, pc));
    EXPECT_FALSE(visitors.back()->AwaitWait("PORTAL_MAINTENANCE").empty()) << pc;
  }
  visitors.push_back(std::make_unique<Visitor>(stack_, "pc4"));
  const Json held = visitors.back()->AwaitWait("PORTAL_PACED");
  EXPECT_TRUE(held.contains("resume_time")) << held.dump();
  EXPECT_THAT(visitors.back()->journey().at("other_ways"), Contains("GUIDED"));
  EXPECT_THAT(stack_.RunServer({"pace"}).output, HasSubstr(" waiting"));
  EXPECT_THAT(stack_.RunServer({"pace"}).output, Not(HasSubstr("full")));

  phone.Post("/control/maintenance", {{"on", false}});
  for (const auto& visitor : visitors) EXPECT_FALSE(visitor->AwaitForm().empty());
  const std::string log = ServerLog();
  const auto opened = log.find("fails for many");
  const auto probed = log.find("is tried with one journey", opened);
  const auto answered = log.find("answers again", probed);
  EXPECT_NE(answered, log.npos) << log.substr(log.size() < 5000 ? 0 : log.size() - 5000);
  EXPECT_THAT(stack_.RunServer({"pace"}).output, HasSubstr("4 inside\t0 waiting"));
}

TEST_P(FleetTest, AScreenThatChangedForManyIsOneEventAndWaitsUntilItIsAccepted) {
  ThreeLookAtTheForm();
  EXPECT_EQ(stack_.RunServer({"drift"}).output, "");
  EXPECT_THAT(stack_.RunServer({"drift", "--all"}).output,
              HasSubstr("profiles/kamusm@1/screens/WORD_RESET\tas known\tsettled "));
  const HttpClient phone = stack_.phone();
  phone.Post("/control/rules", {{"style", "tables"}});
  ThreeLookAtTheForm();
  EXPECT_THAT(stack_.RunServer({"drift"}).output,
              HasSubstr("profiles/kamusm@1/screens/WORD_RESET\tchanged "));
  EXPECT_EQ(Count(ServerLog(), "profiles/kamusm@1/screens/WORD_RESET has changed"), 1);

  Visitor visitor(stack_, "pc4");
  EXPECT_FALSE(visitor.AwaitWait("SCREEN_DRIFTED").empty());
  EXPECT_THAT(visitor.journey().at("other_ways"), Contains("GUIDED"));
  if (GetParam() == "agent") ExpectANewerProfileGoesOn();
  // The line, and what was seen, are still there after a restart.
  stack_.server().Signal(SIGTERM);
  EXPECT_EQ(stack_.server().Wait(seconds(30)), 0);
  stack_.StartServer();
  EXPECT_THAT(stack_.RunServer({"drift"}).output, HasSubstr("WORD_RESET\tchanged "));
  EXPECT_NE(stack_.RunServer({"accept-drift", "profiles/kamusm/screens/NONE"}).exit_code, 0);
  EXPECT_EQ(stack_.RunServer({"accept-drift", "all"}).exit_code, 0);
  EXPECT_EQ(stack_.RunServer({"drift"}).output, "");
  EXPECT_FALSE(visitor.AwaitForm().empty());
}

// A heading reads otherwise, and the page is none of the profile's any more.
TEST_P(FleetTest, APageThatIsNotRecognisedForManyIsOneEventAndSparesTheOthers) {
  constexpr char kStep[] = "profiles/kamusm@1/steps/OPEN_WORD_RESET";
  ThreeLookAtTheForm();
  const HttpClient phone = stack_.phone();
  phone.Post(
      "/control/faults",
      {{"kind", "heading"}, {"screen", "verify"}, {"text", "Kimlik Denetimi"}, {"times", 0}});
  for (const char* pc : {"pc1", "pc2", "pc3"}) {
    EXPECT_EQ(stack_.RunServer({"drift"}).output, "") << "too few before " << pc;
    Visitor visitor(stack_, pc);
    EXPECT_EQ(visitor.AwaitStop().value("reason", ""), "SCREEN_UNRECOGNISED") << pc;
    visitor.Leave();
  }
  const std::string drift = stack_.RunServer({"drift"}).output;
  EXPECT_THAT(drift, HasSubstr(std::string(kStep) + "\tchanged "));
  EXPECT_THAT(
      drift, HasSubstr(" 3 journeys\tOPEN_WORD_RESET\texpected LOGIN SIGN_IN_CHOICE WORD_RESET\n"));
  EXPECT_EQ(Count(ServerLog(), std::string(kStep) + " has changed"), 1);

  Visitor visitor(stack_, "pc4");
  EXPECT_FALSE(visitor.AwaitWait("SCREEN_DRIFTED").empty()) << "no ticket";
  EXPECT_THAT(visitor.journey().at("other_ways"), Contains("GUIDED"));
  stack_.server().Signal(SIGTERM);
  EXPECT_EQ(stack_.server().Wait(seconds(30)), 0);
  stack_.StartServer();
  EXPECT_THAT(stack_.RunServer({"drift"}).output, HasSubstr("OPEN_WORD_RESET\tchanged "));
  // The portal is as it was.
  phone.Post("/control/faults/clear", Json::object());
  EXPECT_EQ(stack_.RunServer({"accept-drift", kStep}).exit_code, 0);
  EXPECT_EQ(stack_.RunServer({"drift"}).output, "");
  EXPECT_FALSE(visitor.AwaitForm().empty());
}

INSTANTIATE_TEST_SUITE_P(Hosts, FleetTest, ::testing::Values("agent", "server"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace ilkimza::testing
