// Between the line to the server and the two that carry steps out: directives go to
// the portal host or to the card host, reports and turns come back.
//
// Thread-safe once it is wired.
#ifndef ILKIMZA_AGENT_STEPS_H_
#define ILKIMZA_AGENT_STEPS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/card/card_host.h"
#include "agent/link/directive_sink.h"
#include "agent/link/server_link.h"
#include "agent/local/journey_hosts.h"
#include "portal/host.h"

namespace ilkimza::agent {

class Steps final : public DirectiveSink, public portal::HostObserver, public CardObserver {
 public:
  // `journeys` outlives this and learns who hosts the journeys directed here.
  explicit Steps(JourneyHosts& journeys) : journeys_(journeys) {}

  // Both before the link is started; what is given here outlives the last call.
  // The hosts may report as soon as the link is there.
  void Wire(ServerLink& link) { link_ = &link; }
  void Wire(portal::Host& portal, CardHost& card) {
    portal_ = &portal;
    card_ = &card;
  }

  // From the server.
  void OnRunStep(const v1::RunStep& directive) override;
  void OnStopStep(std::string_view journey, int64_t directive_id) override;
  void OnCloseConversation(std::string_view journey) override;
  std::vector<v1::AttachAgentRequest::Conversation> Conversations() override;

  // From the hosts.
  void OnStepReport(const v1::StepReport& report) override;
  void OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) override;
  void OnCardSerial(std::string_view serial) override;

 private:
  // A step that cannot be carried out here.
  void Refuse(const v1::RunStep& directive, v1::ErrorReason reason);

  JourneyHosts& journeys_;
  ServerLink* link_ = nullptr;
  portal::Host* portal_ = nullptr;
  CardHost* card_ = nullptr;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_STEPS_H_
