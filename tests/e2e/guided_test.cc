// Guided mode through everything: the portal is not the one İlkimza knows, the holder
// goes on in a browser of their own, and the card proves what comes of it.
#include "tests/e2e/guided.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::Contains;
using ::testing::Not;

class GuidedMode : public GuidedAtEachPortal {};

TEST_P(GuidedMode, AChangedPageIsNoDeadEnd) {
  stack_.phone().Post("/control/faults", {{"kind", "heading"},
                                          {"screen", "sms_confirm"},
                                          {"text", "Telefon Doğrulama"},
                                          {"times", 0}});
  Process cli = stack_.Journey();
  browser_.ExpectChangedPages();
  bool was_driven = false;
  const Json result = Play(cli, [&](const Json& prompt) {
    was_driven = was_driven || prompt.at("kind") == "login";
    if (prompt.at("kind") != "stopped") return Json();
    EXPECT_EQ(prompt.at("reason"), "SCREEN_UNRECOGNISED");
    EXPECT_EQ(prompt.at("ways_on").at(0), "GUIDED");
    return Json{{"guided", true}};
  });
  EXPECT_TRUE(was_driven);
  ExpectSuccess(result);
  EXPECT_THAT(GuidedSteps(result), Contains("ENTER_SMS_CODE"));
  EXPECT_THAT(GuidedSteps(result), Not(Contains("PROVE_PIN")));
  const Finished shown = stack_.RunCli({"--output", "json", "journey", "show", "--timeline",
                                        result.at("journey").get<std::string>()});
  EXPECT_NE(shown.output.find("\"way\":\"GUIDED\""), std::string::npos) << shown.output;
}

// İlkimza knows no way through this one; the holder does, and says so where the portal
// asks for less than it would.
TEST_P(GuidedMode, AnEntranceByEDevletAloneIsNoDeadEnd) {
  stack_.phone().Post("/control/rules", {{"edevlet_only", true}});
  Process cli = stack_.Journey();
  Json stopped = Json::object();
  Json login = Json::object();
  const Json result = Play(cli, [&](const Json& prompt) -> Json {
    if (prompt.at("kind") == "stopped") {
      stopped = prompt;
      return {{"guided", true}};
    }
    const std::string step = prompt.value("step", "");
    if (step == "LOG_IN") {
      login = prompt;
      return browser_.LogInByEDevlet(prompt);
    }
    if (step == "CONFIRM_PHONE" || step == "ENTER_SMS_CODE") return {{"done", true}};
    return Json();
  });
  ASSERT_EQ(stopped.value("reason", ""), "SCREEN_UNRECOGNISED") << Tail(person_);
  EXPECT_EQ(stopped.at("ways_on").at(0), "GUIDED");
  ASSERT_EQ(login.value("kind", ""), "guided");
  EXPECT_THAT(login.value("next", ""), ::testing::HasSubstr("through e-Devlet"));
  EXPECT_EQ(login.at("labels").at(0), "Bireysel İşlemler");
  ExpectSuccess(result);
  EXPECT_THAT(GuidedSteps(result), Contains("LOG_IN"));
  EXPECT_EQ(Pressed(stack_, "edevlet:submit"), 1);
  EXPECT_EQ(Pressed(stack_, "login:submit"), 0);
  EXPECT_EQ(stack_.phone().Get("/api/sms?phone=" + person_.holder().phone).size(), 0U);
}

TEST_P(GuidedMode, FromTheStartWithAForgottenWord) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey({"--guided"});
  const Json result = Play(cli);
  ExpectSuccess(result);
  EXPECT_EQ(GuidedSteps(result).size(), 12u);
  for (const char* kind : {"login", "word_reset", "phone", "sms_code", "pin_page", "deletion"}) {
    EXPECT_EQ(person_.Prompts(kind), 0) << kind;
  }
}

TEST_P(GuidedMode, NoTryIsSpentOnAnotherChip) {
  Process cli = stack_.Journey({"--guided"});
  bool was_other = false;
  const Json result = Play(cli, [&](const Json& prompt) {
    if (prompt.at("kind") == "other_chip") {
      was_other = true;
      EXPECT_EQ(Commands(ChipCard(stack_), kVerifyCommand), 0);
      return Json{{"type_again", true}};
    }
    if (prompt.value("step", "") != "OPEN_PIN_PAGE") return Json();
    // The second time the page is open already.
    if (was_other) return Json{{"done", true}, {"card_serial", browser_.serial()}};
    Json answer = browser_.Follow(prompt);
    answer["card_serial"] = "87211470000000000099";
    return answer;
  });
  EXPECT_TRUE(was_other);
  ExpectSuccess(result);
}

TEST_P(GuidedMode, AndBackWhereThePageIsKnownAgain) {
  Process cli = stack_.Journey({"--guided"});
  const Json result = Play(cli, [&](const Json& prompt) {
    const bool is_login =
        prompt.at("kind") == "guided" && prompt.value("step", "") == "CONFIRM_PHONE";
    return is_login ? Json{{"driven", true}} : Json();
  });
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("login"), 1);
  EXPECT_EQ(GuidedSteps(result).size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Portals, GuidedMode, ::testing::ValuesIn(kPairwisePortals), PortalName);

// The same with another profile: what the holder is told is its own.
class GuidedElsewhere : public ::testing::Test, protected GuidedHolder {
 protected:
  GuidedElsewhere() : GuidedHolder({.portal = "ornek"}) {}
};

TEST_F(GuidedElsewhere, TheInstructionsAreThoseOfItsPages) {
  Process cli = stack_.Journey({"--guided"});
  Json labels;
  const Json result = Play(cli, [&](const Json& prompt) {
    if (prompt.value("step", "") == "LOG_IN") labels = prompt.at("labels");
    return Json();
  });
  ExpectSuccess(result);
  EXPECT_EQ(labels,
            Json::array({"E-posta Adresiniz", "Parola", "Görüntüdeki Harfler", "Oturum Aç"}));
}

// A changed page of that portal is no dead end either.
TEST_F(GuidedElsewhere, FromDrivenToGuided) {
  stack_.phone().Post(
      "/control/faults",
      {{"kind", "heading"}, {"screen", "sms_code"}, {"text", "Başka Bir Sayfa"}, {"times", 0}});
  browser_.ExpectChangedPages();
  Process cli = stack_.Journey();
  const Json result = Play(cli, [&](const Json& prompt) {
    return prompt.at("kind") == "stopped" ? Json{{"guided", true}} : Json();
  });
  ExpectSuccess(result);
  EXPECT_THAT(GuidedSteps(result), Contains("ENTER_SMS_CODE"));
}

}  // namespace
}  // namespace ilkimza::testing
