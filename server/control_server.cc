#include "server/control_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "server/api/access.h"
#include "server/api/enrolment_api.h"
#include "server/api/fleet_service.h"
#include "server/api/journey_service.h"
#include "server/api/oversight_service.h"
#include "server/doors.h"
#include "server/engine/engine.h"
#include "server/enrolment/enrolments.h"
#include "server/enrolment/issuer.h"
#include "server/fleet/fleet.h"
#include "server/hosting/server_host.h"
#include "server/store/sqlite_store.h"

namespace ilkimza::server {
namespace {

// A page of 1000 journeys is below 4 MiB, and nothing that comes in is larger.
constexpr int kMaxReceived = 1 << 20;
constexpr int kMaxSent = 4 << 20;
constexpr int kMaxStreams = 1000;
// Agents ping no more often than this.
constexpr int kLeastPingMs = 10'000;
constexpr int kPingTimeoutMs = 20'000;
// At the door for strangers: a token and a request for a certificate, and soon away.
constexpr int kMaxReceivedAtDoor = 32 << 10;
constexpr int kMaxDoorMs = 60'000;
constexpr int kMaxDoorStreams = 16;
// Of the connections that there may be: however many strangers come, agents get in.
constexpr double kStrangersShare = 0.9;

v1::HostProfile HostProfileOf(const KnownPortal& portal) {
  v1::HostProfile profile;
  profile.set_name(portal.name);
  profile.set_version(portal.version);
  profile.set_hotline(portal.hotline);
  return profile;
}

class Running : public ControlServer {
 public:
  Running(const Settings& settings, KnownPortal portal, std::unique_ptr<Store> store,
          std::unique_ptr<Issuer> issuer, std::vector<std::string> server_authorities)
      : settings_(WithIssuer(settings, issuer.get())),
        store_(std::move(store)),
        issuer_(std::move(issuer)),
        enrolments_(issuer_ == nullptr
                        ? nullptr
                        : std::make_unique<Enrolments>(
                              EnrolmentOptions{.lifetime = settings.enrolment.lifetime}, *issuer_,
                              *store_)),
        engine_({.policy = settings.policy,
                 .pacing = settings.pacing,
                 .drift = settings.drift,
                 .profile = HostProfileOf(portal),
                 .max_journeys = static_cast<std::size_t>(settings.max_journeys),
                 .max_watchers = static_cast<std::size_t>(settings.max_watchers)},
                *store_),
        fleet_({.max_agents = static_cast<std::size_t>(settings.max_agents),
                .attach_rate = static_cast<double>(settings.attaches_a_second)},
               engine_, *store_),
        access_(settings.operators, enrolments_.get(), settings.AgentsAreCertified()),
        enrolment_api_({.server_authorities = std::move(server_authorities)}, access_, fleet_,
                       *store_, enrolments_.get()),
        journey_service_(MakeJourneyService({.portal_host = settings.portal_host,
                                             .portal = std::move(portal),
                                             .guided = settings.policy.guided,
                                             .goals_off = settings.goals_off},
                                            access_, engine_, *store_)),
        fleet_service_(MakeFleetService(access_, fleet_, engine_, enrolment_api_)),
        oversight_service_(MakeOversightService(access_, engine_)) {}

  ~Running() override { Shutdown(); }

  absl::Status Start() {
    if (settings_.portal_host == v1::PORTAL_HOST_SERVER) {
      ILKIMZA_ASSIGN_OR_RETURN(hosting_, ServerHost::Create(settings_.portal, access_, engine_));
      LogWarning(
          "portal_host is \"server\": PINs, security words and SMS codes of holders will pass "
          "through the memory of this process; with \"agent\" they never leave the holder's PC");
      if (!settings_.AgentsAreCertified()) {
        LogWarning(
            "portal_host is \"server\" and agents show no certificates: whoever reaches this "
            "server on this machine may say to be any agent, and then sees its holder's PIN; "
            "configure 'tls.client_ca_file' or [enrolment] where others use the machine");
      }
    }
    engine_.Connect(&fleet_, hosting_.get());
    ILKIMZA_RETURN_IF_ERROR(fleet_.Start());
    ILKIMZA_RETURN_IF_ERROR(engine_.Start());
    ILKIMZA_RETURN_IF_ERROR(EndSwitchedOff());
    if (enrolments_ != nullptr) ILKIMZA_RETURN_IF_ERROR(enrolments_->Start());
    ILKIMZA_RETURN_IF_ERROR(Listen());
    ILKIMZA_RETURN_IF_ERROR(OpenDoor());
    Serve(true);
    return absl::OkStatus();
  }

  std::vector<std::string> addresses() const override { return addresses_; }

  std::vector<std::string> enrolment_addresses() const override {
    return strangers_doors_.addresses();
  }

  void Shutdown() override {
    if (std::exchange(is_down_, true)) return;
    Serve(false);
    strangers_doors_.Close();
    if (door_ != nullptr) door_->Shutdown(absl::ToChronoTime(absl::Now() + settings_.shutdown));
    fleet_.GoAway();
    engine_.Stop();
    if (hosting_ != nullptr) hosting_->Close();
    doors_.Close();
    if (server_ == nullptr) return;
    server_->Shutdown(absl::ToChronoTime(absl::Now() + settings_.shutdown));
    server_->Wait();
    if (door_ != nullptr) door_->Wait();
    // What the last calls began.
    engine_.Stop();
  }

