// ilkimza-server: the control plane. See deploy/server.toml for its configuration.
#include <sys/stat.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "base/daemon.h"
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/admin.h"
#include "server/control_server.h"
#include "server/journey/graph.h"
#include "server/settings.h"

namespace ilkimza::server {
namespace {

constexpr char kProgram[] = "ilkimza-server";
constexpr std::string_view kGoalPrefix = "GOAL_";

int Fail(const absl::Status& status) {
  std::cerr << kProgram << ": " << std::string(status.message()) << "\n";
  return ExitCodeOf(status);
}

// Of an operator's command: what was named is not there, or cannot be; or the running
// server is not configured for it.
int AdminCodeOf(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kNotFound) return EX_NOINPUT;
  switch (ReasonOf(status)) {
    case v1::ERROR_REASON_ENROLMENT_OFF:
      return EX_CONFIG;
    case v1::ERROR_REASON_BAD_FIELD:
      return EX_DATAERR;
    default:
      return ExitCodeOf(status);
  }
}

// As `--print-plan` takes them: "GET_PIN, RESET_SECURITY_WORD, ...".
std::string GoalNames() {
  std::vector<std::string> names;
  for (int goal = v1::GOAL_UNSPECIFIED + 1; goal < v1::Goal_ARRAYSIZE; ++goal) {
    names.push_back(v1::Goal_Name(static_cast<v1::Goal>(goal)).substr(kGoalPrefix.size()));
  }
  return absl::StrJoin(names, ", ");
}

// The whole way where no goal is named.
int PrintPlan(const std::string& goal_name) {
  v1::Goal goal = v1::GOAL_GET_PIN;
  if (!goal_name.empty() &&
      (!v1::Goal_Parse("GOAL_" + goal_name, &goal) || goal == v1::GOAL_UNSPECIFIED)) {
    std::cerr << kProgram << ": '" << goal_name << "' is not a goal; use one of " << GoalNames()
              << ".\n";
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
  std::string addresses = absl::StrJoin((*server)->addresses(), "\n");
  for (const std::string& door : (*server)->enrolment_addresses()) {
    absl::StrAppend(&addresses, "\nenrolment ", door);
    LogInfo("agents enrol at {}", door);
  }
  LogInfo("listening on {}", absl::StrJoin((*server)->addresses(), ", "));
  if (!address_file.empty()) {
    if (const auto written = WriteAddressFile(address_file, addresses); !written.ok()) {
      return Fail(written);
    }
  }
  NotifySystemd("READY=1");
  const int signal = WaitForSignal({SIGTERM, SIGINT});
  NotifySystemd("STOPPING=1");
  LogInfo("signal {}, shutting down", signal);
  (*server)->Shutdown();
  LogInfo("stopped");
  return EX_OK;
}

// CLI11's own check tells the range of all numbers in more than 300 digits.
std::string AtLeastOne(const std::string& text) {
  int number = 0;
  return absl::SimpleAtoi(text, &number) && number >= 1 ? "" : "takes a number that is 1 or more";
}

// What an operator asks of the server that runs.
struct AdminFlags {
  CLI::App* join_token = nullptr;
  CLI::App* agents = nullptr;
  CLI::App* delete_agent = nullptr;
  CLI::App* drift = nullptr;
  CLI::App* accept_drift = nullptr;
  CLI::App* pace = nullptr;
  JoinTokenWish wish;
  std::string agent;
  bool all_screens = false;
  std::string screen;

  void AddTo(CLI::App& app) {
    join_token = app.add_subcommand(
        "join-token", "Make a join token: with it an agent gets its first certificate");
    join_token->add_option("--agent", wish.agent, "For this agent alone, new or known already")
        ->type_name("ID");
    join_token->add_option("--uses", wish.uses, "How many agents may use it")
        ->check(CLI::Validator(AtLeastOne, "1 or more"))
        ->capture_default_str();
    join_token->add_option("--valid-for", wish.valid_for, "How long, at most 720h")
        ->type_name("TIME")
        ->capture_default_str();
    agents = app.add_subcommand("agents", "List the agents");
    delete_agent = app.add_subcommand("delete-agent",
                                      "Revoke an agent's certificates, cut it off and forget it");
    delete_agent->add_option("ID", agent, "The agent's id")->required();
    drift = app.add_subcommand("drift", "List the portal's screens that have changed for many");
    drift->add_flag("--all", all_screens, "All that are known, not only those that have changed");
    accept_drift = app.add_subcommand(
        "accept-drift", "A screen that has changed is as it should be: steps on it go on");
    accept_drift->add_option("SCREEN", screen, "Its name as 'drift' lists it, or \"all\"")
        ->required();
    pace = app.add_subcommand("pace", "How fast the fleet goes to the portal, and who waits");
    app.require_subcommand(0, 1);
    // "--config" may stand before or after the command's name.
    for (CLI::App* command : Commands()) command->fallthrough();
  }
  [[nodiscard]] std::vector<CLI::App*> Commands() const {
    return {join_token, agents, delete_agent, drift, accept_drift, pace};
  }
  [[nodiscard]] bool Given() const {
    const auto commands = Commands();
    return std::any_of(commands.begin(), commands.end(),
                       [](const CLI::App* command) { return command->parsed(); });
  }
};

int Administer(const std::string& config_file, const AdminFlags& flags) {
  const auto settings = ReadSettings(config_file);
  if (!settings.ok()) return Fail(settings.status());
  const auto channel = AdminChannel(*settings);
  if (!channel.ok()) return Fail(channel.status());
  absl::Status done;
  if (flags.join_token->parsed()) {
    done = MakeJoinToken(*channel, flags.wish, std::cout, std::cerr);
  } else if (flags.agents->parsed()) {
    done = ListAgents(*channel, std::cout, std::cerr);
  } else if (flags.delete_agent->parsed()) {
    done = DeleteAgent(*channel, flags.agent, std::cerr);
  } else if (flags.drift->parsed()) {
    done = ListDrift(*channel, flags.all_screens, std::cout, std::cerr);
  } else if (flags.accept_drift->parsed()) {
    done = AcceptDrift(*channel, flags.screen, std::cerr);
  } else {
    done = ListPaces(*channel, std::cout, std::cerr);
  }
  if (done.ok()) return EX_OK;
  Fail(done);
  return AdminCodeOf(done);
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
  ilkimza::server::AdminFlags admin;
  admin.AddTo(app);
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
  if (admin.Given()) return ilkimza::server::Administer(config_file, admin);
  return ilkimza::server::Run(config_file, address_file);
}
