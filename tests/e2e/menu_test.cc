// Each operation of the portal's menu end to end: both portal hosts, every page style.
#include "tests/e2e/menu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::Values;

class Menu : public MenuAtEachPortal {};

TEST_P(Menu, ListsTheCertificatesOfPortalAndChip) {
  ExpectSuccess(Play("list-certificates"));
  const Json prompt = Prompt("certificates");
  ASSERT_FALSE(prompt.at("certificates").empty()) << prompt.dump();
  const Json& row = prompt.at("certificates").at(0);
  EXPECT_EQ(row.at("card_serial"), kSerial);
  EXPECT_EQ(row.at("place"), "SAME") << prompt.dump();
  EXPECT_EQ(row.at("standing"), "NOT_ACTIVATED");
  EXPECT_EQ(prompt.at("chips").at(0).at("card_serial"), kSerial);
  EXPECT_EQ(Commands(ChipCard(stack_), kVerifyCommand), 0);
  ExpectPressedOnly({});
}

TEST_P(Menu, WhatThePortalRevokedOrTheChipHasNot) {
  stack_.phone().Post("/control/certificate",
                      {{"serial", kSerial}, {"state", "revoked"}, {"number", "ABCDEF0123456789"}});
  ExpectSuccess(Play("list-certificates"));
  const Json rows = Prompt("certificates").at("certificates");
  ASSERT_GE(rows.size(), 2U) << rows.dump();
  EXPECT_EQ(rows[0].at("place"), "PORTAL_ONLY");
  EXPECT_EQ(rows[0].at("standing"), "REVOKED");
  EXPECT_EQ(rows[1].at("place"), "CHIP_ONLY");
}

TEST_P(Menu, ActivatesAndListsAfterwards) {
  const Json result = Play("activate");
  ExpectSuccess(result);
  EXPECT_TRUE(result.at("facts").at("certificate_activated"));
  EXPECT_EQ(Prompt("certificates").at("certificates").at(0).at("standing"), "VALID");
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "active");
  ExpectPressedOnly({"activate:submit"});
}

TEST_P(Menu, NothingToActivateIsNoError) {
  stack_.phone().Post("/control/certificate", {{"serial", kSerial}, {"state", "active"}});
  const Json result = Play("activate");
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("activation"), 0);
  EXPECT_EQ(person_.Prompts("certificates"), 1);
  ExpectPressedOnly({});
}

TEST_P(Menu, ChangesTheMailAddressAndKeepsThePhone) {
  int asked = 0;
  const Json result = Play("update-info", {.answer = [&](const Json& prompt) -> Json {
                             if (prompt.at("kind") != "info") return Json();
                             // Too short for the portal; what is not given then is as the portal
                             // has it.
                             if (++asked == 1) return {{"phone", "123 45 67"}};
                             return {{"email", "yeni@ornek.example"}};
                           }});
  ExpectSuccess(result);
  EXPECT_TRUE(result.at("facts").at("info_updated"));
  EXPECT_EQ(asked, 2);
  EXPECT_THAT(person_.Reasons(), ::testing::Contains("BAD_CONTACT_INFO"));
  EXPECT_EQ(HolderState(stack_).at("email"), "yeni@ornek.example");
  EXPECT_EQ(HolderState(stack_).at("phone"), person_.holder().phone);
  ExpectServerKnowsNone(result, {person_.holder().phone, "yeni@ornek.example"});
}

// The next SMS comes to the new one, as the portal's form takes it from the holder.
TEST_P(Menu, ChangesThePhoneAndTheNextCodeComesToIt) {
  const std::string old_phone = person_.holder().phone;
  const std::string email = person_.holder().email;
  const Json result = Play("update-info", {.answer = [&](const Json& prompt) -> Json {
                             if (prompt.at("kind") != "info") return Json();
                             return {{"phone", "0506 765 43 21"}};
                           }});
  ExpectSuccess(result);
  EXPECT_TRUE(result.at("facts").at("info_updated"));
  EXPECT_EQ(HolderState(stack_).at("phone"), "5067654321");
  EXPECT_EQ(HolderState(stack_).at("email"), email);
  ExpectPressedOnly({"contact:submit"});
  ExpectServerKnowsNone(result, {old_phone, "5067654321", "0506 765 43 21", email});

  person_.holder().phone = "5067654321";
  ExpectSuccess(Play("list-certificates"));
  EXPECT_EQ(stack_.phone().Get("/api/sms?phone=5067654321").size(), 1U);
  EXPECT_EQ(stack_.phone().Get("/api/sms?phone=" + old_phone).size(), 1U);
}

