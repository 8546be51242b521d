// Portal steps in the holder's own browser, as a program and a person at a terminal
// meet them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/error.h"
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

class GuidedEventsTest : public ProgramTest {
 protected:
  void Begin(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"start", "--events", "--lang", "en"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    program_ = std::make_unique<Process>(Process::Options{.command = Command(arguments),
                                                          .environment = Environment(),
                                                          .stderr_file = temp_ / "stderr"});
  }
  Json Next(const std::string& type) {
    while (auto line = program_->ReadLine(kLineLimit)) {
      Json json = Json::parse(*line, nullptr, false);
      if (json.value("type", "") == type) return json;
      if (json.value("type", "") == "result") break;
    }
    ADD_FAILURE() << "no " << type << " line came";
    return Json::object();
  }
  Json Prompt(const std::string& kind, const std::string& step = "") {
    Json prompt = Next("prompt");
    EXPECT_EQ(prompt.value("kind", ""), kind) << prompt.dump();
    if (!step.empty()) EXPECT_EQ(prompt.value("step", ""), step) << prompt.dump();
    return prompt;
  }
  void Answer(const Json& prompt, Json fields) {
    fields["id"] = prompt.value("id", "");
    program_->WriteLine(fields.dump());
  }
  void Play(const std::string& kind, const std::string& step, const Json& fields) {
    Answer(Prompt(kind, step), fields);
    Next("taken");
  }
  void PlayToSerial() {
    Play("guided", "LOG_IN", {{"done", true}});
    Play("guided", "CONFIRM_PHONE", {{"done", true}});
    Play("guided", "ENTER_SMS_CODE", {{"done", true}});
  }
  int Exit() { return program_->Wait(std::chrono::seconds(20)).value_or(-1); }

  FakeAgent::World world_;
  std::unique_ptr<Process> program_;
};

TEST_F(GuidedEventsTest, FromTheStartToTheEnd) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered", "--guided"});
  const Json login = Prompt("guided", "LOG_IN");
  EXPECT_EQ(login["address"], "https://portal.example/");
  EXPECT_THAT(login["labels"],
              ElementsAre("Bireysel İşlemler", "Şifreli Giriş", "Kimlik No", "Giriş"));
  EXPECT_EQ(login["end_heading"], "SMS Onay Ekranı");
  EXPECT_THAT(login["sentence"], HasSubstr("does not see what you type"));
  EXPECT_EQ(login["answers"], Json::parse(R"([["done"], ["word_forgotten"], ["start_over"],
                                              ["not_possible"], ["driven"]])"));
  Answer(login, {{"done", true}});
  Play("guided", "CONFIRM_PHONE", {{"done", true}});
  Play("guided", "ENTER_SMS_CODE", {{"done", true}});
  const Json page = Prompt("guided", "OPEN_PIN_PAGE");
  EXPECT_FALSE(page.contains("address"));
  EXPECT_EQ(page["answers"][0], Json({"done", "card_serial"}));
  Answer(page, {{"done", true}, {"card_serial", "8721 1470 0000 0000 0001"}});
  // No PIN of a page to use: it is typed.
  const Json prove = Prompt("prove_pin");
  EXPECT_FALSE(prove["portal_pin"]);
  Answer(prove, {{"pin", world_.pin}});
  Play("set_own_pin", "SET_OWN_PIN", {{"new_pin", "864209"}, {"new_pin_again", "864209"}});
  const Json deletion = Prompt("guided", "DELETE_PORTAL_COPY");
  EXPECT_EQ(deletion["card_serial"], world_.serial);
  Answer(deletion, {{"skip", true}});
  Play("test_signature", "TEST_SIGNATURE", {{"pin", "864209"}});
  Play("guided", "LOG_OUT", {{"done", true}});
  const Json result = Next("result");
  EXPECT_EQ(result["outcome"], "SUCCEEDED");
  for (const Json& step : result["steps"]) {
    const bool card = step["step"] == "PROVE_PIN" || step["step"] == "MATCH_CARD";
    if (card) EXPECT_FALSE(step.contains("guided"));
    if (step["step"] == "LOG_IN") EXPECT_TRUE(step["guided"]);
  }
  EXPECT_EQ(Exit(), 0);
  EXPECT_EQ(agent.pin(), "864209");
}

