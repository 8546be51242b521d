// Every rule the portal enforces and every fault it can have: the right reason is
// shown, no try is spent, nothing is lost, and the journey goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <tuple>

#include "tests/e2e/portals.h"
#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;

// Gives `wrong` to the first prompt of `kind`, and the right answer afterwards.
std::function<Json(const Json&)> OnceTo(const std::string& kind,
                                        std::function<Json(const Json&)> wrong) {
  return [kind, wrong, given = false](const Json& prompt) mutable {
    if (given || prompt.at("kind") != kind) return Json();
    given = true;
    return wrong(prompt);
  };
}

// What each prompt of `kind` said of `field`.
std::vector<Json> Told(const Person& person, const std::string& kind, const std::string& field) {
  std::vector<Json> told;
  for (const Json& line : person.lines()) {
    const bool is_prompt = line.value("type", "") == "prompt";
    if (is_prompt && line.value("kind", "") == kind) told.push_back(line.value(field, Json()));
  }
  return told;
}

class Rules : public ::testing::TestWithParam<Portal> {
 protected:
  Json Login(const Json& prompt) {
    const Holder& holder = person_.holder();
    return {{"national_id", holder.national_id},
            {"captcha", person_.ReadCaptcha(prompt)},
            {"security_word", holder.security_word}};
  }
  void ExpectSuccess(const Json& result) {
    ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
    EXPECT_EQ(ChipCard(stack_).at("pin"), person_.holder().own_pin);
  }

  Stack stack_{OptionsOf(GetParam())};
  Person person_{stack_.FirstHolder(), stack_.phone()};
};

TEST_P(Rules, AWrongCaptchaIsAskedAgain) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("login", [&](const Json& prompt) {
                                           Json answer = Login(prompt);
                                           answer["captcha"] = "xxxxx";
                                           return answer;
                                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("WRONG_CAPTCHA"));
  EXPECT_EQ(HolderState(stack_).at("wrong_words"), 0);
}

TEST_P(Rules, AWrongWordIsAskedAgainAndTheHolderIsToldHowManyAreLeft) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("login", [&](const Json& prompt) {
                                           Json answer = Login(prompt);
                                           answer["security_word"] = "Yanlis1Soz";
                                           return answer;
                                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("WRONG_CREDENTIALS"));
  EXPECT_THAT(Told(person_, "login", "attempts_left"), ElementsAre(3, 2));
}

TEST_P(Rules, ThreeWrongWordsStopBeforeThePortalLocks) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = [&](const Json& prompt) {
                                     if (prompt.at("kind") != "login") return Json();
                                     Json answer = Login(prompt);
                                     answer["security_word"] = "Yanlis1Soz";
                                     return answer;
                                   }});
  EXPECT_EQ(result.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(result.value("reason", ""), "ATTEMPTS_EXHAUSTED");
  EXPECT_EQ(cli.Wait(std::chrono::seconds(5)), 10);
  EXPECT_EQ(HolderState(stack_).at("wrong_words"), 3);
  EXPECT_FALSE(HolderState(stack_).at("locked"));
}

TEST_P(Rules, ALockedAccountStopsAndSaysSo) {
  stack_.phone().Post("/control/holder",
                      {{"national_id", person_.holder().national_id}, {"locked", true}});
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli);
  EXPECT_EQ(result.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(result.value("reason", ""), "LOCKED_OUT");
}

TEST_P(Rules, ANationalIdWithWrongCheckDigitsNeverReachesThePortal) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(
      cli, {.answer = OnceTo("login",
                             [&](const Json& prompt) {
                               Json answer = Login(prompt);
                               answer["national_id"] = "10000000147";
                               return answer;
                             }),
            .see = [&, answered = false](const Json& line) mutable {
              // The prompt stays open after a refusal: answer it again.
              if (line.value("type", "") != "error" || answered) return;
              answered = true;
              EXPECT_EQ(line.value("reason", ""), "BAD_NATIONAL_ID");
              EXPECT_EQ(Pressed(stack_, "login:submit"), 0);
              Json answer =
                  Login(*std::find_if(person_.lines().rbegin(), person_.lines().rend(),
                                      [](const Json& l) { return l.contains("captcha"); }));
              answer["id"] = line.at("id");
              cli.WriteLine(answer.dump());
            }});
  ExpectSuccess(result);
}

