// The portal's rules behind its menu: wrong and old codes, and sessions that end before
// something is done. The right reason is shown, nothing is done twice, and the journey
// goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "tests/e2e/menu.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::Contains;

bool AsksForUnblockCode(const Json& prompt) {
  return prompt.at("kind") == "sms_code" && prompt.value("step", "") == "ENTER_UNBLOCK_CODE";
}

class MenuCodes : public MenuAtEachPortal {
 protected:
  // The PIN is blocked, and the PIN page has no PUK any more.
  MenuCodes() {
    stack_.phone().Post("/control/holder",
                        {{"national_id", person_.holder().national_id}, {"pin_info", false}});
    stack_.phone().Post("/control/cards",
                        {{"serial", kSerial}, {"action", "pin_tries"}, {"tries", 0}});
  }
  // Answers so many prompts for the code with this, and the later ones with the right one;
  // a negative number: all of them.
  std::function<Json(const Json&)> Codes(int times, std::function<std::string()> code) {
    return [times, code = std::move(code)](const Json& prompt) mutable {
      if (!AsksForUnblockCode(prompt) || times == 0) return Json();
      --times;
      return Json{{"code", code()}};
    };
  }
  void ExpectUnblocked(const Json& result) {
    ExpectSuccess(result);
    const Json chip = ChipCard(stack_);
    EXPECT_EQ(chip.at("pin"), person_.holder().own_pin);
    EXPECT_EQ(chip.at("pin_tries"), 3);
    EXPECT_EQ(chip.at("puk_tries"), 3);
  }
};

TEST_P(MenuCodes, AWrongCodeIsAskedAgain) {
  ExpectUnblocked(Play("unblock", {.answer = Codes(1, [] { return "000000"; })}));
  EXPECT_THAT(person_.Reasons(), Contains("WRONG_SMS_CODE"));
  EXPECT_EQ(person_.Prompts("login"), 1);
  ExpectPressedOnly({"unblock:submit"});
}

// In the same session: nobody logs in again for it.
TEST_P(MenuCodes, AnExpiredCodeIsAskedForOnceMore) {
  const Json result = Play("unblock", {.answer = Codes(1, [&] {
                                         const std::string code = person_.AwaitSms();
                                         stack_.phone().Post("/control/expire", {{"what", "sms"}});
                                         return code;
                                       })});
  ExpectUnblocked(result);
  EXPECT_THAT(person_.Reasons(), Contains("SMS_CODE_EXPIRED"));
  EXPECT_EQ(person_.Prompts("unblock_request"), 2);
  EXPECT_EQ(person_.Prompts("login"), 1);
  EXPECT_EQ(Pressed(stack_, "unblock:submit"), 2);
}

// The portal ends the session: log in, and another code.
TEST_P(MenuCodes, TooManyWrongCodesForThePortalLeadBackToTheLogin) {
  stack_.phone().Post("/control/rules", {{"sms_tries", 2}});
  ExpectUnblocked(Play("unblock", {.answer = Codes(2, [] { return "000000"; })}));
  EXPECT_THAT(person_.Reasons(), Contains("WRONG_SMS_CODE"));
  EXPECT_EQ(person_.Prompts("login"), 2);
  EXPECT_EQ(person_.Prompts("unblock_request"), 2);
}

