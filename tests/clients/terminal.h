// A pseudo terminal that a test types into and looks at.
#ifndef ILKIMZA_TESTS_CLIENTS_TERMINAL_H_
#define ILKIMZA_TESTS_CLIENTS_TERMINAL_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ilkimza::testing {

// For each thing that is waited for, however much else is written meanwhile.
inline constexpr std::chrono::seconds kLimit(20);

// A program on a pseudo terminal.
class Terminal {
 public:
  Terminal(const std::vector<std::string>& command,
           const std::map<std::string, std::string>& environment, unsigned short columns = 80,
           unsigned short rows = 40) {
    const winsize size{rows, columns, 0, 0};
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

  // Reads until `text` was written after what was waited for before. Where something was
  // not, nothing later is waited for.
  bool See(const std::string& text) {
    const auto until = Clock::now() + kLimit;
    while (!is_lost_) {
      const size_t found = screen_.find(text, seen_);
      if (found != std::string::npos) {
        seen_ = found + text.size();
        return true;
      }
      if (!ReadUntil(until)) break;
    }
    if (!is_lost_) {
      ADD_FAILURE() << "\"" << text << "\" was not seen in:\n" << screen_.substr(seen_);
    }
    is_lost_ = true;
    return false;
  }
  // Which of the two was written first after what was waited for before.
  std::string SeeEither(const std::string& one, const std::string& other) {
    const auto until = Clock::now() + kLimit;
    while (true) {
      const size_t first = std::min(screen_.find(one, seen_), screen_.find(other, seen_));
      if (first != std::string::npos) {
        const std::string& text = screen_.compare(first, one.size(), one) == 0 ? one : other;
        seen_ = first + text.size();
        return text;
      }
      if (!ReadUntil(until)) break;
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
    const auto until = Clock::now() + kLimit;
    while (!exit_code_ && Clock::now() < until) {
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
  // What was written elsewhere than on the alternate screen, which leaves nothing behind.
  [[nodiscard]] std::string Lasting() const {
    std::string lasting;
    for (size_t at = 0; at < screen_.size();) {
      const size_t open = std::min(screen_.find("\x1b[?1049h", at), screen_.size());
      lasting += screen_.substr(at, open - at);
      at = std::min(screen_.find("\x1b[?1049l", open), screen_.size());
    }
    return lasting;
  }
  [[nodiscard]] size_t seen() const { return seen_; }

 private:
  using Clock = std::chrono::steady_clock;

  bool ReadUntil(Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    return left > 0 && Read(static_cast<int>(left));
  }
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
  bool is_lost_ = false;
  std::optional<int> exit_code_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_CLIENTS_TERMINAL_H_
