#include "server/journey/draft.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace ilkimza::server {
namespace {

using v1::Journey;
using v1::Step;

// Between half of the doubled delay and all of it. splitmix64 over the name and
// revision: the same on every machine, unlike std::hash.
absl::Duration Backoff(const Journey& journey, const Policy& policy) {
  uint64_t hash = 0x9E3779B97F4A7C15u * static_cast<uint64_t>(journey.revision());
  for (const char c : journey.name()) {
    hash += static_cast<unsigned char>(c) + 0x9E3779B97F4A7C15u;
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
    hash ^= hash >> 31;
  }
  absl::Duration delay = policy.backoff_first;
  for (int i = 1; i < journey.outages() && delay < policy.backoff_last; ++i) delay *= 2;
  delay = std::min(delay, policy.backoff_last);
  constexpr int64_t kParts = 1 << 20;
  return delay / 2 + delay / 2 * static_cast<int64_t>(hash % kParts) / kParts;
}

// The number of steps where the plan has none of that kind.
int IndexOf(const Journey& journey, v1::StepKind kind) {
  int index = 0;
  for (const Step& step : journey.steps()) {
    if (step.kind() == kind) break;
    ++index;
  }
  return index;
}

}  // namespace

Draft::Draft(v1::Journey& before, const v1::JourneyEvent& event, const Policy& policy)
    : journey(before), event_(event), policy_(policy) {
  journey.set_revision(before.revision() + 1);
  *journey.mutable_update_time() = event.event_time();
}

void Draft::GoOn() {
  while (Step* next = FirstPending()) {
    const bool is_idle = next->kind() == v1::STEP_KIND_LOG_OUT && !facts().logged_in();
    const bool is_deleted =
        next->kind() == v1::STEP_KIND_DELETE_PORTAL_COPY && facts().portal_copy_deleted();
    if (!is_idle && !is_deleted) return Enter(next->kind());
    Finish(*next, v1::STEP_STATE_DONE);
  }
  End(v1::JOURNEY_STATE_SUCCEEDED, v1::ERROR_REASON_UNSPECIFIED);
}

void Draft::Enter(v1::StepKind kind) {
  if (journey.directive_id() == 0 && NeedsLogin(kind, facts()) && !facts().logged_in()) {
    journey.set_current_step(kind);
    Rewind(SafeStep(kind, facts()));
    return GoOn();
  }
  journey.set_current_step(kind);
  journey.clear_resume_time();
  if (!RunsOnServer(journey) && !journey.agent_attached()) return WaitForAgent(kind);
  Direct(SpecOf(kind));
}

void Draft::Direct(const StepSpec& spec) {
  Step& step = Current();
  if (journey.state() == v1::JOURNEY_STATE_WAITING) journey.set_reason(step.reason());
  if (journey.directive_id() == 0) journey.set_directive_id(journey.revision());
  if (!step.has_start_time()) *step.mutable_start_time() = event_.event_time();
  step.set_state(v1::STEP_STATE_RUNNING);
  journey.set_state(v1::JOURNEY_STATE_ACTIVE);
  step.set_guided(journey.guided() && spec.on_portal);
  journey.set_turn(step.guided() ? v1::ACTOR_HOLDER : spec.turn);
  if (auto deadline = spec.deadline; deadline != nullptr) {
    // A holder needs longer than a host for the same.
    if (step.guided() && deadline == &Policy::portal_deadline) deadline = &Policy::holder_deadline;
    *journey.mutable_step_deadline() = ToProto(Now() + policy_.*deadline + policy_.deadline_grace);
  }
  // These two open a conversation of their own.
  if (spec.on_portal && spec.needs == Needs::kNothing) facts().set_logged_in(false);
  SendOpenDirectives();
}

void Draft::WaitForAgent(v1::StepKind kind) {
  Wait(kind, v1::ACTOR_AGENT, v1::ERROR_REASON_AGENT_NOT_ATTACHED);
  journey.clear_resume_time();
}

void Draft::WaitForBetterTimes(v1::StepKind kind, v1::ErrorReason reason) {
  Wait(kind, SpecOf(kind).on_portal ? v1::ACTOR_PORTAL : v1::ACTOR_AGENT, reason);
  *journey.mutable_resume_time() = ToProto(Now() + Backoff(journey, policy_));
}

void Draft::HoldBack(const v1::StepReport& report) {
  Wait(report.step(), v1::ACTOR_SERVER, report.reason());
  *journey.mutable_resume_time() = report.report_time();
}

void Draft::Wait(v1::StepKind kind, v1::Actor turn, v1::ErrorReason reason) {
  journey.set_current_step(kind);
  if (journey.directive_id() == 0) Current().set_state(v1::STEP_STATE_PENDING);
  journey.set_state(v1::JOURNEY_STATE_WAITING);
  journey.set_turn(turn);
  journey.set_reason(reason);
  journey.clear_step_deadline();
}

