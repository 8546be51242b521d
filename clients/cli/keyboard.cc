#include "clients/cli/keyboard.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace ilkimza::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1000};
// Columns that a label leaves at least for typing behind it.
constexpr size_t kRoom = 2;
constexpr char kBackspace = '\b';
constexpr char kDelete = '\x7f';
constexpr char kEraseLine = '\x15';
constexpr char kEndOfInput = '\x04';
constexpr char kEscape = '\x1b';

void EraseLast(std::string& line) {
  while (!line.empty()) {
    const char last = line.back();
    line.back() = '\0';
    line.pop_back();
    if (!IsContinuation(last)) return;
  }
}

// What fits behind the label: the end of the line, where one types.
std::string Tail(std::string_view line, size_t width) {
  while (Columns(line) > width) {
    line.remove_prefix(1);
    while (!line.empty() && IsContinuation(line.front())) line.remove_prefix(1);
  }
  return std::string(line);
}

}  // namespace

Keyboard::Keyboard(Screen& screen, Signals& signals)
    : screen_(screen),
      signals_(signals),
      is_terminal_(isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before_) == 0) {
  bytes_.reserve(kMaxLine);
  Raw();
}

Keyboard::~Keyboard() {
  Restore();
  Wipe(bytes_);
}

void Keyboard::Raw() {
  if (!is_terminal_ || raw_) return;
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ECHONL | IEXTEN);
  raw.c_lflag |= ISIG;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void Keyboard::Restore() {
  if (!raw_) return;
  // What was typed and not read, perhaps a PIN, must not land in the shell.
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  raw_ = false;
}

void Keyboard::Suspend() {
  screen_.ClosePage();
  Restore();
  raise(SIGSTOP);
  Raw();
}

void Keyboard::Flush() {
  if (!is_terminal_) return;
  tcflush(STDIN_FILENO, TCIFLUSH);
  Wipe(bytes_);
}

Keyboard::Ready Keyboard::Wait(const Wish& wish, std::optional<milliseconds> limit, End& end) {
  std::array<pollfd, 3> polled = {
      {{STDIN_FILENO, POLLIN, 0}, {signals_.fd(), POLLIN, 0}, {wish.wake_fd, POLLIN, 0}}};
  const int count =
      poll(polled.data(), polled.size(), limit ? static_cast<int>(limit->count()) : -1);
  if (signals_.TakeSuspend()) {
    Suspend();
    end = End::kTimeout;
    return wish.beside_secrets ? Ready::kEnd : Ready::kTick;
  }
  if (signals_.received() != 0) {
    end = End::kSignal;
    return Ready::kEnd;
  }
  if (count > 0 && polled[2].revents != 0 && wish.over && wish.over()) {
    end = End::kOver;
    return Ready::kEnd;
  }
  if (count > 0 && polled[0].revents != 0) return Ready::kBytes;
  return Ready::kTick;
}

bool Keyboard::Fill(End& end) {
  std::array<char, 512> bytes{};
  const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count <= 0) {
    end = End::kInputEnded;
    return false;
  }
  bytes_.append(bytes.data(), static_cast<size_t>(count));
  explicit_bzero(bytes.data(), bytes.size());
  return true;
}

void Keyboard::Begin(Wish& wish) {
  if (!wish.label) return;
  if (!screen_.can_redraw_prompt()) return screen_.WritePrompt(wish.label());
  if (!wish.ticks) {
    std::vector<std::string> lines = WrapLabel(wish.label(), screen_.width() - kRoom);
    for (size_t i = 0; i + 1 < lines.size(); ++i) screen_.WritePrompt(lines[i] + "\n");
    wish.label = [last = std::move(lines.back())] { return last; };
  }
  Draw(wish, {});
}

