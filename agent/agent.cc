#include "agent/agent.h"

#include <unistd.h>

#include <filesystem>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/card/pcsc.h"
#include "agent/card/pkcs11_card.h"
#include "agent/diagnosis/diagnosis.h"
#include "agent/diagnosis/module_probe.h"
#include "agent/identity/enrolment.h"
#include "agent/identity/renewal.h"
#include "agent/local/forwarding.h"
#include "agent/local/journey_forwarder.h"
#include "agent/local/portal_relay.h"
#include "agent/pkcs11/modules.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

// What all conversations together have to log out of the portal.
constexpr absl::Duration kLogOutGrace = absl::Seconds(3);
// Then local calls have this long to end by themselves: an answer that is on its way
// is told, a watch is cut.
constexpr absl::Duration kLocalGrace = absl::Seconds(1);
// How long a renewal waits for a connection that was there a moment ago.
constexpr absl::Duration kRenewalPatience = absl::Seconds(5);
// And for the first one, without hurrying it: nobody waits for a renewal.
constexpr absl::Duration kAttachPatience = absl::Seconds(10);
constexpr absl::Duration kAttachLook = absl::Milliseconds(250);
// A diagnosis is waited for by a person.
constexpr absl::Duration kDiagnosisConnect = absl::Seconds(8);
constexpr absl::Duration kDiagnosisPage = absl::Seconds(15);

absl::StatusOr<portal::HostOptions> PortalOptions(const AgentConfig& config) {
  ILKIMZA_ASSIGN_OR_RETURN(portal::Profile profile, portal::Profile::Named(config.portal.profile));
  if (!config.portal.entrance.empty()) {
    ILKIMZA_ASSIGN_OR_RETURN(profile, profile.WithEntrance(config.portal.entrance));
  }
  portal::HostOptions options{.profile = std::move(profile)};
  options.browser.ca_file = config.portal.ca_file;
  options.browser.proxy = config.portal.proxy;
  return options;
}

// As the server is told.
absl::StatusOr<v1::HostProfile> HostProfileOf(const AgentConfig& config) {
  ILKIMZA_ASSIGN_OR_RETURN(const portal::Profile profile,
                           portal::Profile::Named(config.portal.profile));
  v1::HostProfile told;
  told.set_name(profile.name());
  told.set_version(profile.version());
  told.set_hotline(profile.hotline());
  return told;
}

absl::StatusOr<std::unique_ptr<portal::Host>> MakePortalHost(const AgentConfig& config,
                                                             portal::HostObserver& observer) {
  ILKIMZA_ASSIGN_OR_RETURN(portal::HostOptions options, PortalOptions(config));
  return portal::Host::Create(std::move(options), observer);
}

std::shared_ptr<pkcs11::Modules> MakeModules(const AgentConfig& config) {
  pkcs11::ModuleOptions options;
  options.paths = config.pkcs11.modules;
  options.so_pin_is_puk = config.pkcs11.so_pin_is_puk;
  auto modules = std::make_shared<pkcs11::Modules>(std::move(options));
  for (const pkcs11::ModuleStatus& status : modules->Statuses()) {
    if (!status.sentence.empty()) LogWarning("{}", status.sentence);
  }
  return modules;
}

absl::StatusOr<Probes> MakeProbes(const AgentConfig& config,
                                  const std::shared_ptr<pkcs11::Modules>& modules,
                                  ServerLink& link) {
  ILKIMZA_ASSIGN_OR_RETURN(portal::HostOptions options, PortalOptions(config));
  options.browser.connect_timeout = kDiagnosisConnect;
  options.browser.total_timeout = kDiagnosisPage;
  Probes probes;
  probes.service = ServiceProbe(SystemPcsc(), ThisCardMachine());
  probes.modules = ModuleProbe(modules);
  probes.server = ServerProbe(link);
  probes.server_host = config.server.address;
  probes.portal_host = options.profile.entrance_address().origin;
  probes.portal = PortalProbe(options.profile, options.browser);
  return probes;
}

absl::StatusOr<std::unique_ptr<CardHost>> MakeCardHost(
    const AgentConfig& config, const std::shared_ptr<pkcs11::Modules>& modules,
    CardObserver& observer) {
  CardHostOptions options;
  options.journal = std::filesystem::path(config.state_directory) / "card-attempts";
  options.pin_policy = config.pin_policy;
  options.families = Pkcs11Families(modules);
  return CardHost::Create(std::move(options), observer);
}

