#include "server/api/oversight_service.h"

#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace ilkimza::server {
namespace {

v1::PortalPace::State StateOf(Pacer::State state) {
  switch (state) {
    case Pacer::State::kClosed:
      return v1::PortalPace::STATE_FULL;
    case Pacer::State::kOpen:
      return v1::PortalPace::STATE_PAUSED;
    case Pacer::State::kProbing:
      return v1::PortalPace::STATE_PROBING;
    case Pacer::State::kRamping:
      return v1::PortalPace::STATE_RAMPING;
  }
  return v1::PortalPace::STATE_UNSPECIFIED;
}

class OversightApi : public v1::OversightService::CallbackService {
 public:
  OversightApi(const Access& access, Engine& engine) : access_(access), engine_(engine) {}

  grpc::ServerUnaryReactor* ListPortalScreens(grpc::CallbackServerContext* context,
                                              const v1::ListPortalScreensRequest* request,
                                              v1::ListPortalScreensResponse* response) override {
    const auto caller = Operator(*context);
    if (caller.ok()) {
      for (v1::PortalScreen& screen : engine_.Screens(request->changed_only())) {
        *response->add_portal_screens() = std::move(screen);
      }
    }
    return Finished(*context, caller.status());
  }

  grpc::ServerUnaryReactor* AcceptPortalScreen(grpc::CallbackServerContext* context,
                                               const v1::AcceptPortalScreenRequest* request,
                                               v1::PortalScreen* response) override {
    const auto caller = Operator(*context);
    if (!caller.ok()) return Finished(*context, caller.status());
    auto screen = engine_.AcceptScreen(request->name(), caller->actor);
    if (screen.ok()) *response = *std::move(screen);
    return Finished(*context, screen.status());
  }

  grpc::ServerUnaryReactor* ListPortalPaces(grpc::CallbackServerContext* context,
                                            const v1::ListPortalPacesRequest*,
                                            v1::ListPortalPacesResponse* response) override {
    const auto caller = Operator(*context);
    if (!caller.ok()) return Finished(*context, caller.status());
    for (const FleetPace::Portal& portal : engine_.Portals()) {
      v1::PortalPace& pace = *response->add_portal_paces();
      pace.set_profile(portal.profile);
      pace.set_state(StateOf(portal.state));
      if (portal.state_end != absl::InfiniteFuture()) {
        *pace.mutable_state_end_time() = ToProto(portal.state_end);
      }
      pace.set_inside(static_cast<int32_t>(portal.inside));
      pace.set_waiting(static_cast<int32_t>(portal.waiting));
    }
    return Finished(*context, absl::OkStatus());
  }

 private:
  absl::StatusOr<Caller> Operator(const grpc::CallbackServerContext& context) const {
    ILKIMZA_ASSIGN_OR_RETURN(Caller caller, access_.Identify(context));
    if (caller.IsOperator()) return caller;
    return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                     "The fleet is looked after by operators only.");
  }

  static grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext& context,
                                            const absl::Status& status) {
    auto* reactor = context.DefaultReactor();
    reactor->Finish(ToGrpcStatus(status));
    return reactor;
  }

  const Access& access_;
  Engine& engine_;
};

}  // namespace

std::unique_ptr<v1::OversightService::CallbackService> MakeOversightService(const Access& access,
                                                                            Engine& engine) {
  return std::make_unique<OversightApi>(access, engine);
}

}  // namespace ilkimza::server
