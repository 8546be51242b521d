// The operations of the portal's menu, as a program and a person at a terminal meet
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/clients/log_in.h"
#include "tests/clients/program_fixture.h"
#include "tests/clients/terminal.h"

namespace ilkimza::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds kLineLimit{20000};
constexpr char kOtherCard[] = "87211470000000000077";

class MenuEventsTest : public ProgramTest {
 protected:
  void Begin(const std::string& goal) {
    program_ = std::make_unique<Process>(Process::Options{
        .command = Command({"start", "--events", "--lang", "en", "--remembered", "--goal", goal}),
        .environment = Environment(),
        .stderr_file = temp_ / "stderr"});
  }
  Json Next(const std::string& type) {
    while (auto line = program_->ReadLine(kLineLimit)) {
      output_ += *line + "\n";
      Json json = Json::parse(*line, nullptr, false);
      if (json.value("type", "") == type) return json;
      if (json.value("type", "") == "result") break;
    }
    ADD_FAILURE() << "no " << type << " line came:\n" << output_;
    return Json::object();
  }
  Json Prompt(const std::string& kind) {
    Json prompt = Next("prompt");
    EXPECT_EQ(prompt.value("kind", ""), kind) << prompt.dump();
    return prompt;
  }
  void Answer(const Json& prompt, Json fields) {
    fields["id"] = prompt.value("id", "");
    program_->WriteLine(fields.dump());
  }
  void Play(const std::string& kind, const Json& fields) {
    Answer(Prompt(kind), fields);
    Next("taken");
  }
  void LogIn() {
    Play("login", {{"national_id", world_.national_id},
                   {"captcha", world_.captcha},
                   {"security_word", world_.word}});
    Play("phone", {{"correct", true}});
    Play("sms_code", {{"code", world_.sms_code}});
  }
  // The answer is refused and the prompt stays open.
  std::string Refused(const Json& prompt, const Json& fields) {
    Answer(prompt, fields);
    const Json error = Next("error");
    EXPECT_EQ(error.value("id", ""), prompt.value("id", ""));
    return error.value("reason", "");
  }
  Json Succeeded() {
    Json result = Next("result");
    EXPECT_EQ(result.value("outcome", ""), "SUCCEEDED") << result.dump();
    return result;
  }

  FakeAgent::World world_;
  std::unique_ptr<Process> program_;
  std::string output_;
};

TEST_F(MenuEventsTest, ListsTheCertificatesOfPortalAndChip) {
  world_.certificate_active = true;
  FakeAgent& agent = StartAgent(world_);
  Begin("list-certificates");
  LogIn();
  const Json prompt = Prompt("certificates");
  struct Row {
    const char* number;
    const char* place;
    const char* standing;
  };
  const Row rows[] = {{"A1B", "SAME", "VALID"},
                      {"A1E", "PORTAL_ONLY", "REVOKED"},
                      {"F00", "NOT_COMPARED", "NOT_YET_VALID"},
                      {"A1C", "CHIP_ONLY", "EXPIRED"},
                      {"A1D", "CHIP_ONLY", "NOT_YET_VALID"}};
  ASSERT_EQ(prompt["certificates"].size(), 5U);
  for (size_t i = 0; i < 5; ++i) {
    const Json& row = prompt["certificates"][i];
    EXPECT_EQ(row["serial_number"], rows[i].number);
    EXPECT_EQ(row["place"], rows[i].place) << row.dump();
    EXPECT_EQ(row["standing"], rows[i].standing) << row.dump();
  }
  EXPECT_EQ(prompt["certificates"][1]["portal_words"], "İptal Edildi");
  EXPECT_EQ(
      prompt["chips"],
      Json::parse(R"([{"card_serial": "87211470000000000001", "read": true, "old": false}])"));
  Answer(prompt, {{"seen", true}});
  Succeeded();
  EXPECT_THAT(agent.log(), ElementsAre("login", "phone", "sms_code", "seen"));
}