 private:
  // A journey that was under way when its goal was switched off does not go on. No agent
  // is attached yet, so the cancelling comes before whatever they may say.
  absl::Status EndSwitchedOff() {
    if (settings_.goals_off.empty()) return absl::OkStatus();
    ILKIMZA_ASSIGN_OR_RETURN(const std::vector<v1::Journey> active, store_->LoadActive());
    for (const v1::Journey& journey : active) {
      if (settings_.goals_off.count(journey.goal()) == 0) continue;
      LogInfo("{}: cancelled, its goal is switched off ('goals_off')", journey.name());
      engine_.Cancel(journey.name(), "server", /*request_id=*/"",
                     [name = journey.name()](const auto& cancelled) {
                       if (cancelled.ok()) return;
                       LogError("{}: not cancelled: {}", name,
                                std::string(cancelled.status().message()));
                     });
    }
    return absl::OkStatus();
  }

  // Who may show a certificate: what the configuration says, and our own agents.
  static Settings WithIssuer(Settings settings, const Issuer* issuer) {
    if (issuer != nullptr) settings.tls.second_ca = issuer->certificate_file();
    return settings;
  }

  absl::Status Listen() {
    grpc::ServerBuilder builder;
    for (const std::string& address : settings_.listen) {
      ILKIMZA_ASSIGN_OR_RETURN(auto credentials, MakeServerCredentials(address, settings_.tls));
      ILKIMZA_RETURN_IF_ERROR(doors_.Add(builder, address, "listen", std::move(credentials)));
    }
    addresses_ = doors_.addresses();
    if (!settings_.admin_socket.empty()) {
      ILKIMZA_RETURN_IF_ERROR(doors_.Add(builder, "unix:" + settings_.admin_socket, "admin_socket",
                                         grpc::InsecureServerCredentials()));
    }
    Configure(builder);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return NotStarted();
    doors_.Open();
    return absl::OkStatus();
  }

  absl::Status OpenDoor() {
    if (enrolments_ == nullptr) return absl::OkStatus();
    TlsFiles files = settings_.tls;
    // Who comes here has no certificate yet.
    files.ca.clear();
    files.second_ca.clear();
    door_service_ = MakeEnrolmentDoor(enrolment_api_);
    grpc::ServerBuilder builder;
    for (const std::string& address : settings_.enrolment.listen) {
      ILKIMZA_ASSIGN_OR_RETURN(auto credentials, MakeServerCredentials(address, files));
      ILKIMZA_RETURN_IF_ERROR(
          strangers_doors_.Add(builder, address, "enrolment.listen", std::move(credentials)));
    }
    builder.RegisterService(door_service_.get());
    builder.SetMaxReceiveMessageSize(kMaxReceivedAtDoor);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxDoorStreams);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kMaxDoorMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kMaxDoorMs);
    door_ = builder.BuildAndStart();
    if (door_ == nullptr) return NotStarted();
    strangers_doors_.Open(kStrangersShare);
    return absl::OkStatus();
  }

  static absl::Status NotStarted() {
    return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UNSPECIFIED,
                     "The gRPC server could not be started; the log has the reason.");
  }

  void Configure(grpc::ServerBuilder& builder) {
    builder.RegisterService(journey_service_.get());
    builder.RegisterService(fleet_service_.get());
    builder.RegisterService(oversight_service_.get());
    // No other way leads a secret into this process.
    if (hosting_ != nullptr) builder.RegisterService(&hosting_->service());
    builder.SetMaxReceiveMessageSize(kMaxReceived);
    builder.SetMaxSendMessageSize(kMaxSent);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                               static_cast<int>(absl::ToInt64Milliseconds(settings_.keepalive)));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  }

  void Serve(bool serving) {
    if (server_ == nullptr) return;
    auto* health = server_->GetHealthCheckService();
    if (health == nullptr) return;
    health->SetServingStatus(serving);
    health->SetServingStatus(v1::JourneyService::service_full_name(), serving);
    health->SetServingStatus(v1::FleetService::service_full_name(), serving);
    health->SetServingStatus(v1::OversightService::service_full_name(), serving);
  }

  const Settings settings_;
  const std::unique_ptr<Store> store_;
  const std::unique_ptr<Issuer> issuer_;
  const std::unique_ptr<Enrolments> enrolments_;
  Engine engine_;
  Fleet fleet_;
  const Access access_;
  EnrolmentApi enrolment_api_;
  const std::unique_ptr<v1::JourneyService::CallbackService> journey_service_;
  const std::unique_ptr<v1::FleetService::CallbackService> fleet_service_;
  const std::unique_ptr<v1::OversightService::CallbackService> oversight_service_;
  std::unique_ptr<ServerHost> hosting_;
  std::unique_ptr<v1::FleetService::CallbackService> door_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> door_;
  Doors doors_;
  Doors strangers_doors_;
  std::vector<std::string> addresses_;
  bool is_down_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const Settings& settings) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  ILKIMZA_ASSIGN_OR_RETURN(
      KnownPortal portal,
      KnownPortalOf(settings.portal, settings.portal_host == v1::PORTAL_HOST_SERVER));
  ILKIMZA_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                           OpenSqliteStore({.path = settings.store_path}));
  std::unique_ptr<Issuer> issuer;
  std::vector<std::string> authorities;
  const Settings::Enrolment& enrolment = settings.enrolment;
  if (!enrolment.listen.empty()) {
    ILKIMZA_ASSIGN_OR_RETURN(
        issuer, Issuer::Open({enrolment.ca_certificate, enrolment.ca_key, enrolment.make_authority},
                             absl::Now()));
    if (!enrolment.server_ca.empty()) {
      ILKIMZA_ASSIGN_OR_RETURN(authorities, ReadCertificates(enrolment.server_ca));
    }
  }
  auto running = std::make_unique<Running>(settings, std::move(portal), std::move(store),
                                           std::move(issuer), std::move(authorities));
  ILKIMZA_RETURN_IF_ERROR(running->Start());
  return running;
}

}  // namespace ilkimza::server
