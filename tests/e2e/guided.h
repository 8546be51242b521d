// A holder who goes on in a browser of their own: İlkimza says what to do, they do it on
// the practice portal's pages.
#ifndef ILKIMZA_TESTS_E2E_GUIDED_H_
#define ILKIMZA_TESTS_E2E_GUIDED_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/holder_browser.h"
#include "tests/e2e/portals.h"
#include "tests/e2e/support.h"

namespace ilkimza::testing {

class GuidedHolder {
 protected:
  using Json = nlohmann::json;

  explicit GuidedHolder(const StackOptions& options) : stack_(options) {}

  // `own` may give another answer than following the instruction; null: none.
  Json Play(Process& cli, const std::function<Json(const Json&)>& own = {}) {
    return person_.Play(cli, {.answer = [&](const Json& prompt) {
                          if (own) {
                            if (Json answer = own(prompt); !answer.is_null()) return answer;
                          }
                          return FromTheBrowser(prompt);
                        }});
  }
  void ExpectSuccess(const Json& result) {
    ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
    EXPECT_EQ(ChipCard(stack_).at("pin"), person_.holder().own_pin);
    // Proven once, changed once, and once more for the signature.
    EXPECT_EQ(Commands(ChipCard(stack_), kVerifyCommand), 2);
    EXPECT_EQ(Commands(ChipCard(stack_), kChangeCommand), 1);
    EXPECT_EQ(PortalCard(stack_).at("pin_info"), false);
    ExpectNobodyRevoked();
  }
  void ExpectNobodyRevoked() const {
    const Json presses = stack_.State().at("presses");
    for (const auto& press : presses.items()) {
      EXPECT_EQ(press.key().find("revoke"), std::string::npos) << press.key();
    }
  }
  static std::vector<std::string> GuidedSteps(const Json& result) {
    std::vector<std::string> steps;
    for (const Json& step : result.at("steps")) {
      if (step.value("guided", false)) steps.push_back(step.at("step"));
    }
    return steps;
  }

  Stack stack_;
  Person person_{stack_.FirstHolder(), stack_.phone()};
  HolderBrowser browser_{person_, ReadFile(stack_.dir() / "portal-ca.pem"), stack_.phone()};

 private:
  // What the portal's page showed is typed by hand where the card asks for it.
  Json FromTheBrowser(const Json& prompt) {
    const std::string kind = prompt.at("kind");
    if (kind == "guided") return browser_.Follow(prompt);
    if (kind == "prove_pin" && !prompt.at("portal_pin")) return {{"pin", browser_.pin()}};
    if (kind == "unblock_pin") {
      const std::string& own = person_.holder().own_pin;
      return {{"puk", browser_.puk()},
              {"allow_puk_try", true},
              {"new_pin", own},
              {"new_pin_again", own}};
    }
    return {};
  }
};

class GuidedAtEachPortal : public ::testing::TestWithParam<Portal>, protected GuidedHolder {
 protected:
  explicit GuidedAtEachPortal(const std::string& journey_settings = "")
      : GuidedHolder(Options(journey_settings)) {}

 private:
  static StackOptions Options(const std::string& journey_settings) {
    StackOptions options = OptionsOf(GetParam());
    options.journey_settings = journey_settings;
    return options;
  }
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_GUIDED_H_