TEST_F(MenuEventsTest, ActivatesAndListsAfterwards) {
  FakeAgent& agent = StartAgent();
  Begin("activate");
  LogIn();
  const Json prompt = Prompt("activation");
  EXPECT_EQ(prompt["card_serials"], Json({world_.serial}));
  EXPECT_EQ(prompt["answers"], Json::parse(R"([["activate"]])"));
  Answer(prompt, {{"activate", true}});
  const Json list = Prompt("certificates");
  EXPECT_EQ(list["certificates"][0]["standing"], "VALID");
  Answer(list, {{"seen", true}});
  const Json result = Succeeded();
  EXPECT_TRUE(result["facts"]["certificate_activated"]);
  EXPECT_THAT(result["sentence"], HasSubstr("activated"));
  EXPECT_THAT(agent.log(), Contains("activate"));
}

TEST_F(MenuEventsTest, WhatIsNotActivatedIsListedAllTheSame) {
  StartAgent();
  Begin("activate");
  LogIn();
  Play("activation", {{"activate", false}});
  const Json list = Prompt("certificates");
  EXPECT_EQ(list["certificates"][0]["standing"], "NOT_ACTIVATED");
  Answer(list, {{"seen", true}});
  EXPECT_FALSE(Succeeded()["facts"]["certificate_activated"]);
}

TEST_F(MenuEventsTest, PhoneAndMailAreMaskedUntilAskedFor) {
  FakeAgent& agent = StartAgent();
  Begin("update-info");
  LogIn();
  const Json prompt = Prompt("info");
  EXPECT_EQ(prompt["masked_phone"], "54******25");
  EXPECT_EQ(prompt["masked_email"], "a***@example.org");
  EXPECT_EQ(output_.find(world_.phone), std::string::npos);
  EXPECT_EQ(output_.find(world_.email), std::string::npos);
  Answer(prompt, {{"reveal", true}});
  const Json secret = Next("secret");
  EXPECT_EQ(secret["phone"], world_.phone);
  EXPECT_EQ(secret["email"], world_.email);
  Answer(prompt, {{"email", "no-address"}});
  const Json again = Prompt("info");
  EXPECT_EQ(again["last_reason"], "BAD_CONTACT_INFO");
  Answer(again, {{"phone", "0537 111 22 33"}});
  const Json result = Succeeded();
  EXPECT_TRUE(result["facts"]["info_updated"]);
  EXPECT_THAT(agent.log(), Contains("info"));
}

TEST_F(MenuEventsTest, KeepingChangesNothing) {
  FakeAgent& agent = StartAgent();
  Begin("update-info");
  LogIn();
  Play("info", {{"keep", true}});
  EXPECT_FALSE(Succeeded()["facts"]["info_updated"]);
  EXPECT_THAT(agent.log(), Not(Contains("info")));
}

TEST_F(MenuEventsTest, UnblocksWithThePukOfThePage) {
  world_.tries = 0;
  FakeAgent& agent = StartAgent(world_);
  Begin("unblock");
  LogIn();
  Play("pin_page", {{"seen", true}});
  const Json prompt = Prompt("unblock_pin");
  EXPECT_EQ(prompt["tries_left"], "NONE");
  EXPECT_EQ(prompt["puk_tries_left"], "ALL");
  EXPECT_EQ(prompt["puk_tries_left_count"], 3);
  EXPECT_TRUE(prompt["portal_puk"]);
  EXPECT_FALSE(prompt["last_try"]);
  const Json pins = {{"new_pin", "864209"}, {"new_pin_again", "864209"}};
  Json answer = pins;
  answer["use_portal_puk"] = true;
  EXPECT_EQ(Refused(prompt, answer), "PUK_TRY_NOT_CONFIRMED");
  answer["allow_puk_try"] = false;
  EXPECT_EQ(Refused(prompt, answer), "PUK_TRY_NOT_CONFIRMED");
  EXPECT_EQ(agent.puk_tries(), 3);
  answer["allow_puk_try"] = true;
  Answer(prompt, answer);
  Play("test_signature", {{"pin", "864209"}});
  const Json result = Succeeded();
  EXPECT_TRUE(result["facts"]["own_pin_set"]);
  EXPECT_EQ(agent.pin(), "864209");
  EXPECT_EQ(output_.find("864209"), std::string::npos);
  EXPECT_EQ(output_.find(world_.puk), std::string::npos);
}

