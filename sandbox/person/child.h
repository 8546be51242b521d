// A program that is spoken to line by line. Not thread-safe.
#ifndef ILKIMZA_SANDBOX_PERSON_CHILD_H_
#define ILKIMZA_SANDBOX_PERSON_CHILD_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ilkimza::sandbox {

class Child {
 public:
  // `command[0]` is looked up on the PATH; standard error is ours.
  static absl::StatusOr<std::unique_ptr<Child>> Start(const std::vector<std::string>& command);
  // Ends the program if it still runs: SIGTERM, and SIGKILL two seconds later.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  enum class Heard { kLine, kNothing, kEnd };
  // The next line, without its end; kNothing after `patience`, kEnd where the
  // program closed its output or wrote a line of more than 8 MiB.
  Heard ReadLine(std::chrono::milliseconds patience, std::string& line);
  // False where the program no longer reads.
  bool WriteLine(const std::string& line);
  void CloseInput();
  // Waits for the end; 128 + N after signal N.
  int Wait();

 private:
  Child(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}

  pid_t pid_;
  int input_;
  int output_;
  std::string buffer_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PERSON_CHILD_H_
