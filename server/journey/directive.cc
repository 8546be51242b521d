#include "server/journey/directive.h"

#include "base/clock.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

using v1::Journey;
using v1::Step;

void FillRunStep(const Journey& journey, const Step& step, const Policy& policy, v1::RunStep& run) {
  run.set_journey(journey.name());
  run.set_directive_id(journey.directive_id());
  run.set_step(step.kind());
  run.set_profile(journey.profile());
  run.set_portal_host(journey.portal_host());
  run.set_last_reason(step.reason());
  run.set_attempts_left(step.attempt_limit() > 0 ? step.attempt_limit() - step.attempts() : -1);
  if (journey.has_step_deadline()) {
    *run.mutable_deadline() = ToProto(FromProto(journey.step_deadline()) - policy.deadline_grace);
  }
  if (step.kind() == v1::STEP_KIND_MATCH_CARD) {
    *run.mutable_card_serials() = journey.facts().portal_serials();
  } else if (!journey.facts().card_serial().empty()) {
    run.add_card_serials(journey.facts().card_serial());
  }
  *run.mutable_facts() = journey.facts();
  run.set_guided(step.guided());
}

}  // namespace

std::vector<Directive> OpenDirectives(const Journey& journey, const Policy& policy) {
  std::vector<Directive> directives;
  if (HasEnded(journey) || journey.directive_id() == 0) return directives;
  const bool is_active = journey.state() == v1::JOURNEY_STATE_ACTIVE;
  const auto to = RunsOnServer(journey) ? Directive::To::kServerHost : Directive::To::kAgent;
  if (is_active) {
    Directive& directive = directives.emplace_back();
    directive.to = to;
    for (const Step& step : journey.steps()) {
      if (step.kind() != journey.current_step()) continue;
      FillRunStep(journey, step, policy, *directive.message.mutable_run_step());
    }
  }
  if (journey.state() == v1::JOURNEY_STATE_STOPPED || (is_active && IsStopping(journey))) {
    Directive& directive = directives.emplace_back();
    directive.to = to;
    auto* stop = directive.message.mutable_stop_step();
    stop->set_journey(journey.name());
    stop->set_directive_id(journey.directive_id());
  }
  return directives;
}

bool HasEnded(const Journey& journey) {
  return journey.state() == v1::JOURNEY_STATE_SUCCEEDED ||
         journey.state() == v1::JOURNEY_STATE_CANCELLED ||
         journey.state() == v1::JOURNEY_STATE_FAILED;
}

bool RunsOnServer(const Journey& journey) {
  return journey.portal_host() == v1::PORTAL_HOST_SERVER &&
         journey.current_step() != v1::STEP_KIND_UNSPECIFIED &&
         SpecOf(journey.current_step()).on_portal;
}

bool IsStopping(const Journey& journey) {
  const v1::StepKind kind = journey.current_step();
  return journey.directive_id() != 0 && !SpecOf(kind).on_portal &&
         NeedsLogin(kind, journey.facts()) && !journey.facts().logged_in();
}

}  // namespace ilkimza::server