TEST_F(GuidedEventsTest, AnUnknownPageIsNoDeadEnd) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered"});
  Prompt("login");
  agent.ShowUnknownPage();
  const Json stopped = Prompt("stopped");
  EXPECT_EQ(stopped["reason"], "SCREEN_UNRECOGNISED");
  EXPECT_EQ(stopped["ways_on"], Json({"GUIDED", "RETRY", "IT_DEPARTMENT"}));
  EXPECT_EQ(stopped["answers"], Json::parse(R"([["retry"], ["guided"], ["leave"], ["cancel"]])"));
  Answer(stopped, {{"guided", true}});
  const Json login = Prompt("guided", "LOG_IN");
  EXPECT_EQ(agent.journey().guided(), true);
  // And back, where the page is known again.
  Answer(login, {{"driven", true}});
  Prompt("login");
  EXPECT_EQ(agent.journey().guided(), false);
  EXPECT_THAT(agent.log(), Contains("retry guided"));
  EXPECT_THAT(agent.log(), Contains("retry driven"));
}

TEST_F(GuidedEventsTest, WhatThePortalDoesNotLetThemDoStopsWithWaysOn) {
  StartAgent();
  Begin({"--remembered", "--guided"});
  Play("guided", "LOG_IN", {{"not_possible", true}});
  const Json stopped = Prompt("stopped");
  EXPECT_EQ(stopped["reason"], "GUIDED_NOT_POSSIBLE");
  EXPECT_EQ(stopped["ways_on"], Json({"DRIVEN", "RETRY", "HOTLINE"}));
  EXPECT_THAT(stopped["next"], HasSubstr("(0850 123 45 67)"));
  Answer(stopped, {{"leave", true}});
  const Json result = Next("result");
  EXPECT_EQ(result["outcome"], "STOPPED");
  EXPECT_EQ(result["ways_on"], Json({"DRIVEN", "RETRY", "HOTLINE"}));
  EXPECT_EQ(Exit(), 10);
}

TEST_F(GuidedEventsTest, NoPinIsAskedForWhileTheChipIsAnother) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered", "--guided"});
  PlayToSerial();
  Play("guided", "OPEN_PIN_PAGE", {{"done", true}, {"card_serial", "87211470000000000099"}});
  const Json other = Prompt("other_chip", "MATCH_CARD");
  EXPECT_EQ(other["last_reason"], "SERIAL_MISMATCH");
  EXPECT_EQ(other["answers"], Json::parse(R"([["type_again"]])"));
  EXPECT_THAT(other["sentence"], HasSubstr("no PIN is tried"));
  Answer(other, {{"type_again", true}});
  Play("guided", "OPEN_PIN_PAGE", {{"done", true}, {"card_serial", world_.serial}});
  Prompt("prove_pin");
  EXPECT_EQ(agent.tries(), 3);
  EXPECT_THAT(agent.log(), Not(Contains("verify_pin")));
}

TEST_F(GuidedEventsTest, AnswersAreThoseOfThePrompt) {
  StartAgent();
  Begin({"--remembered", "--guided"});
  PlayToSerial();
  const Json page = Prompt("guided", "OPEN_PIN_PAGE");
  for (const Json& wrong :
       {Json{{"done", true}}, Json{{"done", true}, {"card_serial", ""}},
        Json{{"done", true}, {"card_serial", 8721}}, Json{{"skip", true}}, Json{{"done", false}},
        Json{{"done", true}, {"card_serial", "8721"}, {"skip", true}}}) {
    Answer(page, wrong);
    EXPECT_EQ(Next("error")["reason"], "BAD_FIELD") << wrong.dump();
  }
  Answer(page, {{"start_over", true}});
  Prompt("guided", "LOG_IN");
}

TEST_F(GuidedEventsTest, AForgottenWordIsSetAnewInTheBrowser) {
  StartAgent();
  Begin({"--remembered", "--guided"});
  Play("guided", "LOG_IN", {{"word_forgotten", true}});
  Play("guided", "REQUEST_WORD_RESET", {{"done", true}});
  Play("guided", "OPEN_MAIL_LINK", {{"done", true}});
  Play("guided", "SET_SECURITY_WORD", {{"done", true}});
  Prompt("guided", "LOG_IN");
}

TEST_F(GuidedEventsTest, AJourneyThatHadStoppedTurnsByItself) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered"});
  Prompt("login");
  agent.ShowUnknownPage();
  Answer(Prompt("stopped"), {{"leave", true}});
  EXPECT_EQ(Exit(), 10);
  Begin({"--guided"});
  Prompt("guided", "LOG_IN");
}

TEST_F(GuidedEventsTest, RetryTurnsAJourneyFromTheCommandLine) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered"});
  Prompt("login");
  agent.ShowUnknownPage();
  Prompt("stopped");
  int code = -1;
  Json journey = RunJson({"journey", "retry", "--way", "guided"}, code);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(journey["guided"], true);
  EXPECT_EQ(journey["other_ways"], Json({"DRIVEN"}));
  Prompt("guided", "LOG_IN");
  journey = RunJson({"journey", "retry", "--way", "driven"}, code);
  EXPECT_EQ(journey["guided"], false);
  Prompt("login");
  EXPECT_EQ(RunProgram({"journey", "retry", "--way", "sideways"}).exit_code, 64);
}