TEST_P(Menu, UnblocksWithThePukOfThePage) {
  stack_.phone().Post("/control/cards",
                      {{"serial", kSerial}, {"action", "pin_tries"}, {"tries", 0}});
  const Json result = Play("unblock");
  ExpectSuccess(result);
  EXPECT_EQ(Prompt("unblock_pin").at("tries_left"), "NONE");
  const Json chip = ChipCard(stack_);
  EXPECT_EQ(chip.at("pin"), person_.holder().own_pin);
  EXPECT_EQ(chip.at("pin_tries"), 3);
  EXPECT_EQ(chip.at("puk_tries"), 3);
  EXPECT_EQ(person_.Prompts("unblock_request"), 0);
  EXPECT_TRUE(result.at("facts").at("test_signature_made"));
  ExpectPressedOnly({});
}

TEST_P(Menu, UnblocksByCodeWhereThePortalsCopyIsGone) {
  stack_.phone().Post("/control/holder",
                      {{"national_id", person_.holder().national_id}, {"pin_info", false}});
  stack_.phone().Post("/control/cards",
                      {{"serial", kSerial}, {"action", "pin_tries"}, {"tries", 0}});
  const Json result = Play("unblock");
  ExpectSuccess(result);
  EXPECT_EQ(person_.Prompts("unblock_request"), 1);
  EXPECT_EQ(person_.Prompts("sms_code"), 2);
  EXPECT_EQ(ChipCard(stack_).at("pin"), person_.holder().own_pin);
  EXPECT_EQ(ChipCard(stack_).at("puk_tries"), 3);
  ExpectPressedOnly({"unblock:submit"});
}

// Nothing is tried on it; and the holder may mean it.
TEST_P(Menu, AnotherChipIsNeverUnblocked) {
  constexpr char kOther[] = "87211470000000000033";
  stack_.phone().Post("/control/cards", {{"serial", kSerial}, {"action", "remove"}});
  stack_.phone().Post("/control/cards", {{"serial", kOther}, {"action", "insert"}});
  bool by_code = false;
  bool changed = false;
  const Json result = Play(
      "unblock",
      {.answer = [&](const Json& prompt) -> Json {
         if (prompt.at("kind") != "other_chip") return Json();
         EXPECT_EQ(prompt.at("card_serials"), Json({kSerial}));
         EXPECT_EQ(prompt.at("chips").at(0).at("card_serial"), kOther);
         by_code = true;
         return {{"by_code", true}};
       },
       .see =
           [&](const Json& line) {
             const bool mismatch =
                 line.value("type", "") == "wait" && line.value("reason", "") == "SERIAL_MISMATCH";
             if (!mismatch || changed) return;
             changed = true;
             const Json other = stack_.phone().Get("/control/cards").at(kOther);
             EXPECT_EQ(other.at("puk_tries"), 3);
             EXPECT_EQ(other.at("pin_tries"), 3);
             stack_.phone().Post("/control/cards", {{"serial", kOther}, {"action", "remove"}});
             stack_.phone().Post("/control/cards", {{"serial", kSerial}, {"action", "insert"}});
           }});
  ExpectSuccess(result);
  EXPECT_TRUE(by_code);
  EXPECT_TRUE(changed);
  EXPECT_EQ(ChipCard(stack_).at("pin"), person_.holder().own_pin);
}

TEST_P(Menu, RevokesOnlyTheCardWhoseSerialIsTyped) {
  const Json result = Play("revoke", {.answer = [&](const Json& prompt) -> Json {
                             if (prompt.at("kind") != "revocation") return Json();
                             EXPECT_EQ(prompt.at("card_serials"), Json({kSerial}));
                             return {{"card_serial", kSerial}, {"consequences_understood", true}};
                           }});
  ExpectSuccess(result);
  EXPECT_TRUE(result.at("facts").at("certificate_revoked"));
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "revoked");
  ExpectPressedOnly({"revoke:delete:1", "revoke_confirm:submit"});
}

TEST_P(Menu, RevokesNothingWhereTheHolderKeepsIt) {
  const Json result = Play("revoke");
  ExpectSuccess(result);
  EXPECT_FALSE(result.at("facts").at("certificate_revoked"));
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "not_activated");
  ExpectPressedOnly({});
}

