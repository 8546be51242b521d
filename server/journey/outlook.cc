// What may become of a journey as it stands.
#include <algorithm>

#include "base/clock.h"
#include "server/journey/advance.h"
#include "server/journey/directive.h"
#include "server/journey/plan.h"

namespace ilkimza::server {

using v1::Journey;

bool IsHeldBack(const v1::StepReport& report) {
  return report.outcome() == v1::STEP_OUTCOME_UNAVAILABLE &&
         (report.reason() == v1::ERROR_REASON_PORTAL_PACED ||
          report.reason() == v1::ERROR_REASON_SCREEN_DRIFTED);
}

bool IsPassedOver(const Journey& journey) {
  return journey.state() == v1::JOURNEY_STATE_WAITING && journey.has_resume_time() &&
         journey.reason() == v1::ERROR_REASON_PORTAL_PACED && !journey.agent_attached() &&
         !RunsOnServer(journey);
}

std::vector<v1::Way> OtherWays(const Journey& journey, const Policy& policy) {
  if (HasEnded(journey)) return {};
  const v1::StepKind kind = journey.current_step();
  const bool on_portal = SpecOf(kind).on_portal;
  const bool is_asked = journey.state() == v1::JOURNEY_STATE_STOPPED || journey.has_resume_time();
  if (journey.guided()) {
    // Nothing is on its way to the portal, so this may be asked for at any time.
    const bool rests_on_portal = on_portal || NeedsLogin(kind, journey.facts());
    const bool may_turn = is_asked ? rests_on_portal : on_portal && journey.directive_id() != 0;
    if (policy.guided == GuidedMode::kAlways || !may_turn) return {};
    return {v1::WAY_DRIVEN};
  }
  // On a network that pretends to be the portal, a browser is no better off.
  const bool is_untrusted = journey.reason() == v1::ERROR_REASON_PORTAL_UNTRUSTED;
  if (policy.guided == GuidedMode::kNever || !is_asked || !on_portal || is_untrusted) return {};
  return {v1::WAY_GUIDED};
}

absl::Time NextTime(const Journey& journey) {
  if (HasEnded(journey) || !journey.has_expire_time()) return absl::InfiniteFuture();
  absl::Time next = FromProto(journey.expire_time());
  const bool resumes = journey.has_resume_time() && !IsPassedOver(journey);
  if (resumes) next = std::min(next, FromProto(journey.resume_time()));
  if (journey.has_step_deadline()) next = std::min(next, FromProto(journey.step_deadline()));
  return next;
}

}  // namespace ilkimza::server
