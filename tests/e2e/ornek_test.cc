// The journey at a portal of another shape: by mail address and password, no question
// before the SMS, other words on every page. Only the profile's name differs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Portal {
  const char* host;
  const char* style;
  const char* charset;
};
constexpr Portal kPortals[] = {{"agent", "html5", "utf-8"},
                               {"agent", "postback", "iso-8859-9"},
                               {"server", "tables", "iso-8859-9"},
                               {"server", "html5", "utf-8"}};

StackOptions OptionsOf(const Portal& portal) {
  return {.portal_host = portal.host,
          .portal = "ornek",
          .style = portal.style,
          .charset = portal.charset};
}

class OtherPortal : public ::testing::TestWithParam<Portal> {
 protected:
  // The form as it was asked for, first of all.
  Json FirstPrompt(const std::string& kind) const {
    for (const Json& line : person_.lines()) {
      if (line.value("type", "") == "prompt" && line.value("kind", "") == kind) return line;
    }
    return Json::object();
  }
  void ExpectNothingElseTouched() const {
    EXPECT_EQ(Pressed(stack_, "menu:go:revoke"), 0);
    EXPECT_EQ(Pressed(stack_, "menu:go:contact"), 0);
    EXPECT_EQ(HolderState(stack_).at("wrong_words"), 0);
    EXPECT_EQ(ChipCard(stack_).at("puk_tries"), 3);
  }

  Stack stack_{OptionsOf(GetParam())};
  Person person_{stack_.FirstHolder(), stack_.phone()};
};

TEST_P(OtherPortal, FromTheChipToTheFirstSignature) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_EQ(PortalCard(stack_).at("pin_info"), false);
  EXPECT_EQ(ChipCard(stack_).at("pin"), person_.holder().own_pin);
  const Json login = FirstPrompt("login");
  EXPECT_EQ(login.at("answers").at(0), Json::array({"email", "security_word", "captcha"}));
  EXPECT_EQ(login.at("field_labels").at("security_word"), "Parola");
  for (const char* prompt : {"login", "sms_code", "pin_page", "prove_pin", "set_own_pin",
                             "deletion", "test_signature"}) {
    EXPECT_EQ(person_.Prompts(prompt), 1) << prompt;
  }
  for (const Json& line : person_.lines()) {
    if (line.value("type", "") == "journey") EXPECT_EQ(line.at("hotline"), "0312 000 00 00");
  }
  // The SMS comes unasked, and nobody's national id was needed.
  EXPECT_EQ(person_.Prompts("phone"), 0);
  for (const std::string& typed : person_.typed()) {
    EXPECT_NE(typed, person_.holder().national_id);
  }
  EXPECT_TRUE(person_.Reasons().empty());
  ExpectNothingElseTouched();
}

TEST_P(OtherPortal, WithAForgottenWord) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_EQ(FirstPrompt("word_reset").at("answers").at(0), Json::array({"captcha", "email"}));
  for (const char* prompt : {"word_reset", "mail_link", "new_security_word", "login"}) {
    EXPECT_EQ(person_.Prompts(prompt), 1) << prompt;
  }
  EXPECT_TRUE(result.at("facts").at("security_word_reset"));
  ExpectNothingElseTouched();
}

TEST_P(OtherPortal, AWrongPasswordIsAskedForAgain) {
  Process cli = stack_.Journey();
  bool was_wrong = false;
  const Json result = person_.Play(cli, {.answer = [&](const Json& prompt) {
                                     if (was_wrong || prompt.at("kind") != "login") return Json();
                                     was_wrong = true;
                                     return Json{{"email", person_.holder().email},
                                                 {"security_word", "YanlışParola1"},
                                                 {"captcha", person_.ReadCaptcha(prompt)}};
                                   }});
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_THAT(person_.Reasons(), ElementsAre("WRONG_CREDENTIALS"));
  EXPECT_EQ(person_.Prompts("login"), 2);
}

INSTANTIATE_TEST_SUITE_P(Portals, OtherPortal, ::testing::ValuesIn(kPortals), [](const auto& info) {
  return std::string(info.param.host) + "_" + info.param.style;
});

// The played holder of the demonstration, as its own program.
TEST(PlayedAtTheOtherPortal, TheSandboxesPersonFindsTheirWay) {
  Stack stack(OptionsOf(kPortals[0]));
  const std::string bin = ILKIMZA_BIN_DIR;
  const Finished played = ilkimza::testing::Run(
      {bin + "/ilkimza-sandbox-person", "--phone", stack.phone_url(), "--ca-file",
       stack.dir() / "portal-ca.pem", "--lang", "en", "--forgot-word", "--no-drawing", "--",
       bin + "/ilkimza", "--socket", stack.dir() / "run/agent.sock", "start", "--events"},
      std::chrono::seconds(120));
  EXPECT_EQ(played.exit_code, 0) << played.output;
  EXPECT_THAT(played.output, HasSubstr("SUCCEEDED"));
  EXPECT_THAT(played.output, HasSubstr("Parola: ••••"));
  EXPECT_EQ(PortalCard(stack).at("pin_info"), false);
}

}  // namespace
}  // namespace ilkimza::testing
