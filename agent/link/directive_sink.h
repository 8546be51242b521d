// Where the link hands on what the server directs.
#ifndef ILKIMZA_AGENT_LINK_DIRECTIVE_SINK_H_
#define ILKIMZA_AGENT_LINK_DIRECTIVE_SINK_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "ilkimza/v1/fleet_service.pb.h"

namespace ilkimza::agent {

// Called on the link's threads, never with a lock held and never twice at the
// same time for what comes down the stream. Must not block.
class DirectiveSink {
 public:
  virtual ~DirectiveSink() = default;

  virtual void OnRunStep(const v1::RunStep& directive) = 0;
  virtual void OnStopStep(std::string_view journey, int64_t directive_id) = 0;
  virtual void OnCloseConversation(std::string_view journey) = 0;
  // For the agent's Hello.
  virtual std::vector<v1::AttachAgentRequest::Conversation> Conversations() = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LINK_DIRECTIVE_SINK_H_
