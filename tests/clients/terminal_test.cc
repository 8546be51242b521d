// `ilkimza start` at a terminal: a pseudo terminal that this test types into and
// looks at.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>

#include "tests/clients/program_fixture.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kLimitMs = 20000;

// A program on a pseudo terminal of 80 x 40.
class Terminal {
 public:
  Terminal(const std::vector<std::string>& command,
           const std::map<std::string, std::string>& environment) {
    const winsize size{40, 80, 0, 0};
    int slave = -1;
    if (openpty(&master_, &slave, nullptr, nullptr, &size) != 0) std::abort();
    // Kept open, so that the modes can be looked at after the program's end.
    slave_ = slave;
    pid_ = fork();
    if (pid_ == 0) {
      login_tty(slave);
      for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
      std::vector<char*> arguments;
      for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
      }
      arguments.push_back(nullptr);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (!exit_code_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(master_);
    close(slave_);
  }

  // Reads until `text` was written after what was waited for before.
  bool See(const std::string& text) {
    while (true) {
      const size_t found = screen_.find(text, seen_);
      if (found != std::string::npos) {
        seen_ = found + text.size();
        return true;
      }
      if (!Read(kLimitMs)) break;
    }
    ADD_FAILURE() << "\"" << text << "\" was not seen in:\n" << screen_.substr(seen_);
    return false;
  }
  // Which of the two was written first after what was waited for before.
  std::string SeeEither(const std::string& one, const std::string& other) {
    while (true) {
      const size_t first = std::min(screen_.find(one, seen_), screen_.find(other, seen_));
      if (first != std::string::npos) {
        const std::string& text = screen_.compare(first, one.size(), one) == 0 ? one : other;
        seen_ = first + text.size();
        return text;
      }
      if (!Read(kLimitMs)) break;
    }
    ADD_FAILURE() << "neither \"" << one << "\" nor \"" << other << "\" was seen";
    return "";
  }
  // Types only once `prompt` stands there: what came earlier is not read.
  void Type(const std::string& prompt, const std::string& text) {
    if (See(prompt)) Send(text + "\r");
  }
  void Send(const std::string& keys) {
    EXPECT_EQ(write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  int Exit() {
    for (int i = 0; i < kLimitMs / 20 && !exit_code_; ++i) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        break;
      }
      Read(20);
    }
    while (Read(50)) {
    }
    return exit_code_.value_or(-1);
  }
  void Signal(int signal) const { kill(pid_, signal); }
  [[nodiscard]] bool Echoes() const {
    termios modes{};
    // Asked through the master: the program's end hangs the other side up.
    return tcgetattr(master_, &modes) == 0 && (modes.c_lflag & ECHO) != 0 &&
           (modes.c_lflag & ICANON) != 0;
  }
  [[nodiscard]] const std::string& screen() const { return screen_; }
  [[nodiscard]] size_t seen() const { return seen_; }

 private:
  bool Read(int limit_ms) {
    pollfd polled{master_, POLLIN, 0};
    if (poll(&polled, 1, limit_ms) <= 0) return false;
    char bytes[4096];
    const ssize_t count = read(master_, bytes, sizeof bytes);
    if (count <= 0) return false;
    screen_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int master_ = -1;
  int slave_ = -1;
  pid_t pid_ = -1;
  std::string screen_;
  size_t seen_ = 0;
  std::optional<int> exit_code_;
};

class TerminalTest : public ProgramTest {
 protected:
  std::unique_ptr<Terminal> Begin(const std::vector<std::string>& more = {"--remembered"},
                                  const std::string& language = "en") {
    std::vector<std::string> arguments = {"--lang", language, "start"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto environment = Environment();
    environment["TERM"] = "xterm-256color";
    environment["COLORTERM"] = "truecolor";
    environment["NO_COLOR"] = "";
    return std::make_unique<Terminal>(Command(arguments), environment);
  }
  void LogIn(Terminal& terminal) {
    terminal.Type("National id (11 digits): ", world_.national_id);
    terminal.Type("another picture]: ", world_.captcha);
    terminal.Type("Security word: ", world_.word);
    terminal.Type("Is this your phone? [y/n]: ", "y");
    terminal.Type("s left]: ", world_.sms_code);
  }
  void ToProvePin(Terminal& terminal) {
    LogIn(terminal);
    terminal.See("Enter: go on ");
    terminal.Send("\r");
  }

  FakeAgent::World world_;
};

TEST_F(TerminalTest, TheWholeWayWithoutASecretOnTheScreen) {
  FakeAgent& agent = StartAgent();
  const auto terminal = Begin({});
  terminal->Type("Do you know it? [y/n]: ", "y");
  LogIn(*terminal);
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->Type("Use the PIN of the portal's page? [y/n]: ", "y");
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
  LogIn(*terminal);
  terminal->See("Enter: go on ");
  EXPECT_THAT(terminal->screen(), Not(HasSubstr(world_.pin)));
  terminal->Send("s");
  ASSERT_TRUE(terminal->See("PIN " + world_.pin));
  ASSERT_TRUE(terminal->See("PUK " + world_.puk));
  ASSERT_TRUE(terminal->See("Hidden again in"));
  EXPECT_THAT(terminal->screen(), Not(HasSubstr("\x1b[1A")));
  terminal->Send("x");
  // The line of the label, then the line of the card.
  ASSERT_TRUE(terminal->See("\r\x1b[K\x1b[1A\x1b[2K"));
  ASSERT_TRUE(terminal->See("Hidden again."));
  // It is asked again, and goes on.
  terminal->See("Enter: go on ");
  terminal->Send("\r");
  terminal->See("Use the PIN of the portal's page?");
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
  terminal->Type("Number: ", "2");
  EXPECT_EQ(terminal->Exit(), 10);
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