// The hotline has it changed; the same command goes on.
TEST_P(Menu, AWrongPhoneStopsAndGoesOnWhenItIsMended) {
  const std::string id = person_.holder().national_id;
  const std::string phone = person_.holder().phone;
  stack_.phone().Post("/control/holder", {{"national_id", id}, {"phone", "5059998877"}});
  const Json stopped = Play("list-certificates", {.answer = [&](const Json& prompt) -> Json {
                              if (prompt.at("kind") != "phone") return Json();
                              return {{"correct", false}};
                            }});
  EXPECT_EQ(stopped.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(stopped.value("reason", ""), "WRONG_PHONE");
  EXPECT_THAT(stopped.value("next", ""), ::testing::HasSubstr("0262 648 18 18"));
  EXPECT_THAT(stopped.value("next", ""), ::testing::HasSubstr("at hand"));
  EXPECT_EQ(stopped.at("ways_on").at(0), "HOTLINE");
  stack_.phone().Post("/control/holder", {{"national_id", id}, {"phone", phone}});
  person_.holder().retries = true;
  const Json result = Play("list-certificates");
  ExpectSuccess(result);
  EXPECT_EQ(result.at("journey"), stopped.at("journey"));
}

TEST_P(Menu, AWrongMailAddressStopsAndGoesOnWhenItIsMended) {
  const std::string id = person_.holder().national_id;
  const std::string email = person_.holder().email;
  stack_.phone().Post("/control/holder", {{"national_id", id}, {"email", "eski@ornek.example"}});
  bool is_refused = false;
  const Json stopped = Play("reset-word", {.answer = [&](const Json& prompt) -> Json {
                              if (prompt.at("kind") != "word_reset") return Json();
                              is_refused = prompt.value("last_reason", "") == "WRONG_ID_OR_EMAIL";
                              return is_refused ? Json{{"wrong_email", true}} : Json();
                            }});
  EXPECT_TRUE(is_refused);
  EXPECT_EQ(stopped.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(stopped.value("reason", ""), "WRONG_EMAIL");
  EXPECT_THAT(stopped.value("next", ""), ::testing::HasSubstr("0262 648 18 18"));
  EXPECT_THAT(stopped.value("next", ""), ::testing::HasSubstr("at hand"));
  EXPECT_EQ(stopped.at("ways_on").at(0), "HOTLINE");
  stack_.phone().Post("/control/holder", {{"national_id", id}, {"email", email}});
  person_.holder().retries = true;
  const Json result = Play("reset-word");
  ExpectSuccess(result);
  EXPECT_EQ(result.at("journey"), stopped.at("journey"));
}

// It may go to an address of old: nobody is sent round for ever.
TEST_P(Menu, MailsThatDoNotComeStopWithTheHotline) {
  Process cli = stack_.Journey({"--goal", "reset-word"});
  int mails = 0;
  const Json result = person_.Play(
      cli, {.answer = [&](const Json& prompt) -> Json {
        if (prompt.at("kind") == "word_reset" && mails > 0) {
          EXPECT_EQ(prompt.value("last_reason", ""), "MAIL_NOT_RECEIVED");
          EXPECT_THAT(prompt.value("next", ""), ::testing::HasSubstr("0262 648 18 18"));
        }
        if (prompt.at("kind") != "mail_link") return Json();
        ++mails;
        return {{"not_received", true}};
      }});
  EXPECT_EQ(result.value("outcome", ""), "STOPPED") << Tail(person_);
  EXPECT_EQ(result.value("reason", ""), "MAIL_NOT_RECEIVED");
  EXPECT_EQ(mails, 5);
  EXPECT_THAT(result.value("next", ""), ::testing::HasSubstr("0262 648 18 18"));
  EXPECT_THAT(result.at("ways_on"), ::testing::Contains("HOTLINE"));
}

// The portal revoked, and its answer was lost: the next try must neither stop for ever
// nor say more than is known.
TEST_P(Menu, ARevocationWhoseAnswerWasLostEndsWithTheList) {
  person_.holder().retries = true;
  const Json result = Play(
      "revoke", {.answer = [&](const Json& prompt) -> Json {
        if (prompt.at("kind") != "revocation") return Json();
        stack_.phone().Post("/control/faults",
                            {{"kind", "lost"}, {"screen", "revoke_confirm"}, {"method", "POST"}});
        return {{"card_serial", kSerial}, {"consequences_understood", true}};
      }});
  ExpectSuccess(result);
  EXPECT_EQ(Prompt("stopped").value("reason", ""), "SUBMISSION_UNKNOWN");
  EXPECT_EQ(PortalCard(stack_).at("certificate"), "revoked");
  EXPECT_EQ(Prompt("certificates").at("certificates").at(0).at("standing"), "REVOKED");
  EXPECT_FALSE(result.at("facts").at("certificate_revoked"));
  EXPECT_THAT(result.value("sentence", ""), ::testing::HasSubstr("nothing left"));
}

INSTANTIATE_TEST_SUITE_P(Portals, Menu, ::testing::ValuesIn(kPairwisePortals), PortalName);

// -- A portal of each host is enough for these --

class MenuChips : public ::testing::TestWithParam<Portal> {
 protected:
  static StackOptions OptionsOf(StackOptions options = {}) {
    options.portal_host = GetParam().host;
    options.style = GetParam().style;
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(Portals, MenuChips,
                         Values(Portal{"agent", "html5", "utf-8"},
                                Portal{"server", "tables", "utf-8"}),
                         [](const auto& variant) { return std::string(variant.param.host); });

Json PinInfoDeleted(Person& person, Stack& stack) {
  stack.phone().Post("/control/holder",
                     {{"national_id", person.holder().national_id}, {"pin_info", false}});
  Process cli = stack.Journey({"--remembered"});
  return person.Play(cli);
}

TEST_P(MenuChips, WhatRemainsWithoutThePortalsCopyIsLaidOut) {
  Stack stack(OptionsOf());
  Person person(stack.FirstHolder(), stack.phone());
  const Json result = PinInfoDeleted(person, stack);
  EXPECT_EQ(result.value("outcome", ""), "STOPPED") << Tail(person);
  EXPECT_EQ(result.at("ways_on"), Json({"KNOWN_PIN", "UNBLOCK_PIN", "REISSUE", "RETRY", "GUIDED"}));
  EXPECT_THAT(result.value("next", ""), ::testing::HasSubstr("--goal unblock"));
}

TEST(MenuPolicy, AGoalThatPolicyHasSwitchedOffIsRefused) {
  Stack stack({.journey_settings = "goals_off = [\"REVOKE_CERTIFICATE\"]\n"});
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey({"--goal", "revoke", "--remembered"});
  const Json result = person.Play(cli);
  EXPECT_EQ(result.value("outcome", ""), "ERROR") << Tail(person);
  EXPECT_EQ(result.value("reason", ""), "GOAL_SWITCHED_OFF");
  EXPECT_EQ(cli.Wait(std::chrono::seconds(5)), 77);
  EXPECT_EQ(stack.State().at("requests").size(), 0U);
}

// The old card's certificate has ended, and its chip was left in the reader.
constexpr char kTwoCards[] = R"({"holders": [{
  "national_id": "51820394732", "name": "Çağrı Öztürk", "email": "cagri.ozturk@ornek.example",
  "phone": "5359876140", "security_word": "Kuzey4Yildizi", "cards": [
    {"serial": "87211470000000000017", "pin": "920457", "puk": "31580642",
     "valid_from": "2021-01-31", "valid_until": "2024-01-31", "certificate": "active"},
    {"serial": "87211470000000000025", "pin": "165038", "puk": "84927150"}]}]})";