// -- Revoking --

TEST_F(GuidedEventsTest, TheInstructionToRevokeComesAfterTheSerialWasTypedTwice) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered", "--guided", "--goal", "revoke"});
  PlayToSerial();
  const Json asked = Prompt("guided_revocation", "REVOKE_CERTIFICATE");
  EXPECT_EQ(asked["labels"], Json({"Sertifikamı İptal Et"}));
  EXPECT_EQ(asked["chips"][0]["card_serial"], world_.serial);
  EXPECT_THAT(asked["sentence"], HasSubstr("invalid for ever"));
  EXPECT_THAT(asked["next"], HasSubstr("press nothing on it yet"));
  EXPECT_EQ(asked["answers"],
            Json::parse(R"([["consequences_understood", "card_serial", "card_serial_again"],
                            ["skip"], ["start_over"], ["not_possible"], ["driven"]])"));
  const std::string& serial = world_.serial;
  const std::pair<Json, const char*> wrong[] = {
      {{{"done", true}}, "BAD_FIELD"},
      {{{"card_serial", serial}, {"card_serial_again", serial}}, "BAD_FIELD"},
      {{{"consequences_understood", true}, {"card_serial", serial}}, "BAD_FIELD"},
      {{{"consequences_understood", true},
        {"card_serial", serial},
        {"card_serial_again", "87211470000000000099"}},
       "WRONG_CARD_SERIAL"}};
  for (const auto& [answer, reason] : wrong) {
    Answer(asked, answer);
    EXPECT_EQ(Next("error")["reason"], reason) << answer.dump();
  }
  EXPECT_THAT(agent.log(), Not(Contains("GUIDED_OUTCOME_CONFIRMED")));
  Answer(asked, {{"consequences_understood", true},
                 {"card_serial", serial},
                 {"card_serial_again", "8721 1470 0000 0000 0001"}});
  const Json instruction = Prompt("guided", "REVOKE_CERTIFICATE");
  EXPECT_EQ(instruction["card_serial"], serial);
  EXPECT_EQ(instruction["labels"], Json({"İptal Et"}));
  Answer(instruction, {{"done", true}});
  Play("guided", "LOG_OUT", {{"done", true}});
  const Json result = Next("result");
  EXPECT_EQ(result["outcome"], "SUCCEEDED");
  // It was the holder's browser, and nobody else has seen it.
  EXPECT_FALSE(result["facts"]["certificate_revoked"]);
  EXPECT_THAT(result["sentence"], HasSubstr("You said that you revoked"));
  EXPECT_THAT(result["next"], HasSubstr("--goal list-certificates"));
}

TEST_F(GuidedEventsTest, WhoDoesNotConfirmIsShownNothingThatRevokes) {
  FakeAgent& agent = StartAgent();
  Begin({"--remembered", "--guided", "--goal", "revoke"});
  PlayToSerial();
  Answer(Prompt("guided_revocation"), {{"skip", true}});
  Play("guided", "LOG_OUT", {{"done", true}});
  const Json result = Next("result");
  EXPECT_FALSE(result["facts"]["certificate_revoked"]);
  EXPECT_THAT(agent.log(), Not(Contains("GUIDED_OUTCOME_CONFIRMED")));
}

// -- At a terminal --

