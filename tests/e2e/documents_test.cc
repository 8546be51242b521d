// What stands in documents as well: commands, options, and the picture of the plan.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "tests/support/process.h"

namespace ilkimza::testing {
namespace {

std::string Cli(const std::string& name) {
  return ReadFile(std::string(ILKIMZA_SOURCE_DIR) + "/clients/cli/" + name);
}

std::string Help(std::vector<std::string> path) {
  std::vector<std::string> command = {std::string(ILKIMZA_BIN_DIR) + "/ilkimza", "--lang", "en"};
  command.insert(command.end(), path.begin(), path.end());
  command.emplace_back("--help");
  const Finished finished = Run(command, std::chrono::seconds(20));
  EXPECT_EQ(finished.exit_code, 0);
  return finished.output;
}

std::set<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

// The words below "Commands:" of a help text.
std::set<std::string> Commands(const std::string& help) {
  const auto at = help.find("\nCommands:\n");
  return at == std::string::npos ? std::set<std::string>()
                                 : Matches(help.substr(at), "\n  ([a-z-]+) ");
}

TEST(CommandTree, HelpManPageAndCompletionAgree) {
  const std::string man = Cli("ilkimza.1");
  const std::string completion = Cli("ilkimza.bash");
  std::vector<std::vector<std::string>> paths = {{}};
  std::size_t commands = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string help = Help(paths[i]);
    for (const std::string& option : Matches(help, "--([a-z-]+)")) {
      EXPECT_NE(completion.find("--" + option), std::string::npos) << option;
      EXPECT_NE(man.find("Fl -" + option), std::string::npos) << option;
    }
    for (const std::string& command : Commands(help)) {
      ++commands;
      paths.push_back(paths[i]);
      paths.back().push_back(command);
      EXPECT_TRUE(std::regex_search(completion, std::regex("[' ]" + command + "[' ]"))) << command;
      EXPECT_TRUE(std::regex_search(man, std::regex("Cm [a-z -]*" + command))) << command;
    }
  }
  EXPECT_GE(commands, 15U);
}

// docs/journey.svg is drawn from docs/journey.dot: dot -Tsvg docs/journey.dot
TEST(Picture, TheReadmeShowsThePlanThatTheServerRuns) {
  const Finished plan = ilkimza::testing::Run(
      {std::string(ILKIMZA_BIN_DIR) + "/ilkimza-server", "--print-plan"}, std::chrono::seconds(20));
  EXPECT_EQ(plan.exit_code, 0);
  EXPECT_EQ(plan.output, ReadFile(std::string(ILKIMZA_SOURCE_DIR) + "/docs/journey.dot"))
      << "run: ilkimza-server --print-plan >docs/journey.dot";
}

}  // namespace
}  // namespace ilkimza::testing