void Keyboard::Draw(const Wish& wish, const std::string& line) {
  if (!screen_.can_redraw_prompt()) return;
  // What reaches the last column may go on in the next row, which is not erased again.
  const size_t width = screen_.width() - 1;
  const std::string label = Shorten(wish.label ? wish.label() : std::string(), width);
  std::string text = "\r\x1b[K" + label;
  if (wish.echo && is_terminal_ && Columns(label) < width) {
    // Growing would leave copies behind.
    text.reserve(text.size() + line.size());
    text += Tail(line, width - Columns(label));
  }
  const WipeGuard wipe(text);
  screen_.WritePrompt(text);
}

void Keyboard::SkipSequence() {
  // Arrow keys and the like: "ESC [ ... letter" or "ESC O letter".
  if (bytes_.empty() || (bytes_[0] != '[' && bytes_[0] != 'O')) return;
  size_t end = 1;
  while (end < bytes_.size() && (bytes_[end] < '@' || bytes_[end] > '~')) ++end;
  bytes_.erase(0, std::min(end + 1, bytes_.size()));
}

bool Keyboard::Edit(char key, std::string& line) {
  if (key == '\n' || key == '\r') return true;
  if (!is_terminal_) {
    if (line.size() < kMaxLine) line += key;
    return false;
  }
  if (key == kBackspace || key == kDelete) {
    EraseLast(line);
  } else if (key == kEraseLine) {
    Wipe(line);
    line.reserve(kMaxLine);
  } else if (key == kEscape) {
    SkipSequence();
  } else if (static_cast<unsigned char>(key) >= 0x20 && line.size() < kMaxLine) {
    line += key;
  }
  return false;
}

Keyboard::Typed Keyboard::ReadLine(Wish wish) {
  std::string line;
  // Growing would leave copies behind.
  line.reserve(kMaxLine + 1);
  const WipeGuard wipe(line);
  End end = End::kLine;
  Begin(wish);
  for (bool complete = false; !complete;) {
    while (!bytes_.empty() && !complete) {
      const char key = bytes_[0];
      bytes_.erase(0, 1);
      if (key == kEndOfInput && is_terminal_ && line.empty()) {
        screen_.WritePrompt("\n");
        return {End::kInputEnded, Secret()};
      }
      complete = Edit(key, line);
    }
    if (complete) break;
    if (wish.echo) Draw(wish, line);
    const auto limit = wish.ticks ? std::optional(kTick) : std::nullopt;
    const Ready ready = Wait(wish, limit, end);
    if (ready == Ready::kTick) Draw(wish, line);
    const bool ended = ready == Ready::kEnd || (ready == Ready::kBytes && !Fill(end));
    // A last line without a line break counts as well.
    if (ended && end == End::kInputEnded && !line.empty()) break;
    if (ended) {
      screen_.WritePrompt("\n");
      return {end, Secret()};
    }
  }
  // What was shown while it was typed does not stay on the screen.
  if (wish.echo) Draw(wish, {});
  const bool is_text = IsUtf8(line);
  screen_.WritePrompt(line.empty() || !is_text ? "\n" : "✓\n");
  if (!is_text) return {End::kNotText, Secret()};
  return {End::kLine, Secret(std::string_view(line))};
}

Keyboard::Typed Keyboard::ReadKey(Wish wish, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  Begin(wish);
  while (bytes_.empty()) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return {End::kTimeout, Secret()};
    End end = End::kLine;
    const Ready ready = Wait(wish, std::min(left, kTick), end);
    if (ready == Ready::kTick) Draw(wish, {});
    if (ready == Ready::kEnd || (ready == Ready::kBytes && !Fill(end))) return {end, Secret()};
  }
  const char key = bytes_[0] == '\r' ? '\n' : bytes_[0];
  bytes_.erase(0, 1);
  if (key == kEscape) SkipSequence();
  if (key == kEndOfInput) return {End::kInputEnded, Secret()};
  return {End::kLine, Secret(std::string_view(&key, 1))};
}

}  // namespace ilkimza::client
