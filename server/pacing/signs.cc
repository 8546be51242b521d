#include "server/pacing/signs.h"

#include "server/journey/directive.h"
#include "server/journey/plan.h"

namespace ilkimza::server {

bool OpensConversation(v1::StepKind step) {
  return step == v1::STEP_KIND_OPEN_WORD_RESET || step == v1::STEP_KIND_OPEN_LOGIN;
}

bool WaitsForTurn(const v1::Journey& journey) {
  return journey.state() == v1::JOURNEY_STATE_WAITING && journey.has_resume_time() &&
         journey.reason() == v1::ERROR_REASON_PORTAL_PACED;
}

bool IsAtPortal(const v1::Journey& journey) {
  const v1::StepKind step = journey.current_step();
  if (HasEnded(journey) || step == v1::STEP_KIND_UNSPECIFIED || journey.guided()) return false;
  if (journey.state() == v1::JOURNEY_STATE_STOPPED) return false;
  if (journey.state() == v1::JOURNEY_STATE_WAITING) {
    const bool is_long =
        !journey.has_resume_time() || journey.reason() == v1::ERROR_REASON_SCREEN_DRIFTED;
    if (is_long) return false;
  }
  if (journey.facts().logged_in()) return true;
  if (!SpecOf(step).on_portal || step == v1::STEP_KIND_OPEN_MAIL_LINK) return false;
  return !OpensConversation(step) || journey.directive_id() != 0;
}

PortalSign SignOf(const v1::StepReport& report) {
  if (report.guided() || !SpecOf(report.step()).on_portal) return PortalSign::kNone;
  switch (report.outcome()) {
    case v1::STEP_OUTCOME_UNAVAILABLE:
      return report.reason() == v1::ERROR_REASON_PORTAL_UNREACHABLE ||
                     report.reason() == v1::ERROR_REASON_PORTAL_MAINTENANCE
                 ? PortalSign::kFailed
                 : PortalSign::kNone;
    case v1::STEP_OUTCOME_UNKNOWN:
      return report.reason() == v1::ERROR_REASON_SUBMISSION_UNKNOWN ? PortalSign::kFailed
                                                                    : PortalSign::kNone;
    case v1::STEP_OUTCOME_DONE:
      // A farewell succeeds whatever becomes of it.
      return report.step() == v1::STEP_KIND_LOG_OUT ? PortalSign::kNone : PortalSign::kAnswered;
    case v1::STEP_OUTCOME_REJECTED:
      return report.reason() == v1::ERROR_REASON_MAIL_LINK_FOREIGN ? PortalSign::kNone
                                                                   : PortalSign::kAnswered;
    default:
      return PortalSign::kNone;
  }
}

}  // namespace ilkimza::server
