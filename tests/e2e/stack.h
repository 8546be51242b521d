// The whole of İlkimza on loopback: sandbox, smart-card service, server and agent
// as real processes, and the CLI on top. Runs below tests/support/isolated, which
// gives it the smart-card service and a network of its own.
#ifndef ILKIMZA_TESTS_E2E_STACK_H_
#define ILKIMZA_TESTS_E2E_STACK_H_

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/person.h"
#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::testing {

struct StackOptions {
  std::string portal_host = "agent";  // or "server"
  std::string portal = "kamusm";      // or "ornek": the sandbox's pages, and the profile
  std::string style = "html5";        // html5, tables, postback
  std::string charset = "utf-8";      // utf-8, iso-8859-9
  std::vector<std::string> sandbox;   // further options of the sandbox
  // The sandbox's own card, in the first slot.
  bool card = true;
  std::string log_level = "trace";
  // The sandbox's world as JSON; its own one if left out.
  std::string world;
  // Further lines below [journey] of the server's configuration.
  std::string journey_settings;
  // Further tables of the server's configuration.
  std::string server_tables;
};

class Stack {
 public:
  using Json = nlohmann::json;

  explicit Stack(StackOptions options = {});
  ~Stack();

  // Each is started by the constructor; the others are for tests that take one
  // down. Starting returns once the program answers.
  void StartServer();
  void StartAgent(const std::map<std::string, std::string>& environment = {});
  // One more agent, of another PC, without a card; `profile`: another than the stack's.
  void StartAgentOf(const std::string& pc, const std::string& profile = "");
  Process& server() { return *server_; }
  Process& agent() { return *agent_; }
  Process& sandbox() { return *sandbox_; }

  // `ilkimza` with these arguments, talking to this stack's agent.
  Process Cli(const std::vector<std::string>& arguments) const;
  Finished RunCli(const std::vector<std::string>& arguments) const;
  // `ilkimza start --events` with further arguments.
  Process Journey(const std::vector<std::string>& arguments = {}) const;
  // The same with the agent of another PC.
  Process JourneyOf(const std::string& pc, const std::vector<std::string>& arguments) const;
  Finished RunCliOf(const std::string& pc, const std::vector<std::string>& arguments) const;
  // `ilkimza-server` as its operator uses it while it runs.
  Finished RunServer(const std::vector<std::string>& arguments) const;

  // The first holder of the sandbox's world.
  [[nodiscard]] Holder FirstHolder() const;
  [[nodiscard]] const std::string& phone_url() const { return phone_url_; }
  [[nodiscard]] HttpClient phone() const { return {phone_url_, ca_file_}; }
  // The sandbox's view: what was pressed, what is left.
  [[nodiscard]] Json State() const { return phone().Get("/control/state"); }

  [[nodiscard]] const TempDir& dir() const { return dir_; }
  // Every file of the run: logs, databases, journals.
  [[nodiscard]] std::vector<std::string> Files() const;

 private:
  void StartSandbox();
  [[nodiscard]] std::string WorldFile() const;
  void WriteConfigurations() const;
  // Of an agent whose files are in `folder`.
  [[nodiscard]] std::string AgentConfiguration(const std::string& id, const std::string& folder,
                                               const std::string& profile) const;
  [[nodiscard]] std::string PortalTable(const std::string& profile) const;
  [[nodiscard]] std::vector<std::string> StartArguments(
      const std::vector<std::string>& arguments) const;

  StackOptions options_;
  TempDir dir_;
  std::string server_port_ = "0";
  std::string portal_url_;
  std::string phone_url_;
  std::string ca_file_;
  std::unique_ptr<Process> sandbox_;
  std::unique_ptr<Process> server_;
  std::unique_ptr<Process> agent_;
  std::vector<std::unique_ptr<Process>> other_agents_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_STACK_H_
