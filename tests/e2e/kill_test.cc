// kill -9 of the server, and of the agent, after each step of the main path: the
// journey completes, no try is spent, nothing is done twice.
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* kSteps[] = {"INSERT_CARD",    "OPEN_WORD_RESET",   "REQUEST_WORD_RESET",
                                  "OPEN_MAIL_LINK", "SET_SECURITY_WORD", "OPEN_LOGIN",
                                  "LOG_IN",         "CONFIRM_PHONE",     "ENTER_SMS_CODE",
                                  "OPEN_PIN_PAGE",  "READ_PIN",          "MATCH_CARD",
                                  "PROVE_PIN",      "SET_OWN_PIN",       "DELETE_PORTAL_COPY",
                                  "TEST_SIGNATURE"};

class KilledAfter : public ::testing::TestWithParam<const char*> {
 protected:
  // Plays the whole journey; `kill` runs once, as soon as the step is seen done.
  template <typename Kill>
  static void Play(Stack& stack, const Kill& kill) {
    Person person(stack.FirstHolder(), stack.phone());
    person.holder().word_forgotten = true;
    person.holder().retries = true;
    Process cli = stack.Journey();
    bool killed = false;
    const Json result = person.Play(cli, {.see = [&](const Json& line) {
                                      const bool done = line.value("type", "") == "step" &&
                                                        line.value("step", "") == GetParam() &&
                                                        line.value("state", "") == "DONE";
                                      if (!done || killed) return;
                                      killed = true;
                                      kill();
                                    }});
    EXPECT_TRUE(killed);
    ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
    EXPECT_EQ(PortalCard(stack).at("pin_info"), false);
    EXPECT_EQ(ChipCard(stack).at("pin"), person.holder().own_pin);
    EXPECT_EQ(ChipCard(stack).at("pin_tries"), 3);
    EXPECT_EQ(HolderState(stack).at("wrong_words"), 0);
    EXPECT_EQ(Pressed(stack, "menu:go:revoke"), 0);
    // The PIN was changed once, whatever died.
    EXPECT_EQ(Commands(ChipCard(stack), kChangeCommand), 1);
  }
};

TEST_P(KilledAfter, TheServer) {
  Stack stack;
  Play(stack, [&] {
    stack.server().Kill();
    stack.StartServer();
  });
}

TEST_P(KilledAfter, TheServerThatHostsThePortal) {
  Stack stack({.portal_host = "server"});
  Play(stack, [&] {
    stack.server().Kill();
    stack.StartServer();
  });
}

TEST_P(KilledAfter, TheAgent) {
  Stack stack;
  Play(stack, [&] {
    stack.agent().Kill();
    stack.StartAgent();
  });
}

INSTANTIATE_TEST_SUITE_P(Step, KilledAfter, ::testing::ValuesIn(kSteps),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace ilkimza::testing
