// `ilkimza start` at a terminal.
#include "tests/clients/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/clients/log_in.h"
#include "tests/clients/program_fixture.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TerminalTest : public ProgramTest {
 protected:
  std::unique_ptr<Terminal> Begin(const std::vector<std::string>& more = {"--remembered"},
                                  const std::string& language = "en") {
    return BeginOn("xterm-256color", 80, more, language);
  }
  std::unique_ptr<Terminal> BeginOn(const std::string& kind, unsigned short columns,
                                    const std::vector<std::string>& more = {"--remembered"},
                                    const std::string& language = "en") {
    std::vector<std::string> arguments = {"--lang", language, "start"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto environment = Environment();
    environment["TERM"] = kind;
    environment["COLORTERM"] = "truecolor";
    environment["NO_COLOR"] = "";
    return std::make_unique<Terminal>(Command(arguments), environment, columns, 20);
  }
  // Up to where PIN and PUK stand on the screen.
  void ShowPin(Terminal& terminal) {
    LogIn(terminal, world_);
    Reveal(terminal);
  }
  void Reveal(Terminal& terminal) {
    terminal.See("go on ");
    EXPECT_THAT(terminal.screen(), Not(HasSubstr(world_.pin)));
    terminal.Send("s");
    ASSERT_TRUE(terminal.See("\x1b[?1049h"));
    ASSERT_TRUE(terminal.See("PIN " + world_.pin));
    ASSERT_TRUE(terminal.See("PUK " + world_.puk));
    ASSERT_TRUE(terminal.See("Hidden again in"));
  }
  void ExpectHidden(const Terminal& terminal) const {
    EXPECT_THAT(terminal.Lasting(), Not(HasSubstr(world_.pin)));
    EXPECT_THAT(terminal.Lasting(), Not(HasSubstr(world_.puk)));
  }
  void ToProvePin(Terminal& terminal) {
    LogIn(terminal, world_);
    terminal.See("Enter: go on ");
    terminal.Send("\r");
  }

  FakeAgent::World world_;
};

TEST_F(TerminalTest, TheWholeWayWithoutASecretOnTheScreen) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin({});
  terminal->Type("Do you know it? [y/n]: ", "y");
  LogIn(*terminal, world_);
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->Type("Use the PIN of the portal's page? [y/n]: ", "y");
  terminal->See("Your new PIN needs 6 to 12 digits.");
  terminal->Type("New PIN: ", "864209");
  terminal->Type("New PIN again: ", "864209");
  terminal->Type("Delete it? [y/n]: ", "y");
  terminal->Type("PIN: ", "864209");
  terminal->See("Your card is ready: you can sign.");
  EXPECT_EQ(terminal->Exit(), 0);
  EXPECT_EQ(agent.pin(), "864209");
  for (const std::string& secret :
       {world_.word, world_.sms_code, world_.pin, world_.puk, std::string("864209")}) {
    EXPECT_THAT(terminal->screen(), Not(HasSubstr(secret)));
  }
  EXPECT_TRUE(terminal->Echoes()) << "the terminal was not put right";
}

TEST_F(TerminalTest, TheCaptchaIsDrawnAndItsFileGoesAway) {
  StartAgent();
  const auto terminal = Begin();
  ASSERT_TRUE(terminal->See("As a file: "));
  ASSERT_TRUE(terminal->See("National id"));
  EXPECT_THAT(terminal->screen(), HasSubstr("\x1b[38;2;"));
  EXPECT_THAT(terminal->screen(), HasSubstr("▀"));
  const size_t start = terminal->screen().find("As a file: ") + 11;
  const std::string path =
      terminal->screen().substr(start, terminal->screen().find(".png", start) + 4 - start);
  EXPECT_EQ(ReadFile(path), CaptchaPng());
  terminal->Send("\x03");
  EXPECT_EQ(terminal->Exit(), 130);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TerminalTest, AnotherPictureAndARejectedOne) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin();
  terminal->Type("National id (11 digits): ", world_.national_id);
  terminal->Type("another picture]: ", "");
  // The id is kept for this run.
  terminal->Type("[Enter: as before]: ", "");
  terminal->Type("another picture]: ", "wrong");
  terminal->Type("Security word: ", world_.word);
  terminal->See("The characters of the picture were not right.");
  terminal->Type("[Enter: as before]: ", "");
  terminal->Type("another picture]: ", world_.captcha);
  terminal->Type("Security word: ", world_.word);
  terminal->See("Is this your phone?");
  EXPECT_THAT(agent.log(), ::testing::ElementsAre("new_captcha", "login", "login"));
}