TEST_F(MenuEventsTest, AWrongPukSpendsOneTryAndTheLastOneHasToBeMeant) {
  world_.tries = 0;
  world_.puk_tries = 2;
  FakeAgent& agent = StartAgent(world_);
  Begin("unblock");
  LogIn();
  Play("pin_page", {{"seen", true}});
  Json answer = {{"puk", "11112222"},
                 {"new_pin", "864209"},
                 {"new_pin_again", "864209"},
                 {"allow_puk_try", true}};
  Answer(Prompt("unblock_pin"), answer);
  const Json error = Next("error");
  EXPECT_EQ(error["reason"], "WRONG_PUK");
  EXPECT_EQ(error["tries_left"], 1);
  const Json last = Prompt("unblock_pin");
  EXPECT_TRUE(last["last_try"]);
  answer["puk"] = world_.puk;
  EXPECT_EQ(Refused(last, answer), "LAST_TRY");
  EXPECT_EQ(agent.puk_tries(), 1);
  answer["allow_last_try"] = true;
  Answer(last, answer);
  Prompt("test_signature");
  EXPECT_EQ(agent.puk_tries(), 3);
}

TEST_F(MenuEventsTest, WhereThePageIsGoneACodeBringsThePuk) {
  world_.tries = 0;
  world_.portal_copy = false;
  FakeAgent& agent = StartAgent(world_);
  Begin("unblock");
  LogIn();
  Play("unblock_request", {{"send", true}});
  const Json code = Prompt("sms_code");
  EXPECT_EQ(code["step"], "ENTER_UNBLOCK_CODE");
  EXPECT_THAT(code["sentence"], HasSubstr("unblocking"));
  Answer(code, {{"not_received", true}});
  const Json again = Prompt("unblock_request");
  EXPECT_EQ(again["last_reason"], "SMS_NOT_RECEIVED");
  EXPECT_EQ(again["next"], "Shall it send the code?");
  Answer(again, {{"send", true}});
  Play("sms_code", {{"code", world_.sms_code}});
  const Json page = Prompt("pin_page");
  EXPECT_EQ(page["cards"][0]["has_pin"], false);
  EXPECT_EQ(page["cards"][0]["has_puk"], true);
  Answer(page, {{"seen", true}});
  Play("unblock_pin", {{"use_portal_puk", true},
                       {"new_pin", "864209"},
                       {"new_pin_again", "864209"},
                       {"allow_puk_try", true}});
  Play("test_signature", {{"pin", "864209"}});
  Succeeded();
  EXPECT_EQ(agent.pin(), "864209");
}

TEST_F(MenuEventsTest, APageWithAPinAloneLeadsToTheCode) {
  world_.tries = 0;
  world_.portal_puk = false;
  StartAgent(world_);
  Begin("unblock");
  LogIn();
  Play("pin_page", {{"seen", true}});
  const Json prompt = Prompt("unblock_pin");
  EXPECT_FALSE(prompt["portal_puk"]);
  EXPECT_THAT(prompt["answers"], Contains(Json({"by_code"})));
  Answer(prompt, {{"by_code", true}});
  Prompt("unblock_request");
}

TEST_F(MenuEventsTest, NotSendingTheCodeStops) {
  world_.portal_copy = false;
  StartAgent(world_);
  Begin("unblock");
  LogIn();
  Play("unblock_request", {{"send", false}});
  EXPECT_EQ(Prompt("stopped")["reason"], "LEFT_AS_IT_WAS");
}

