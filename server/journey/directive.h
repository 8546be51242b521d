// What the hosts of a journey should be doing, read off the journey alone.
//
// Pure and thread-safe.
#ifndef ILKIMZA_SERVER_JOURNEY_DIRECTIVE_H_
#define ILKIMZA_SERVER_JOURNEY_DIRECTIVE_H_

#include <vector>

#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey.pb.h"
#include "server/journey/policy.h"

namespace ilkimza::server {

// Something for a host to do: run_step, stop_step or close_conversation.
struct Directive {
  enum class To { kAgent, kServerHost };
  To to = To::kAgent;
  v1::AttachAgentResponse message;
};

// What the hosts should be doing now, to be sent again to one that attached or
// started anew. Empty where no directive is open.
std::vector<Directive> OpenDirectives(const v1::Journey& journey, const Policy& policy);

bool HasEnded(const v1::Journey& journey);

// True where the server is the one that carries out the current step.
bool RunsOnServer(const v1::Journey& journey);

// True where the step on the card is to be stopped, since the portal's PIN page
// is gone. What became of it has to be known before the journey logs in again.
bool IsStopping(const v1::Journey& journey);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_JOURNEY_DIRECTIVE_H_
