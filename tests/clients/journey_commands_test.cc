// `ilkimza journey ...`, as text and as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/clients/program_fixture.h"
#include "tests/clients/terminal.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
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

TEST_F(JourneyCommandsTest, TextFitsTheWindow) {
  StartAgent();
  BeginJourney();
  for (const char* language : {"en", "tr"}) {
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"journey", "list"}, {"journey", "show", "--timeline"}}) {
      std::vector<std::string> arguments = {"--lang", language};
      arguments.insert(arguments.end(), command.begin(), command.end());
      EXPECT_EQ(RunProgram(arguments).output.find('\x1b'), std::string::npos)
          << "colours without a terminal";
      auto environment = Environment();
      environment["TERM"] = "dumb";
      Terminal terminal(Command(arguments), environment, 80);
      EXPECT_EQ(terminal.Exit(), 0);
      std::istringstream lines(terminal.screen());
      for (std::string line; std::getline(lines, line, '\r');) {
        std::erase(line, '\n');
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

TEST_F(JourneyCommandsTest, OneThatHasEndedIsNeitherCancelledNorTakenUp) {
  StartAgent();
  BeginJourney();
  const std::string name = "made-up-1";
  EXPECT_EQ(RunProgram({"journey", "cancel", "--yes"}).exit_code, 0);
  for (const char* command : {"cancel", "retry"}) {
    std::vector<std::string> arguments = {"--lang", "en", "journey", command, name};
    if (command == std::string("cancel")) arguments.emplace_back("--yes");
    const Ended ended = RunProgram(arguments);
    EXPECT_EQ(ended.exit_code, RunProgram(arguments).exit_code);
    EXPECT_NE(ended.exit_code, 0);
    EXPECT_THAT(ended.errors, HasSubstr("This journey has ended"));
    EXPECT_THAT(ended.errors, Not(HasSubstr("JOURNEY_STATE")));
    EXPECT_THAT(ended.errors, HasSubstr(command == std::string("cancel")
                                            ? "nothing left to cancel"
                                            : "Begin a new one with \"ilkimza start\""));
  }
}

TEST_F(JourneyCommandsTest, AnEndThatNobodyConfirmedIsAnErrorInJsonToo) {
  FakeAgent& agent = StartAgent();
  BeginJourney();
  int code = -1;
  Json error = RunJson({"journey", "cancel"}, code)["error"];
  EXPECT_EQ(code, 75);
  EXPECT_EQ(error["reason"], "BAD_FIELD");
  EXPECT_EQ(error["exit_code"], 75);
  EXPECT_EQ(RunJson({"journey", "cancel"}, code, {"n"})["state"], "ACTIVE");
  EXPECT_EQ(code, 75);
  EXPECT_THAT(RunProgram({"--lang", "en", "journey", "cancel"}).errors, HasSubstr("give --yes"));
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_ACTIVE);
}

TEST_F(JourneyCommandsTest, WrongUsageIsToldInTheLanguageAndInTheFormAskedFor) {
  int code = -1;
  const Json error = RunJson({"start", "--goal", "fly"}, code)["error"];
  EXPECT_EQ(code, 64);
  EXPECT_EQ(error["reason"], "BAD_FIELD");
  EXPECT_EQ(error["exit_code"], 64);
  const std::pair<std::vector<std::string>, const char*> wrong[] = {
      {{"start", "--goal", "fly"}, "--goal şunlardan birini alır: reset-word, get-pin"},
      {{"journey", "list", "--limit", "0"}, "--limit şunlardan birini alır: 1-10000"},
      {{"journey", "list", "--limit"}, "--limit tek bir değer alır"},
      {{"start", "--forgotten", "--remembered"}, "birlikte verilemez"},
      {{"frobnicate"}, "\"frobnicate\" bilinmiyor"},
      {{"journey"}, "komut eksik"}};
  for (const auto& [words, told] : wrong) {
    std::vector<std::string> arguments = {"--lang", "tr"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Ended ended = RunProgram(arguments);
    EXPECT_EQ(ended.exit_code, 64) << told;
    std::string errors = ended.errors;
    std::replace(errors.begin(), errors.end(), '\n', ' ');
    EXPECT_THAT(errors, HasSubstr(told));
    for (const char* english : {"required", "excludes", "not in", "Value", "subcommand"}) {
      EXPECT_THAT(errors, Not(HasSubstr(english)));
    }
  }
  const std::string help = RunProgram({"--lang", "tr", "journey", "list", "--help"}).output;
  EXPECT_THAT(help, Not(HasSubstr("INT")));
  EXPECT_THAT(RunProgram({"--lang", "tr", "doctor", "--help"}).output, HasSubstr("DOSYA"));
}

TEST_F(JourneyCommandsTest, TheListCutsNoNamesAndNothingIntoAFile) {
  FakeAgent& agent = StartAgent();
  BeginJourney();
  const std::string listed = RunProgram({"--lang", "en", "journey", "list"}).output;
  EXPECT_THAT(listed, HasSubstr(agent.journey().name()));
  EXPECT_THAT(listed, HasSubstr("Goal"));
  EXPECT_THAT(listed, Not(HasSubstr("…")));
  Terminal terminal(Command({"--lang", "en", "journey", "list"}), Environment(), 30);
  EXPECT_EQ(terminal.Exit(), 0);
  EXPECT_THAT(terminal.screen(), HasSubstr(agent.journey().name() + "  "));
  EXPECT_THAT(terminal.screen(), HasSubstr("…"));
  // No step any more, and what it was for is not taken for one.
  EXPECT_EQ(RunProgram({"journey", "cancel", "--yes"}).exit_code, 0);
  const std::string ended = RunProgram({"--lang", "en", "journey", "list"}).output;
  const std::string row = ended.substr(ended.find('\n') + 1);
  const std::string goal = "From chip to signature";
  EXPECT_NE(row.find(goal), std::string::npos) << row;
  EXPECT_EQ(row.find(goal), row.rfind(goal)) << row;
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
