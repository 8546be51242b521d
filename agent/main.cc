// ilkimza-agent: the İlkimza agent of one person on one PC.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "agent/agent.h"
#include "agent/config.h"
#include "agent/identity/enrolment.h"
#include "agent/local/socket_home.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/secret.h"

namespace ilkimza::agent {
namespace {

constexpr char kProgram[] = "ilkimza-agent";

struct Flags {
  std::string config = "/etc/ilkimza/agent.toml";
  std::string address_file;
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", kProgram, std::string(status.message()).c_str());
  return ExitCodeOf(status);
}

// A new log level is the one thing that is taken up while the agent runs.
void Reload(const std::string& path) {
  const auto config = ReadConfig(path, ThisMachine());
  if (!config.ok()) {
    LogError("The configuration was not taken up: {}", std::string(config.status().message()));
    return;
  }
  // Read with the rest of it, so it is known.
  SetLogLevel(config->log_level).IgnoreError();
  LogInfo("The log level is {}", config->log_level);
}

int Serve(const Flags& flags) {
  const auto config = ReadConfig(flags.config, ThisMachine());
  if (!config.ok()) return Fail(config.status());
  if (const absl::Status status = InitLogging(kProgram, config->log_level); !status.ok()) {
    return Fail(status);
  }
  BlockSignals({SIGTERM, SIGINT, SIGHUP});
  const auto agent = Agent::Start(*config, RealHosts());
  if (!agent.ok()) return Fail(agent.status());
  LogInfo("{} {} serves {} as {}", kProgram, ILKIMZA_VERSION, (*agent)->address(), config->name);
  if (!flags.address_file.empty()) {
    if (const absl::Status status = WriteAddressFile(flags.address_file, (*agent)->address());
        !status.ok()) {
      return Fail(status);
    }
  }
  NotifySystemd("READY=1");
  while (WaitForSignal({SIGTERM, SIGINT, SIGHUP}) == SIGHUP) Reload(flags.config);
  NotifySystemd("STOPPING=1");
  LogInfo("Stopping");
  (*agent)->Stop();
  return EX_OK;
}

struct EnrolFlags {
  CLI::App* command = nullptr;
  std::string server;
  std::string token_file;

  void AddTo(CLI::App& app) {
    command = app.add_subcommand("enrol",
                                 "Get this agent's certificate from the server, with a join token");
    command
        ->add_option("--token-file", token_file,
                     "File with the join token, that only you can read; \"-\": standard input")
        ->type_name("FILE")
        ->required();
    command
        ->add_option("--server", server,
                     "Where the server enrols agents (default: server.enrolment_address)")
        ->type_name("HOST:PORT");
    command->fallthrough();
  }
};

int EnrolAgent(const Flags& flags, const EnrolFlags& enrol) {
  const auto config = ReadConfig(flags.config, ThisMachine());
  if (!config.ok()) return Fail(config.status());
  ServerEndpoint door = config->server;
  door.address = enrol.server.empty() ? config->enrolment_address : enrol.server;
  if (door.address.empty() || door.identity_directory.empty()) {
    std::fprintf(stderr, "%s: %s\n", kProgram,
                 door.address.empty()
                     ? "Where does the server enrol agents? Give --server HOST:PORT, or configure "
                       "'server.enrolment_address'."
                     : "The configuration names a certificate ('server.certificate_file'), so "
                       "this agent is not enrolled; take that out first.");
    return EX_CONFIG;
  }
  const auto token = ReadJoinToken(enrol.token_file);
  if (!token.ok()) return Fail(token.status());
  // The state directory may not be there yet.
  if (const auto state = OpenPrivateDirectory(config->state_directory); !state.ok()) {
    return Fail(state.status());
  }
  const auto end = Enrol(door, config->name, *token, door.identity_directory);
  if (!end.ok()) return Fail(end.status());
  std::printf("%s is enrolled. Its certificate is good until %s and is renewed by itself.\n",
              config->name.c_str(),
              absl::FormatTime("%Y-%m-%d %H:%M", *end, absl::LocalTimeZone()).c_str());
  return EX_OK;
}

int Main(int argc, char** argv) {
  // Debian builds Abseil with its deadlock detector, which aborts on false alarms.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ProtectProcessMemory();
  QuietLibraries();
  Flags flags;
  CLI::App app{
      "The İlkimza agent: holds the conversation with the portal and the card in the\n"
      "reader, for the person it runs as. Its configuration is documented in\n"
      "agent.toml.",
      kProgram};
  app.add_option("--config", flags.config, "Configuration file")->capture_default_str();
  app.add_option("--address-file", flags.address_file,
                 "Write the address of the socket here, once it answers");
  EnrolFlags enrol;
  enrol.AddTo(app);
  app.set_version_flag("--version", std::string(kProgram) + " " ILKIMZA_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  if (enrol.command->parsed()) return EnrolAgent(flags, enrol);
  return Serve(flags);
}

}  // namespace
}  // namespace ilkimza::agent

int main(int argc, char** argv) { return ilkimza::agent::Main(argc, argv); }
