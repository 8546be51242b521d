// `ilkimza card ...`: what is shown, and what a PIN may cost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "tests/clients/program_fixture.h"

namespace ilkimza::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

class CardCommandsTest : public ProgramTest {
 protected:
  FakeAgent::World world_;
  int code_ = -1;
};

TEST_F(CardCommandsTest, ListShowCertsAndPinState) {
  StartAgent();
  Json list = RunJson({"card", "list"}, code_);
  EXPECT_EQ(list["readers"][0]["state"], "CARD_PRESENT");
  EXPECT_EQ(list["cards"][0]["serial"], world_.serial);
  EXPECT_EQ(list["cards"][0]["family"], "AKIS_V1");
  for (const std::string& name : {std::string(), world_.serial, "cards/" + world_.serial}) {
    std::vector<std::string> arguments = {"card", "show"};
    if (!name.empty()) arguments.push_back(name);
    EXPECT_EQ(RunJson(arguments, code_)["serial"], world_.serial);
  }
  Json certs = RunJson({"card", "certs"}, code_);
  EXPECT_EQ(certs["certificates"][0]["qualified"], true);
  EXPECT_EQ(certs["certificates"][0]["key_usages"][0], "nonRepudiation");
  Json state = RunJson({"card", "pin-state"}, code_);
  EXPECT_EQ(state["tries_left"], "ALL");
  EXPECT_EQ(state["tries_left_count"], 3);
  EXPECT_EQ(state["max_length"], 12);
  EXPECT_EQ(state["new_min_length"], 6);
  EXPECT_EQ(state["puk_tries_left"], "ALL");
  EXPECT_EQ(state["puk_tries_left_count"], 3);
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(RunProgram({"--lang", "tr", "card", "list"}).output, HasSubstr("kart takılı"));
  EXPECT_THAT(RunProgram({"--lang", "tr", "card", "certs"}).output, HasSubstr("AYŞE YILMAZ"));
  EXPECT_THAT(RunProgram({"--lang", "tr", "card", "show"}).output, HasSubstr(world_.serial));
  EXPECT_THAT(RunProgram({"--lang", "tr", "card", "pin-state"}).output,
              HasSubstr("3 deneme hakkı var."));
}

TEST_F(CardCommandsTest, NothingTypedIsWrittenWhateverTheEnvironmentAsks) {
  StartAgent();
  const Ended ended = RunProgram({"card", "verify-pin"}, {"8675309"},
                                 {{"GRPC_TRACE", "all"}, {"GRPC_VERBOSITY", "DEBUG"}});
  EXPECT_EQ(ended.exit_code, 21);
  for (const std::string& text : {ended.output, ended.errors}) {
    EXPECT_THAT(text, Not(HasSubstr("8675309")));
    EXPECT_THAT(text, Not(HasSubstr("OP[")));
    EXPECT_THAT(text, Not(HasSubstr("grpc")));
  }
}

