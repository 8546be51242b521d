// `ilkimza card unblock` and `export-cert` from end to end: the program, the agent, a real
// smart-card service and a card that keeps its own count.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "tests/e2e/stack.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kSerial[] = "87211470000000000042";
constexpr char kNationalId[] = "10000000146";
constexpr char kPuk[] = "31415926";
constexpr char kNewPin[] = "864209";
constexpr std::chrono::seconds kLimit{60};

class CardE2eTest : public ::testing::Test {
 protected:
  CardE2eTest() : stack_({.card = false}) {}

  // A card in the second slot, driven by lines.
  void Insert(const std::vector<std::string>& more) {
    std::vector<std::string> command = {std::string(ILKIMZA_BIN_DIR) + "/ilkimza-sandbox-card",
                                        "--port",
                                        "35964",
                                        "--insert",
                                        "--serial",
                                        kSerial,
                                        "--puk",
                                        kPuk,
                                        "--national-id",
                                        kNationalId,
                                        "--key-directory",
                                        ILKIMZA_TEST_KEY_DIRECTORY,
                                        "--ca-out",
                                        stack_.dir() / "card-ca.pem"};
    command.insert(command.end(), more.begin(), more.end());
    card_.emplace(Process::Options{.command = command});
    ASSERT_EQ(card_->ReadLine(kLimit), "ok ready");
    AwaitCard();
  }
  // The agent sees it a little later.
  void AwaitCard() {
    for (int i = 0; i < 1500; ++i) {
      if (stack_.RunCli({"card", "show", kSerial}).exit_code == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "the agent does not see the card";
  }
  // What the card itself answers to a line.
  std::string Card(const std::string& line) {
    EXPECT_TRUE(card_->WriteLine(line));
    return card_->ReadLine(kLimit).value_or("(nothing)");
  }
  Json CardState() { return Json::parse(Card("state").substr(3), nullptr, false); }

  Json Unblock(const std::vector<std::string>& typed, bool allow = true) {
    std::vector<std::string> arguments = {"--output", "json", "card", "unblock"};
    if (allow) arguments.emplace_back("--use-a-puk-try");
    Process program = stack_.Cli(arguments);
    for (const std::string& line : typed) static_cast<void>(program.WriteLine(line));
    program.CloseInput();
    const std::string line = program.ReadLine(kLimit).value_or("");
    code_ = program.Wait(std::chrono::seconds(60)).value_or(-1);
    return Json::parse(line, nullptr, false);
  }
  std::string ReasonOf(const Json& json) { return json.at("error").at("reason"); }

  // In no log, database or journal of this run.
  void ExpectNowhere(const std::string& secret) {
    for (const std::string& file : stack_.Files()) {
      EXPECT_THAT(ReadFile(file), Not(HasSubstr(secret))) << file;
    }
  }

  Stack stack_;
  std::optional<Process> card_;
  int code_ = -1;
};

TEST_F(CardE2eTest, UnblocksAndSpendsNoTryThatWasNotAskedFor) {
  Insert({"--pin-tries-left", "0"});
  // Without the holder's word, in a wrong format, against the rules: nothing is sent.
  EXPECT_EQ(ReasonOf(Unblock({kPuk, kNewPin, kNewPin}, false)), "PUK_TRY_NOT_CONFIRMED");
  EXPECT_EQ(code_, 23);
  EXPECT_EQ(ReasonOf(Unblock({"12", kNewPin, kNewPin})), "PIN_FORMAT");
  EXPECT_EQ(ReasonOf(Unblock({kPuk, "111111", "111111"})), "PIN_POLICY");
  EXPECT_EQ(Card("count unblock"), "ok 0");

  const Json wrong = Unblock({"99999999", kNewPin, kNewPin});
  EXPECT_EQ(ReasonOf(wrong), "WRONG_PUK");
  EXPECT_EQ(wrong["error"]["tries_left"], 2);
  EXPECT_EQ(code_, 21);
  EXPECT_EQ(Card("count unblock"), "ok 1");
  EXPECT_EQ(CardState()["puk_tries"], 2);

  const Json done = Unblock({kPuk, kNewPin, kNewPin});
  EXPECT_EQ(code_, 0) << done;
  EXPECT_EQ(done["unblocked"], true);
  EXPECT_EQ(Card("count unblock"), "ok 2");
  EXPECT_EQ(CardState()["pin_tries"], 3);
  EXPECT_EQ(CardState()["puk_tries"], 3);

  // The new PIN holds, and the card is closed again.
  Process verify = stack_.Cli({"--output", "json", "card", "verify-pin"});
  static_cast<void>(verify.WriteLine(kNewPin));
  verify.CloseInput();
  EXPECT_EQ(verify.Wait(std::chrono::seconds(60)), 0);
  bool open = true;
  for (int i = 0; i < 500 && open; ++i) open = CardState()["pin_verified"].get<bool>();
  EXPECT_FALSE(open) << "the card was left open to other programs";
  for (const char* secret : {kPuk, kNewPin, "99999999"}) ExpectNowhere(secret);
}

TEST_F(CardE2eTest, AnUnblockThatIsTornOffIsNotKnownAndNotRepeated) {
  Insert({"--pin-tries-left", "0"});
  EXPECT_EQ(Card("die-after unblock"), "ok");
  EXPECT_EQ(ReasonOf(Unblock({kPuk, kNewPin, kNewPin})), "ATTEMPT_UNKNOWN");
  EXPECT_EQ(code_, 24);
  // Only what is out for longer than the service's look into its readers has been out.
  EXPECT_EQ(Card("remove"), "ok");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_EQ(Card("insert"), "ok");
  AwaitCard();
  const Finished state = stack_.RunCli({"--output", "json", "card", "pin-state"});
  EXPECT_EQ(Json::parse(state.output, nullptr, false)["tries_left"], "ALL");
  EXPECT_EQ(Card("count unblock"), "ok 1");
}

TEST_F(CardE2eTest, ExportsTheCertificateThatSigns) {
  Insert({});
  const std::string pem = stack_.dir() / "my.pem";
  const std::string der = stack_.dir() / "my.der";
  EXPECT_EQ(stack_.RunCli({"card", "export-cert", "--signing", "--out", pem}).exit_code, 0);
  EXPECT_EQ(
      stack_.RunCli({"card", "export-cert", "--signing", "--form", "der", "--out", der}).exit_code,
      0);
  // Others' eyes: OpenSSL's.
  const Finished verified =
      ilkimza::testing::Run({"openssl", "verify", "-CAfile", stack_.dir() / "card-ca.pem", pem},
                            std::chrono::seconds(20));
  EXPECT_THAT(verified.output, HasSubstr("my.pem: OK"));
  const auto fingerprint = [](const std::string& file, const char* form) {
    return ilkimza::testing::Run({"openssl", "x509", "-in", file, "-inform", form, "-noout",
                                  "-fingerprint", "-sha256"},
                                 std::chrono::seconds(20))
        .output;
  };
  EXPECT_THAT(fingerprint(pem, "PEM"), HasSubstr("Fingerprint="));
  EXPECT_EQ(fingerprint(pem, "PEM"), fingerprint(der, "DER"));
  // No file is lost, and what is exported is the holder's: it stands in no log.
  EXPECT_EQ(stack_.RunCli({"card", "export-cert", "--signing", "--out", pem}).exit_code, 74);
  for (const char* log : {"agent.log", "server.log"}) {
    EXPECT_THAT(ReadFile(stack_.dir() / log), Not(HasSubstr(kNationalId))) << log;
  }
  // Nothing of it needed a PIN.
  EXPECT_EQ(Card("count verify"), "ok 0");
}

}  // namespace
}  // namespace ilkimza::testing