TEST_F(MenuEventsTest, RevokesTheCardWhoseSerialIsTyped) {
  FakeAgent& agent = StartAgent();
  Begin("revoke");
  LogIn();
  const Json prompt = Prompt("revocation");
  EXPECT_EQ(prompt["card_serials"], Json({world_.serial, kOtherCard}));
  EXPECT_EQ(prompt["chips"][0]["card_serial"], world_.serial);
  EXPECT_EQ(prompt["answers"],
            Json::parse(R"([["keep"], ["card_serial", "consequences_understood"]])"));
  EXPECT_THAT(prompt["sentence"], HasSubstr("invalid for ever"));
  EXPECT_EQ(Refused(prompt, {{"card_serial", world_.serial}}), "BAD_FIELD");
  EXPECT_EQ(Refused(prompt, {{"consequences_understood", true}}), "BAD_FIELD");
  EXPECT_EQ(Refused(prompt, {{"card_serial", ""}, {"consequences_understood", true}}), "BAD_FIELD");
  EXPECT_EQ(
      Refused(prompt, {{"card_serial", "8721147000000000000"}, {"consequences_understood", true}}),
      "WRONG_CARD_SERIAL");
  EXPECT_EQ(
      Refused(prompt,
              {{"card_serial", world_.serial}, {"consequences_understood", true}, {"keep", true}}),
      "BAD_FIELD");
  EXPECT_THAT(agent.log(), ElementsAre("login", "phone", "sms_code"));
  Answer(prompt, {{"card_serial", world_.serial}, {"consequences_understood", true}});
  const Json result = Succeeded();
  EXPECT_TRUE(result["facts"]["certificate_revoked"]);
  EXPECT_THAT(agent.log(), Contains("revoke " + world_.serial));
}

TEST_F(MenuEventsTest, KeepingRevokesNothing) {
  FakeAgent& agent = StartAgent();
  Begin("revoke");
  LogIn();
  Play("revocation", {{"keep", true}});
  const Json result = Succeeded();
  EXPECT_FALSE(result["facts"]["certificate_revoked"]);
  EXPECT_THAT(result["sentence"], HasSubstr("left as it was"));
  EXPECT_THAT(agent.log(), Contains("left"));
}

TEST_F(MenuEventsTest, NothingAnswersForTheHolder) {
  StartAgent();
  for (const char* option : {"--yes", "--force", "--serial=1", "--card-serial=1"}) {
    EXPECT_EQ(RunProgram({"start", "--goal", "revoke", option}).exit_code, 64) << option;
  }
}

TEST_F(MenuEventsTest, AGoalThatIsSwitchedOffIsSaidCalmly) {
  world_.goals_off = {v1::GOAL_REVOKE_CERTIFICATE};
  FakeAgent& agent = StartAgent(world_);
  Begin("revoke");
  const Json result = Next("result");
  EXPECT_EQ(result["outcome"], "ERROR");
  EXPECT_EQ(result["reason"], "GOAL_SWITCHED_OFF");
  EXPECT_THAT(result["sentence"], HasSubstr("has switched this off"));
  EXPECT_EQ(program_->Wait(std::chrono::seconds(20)).value_or(-1), 77);
  EXPECT_TRUE(agent.log().empty());
}

// -- At a terminal --

class MenuTerminalTest : public ProgramTest {
 protected:
  std::unique_ptr<Terminal> Begin(const std::string& goal, const std::string& language = "en") {
    auto environment = Environment();
    environment["TERM"] = "xterm-256color";
    environment["NO_COLOR"] = "1";
    return std::make_unique<Terminal>(
        Command({"--lang", language, "start", "--remembered", "--goal", goal}), environment);
  }

  FakeAgent::World world_;
};

TEST_F(MenuTerminalTest, TheTable) {
  StartAgent();
  const auto terminal = Begin("list-certificates");
  LogIn(*terminal, world_);
  terminal->See("How it stands");
  terminal->See("not activated");
  terminal->See("portal and chip");
  terminal->See("revoked");
  terminal->See("portal only");
  terminal->See("portal; no chip here");
  terminal->See("expired");
  terminal->See("chip only");
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->See("You have seen your certificates");
  EXPECT_EQ(terminal->Exit(), 0);
}

TEST_F(MenuTerminalTest, ThePhoneIsChangedAndTheMailKept) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin("update-info");
  LogIn(*terminal, world_);
  terminal->See("54******25");
  terminal->Type("Number: ", "3");
  terminal->See("5421234525");
  terminal->See("Hidden again in");
  terminal->Send("x");
  terminal->See("Hidden again.");
  terminal->Type("Number: ", "2");
  terminal->Type("Mobile phone [Enter: as before]: ", "5371112233");
  terminal->Type("Mail address [Enter: as before]: ", "");
  terminal->See("The portal has your new phone number");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_THAT(agent.log(), Contains("info"));
}

