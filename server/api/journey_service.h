// JourneyService over the engine: checks requests, scopes callers, pages lists.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_API_JOURNEY_SERVICE_H_
#define ILKIMZA_SERVER_API_JOURNEY_SERVICE_H_

#include <memory>
#include <set>
#include <string>

#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "server/api/access.h"
#include "server/api/known_portal.h"
#include "server/engine/engine.h"
#include "server/store/store.h"

namespace ilkimza::server {

struct JourneyApiOptions {
  // For journeys that leave it out.
  v1::PortalHost portal_host = v1::PORTAL_HOST_AGENT;
  KnownPortal portal;
  GuidedMode guided = GuidedMode::kOffer;
  // No journey to one of these is begun, driven or guided, or gone on with once it has
  // stopped: GOAL_SWITCHED_OFF.
  std::set<v1::Goal> goals_off;
};

// All references outlive the service.
std::unique_ptr<v1::JourneyService::CallbackService> MakeJourneyService(
    const JourneyApiOptions& options, const Access& access, Engine& engine, Store& store);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_JOURNEY_SERVICE_H_
