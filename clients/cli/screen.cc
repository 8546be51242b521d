#include "clients/cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/utf8.h"
#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

constexpr size_t kUsualWidth = 80;
constexpr size_t kUsualHeight = 24;
// Lines longer than this are hard to read, however wide the window is.
constexpr size_t kReadableWidth = 88;
constexpr size_t kNarrowest = 20;
constexpr size_t kGap = 2;
// A column is not shortened below this.
constexpr size_t kLeastColumn = 8;

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

const char* Sequence(Style style) {
  switch (style) {
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kAccent:
      return "\x1b[36m";
    case Style::kPlain:
      break;
  }
  return "";
}

}  // namespace

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if (!IsContinuation(text[i])) ++columns;
  }
  return columns;
}

std::string Shorten(std::string_view text, size_t width) {
  if (Columns(text) <= width) return std::string(text);
  size_t end = 0;
  for (size_t columns = 0; end < text.size(); ++end) {
    if (IsContinuation(text[end])) continue;
    if (++columns == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string Printable(std::string_view text) {
  std::string printable;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    printable += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return printable;
}

std::vector<std::string> Wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const size_t blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    if (!line.empty() && Columns(line) + 1 + Columns(word) > width) {
      lines.push_back(std::exchange(line, {}));
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> WrapLabel(std::string_view label, size_t width) {
  const size_t begin = std::min(label.find_first_not_of(' '), label.size());
  const size_t end = label.find_last_not_of(' ') + 1;
  if (begin >= end || Columns(label) <= width) return {std::string(label)};
  const std::string indent(begin, ' ');
  const size_t around = begin + label.size() - end;
  std::vector<std::string> lines =
      Wrap(label.substr(begin, end - begin), width > around ? width - around : 1);
  for (std::string& line : lines) line.insert(0, indent);
  lines.back() += label.substr(end);
  return lines;
}

Screen::Screen() : is_terminal_(isatty(STDOUT_FILENO) == 1) {
  if (is_terminal_) {
    prompt_fd_ = STDOUT_FILENO;
  } else if (isatty(STDERR_FILENO) == 1) {
    prompt_fd_ = STDERR_FILENO;
  }
  const std::string_view term = Environment("TERM");
  const bool can_move = term != "dumb" && !term.empty();
  can_redraw_ = is_terminal_ && can_move;
  can_redraw_prompt_ = prompt_fd_ >= 0 && can_move;
  if (!can_redraw_ || !Environment("NO_COLOR").empty()) return;
  const std::string_view depth = Environment("COLORTERM");
  colours_ = depth == "truecolor" || depth == "24bit" ? Colours::kTrue : Colours::k256;
}

size_t Screen::width() const {
  winsize size{};
  if (is_terminal_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<size_t>(size.ws_col, kNarrowest);
  }
  return kUsualWidth;
}

size_t Screen::height() const {
  winsize size{};
  if (is_terminal_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
    return size.ws_row;
  }
  return kUsualHeight;
}

std::string Screen::Paint(Style style, std::string_view text) const {
  if (colours_ == Colours::kNone || style == Style::kPlain) return std::string(text);
  return std::string(Sequence(style)) + std::string(text) + "\x1b[0m";
}

void Screen::TakeBack(size_t lines) {
  if (can_redraw_ && lines > 0) Write("\x1b[" + std::to_string(lines) + "A\r\x1b[J");
}

// Row by row: some terminals keep what is erased as a whole among what scrolled away.
void Screen::EraseRows() {
  std::string text = "\x1b[H\x1b[2K";
  for (size_t row = 1; row < height(); ++row) text += "\x1b[B\x1b[2K";
  Write(text + "\x1b[H");
}

void Screen::OpenPage() {
  if (!can_redraw_ || page_is_open_) return;
  page_is_open_ = true;
  Write("\x1b[?1049h");
  EraseRows();
}

void Screen::ClosePage() {
  if (!page_is_open_) return;
  page_is_open_ = false;
  // A terminal that has no second screen showed all on its only one.
  EraseRows();
  Write("\x1b[?1049l");
}

void Screen::Write(std::string_view text) {
  lines_ += static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  if (healthy_) healthy_ = WriteAll(STDOUT_FILENO, text);
}

void Screen::WritePrompt(std::string_view text) {
  if (prompt_fd_ >= 0 && healthy_) healthy_ = WriteAll(prompt_fd_, text);
}

void Screen::WriteLine(std::string_view text) { Write(std::string(text) + "\n"); }

void Screen::WriteText(std::string_view text, size_t indent, Style style) {
  const size_t columns = std::min(width(), kReadableWidth);
  for (const std::string& line : Wrap(text, std::max(columns, indent + kNarrowest) - indent)) {
    WriteLine(std::string(indent, ' ') + Paint(style, line));
  }
}

void Screen::WriteError(std::string_view text) {
  for (const std::string& line : Wrap(text, kUsualWidth)) {
    if (!WriteAll(STDERR_FILENO, line + "\n")) return;
  }
}

void Table::Write(Screen& screen, size_t indent) const {
  std::vector<size_t> widths;
  for (const std::string& head : head_) widths.push_back(Columns(head));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i].text));
  }
  const auto total = [&] {
    size_t sum = indent + kGap * (widths.size() - 1);
    for (const size_t width : widths) sum += width;
    return sum;
  };
  // Into a pipe or file all of it goes. The first column is what a row is called by.
  while (screen.is_terminal() && widths.size() > 1 && total() > screen.width()) {
    const auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (*widest <= kLeastColumn) break;
    --*widest;
  }
  const auto write = [&](const std::vector<Cell>& row) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string text = Shorten(row[i].text, widths[i]);
      line += screen.Paint(row[i].style, text);
      if (i + 1 < row.size()) line += std::string(widths[i] - Columns(text) + kGap, ' ');
    }
    screen.WriteLine(line);
  };
  std::vector<Cell> head;
  for (const std::string& title : head_) head.push_back({title, Style::kBold});
  write(head);
  for (const auto& row : rows_) write(row);
}

void WritePairs(Screen& screen, const std::vector<std::pair<std::string, std::string>>& pairs) {
  size_t label = 0;
  for (const auto& [name, value] : pairs) label = std::max(label, Columns(name));
  const size_t indent = label + kGap;
  const size_t width = std::max(screen.width(), indent + kNarrowest) - indent;
  for (const auto& [name, value] : pairs) {
    std::string before = screen.Paint(Style::kDim, name) + std::string(indent - Columns(name), ' ');
    for (const std::string& line : Wrap(value, width)) {
      screen.WriteLine(before + line);
      before = std::string(indent, ' ');
    }
  }
}

}  // namespace ilkimza::client