TEST_F(TerminalTest, AWrongIdNeverLeavesTheComputer) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin();
  terminal->Type("National id (11 digits): ", "10000000147");
  terminal->See("its last two digits do not fit");
  terminal->See("National id (11 digits): ");
  EXPECT_TRUE(agent.log().empty());
}

// What was typed is taken off the screen when the line is done.
TEST_F(TerminalTest, TypedLinesDoNotStay) {
  StartAgent();
  const auto terminal = Begin();
  terminal->See("National id (11 digits): ");
  terminal->Send(world_.national_id);
  terminal->See(world_.national_id);
  terminal->Send("\r");
  terminal->See("another picture]: ");
  const std::string& screen = terminal->screen();
  const size_t last = screen.rfind(world_.national_id);
  ASSERT_NE(last, std::string::npos) << "the id was not shown while it was typed";
  EXPECT_EQ(screen.substr(last + world_.national_id.size(), 4), "\r\x1b[K");
}

TEST_F(TerminalTest, ThePinIsShownOnDemandAndHiddenAgain) {
  StartAgent();
  const auto terminal = Begin();
  ShowPin(*terminal);
  terminal->Send("x");
  ASSERT_TRUE(terminal->See("\x1b[?1049l"));
  ASSERT_TRUE(terminal->See("Hidden again."));
  ExpectHidden(*terminal);
  // It is asked again, and goes on.
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->See("Use the PIN of the portal's page?");
}

// Where a line is wider than the window, the terminal makes two rows of it.
TEST_F(TerminalTest, NothingShownStaysInANarrowWindow) {
  StartAgent();
  const auto terminal = BeginOn("xterm-256color", 40);
  ShowPin(*terminal);
  ASSERT_TRUE(terminal->See("Hidden again in 18 s"));
  terminal->Send("x");
  ASSERT_TRUE(terminal->See("Hidden again."));
  ExpectHidden(*terminal);
  terminal->Send("\x03");
  terminal->Exit();
  // What is drawn over and over is never wider than the row that is erased.
  const std::string& screen = terminal->screen();
  const std::string erase = "\r\x1b[K";
  for (size_t at = screen.find(erase); at != std::string::npos; at = screen.find(erase, at + 1)) {
    const size_t begin = at + erase.size();
    const std::string row = screen.substr(begin, screen.find_first_of("\r\n\x1b", begin) - begin);
    EXPECT_LT(std::count_if(row.begin(), row.end(), [](char c) { return (c & 0xc0) != 0x80; }), 40)
        << row;
  }
}

TEST_F(TerminalTest, SuspendingHidesThePin) {
  StartAgent();
  const auto terminal = Begin();
  ShowPin(*terminal);
  terminal->Send("\x1a");
  ASSERT_TRUE(terminal->See("\x1b[?1049l"));
  for (int i = 0; i < 2000 && !terminal->Echoes(); ++i) usleep(10000);
  ExpectHidden(*terminal);
  terminal->Signal(SIGCONT);
  ASSERT_TRUE(terminal->See("Hidden again."));
  terminal->See("Enter: go on ");
  ExpectHidden(*terminal);
}

TEST_F(TerminalTest, EachEndingSignalHidesThePin) {
  StartAgent();
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) {
    const auto terminal = Begin();
    // Taken up again, it is at the PIN page still.
    signal == SIGINT ? ShowPin(*terminal) : Reveal(*terminal);
    terminal->Signal(signal);
    EXPECT_EQ(terminal->Exit(), 128 + signal);
    ExpectHidden(*terminal);
    EXPECT_THAT(terminal->screen(), HasSubstr("\x1b[?1049l"));
  }
}

