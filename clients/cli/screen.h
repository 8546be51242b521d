// Standard output as a person sees it: width, colours, tables.
#ifndef ILKIMZA_CLIENTS_CLI_SCREEN_H_
#define ILKIMZA_CLIENTS_CLI_SCREEN_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ilkimza::client {

// How many colours the terminal draws.
enum class Colours { kNone, k256, kTrue };

enum class Style { kPlain, kBold, kDim, kGood, kWarning, kBad, kAccent };

// Columns that `text` takes: code points, without escape sequences. Wide
// characters do not occur in our texts.
size_t Columns(std::string_view text);
// Breaks `text` at blanks into lines of at most `width` columns.
std::vector<std::string> Wrap(std::string_view text, size_t width);
// The same of what is asked: the blanks before the first line and behind the last one stay.
std::vector<std::string> WrapLabel(std::string_view label, size_t width);
// At most `width` columns, with an ellipsis where something was cut off.
std::string Shorten(std::string_view text, size_t width);
// What others wrote, for example a reader's name, without control characters.
std::string Printable(std::string_view text);

// Not thread-safe.
class Screen {
 public:
  // Looks at standard output, TERM, COLORTERM and NO_COLOR.
  Screen();

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  [[nodiscard]] Colours colours() const { return colours_; }
  // 80 where it is not known.
  [[nodiscard]] size_t width() const;
  // 24 where it is not known.
  [[nodiscard]] size_t height() const;
  // False once a write failed, for example into a closed pipe.
  [[nodiscard]] bool healthy() const { return healthy_; }

  // The cursor can be moved: what was written can be written over.
  [[nodiscard]] bool can_redraw() const { return can_redraw_; }
  // The same of what is asked, which may be on standard error.
  [[nodiscard]] bool can_redraw_prompt() const { return can_redraw_prompt_; }
  // Takes the last `lines` lines off a screen that can be redrawn.
  void TakeBack(size_t lines);
  // Lines written so far.
  [[nodiscard]] size_t lines() const { return lines_; }

  [[nodiscard]] std::string Paint(Style style, std::string_view text) const;

  void Write(std::string_view text);
  void WriteLine(std::string_view text = {});
  // A paragraph, wrapped, with `indent` blanks before each line.
  void WriteText(std::string_view text, size_t indent = 0, Style style = Style::kPlain);
  // Between the two, what is written stands on a page of its own (the terminal's alternate
  // screen), and nothing of it is left behind, however narrow the window is and wherever
  // the terminal keeps what scrolled away. Only where `can_redraw`; twice is as good as once.
  void OpenPage();
  void ClosePage();

  // What is asked belongs to the terminal, also where standard output goes
  // elsewhere: on standard error then. Nowhere, if that is no terminal either.
  [[nodiscard]] bool can_prompt() const { return prompt_fd_ >= 0; }
  void WritePrompt(std::string_view text);
  // On standard error, wrapped.
  void WriteError(std::string_view text);

 private:
  void EraseRows();

  bool is_terminal_ = false;
  bool can_redraw_ = false;
  int prompt_fd_ = -1;
  size_t lines_ = 0;
  bool healthy_ = true;
  Colours colours_ = Colours::kNone;
  bool can_redraw_prompt_ = false;
  bool page_is_open_ = false;
};

struct Cell {
  std::string text;
  Style style = Style::kPlain;
};

// Columns as wide as their contents. On a terminal the widest ones are shortened until the
// table fits, but never the first: it is what a row is called by, and gets copied. No
// lines: a bold head, two blanks between columns.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : head_(std::move(head)) {}
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  void Write(Screen& screen, size_t indent = 0) const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<Cell>> rows_;
};

// "label  value" lines, the labels of equal width, the values wrapped.
void WritePairs(Screen& screen, const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_SCREEN_H_
