// What the end-to-end tests share.
#ifndef ILKIMZA_TESTS_E2E_SUPPORT_H_
#define ILKIMZA_TESTS_E2E_SUPPORT_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/stack.h"

namespace ilkimza::testing {

// The last lines, for whoever has to find out what went wrong.
inline std::string Tail(const Person& person) {
  std::string text;
  const auto& lines = person.lines();
  for (std::size_t i = lines.size() < 8 ? 0 : lines.size() - 8; i < lines.size(); ++i) {
    text += lines[i].dump().substr(0, 1500) + "\n";
  }
  return text;
}

// What the sandbox says of the first holder and of the card they have.
inline nlohmann::json HolderState(const Stack& stack) {
  return stack.State().at("holders").at(stack.FirstHolder().national_id);
}
inline nlohmann::json PortalCard(const Stack& stack) {
  return HolderState(stack).at("cards").begin().value();
}
inline nlohmann::json ChipCard(const Stack& stack) {
  return stack.phone().Get("/control/cards").at("87211470000000000000");
}

// All that the server keeps of this journey or tells of it, each with its place.
inline std::vector<std::pair<std::string, std::string>> ServersView(const Stack& stack,
                                                                    const std::string& journey) {
  std::vector<std::pair<std::string, std::string>> view;
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"journey", "list"},
           {"journey", "list", "--output", "json"},
           {"journey", "show", "--timeline", journey},
           {"journey", "show", "--timeline", journey, "--output", "json"}}) {
    const Finished told = stack.RunCli(command);
    EXPECT_EQ(told.exit_code, 0) << command[1];
    EXPECT_FALSE(told.output.empty()) << command[1];
    view.emplace_back("journey " + command[1], told.output);
  }
  EXPECT_NE(view.back().second.find("LOG_IN"), std::string::npos) << "no timeline";
  const std::size_t told = view.size();
  for (const std::string& file : stack.Files()) {
    const std::string name = std::filesystem::path(file).filename();
    if (name.starts_with("server.db")) view.emplace_back(name, ReadFile(file));
  }
  EXPECT_GE(view.size(), told + 2) << "the database and its write-ahead log";
  return view;
}

// How many commands with this instruction byte the chip has seen.
constexpr const char* kVerifyCommand = "20";
constexpr const char* kChangeCommand = "24";
inline int Commands(const nlohmann::json& card, const char* instruction) {
  return card.at("commands").value(instruction, 0);
}

// How often the portal processed a press of this control.
inline int Pressed(const Stack& stack, const std::string& control) {
  return stack.State().at("presses").value(control, 0);
}

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_SUPPORT_H_
