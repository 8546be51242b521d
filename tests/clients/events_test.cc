// `ilkimza start --events`, played by this test as another program would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "base/error.h"
#include "tests/clients/program_fixture.h"

namespace ilkimza::testing {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds kLineLimit{20000};

class EventsTest : public ProgramTest {
 protected:
  void Begin(const std::vector<std::string>& more = {"--remembered"},
             const std::string& language = "en") {
    seq_ = 0;
    std::vector<std::string> arguments = {"start", "--events", "--lang", language};
    arguments.insert(arguments.end(), more.begin(), more.end());
    program_ = std::make_unique<Process>(Process::Options{.command = Command(arguments),
                                                          .environment = Environment(),
                                                          .stderr_file = temp_ / "stderr"});
  }

  // The next line of this type; those between are kept in `lines_`.
  Json Next(const std::string& type) {
    while (auto line = program_->ReadLine(kLineLimit)) {
      output_ += *line + "\n";
      Json json = Json::parse(*line, nullptr, false);
      EXPECT_FALSE(json.is_discarded()) << *line;
      EXPECT_EQ(json.value("schema", 0), 1);
      EXPECT_EQ(json.value("seq", 0), ++seq_);
      lines_.push_back(json);
      ExpectDocumented(json);
      if (json["type"] == type) return json;
      if (json["type"] == "result") break;
    }
    ADD_FAILURE() << "no " << type << " line came; the last were:\n" << Tail();
    return Json::object();
  }
  // EVENTS.md tells each name that a line has, down to the innermost.
  void ExpectDocumented(const Json& json) {
    static const std::string documented = ReadFile(ILKIMZA_EVENTS_MD);
    if (json.is_array()) {
      for (const Json& element : json) ExpectDocumented(element);
    }
    if (!json.is_object()) return;
    for (const auto& [name, value] : json.items()) {
      const bool told = documented.find("`" + name + "`") != std::string::npos ||
                        documented.find("\"" + name + "\":") != std::string::npos;
      EXPECT_TRUE(told) << "EVENTS.md lacks " << name << " of " << json.dump();
      // Its names are those of an answer's fields.
      if (name != "field_labels") ExpectDocumented(value);
    }
  }
  Json Prompt(const std::string& kind) {
    Json prompt = Next("prompt");
    EXPECT_EQ(prompt.value("kind", ""), kind) << prompt.dump();
    return prompt;
  }
  void Send(const Json& json) { program_->WriteLine(json.dump()); }
  void Answer(const Json& prompt, Json fields) {
    fields["id"] = prompt.value("id", "");
    Send(fields);
  }
  // Answers and sees it taken.
  void Play(const std::string& kind, const Json& fields) {
    Answer(Prompt(kind), fields);
    Next("taken");
  }
  int Exit() { return program_->Wait(std::chrono::seconds(20)).value_or(-1); }
  [[nodiscard]] std::string Tail() const {
    return output_.size() > 3000 ? output_.substr(output_.size() - 3000) : output_;
  }

  [[nodiscard]] Json LoginFields() const {
    return {{"national_id", world_.national_id},
            {"captcha", world_.captcha},
            {"security_word", world_.word}};
  }
  void PlayToMenu() {
    Play("login", LoginFields());
    Play("phone", {{"correct", true}});
    Play("sms_code", {{"code", world_.sms_code}});
  }
  void PlayToProvePin() {
    PlayToMenu();
    Play("pin_page", {{"seen", true}});
  }
  void PlayFromSetOwnPin() {
    Play("set_own_pin", {{"new_pin", "864209"}, {"new_pin_again", "864209"}});
    Play("deletion", {{"delete", true}});
    Play("test_signature", {{"pin", "864209"}});
  }

