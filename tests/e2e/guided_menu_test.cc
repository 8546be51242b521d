// The operations of the portal's menu in the holder's own browser, on the portal's real
// pages; and what an organisation's policy about guided mode comes to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/guided.h"
#include "tests/e2e/menu.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GuidedMenu : public GuidedAtEachPortal {
 protected:
  Json PlayGoal(const std::string& goal, const std::function<Json(const Json&)>& own = {}) {
    Process cli = stack_.Journey({"--guided", "--goal", goal, "--remembered"});
    return Play(cli, own);
  }
  // Each page of the portal was the holder's to use.
  void ExpectGuidedSuccess(const Json& result) {
    ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
    for (const char* kind : {"login", "phone", "sms_code", "pin_page", "certificates", "activation",
                             "info", "unblock_request"}) {
      EXPECT_EQ(person_.Prompts(kind), 0) << kind;
    }
  }
  // It is told as what the holder said, with how to make sure.
  static void ExpectClaimed(const Json& result, const std::string& fact, const std::string& next) {
    EXPECT_FALSE(result.at("facts").at(fact));
    EXPECT_THAT(result.value("sentence", ""), HasSubstr("You said"));
    EXPECT_THAT(result.value("next", ""), HasSubstr("--goal " + next));
  }
  void BlockPin() {
    stack_.phone().Post("/control/cards",
                        {{"serial", kSerial}, {"action", "pin_tries"}, {"tries", 0}});
  }
  void ExpectUnblocked(const Json& result) {
    ExpectGuidedSuccess(result);
    const Json chip = ChipCard(stack_);
    EXPECT_EQ(chip.at("pin"), person_.holder().own_pin);
    EXPECT_EQ(chip.at("pin_tries"), 3);
    EXPECT_EQ(chip.at("puk_tries"), 3);
    EXPECT_TRUE(result.at("facts").at("test_signature_made"));
  }
};

TEST_P(GuidedMenu, ListsTheCertificates) {
  const Json result = PlayGoal("list-certificates");
  ExpectGuidedSuccess(result);
  EXPECT_THAT(browser_.pages(),
              Contains(AllOf(HasSubstr(kSerial), HasSubstr("Kullanıma Açılmadı"))));
  EXPECT_THAT(GuidedSteps(result), ElementsAre("OPEN_LOGIN", "LOG_IN", "CONFIRM_PHONE",
                                               "ENTER_SMS_CODE", "LIST_CERTIFICATES", "LOG_OUT"));
  EXPECT_EQ(Commands(ChipCard(stack_), kVerifyCommand), 0);
  ExpectPressedOnly(stack_, {});
}

TEST_P(GuidedMenu, ActivatesAndTheListShowsIt) {
  const Json result = PlayGoal("activate");
  ExpectGuidedSuccess(result);
  ExpectClaimed(result, "certificate_activated", "list-certificates");
  EXPECT_THAT(GuidedSteps(result), Contains("ACTIVATE_CERTIFICATE"));
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "active");
  EXPECT_THAT(browser_.pages(), Contains(HasSubstr("Kullanımda")));
  ExpectPressedOnly(stack_, {"activate:submit"});
}

TEST_P(GuidedMenu, WhereNothingIsToBeActivatedItIsLeftOut) {
  stack_.phone().Post("/control/certificate", {{"serial", kSerial}, {"state", "active"}});
  const Json result = PlayGoal("activate", [&](const Json& prompt) -> Json {
    if (prompt.value("step", "") != "ACTIVATE_CERTIFICATE") return {};
    browser_.browser().Press("Kullanıma Aç");
    EXPECT_TRUE(browser_.browser().Shows("Kullanıma açılacak sertifika bulunmamaktadır"));
    return {{"skip", true}};
  });
  ExpectGuidedSuccess(result);
  EXPECT_THAT(browser_.pages(), Contains(HasSubstr("Kullanımda")));
  ExpectPressedOnly(stack_, {});
}

