// `ilkimza journey ...`, as text and as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/clients/program_fixture.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class JourneyCommandsTest : public ProgramTest {
 protected:
  // A journey that waits at its login.
  void BeginJourney() {
    const Ended ended = RunProgram({"start", "--events", "--remembered"});
    ASSERT_EQ(ended.exit_code, 75) << ended.output;
  }
};

TEST_F(JourneyCommandsTest, ListsAndShows) {
  StartAgent();
  int code = -1;
  EXPECT_EQ(RunJson({"journey", "list"}, code)["journeys"].size(), 0u);
  EXPECT_EQ(code, 0);
  EXPECT_THAT(RunProgram({"--lang", "tr", "journey", "list"}).output,
              HasSubstr("Henüz bir işlem yok."));
  BeginJourney();
  Json list = RunJson({"journey", "list", "--active"}, code);
  ASSERT_EQ(list["journeys"].size(), 1u);
  EXPECT_EQ(list["journeys"][0]["state"], "ACTIVE");
  EXPECT_EQ(list["journeys"][0]["current_step"], "LOG_IN");
  Json shown = RunJson({"journey", "show", "made-up-1"}, code);
  EXPECT_EQ(shown["journey"], "journeys/made-up-1");
  EXPECT_EQ(shown["steps"].size(), 14u);
  EXPECT_EQ(shown["steps"][0]["state"], "DONE");
  EXPECT_FALSE(shown.contains("events"));
  // Without a name: the newest under way.
  EXPECT_EQ(RunJson({"journey", "show"}, code)["journey"], "journeys/made-up-1");
  Json timeline = RunJson({"journey", "show", "--timeline"}, code);
  EXPECT_EQ(timeline["events"][0]["kind"], "created");
  EXPECT_EQ(timeline["events"][1]["report"]["reason"], "WRONG_CAPTCHA");
}

TEST_F(JourneyCommandsTest, TextFitsEightyColumns) {
  StartAgent();
  BeginJourney();
  for (const char* language : {"en", "tr"}) {
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"journey", "list"}, {"journey", "show", "--timeline"}}) {
      std::vector<std::string> arguments = {"--lang", language};
      arguments.insert(arguments.end(), command.begin(), command.end());
      const Ended ended = RunProgram(arguments);
      EXPECT_EQ(ended.exit_code, 0);
      EXPECT_EQ(ended.output.find('\x1b'), std::string::npos) << "colours without a terminal";
      std::istringstream lines(ended.output);
      for (std::string line; std::getline(lines, line);) {
        const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        });
        EXPECT_LE(columns, 80) << line;
      }
    }
  }
}

TEST_F(JourneyCommandsTest, UnknownJourneysAndNone) {
  StartAgent();
  int code = -1;
  EXPECT_EQ(RunJson({"journey", "show"}, code)["error"]["reason"], "JOURNEY_NOT_FOUND");
  EXPECT_EQ(code, 66);
  Json error = RunJson({"journey", "show", "journeys/other"}, code)["error"];
  EXPECT_EQ(error["exit_code"], 66);
  EXPECT_EQ(code, 66);
}

TEST_F(JourneyCommandsTest, CancelAsksFirst) {
  FakeAgent& agent = StartAgent();
  BeginJourney();
  EXPECT_EQ(RunProgram({"journey", "cancel"}, {"n"}).exit_code, 75);
  EXPECT_EQ(RunProgram({"journey", "cancel"}).exit_code, 75) << "end of input is no yes";
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_ACTIVE);
  EXPECT_EQ(RunProgram({"journey", "cancel"}, {"evet"}).exit_code, 0);
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_CANCELLED);
}

TEST_F(JourneyCommandsTest, CancelWithYes) {
  StartAgent();
  BeginJourney();
  int code = -1;
  EXPECT_EQ(RunJson({"journey", "cancel", "--yes"}, code)["state"], "CANCELLED");
  EXPECT_EQ(code, 0);
}

TEST_F(JourneyCommandsTest, RetryOnlyWhereItStopped) {
  FakeAgent& agent = StartAgent();
  BeginJourney();
  int code = -1;
  EXPECT_EQ(RunJson({"journey", "retry"}, code)["error"]["reason"], "JOURNEY_NOT_READY");
  EXPECT_NE(code, 0);
  agent.Stop(v1::ERROR_REASON_STEP_TIMEOUT);
  EXPECT_EQ(RunJson({"journey", "retry"}, code)["state"], "ACTIVE");
  EXPECT_EQ(code, 0);
}

TEST_F(JourneyCommandsTest, WatchTellsEachChangeUntilTheEnd) {
  FakeAgent& agent = StartAgent();
  BeginJourney();
  Process watch({.command = Command({"--output", "json", "journey", "watch"}),
                 .environment = Environment(),
                 .stderr_file = temp_ / "stderr"});
  const auto first = watch.ReadLine(std::chrono::seconds(20));
  ASSERT_TRUE(first);
  Json before = Json::parse(*first, nullptr, false);
  EXPECT_EQ(before["state"], "ACTIVE");
  agent.Stop(v1::ERROR_REASON_STEP_TIMEOUT);
  Json stopped =
      Json::parse(watch.ReadLine(std::chrono::seconds(20)).value_or("{}"), nullptr, false);
  EXPECT_EQ(stopped["reason"], "STEP_TIMEOUT");
  EXPECT_GT(stopped["revision"], before["revision"]);
  int code = -1;
  RunJson({"journey", "cancel", "--yes"}, code);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 11);
}

TEST_F(JourneyCommandsTest, WatchEndsWithASignal) {
  StartAgent();
  BeginJourney();
  Process watch({.command = Command({"journey", "watch"}),
                 .environment = Environment(),
                 .stderr_file = temp_ / "stderr"});
  ASSERT_TRUE(watch.ReadLine(std::chrono::seconds(20)));
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 130);
}

TEST_F(JourneyCommandsTest, UsageAndDocumentsOfTheCommandLine) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"journey"},
                                             {"journey", "list", "--limit", "0"},
                                             {"start", "--goal", "x"},
                                             {"start", "--forgotten", "--remembered"},
                                             {"--lang", "de", "card", "list"},
                                             {"--output", "xml", "card", "list"}}) {
    const Ended ended = RunProgram(arguments);
    EXPECT_EQ(ended.exit_code, 64) << (arguments.empty() ? "" : arguments.back());
    EXPECT_EQ(ended.output, "");
    EXPECT_NE(ended.errors, "");
  }
  EXPECT_EQ(RunProgram({"--version"}).output.substr(0, 8), "ilkimza ");
  EXPECT_EQ(RunProgram({"--help"}).exit_code, 0);
}

// Global options stand before the command or behind it.
TEST_F(JourneyCommandsTest, GlobalOptionsStandAnywhere) {
  StartAgent();
  const Ended ended = RunProgram({"journey", "list", "--output", "json", "--lang=tr"});
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
  EXPECT_EQ(ended.output, "{\"journeys\":[]}\n");
}

}  // namespace
}  // namespace ilkimza::testing