// Before the portal ends the session; the same command goes on.
TEST_P(MenuCodes, TooManyWrongCodesStopAndTheJourneyGoesOn) {
  const Json stopped = Play("unblock", {.answer = Codes(-1, [] { return "000000"; })});
  EXPECT_EQ(stopped.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(stopped.value("reason", ""), "ATTEMPTS_EXHAUSTED");
  EXPECT_THAT(stopped.at("ways_on"), Contains("RETRY"));
  EXPECT_EQ(ChipCard(stack_).at("puk_tries"), 3);
  person_.holder().retries = true;
  const Json result = Play("unblock");
  ExpectUnblocked(result);
  EXPECT_EQ(result.at("journey"), stopped.at("journey"));
}

TEST_P(MenuCodes, ASessionThatEndsBeforeTheCodeLogsInAgain) {
  const Json result =
      Play("unblock", {.answer = Codes(1, [&] {
                         const std::string code = person_.AwaitSms();
                         stack_.phone().Post("/control/expire", {{"what", "session"}});
                         return code;
                       })});
  ExpectUnblocked(result);
  EXPECT_EQ(person_.Prompts("login"), 2);
  EXPECT_EQ(person_.Prompts("unblock_request"), 2);
}

INSTANTIATE_TEST_SUITE_P(Portals, MenuCodes, ::testing::ValuesIn(kPairwisePortals), PortalName);

class MenuSessions : public MenuAtEachPortal {
 protected:
  // The session ends when this kind is asked for the first time; `answer`: given each time.
  Json PlayAndEndAt(const std::string& goal, const std::string& kind, const Json& answer) {
    return Play(goal, {.answer = [&, asked = 0](const Json& prompt) mutable -> Json {
                  if (prompt.at("kind") != kind) return Json();
                  if (++asked == 1) {
                    stack_.phone().Post("/control/expire", {{"what", "session"}});
                  }
                  return answer;
                }});
  }
  // Until the portal has been asked for it.
  bool AwaitRequest(const std::string& request) const {
    for (int i = 0; i < 400; ++i) {
      if (stack_.State().at("requests").contains(request)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    return false;
  }
  void ExpectLoggedInAgain(const Json& result) const {
    ExpectSuccess(result);
    EXPECT_EQ(person_.Prompts("login"), 2);
    EXPECT_EQ(person_.Prompts("sms_code"), 2);
  }
};

TEST_P(MenuSessions, EndedBeforeTheActivation) {
  const Json result = PlayAndEndAt("activate", "activation", {{"activate", true}});
  ExpectLoggedInAgain(result);
  EXPECT_TRUE(result.at("facts").at("certificate_activated"));
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "active");
  ExpectPressedOnly({"activate:submit"});
}

TEST_P(MenuSessions, EndedBeforeTheInfoWasSaved) {
  const Json result = PlayAndEndAt("update-info", "info", {{"email", "yeni@ornek.example"}});
  ExpectLoggedInAgain(result);
  EXPECT_TRUE(result.at("facts").at("info_updated"));
  EXPECT_EQ(HolderState(stack_).at("email"), "yeni@ornek.example");
  ExpectPressedOnly({"contact:submit"});
}

// What was agreed to in the session before is asked again.
TEST_P(MenuSessions, EndedBeforeTheRevocation) {
  const Json result = PlayAndEndAt("revoke", "revocation",
                                   {{"card_serial", kSerial}, {"consequences_understood", true}});
  ExpectLoggedInAgain(result);
  EXPECT_EQ(person_.Prompts("revocation"), 2);
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "revoked");
  EXPECT_EQ(Pressed(stack_, "revoke_confirm:submit"), 1);
}

// No question is asked between the code and the list: the portal takes its time for it,
// and the session ends meanwhile.
TEST_P(MenuSessions, EndedBeforeTheList) {
  stack_.phone().Post("/control/faults",
                      {{"kind", "slow"}, {"screen", "certificates"}, {"ms", 2500}});
  bool ended = false;
  const Json result = Play("list-certificates", {.see = [&](const Json& line) {
                             const bool begins = line.value("type", "") == "step" &&
                                                 line.value("step", "") == "LIST_CERTIFICATES";
                             if (ended || !begins) return;
                             ended = AwaitRequest("GET certificates");
                             stack_.phone().Post("/control/expire", {{"what", "session"}});
                           }});
  EXPECT_TRUE(ended);
  ExpectLoggedInAgain(result);
  EXPECT_EQ(Prompt("certificates").at("certificates").at(0).at("card_serial"), kSerial);
  ExpectPressedOnly({});
}

INSTANTIATE_TEST_SUITE_P(Portals, MenuSessions, ::testing::ValuesIn(kPairwisePortals), PortalName);

}  // namespace
}  // namespace ilkimza::testing