  FakeAgent::World world_;
  std::unique_ptr<Process> program_;
  std::vector<Json> lines_;
  std::string output_;
  int seq_ = 0;
};

TEST_F(EventsTest, TheWholeWay) {
  FakeAgent& agent = StartAgent();
  Begin({});
  EXPECT_EQ(Next("hello")["lang"], "en");
  Play("word_known", {{"known", true}});
  Json journey = Next("journey");
  EXPECT_EQ(journey["goal"], "GET_PIN");
  EXPECT_FALSE(journey["resumed"]);
  EXPECT_EQ(journey["hotline"], "0850 123 45 67");
  Json login = Prompt("login");
  EXPECT_EQ(login["step"], "LOG_IN");
  EXPECT_EQ(login["captcha"]["media_type"], "image/png");
  EXPECT_EQ(login["captcha"]["base64"].get<std::string>().substr(0, 10), "iVBORw0KGg");
  EXPECT_EQ(login["attempts_left"], 3);
  EXPECT_GT(login["answer_seconds_left"], 0);
  Answer(login, LoginFields());
  Next("taken");
  Json phone = Prompt("phone");
  EXPECT_EQ(phone["masked_phone"], "54* *** ** 25");
  EXPECT_EQ(phone["hotline"], "0850 765 43 21");
  Answer(phone, {{"correct", true}});
  Json code = Prompt("sms_code");
  EXPECT_GT(code["code_seconds_left"], 200);
  Answer(code, {{"code", "493 817"}});
  Json page = Prompt("pin_page");
  EXPECT_EQ(page["cards"][0]["card_serial"], world_.serial);
  EXPECT_EQ(output_.find(world_.pin), std::string::npos)
      << "the PIN was told without being asked for";
  Answer(page, {{"reveal", true}});
  Json secret = Next("secret");
  EXPECT_EQ(secret["cards"][0]["pin"], world_.pin);
  EXPECT_EQ(secret["cards"][0]["puk"], world_.puk);
  Answer(page, {{"seen", true}});
  Json prove = Prompt("prove_pin");
  EXPECT_EQ(prove["card_serial"], world_.serial);
  EXPECT_EQ(prove["tries_left"], "ALL");
  EXPECT_EQ(prove["tries_left_count"], 3);
  EXPECT_TRUE(prove["portal_pin"]);
  EXPECT_FALSE(prove["last_try"]);
  Answer(prove, {{"use_portal_pin", true}});
  Json own = Prompt("set_own_pin");
  EXPECT_TRUE(own["old_pin_known"]);
  Answer(own, {{"new_pin", "864209"}, {"new_pin_again", "864209"}});
  Play("deletion", {{"delete", true}});
  Play("test_signature", {{"pin", "864209"}});
  Json result = Next("result");
  EXPECT_EQ(result["outcome"], "SUCCEEDED");
  EXPECT_EQ(result["exit_code"], 0);
  EXPECT_TRUE(result["facts"]["portal_copy_deleted"]);
  EXPECT_EQ(result["steps"].size(), 14u);
  EXPECT_EQ(Exit(), 0);
  EXPECT_THAT(agent.log(), ElementsAre("login", "phone", "sms_code", "pin_page", "verify_pin",
                                       "change_pin", "delete", "test_sign"));
  EXPECT_EQ(agent.pin(), "864209");
  // Of the secrets, only what was revealed stands in the output.
  for (const std::string& typed :
       {world_.word, world_.sms_code, world_.national_id, std::string("864209"), world_.captcha}) {
    EXPECT_EQ(output_.find(typed), std::string::npos) << typed;
  }
  EXPECT_EQ(ReadFile(temp_ / "stderr"), "");
}

TEST_F(EventsTest, AForgottenWordIsSetAnew) {
  FakeAgent& agent = StartAgent();
  Begin({"--forgotten"});
  Play("word_reset", {{"new_captcha", true}});
  Play("word_reset",
       {{"national_id", world_.national_id}, {"email", world_.email}, {"captcha", world_.captcha}});
  Play("mail_link", {{"not_received", true}});
  Play("word_reset",
       {{"national_id", world_.national_id}, {"email", world_.email}, {"captcha", world_.captcha}});
  Play("mail_link", {{"link", "https://evil.example/"}});
  Json link = Prompt("mail_link");
  EXPECT_EQ(link["last_reason"], "MAIL_LINK_FOREIGN");
  Answer(link, {{"link", world_.link}});
  Play("new_security_word", {{"security_word", "one"}, {"security_word_again", "two"}});
  Json differ = Prompt("new_security_word");
  EXPECT_EQ(differ["last_reason"], "WORDS_DIFFER");
  Answer(differ, {{"security_word", "Yeni-Gizli-7"}, {"security_word_again", "Yeni-Gizli-7"}});
  world_.word = "Yeni-Gizli-7";
  PlayToProvePin();
  Play("prove_pin", {{"pin", world_.pin}});
  PlayFromSetOwnPin();
  EXPECT_EQ(Next("result")["outcome"], "SUCCEEDED");
  EXPECT_EQ(Exit(), 0);
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(EventsTest, OnlyTheWord) {
  StartAgent();
  Begin({"--goal", "reset-word"});
  Play("word_reset",
       {{"national_id", world_.national_id}, {"email", world_.email}, {"captcha", world_.captcha}});
  Play("mail_link", {{"link", world_.link}});
  Play("new_security_word",
       {{"security_word", "Yeni-Gizli-7"}, {"security_word_again", "Yeni-Gizli-7"}});
  EXPECT_EQ(Next("result")["outcome"], "SUCCEEDED");
}

TEST_F(EventsTest, AWrongMailAddressCanBeSaidWhereverOneIsAskedFor) {
  StartAgent();
  Begin({"--goal", "reset-word"});
  Play("word_reset", {{"wrong_email", true}});
  Json stopped = Prompt("stopped");
  EXPECT_EQ(stopped["reason"], "WRONG_EMAIL");
  EXPECT_EQ(stopped["ways_on"][0], "HOTLINE");
  Answer(stopped, {{"retry", true}});
  Play("word_reset",
       {{"national_id", world_.national_id}, {"email", world_.email}, {"captcha", world_.captcha}});
  Play("mail_link", {{"wrong_email", true}});
  EXPECT_EQ(Prompt("stopped")["reason"], "WRONG_EMAIL");
}

TEST_F(EventsTest, TheWordMayBeForgottenAtTheLogin) {
  FakeAgent& agent = StartAgent();
  Begin();
  Play("login", {{"word_forgotten", true}});
  Json reset = Prompt("word_reset");
  EXPECT_EQ(reset["step"], "REQUEST_WORD_RESET");
  EXPECT_THAT(agent.log(), ElementsAre("word_forgotten"));
}

TEST_F(EventsTest, MalformedAnswersAreRefusedAndThePromptStays) {
  FakeAgent& agent = StartAgent();
  Begin();
  Json prompt = Prompt("login");
  const std::string id = prompt["id"];
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"this is not JSON", ""},
      {"[1,2,3]", ""},
      {R"({"national_id":"10000000146"})", "id"},
      {R"({"id":")" + id + R"("})", ""},
      {R"({"id":")" + id + R"(","national_id":10000000146})", "national_id"},
      {R"({"id":")" + id + R"(","national_id":"10000000146","captcha":"x"})", "security_word"},
      {R"({"id":")" + id + R"(","pin":"271828"})", "pin"},
      {R"({"id":")" + id + R"(","new_captcha":false})", "new_captcha"},
      {R"({"id":")" + id + R"(","new_captcha":true,"word_forgotten":true})", ""},
      {R"({"id":")" + id + R"(","surprise":true})", "surprise"},
      {R"({"command":"surprise"})", "command"},
      {std::string(70000, 'x'), ""},
  };
  for (const auto& [line, field] : wrong) {
    program_->WriteLine(line);
    Json error = Next("error");
    EXPECT_EQ(error["reason"], "BAD_FIELD") << line.substr(0, 80);
    EXPECT_EQ(error.value("field", ""), field) << line.substr(0, 80);
    EXPECT_NE(error["sentence"], "");
  }
  Answer(prompt, {{"national_id", "10000000147"}, {"captcha", "x"}, {"security_word", "y"}});
  EXPECT_EQ(Next("error")["reason"], "BAD_NATIONAL_ID");
  Send({{"id", "4711"}, {"correct", true}});
  EXPECT_EQ(Next("error")["reason"], "SCREEN_CHANGED");
  EXPECT_TRUE(agent.log().empty()) << "something of all that reached the agent";
  Answer(prompt, LoginFields());
  EXPECT_EQ(Next("taken")["id"], id);
}

