// OversightService: the portal as the whole fleet meets it. For operators only.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_API_OVERSIGHT_SERVICE_H_
#define ILKIMZA_SERVER_API_OVERSIGHT_SERVICE_H_

#include <memory>

#include "ilkimza/v1/oversight_service.grpc.pb.h"
#include "server/api/access.h"
#include "server/engine/engine.h"

namespace ilkimza::server {

// Both outlive the service.
std::unique_ptr<v1::OversightService::CallbackService> MakeOversightService(const Access& access,
                                                                            Engine& engine);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_OVERSIGHT_SERVICE_H_