TEST_P(Rules, AForgottenWordNoticedAtTheLoginIsReset) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("login", [](const Json&) {
                                           return Json{{"word_forgotten", true}};
                                         })});
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("word_reset"), 1);
}

TEST_P(Rules, AWrongSmsCodeIsAskedAgain) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("sms_code", [](const Json&) {
                                           return Json{{"code", "000000"}};
                                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("WRONG_SMS_CODE"));
}

TEST_P(Rules, AnExpiredSmsCodeLeadsBackToTheLogin) {
  Process cli = stack_.Journey();
  const Json result =
      person_.Play(cli, {.answer = OnceTo("sms_code", [&](const Json&) {
                           const std::string code = person_.AwaitSms();
                           stack_.phone().Post("/control/expire", {{"what", "sms"}});
                           return Json{{"code", code}};
                         })});
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("login"), 2);
}

TEST_P(Rules, AWrongPhoneNumberStopsTheJourney) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("phone", [](const Json&) {
                                           return Json{{"correct", false}};
                                         })});
  EXPECT_EQ(result.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(result.value("reason", ""), "WRONG_PHONE");
  EXPECT_THAT(stack_.phone().Get("/api/sms?phone=" + person_.holder().phone), ::testing::IsEmpty());
}

TEST_P(Rules, AForeignMailLinkIsNotOpened) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("mail_link", [](const Json&) {
                                           return Json{{"link", "https://example.org/reset?t=1"}};
                                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("MAIL_LINK_FOREIGN"));
  EXPECT_EQ(stack_.State().at("offsite_visits"), 0);
}

TEST_P(Rules, AnExpiredMailLinkLeadsToAnotherOne) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result =
      person_.Play(cli, {.answer = OnceTo("mail_link", [&](const Json&) {
                           const std::string link = person_.AwaitMailLink();
                           stack_.phone().Post("/control/expire", {{"what", "link"}});
                           return Json{{"link", link}};
                         })});
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("word_reset"), 2);
}

