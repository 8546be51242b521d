// ilkimza-agent: the İlkimza agent of one person on one PC.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "absl/synchronization/mutex.h"
#include "agent/agent.h"
#include "agent/config.h"
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
    spdlog::error("The configuration was not taken up: {}", std::string(config.status().message()));
    return;
  }
  spdlog::set_level(spdlog::level::from_str(config->log_level));
  spdlog::info("The log level is {}", config->log_level);
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
  spdlog::info("{} {} serves {} as {}", kProgram, ILKIMZA_VERSION, (*agent)->address(),
               config->name);
  if (!flags.address_file.empty()) {
    if (const absl::Status status = WriteAddressFile(flags.address_file, (*agent)->address());
        !status.ok()) {
      return Fail(status);
    }
  }
  NotifySystemd("READY=1");
  while (WaitForSignal({SIGTERM, SIGINT, SIGHUP}) == SIGHUP) Reload(flags.config);
  NotifySystemd("STOPPING=1");
  spdlog::info("Stopping");
  (*agent)->Stop();
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
  app.set_version_flag("--version", std::string(kProgram) + " " ILKIMZA_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  return Serve(flags);
}

}  // namespace
}  // namespace ilkimza::agent

int main(int argc, char** argv) { return ilkimza::agent::Main(argc, argv); }