TEST_F(MenuTerminalTest, UnblockingTellsThePukTriesAndTakesAPhrase) {
  world_.tries = 0;
  FakeAgent& agent = StartAgent(world_);
  auto terminal = Begin("unblock");
  LogIn(*terminal, world_);
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->See("3 tries of the PUK are left.");
  terminal->See("lost for good");
  // Only Enter: nothing is spent.
  terminal->Type("or only Enter to stop: ", "");
  terminal->See("ilkimza start --goal unblock");
  EXPECT_EQ(terminal->Exit(), 75);
  EXPECT_EQ(agent.puk_tries(), 3);
  terminal = Begin("unblock");
  terminal->Type("or only Enter to stop: ", "use a try");
  const std::string use = "Use the PUK of the portal's page? [y/n]: ";
  if (terminal->SeeEither(use, "  PUK: ") == use) {
    terminal->Send("n\r");
    terminal->See("PUK: ");
  }
  terminal->Send(world_.puk + "\r");
  terminal->Type("New PIN: ", "864209");
  terminal->Type("New PIN again: ", "864209");
  terminal->Type("PIN: ", "864209");
  terminal->See("Your PIN is unblocked");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_EQ(agent.pin(), "864209");
  EXPECT_THAT(terminal->screen(), Not(HasSubstr(world_.puk)));
}

TEST_F(MenuTerminalTest, TheLastTryOfThePukNeedsItsWord) {
  world_.tries = 0;
  world_.puk_tries = 1;
  FakeAgent& agent = StartAgent(world_);
  const auto terminal = Begin("unblock");
  LogIn(*terminal, world_);
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->See("ONE try of the PUK is left");
  terminal->Type("Type LAST to use the last try, or only Enter to stop: ", "use a try");
  EXPECT_EQ(terminal->Exit(), 75);
  EXPECT_EQ(agent.puk_tries(), 1);
}

TEST_F(MenuTerminalTest, RevokingTakesTheSerialAndAPhrase) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin("revoke");
  LogIn(*terminal, world_);
  terminal->See("invalid for ever");
  terminal->See("Card " + world_.serial + "   in the reader");
  terminal->See(std::string("Card ") + kOtherCard);
  const std::string serial = "or only Enter to stop: ";
  terminal->Type(serial, "y");
  terminal->See("none of those that this is about");
  terminal->Type(serial, "87211470000000000002");
  terminal->See("none of those that this is about");
  terminal->Type(serial, world_.serial);
  terminal->Type("Type \"FOR EVER\" to revoke, or only Enter to stop: ", "for ever");
  terminal->See("The certificate is revoked, for ever.");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_THAT(agent.log(), Contains("revoke " + world_.serial));
}

TEST_F(MenuTerminalTest, OnlyEnterRevokesNothing) {
  for (const bool types_serial : {false, true}) {
    agent_.reset();
    FakeAgent& agent = StartAgent();
    const auto terminal = Begin("revoke");
    LogIn(*terminal, world_);
    terminal->Type("or only Enter to stop: ", types_serial ? world_.serial : "");
    if (types_serial) terminal->Type("to revoke, or only Enter to stop: ", "");
    terminal->See("Everything was left as it was");
    EXPECT_EQ(terminal->Exit(), 0);
    EXPECT_THAT(agent.log(), Contains("left"));
  }
}

TEST_F(MenuTerminalTest, SpeaksTurkish) {
  StartAgent();
  const auto terminal = Begin("activate", "tr");
  terminal->Type("T.C. kimlik no (11 hane): ", world_.national_id);
  terminal->Type("başka resim]: ", world_.captcha);
  terminal->Type("Güvenlik sözcüğü: ", world_.word);
  terminal->Type("[e/h]: ", "e");
  terminal->Type("sn kaldı]: ", world_.sms_code);
  terminal->Type("Kullanıma açılsın mı? [e/h]: ", "e");
  terminal->See("portalda ve çipte");
}

}  // namespace
}  // namespace ilkimza::testing
