#include "clients/cli/page_opener.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

constexpr std::size_t kLongestAddress = 2048;

// Given as an argument to a program that may well be a script.
bool IsHarmless(std::string_view address) {
  constexpr std::string_view kScheme = "https://";
  return address.size() <= kLongestAddress && address.substr(0, kScheme.size()) == kScheme &&
         address.size() > kScheme.size() && std::all_of(address.begin(), address.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return absl::ascii_isalnum(byte) ||
                  std::string_view("-._~:/?#[]@!*+,;=%").find(c) != std::string_view::npos;
         });
}

// Of the desktop: "program", or "program:other program".
std::vector<std::string> Browsers() {
  std::vector<std::string> browsers;
  for (const auto name :
       absl::StrSplit(std::string(Environment("BROWSER")), ':', absl::SkipEmpty())) {
    browsers.emplace_back(name);
  }
  const bool has_desktop =
      !Environment("DISPLAY").empty() || !Environment("WAYLAND_DISPLAY").empty();
  if (browsers.empty() && has_desktop) browsers.emplace_back("xdg-open");
  return browsers;
}

// Without this program's terminal and standard streams: a browser writes what it likes.
bool Spawn(const std::string& program, const std::string& address) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  std::string name = program;
  std::string argument = address;
  char* const arguments[] = {name.data(), argument.data(), nullptr};
  std::vector<std::string> variables = EnvironmentForOthers();
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  pid_t pid = -1;
  const bool is_started =
      posix_spawnp(&pid, program.c_str(), &files, &attributes, arguments, environment.data()) == 0;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return is_started;
}

class Desktop : public PageOpener {
 public:
  bool Open(const std::string& address) override {
    if (!IsHarmless(address)) return false;
    for (const std::string& program : Browsers()) {
      // Nobody waits for it: it may stay for hours, and this program is gone before.
      if (!Spawn(program, address)) continue;
      return true;
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<PageOpener> DesktopPageOpener() { return std::make_unique<Desktop>(); }

}  // namespace ilkimza::client
