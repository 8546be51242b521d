#include "server/hosting/server_host.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "base/redact.h"
#include "portal/host.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"
#include "server/journey/directive.h"

namespace ilkimza::server {
namespace {

// What all conversations together have to log out of the portal.
constexpr absl::Duration kFarewell = absl::Seconds(3);
// Until a report that the store could not take is tried again.
constexpr std::chrono::seconds kStorePause{1};

class Hosting : public ServerHost, public portal::HostObserver {
 public:
  Hosting(const Access& access, Engine& engine)
      : access_(access), engine_(engine), service_(*this) {}

  absl::Status Open(const HostingOptions& options) {
    ILKIMZA_ASSIGN_OR_RETURN(portal::Profile profile, portal::Profile::Named(options.profile));
    if (!options.entrance.empty()) {
      ILKIMZA_ASSIGN_OR_RETURN(profile, profile.WithEntrance(options.entrance));
    }
    portal::HostOptions host{.profile = std::move(profile)};
    host.browser.ca_file = options.ca_file;
    host.browser.proxy = options.proxy;
    host.workers = options.workers;
    // A stream outlives the caller's certificate, and its revocation.
    host.watcher_check = [this](const grpc::CallbackServerContext& context) {
      return [this, caller = access_.Identify(context)] {
        return caller.ok() ? access_.IsStillGood(*caller) : caller.status();
      };
    };
    ILKIMZA_ASSIGN_OR_RETURN(host_, portal::Host::Create(std::move(host), *this));
    return absl::OkStatus();
  }

  v1::PortalService::CallbackService& service() override { return service_; }

  void Close() override {
    resender_.request_stop();
    if (resender_.joinable()) resender_.join();
    host_->Shutdown(kFarewell);
  }

  // -- From the engine --

  void Send(const std::string&, const v1::AttachAgentResponse& message) override {
    switch (message.kind_case()) {
      case v1::AttachAgentResponse::kRunStep:
        return host_->RunStep(message.run_step());
      case v1::AttachAgentResponse::kStopStep:
        return host_->StopStep(message.stop_step().journey(), message.stop_step().directive_id());
      case v1::AttachAgentResponse::kCloseConversation:
        return host_->CloseConversation(message.close_conversation().journey());
      default:
        return;
    }
  }

  // -- From the portal host --

  void OnStepReport(const v1::StepReport& report) override {
    engine_.Report("", report, [this, report](const absl::Status& status) {
      if (status.ok()) return;
      // Only what may succeed later is worth a second try. Once the directive has ended,
      // the engine takes its report for one of the past.
      if (!absl::IsUnavailable(status)) {
        LogError("{}: report refused: {}", report.journey(), std::string(status.message()));
        return;
      }
      LogWarning("{}: report not stored yet: {}", report.journey(), std::string(status.message()));
      {
        const std::lock_guard lock(mutex_);
        unstored_.push_back(report);
      }
      has_unstored_.notify_all();
    });
  }
  void OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) override {
    engine_.SetTurn("", std::string(journey), directive_id, turn);
  }

 private:
  // Reports once more, after a pause, what the store could not take.
  void Resend(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<v1::StepReport> reports;
      {
        std::unique_lock lock(mutex_);
        has_unstored_.wait(lock, stop, [this] { return !unstored_.empty(); });
        has_unstored_.wait_for(lock, stop, kStorePause, [] { return false; });
        if (stop.stop_requested()) return;
        reports.swap(unstored_);
      }
      for (const v1::StepReport& report : reports) OnStepReport(report);
    }
  }

  // Lets callers at the screens of their own journeys only, see Caller::MayAnswerFor().
  class Guard : public v1::PortalService::CallbackService {
   public:
    explicit Guard(Hosting& hosting) : hosting_(hosting) {}

    grpc::ServerWriteReactor<v1::WatchScreenResponse>* WatchScreen(
        grpc::CallbackServerContext* context, const v1::WatchScreenRequest* request) override {
      const absl::Status allowed = hosting_.MayUse(*context, request->journey());
      if (allowed.ok()) return hosting_.host_->service().WatchScreen(context, request);
      class Refusal : public grpc::ServerWriteReactor<v1::WatchScreenResponse> {
       public:
        explicit Refusal(const absl::Status& why) { Finish(ToGrpcStatus(why)); }
        void OnDone() override { delete this; }
      };
      return new Refusal(allowed);
    }

    grpc::ServerUnaryReactor* AnswerScreen(grpc::CallbackServerContext* context,
                                           const v1::AnswerScreenRequest* request,
                                           v1::AnswerScreenResponse* response) override {
      const absl::Status allowed = hosting_.MayUse(*context, request->journey());
      if (allowed.ok()) return hosting_.host_->service().AnswerScreen(context, request, response);
      // The message is gRPC's own copy, and nobody reads it after this.
      WipeSecrets(const_cast<v1::AnswerScreenRequest&>(*request));
      auto* reactor = context->DefaultReactor();
      reactor->Finish(ToGrpcStatus(allowed));
      return reactor;
    }

   private:
    Hosting& hosting_;
  };

  absl::Status MayUse(const grpc::CallbackServerContext& context, const std::string& name) {
    if (!IsJourneyName(name)) return BadField("journey", "must be \"journeys/{journey}\".");
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    ILKIMZA_ASSIGN_OR_RETURN(const JourneyPtr journey, engine_.Get(name));
    if (!caller.MaySee(journey->agent())) {
      return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                       absl::StrCat("There is no journey '", name, "'."));
    }
    // An ended journey has no screens left to see.
    if (!HasEnded(*journey) &&
        !caller.MayAnswerFor(journey->agent(), engine_.CreatorOf(journey->name()))) {
      return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                       absl::StrCat("The screens of ", name, " are for ", OwnerOf(*journey),
                                    " alone: an operator sees the journey, never what the portal "
                                    "shows its holder. Nothing was submitted."));
    }
    if (journey->portal_host() != v1::PORTAL_HOST_SERVER) {
      return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PORTAL_HOST_OFF,
                       absl::StrCat("The conversation of ", name,
                                    " is held by its agent; nothing was submitted."));
    }
    return absl::OkStatus();
  }

  static std::string OwnerOf(const v1::Journey& journey) {
    if (!journey.agent().empty()) return journey.agent();
    return "whoever created it since the server was started";
  }

  const Access& access_;
  Engine& engine_;
  Guard service_;
  std::mutex mutex_;
  std::condition_variable_any has_unstored_;
  std::vector<v1::StepReport> unstored_;
  std::jthread resender_{[this](const std::stop_token& stop) { Resend(stop); }};
  // Goes first: it reports to its end.
  std::unique_ptr<portal::Host> host_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ServerHost>> ServerHost::Create(const HostingOptions& options,
                                                               const Access& access,
                                                               Engine& engine) {
  auto hosting = std::make_unique<Hosting>(access, engine);
  ILKIMZA_RETURN_IF_ERROR(hosting->Open(options));
  return hosting;
}

}  // namespace ilkimza::server
