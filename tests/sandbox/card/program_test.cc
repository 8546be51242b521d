// ilkimza-sandbox-card as tests in other languages see it: flags, lines, exit codes.
// Run by tests/support/isolated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sandbox/card/pcsc.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {
namespace {

using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::Process;

std::vector<std::string> Command(std::vector<std::string> flags) {
  std::vector<std::string> command = {ILKIMZA_SANDBOX_CARD, "--key-directory",
                                      ILKIMZA_TEST_KEY_DIRECTORY};
  command.insert(command.end(), flags.begin(), flags.end());
  return command;
}

// The program's answer to a line.
std::string Ask(Process& card, const std::string& line) {
  if (!card.WriteLine(line)) return "reads no more";
  return card.ReadLine(seconds(20)).value_or("answers nothing");
}

TEST(SandboxCardProgramTest, LivesInAReader) {
  testing::TempDir directory;
  Process card({.command = Command({"--insert", "--serial", "11112222333344445555", "--pin",
                                    "777777", "--ca-out", directory / "ca.pem"})});
  ASSERT_EQ(card.ReadLine(seconds(20)), "ok ready");
  EXPECT_THAT(testing::ReadFile(directory / "ca.pem"), HasSubstr("BEGIN CERTIFICATE"));
  PcscReader reader;
  ASSERT_TRUE(reader.WaitFor(SCARD_STATE_PRESENT));
  ASSERT_EQ(reader.Connect(), SCARD_S_SUCCESS);
  EXPECT_THAT(reader.Send("00CA01064D"), HasSubstr("11112222333344445555FFFF"));
  EXPECT_EQ(reader.Send("0020008006 373737373737"), "9000");
  EXPECT_EQ(Ask(card, "count verify"), "ok 1");
  EXPECT_THAT(Ask(card, "state"), HasSubstr(R"("pin_verified":true)"));
  EXPECT_EQ(Ask(card, "swap 22223333444455556666"), "ok");
  EXPECT_THAT(Ask(card, "state"), HasSubstr(R"("inserted":true,"serial":"22223333444455556666")"));
  EXPECT_EQ(Ask(card, "remove"), "ok");
  EXPECT_TRUE(reader.WaitFor(SCARD_STATE_EMPTY));
  EXPECT_EQ(Ask(card, "insert"), "ok");
  EXPECT_TRUE(reader.WaitFor(SCARD_STATE_PRESENT));
  EXPECT_EQ(Ask(card, "quit"), "ok");
  EXPECT_EQ(card.Wait(seconds(10)), 0);
  EXPECT_TRUE(reader.WaitFor(SCARD_STATE_EMPTY));
}

TEST(SandboxCardProgramTest, EndsWithItsInputAndOnSigterm) {
  Process one({.command = Command({})});
  ASSERT_EQ(one.ReadLine(seconds(20)), "ok ready");
  one.CloseInput();
  EXPECT_EQ(one.Wait(seconds(10)), 0);
  Process other({.command = Command({"--no-input"})});
  ASSERT_EQ(other.ReadLine(seconds(20)), "ok ready");
  other.CloseInput();
  other.Signal(SIGTERM);
  EXPECT_EQ(other.Wait(seconds(10)), 0);
}

TEST(SandboxCardProgramTest, TakesItsStateFromFlags) {
  Process card({.command = Command({"--pin-tries-left", "1", "--puk-tries-left", "0",
                                    "--max-pin-tries", "5", "--empty-verify", "refused",
                                    "--not-after", "2036-01-31T12:00:00Z", "--uncounted"})});
  ASSERT_EQ(card.ReadLine(seconds(20)), "ok ready");
  EXPECT_THAT(Ask(card, "state"), HasSubstr(R"("pin_tries":1,"puk_tries":0)"));
}

TEST(SandboxCardProgramTest, RefusesAWrongCallWithExitCode64) {
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{"--dance"},
                                             {"--serial", "12A4"},
                                             {"--pin-tries-left", "4"},
                                             {"--not-before", "yesterday"},
                                             {"--empty-verify", "maybe"}}) {
    EXPECT_EQ(testing::Run(Command(flags), seconds(20)).exit_code, 64) << flags[0];
  }
  EXPECT_EQ(
      testing::Run(Command({"--insert", "--port", "9", "--insert-timeout", "0.1"}), seconds(30))
          .exit_code,
      69);
}

}  // namespace
}  // namespace ilkimza::sandbox