TEST_F(EventsTest, ASecondAnswerGoesNowhere) {
  FakeAgent& agent = StartAgent();
  Begin();
  Json prompt = Prompt("login");
  Answer(prompt, LoginFields());
  Answer(prompt, LoginFields());
  // The next screen may come before the refusal or after it.
  Json phone = Prompt("phone");
  Answer(phone, {{"correct", true}});
  Prompt("sms_code");
  const auto refused = std::find_if(lines_.begin(), lines_.end(),
                                    [](const Json& line) { return line["type"] == "error"; });
  ASSERT_NE(refused, lines_.end());
  EXPECT_EQ((*refused)["reason"], "SCREEN_CHANGED");
  EXPECT_THAT(agent.log(), ElementsAre("login", "phone"));
}

TEST_F(EventsTest, RejectedScreensSayWhyAndWhatIsLeft) {
  StartAgent();
  Begin();
  Json wrong = LoginFields();
  wrong["captcha"] = "nope";
  Play("login", wrong);
  Json prompt = Prompt("login");
  EXPECT_EQ(prompt["last_reason"], "WRONG_CAPTCHA");
  EXPECT_EQ(prompt["attempts_left"], 3);
  EXPECT_EQ(prompt["sentence"], "The characters of the picture were not right.");
  wrong = LoginFields();
  wrong["security_word"] = "not-it";
  Answer(prompt, wrong);
  prompt = Prompt("login");
  EXPECT_EQ(prompt["last_reason"], "WRONG_CREDENTIALS");
  EXPECT_EQ(prompt["attempts_left"], 2);
  Answer(prompt, wrong);
  Play("login", wrong);
  prompt = Prompt("stopped");
  EXPECT_EQ(prompt["reason"], "ATTEMPTS_EXHAUSTED");
  Answer(prompt, {{"retry", true}});
  PlayToMenu();
  Prompt("pin_page");
}

