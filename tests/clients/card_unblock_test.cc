// `ilkimza card unblock`: no try of the PUK without a word for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/clients/program_fixture.h"
#include "tests/clients/terminal.h"

namespace ilkimza::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

class CardUnblockTest : public ProgramTest {
 protected:
  CardUnblockTest() { world_.tries = 0; }
  std::unique_ptr<Terminal> Begin(const std::string& language) {
    return std::make_unique<Terminal>(Command({"--lang", language, "card", "unblock"}),
                                      Environment());
  }
  FakeAgent::World world_;
  int code_ = -1;
};

TEST_F(CardUnblockTest, APipeNeedsTheFlagAndNothingIsReadBefore) {
  FakeAgent& agent = StartAgent(world_);
  const std::vector<std::string> typed = {world_.puk, "864209", "864209"};
  EXPECT_EQ(RunJson({"card", "unblock"}, code_, typed)["error"]["reason"], "PUK_TRY_NOT_CONFIRMED");
  EXPECT_EQ(code_, 23);
  EXPECT_THAT(agent.log(), IsEmpty());
  const Json done = RunJson({"card", "unblock", "--use-a-puk-try"}, code_, typed);
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(done["unblocked"], true);
  EXPECT_EQ(done["pin_state"]["tries_left_count"], 3);
  EXPECT_EQ(agent.pin(), "864209");
}

TEST_F(CardUnblockTest, EachWrongPukIsCountedAndTheLastIsTheEnd) {
  FakeAgent& agent = StartAgent(world_);
  const std::vector<std::string> typed = {"11111111", "864209", "864209"};
  const Ended first = RunProgram({"--lang", "en", "card", "unblock", "--use-a-puk-try"}, typed);
  EXPECT_EQ(first.exit_code, 21);
  EXPECT_THAT(first.output, HasSubstr("3 tries of the PUK are left."));
  EXPECT_THAT(first.output, HasSubstr("lost"));
  EXPECT_THAT(first.errors, HasSubstr("Tries of the PUK left: 2"));
  EXPECT_THAT(first.output + first.errors, Not(HasSubstr("11111111")));
  RunJson({"card", "unblock", "--use-a-puk-try"}, code_, typed);
  EXPECT_EQ(code_, 21);
  EXPECT_EQ(RunJson({"card", "unblock", "--use-a-puk-try"}, code_, typed)["error"]["reason"],
            "PUK_BLOCKED");
  EXPECT_EQ(code_, 22);
  // From here on nothing is asked or sent any more.
  RunJson({"card", "unblock", "--use-a-puk-try"}, code_, typed);
  EXPECT_EQ(code_, 22);
  EXPECT_THAT(agent.log(), ElementsAre("unblock", "unblock", "unblock"));
}

TEST_F(CardUnblockTest, NewPinsThatDifferAreNotSent) {
  FakeAgent& agent = StartAgent(world_);
  RunJson({"card", "unblock", "--use-a-puk-try"}, code_, {world_.puk, "864209", "864208"});
  EXPECT_EQ(code_, 65);
  RunJson({"card", "unblock", "--use-a-puk-try"}, code_, {""});
  EXPECT_EQ(code_, 65);
  EXPECT_THAT(agent.log(), IsEmpty());
}

TEST_F(CardUnblockTest, AtATerminalThePhraseComesFirst) {
  world_.puk_tries = 1;
  FakeAgent& agent = StartAgent(world_);
  const auto refused = Begin("en");
  refused->See("ONE try of the PUK is left");
  refused->Type("or only Enter to stop: ", "y");
  refused->See("Nothing was sent");
  EXPECT_EQ(refused->Exit(), 23);
  EXPECT_THAT(agent.log(), IsEmpty());
  const auto taken = Begin("en");
  taken->Type("or only Enter to stop: ", "Use a Try");
  taken->Type("PUK: ", world_.puk);
  taken->Type("New PIN: ", "864209");
  taken->Type("New PIN again: ", "864209");
  taken->See("The PIN is unblocked");
  EXPECT_EQ(taken->Exit(), 0);
  EXPECT_THAT(taken->screen(), Not(HasSubstr(world_.puk)));
  EXPECT_THAT(taken->screen(), Not(HasSubstr("864209")));
  EXPECT_EQ(agent.pin(), "864209");
}

TEST_F(CardUnblockTest, InTurkishToo) {
  FakeAgent& agent = StartAgent(world_);
  const auto terminal = Begin("tr");
  terminal->Type("yalnızca Enter): ", "HAK KULLAN");
  terminal->Type("PUK: ", world_.puk);
  terminal->Type("Yeni PIN: ", "864209");
  terminal->Type("Yeni PIN (yeniden): ", "864209");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(CardUnblockTest, CtrlCSpendsNothing) {
  FakeAgent& agent = StartAgent(world_);
  const auto terminal = Begin("en");
  terminal->Type("or only Enter to stop: ", "use a try");
  terminal->See("PUK: ");
  terminal->Send("\x03");
  EXPECT_EQ(terminal->Exit(), 130);
  EXPECT_THAT(agent.log(), IsEmpty());
}

TEST_F(CardUnblockTest, APinThatIsNotBlockedIsSaid) {
  world_.tries = 3;
  StartAgent(world_);
  const auto terminal = Begin("en");
  terminal->See("The PIN is not blocked");
  terminal->Type("or only Enter to stop: ", "");
  EXPECT_EQ(terminal->Exit(), 23);
}

TEST_F(CardUnblockTest, OnTheReadersKeysNoSecretLeavesTheProgram) {
  FakeAgent& agent = StartAgent(world_);
  RunJson({"card", "unblock", "--use-a-puk-try", "--on-reader"}, code_);
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(agent.log(), ElementsAre("unblock_on_pinpad"));
}

TEST_F(CardUnblockTest, WhatIsNotKnownIsNotCalledWrong) {
  FakeAgent& agent = StartAgent(world_);
  agent.FailNextCardCall(
      MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN, "gone"));
  const Ended ended = RunProgram({"--lang", "en", "card", "unblock", "--use-a-puk-try"},
                                 {world_.puk, "864209", "864209"});
  EXPECT_EQ(ended.exit_code, 24);
  EXPECT_THAT(ended.errors, HasSubstr("not known"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("wrong")));
}

}  // namespace
}  // namespace ilkimza::testing