TEST_P(GuidedMenu, ChangesPhoneAndMailAddress) {
  Holder& holder = person_.holder();
  const Json result = PlayGoal("update-info", [&](const Json& prompt) {
    if (prompt.value("step", "") == "UPDATE_INFO") {
      holder.phone = "5067654321";
      holder.email = "yeni@ornek.example";
    }
    return Json();
  });
  ExpectGuidedSuccess(result);
  ExpectClaimed(result, "info_updated", "update-info");
  EXPECT_EQ(HolderState(stack_).at("phone"), "5067654321");
  EXPECT_EQ(HolderState(stack_).at("email"), "yeni@ornek.example");
  ExpectPressedOnly(stack_, {"contact:submit"});
}

TEST_P(GuidedMenu, InfoThatIsRightIsLeftAsItIs) {
  const Json before = HolderState(stack_);
  const Json result = PlayGoal("update-info", [](const Json& prompt) {
    return prompt.value("step", "") == "UPDATE_INFO" ? Json{{"skip", true}} : Json();
  });
  ExpectGuidedSuccess(result);
  EXPECT_EQ(HolderState(stack_), before);
  EXPECT_THAT(result.value("sentence", ""), Not(HasSubstr("You said")));
  ExpectPressedOnly(stack_, {});
}

// The PUK is read off the page and typed, and the card proves it.
TEST_P(GuidedMenu, UnblocksWithThePukOfThePage) {
  BlockPin();
  const Json result = PlayGoal("unblock");
  ExpectUnblocked(result);
  EXPECT_THAT(GuidedSteps(result), Not(Contains("REQUEST_UNBLOCK")));
  ExpectPressedOnly(stack_, {});
}

TEST_P(GuidedMenu, UnblocksByCodeWhereThePortalsCopyIsGone) {
  stack_.phone().Post("/control/holder",
                      {{"national_id", person_.holder().national_id}, {"pin_info", false}});
  BlockPin();
  const Json result = PlayGoal("unblock");
  ExpectUnblocked(result);
  EXPECT_THAT(GuidedSteps(result), Contains("ENTER_UNBLOCK_CODE"));
  ExpectPressedOnly(stack_, {"unblock:submit"});
}

// No PUK is tried on a chip other than the one that the page named.
TEST_P(GuidedMenu, NoPukIsTriedOnAnotherChip) {
  BlockPin();
  bool was_other = false;
  const Json result = PlayGoal("unblock", [&](const Json& prompt) -> Json {
    if (prompt.at("kind") == "other_chip") {
      was_other = true;
      EXPECT_EQ(Commands(ChipCard(stack_), kUnblockCommand), 0);
      return {{"type_again", true}};
    }
    if (prompt.value("step", "") != "OPEN_PIN_PAGE") return {};
    // The second time the page is open already.
    if (was_other) return {{"done", true}, {"card_serial", browser_.serial()}};
    Json answer = browser_.Follow(prompt);
    answer["card_serial"] = "87211470000000000099";
    return answer;
  });
  EXPECT_TRUE(was_other);
  ExpectUnblocked(result);
}

// A page behind the menu that has changed is no dead end.
TEST_P(GuidedMenu, FromADrivenStepToTheHoldersBrowser) {
  stack_.phone().Post("/control/faults", {{"kind", "heading"},
                                          {"screen", "contact"},
                                          {"text", "İletişim Bilgileriniz"},
                                          {"times", 0}});
  Process cli = stack_.Journey({"--goal", "update-info", "--remembered"});
  const Json result = Play(cli, [&](const Json& prompt) -> Json {
    if (prompt.value("step", "") == "UPDATE_INFO") person_.holder().email = "yeni@ornek.example";
    if (prompt.at("kind") != "stopped") return {};
    EXPECT_EQ(prompt.at("reason"), "SCREEN_UNRECOGNISED");
    return {{"guided", true}};
  });
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_EQ(person_.Prompts("stopped"), 1);
  EXPECT_EQ(person_.Prompts("login"), 1);
  ExpectClaimed(result, "info_updated", "update-info");
  EXPECT_EQ(HolderState(stack_).at("email"), "yeni@ornek.example");
  ExpectPressedOnly(stack_, {"contact:submit"});
}