void Draft::Stop(v1::ErrorReason reason) {
  Current().set_state(v1::STEP_STATE_STOPPED);
  Current().set_reason(reason);
  journey.set_state(v1::JOURNEY_STATE_STOPPED);
  journey.set_turn(v1::ACTOR_HOLDER);
  journey.set_reason(reason);
  journey.clear_step_deadline();
  journey.clear_resume_time();
}

void Draft::End(v1::JourneyState state, v1::ErrorReason reason) {
  if (journey.current_step() != v1::STEP_KIND_UNSPECIFIED &&
      Current().state() == v1::STEP_STATE_RUNNING) {
    Current().set_state(v1::STEP_STATE_STOPPED);
    Current().set_reason(reason);
  }
  journey.set_state(state);
  journey.set_reason(reason);
  journey.set_current_step(v1::STEP_KIND_UNSPECIFIED);
  journey.set_turn(v1::ACTOR_UNSPECIFIED);
  journey.set_directive_id(0);
  facts().set_logged_in(false);
  journey.clear_step_deadline();
  journey.clear_resume_time();
  *journey.mutable_end_time() = event_.event_time();
  Directive close;
  close.message.mutable_close_conversation()->set_journey(journey.name());
  if (!journey.agent().empty()) directives.push_back(close);
  close.to = Directive::To::kServerHost;
  if (journey.portal_host() == v1::PORTAL_HOST_SERVER) directives.push_back(close);
}

void Draft::Rewind(v1::StepKind target) {
  bool is_inside = false;
  for (Step& step : *journey.mutable_steps()) {
    is_inside = is_inside || step.kind() == target;
    // What the holder decided against stays decided.
    const bool is_decided = step.state() == v1::STEP_STATE_SKIPPED && IsDecision(step.kind());
    const bool holds = is_decided || IsClaimed(step) || Holds(step.kind(), facts());
    if (is_inside && (!holds || step.kind() == target)) Reopen(step);
    if (step.kind() == journey.current_step()) break;
  }
}

void Draft::Reopen(Step& step) {
  if (IsSettled(step)) step = MakeStep(step.kind(), policy_);
  step.set_guided(false);
  step.set_state(v1::STEP_STATE_PENDING);
}

void Draft::InsertResetSteps() { Insert(ResetSteps(), IndexOf(journey, v1::STEP_KIND_OPEN_LOGIN)); }

void Draft::InsertAfter(v1::StepKind before, v1::StepKind kind) {
  Insert({&kind, 1}, IndexOf(journey, before) + 1);
}

void Draft::Insert(std::span<const v1::StepKind> kinds, int index) {
  auto& steps = *journey.mutable_steps();
  if (IndexOf(journey, kinds.front()) < steps.size()) return;
  for (const v1::StepKind kind : kinds) *steps.Add() = MakeStep(kind, policy_);
  std::rotate(steps.begin() + index, steps.end() - static_cast<int>(kinds.size()), steps.end());
}

void Draft::FinishAndGoOn(v1::StepState state) {
  if (journey.current_step() == v1::STEP_KIND_LOG_OUT) facts().set_logged_in(false);
  Finish(Current(), state);
  journey.set_directive_id(0);
  journey.set_reason(v1::ERROR_REASON_UNSPECIFIED);
  journey.clear_step_deadline();
  GoOn();
}

void Draft::Finish(Step& step, v1::StepState state) {
  step.set_state(state);
  step.set_reason(v1::ERROR_REASON_UNSPECIFIED);
  if (!step.has_start_time()) *step.mutable_start_time() = event_.event_time();
  *step.mutable_end_time() = event_.event_time();
}

bool Draft::CountAttempt(v1::ErrorReason reason) {
  Step& step = Current();
  step.set_reason(reason);
  if (reason == v1::ERROR_REASON_WRONG_CAPTCHA) {
    step.set_wrong_captchas(step.wrong_captchas() + 1);
    return step.wrong_captchas() < policy_.wrong_captchas;
  }
  step.set_attempts(step.attempts() + 1);
  return step.attempt_limit() == 0 || step.attempts() < step.attempt_limit();
}

void Draft::SendOpenDirectives() {
  for (Directive& directive : OpenDirectives(journey, policy_)) {
    directives.push_back(std::move(directive));
  }
}

void Draft::StopUnderWay() {
  if (journey.directive_id() == 0) return;
  Directive directive;
  if (RunsOnServer(journey)) directive.to = Directive::To::kServerHost;
  auto* stop = directive.message.mutable_stop_step();
  stop->set_journey(journey.name());
  stop->set_directive_id(journey.directive_id());
  directives.push_back(std::move(directive));
  journey.set_directive_id(0);
}

absl::Time Draft::Now() const { return FromProto(event_.event_time()); }

Step& Draft::Find(v1::StepKind kind) {
  auto& steps = *journey.mutable_steps();
  return *std::find_if(steps.begin(), steps.end(),
                       [kind](const Step& step) { return step.kind() == kind; });
}

Step* Draft::FirstPending() {
  for (Step& step : *journey.mutable_steps()) {
    if (step.state() == v1::STEP_STATE_PENDING) return &step;
  }
  return nullptr;
}

}  // namespace ilkimza::server
