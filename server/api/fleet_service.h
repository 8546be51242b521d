// FleetService: the agents' streams, who is attached, and, by way of EnrolmentApi, how
// agents get their certificates.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_API_FLEET_SERVICE_H_
#define ILKIMZA_SERVER_API_FLEET_SERVICE_H_

#include <memory>

#include "ilkimza/v1/fleet_service.grpc.pb.h"
#include "server/api/access.h"
#include "server/api/enrolment_api.h"
#include "server/engine/engine.h"
#include "server/fleet/fleet.h"

namespace ilkimza::server {

// All references outlive the service.
std::unique_ptr<v1::FleetService::CallbackService> MakeFleetService(const Access& access,
                                                                    Fleet& fleet, Engine& engine,
                                                                    EnrolmentApi& enrolment);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_FLEET_SERVICE_H_