// Over the connection that is there: a renewal is no reason to dial.
absl::Status RenewOver(ServerLink& link, const AgentConfig& config, const std::stop_token& stop) {
  using Channel = absl::StatusOr<std::shared_ptr<grpc::Channel>>;
  // At the start of the agent both begin at the same time.
  for (absl::Duration waited;
       !link.attached() && waited < kAttachPatience && !stop.stop_requested();
       waited += kAttachLook) {
    absl::SleepFor(kAttachLook);
  }
  if (!link.attached()) {
    return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
                     "The agent is not connected to its server.");
  }
  auto promise = std::make_shared<std::promise<Channel>>();
  std::future<Channel> future = promise->get_future();
  link.WithServer(kRenewalPatience,
                  [promise](Channel channel) { promise->set_value(std::move(channel)); });
  ILKIMZA_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, future.get());
  ILKIMZA_ASSIGN_OR_RETURN(
      const absl::Time end,
      RenewCertificate(channel, config.name, config.server.identity_directory, stop));
  LogInfo("The agent's certificate was renewed and is good until {}",
          absl::FormatTime(absl::RFC3339_sec, end, absl::UTCTimeZone()));
  return absl::OkStatus();
}

}  // namespace

HostMakers RealHosts() { return {.portal = MakePortalHost, .card = MakeCardHost}; }

absl::StatusOr<std::unique_ptr<Agent>> Agent::Start(const AgentConfig& config,
                                                    const HostMakers& makers) {
  ILKIMZA_ASSIGN_OR_RETURN(Dial dial, MakeDial(config.server));
  ILKIMZA_ASSIGN_OR_RETURN(v1::HostProfile profile, HostProfileOf(config));
  ILKIMZA_ASSIGN_OR_RETURN(DirectoryLock state, DirectoryLock::Take(config.state_directory));
  std::unique_ptr<Agent> agent(
      new Agent(config, std::move(state), std::move(dial), std::move(profile)));
  ILKIMZA_RETURN_IF_ERROR(agent->Open(config, makers));
  return agent;
}

Agent::Agent(const AgentConfig& config, DirectoryLock state, Dial dial, v1::HostProfile profile)
    : address_(absl::StrCat("unix:", config.socket)),
      state_(std::move(state)),
      steps_(journeys_),
      link_({.agent = config.name,
             .version = ILKIMZA_VERSION,
             .profile = std::move(profile),
             .server_address = config.server.address,
             .on_attached =
                 [this] {
                   if (renewal_) renewal_->Connected();
                 }},
            std::move(dial), steps_) {
  steps_.Wire(link_);
}

absl::Status Agent::Open(const AgentConfig& config, const HostMakers& makers) {
  ILKIMZA_ASSIGN_OR_RETURN(SocketHome home, SocketHome::Open(config.socket));
  modules_ = MakeModules(config);
  ILKIMZA_ASSIGN_OR_RETURN(card_, makers.card(config, modules_, steps_));
  ILKIMZA_ASSIGN_OR_RETURN(portal_, makers.portal(config, steps_));
  steps_.Wire(*portal_, *card_);
  const ForwardOptions options{.agent = config.name, .server_address = config.server.address};
  forwarder_ = std::make_unique<JourneyForwarder>(options, link_, journeys_);
  relay_ = std::make_unique<PortalRelay>(options, link_, journeys_, portal_->service());
  if (!config.server.identity_directory.empty()) {
    renewal_ = std::make_unique<Renewal>(
        RenewalOptions{.directory = config.server.identity_directory},
        [this, config](const std::stop_token& stop) { return RenewOver(link_, config, stop); });
  }
  ILKIMZA_ASSIGN_OR_RETURN(Probes probes, MakeProbes(config, modules_, link_));
  probes.certificate = CertificateProbe(config.server, link_, renewal_.get());
  diagnosis_ = Diagnosis::Create(std::move(probes), ILKIMZA_VERSION);
  ILKIMZA_ASSIGN_OR_RETURN(local_, LocalServer::Start(std::move(home),
                                                      {forwarder_.get(), relay_.get(),
                                                       &card_->service(), &diagnosis_->service()},
                                                      geteuid()));
  relay_->set_self(local_->InProcessChannel());
  diagnosis_->set_self(local_->InProcessChannel());
  link_.CardChanged(card_->CurrentSerial());
  link_.Start();
  if (renewal_) renewal_->Start();
  return absl::OkStatus();
}

Agent::~Agent() { Stop(); }

void Agent::Stop() {
  if (std::exchange(stopped_, true)) return;
  link_.RefuseWaiters();
  if (renewal_) renewal_->Stop();
  if (diagnosis_) {
    diagnosis_->Stop();
    diagnosis_->set_self(nullptr);
  }
  if (card_) card_->Shutdown();
  if (portal_) portal_->Shutdown(kLogOutGrace);
  if (local_) local_->Stop(kLocalGrace);
  link_.Stop();
  if (relay_) relay_->set_self(nullptr);
  local_.reset();
  diagnosis_.reset();
  relay_.reset();
  forwarder_.reset();
  portal_.reset();
  card_.reset();
}

}  // namespace ilkimza::agent