TEST_F(TerminalTest, ATerminalThatCannotHideIsShownNoSecretAndNoEscapeSequence) {
  StartAgent();
  const auto terminal = BeginOn("dumb", 80);
  LogIn(*terminal, world_);
  terminal->See("What is secret is not shown here");
  terminal->See("Enter: go on ");
  terminal->Send("s\r");
  terminal->See("Use the PIN of the portal's page?");
  const std::string& screen = terminal->screen();
  EXPECT_THAT(screen, Not(HasSubstr("\x1b")));
  EXPECT_THAT(screen, Not(HasSubstr(world_.pin)));
  const size_t first = screen.find("National id (11 digits): ");
  EXPECT_EQ(screen.find("National id (11 digits): ", first + 1), std::string::npos) << screen;
}

TEST_F(TerminalTest, TriesAreSaidBeforeTypingAndTheLastOneNeedsItsWord) {
  world_.tries = 1;
  FakeAgent& agent = StartAgent(world_);
  auto terminal = Begin();
  ToProvePin(*terminal);
  terminal->See("ONE try is left");
  terminal->Type("only Enter to stop: ", "");
  terminal->See("nothing is lost");
  EXPECT_EQ(terminal->Exit(), 75);
  EXPECT_EQ(agent.tries(), 1);
  terminal = Begin();
  terminal->Type("only Enter to stop: ", "last");
  // The portal's PIN is offered if its page is there before the question.
  const std::string use_portal_pin = "Use the PIN of the portal's page? [y/n]: ";
  if (terminal->SeeEither(use_portal_pin, "  PIN: ") == use_portal_pin) {
    terminal->Send("n\r");
    terminal->See("PIN: ");
  }
  terminal->Send(world_.pin + "\r");
  terminal->See("New PIN: ");
  EXPECT_EQ(agent.tries(), 3);
}

TEST_F(TerminalTest, TheNewPinIsTypedTwice) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin();
  ToProvePin(*terminal);
  terminal->Type("Use the PIN of the portal's page? [y/n]: ", "y");
  terminal->Type("New PIN: ", "864209");
  terminal->Type("New PIN again: ", "864208");
  terminal->See("The two PINs were not the same.");
  terminal->Type("New PIN: ", "864209");
  terminal->Type("New PIN again: ", "864209");
  terminal->See("Delete it?");
  EXPECT_EQ(agent.pin(), "864209");
}

TEST_F(TerminalTest, CtrlCPutsTheTerminalRightAndSaysThatNothingIsLost) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin();
  terminal->See("National id");
  EXPECT_FALSE(terminal->Echoes());
  terminal->Send("\x03");
  terminal->See("The journey is kept as it is; nothing is lost.");
  EXPECT_EQ(terminal->Exit(), 130);
  EXPECT_TRUE(terminal->Echoes());
  EXPECT_EQ(agent.journey().state(), v1::JOURNEY_STATE_ACTIVE);
}

TEST_F(TerminalTest, CtrlBackslashPutsTheTerminalRightToo) {
  StartAgent();
  const auto terminal = Begin();
  terminal->See("National id");
  terminal->Send("\x1c");
  EXPECT_EQ(terminal->Exit(), 131);
  EXPECT_TRUE(terminal->Echoes());
}

TEST_F(TerminalTest, CtrlCWhileNothingIsAsked) {
  world_.card_present = false;
  StartAgent(world_);
  const auto terminal = Begin();
  terminal->See("Snap the chip out along its marks");
  terminal->Send("\x03");
  terminal->See("nothing is lost");
  EXPECT_EQ(terminal->Exit(), 130);
  EXPECT_TRUE(terminal->Echoes());
}

TEST_F(TerminalTest, SuspendingPutsTheTerminalRightToo) {
  StartAgent();
  const auto terminal = Begin();
  terminal->See("National id (11 digits): ");
  terminal->Send("\x1a");
  // The shell's turn: wait until the modes are those of before.
  for (int i = 0; i < 2000 && !terminal->Echoes(); ++i) usleep(10000);
  EXPECT_TRUE(terminal->Echoes());
  terminal->Signal(SIGCONT);
  terminal->Type("National id (11 digits): ", world_.national_id);
  terminal->Type("another picture]: ", world_.captcha);
  terminal->See("Security word: ");
}

