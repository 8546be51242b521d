// Standard input as a person's keyboard: lines and keys, without echo where they
// are secret. Where it is no terminal, lines are read as they come.
//
// While one lives the terminal echoes nothing by itself; it is put right when the
// object goes, and while the program is suspended.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_CLI_KEYBOARD_H_
#define ILKIMZA_CLIENTS_CLI_KEYBOARD_H_

#include <termios.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/secret.h"
#include "clients/cli/screen.h"
#include "clients/cli/signals.h"

namespace ilkimza::client {

class Keyboard {
 public:
  enum class End {
    kLine,
    // End of input, or Ctrl-D on an empty line.
    kInputEnded,
    // Ctrl-C, or another signal that ends the program.
    kSignal,
    // `over` said so.
    kOver,
    // ReadKey only.
    kTimeout,
    // A line that is no UTF-8, and so nothing that anybody could mean: it was thrown away.
    kNotText,
  };
  struct Typed {
    End end = End::kLine;
    Secret text;
  };
  // What to read, and how it looks.
  struct Wish {
    // Before the cursor. Asked for again each second where `ticks`, and cut to the line
    // then; else broken into lines. A terminal that cannot redraw shows it once, and
    // nothing of what is typed.
    std::function<std::string()> label;
    // Shown while it is typed, and taken off the screen when done.
    bool echo = false;
    bool ticks = false;
    // What stands on the screen beside it is a secret: Ctrl-Z hides it and ends the
    // reading, as if the time were over.
    bool beside_secrets = false;
    // Polled as well; `over` is asked when it is readable, and ends the reading.
    int wake_fd = -1;
    std::function<bool()> over;
  };

  Keyboard(Screen& screen, Signals& signals);
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  // Forgets what was typed before it was asked for: it could be meant for
  // something else. Only on a terminal.
  void Flush();
  // One line, at most `kMaxLine` bytes; more are not taken.
  Typed ReadLine(Wish wish);
  // One key; '\n' for Enter. On a terminal only.
  Typed ReadKey(Wish wish, std::chrono::milliseconds limit);

  // After Signals::TakeSuspend: stops the program with the terminal put right, and the
  // screen's page closed.
  void Suspend();

  static constexpr size_t kMaxLine = 8192;

 private:
  enum class Ready { kBytes, kTick, kEnd };
  // Waits for bytes; `end` says why where there are none to come.
  Ready Wait(const Wish& wish, std::optional<std::chrono::milliseconds> limit, End& end);
  bool Fill(End& end);
  // The lines of the label above the one that one types behind.
  void Begin(Wish& wish);
  void Draw(const Wish& wish, const std::string& line);
  // True when the line is complete.
  bool Edit(char key, std::string& line);
  void SkipSequence();
  void Raw();
  void Restore();

  Screen& screen_;
  Signals& signals_;
  // The terminal's modes as they were; read by the initialiser of `is_terminal_`.
  termios before_{};
  const bool is_terminal_;
  bool raw_ = false;
  // Read, but not used yet.
  std::string bytes_;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_KEYBOARD_H_
