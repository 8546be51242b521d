#include "agent/config.h"

#include <openssl/sha.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/config.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxIdLength = 128;
// Of the ones made here, so that they fit where names go.
constexpr std::size_t kMaxDefaultLength = 63;
constexpr std::size_t kDigestLength = 8;

std::string AbsoluteFromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  // The XDG specification ignores relative paths.
  return value != nullptr && value[0] == '/' ? value : "";
}

bool IsPlain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

std::string ShortDigest(std::string_view text) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString(
             absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()))
      .substr(0, kDigestLength);
}

void ReadServer(Config& file, ServerEndpoint& server) {
  file.Require("server.address");
  file.Get("server.address", server.address);
  file.GetPath("server.ca_file", server.tls.ca);
  file.GetPath("server.certificate_file", server.tls.certificate);
  file.GetPath("server.key_file", server.tls.key);
  file.Get("server.proxy", server.proxy);
  file.GetDuration("server.keepalive", absl::Seconds(10), absl::Hours(1), server.keepalive);
}

void ReadPinPolicy(Config& file, PinPolicy& policy) {
  file.GetInt("pin.min_length", 4, 16, policy.min_length);
  file.GetInt("pin.max_length", 4, 16, policy.max_length);
  file.Get("pin.refuse_sequences", policy.refuse_sequences);
  file.Get("pin.refuse_repeats", policy.refuse_repeats);
  file.Get("pin.refuse_serial_part", policy.refuse_serial_part);
  file.Get("pin.refuse_dates", policy.refuse_dates);
  file.Get("pin.refuse_id_part", policy.refuse_id_part);
}

void ReadPkcs11(Config& file, AgentConfig::Pkcs11& pkcs11) {
  if (file.Has("pkcs11.modules")) file.Get("pkcs11.modules", pkcs11.modules.emplace());
  file.Get("pkcs11.so_pin_is_puk", pkcs11.so_pin_is_puk);
}

absl::StatusOr<AgentConfig> Build(Config file, const Machine& machine) {
  AgentConfig config;
  std::string id = DefaultAgentId(machine.user, machine.host);
  if (!machine.runtime_directory.empty()) {
    config.socket = absl::StrCat(machine.runtime_directory, "/ilkimza/agent.sock");
  }
  if (!machine.state_home.empty()) {
    config.state_directory = absl::StrCat(machine.state_home, "/ilkimza");
  }
  file.Get("agent.id", id);
  file.GetPath("agent.socket", config.socket);
  file.GetPath("agent.state_directory", config.state_directory);
  file.GetChoice("agent.log_level", {"trace", "debug", "info", "warning", "error"},
                 config.log_level);
  ReadServer(file, config.server);
  file.Get("server.enrolment_address", config.enrolment_address);
  file.Get("portal.profile", config.portal.profile);
  file.Get("portal.entrance", config.portal.entrance);
  file.GetPath("portal.ca_file", config.portal.ca_file);
  file.Get("portal.proxy", config.portal.proxy);
  ReadPinPolicy(file, config.pin_policy);
  ReadPkcs11(file, config.pkcs11);
  ILKIMZA_RETURN_IF_ERROR(file.Finish());

  if (!IsAgentId(id)) {
    return file.ErrorAt("agent.id",
                        "is no agent id: write letters, digits and . _ - @, the first one a letter "
                        "or digit, at most 128 characters.");
  }
  config.name = absl::StrCat("agents/", id);
  if (config.socket.empty()) {
    return file.ErrorAt("agent.socket",
                        "is needed where XDG_RUNTIME_DIR is not set: name a file in a directory "
                        "that belongs to you alone.");
  }
  if (config.state_directory.empty()) {
    return file.ErrorAt("agent.state_directory",
                        "is needed where neither XDG_STATE_HOME nor HOME is set: name a directory "
                        "that belongs to you alone.");
  }
  if (config.server.tls.certificate.empty()) {
    config.server.identity_directory = config.state_directory + "/identity";
  }
  if (const absl::Status status = Validate(config.pin_policy); !status.ok()) {
    return file.ErrorAt(
        "pin.min_length",
        absl::StrCat("and its neighbours cannot be met together. ", std::string(status.message())));
  }
  for (const std::string& module : config.pkcs11.modules.value_or(std::vector<std::string>())) {
    // Looked up nowhere: a name alone could be found in a folder nobody thought of.
    if (module.empty() || module.front() != '/') {
      return file.ErrorAt("pkcs11.modules",
                          absl::StrCat("has '", module,
                                       "', which is no absolute path: write the whole path of each "
                                       "module, starting with '/'."));
    }
  }
  if (const auto dial = MakeDial(config.server); !dial.ok()) {
    return file.ErrorAt("server.address", absl::StrCat("cannot be reached this way. ",
                                                       std::string(dial.status().message())));
  }
  return config;
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  if (const passwd* entry = getpwuid(geteuid()); entry != nullptr) machine.user = entry->pw_name;
  if (machine.user.empty()) machine.user = absl::StrCat("u", geteuid());
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) machine.host = host.data();
  if (machine.host.empty()) machine.host = "localhost";
  machine.runtime_directory = AbsoluteFromEnvironment("XDG_RUNTIME_DIR");
  machine.state_home = AbsoluteFromEnvironment("XDG_STATE_HOME");
  if (machine.state_home.empty()) {
    if (const std::string home = AbsoluteFromEnvironment("HOME"); !home.empty()) {
      machine.state_home = home + "/.local/state";
    }
  }
  return machine;
}

absl::StatusOr<AgentConfig> ReadConfig(const std::string& path, const Machine& machine) {
  ILKIMZA_ASSIGN_OR_RETURN(Config file, Config::Read(path));
  return Build(std::move(file), machine);
}

absl::StatusOr<AgentConfig> ParseConfig(std::string_view text, std::string_view file,
                                        const Machine& machine) {
  ILKIMZA_ASSIGN_OR_RETURN(Config parsed, Config::Parse(text, file));
  return Build(std::move(parsed), machine);
}

std::string DefaultAgentId(std::string_view user, std::string_view host) {
  const std::string whole = absl::StrCat(std::string(user), "-", std::string(host));
  // Upper and lower case name the same account and the same machine.
  std::string id = absl::AsciiStrToLower(whole);
  bool changed = false;
  std::string plain;
  for (const char c : id) {
    if (IsPlain(c)) {
      plain += c;
    } else {
      changed = true;
      // One hyphen for a whole character of several bytes.
      if ((c & 0xC0) != 0x80) plain += '-';
    }
  }
  while (!plain.empty() && plain.back() == '-') {
    plain.pop_back();
    changed = true;
  }
  if (plain.empty() || plain.front() < 'a' || plain.front() > 'z') {
    plain.insert(0, "a-");
    changed = true;
  }
  if (!changed && plain.size() <= kMaxDefaultLength) return plain;
  plain = plain.substr(0, kMaxDefaultLength - kDigestLength - 1);
  while (plain.back() == '-') plain.pop_back();
  return absl::StrCat(plain, "-", ShortDigest(id));
}

bool IsAgentId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength || !absl::ascii_isalnum(id.front())) return false;
  for (const char c : id) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '_' && c != '-' && c != '@') return false;
  }
  return true;
}

}  // namespace ilkimza::agent