TEST_F(EventsTest, AStoppedJourneyLeftHasItsExitCode) {
  FakeAgent& agent = StartAgent();
  Begin();
  Play("login", LoginFields());
  Play("phone", {{"correct", false}});
  Json prompt = Prompt("stopped");
  EXPECT_EQ(prompt["reason"], "WRONG_PHONE");
  Answer(prompt, {{"leave", true}});
  Json result = Next("result");
  EXPECT_EQ(result["outcome"], "STOPPED");
  EXPECT_EQ(result["exit_code"], 10);
  EXPECT_EQ(Exit(), 10);
  // The same command finds it, asks, and goes on.
  Begin();
  EXPECT_TRUE(Next("journey")["resumed"]);
  Play("stopped", {{"retry", true}});
  Prompt("login");
  EXPECT_THAT(agent.log(), ElementsAre("login", "phone", "retry"));
}

TEST_F(EventsTest, CancellingAsAnAnswerAndAsACommand) {
  StartAgent();
  Begin();
  Play("login", LoginFields());
  Play("phone", {{"correct", false}});
  Play("stopped", {{"cancel", true}});
  EXPECT_EQ(Next("result")["outcome"], "CANCELLED");
  EXPECT_EQ(Exit(), 11);
  Begin();
  Prompt("login");
  Send({{"command", "cancel"}});
  EXPECT_EQ(Next("result")["exit_code"], 11);
  EXPECT_EQ(Exit(), 11);
}

TEST_F(EventsTest, EndOfInputLeavesTheJourney) {
  FakeAgent& agent = StartAgent();
  Begin();
  Prompt("login");
  program_->CloseInput();
  Json result = Next("result");
  EXPECT_EQ(result["outcome"], "LEFT");
  EXPECT_EQ(result["exit_code"], 75);
  EXPECT_EQ(Exit(), 75);
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_ACTIVE);
}

TEST_F(EventsTest, EndOfInputDuringAnAnswerLetsItFinish) {
  FakeAgent& agent = StartAgent();
  Begin();
  Json prompt = Prompt("login");
  Answer(prompt, LoginFields());
  program_->CloseInput();
  EXPECT_EQ(Next("result")["exit_code"], 75);
  EXPECT_THAT(agent.log(), ElementsAre("login"));
}

