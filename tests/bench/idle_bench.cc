#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/benches.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

using testing::Process;

constexpr double kKibi = 1024;

// A program under measurement.
struct Idler {
  std::string name;
  std::unique_ptr<Process> process;
  long sleeps = 0;
  double resident = 0;
  double wakeups = 0;
};

Idler StartBare() {
  Idler idler{.name = "bare gRPC server"};
  idler.process =
      std::make_unique<Process>(Process::Options{.command = {ILKIMZA_IDLE_GRPC_PROGRAM}});
  DieUnless(idler.process->ReadLine(std::chrono::seconds(20)).has_value(),
            "the bare gRPC server does not start");
  return idler;
}

Idler StartServer(const testing::TempDir& folder) {
  testing::WriteFile(folder / "server.toml",
                     "listen = [\"127.0.0.1:0\"]\nlog_level = \"warning\"\n"
                     "[store]\npath = \"server.db\"\n");
  Idler idler{.name = "idle server"};
  idler.process = std::make_unique<Process>(
      Process::Options{.command = {ILKIMZA_SERVER_PROGRAM, "--config", folder / "server.toml",
                                   "--address-file", folder / "server.address"}});
  return idler;
}

// Attached to the server, and beside a smart-card service if there is one.
Idler StartAgent(const testing::TempDir& folder, const std::string& server) {
  testing::WriteFile(folder / "agent.toml",
                     "[server]\naddress = \"" + server.substr(0, server.find('\n')) +
                         "\"\n[agent]\nid = \"bench\"\nsocket = \"" + folder.path() +
                         "/run/agent.sock\"\nstate_directory = \"" + folder.path() +
                         "/state\"\nlog_level = \"warning\"\n");
  Idler idler{.name = "idle agent"};
  idler.process = std::make_unique<Process>(
      Process::Options{.command = {ILKIMZA_AGENT_PROGRAM, "--config", folder / "agent.toml",
                                   "--address-file", folder / "agent.address"}});
  WaitForFile(folder / "agent.address", *idler.process);
  return idler;
}

void Observe(std::vector<Idler*> idlers, double seconds) {
  for (Idler* idler : idlers) idler->sleeps = Sleeps(idler->process->pid());
  const double start = WallNow();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const double passed = WallNow() - start;
  for (Idler* idler : idlers) {
    DieUnless(idler->process->Running(), idler->name + " ended");
    const pid_t pid = idler->process->pid();
    idler->wakeups = static_cast<double>(Sleeps(pid) - idler->sleeps) / passed;
    idler->resident = ResidentKib(pid) / kKibi;
  }
}

void Stop(const Idler& idler) {
  idler.process->Signal(SIGTERM);
  DieUnless(idler.process->Wait(std::chrono::seconds(20)) == 0, idler.name + " does not stop well");
}

}  // namespace

void BenchIdle(Effort effort, Table& table) {
  const testing::TempDir folder;
  Idler bare = StartBare();
  Idler server = StartServer(folder);
  const std::string address = WaitForFile(folder / "server.address", *server.process);
  Idler agent = StartAgent(folder, address);
  // Until the beginning is over.
  std::this_thread::sleep_for(std::chrono::duration<double>(Choose(effort, 1.0, 5.0, 10.0)));
  Observe({&bare, &server, &agent}, Choose(effort, 2.0, 10.0, 30.0));
  for (const Idler* one : {&server, &agent}) {
    table.Add({.what = one->name + ", resident memory",
               .unit = "MiB",
               .ours = one->resident,
               .baseline = bare.resident});
  }
  for (const Idler* one : {&server, &agent}) {
    table.Add({.what = one->name + ", wake-ups",
               .unit = "/s",
               .ours = one->wakeups,
               .baseline = bare.wakeups});
  }
  Stop(agent);
  Stop(server);
  Stop(bare);
}

}  // namespace ilkimza::bench