TEST_F(CardCommandsTest, BytesThatAreNoTextAreRefusedHere) {
  FakeAgent& agent = StartAgent();
  Json error = RunJson({"card", "verify-pin"}, code_, {"12\xff\xfe"})["error"];
  EXPECT_EQ(error["reason"], "PIN_FORMAT");
  EXPECT_EQ(code_, 23);
  // An overlong zero, half a character, a surrogate.
  for (const char* bytes : {"\xc0\x80", "\xc5", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    const Ended ended = RunProgram({"card", "verify-pin"}, {bytes});
    EXPECT_EQ(ended.exit_code, 23);
    EXPECT_THAT(ended.errors, Not(HasSubstr("libprotobuf")));
  }
  for (const char* group : {"card", "journey"}) {
    error = RunJson({group, "show", "\xff\xfe"}, code_)["error"];
    EXPECT_EQ(error["reason"], "BAD_FIELD");
    EXPECT_EQ(error["field"], group);
    EXPECT_EQ(code_, 65);
  }
  EXPECT_THAT(agent.log(), IsEmpty());
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(CardCommandsTest, ARefusedLengthNamesTheOneThatIsTaken) {
  StartAgent();
  Ended ended = RunProgram({"--lang", "tr", "card", "verify-pin"}, {"12"});
  EXPECT_EQ(ended.exit_code, 23);
  // Wherever the lines end.
  std::replace(ended.errors.begin(), ended.errors.end(), '\n', ' ');
  EXPECT_THAT(ended.errors, HasSubstr("Bu kartın PIN'i 4 ile 12 hane arasındadır."));
  EXPECT_THAT(ended.errors, HasSubstr("Bilgi işlem için: too short"));
  ended = RunProgram({"--lang", "en", "card", "verify-pin"}, {"12"});
  std::replace(ended.errors.begin(), ended.errors.end(), '\n', ' ');
  EXPECT_THAT(ended.errors, HasSubstr("A PIN of this card has 4 to 12 digits."));
  EXPECT_THAT(ended.errors, HasSubstr("(too short)"));
}

TEST_F(CardCommandsTest, ShowSaysWhatTheCardCanDo) {
  world_.operations = {v1::CARD_OPERATION_LIST_CERTIFICATES, v1::CARD_OPERATION_VERIFY_PIN};
  FakeAgent& agent = StartAgent(world_);
  EXPECT_EQ(RunJson({"card", "show"}, code_)["operations"],
            Json({"LIST_CERTIFICATES", "VERIFY_PIN"}));
  EXPECT_THAT(RunProgram({"--lang", "en", "card", "show"}).output,
              HasSubstr("show certificates, prove the PIN"));
  // What it cannot do is not even asked for.
  EXPECT_EQ(RunJson({"card", "change-pin"}, code_)["error"]["reason"], "OPERATION_UNSUPPORTED");
  EXPECT_EQ(code_, 20);
  EXPECT_THAT(agent.log(), IsEmpty());
}

TEST_F(CardCommandsTest, ValidityIsSaidInWords) {
  StartAgent();
  const std::string english = RunProgram({"--lang", "en", "card", "certs"}).output;
  EXPECT_THAT(english, HasSubstr("valid, for 40 days more"));
  EXPECT_THAT(english, HasSubstr("expired, 34 days ago"));
  EXPECT_THAT(english, HasSubstr("not valid yet; begins in 5 days"));
  const std::string turkish = RunProgram({"--lang", "tr", "card", "certs"}).output;
  EXPECT_THAT(turkish, HasSubstr("geçerli, 40 gün daha"));
  EXPECT_THAT(turkish, HasSubstr("süresi doldu, 34 gün önce"));
  EXPECT_EQ(RunJson({"card", "certs"}, code_)["certificates"][1]["validity"], "EXPIRED");
}

TEST_F(CardCommandsTest, WhatTheCardDoesNotTellIsUnknownAndNotZero) {
  world_.puk_state_known = false;
  StartAgent(world_);
  const Json state = RunJson({"card", "pin-state"}, code_);
  EXPECT_EQ(state["puk_tries_left"], "UNKNOWN");
  EXPECT_FALSE(state.contains("puk_tries_left_count"));
  EXPECT_THAT(RunProgram({"--lang", "en", "card", "pin-state"}).output,
              HasSubstr("The card does not say how many tries of the PUK are left."));
}

TEST_F(CardCommandsTest, WhoMayHoldTheCardIsNamed) {
  FakeAgent& agent = StartAgent();
  agent.HoldCard({"firefox", "imzager"});
  EXPECT_THAT(RunProgram({"--lang", "en", "card", "list"}).output,
              HasSubstr("at the moment: firefox, imzager."));
  EXPECT_THAT(RunProgram({"--lang", "tr", "card", "list"}).output,
              HasSubstr("kartla çalışan programlar: firefox,"));
  EXPECT_EQ(RunJson({"card", "list"}, code_)["readers"][0]["programs"],
            Json({"firefox", "imzager"}));
  agent.FailNextCardCall(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY,
                                   "held", {{"programs", "firefox, imzager"}}));
  const Ended ended = RunProgram({"--lang", "en", "card", "verify-pin"}, {world_.pin});
  EXPECT_THAT(ended.errors, HasSubstr("at the moment: firefox, imzager."));
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(CardCommandsTest, TheLengthOfANewPinIsThatOfTheRules) {
  world_.new_max_length = 8;
  StartAgent(world_);
  const auto change = [&](const char* language) {
    return RunProgram({"--lang", language, "card", "change-pin"}, {world_.pin, "864209", "864209"})
        .output;
  };
  EXPECT_THAT(change("en"), HasSubstr("Your new PIN needs 6 to 8 digits."));
  EXPECT_THAT(
      RunProgram({"--lang", "tr", "card", "change-pin"}, {"864209", "135790", "135790"}).output,
      HasSubstr("Yeni PIN'iniz 6 ila 8 haneli olmalı."));
}

TEST_F(CardCommandsTest, AnOlderAgentTellsTheCardsLengthOnly) {
  world_.new_min_length = world_.new_max_length = 0;
  StartAgent(world_);
  EXPECT_THAT(
      RunProgram({"--lang", "en", "card", "change-pin"}, {world_.pin, "864209", "864209"}).output,
      HasSubstr("A PIN of this card has 4 to 12 digits."));
  EXPECT_FALSE(RunJson({"card", "pin-state"}, code_).contains("new_min_length"));
}

TEST_F(CardCommandsTest, ThePinIsTypedOnTheReader) {
  world_.has_pinpad = true;
  FakeAgent& agent = StartAgent(world_);
  const Ended ended = RunProgram({"--lang", "en", "card", "verify-pin", "--on-reader"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.output, HasSubstr("type on its own keys"));
  EXPECT_THAT(agent.log(), ElementsAre("verify_on_pinpad"));
  EXPECT_EQ(RunJson({"card", "list"}, code_)["readers"][0]["has_pinpad"], true);
}

TEST_F(CardCommandsTest, AReaderWithoutKeysIsSaid) {
  StartAgent();
  const Ended ended = RunProgram({"--lang", "tr", "card", "verify-pin", "--on-reader"});
  EXPECT_EQ(ended.exit_code, 20);
  EXPECT_THAT(ended.errors, HasSubstr("tuş"));
}

TEST_F(CardCommandsTest, NoCardAndAnotherCard) {
  FakeAgent& agent = StartAgent();
  EXPECT_EQ(RunJson({"card", "show", "12345"}, code_)["error"]["reason"], "CARD_NOT_FOUND");
  EXPECT_EQ(code_, 66);
  agent.InsertCard(false);
  EXPECT_EQ(RunJson({"card", "pin-state"}, code_)["error"]["reason"], "NO_CARD");
  EXPECT_EQ(code_, 20);
}

TEST_F(CardCommandsTest, VerifiesThePinFromStandardInput) {
  FakeAgent& agent = StartAgent();
  Json right = RunJson({"card", "verify-pin"}, code_, {world_.pin});
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(right["verified"], true);
  Json wrong = RunJson({"card", "verify-pin"}, code_, {"1111"});
  EXPECT_EQ(code_, 21);
  EXPECT_EQ(wrong["error"]["reason"], "WRONG_PIN");
  EXPECT_EQ(wrong["error"]["tries_left"], 2);
  EXPECT_EQ(agent.tries(), 2);
  EXPECT_THAT(agent.log(), ElementsAre("verify_pin", "verify_pin"));
}

TEST_F(CardCommandsTest, NoInputNoTry) {
  FakeAgent& agent = StartAgent();
  RunJson({"card", "verify-pin"}, code_);
  EXPECT_EQ(code_, 65);
  RunJson({"card", "verify-pin"}, code_, {""});
  EXPECT_EQ(code_, 65);
  RunJson({"card", "change-pin"}, code_, {world_.pin, "864209"});
  EXPECT_EQ(code_, 65);
  Json differ = RunJson({"card", "change-pin"}, code_, {world_.pin, "864209", "864208"});
  EXPECT_EQ(code_, 65);
  EXPECT_EQ(differ["error"]["field"], "new_pin_again");
  EXPECT_THAT(agent.log(), IsEmpty());
}

TEST_F(CardCommandsTest, TheLastTryNeedsItsOption) {
  world_.tries = 1;
  FakeAgent& agent = StartAgent(world_);
  EXPECT_EQ(RunJson({"card", "verify-pin"}, code_, {world_.pin})["error"]["reason"], "LAST_TRY");
  EXPECT_EQ(code_, 23);
  EXPECT_EQ(agent.tries(), 1);
  RunJson({"card", "verify-pin", "--allow-last-try"}, code_, {world_.pin});
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(CardCommandsTest, BlocksAndUnknownAttemptsHaveTheirCodes) {
  world_.tries = 1;
  FakeAgent& agent = StartAgent(world_);
  agent.FailNextCardCall(
      MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN, "gone"));
  RunJson({"card", "verify-pin", "--allow-last-try"}, code_, {world_.pin});
  EXPECT_EQ(code_, 24);
  RunJson({"card", "verify-pin", "--allow-last-try"}, code_, {"1111"});
  EXPECT_EQ(code_, 22);
}

TEST_F(CardCommandsTest, AnAnswerToAPinThatWasLostIsNotKnown) {
  FakeAgent& agent = StartAgent();
  for (const auto code : {absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kUnavailable,
                          absl::StatusCode::kCancelled, absl::StatusCode::kInternal}) {
    // In gRPC's own words.
    agent.FailNextCardCall(absl::Status(code, "stream"));
    const Json lost = RunJson({"card", "verify-pin"}, code_, {"1111"});
    EXPECT_EQ(code_, 24) << lost;
    EXPECT_EQ(lost["error"]["reason"], "ATTEMPT_UNKNOWN");
  }
  agent.FailNextCardCall(absl::DeadlineExceededError("stream"));
  const Ended ended = RunProgram({"--lang", "en", "card", "test-sign"}, {world_.pin});
  EXPECT_EQ(ended.exit_code, 24);
  EXPECT_THAT(ended.errors, HasSubstr("card pin-state"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("try again")));
}

TEST_F(CardCommandsTest, ChangesAndSigns) {
  FakeAgent& agent = StartAgent();
  Json changed = RunJson({"card", "change-pin"}, code_, {world_.pin, "864209", "864209"});
  EXPECT_EQ(changed["changed"], true);
  EXPECT_EQ(agent.pin(), "864209");
  Json sign = RunJson({"card", "test-sign"}, code_, {"864209"});
  EXPECT_EQ(sign["algorithm"], "RSA-2048 PKCS#1 v1.5 SHA-256");
  EXPECT_EQ(sign["signed"], true);
  const Ended text = RunProgram({"--lang", "tr", "card", "test-sign"}, {"864209"});
  EXPECT_THAT(text.output, HasSubstr("Kart imza attı"));
  EXPECT_THAT(text.output, Not(HasSubstr("864209")));
}

TEST_F(CardCommandsTest, ErrorsAreCalmAndOnStandardError) {
  StartAgent();
  const Ended ended = RunProgram({"--lang", "tr", "card", "verify-pin"}, {"1111"});
  EXPECT_EQ(ended.exit_code, 21);
  EXPECT_THAT(ended.errors, HasSubstr("PIN hatalı."));
  EXPECT_THAT(ended.errors, HasSubstr("Kalan deneme hakkı: 2"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("1111")));
  EXPECT_EQ(ended.output, "");
}

TEST_F(CardCommandsTest, TheTextsFollowTheLocale) {
  StartAgent();
  struct Case {
    std::map<std::string, std::string> environment;
    const char* expected;
  };
  for (const Case& given :
       std::vector<Case>{{{{"LC_ALL", "tr_TR.UTF-8"}, {"LANGUAGE", ""}}, "kart takılı"},
                         {{{"LC_ALL", "tr_XX.UTF-8"}, {"LANGUAGE", ""}}, "kart takılı"},
                         {{{"LC_ALL", "C.UTF-8"}, {"LANGUAGE", "tr"}}, "kart takılı"},
                         {{{"LC_ALL", "C.UTF-8"}, {"LANGUAGE", ""}}, "card present"},
                         {{{"LC_ALL", "C"}, {"LANGUAGE", ""}}, "card present"}}) {
    const Finished finished = ilkimza::testing::Run(Command({"card", "list"}),
                                                    std::chrono::seconds(20), given.environment);
    EXPECT_THAT(finished.output, HasSubstr(given.expected)) << given.environment.at("LC_ALL");
  }
  for (const char* locale : {"C", "C.UTF-8", "tr_TR.UTF-8"}) {
    const Finished finished = ilkimza::testing::Run(Command({"--lang", "tr", "card", "list"}),
                                                    std::chrono::seconds(20), {{"LC_ALL", locale}});
    EXPECT_THAT(finished.output, HasSubstr("kart takılı")) << locale;
  }
}

}  // namespace
}  // namespace ilkimza::testing