TEST_F(EventsTest, LeaveAndSignals) {
  StartAgent();
  Begin();
  Prompt("login");
  Send({{"command", "leave"}});
  EXPECT_EQ(Next("result")["outcome"], "LEFT");
  EXPECT_EQ(Exit(), 75);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Begin();
    Prompt("login");
    program_->Signal(signal);
    EXPECT_EQ(Next("result")["exit_code"], 128 + signal);
    EXPECT_EQ(Exit(), 128 + signal);
  }
}

TEST_F(EventsTest, AnAgentThatStartsAnewIsFoundAgain) {
  FakeAgent& agent = StartAgent();
  Begin();
  PlayToProvePin();
  Prompt("prove_pin");
  agent.Kill();
  Next("closed");
  Json wait = Next("wait");
  EXPECT_EQ(wait["for"], "agent");
  EXPECT_EQ(wait["reason"], "AGENT_UNREACHABLE");
  agent.Start();
  // The conversation is lost: log in again; what the card proved stays proven.
  Json login = Prompt("login");
  Answer(login, LoginFields());
  Play("phone", {{"correct", true}});
  Play("sms_code", {{"code", world_.sms_code}});
  Play("pin_page", {{"seen", true}});
  Play("prove_pin", {{"use_portal_pin", true}});
  PlayFromSetOwnPin();
  EXPECT_EQ(Next("result")["outcome"], "SUCCEEDED");
}

TEST_F(EventsTest, AServerThatIsAwayIsWaitedFor) {
  FakeAgent& agent = StartAgent();
  Begin();
  Json login = Prompt("login");
  agent.SetServerAway(true);
  Answer(login, LoginFields());
  Next("taken");
  EXPECT_EQ(Next("wait")["for"], "server");
  agent.SetServerAway(false);
  Prompt("phone");
}

TEST_F(EventsTest, AnotherProgramRunGoesOnWithThePinPage) {
  StartAgent();
  Begin();
  PlayToProvePin();
  Prompt("prove_pin");
  Send({{"command", "leave"}});
  EXPECT_EQ(Exit(), 75);
  Begin();
  EXPECT_TRUE(Next("journey")["resumed"]);
  Json prove = Prompt("prove_pin");
  EXPECT_TRUE(prove["portal_pin"]) << "the page that still stands was not read again";
  Answer(prove, {{"use_portal_pin", true}});
  Next("taken");
  Prompt("set_own_pin");
}

TEST_F(EventsTest, TheOldPinIsAskedForWhereItIsNotKnown) {
  StartAgent();
  Begin();
  PlayToProvePin();
  Play("prove_pin", {{"pin", world_.pin}});
  Prompt("set_own_pin");
  Send({{"command", "leave"}});
  EXPECT_EQ(Exit(), 75);
  Begin();
  Json own = Prompt("set_own_pin");
  EXPECT_FALSE(own["old_pin_known"]);
  Answer(own, {{"new_pin", "864209"}, {"new_pin_again", "864209"}});
  EXPECT_EQ(Next("error")["field"], "old_pin");
  Answer(own, {{"old_pin", world_.pin}, {"new_pin", "864209"}, {"new_pin_again", "864209"}});
  Next("taken");
  Prompt("deletion");
}

