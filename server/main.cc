// ilkimza-server: the control plane. See deploy/server.toml for its configuration.
#include <sys/stat.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <string>

#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/control_server.h"
#include "server/journey/graph.h"
#include "server/settings.h"

namespace ilkimza::server {
namespace {

constexpr char kProgram[] = "ilkimza-server";

int Fail(const absl::Status& status) {
  std::cerr << kProgram << ": " << std::string(status.message()) << "\n";
  return ExitCodeOf(status);
}

// "GET_PIN" or "RESET_SECURITY_WORD"; the whole way where none is named.
int PrintPlan(const std::string& goal_name) {
  v1::Goal goal = v1::GOAL_GET_PIN;
  if (!goal_name.empty() &&
      (!v1::Goal_Parse("GOAL_" + goal_name, &goal) || goal == v1::GOAL_UNSPECIFIED)) {
    std::cerr << kProgram << ": '" << goal_name
              << "' is not a goal; use GET_PIN or RESET_SECURITY_WORD.\n";
    return EX_USAGE;
  }
  std::cout << PlanGraph(goal, Policy()) << std::flush;
  return std::cout ? EX_OK : EX_IOERR;
}

int Run(const std::string& config_file, const std::string& address_file) {
  const auto settings = ReadSettings(config_file);
  if (!settings.ok()) return Fail(settings.status());
  if (const auto logging = InitLogging(kProgram, settings->log_level); !logging.ok()) {
    return Fail(logging);
  }
  auto server = ControlServer::Start(*settings);
  if (!server.ok()) return Fail(server.status());
  const std::string addresses = absl::StrJoin((*server)->addresses(), "\n");
  spdlog::info("listening on {}", absl::StrJoin((*server)->addresses(), ", "));
  if (!address_file.empty()) {
    if (const auto written = WriteAddressFile(address_file, addresses); !written.ok()) {
      return Fail(written);
    }
  }
  NotifySystemd("READY=1");
  const int signal = WaitForSignal({SIGTERM, SIGINT});
  NotifySystemd("STOPPING=1");
  spdlog::info("signal {}, shutting down", signal);
  (*server)->Shutdown();
  spdlog::info("stopped");
  return EX_OK;
}

}  // namespace
}  // namespace ilkimza::server

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ilkimza::ProtectProcessMemory();
  ilkimza::QuietLibraries();
  ilkimza::BlockSignals({SIGTERM, SIGINT});
  // Sockets and files of ours are nobody else's.
  umask(077);
  CLI::App app("The control plane of Ilkimza: which step, whose turn, since when.",
               ilkimza::server::kProgram);
  std::string config_file, address_file, goal;
  app.add_option("--config", config_file, "Configuration file (deploy/server.toml explains it)")
      ->type_name("FILE");
  app.add_option("--address-file", address_file, "Where to write the addresses it listens on")
      ->type_name("FILE");
  auto* print_plan =
      app.add_option("--print-plan", goal, "Print a goal's plan for Graphviz, and end")
          ->type_name("[GOAL]")
          ->expected(0, 1);
  app.set_version_flag("--version", ILKIMZA_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? EX_OK : EX_USAGE;
  }
  if (print_plan->count() != 0) return ilkimza::server::PrintPlan(goal);
  if (config_file.empty()) {
    std::cerr << ilkimza::server::kProgram << ": --config FILE is needed; see --help.\n";
    return EX_USAGE;
  }
  return ilkimza::server::Run(config_file, address_file);
}
