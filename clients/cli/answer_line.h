// A line that another program writes to `ilkimza start --events`.
#ifndef ILKIMZA_CLIENTS_CLI_ANSWER_LINE_H_
#define ILKIMZA_CLIENTS_CLI_ANSWER_LINE_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "clients/sdk/prompt.h"

namespace ilkimza::client {

enum class Command { kCancel, kLeave };

// What could not be read, and the prompt it was meant for, if that is known.
struct BadLine {
  std::string id;
  absl::Status status;
};

// Reads one line as EVENTS.md says. Which fields belong to which prompt is judged
// later (CheckAnswer); here each has to be known and of its type.
std::variant<Answer, Command, BadLine> ReadAnswerLine(std::string_view line);

// Cuts a stream of bytes into lines of at most `kMaxLine` bytes.
class LineCutter {
 public:
  static constexpr size_t kMaxLine = size_t{64} * 1024;

  LineCutter() = default;
  LineCutter(const LineCutter&) = delete;
  LineCutter& operator=(const LineCutter&) = delete;
  ~LineCutter();

  struct Cut {
    std::string line;
    // Longer than allowed; `line` is empty.
    bool too_long = false;
  };
  // The lines that `bytes` completes. The caller wipes them.
  std::vector<Cut> Take(std::string_view bytes);
  // What stands after the last line break, at the end of input.
  std::vector<Cut> TakeRest();

 private:
  std::string rest_;
  bool too_long_ = false;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_ANSWER_LINE_H_