TEST_P(Rules, AShortWordIsAskedAgain) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result =
      person_.Play(cli, {.answer = OnceTo("new_security_word", [](const Json&) {
                           return Json{{"security_word", "a1"}, {"security_word_again", "a1"}};
                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("WORD_TOO_SHORT"));
}

TEST_P(Rules, AUsedMailLinkLeadsToAnotherOne) {
  std::string link;
  Process reset = stack_.Journey({"--goal", "reset-word"});
  const Json was_reset = person_.Play(reset, {.answer = OnceTo("mail_link", [&](const Json&) {
                                                link = person_.AwaitMailLink();
                                                return Json{{"link", link}};
                                              })});
  ASSERT_EQ(was_reset.value("outcome", ""), "SUCCEEDED") << Tail(person_);

  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("mail_link", [&](const Json&) {
                                           person_.AwaitMailLink();
                                           return Json{{"link", link}};
                                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("MAIL_LINK_USED"));
  EXPECT_EQ(person_.Prompts("word_reset"), 3);
}

TEST_P(Rules, UnequalWordsAreAskedAgain) {
  person_.holder().word_forgotten = true;
  Process cli = stack_.Journey();
  const Json result = person_.Play(
      cli, {.answer = OnceTo("new_security_word", [](const Json&) {
              return Json{{"security_word", "Deniz7Mavi"}, {"security_word_again", "Deniz8Mavi"}};
            })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("WORDS_DIFFER"));
}

TEST_P(Rules, AnExpiredSessionLogsInAgain) {
  Process cli = stack_.Journey();
  const Json result =
      person_.Play(cli, {.answer = OnceTo("deletion", [&](const Json&) {
                           stack_.phone().Post("/control/expire", {{"what", "session"}});
                           return Json{{"delete", true}};
                         })});
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("login"), 2);
  // What was established stays: the PIN is not asked for again.
  EXPECT_EQ(person_.Prompts("prove_pin"), 1);
  EXPECT_EQ(PortalCard(stack_).at("pin_info"), false);
}

TEST_P(Rules, PinInformationThatIsGoneStopsWithTheReason) {
  stack_.phone().Post("/control/holder",
                      {{"national_id", person_.holder().national_id}, {"pin_info", false}});
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli);
  EXPECT_EQ(result.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(result.value("reason", ""), "PIN_INFO_DELETED");
}

TEST_P(Rules, MaintenanceIsWaitedOutAtNoCost) {
  stack_.phone().Post("/control/maintenance", {{"on", true}});
  Process cli = stack_.Journey();
  const Json result =
      person_.Play(cli, {.see = [&](const Json& line) {
                     if (line.value("type", "") == "wait" && line.value("for", "") == "portal") {
                       stack_.phone().Post("/control/maintenance", {{"on", false}});
                     }
                   }});
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("login"), 1);
}

TEST_P(Rules, AWrongPinSpendsOneTryAndSaysWhatIsLeft) {
  Process cli = stack_.Journey();
  const Json result = person_.Play(cli, {.answer = OnceTo("prove_pin", [](const Json&) {
                                           return Json{{"pin", "111222"}};
                                         })});
  ExpectSuccess(result);
  EXPECT_THAT(person_.Reasons(), Contains("WRONG_PIN"));
  EXPECT_THAT(Told(person_, "prove_pin", "tries_left"), ElementsAre("ALL", "SOME"));
  Json told;
  for (const Json& line : person_.lines()) {
    if (line.value("reason", "") == "WRONG_PIN" && line.contains("tries_left")) told = line;
  }
  EXPECT_EQ(told.value("tries_left", 0), 2);
  // One more than a journey without a mistake.
  EXPECT_EQ(Commands(ChipCard(stack_), kVerifyCommand), 3);
}

TEST_P(Rules, AnotherCardIsNeverTried) {
  stack_.phone().Post("/control/cards", {{"serial", "87211470000000000000"}, {"action", "remove"}});
  stack_.phone().Post("/control/cards", {{"serial", "87211470000000000033"}, {"action", "insert"}});
  Process cli = stack_.Journey();
  const Json result = person_.Play(
      cli, {.see = [&, changed = false](const Json& line) mutable {
        if (changed || line.value("reason", "") != "SERIAL_MISMATCH") return;
        changed = true;
        const Json others = stack_.phone().Get("/control/cards").at("87211470000000000033");
        EXPECT_EQ(others.at("pin_tries"), 3);
        EXPECT_EQ(Commands(others, kVerifyCommand), 0);
        stack_.phone().Post("/control/cards",
                            {{"serial", "87211470000000000033"}, {"action", "remove"}});
        // As long as hands need: the virtual reader throws out a card that comes while it
        // still works on the one before.
        std::this_thread::sleep_for(std::chrono::seconds(1));
        stack_.phone().Post("/control/cards",
                            {{"serial", "87211470000000000000"}, {"action", "insert"}});
      }});
  ExpectSuccess(result);
}

INSTANTIATE_TEST_SUITE_P(Portals, Rules, ::testing::ValuesIn(kPairwisePortals), PortalName);

struct FaultCase {
  const char* name;
  Json fault;
  const char* reason;
};

class Faults : public ::testing::TestWithParam<std::tuple<Portal, FaultCase>> {};

// A fault on the way stops the journey with its reason, or is waited out; after it
// has gone the same journey completes.
TEST_P(Faults, EndsInAReasonAndNothingIsLost) {
  const auto& [portal, param] = GetParam();
  Stack stack(OptionsOf(portal));
  stack.phone().Post("/control/faults", param.fault);
  Person person(stack.FirstHolder(), stack.phone());
  person.holder().retries = true;
  Process cli = stack.Journey();
  std::vector<std::string> reasons;
  const Json result = person.Play(cli, {.see = [&](const Json& line) {
                                    const std::string type = line.value("type", "");
                                    const bool stopped =
                                        type == "prompt" && line.value("kind", "") == "stopped";
                                    if (type != "wait" && !stopped) return;
                                    reasons.push_back(line.value("reason", ""));
                                    if (reasons.back() == std::get<1>(GetParam()).reason)
                                      stack.phone().Post("/control/faults/clear", Json::object());
                                  }});
  EXPECT_THAT(reasons, Contains(param.reason));
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(ChipCard(stack).at("pin_tries"), 3);
  EXPECT_EQ(HolderState(stack).at("wrong_words"), 0);
  EXPECT_EQ(Pressed(stack, "menu:go:revoke"), 0);
  EXPECT_EQ(stack.State().at("offsite_visits"), 0);
}

Json At(const char* kind, const char* screen, Json more = Json::object()) {
  more["kind"] = kind;
  more["screen"] = screen;
  more["times"] = 0;
  return more;
}

INSTANTIATE_TEST_SUITE_P(
    Portals, Faults,
    ::testing::Combine(
        ::testing::ValuesIn(kPairwisePortals),
        ::testing::Values(
            FaultCase{"reset", At("reset", "login"), "PORTAL_UNREACHABLE"},
            FaultCase{"error_500", At("500", "verify"), "PORTAL_UNREACHABLE"},
            FaultCase{"maintenance_503", At("503", "login"), "PORTAL_MAINTENANCE"},
            FaultCase{"redirect_loop", At("redirect_loop", "verify"), "TOO_MANY_REDIRECTS"},
            FaultCase{"offsite_redirect", At("offsite", "login"), "OFF_SITE"},
            FaultCase{"plain_http_redirect", At("offsite", "login", {{"to", "http"}}), "OFF_SITE"},
            FaultCase{"changed_heading", At("heading", "pin", {{"text", "Duyurular"}}),
                      "SCREEN_UNRECOGNISED"},
            FaultCase{"huge_page", At("huge", "login"), "PAGE_TOO_LARGE"},
            FaultCase{"gzip_bomb", At("gzip_bomb", "login"), "PAGE_TOO_LARGE"},
            FaultCase{"bad_bytes", At("bad_bytes", "login"), "PAGE_UNREADABLE"},
            FaultCase{"wrong_type", At("wrong_type", "login"), "PAGE_UNREADABLE"},
            FaultCase{"lost_answer", At("lost", "login", {{"method", "POST"}}),
                      "SUBMISSION_UNKNOWN"})),
    [](const auto& variant) {
      return NameOf(std::get<0>(variant.param)) + "_" + std::get<1>(variant.param).name;
    });

class MildFaults : public ::testing::TestWithParam<Portal> {};

TEST_P(MildFaults, ASlowPortalIsWaitedFor) {
  Stack stack(OptionsOf(GetParam()));
  stack.phone().Post("/control/faults", {{"kind", "slow"}, {"times", 0}, {"ms", 300}});
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey();
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_THAT(person.Reasons(), ::testing::IsEmpty());
}

// A button is known by what a person reads on it, wherever it stands.
TEST_P(MildFaults, AButtonWhereAnotherStoodIsNotPressedForIt) {
  Stack stack(OptionsOf(GetParam()));
  stack.phone().Post("/control/faults", {{"kind", "swap_buttons"},
                                         {"screen", "menu"},
                                         {"times", 0},
                                         {"from", "PIN/PUK Bilgisi"},
                                         {"to", "Sertifikamı İptal Et"}});
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey();
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(Pressed(stack, "menu:go:revoke"), 0);
  EXPECT_EQ(PortalCard(stack).at("certificate"), "not_activated");
}

INSTANTIATE_TEST_SUITE_P(Portals, MildFaults, ::testing::ValuesIn(kPairwisePortals), PortalName);

}  // namespace
}  // namespace ilkimza::testing
