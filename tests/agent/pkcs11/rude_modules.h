// Modules of every kind of badness, in a folder of their own.
#ifndef ILKIMZA_TESTS_AGENT_PKCS11_RUDE_MODULES_H_
#define ILKIMZA_TESTS_AGENT_PKCS11_RUDE_MODULES_H_

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/pkcs11/modules.h"
#include "tests/support/process.h"

namespace ilkimza::agent::pkcs11 {

inline constexpr char kRudeReader[] = "Rude Reader 00 00";

class RudeModules {
 public:
  // The path of the rude module under that name: see rude_module.cc.
  std::string Make(const std::string& name) {
    const std::string path = folder_ / (name + ".so");
    std::filesystem::copy_file(ILKIMZA_RUDE_MODULE, path,
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    return path;
  }

  // How often the function was called in it, by the name it is noted under.
  static int Calls(const std::string& path, const std::string& function) {
    const std::string calls = "\n" + testing::ReadFile(path + ".calls");
    const std::string line = "\n" + function + "\n";
    int count = 0;
    for (auto at = calls.find(line); at != std::string::npos; at = calls.find(line, at + 1)) {
      ++count;
    }
    return count;
  }

  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  testing::TempDir folder_;
};

// Hangs are ended soon; nothing else takes that long.
inline ModuleTimeouts ShortTimeouts() {
  return {.load = absl::Seconds(20),
          .command = absl::Seconds(1),
          .attempt = absl::Seconds(1),
          .first_pause = absl::Minutes(1)};
}

inline ModuleOptions OptionsFor(std::vector<std::string> paths, ModuleTimeouts timeouts = {}) {
  ModuleOptions options;
  options.paths = std::move(paths);
  options.helper = ILKIMZA_PKCS11_HELPER;
  options.timeouts = timeouts;
  return options;
}

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_TESTS_AGENT_PKCS11_RUDE_MODULES_H_