class GuidedTerminalTest : public ProgramTest {
 protected:
  std::unique_ptr<Terminal> Begin(const std::vector<std::string>& more,
                                  const std::string& browser = "") {
    std::vector<std::string> arguments = {"--lang", "en", "start", "--remembered"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto environment = Environment();
    environment["TERM"] = "xterm-256color";
    environment["BROWSER"] = browser;
    environment["LANGUAGE"] = "az:en";
    environment["DISPLAY"] = "";
    environment["WAYLAND_DISPLAY"] = "";
    return std::make_unique<Terminal>(Command(arguments), environment);
  }
  // Notes what it is asked to open.
  std::string Browser() {
    const std::string path = temp_ / "browser";
    WriteFile(path,
              "#!/bin/sh\necho noise; echo noise >&2\nprintf '%s|%s|%s\\n' \"$#\" \"$1\" "
              "\"$LANGUAGE\" >>'" +
                  (temp_ / "opened") + "'\n");
    chmod(path.c_str(), 0700);
    return path;
  }
  static void ToSerial(Terminal& terminal) {
    for (const char* step :
         {"", "Confirm the phone number", "Type the SMS code", "Open the PIN page"}) {
      // The line before it names a step that is done.
      if (*step != '\0') terminal.See(std::string("\x1b[1m") + step);
      terminal.Type("Number: ", "1");
    }
  }
  std::string Opened() {
    for (int i = 0; i < 500 && !std::filesystem::exists(temp_ / "opened"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return std::filesystem::exists(temp_ / "opened") ? ReadFile(temp_ / "opened") : "";
  }

  FakeAgent::World world_;
};

TEST_F(GuidedTerminalTest, OpensThePageAndSaysWhatToUseOnIt) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin({"--guided"}, "/nowhere/no-browser:" + Browser());
  ASSERT_TRUE(terminal->See("The portal opens in your browser."));
  ASSERT_TRUE(terminal->See("https://portal.example/"));
  ASSERT_TRUE(terminal->See("Bireysel İşlemler"));
  ASSERT_TRUE(terminal->See("Done when the page is called \"SMS Onay Ekranı\"."));
  EXPECT_EQ(Opened(), "1|https://portal.example/|az:en\n") << "and in the person's language";
  ToSerial(*terminal);
  terminal->Type("as the page shows it: ", world_.serial);
  terminal->Type("PIN: ", world_.pin);
  terminal->Type("New PIN: ", "864209");
  terminal->Type("New PIN again: ", "864209");
  terminal->See("Card " + world_.serial);
  terminal->Type("Number: ", "2");
  terminal->See("Make a test signature");
  terminal->Type("PIN: ", "864209");
  terminal->See("You are still logged in");
  terminal->Type("Number: ", "1");
  terminal->See("Your card is ready: you can sign.");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_EQ(agent.pin(), "864209");
  EXPECT_THAT(terminal->screen(), Not(HasSubstr("noise")));
}

TEST_F(GuidedTerminalTest, WhereNoBrowserCanBeOpenedTheAddressIsTold) {
  StartAgent();
  for (const auto& [flag, browser] : {std::pair("--guided", std::string("/nowhere/no-browser")),
                                      std::pair("--no-browser", Browser())}) {
    const auto terminal = Begin({"--guided", flag}, browser);
    ASSERT_TRUE(terminal->See("Open this in your browser:"));
    ASSERT_TRUE(terminal->See("https://portal.example/"));
    terminal->Send("\x03");
    EXPECT_EQ(terminal->Exit(), 130);
  }
  EXPECT_FALSE(std::filesystem::exists(temp_ / "opened"));
}

TEST_F(GuidedTerminalTest, AStopOffersTheBrowserFirst) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin({});
  ASSERT_TRUE(terminal->See("National id"));
  agent.ShowUnknownPage();
  ASSERT_TRUE(terminal->See("Ask your IT department"));
  ASSERT_TRUE(terminal->See("1) Go on in your own browser, by instructions"));
  terminal->Type("Number: ", "1");
  ASSERT_TRUE(terminal->See("Open this in your browser:"));
  terminal->Send("\x03");
  terminal->Exit();
  EXPECT_TRUE(agent.journey().guided());
}

TEST_F(GuidedTerminalTest, TheSerialIsTypedAgainWhereTheChipIsAnother) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin({"--guided"});
  ToSerial(*terminal);
  terminal->Type("as the page shows it: ", "87211470000000000099");
  ASSERT_TRUE(terminal->See("Enter: type the serial again"));
  terminal->Send("\r");
  terminal->See("Open the PIN page");
  terminal->Type("Number: ", "1");
  terminal->Type("as the page shows it: ", world_.serial);
  ASSERT_TRUE(terminal->See("PIN: "));
  EXPECT_EQ(agent.tries(), 3);
  terminal->Send("\x03");
  terminal->Exit();
}

TEST_F(GuidedTerminalTest, RevokingTakesBothSerialsAndAPhrase) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin({"--guided", "--goal", "revoke"});
  for (const char* step : {"", "Confirm the phone number", "Type the SMS code"}) {
    if (*step != '\0') terminal->See(std::string("\x1b[1m") + step);
    terminal->Type("Number: ", "1");
  }
  terminal->See("invalid for ever");
  terminal->See("Card " + world_.serial + "   in the reader");
  terminal->See("1) Leave it out");
  terminal->Type("Number: ", "2");
  terminal->Type("or its papers: ", world_.serial);
  terminal->Type("page shows it: ", "87211470000000000099");
  terminal->See("The two serials are not the same");
  terminal->Type("or its papers: ", world_.serial);
  terminal->Type("page shows it: ", world_.serial);
  terminal->Type("to revoke, or only Enter to stop: ", "for ever");
  terminal->See("The serials are the same");
  terminal->See("İptal Et");
  terminal->See("Card " + world_.serial);
  terminal->Type("Number: ", "1");
  terminal->See("You are still logged in");
  terminal->Type("Number: ", "1");
  terminal->See("You said that you revoked the certificate");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_FALSE(agent.journey().facts().certificate_revoked());
}

}  // namespace
}  // namespace ilkimza::testing