// What İlkimza did itself it may say.
TEST_P(GuidedMenu, AndBackToTheDrivenStep) {
  const Json result = PlayGoal("activate", [](const Json& prompt) {
    return prompt.value("step", "") == "ACTIVATE_CERTIFICATE" && prompt.at("kind") == "guided"
               ? Json{{"driven", true}}
               : Json();
  });
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_EQ(person_.Prompts("login"), 1);
  EXPECT_EQ(person_.Prompts("activation"), 1);
  EXPECT_TRUE(result.at("facts").at("certificate_activated"));
  EXPECT_THAT(GuidedSteps(result), IsEmpty());
  ExpectPressedOnly(stack_, {"activate:submit"});
}

// The serial is read off the card and off the page, and only then is it said what to press.
TEST_P(GuidedMenu, RevokesTheCardWhoseSerialWasTypedTwice) {
  Process cli = stack_.Journey({"--guided", "--goal", "revoke"});
  const Json result = Play(cli, [&](const Json& prompt) {
    if (prompt.at("kind") != "guided_revocation") return Json();
    browser_.Follow(prompt);
    EXPECT_NE(browser_.browser().text().find(kSerial), std::string::npos);
    EXPECT_NE(PortalCard(stack_).at("certificate"), "revoked");
    return Json{{"consequences_understood", true},
                {"card_serial", kSerial},
                {"card_serial_again", kSerial}};
  });
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_EQ(person_.Prompts("guided_revocation"), 1);
  // What was done in the holder's own browser is theirs to say, and is told as that.
  EXPECT_FALSE(result.at("facts").at("certificate_revoked"));
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "revoked");
}

// "Done" to everything, and nothing was asked of the portal.
TEST_P(GuidedMenu, SayingThatItIsDoneRevokesNothing) {
  Process cli = stack_.Journey({"--guided", "--goal", "revoke", "--remembered"});
  const Json result = person_.Play(cli, {.answer = [&](const Json& prompt) -> Json {
                                     if (prompt.at("kind") == "guided") return {{"done", true}};
                                     if (prompt.at("kind") != "guided_revocation") return Json();
                                     return {{"consequences_understood", true},
                                             {"card_serial", kSerial},
                                             {"card_serial_again", kSerial}};
                                   }});
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_EQ(stack_.State().at("requests").size(), 0U);
  EXPECT_NE(PortalCard(stack_).at("certificate"), "revoked");
  EXPECT_FALSE(result.at("facts").at("certificate_revoked"));
  EXPECT_THAT(result.value("sentence", ""), HasSubstr("You said"));
  EXPECT_THAT(result.value("next", ""), HasSubstr("--goal list-certificates"));
}

INSTANTIATE_TEST_SUITE_P(Portals, GuidedMenu, ::testing::ValuesIn(kPairwisePortals), PortalName);

// ---- Policy ----

// What is allowed depends on no page: a portal of each host is enough.
constexpr Portal kPortals[] = {{"agent", "html5", "utf-8"}, {"server", "tables", "iso-8859-9"}};

// Each answer that a prompt takes, by its first field.
std::vector<std::string> AnswersOf(const Json& prompt) {
  std::vector<std::string> answers;
  for (const Json& form : prompt.at("answers")) answers.push_back(form.at(0));
  return answers;
}

class GuidedByPolicy : public GuidedAtEachPortal {
 protected:
  using GuidedAtEachPortal::GuidedAtEachPortal;

  // From another terminal, while the journey is under way.
  void ExpectRefused(const std::string& way) {
    const Finished told = stack_.RunCli({"--output", "json", "journey", "retry", "--way", way});
    EXPECT_EQ(told.exit_code, 77);
    EXPECT_THAT(told.output, HasSubstr("WAY_SWITCHED_OFF"));
  }
};

class GuidedAlways : public GuidedByPolicy {
 protected:
  GuidedAlways() : GuidedByPolicy("guided = \"always\"\n") {}
};

