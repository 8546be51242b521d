// One AttachAgent stream. See fleet.h for what goes over it.
#ifndef ILKIMZA_SERVER_API_AGENT_STREAM_H_
#define ILKIMZA_SERVER_API_AGENT_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include "ilkimza/v1/fleet_service.pb.h"
#include "server/api/access.h"
#include "server/engine/engine.h"
#include "server/fleet/fleet.h"

namespace ilkimza::server {

// The reactor owns itself; all references outlive it.
grpc::ServerBidiReactor<v1::AttachAgentRequest, v1::AttachAgentResponse>* StartAgentStream(
    grpc::CallbackServerContext& context, const Access& access, Fleet& fleet, Engine& engine);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_AGENT_STREAM_H_
