#include "tests/e2e/stack.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace ilkimza::testing {
namespace {

using std::chrono::seconds;

std::string Program(const std::string& name) { return std::string(ILKIMZA_BIN_DIR) + "/" + name; }

// The first line of a file that a program writes once it is ready.
std::string AwaitAddress(const std::string& path, Process& process, const std::string& log) {
  for (int i = 0; i < 2000; ++i) {
    if (std::filesystem::exists(path)) {
      const std::string text = ReadFile(path);
      return text.substr(0, text.find('\n'));
    }
    if (!process.Running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::fprintf(stderr, "%s did not start:\n%s\n", path.c_str(), ReadFile(log).c_str());
  std::abort();
}

}  // namespace

Stack::Stack(StackOptions options) : options_(std::move(options)) {
  StartSandbox();
  WriteConfigurations();
  StartServer();
  StartAgent();
}

Stack::~Stack() {
  // The client side first, so that nobody logs a loss that is only the test's end.
  for (const auto& process : other_agents_) process->Signal(SIGTERM);
  for (const auto& process : other_agents_) process->Wait(seconds(5));
  for (auto* process : {agent_.get(), server_.get(), sandbox_.get()}) {
    if (process == nullptr) continue;
    process->Signal(SIGTERM);
    process->Wait(seconds(5));
  }
}

std::string Stack::WorldFile() const {
  if (options_.world.empty()) return std::string(ILKIMZA_SOURCE_DIR) + "/sandbox/world.json";
  return dir_ / "world.json";
}

void Stack::StartSandbox() {
  if (!options_.world.empty()) WriteFile(WorldFile(), options_.world);
  std::vector<std::string> command = {Program("ilkimza-sandbox"), "--world", WorldFile(), "--style",
                                      options_.style, "--charset", options_.charset, "--portal",
                                      options_.portal, "--ca-out", dir_ / "portal-ca.pem",
                                      // New ones would be half of what a test costs.
                                      "--card-keys", ILKIMZA_TEST_KEY_DIRECTORY};
  if (options_.card) command.insert(command.end(), {"--vpcd", "localhost:35963"});
  command.insert(command.end(), options_.sandbox.begin(), options_.sandbox.end());
  sandbox_ = std::make_unique<Process>(
      Process::Options{.command = command, .stderr_file = dir_ / "sandbox.log"});
  const auto line = sandbox_->ReadLine(seconds(20));
  const Json ready = Json::parse(line.value_or(""), nullptr, false);
  if (!ready.is_object()) {
    std::fprintf(stderr, "the sandbox did not start:\n%s\n",
                 ReadFile(dir_ / "sandbox.log").c_str());
    std::abort();
  }
  portal_url_ = ready.at("portal_url");
  phone_url_ = ready.at("phone_url");
  ca_file_ = ready.at("ca_file");
}

std::string Stack::PortalTable(const std::string& profile) const {
  return "[portal]\nprofile = \"" + profile + "\"\nentrance = \"" + portal_url_ +
         "\"\nca_file = \"" + ca_file_ + "\"\n";
}

std::string Stack::AgentConfiguration(const std::string& id, const std::string& folder,
                                      const std::string& profile) const {
  return "[agent]\nid = \"" + id + "\"\nsocket = \"" + folder + "run/agent.sock\"\n" +
         "state_directory = \"" + folder + "state\"\nlog_level = \"" + options_.log_level +
         "\"\n[server]\naddress = \"127.0.0.1:" + server_port_ + "\"\n" + PortalTable(profile);
}

void Stack::WriteConfigurations() const {
  std::string server = "listen = [\"127.0.0.1:" + server_port_ + "\"]\nlog_level = \"" +
                       options_.log_level + "\"\nportal_host = \"" + options_.portal_host +
                       "\"\n[store]\npath = \"" + (dir_ / "server.db") + "\"\n";
  server +=
      "[journey]\nbackoff_first = \"1s\"\nbackoff_last = \"2s\"\n" + options_.journey_settings;
  server += options_.portal_host == "server" ? PortalTable(options_.portal)
                                             : "[portal]\nprofile = \"" + options_.portal + "\"\n";
  WriteFile(dir_ / "server.toml", server + options_.server_tables);
  WriteFile(dir_ / "agent.toml", AgentConfiguration("ayse-pc7", dir_ / "", options_.portal));
}

Holder Stack::FirstHolder() const {
  const Json world = Json::parse(ReadFile(WorldFile()));
  const Json& first = world.at("holders").at(0);
  return {.national_id = first.at("national_id"),
          .email = first.at("email"),
          .phone = first.at("phone"),
          .security_word = first.at("security_word")};
}

void Stack::StartServer() {
  const std::string address_file = dir_ / "server.address";
  std::filesystem::remove(address_file);
  WriteConfigurations();  // with the port of the first start, so that agents find it again
  server_ = std::make_unique<Process>(
      Process::Options{.command = {Program("ilkimza-server"), "--config", dir_ / "server.toml",
                                   "--address-file", address_file},
                       .stdout_file = dir_ / "server.out",
                       .stderr_file = dir_ / "server.log"});
  const std::string address = AwaitAddress(address_file, *server_, dir_ / "server.log");
  server_port_ = address.substr(address.rfind(':') + 1);
  WriteConfigurations();
}

void Stack::StartAgent(const std::map<std::string, std::string>& environment) {
  const std::string address_file = dir_ / "agent.address";
  std::filesystem::remove(address_file);
  agent_ = std::make_unique<Process>(
      Process::Options{.command = {Program("ilkimza-agent"), "--config", dir_ / "agent.toml",
                                   "--address-file", address_file},
                       .environment = environment,
                       .stdout_file = dir_ / "agent.out",
                       .stderr_file = dir_ / "agent.log"});
  AwaitAddress(address_file, *agent_, dir_ / "agent.log");
}

void Stack::StartAgentOf(const std::string& pc, const std::string& profile) {
  const std::string folder = dir_ / (pc + "/");
  std::filesystem::create_directory(folder);
  WriteFile(folder + "agent.toml",
            AgentConfiguration(pc, folder, profile.empty() ? options_.portal : profile));
  const std::string address_file = folder + "agent.address";
  other_agents_.push_back(std::make_unique<Process>(
      Process::Options{.command = {Program("ilkimza-agent"), "--config", folder + "agent.toml",
                                   "--address-file", address_file},
                       .stdout_file = folder + "agent.out",
                       .stderr_file = folder + "agent.log"}));
  AwaitAddress(address_file, *other_agents_.back(), folder + "agent.log");
}

Process Stack::Cli(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {Program("ilkimza"), "--socket", dir_ / "run/agent.sock"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Process({.command = command, .stderr_file = dir_ / "cli.err"});
}

Finished Stack::RunCli(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {Program("ilkimza"), "--socket", dir_ / "run/agent.sock"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Run(command, seconds(60));
}

std::vector<std::string> Stack::StartArguments(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {"start", "--events",      "--lang",
                                  "en",    "--portal-host", options_.portal_host};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Process Stack::Journey(const std::vector<std::string>& arguments) const {
  return Cli(StartArguments(arguments));
}

Process Stack::JourneyOf(const std::string& pc, const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {Program("ilkimza"), "--socket",
                                      dir_ / (pc + "/run/agent.sock")};
  const auto all = StartArguments(arguments);
  command.insert(command.end(), all.begin(), all.end());
  return Process({.command = command, .stderr_file = dir_ / (pc + "/cli.err")});
}

Finished Stack::RunCliOf(const std::string& pc, const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {Program("ilkimza"), "--socket",
                                      dir_ / (pc + "/run/agent.sock")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Run(command, seconds(60));
}

Finished Stack::RunServer(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {Program("ilkimza-server"), "--config", dir_ / "server.toml"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Run(command, seconds(60));
}

std::vector<std::string> Stack::Files() const {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  return files;
}

}  // namespace ilkimza::testing
