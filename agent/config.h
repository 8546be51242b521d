// The agent's configuration: deploy/agent.toml is its reference.
#ifndef ILKIMZA_AGENT_CONFIG_H_
#define ILKIMZA_AGENT_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/card/pin_policy.h"
#include "agent/link/dial.h"
#include "portal/default_profile.h"

namespace ilkimza::agent {

// What the defaults are made from.
struct Machine {
  std::string user;
  std::string host;
  // XDG_RUNTIME_DIR; empty if unset.
  std::string runtime_directory;
  // XDG_STATE_HOME, or .local/state in the home directory; empty if neither is set.
  std::string state_home;
};
Machine ThisMachine();

struct AgentConfig {
  // "agents/{agent}".
  std::string name;
  // Absolute paths.
  std::string socket;
  std::string state_directory;
  std::string log_level = "info";

  ServerEndpoint server;
  // Where the server enrols agents; empty: not configured.
  std::string enrolment_address;

  struct Portal {
    std::string profile = portal::kDefaultProfile;
    // Empty: the profile's own.
    std::string entrance;
    std::string ca_file;
    std::string proxy;
  } portal;

  PinPolicy pin_policy;

  struct Pkcs11 {
    // Absolute paths, in the order in which they are asked. Nothing: the default ones.
    std::optional<std::vector<std::string>> modules;
    // Paths or file names: see pkcs11::ModuleOptions.
    std::vector<std::string> so_pin_is_puk;
  } pkcs11;
};

// Strict: unknown keys and values out of range are errors that name file, line and
// key. INVALID_ARGUMENT / BAD_CONFIGURATION.
absl::StatusOr<AgentConfig> ReadConfig(const std::string& path, const Machine& machine);
// `file` stands for the file in error sentences.
absl::StatusOr<AgentConfig> ParseConfig(std::string_view text, std::string_view file,
                                        const Machine& machine);

// The agent id of `user` on `host`, the same each time: their names where they are
// plain, with a short digest where something had to be replaced or cut off.
//   ("ayse", "PC7")        "ayse-pc7"
//   ("ayşe", "pc7.x.tr")   "ay-e-pc7-x-tr-1f9d2c07"
std::string DefaultAgentId(std::string_view user, std::string_view host);

// Letters, digits and . _ - @, the first one a letter or digit, at most 128: what
// servers take, so that an id can be the name in a certificate.
bool IsAgentId(std::string_view id);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CONFIG_H_