TEST_F(EventsTest, TriesAreToldAndTheLastOneIsGuarded) {
  FakeAgent& agent = StartAgent();
  Begin();
  PlayToProvePin();
  Answer(Prompt("prove_pin"), {{"pin", "1111"}});
  Json error = Next("error");
  EXPECT_EQ(error["reason"], "WRONG_PIN");
  EXPECT_EQ(error["tries_left"], 2);
  Json prompt = Prompt("prove_pin");
  EXPECT_EQ(prompt["last_reason"], "WRONG_PIN");
  EXPECT_EQ(prompt["tries_left_count"], 2);
  // Too short: refused by the agent, no try spent, asked again.
  Answer(prompt, {{"pin", "1"}});
  EXPECT_EQ(Next("error")["reason"], "PIN_FORMAT");
  EXPECT_EQ(agent.tries(), 2);
  Answer(Prompt("prove_pin"), {{"pin", "1112"}});
  prompt = Prompt("prove_pin");
  EXPECT_TRUE(prompt["last_try"]);
  EXPECT_EQ(prompt["tries_left"], "ONE");
  Answer(prompt, {{"pin", world_.pin}});
  EXPECT_EQ(Next("error")["reason"], "LAST_TRY");
  Answer(prompt, {{"use_portal_pin", true}, {"allow_last_try", false}});
  EXPECT_EQ(Next("error")["reason"], "LAST_TRY");
  EXPECT_EQ(agent.tries(), 1);
  Answer(prompt, {{"pin", world_.pin}, {"allow_last_try", true}});
  Next("taken");
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(EventsTest, ABlockedPinStopsTheJourney) {
  world_.tries = 1;
  FakeAgent& agent = StartAgent(world_);
  Begin();
  PlayToProvePin();
  Answer(Prompt("prove_pin"), {{"pin", "1111"}, {"allow_last_try", true}});
  EXPECT_EQ(Next("error")["reason"], "PIN_BLOCKED");
  EXPECT_EQ(Prompt("stopped")["reason"], "PIN_BLOCKED");
  EXPECT_EQ(agent.tries(), 0);
}

TEST_F(EventsTest, ALostAttemptIsToldAndNotRepeated) {
  FakeAgent& agent = StartAgent();
  Begin();
  PlayToProvePin();
  Json prompt = Prompt("prove_pin");
  agent.FailNextCardCall(MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
                                   "the card went away"));
  Answer(prompt, {{"use_portal_pin", true}});
  EXPECT_EQ(Next("error")["reason"], "ATTEMPT_UNKNOWN");
  EXPECT_EQ(Next("closed")["id"], prompt["id"]);
  agent.Stop(v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(Prompt("stopped")["reason"], "ATTEMPT_UNKNOWN");
  EXPECT_THAT(agent.log(), ElementsAre("login", "phone", "sms_code", "pin_page"));
}

TEST_F(EventsTest, AnAnswerLostOnTheWayIsAskedAgainNotSentAgain) {
  FakeAgent& agent = StartAgent();
  Begin();
  Json prompt = Prompt("login");
  agent.FailNextAnswer(absl::UnavailableError("gone"));
  Answer(prompt, LoginFields());
  EXPECT_EQ(Next("error")["reason"], "AGENT_UNREACHABLE");
  EXPECT_EQ(Next("closed")["id"], prompt["id"]);
  Json again = Prompt("login");
  EXPECT_NE(again["id"], prompt["id"]);
  EXPECT_TRUE(agent.log().empty());
  Answer(again, LoginFields());
  Prompt("phone");
}

TEST_F(EventsTest, TheCardIsWaitedForWithItsReason) {
  world_.card_present = false;
  FakeAgent& agent = StartAgent(world_);
  Begin();
  Json wait = Next("wait");
  EXPECT_EQ(wait["for"], "card");
  EXPECT_EQ(wait["reason"], "NO_CARD");
  EXPECT_EQ(wait["step"], "PREPARE_CHIP");
  agent.InsertCard(true);
  PlayToProvePin();
  Prompt("prove_pin");
  agent.InsertCard(false);
  Next("closed");
  EXPECT_EQ(Next("wait")["reason"], "NO_CARD");
  agent.InsertCard(true);
  Prompt("prove_pin");
}

TEST_F(EventsTest, ThePortalIsWaitedFor) {
  FakeAgent& agent = StartAgent();
  Begin();
  Prompt("login");
  agent.Wait(v1::ERROR_REASON_PORTAL_MAINTENANCE, 60);
  Next("closed");
  Json wait = Next("wait");
  EXPECT_EQ(wait["for"], "portal");
  EXPECT_EQ(wait["reason"], "PORTAL_MAINTENANCE");
  EXPECT_GT(wait["seconds_left"], 0);
  agent.GoOn();
  Prompt("login");
}

TEST_F(EventsTest, AnUnknownPageIsTold) {
  FakeAgent& agent = StartAgent();
  Begin();
  Prompt("login");
  agent.ShowUnknownPage();
  Json page = Next("page");
  EXPECT_EQ(page["page_fingerprint"], "f00d-cafe");
  EXPECT_EQ(page["missing"][0], "heading");
}

TEST_F(EventsTest, NoAgentNoServer) {
  Begin();
  Json result = Next("result");
  EXPECT_EQ(result["outcome"], "ERROR");
  EXPECT_EQ(result["reason"], "AGENT_UNREACHABLE");
  EXPECT_EQ(Exit(), 69);
}

TEST_F(EventsTest, OutputThatNobodyReadsEndsTheProgram) {
  StartAgent();
  const std::string command = std::string(ILKIMZA_PROGRAM) + " --socket " + socket() +
                              " start --events --remembered </dev/null | head -c 1 >/dev/null";
  const Finished finished = ilkimza::testing::Run({"/bin/bash", "-o", "pipefail", "-c", command},
                                                  std::chrono::seconds(20), Environment());
  EXPECT_EQ(finished.exit_code, 74);
}

// -- The last line of the input --

TEST_F(EventsTest, ACancelThatIsTheLastLineIsCarriedOut) {
  FakeAgent& agent = StartAgent();
  Begin();
  Prompt("login");
  Send({{"command", "cancel"}});
  program_->CloseInput();
  EXPECT_EQ(Next("result")["outcome"], "CANCELLED");
  EXPECT_EQ(Exit(), 11);
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_CANCELLED);
}