constexpr char kOldCard[] = "87211470000000000017";
constexpr char kNewCard[] = "87211470000000000025";

TEST_P(MenuChips, TheOldChipInTheReaderIsRecognisedAndTheNewOneIsUsed) {
  Stack stack(OptionsOf({.world = kTwoCards}));
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey({"--remembered"});
  bool changed = false;
  const Json result = person.Play(
      cli, {.answer = [&](const Json& prompt) -> Json {
        if (prompt.at("kind") != "pin_page") return Json();
        EXPECT_EQ(prompt.at("cards").size(), 2U);
        // While chips are changed there may be none.
        const Json chips = prompt.value("chips", Json::array());
        const std::string chip = chips.empty() ? "" : chips.at(0).value("card_serial", "");
        if (!changed) {
          EXPECT_EQ(chip, kOldCard);
          EXPECT_TRUE(!chips.empty() && chips.at(0).value("old", false)) << prompt.dump();
          changed = true;
          stack.phone().Post("/control/cards", {{"serial", kNewCard}, {"action", "insert"}});
        }
        // The prompt is withdrawn, and comes again with the new chip.
        return chip == kNewCard ? Json{{"seen", true}} : Json{{"reveal", true}};
      }});
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(result.at("facts").at("card_serial"), kNewCard);
  const Json cards = stack.phone().Get("/control/cards");
  EXPECT_EQ(cards.at(kNewCard).at("pin"), person.holder().own_pin);
  EXPECT_EQ(cards.at(kOldCard).at("pin"), "920457");
  EXPECT_EQ(Commands(cards.at(kOldCard), kVerifyCommand), 0);
}