TEST_P(GuidedAlways, NobodyAsksForItAndTheWholeJourneyIsGuided) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result = Play(cli, [](const Json& prompt) {
    EXPECT_THAT(AnswersOf(prompt), Not(Contains("driven")));
    return Json();
  });
  ExpectSuccess(result);
  EXPECT_EQ(GuidedSteps(result).size(), 12U);
  EXPECT_EQ(person_.Prompts("login"), 0);
}

// The holder does nothing, so every request would be a program's.
TEST_P(GuidedAlways, NoProgramTouchesThePortal) {
  Process cli = stack_.Journey({"--goal", "list-certificates", "--remembered"});
  bool was_asked = false;
  const Json result = Play(cli, [&](const Json&) {
    if (!std::exchange(was_asked, true)) ExpectRefused("driven");
    return Json{{"done", true}};
  });
  EXPECT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  EXPECT_TRUE(was_asked);
  EXPECT_THAT(stack_.State().at("requests"), IsEmpty());
}

TEST_P(GuidedAlways, AStopOffersNoProgramEither) {
  Process cli = stack_.Journey({"--goal", "list-certificates", "--remembered"});
  Json stopped = Json::object();
  const Json result = Play(cli, [&](const Json& prompt) -> Json {
    if (prompt.at("kind") == "stopped") {
      stopped = prompt;
      ExpectRefused("driven");
      return {{"retry", true}};
    }
    if (stopped.empty()) return {{"not_possible", true}};
    return {};
  });
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
  ASSERT_EQ(stopped.value("reason", ""), "GUIDED_NOT_POSSIBLE");
  EXPECT_THAT(stopped.at("ways_on"), Not(IsEmpty()));
  EXPECT_THAT(stopped.at("ways_on"), Not(Contains("DRIVEN")));
  EXPECT_THAT(AnswersOf(stopped), Not(Contains("driven")));
}

INSTANTIATE_TEST_SUITE_P(Portals, GuidedAlways, ::testing::ValuesIn(kPortals), PortalName);

class GuidedNever : public GuidedByPolicy {
 protected:
  GuidedNever() : GuidedByPolicy("guided = \"never\"\n") {}
};

TEST_P(GuidedNever, IsRefusedFromTheBeginning) {
  Process cli = stack_.Journey({"--guided", "--remembered"});
  const Json result = Play(cli);
  EXPECT_EQ(result.value("outcome", ""), "ERROR") << Tail(person_);
  EXPECT_EQ(result.value("reason", ""), "WAY_SWITCHED_OFF");
  EXPECT_EQ(cli.Wait(std::chrono::seconds(5)), 77);
  EXPECT_THAT(stack_.State().at("requests"), IsEmpty());
}

// A changed page stops; what is left is told, and the same journey goes on once it is mended.
TEST_P(GuidedNever, IsNotOfferedWhereAPageHasChanged) {
  stack_.phone().Post("/control/faults", {{"kind", "heading"},
                                          {"screen", "sms_confirm"},
                                          {"text", "Telefon Doğrulama"},
                                          {"times", 0}});
  Process cli = stack_.Journey({"--remembered"});
  Json stopped = Json::object();
  const Json result = Play(cli, [&](const Json& prompt) -> Json {
    EXPECT_NE(prompt.at("kind"), "guided");
    if (prompt.at("kind") != "stopped") return {};
    stopped = prompt;
    ExpectRefused("guided");
    stack_.phone().Post("/control/faults/clear", Json::object());
    return {{"retry", true}};
  });
  ExpectSuccess(result);
  ASSERT_EQ(stopped.value("reason", ""), "SCREEN_UNRECOGNISED");
  EXPECT_THAT(stopped.at("ways_on"), Contains("RETRY"));
  EXPECT_THAT(stopped.at("ways_on"), Not(Contains("GUIDED")));
  EXPECT_THAT(AnswersOf(stopped), Not(Contains("guided")));
  EXPECT_THAT(GuidedSteps(result), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Portals, GuidedNever, ::testing::ValuesIn(kPortals), PortalName);

}  // namespace
}  // namespace ilkimza::testing