TEST_F(TerminalTest, AQuestionThatIsOverIsTakenBack) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin();
  terminal->See("National id (11 digits): ");
  terminal->Send("1000");
  agent.Stop(v1::ERROR_REASON_STEP_TIMEOUT);
  terminal->See("This question is over");
  terminal->See("Nobody answered for a while");
  terminal->Type("Number: ", "1");
  terminal->See("National id (11 digits): ");
}

TEST_F(TerminalTest, LeavingAStoppedJourney) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin();
  terminal->See("National id (11 digits): ");
  agent.Stop(v1::ERROR_REASON_PORTAL_REFUSED);
  terminal->Type("Number: ", "3");
  EXPECT_EQ(terminal->Exit(), 10);
}

// With nothing typed the other answers are asked for.
TEST_F(TerminalTest, AMailThatCannotBeReadStopsWithTheHotline) {
  StartAgent();
  const auto terminal = Begin({"--goal", "reset-word"});
  terminal->Type("National id (11 digits): ", world_.national_id);
  terminal->Type("Mail address: ", "");
  terminal->Type("Does the portal have an address that is not yours? [y/n]: ", "n");
  terminal->Type("Mail address: ", world_.email);
  terminal->Type("another picture]: ", world_.captcha);
  terminal->Type("Link of the mail: ", "");
  terminal->Type("Has no mail come? [y/n]: ", "y");
  terminal->Type("Can you read the mails of the address you gave? [y/n]: ", "n");
  EXPECT_TRUE(terminal->See("The mail address at the portal is not yours"));
  EXPECT_TRUE(terminal->See("Call the hotline"));
}

TEST_F(TerminalTest, KeysThatEditTheLine) {
  StartAgent();
  const auto terminal = Begin();
  terminal->See("National id (11 digits): ");
  // Typed wrong, erased as a whole; an arrow key; a letter too much, erased.
  terminal->Send("999\x15\x1b[D10000000146ş\x7f\r");
  terminal->See("another picture]: ");
}

TEST_F(TerminalTest, EndOfInputLeaves) {
  StartAgent();
  const auto terminal = Begin();
  terminal->See("National id (11 digits): ");
  terminal->Send("\x04");
  EXPECT_EQ(terminal->Exit(), 75);
  EXPECT_TRUE(terminal->Echoes());
}

TEST_F(TerminalTest, SpeaksTurkish) {
  StartAgent();
  const auto terminal = Begin({}, "tr");
  terminal->Type("Biliyor musunuz? [e/h]: ", "h");
  terminal->See("T.C. kimlik no (11 hane): ");
}

TEST_F(TerminalTest, BytesThatAreNoTextAreAskedForAgain) {
  FakeAgent& agent = StartAgent();
  Terminal terminal(Command({"--lang", "en", "card", "verify-pin"}), Environment());
  terminal.Type("PIN: ", "\xff\xfe");
  terminal.See("That cannot be read.");
  terminal.Type("PIN: ", world_.pin);
  terminal.See("The PIN is right.");
  EXPECT_EQ(terminal.Exit(), 0);
  EXPECT_THAT(agent.log(), ::testing::ElementsAre("verify_pin"));
}

TEST_F(TerminalTest, CardCommandsAskWithoutEcho) {
  FakeAgent& agent = StartAgent();
  Terminal terminal(Command({"--lang", "en", "card", "verify-pin"}), Environment());
  terminal.See("3 tries are left.");
  terminal.Type("PIN: ", world_.pin);
  terminal.See("The PIN is right.");
  EXPECT_EQ(terminal.Exit(), 0);
  EXPECT_THAT(terminal.screen(), Not(HasSubstr(world_.pin)));
  EXPECT_THAT(agent.log(), ::testing::ElementsAre("verify_pin"));
}

}  // namespace
}  // namespace ilkimza::testing
