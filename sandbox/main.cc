// ilkimza-sandbox: a portal, a phone, a mailbox and cards to practise with.
// sandbox/README.md describes the options and the controls.
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "sandbox/sandbox.h"
#include "sandbox/text.h"

namespace {

using ilkimza::sandbox::Cat;
using ilkimza::sandbox::Sandbox;
using ilkimza::sandbox::SandboxOptions;
using ilkimza::sandbox::World;

struct Flags {
  std::string world_file;
  int holders = 0;
  SandboxOptions sandbox;
  std::vector<std::string> vpcd;
  bool no_card = false;
  std::string portal = "kamusm";
  std::string style = "html5";
  std::string charset = "utf-8";
  std::string charset_declared = "both";
  std::string delete_button = "card";
  std::string revoke_button = "card";
  int latency_ms = 0;
  int sms_seconds = 290;
  int sms_tries = 5;
  int session_seconds = 600;
  int link_seconds = 1800;
  std::vector<std::string> faults;
  std::string ca_out;
  std::string address_file;
  std::string log_level = "info";
};

void Declare(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", "ilkimza-sandbox 0.1.0");
  app.add_option("--world", flags.world_file, "JSON file of holders and cards");
  app.add_option("--holders", flags.holders, "add so many made-up holders, one card each")
      ->check(CLI::Range(0, 500'000));
  const CLI::Range port(0, 65'535);
  app.add_option("--portal-port", flags.sandbox.portal_port, "0: any free port")->check(port);
  app.add_option("--phone-port", flags.sandbox.phone_port, "0: any free port")->check(port);
  app.add_option("--vpcd", flags.vpcd, "HOST:PORT of a virtual reader's slot, once for each");
  app.add_flag("--no-card", flags.no_card, "do not insert the first card into the first slot");
  app.add_option("--card-keys", flags.sandbox.card_key_directory, "keep the cards' keys there");
  app.add_option("--portal", flags.portal, "whose pages it shows")
      ->check(CLI::IsMember({"kamusm", "ornek"}));
  app.add_option("--style", flags.style, "markup of the pages")
      ->check(CLI::IsMember({"html5", "tables", "postback"}));
  app.add_option("--charset", flags.charset, "of the pages")
      ->check(CLI::IsMember({"utf-8", "iso-8859-9"}));
  app.add_option("--charset-declared", flags.charset_declared, "where pages name their charset")
      ->check(CLI::IsMember({"both", "header", "meta", "nowhere"}));
  app.add_option("--sil", flags.delete_button, "a delete button for each card, or for the page")
      ->check(CLI::IsMember({"card", "page"}));
  app.add_option("--iptal", flags.revoke_button, "a revoke button for each card, or for the page")
      ->check(CLI::IsMember({"card", "page"}));
  app.add_option("--connections", flags.sandbox.connections, "at once, before others wait")
      ->check(CLI::Range(1, 4096));
  const CLI::Range amount(0, 1'000'000);
  app.add_option("--latency-ms", flags.latency_ms, "each answer waits so long")->check(amount);
  app.add_option("--sms-seconds", flags.sms_seconds, "an SMS code's time")->check(amount);
  app.add_option("--sms-tries", flags.sms_tries, "wrong codes that end the session")->check(amount);
  app.add_option("--session-seconds", flags.session_seconds, "idle time of a session")
      ->check(amount);
  app.add_option("--link-seconds", flags.link_seconds, "a mail link's time")->check(amount);
  app.add_option("--fault", flags.faults, "KIND[,screen=NAME][,method=POST][,nth=N][,times=N]...");
  app.add_option("--ca-out", flags.ca_out, "write the CA's certificate (PEM) there");
  app.add_option("--address-file", flags.address_file, "write the ready line there as well");
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warning, error or off");
}

int Fail(int code, std::string_view sentence) {
  std::cerr << "ilkimza-sandbox: " << sentence << "\n";
  return code;
}

// Through a second file, so that nobody reads half of it.
absl::Status WriteWhole(const std::string& file, const std::string& contents) {
  const std::string draft = Cat(file, ".", getpid());
  std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
  stream << contents;
  stream.close();
  if (!stream || std::rename(draft.c_str(), file.c_str()) != 0) {
    std::remove(draft.c_str());
    return absl::UnavailableError(Cat("The file ", file, " cannot be written."));
  }
  return absl::OkStatus();
}

// From the flags' texts to options; the first mistake is the result.
absl::Status Complete(Flags& flags) {
  namespace sandbox = ilkimza::sandbox;
  sandbox::PortalRules& rules = flags.sandbox.rules;
  rules.portal = sandbox::PortalNamed(flags.portal).value();
  rules.style = sandbox::StyleNamed(flags.style).value();
  rules.charset = sandbox::CharsetNamed(flags.charset).value();
  rules.charset_declared = sandbox::CharsetDeclaredNamed(flags.charset_declared).value();
  rules.one_delete_for_all = flags.delete_button == "page";
  rules.one_revoke_for_all = flags.revoke_button == "page";
  rules.latency = std::chrono::milliseconds(flags.latency_ms);
  rules.sms_time = std::chrono::seconds(flags.sms_seconds);
  rules.sms_tries = flags.sms_tries;
  rules.session_time = std::chrono::seconds(flags.session_seconds);
  rules.link_time = std::chrono::seconds(flags.link_seconds);
  for (const std::string& text : flags.vpcd) {
    absl::StatusOr<sandbox::Slot> slot = sandbox::ParseSlot(text);
    if (!slot.ok()) return slot.status();
    flags.sandbox.slots.push_back(*std::move(slot));
  }
  for (const std::string& text : flags.faults) {
    absl::StatusOr<sandbox::Fault> fault = sandbox::ParseFaultOption(text);
    if (!fault.ok()) return fault.status();
    flags.sandbox.faults.push_back(*std::move(fault));
  }
  if (flags.world_file.empty() && flags.holders == 0) {
    return absl::InvalidArgumentError("Nobody lives here: give --world FILE or --holders N.");
  }
  World world;
  if (!flags.world_file.empty()) {
    absl::StatusOr<World> loaded = sandbox::LoadWorld(flags.world_file);
    if (!loaded.ok()) return loaded.status();
    world = *std::move(loaded);
  }
  for (sandbox::Holder& holder : sandbox::MadeUpWorld(flags.holders).holders) {
    world.holders.push_back(std::move(holder));
  }
  flags.sandbox.world = std::move(world);
  return absl::OkStatus();
}

// The first card of the world, into the first slot.
void InsertFirstCard(Sandbox& sandbox, const std::string& serial) {
  const absl::Status status = sandbox.cards().Insert(serial, 1);
  if (!status.ok()) {
    ilkimza::LogWarning("The first card is not in its reader yet: {}",
                        std::string(status.message()));
  }
}

std::string FirstSerial(const World& world) {
  for (const ilkimza::sandbox::Holder& holder : world.holders) {
    if (!holder.cards.empty()) return holder.cards.front().serial;
  }
  return "";
}

int Run(Flags flags) {
  // Every thread inherits the mask, so that only `sigwait` below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::string first_serial = FirstSerial(flags.sandbox.world);
  const bool insert = !flags.no_card && !flags.sandbox.slots.empty() && !first_serial.empty();
  absl::StatusOr<std::unique_ptr<Sandbox>> sandbox = Sandbox::Start(std::move(flags.sandbox));
  if (!sandbox.ok()) return Fail(EX_UNAVAILABLE, std::string(sandbox.status().message()));
  if (insert) InsertFirstCard(**sandbox, first_serial);

  const std::string ready = nlohmann::ordered_json{
      {"portal_url", (*sandbox)->portal_url()},
      {"phone_url", (*sandbox)->phone_url()},
      {"ca_file", flags.ca_out}}.dump();
  absl::Status written;
  if (!flags.ca_out.empty()) written = WriteWhole(flags.ca_out, (*sandbox)->ca_pem());
  if (written.ok() && !flags.address_file.empty()) {
    written = WriteWhole(flags.address_file, ready + "\n");
  }
  if (!written.ok()) return Fail(EX_CANTCREAT, std::string(written.message()));
  std::cout << ready << std::endl;

  int signal = 0;
  sigwait(&signals, &signal);
  sandbox->reset();
  return EX_OK;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A portal, a phone, a mailbox and cards to practise with. Never the real ones.");
  Flags flags;
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  if (const absl::Status status = ilkimza::InitLogging("ilkimza-sandbox", flags.log_level);
      !status.ok()) {
    return Fail(EX_USAGE, std::string(status.message()));
  }
  if (const absl::Status status = Complete(flags); !status.ok()) {
    return Fail(absl::IsNotFound(status) ? EX_NOINPUT : EX_USAGE, std::string(status.message()));
  }
  return Run(std::move(flags));
}
