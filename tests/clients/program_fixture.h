// The real program against the made-up agent.
#ifndef ILKIMZA_TESTS_CLIENTS_PROGRAM_FIXTURE_H_
#define ILKIMZA_TESTS_CLIENTS_PROGRAM_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/clients/fake_agent.h"
#include "tests/support/process.h"

namespace ilkimza::testing {

class ProgramTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (agent_) {
      EXPECT_EQ(agent_->complaint(), "");
    }
  }

  FakeAgent& StartAgent(FakeAgent::World world = {}) {
    agent_ = std::make_unique<FakeAgent>(socket(), std::move(world));
    return *agent_;
  }
  [[nodiscard]] std::string socket() const { return temp_ / "agent.sock"; }

  // `arguments` behind the program's name and its socket.
  [[nodiscard]] std::vector<std::string> Command(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {ILKIMZA_PROGRAM, "--socket", socket()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
  [[nodiscard]] std::map<std::string, std::string> Environment() const {
    return {{"XDG_RUNTIME_DIR", temp_.path()}, {"LC_ALL", "C.UTF-8"}, {"LANGUAGE", ""}};
  }

  // Runs to the end; what it is to read on standard input is given.
  struct Ended {
    int exit_code = -1;
    std::string output;
    std::string errors;
  };
  [[nodiscard]] Ended RunProgram(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& input = {},
                                 const std::map<std::string, std::string>& more = {}) const {
    std::map<std::string, std::string> environment = Environment();
    for (const auto& [name, value] : more) environment[name] = value;
    const std::string errors = temp_ / "stderr";
    std::filesystem::remove(temp_ / "stdout");
    std::filesystem::remove(errors);
    Process process({.command = Command(arguments),
                     .environment = environment,
                     .stdout_file = temp_ / "stdout",
                     .stderr_file = errors});
    for (const std::string& line : input) process.WriteLine(line);
    process.CloseInput();
    const int exit_code = process.Wait(std::chrono::seconds(30)).value_or(-1);
    return {exit_code, ReadFile(temp_ / "stdout"), ReadFile(errors)};
  }
  // With `--output json`; discarded where it is no JSON.
  nlohmann::json RunJson(std::vector<std::string> arguments, int& exit_code,
                         const std::vector<std::string>& input = {}) const {
    arguments.insert(arguments.begin(), {"--output", "json"});
    const Ended ended = RunProgram(arguments, input);
    exit_code = ended.exit_code;
    return nlohmann::json::parse(ended.output, nullptr, false);
  }

  TempDir temp_;
  std::unique_ptr<FakeAgent> agent_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_CLIENTS_PROGRAM_FIXTURE_H_
