// A child process of a test: started, spoken to, killed, waited for.
#ifndef ILKIMZA_TESTS_SUPPORT_PROCESS_H_
#define ILKIMZA_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ilkimza::testing {

// Killed with SIGKILL when destroyed while it still runs. Not thread-safe.
class Process {
 public:
  struct Options {
    std::vector<std::string> command;                // command[0] is looked up on the PATH
    std::map<std::string, std::string> environment;  // added to the test's own
    // Files that take what the child prints; its standard output is a pipe
    // (ReadLine) where `stdout_file` is empty.
    std::string stdout_file;
    std::string stderr_file;
  };

  // Aborts the test program when the child cannot be started.
  explicit Process(const Options& options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool Running();
  void Signal(int signal) const;
  // SIGKILL, and waits.
  void Kill();
  // The exit code, 128 + N for signal N; nothing if it still runs after `limit`.
  std::optional<int> Wait(std::chrono::seconds limit);

  // The next line of its standard output without the line break; nothing at its
  // end or after `limit`.
  std::optional<std::string> ReadLine(std::chrono::milliseconds limit);
  // To its standard input, with a line break; false where it no longer reads.
  bool WriteLine(const std::string& line) const;
  void CloseInput();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::optional<int> exit_code_;
};

// Runs a command to its end and returns its exit code and standard output.
struct Finished {
  int exit_code = -1;
  std::string output;
};
Finished Run(const std::vector<std::string>& command, std::chrono::seconds limit,
             const std::map<std::string, std::string>& environment = {});

// Reads a whole file; empty where there is none.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& contents);

// A directory of its own, removed with all in it at the end, unless ILKIMZA_TEST_KEEP
// is set: then it stays, and its path is printed.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_SUPPORT_PROCESS_H_