// Both chips in readers of their own, the old one in the first: none is chosen for the
// holder.
TEST_P(MenuChips, OfTwoChipsInTwoReadersNoneIsChosen) {
  Stack stack(OptionsOf({.sandbox = {"--vpcd", "localhost:35964"}, .world = kTwoCards}));
  stack.phone().Post("/control/cards", {{"serial", kNewCard}, {"action", "insert"}, {"slot", 2}});
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey({"--remembered"});
  bool both_were_seen = false;
  Json told;
  const Json result = person.Play(
      cli,
      {.answer = [&](const Json& prompt) -> Json {
         if (prompt.at("kind") != "pin_page") return Json();
         both_were_seen = prompt.value("chips", Json::array()).size() == 2;
         // The prompt is withdrawn, and comes again once both are read.
         return both_were_seen ? Json{{"seen", true}} : Json{{"reveal", true}};
       },
       .see =
           [&](const Json& line) {
             const bool several =
                 line.value("type", "") == "wait" && line.value("reason", "") == "SERIAL_MISMATCH";
             if (!several || !told.is_null()) return;
             told = line;
             const Json cards = stack.phone().Get("/control/cards");
             for (const char* card : {kOldCard, kNewCard}) {
               EXPECT_EQ(Commands(cards.at(card), kVerifyCommand), 0) << card;
             }
             stack.phone().Post("/control/cards", {{"serial", kOldCard}, {"action", "remove"}});
           }});
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_TRUE(both_were_seen);
  ASSERT_FALSE(told.is_null());
  EXPECT_EQ(told.at("card_serials").size(), 2U);
  EXPECT_EQ(told.at("chips").size(), 2U);
  EXPECT_THAT(told.value("next", ""),
              ::testing::HasSubstr("Take the old chip out, " + std::string(kOldCard)));
  EXPECT_EQ(result.at("facts").at("card_serial"), kNewCard);
  EXPECT_EQ(result.at("exit_code"), 0);
  const Json cards = stack.phone().Get("/control/cards");
  EXPECT_EQ(cards.at(kNewCard).at("pin"), person.holder().own_pin);
  EXPECT_EQ(cards.at(kOldCard).at("pin"), "920457");
  EXPECT_EQ(Commands(cards.at(kOldCard), kVerifyCommand), 0);
}

struct Term {
  const char* name;
  const char* from;
  const char* until;
};

class MenuNotValid : public ::testing::TestWithParam<Term> {};

// One card whose certificate is not valid: all of it works, and nobody can sign.
TEST_P(MenuNotValid, ACertificateThatIsNotValidMakesNoReadyCard) {
  const Term& term = GetParam();
  Json world = Json::parse(kTwoCards);
  Json& cards = world.at("holders").at(0).at("cards");
  cards.erase(1);
  cards.at(0)["valid_from"] = term.from;
  cards.at(0)["valid_until"] = term.until;
  Stack stack({.world = world.dump()});
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey({"--remembered"});
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(result.at("exit_code"), 25);
  EXPECT_TRUE(result.at("facts").at("own_pin_set"));
  EXPECT_THAT(result.value("sentence", ""), ::testing::HasSubstr("nothing can be signed"));
  EXPECT_THAT(result.value("sentence", ""), ::testing::Not(::testing::HasSubstr("you can sign")));
  EXPECT_EQ(cli.Wait(std::chrono::seconds(5)), 25);
}

INSTANTIATE_TEST_SUITE_P(Terms, MenuNotValid,
                         Values(Term{"Expired", "2021-01-31", "2024-01-31"},
                                Term{"NotYetValid", "2090-03-02", "2093-03-01"}),
                         [](const auto& variant) { return std::string(variant.param.name); });

}  // namespace
}  // namespace ilkimza::testing
