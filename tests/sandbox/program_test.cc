// The program: ready line, files, exit codes, the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sysexits.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/sandbox/browser.h"
#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr char kProgram[] = ILKIMZA_SANDBOX_PROGRAM;

testing::Process Start(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<std::string> command = {kProgram};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return testing::Process({.command = command, .environment = {}, .stderr_file = log});
}

TEST(ProgramTest, SaysWhereItIsAndEndsCleanly) {
  const testing::TempDir folder;
  testing::Process program =
      Start({"--holders", "3", "--style", "postback", "--ca-out", folder / "ca.pem",
             "--address-file", folder / "address", "--fault", "503,screen=verify"},
            folder / "log");
  const auto line = program.ReadLine(seconds(20));
  ASSERT_TRUE(line.has_value()) << testing::ReadFile(folder / "log");
  const nlohmann::json ready = nlohmann::json::parse(*line);
  EXPECT_EQ(nlohmann::json::parse(testing::ReadFile(folder / "address")), ready);
  EXPECT_EQ(ready["ca_file"], folder / "ca.pem");

  Browser browser(testing::ReadFile(folder / "ca.pem"));
  browser.Open(ready["portal_url"]);
  EXPECT_THAT(browser.last().bytes, HasSubstr("__VIEWSTATE"));
  browser.Press("Bireysel İşlemler");
  EXPECT_EQ(browser.last().status, 503);
  const testing::HttpClient phone(ready["phone_url"], folder / "ca.pem");
  EXPECT_EQ(phone.Get("control/world")["holders"].size(), 3u);

  // A connection is still open.
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(seconds(20)), 0);
}

TEST(ProgramTest, TellsWrongUseFromOtherTrouble) {
  const auto exit_code = [](const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {kProgram};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return testing::Run(command, seconds(20)).exit_code;
  };
  EXPECT_EQ(exit_code({"--version"}), 0);
  EXPECT_EQ(exit_code({"--help"}), 0);
  EXPECT_EQ(exit_code({}), EX_USAGE);
  EXPECT_EQ(exit_code({"--holders", "1", "--nonsense"}), EX_USAGE);
  EXPECT_EQ(exit_code({"--holders", "1", "--style", "gopher"}), EX_USAGE);
  EXPECT_EQ(exit_code({"--holders", "1", "--fault", "earthquake"}), EX_USAGE);
  EXPECT_EQ(exit_code({"--holders", "1", "--vpcd", "nowhere"}), EX_USAGE);
  EXPECT_EQ(exit_code({"--holders", "1", "--log-level", "loud"}), EX_USAGE);
  EXPECT_EQ(exit_code({"--world", "/nowhere/world.json"}), EX_NOINPUT);
  EXPECT_EQ(exit_code({"--holders", "1", "--ca-out", "/nowhere/ca.pem"}), EX_CANTCREAT);
}

TEST(ProgramTest, SaysThatAPortIsTaken) {
  const testing::TempDir folder;
  testing::Process first = Start({"--holders", "1"}, folder / "log");
  const auto line = first.ReadLine(seconds(20));
  ASSERT_TRUE(line.has_value());
  const std::string url = nlohmann::json::parse(*line)["portal_url"];
  const std::string port = url.substr(sizeof("https://localhost:") - 1);
  testing::Process second =
      Start({"--holders", "1", "--portal-port", port.substr(0, port.size() - 1)}, folder / "log2");
  EXPECT_EQ(second.Wait(seconds(20)), EX_UNAVAILABLE);
  EXPECT_THAT(testing::ReadFile(folder / "log2"), HasSubstr("is taken"));
}

}  // namespace
}  // namespace ilkimza::sandbox
