#include "agent/steps.h"

#include "base/clock.h"
#include "base/log.h"

namespace ilkimza::agent {

void Steps::OnRunStep(const v1::RunStep& directive) {
  journeys_.Note(directive.journey(), directive.portal_host());
  if (IsCardStep(directive.step())) return card_->RunStep(directive);
  if (directive.portal_host() == v1::PORTAL_HOST_SERVER) {
    LogWarning("{}: a portal step came to this agent, but the server hosts the conversation",
               directive.journey());
    return Refuse(directive, v1::ERROR_REASON_BAD_CONFIGURATION);
  }
  // The journey is at the portal now; a card step it left must not go on.
  card_->Forget(directive.journey());
  portal_->RunStep(directive);
}

void Steps::OnStopStep(std::string_view journey, int64_t directive_id) {
  // Whoever runs it stops it; ids are unique in a journey.
  portal_->StopStep(journey, directive_id);
  card_->StopStep(journey, directive_id);
}

void Steps::OnCloseConversation(std::string_view journey) {
  portal_->CloseConversation(journey);
  card_->Forget(journey);
}

std::vector<v1::AttachAgentRequest::Conversation> Steps::Conversations() {
  return portal_->Conversations();
}

void Steps::OnStepReport(const v1::StepReport& report) { link_->Report(report); }

void Steps::OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) {
  link_->Progress(journey, directive_id, turn);
}

void Steps::OnCardSerial(std::string_view serial) { link_->CardChanged(serial); }

void Steps::Refuse(const v1::RunStep& directive, v1::ErrorReason reason) {
  v1::StepReport report;
  report.set_journey(directive.journey());
  report.set_directive_id(directive.directive_id());
  report.set_step(directive.step());
  report.set_outcome(v1::STEP_OUTCOME_STOPPED);
  report.set_reason(reason);
  report.set_tries_left(-1);
  *report.mutable_report_time() = ToProto(SystemClock().Now());
  OnStepReport(report);
}

}  // namespace ilkimza::agent