TEST_F(EventsTest, ACancelThatComesBeforeTheJourneyIsKnownIsCarriedOut) {
  FakeAgent& agent = StartAgent();
  Begin();
  Prompt("login");
  Send({{"command", "leave"}});
  EXPECT_EQ(Exit(), 75);
  Begin();
  Send({{"command", "cancel"}});
  program_->CloseInput();
  EXPECT_EQ(Next("result")["outcome"], "CANCELLED");
  EXPECT_EQ(Exit(), 11);
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_CANCELLED);
}

TEST_F(EventsTest, ALeaveAfterACancelTellsWhatBecameOfIt) {
  FakeAgent& agent = StartAgent();
  Begin();
  Prompt("login");
  Send({{"command", "cancel"}});
  Send({{"command", "leave"}});
  EXPECT_EQ(Next("result")["outcome"], "CANCELLED");
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_CANCELLED);
}

TEST_F(EventsTest, ARefusedAnswerThatIsTheLastLineEndsTheProgram) {
  FakeAgent& agent = StartAgent();
  Begin();
  PlayToProvePin();
  const Json prompt = Prompt("prove_pin");
  agent.FailNextCardCall(
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY, "held"));
  Answer(prompt, {{"use_portal_pin", true}});
  program_->CloseInput();
  EXPECT_EQ(Next("result")["outcome"], "LEFT");
  EXPECT_EQ(Exit(), 75);
}

TEST_F(EventsTest, AClosedStandardInputIsOneThatHasEnded) {
  StartAgent();
  const auto run = [&](const std::string& rest) {
    const std::string command =
        "exec " + std::string(ILKIMZA_PROGRAM) + " --socket " + socket() + rest;
    return ilkimza::testing::Run({"/bin/sh", "-c", command}, std::chrono::seconds(20),
                                 Environment());
  };
  EXPECT_EQ(run(" card verify-pin <&- 2>/dev/null").exit_code, 65);
  EXPECT_EQ(run(" start --events --remembered <&-").exit_code, 75);
  EXPECT_EQ(run(" start --remembered <&-").exit_code, 75);
  EXPECT_EQ(run(" journey list >&-").exit_code, 74);
  EXPECT_EQ(run(" journey list 2>&-").exit_code, 0);
}

TEST_F(EventsTest, TurkishOnAMachineInTheLocaleC) {
  StartAgent();
  Begin({"--remembered"}, "tr");
  EXPECT_EQ(Next("hello")["lang"], "tr");
  EXPECT_EQ(Prompt("login")["sentence"], "Portal kim olduğunuzu soruyor.");
}

}  // namespace
}  // namespace ilkimza::testing
