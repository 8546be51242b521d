// The operations of the portal's menu, for tests at both portal hosts and in every
// page style.
#ifndef ILKIMZA_TESTS_E2E_MENU_H_
#define ILKIMZA_TESTS_E2E_MENU_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/e2e/portals.h"
#include "tests/e2e/support.h"

namespace ilkimza::testing {

constexpr char kSerial[] = "87211470000000000000";

constexpr const char* kUnblockCommand = "2C";

// Nothing was pressed at the portal that changes anything, but what is named; and that once.
inline void ExpectPressedOnly(const Stack& stack, const std::vector<std::string>& allowed) {
  for (const char* control :
       {"activate:submit", "revoke:delete:1", "revoke_confirm:submit", "contact:submit",
        "unblock:submit", "pin:delete:1", "pin_delete:submit"}) {
    const bool may = std::find(allowed.begin(), allowed.end(), control) != allowed.end();
    EXPECT_EQ(Pressed(stack, control), may ? 1 : 0) << control;
  }
}

class MenuAtEachPortal : public ::testing::TestWithParam<Portal> {
 protected:
  using Json = nlohmann::json;

  Json Play(const std::string& goal, const Person::Hooks& hooks = {}) {
    Process cli = stack_.Journey({"--goal", goal, "--remembered"});
    return person_.Play(cli, hooks);
  }
  // The first prompt of this kind.
  Json Prompt(const std::string& kind) const {
    for (const Json& line : person_.lines()) {
      if (line.value("type", "") == "prompt" && line.value("kind", "") == kind) return line;
    }
    ADD_FAILURE() << "no prompt " << kind << " came:\n" << Tail(person_);
    return Json::object();
  }
  void ExpectSuccess(const Json& result) const {
    ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  }
  void ExpectPressedOnly(const std::vector<std::string>& allowed) const {
    testing::ExpectPressedOnly(stack_, allowed);
  }
  // The server has seen none of these in this journey, and tells none of them.
  void ExpectServerKnowsNone(const Json& result, const std::vector<std::string>& secrets) const {
    for (const auto& [place, bytes] : ServersView(stack_, result.at("journey"))) {
      for (const std::string& secret : secrets) {
        EXPECT_EQ(bytes.find(secret), std::string::npos) << place << " holds a secret";
      }
    }
  }

  Stack stack_{OptionsOf(GetParam())};
  Person person_{stack_.FirstHolder(), stack_.phone()};
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_MENU_H_
