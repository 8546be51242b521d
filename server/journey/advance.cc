#include "server/journey/advance.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

using v1::Journey;
using v1::JourneyEvent;
using v1::Step;
using v1::StepReport;

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

// The journey while one event is being applied to it.
class Draft {
 public:
  Draft(const Journey& journey, const JourneyEvent& event, const Policy& policy)
      : journey_(journey), event_(event), policy_(policy) {
    journey_.set_revision(journey.revision() + 1);
    *journey_.mutable_update_time() = event.event_time();
  }

  bool Apply() {
    if (event_.kind_case() == JourneyEvent::kCreated) return OnCreated(event_.created());
    if (journey_.revision() == 1 || HasEnded(journey_)) return false;
    switch (event_.kind_case()) {
      case JourneyEvent::kAgentAttached:
        return OnAgentAttached();
      case JourneyEvent::kAgentDetached:
        return OnAgentDetached();
      case JourneyEvent::kConversationLost:
        return OnConversationLost();
      case JourneyEvent::kStepReported:
        return OnReport(event_.step_reported().report());
      case JourneyEvent::kTimePassed:
        return OnTime();
      case JourneyEvent::kCancelRequested:
        End(v1::JOURNEY_STATE_CANCELLED, v1::ERROR_REASON_CANCELLED);
        return true;
      case JourneyEvent::kRetryRequested:
        return OnRetry();
      case JourneyEvent::kCardChanged:
        return WantsCard();
      default:
        return false;
    }
  }

  Transition Take() { return {true, std::move(journey_), std::move(directives_)}; }

 private:
  // -- Events --

  bool OnCreated(const JourneyEvent::Created& created) {
    const auto plan = PlanOf(created.goal(), created.security_word_forgotten());
    if (journey_.revision() != 1 || plan.empty()) return false;
    journey_.set_goal(created.goal());
    journey_.set_security_word_forgotten(created.security_word_forgotten());
    journey_.set_portal_host(created.portal_host());
    journey_.set_agent(created.agent());
    journey_.set_profile(created.profile());
    *journey_.mutable_create_time() = event_.event_time();
    *journey_.mutable_expire_time() = ToProto(Now() + policy_.expiry);
    journey_.mutable_facts();
    for (const v1::StepKind kind : plan) *journey_.add_steps() = MakeStep(kind, policy_);
    GoOn();
    return true;
  }

  bool OnAgentAttached() {
    if (journey_.agent_attached()) return false;
    journey_.set_agent_attached(true);
    if (journey_.state() == v1::JOURNEY_STATE_WAITING && !journey_.has_resume_time()) {
      // Whatever card lies in the reader now, it is worth a look.
      if (journey_.current_step() == v1::STEP_KIND_MATCH_CARD) {
        Current().set_reason(v1::ERROR_REASON_UNSPECIFIED);
      }
      Enter(journey_.current_step());
    }
    return true;
  }

  bool OnAgentDetached() {
    if (!journey_.agent_attached()) return false;
    journey_.set_agent_attached(false);
    if (journey_.state() == v1::JOURNEY_STATE_ACTIVE && !RunsOnServer(journey_)) {
      WaitForAgent(journey_.current_step());
    }
    return true;
  }

  bool OnConversationLost() {
    const v1::StepKind kind = journey_.current_step();
    const StepSpec& spec = SpecOf(kind);
    const bool runs_on_portal = spec.on_portal && journey_.directive_id() != 0;
    const bool rests_on_it = spec.on_portal && spec.needs != Needs::kNothing;
    if (!facts().logged_in() && !runs_on_portal && !rests_on_it) return false;
    facts().set_logged_in(false);
    if (runs_on_portal) journey_.set_directive_id(0);
    if (journey_.state() == v1::JOURNEY_STATE_STOPPED) return true;
    if (kind == v1::STEP_KIND_LOG_OUT) {
      FinishAndGoOn(v1::STEP_STATE_DONE);
    } else if (journey_.directive_id() != 0) {
      SendOpenDirectives();
    } else if (spec.on_portal || NeedsLogin(kind, facts())) {
      journey_.set_reason(v1::ERROR_REASON_CONVERSATION_LOST);
      Current().set_reason(v1::ERROR_REASON_CONVERSATION_LOST);
      Rewind(SafeStep(kind, facts()));
      FirstPending()->set_reason(v1::ERROR_REASON_CONVERSATION_LOST);
      if (journey_.has_resume_time()) {
        journey_.set_current_step(FirstPending()->kind());
      } else {
        GoOn();
      }
    }
    return true;
  }

  bool OnTime() {
    if (Now() >= FromProto(journey_.expire_time())) {
      End(v1::JOURNEY_STATE_FAILED, v1::ERROR_REASON_JOURNEY_EXPIRED);
      return true;
    }
    if (journey_.has_resume_time() && Now() >= FromProto(journey_.resume_time())) {
      Enter(journey_.current_step());
      return true;
    }
    if (journey_.has_step_deadline() && Now() >= FromProto(journey_.step_deadline())) {
      if (journey_.current_step() == v1::STEP_KIND_LOG_OUT) {
        FinishAndGoOn(v1::STEP_STATE_DONE);
      } else {
        // The directive stays open: what became of it may still be reported.
        Stop(v1::ERROR_REASON_STEP_TIMEOUT);
        SendOpenDirectives();
      }
      return true;
    }
    return false;
  }

  bool OnRetry() {
    const v1::StepKind kind = journey_.current_step();
    if (journey_.has_resume_time()) {
      Enter(kind);
      return true;
    }
    if (journey_.state() != v1::JOURNEY_STATE_STOPPED) return false;
    for (Step& step : *journey_.mutable_steps()) {
      if (step.state() == v1::STEP_STATE_PENDING || step.state() == v1::STEP_STATE_STOPPED) {
        step = MakeStep(step.kind(), policy_);
      }
    }
    journey_.set_outages(0);
    journey_.set_reason(v1::ERROR_REASON_UNSPECIFIED);
    if (!SpecOf(kind).on_portal && journey_.directive_id() != 0) {
      Enter(kind);
      return true;
    }
    // What a portal page holds by now is not known, so it is opened afresh.
    journey_.set_directive_id(0);
    if (SpecOf(kind).on_portal) Rewind(SafeStep(kind, facts()));
    GoOn();
    return true;
  }

  // -- Reports --

  bool OnReport(const StepReport& report) {
    if (report.directive_id() == 0 || report.directive_id() != journey_.directive_id() ||
        report.step() != journey_.current_step() ||
        report.outcome() == v1::STEP_OUTCOME_UNSPECIFIED) {
      return false;
    }
    const bool was_stopping = IsStopping(journey_);
    journey_.set_directive_id(0);
    journey_.clear_step_deadline();
    if (report.step() == v1::STEP_KIND_LOG_OUT) {
      // However it ended, nobody needs that conversation any more.
      FinishAndGoOn(v1::STEP_STATE_DONE);
      return true;
    }
    if (SpecOf(report.step()).on_portal && SpecOf(report.step()).turn == v1::ACTOR_HOLDER &&
        (IsDone(report) || report.outcome() == v1::STEP_OUTCOME_REJECTED)) {
      journey_.set_outages(0);
    }
    const bool is_late = journey_.state() == v1::JOURNEY_STATE_STOPPED;
    if (is_late && !IsDone(report) && report.outcome() != v1::STEP_OUTCOME_UNKNOWN) {
      OnLateReport(report);
    } else {
      OnOutcome(report, was_stopping);
    }
    return true;
  }

  // The step's time is over and the journey has stopped: it stays stopped, unless
  // the step turns out to be done.
  void OnLateReport(const StepReport& report) {
    if (report.outcome() == v1::STEP_OUTCOME_REJECTED) CountAttempt(report.reason());
    if (report.outcome() == v1::STEP_OUTCOME_REWIND) facts().set_logged_in(false);
  }

  void OnOutcome(const StepReport& report, bool was_stopping) {
    switch (report.outcome()) {
      case v1::STEP_OUTCOME_DONE:
        return OnDone(report);
      case v1::STEP_OUTCOME_SKIPPED:
        return OnSkipped(report);
      case v1::STEP_OUTCOME_REJECTED:
        return OnRejected(report.reason());
      case v1::STEP_OUTCOME_UNAVAILABLE:
        journey_.set_outages(journey_.outages() + 1);
        return WaitForBetterTimes(report.step(), report.reason());
      case v1::STEP_OUTCOME_REWIND:
        return OnRewind(report.reason());
      case v1::STEP_OUTCOME_UNKNOWN:
        return OnUnknown(report);
      default:
        if (was_stopping && report.reason() == v1::ERROR_REASON_CANCELLED) {
          Rewind(SafeStep(report.step(), facts()));
          return GoOn();
        }
        return Stop(report.reason());
    }
  }

  void OnDone(const StepReport& report) {
    switch (report.step()) {
      case v1::STEP_KIND_SET_SECURITY_WORD:
        facts().set_security_word_reset(true);
        break;
      case v1::STEP_KIND_ENTER_SMS_CODE:
        facts().set_logged_in(true);
        break;
      case v1::STEP_KIND_OPEN_PIN_PAGE:
      case v1::STEP_KIND_READ_PIN:
        if (report.portal_serials_size() > 0) {
          *facts().mutable_portal_serials() = report.portal_serials();
        }
        // No card could ever match.
        if (report.step() == v1::STEP_KIND_READ_PIN && facts().portal_serials().empty()) {
          return Stop(v1::ERROR_REASON_SCREEN_UNEXPECTED);
        }
        break;
      case v1::STEP_KIND_MATCH_CARD:
        if (!IsOnPortal(report.card_serial())) {
          return OnRejected(v1::ERROR_REASON_SERIAL_MISMATCH);
        }
        facts().set_card_serial(report.card_serial());
        break;
      case v1::STEP_KIND_PROVE_PIN:
        // Proven on another chip, it would say nothing about this one.
        if (!report.card_serial().empty() && report.card_serial() != facts().card_serial()) {
          return Stop(v1::ERROR_REASON_SERIAL_MISMATCH);
        }
        facts().set_pin_proven(true);
        break;
      case v1::STEP_KIND_SET_OWN_PIN:
        facts().set_own_pin_set(true);
        facts().set_own_pin_unknown(false);
        break;
      case v1::STEP_KIND_DELETE_PORTAL_COPY:
        facts().set_portal_copy_deleted(true);
        break;
      case v1::STEP_KIND_TEST_SIGNATURE:
        facts().set_test_signature_made(true);
        break;
      default:
        break;
    }
    FinishAndGoOn(v1::STEP_STATE_DONE);
  }

  void OnSkipped(const StepReport& report) {
    if (!SpecOf(report.step()).may_be_skipped) return Stop(report.reason());
    if (report.step() == v1::STEP_KIND_OPEN_PIN_PAGE) {
      // Without the page there is nothing to read, and nothing to delete.
      if (!facts().pin_proven()) return Stop(report.reason());
      facts().set_portal_copy_deleted(true);
      Step& read = Find(v1::STEP_KIND_READ_PIN);
      if (read.state() == v1::STEP_STATE_PENDING) Finish(read, v1::STEP_STATE_SKIPPED);
    } else if (report.step() == v1::STEP_KIND_DELETE_PORTAL_COPY) {
      facts().set_portal_copy_kept(true);
    }
    const v1::StepKind kind = report.step();
    FinishAndGoOn(v1::STEP_STATE_SKIPPED);
    Find(kind).set_reason(report.reason());
  }

  void OnRejected(v1::ErrorReason reason) {
    if (CountAttempt(reason)) {
      const v1::StepKind kind = journey_.current_step();
      Enter(kind);
      if (journey_.current_step() == kind) journey_.set_reason(reason);
    } else {
      Stop(v1::ERROR_REASON_ATTEMPTS_EXHAUSTED);
      Current().set_reason(reason);
    }
  }

  void OnRewind(v1::ErrorReason reason) {
    const v1::StepKind kind = journey_.current_step();
    const v1::StepKind target = RewindTarget(kind, reason, facts());
    if (SpecOf(kind).on_portal || target != kind) facts().set_logged_in(false);
    Current().set_reason(reason);
    journey_.set_reason(reason);
    if (reason == v1::ERROR_REASON_WORD_FORGOTTEN && target != kind) InsertResetSteps();
    if (!IsHoldersRewind(reason)) journey_.set_outages(journey_.outages() + 1);
    // A first rewind is taken at once. One that leads nowhere, or follows another
    // without an answer of the holder between them, must not become a busy loop.
    const bool leads_back = target != kind && (IsHoldersRewind(reason) || journey_.outages() < 2);
    Rewind(target);
    if (leads_back) return GoOn();
    WaitForBetterTimes(FirstPending()->kind(), reason);
  }

  void OnUnknown(const StepReport& report) {
    if (report.step() == v1::STEP_KIND_SET_OWN_PIN) {
      facts().set_own_pin_unknown(true);
      facts().set_pin_proven(false);
      Find(v1::STEP_KIND_PROVE_PIN) = MakeStep(v1::STEP_KIND_PROVE_PIN, policy_);
    }
    Stop(report.reason());
  }

  // -- Moves --

  // To the first step of the plan that is still to be done.
  void GoOn() {
    while (Step* next = FirstPending()) {
      const bool is_idle = next->kind() == v1::STEP_KIND_LOG_OUT && !facts().logged_in();
      const bool is_deleted =
          next->kind() == v1::STEP_KIND_DELETE_PORTAL_COPY && facts().portal_copy_deleted();
      if (!is_idle && !is_deleted) return Enter(next->kind());
      Finish(*next, v1::STEP_STATE_DONE);
    }
    End(v1::JOURNEY_STATE_SUCCEEDED, v1::ERROR_REASON_UNSPECIFIED);
  }

  void Enter(v1::StepKind kind) {
    if (journey_.directive_id() == 0 && NeedsLogin(kind, facts()) && !facts().logged_in()) {
      journey_.set_current_step(kind);
      Rewind(SafeStep(kind, facts()));
      return GoOn();
    }
    journey_.set_current_step(kind);
    journey_.clear_resume_time();
    if (!RunsOnServer(journey_) && !journey_.agent_attached()) return WaitForAgent(kind);
    Direct(SpecOf(kind));
  }

  void Direct(const StepSpec& spec) {
    Step& step = Current();
    if (journey_.state() == v1::JOURNEY_STATE_WAITING) journey_.set_reason(step.reason());
    if (journey_.directive_id() == 0) journey_.set_directive_id(journey_.revision());
    if (!step.has_start_time()) *step.mutable_start_time() = event_.event_time();
    step.set_state(v1::STEP_STATE_RUNNING);
    journey_.set_state(v1::JOURNEY_STATE_ACTIVE);
    journey_.set_turn(spec.turn);
    if (spec.deadline != nullptr) {
      *journey_.mutable_step_deadline() =
          ToProto(Now() + policy_.*spec.deadline + policy_.deadline_grace);
    }
    // These two open a conversation of their own.
    if (spec.on_portal && spec.needs == Needs::kNothing) facts().set_logged_in(false);
    SendOpenDirectives();
  }

  void WaitForAgent(v1::StepKind kind) {
    Wait(kind, v1::ACTOR_AGENT, v1::ERROR_REASON_AGENT_NOT_ATTACHED);
    journey_.clear_resume_time();
  }

  void WaitForBetterTimes(v1::StepKind kind, v1::ErrorReason reason) {
    Wait(kind, SpecOf(kind).on_portal ? v1::ACTOR_PORTAL : v1::ACTOR_AGENT, reason);
    *journey_.mutable_resume_time() = ToProto(Now() + Backoff(journey_, policy_));
  }

  void Wait(v1::StepKind kind, v1::Actor turn, v1::ErrorReason reason) {
    journey_.set_current_step(kind);
    if (journey_.directive_id() == 0) Current().set_state(v1::STEP_STATE_PENDING);
    journey_.set_state(v1::JOURNEY_STATE_WAITING);
    journey_.set_turn(turn);
    journey_.set_reason(reason);
    journey_.clear_step_deadline();
  }

  void Stop(v1::ErrorReason reason) {
    Current().set_state(v1::STEP_STATE_STOPPED);
    Current().set_reason(reason);
    journey_.set_state(v1::JOURNEY_STATE_STOPPED);
    journey_.set_turn(v1::ACTOR_HOLDER);
    journey_.set_reason(reason);
    journey_.clear_step_deadline();
    journey_.clear_resume_time();
  }

  void End(v1::JourneyState state, v1::ErrorReason reason) {
    if (journey_.current_step() != v1::STEP_KIND_UNSPECIFIED &&
        Current().state() == v1::STEP_STATE_RUNNING) {
      Current().set_state(v1::STEP_STATE_STOPPED);
      Current().set_reason(reason);
    }
    journey_.set_state(state);
    journey_.set_reason(reason);
    journey_.set_current_step(v1::STEP_KIND_UNSPECIFIED);
    journey_.set_turn(v1::ACTOR_UNSPECIFIED);
    journey_.set_directive_id(0);
    facts().set_logged_in(false);
    journey_.clear_step_deadline();
    journey_.clear_resume_time();
    *journey_.mutable_end_time() = event_.event_time();
    Directive close;
    close.message.mutable_close_conversation()->set_journey(journey_.name());
    if (!journey_.agent().empty()) directives_.push_back(close);
    close.to = Directive::To::kServerHost;
    if (journey_.portal_host() == v1::PORTAL_HOST_SERVER) directives_.push_back(close);
  }

  // Makes the steps from `target` to the current one pending again, except for
  // those that hold.
  void Rewind(v1::StepKind target) {
    bool is_inside = false;
    for (Step& step : *journey_.mutable_steps()) {
      is_inside = is_inside || step.kind() == target;
      if (is_inside && (!Holds(step.kind(), facts()) || step.kind() == target)) Reopen(step);
      if (step.kind() == journey_.current_step()) break;
    }
  }

  // Attempts that are used up stay so, except where the step was done since.
  void Reopen(Step& step) {
    const bool was_done =
        step.state() == v1::STEP_STATE_DONE || step.state() == v1::STEP_STATE_SKIPPED;
    if (was_done) step = MakeStep(step.kind(), policy_);
    step.set_state(v1::STEP_STATE_PENDING);
  }

  void InsertResetSteps() {
    auto& steps = *journey_.mutable_steps();
    for (const Step& step : steps) {
      if (step.kind() == ResetSteps().front()) return;
    }
    google::protobuf::RepeatedPtrField<Step> longer;
    for (const Step& step : steps) {
      if (step.kind() == v1::STEP_KIND_OPEN_LOGIN) {
        for (const v1::StepKind kind : ResetSteps()) *longer.Add() = MakeStep(kind, policy_);
      }
      *longer.Add() = step;
    }
    steps.Swap(&longer);
  }

  void FinishAndGoOn(v1::StepState state) {
    if (journey_.current_step() == v1::STEP_KIND_LOG_OUT) facts().set_logged_in(false);
    Finish(Current(), state);
    journey_.set_directive_id(0);
    journey_.set_reason(v1::ERROR_REASON_UNSPECIFIED);
    journey_.clear_step_deadline();
    GoOn();
  }

  void Finish(Step& step, v1::StepState state) {
    step.set_state(state);
    step.set_reason(v1::ERROR_REASON_UNSPECIFIED);
    if (!step.has_start_time()) *step.mutable_start_time() = event_.event_time();
    *step.mutable_end_time() = event_.event_time();
  }

  // False once the limit is reached.
  bool CountAttempt(v1::ErrorReason reason) {
    Step& step = Current();
    step.set_reason(reason);
    if (reason == v1::ERROR_REASON_WRONG_CAPTCHA) {
      step.set_wrong_captchas(step.wrong_captchas() + 1);
      return step.wrong_captchas() < policy_.wrong_captchas;
    }
    step.set_attempts(step.attempts() + 1);
    return step.attempt_limit() == 0 || step.attempts() < step.attempt_limit();
  }

  void SendOpenDirectives() {
    for (Directive& directive : OpenDirectives(journey_, policy_)) {
      directives_.push_back(std::move(directive));
    }
  }

  // -- Questions --

  static bool IsDone(const StepReport& report) {
    return report.outcome() == v1::STEP_OUTCOME_DONE ||
           report.outcome() == v1::STEP_OUTCOME_SKIPPED;
  }

  bool IsOnPortal(std::string_view serial) {
    const auto& serials = facts().portal_serials();
    return !serial.empty() && std::find(serials.begin(), serials.end(), serial) != serials.end();
  }

  // A change of cards belongs into the timeline while a card is still needed.
  bool WantsCard() const {
    return std::any_of(journey_.steps().begin(), journey_.steps().end(), [](const Step& step) {
      return !SpecOf(step.kind()).on_portal && step.state() != v1::STEP_STATE_DONE &&
             step.state() != v1::STEP_STATE_SKIPPED;
    });
  }

  Step& Find(v1::StepKind kind) {
    auto& steps = *journey_.mutable_steps();
    return *std::find_if(steps.begin(), steps.end(),
                         [kind](const Step& step) { return step.kind() == kind; });
  }
  Step& Current() { return Find(journey_.current_step()); }

  Step* FirstPending() {
    for (Step& step : *journey_.mutable_steps()) {
      if (step.state() == v1::STEP_STATE_PENDING) return &step;
    }
    return nullptr;
  }

  v1::Facts& facts() { return *journey_.mutable_facts(); }
  absl::Time Now() const { return FromProto(event_.event_time()); }

  Journey journey_;
  const JourneyEvent& event_;
  const Policy& policy_;
  std::vector<Directive> directives_;
};

}  // namespace

Transition Advance(const Journey& journey, const JourneyEvent& event, const Policy& policy) {
  Draft draft(journey, event, policy);
  if (!draft.Apply()) return {false, journey, {}};
  return draft.Take();
}

absl::Time NextTime(const Journey& journey) {
  if (HasEnded(journey) || !journey.has_expire_time()) return absl::InfiniteFuture();
  absl::Time next = FromProto(journey.expire_time());
  if (journey.has_resume_time()) next = std::min(next, FromProto(journey.resume_time()));
  if (journey.has_step_deadline()) next = std::min(next, FromProto(journey.step_deadline()));
  return next;
}

}  // namespace ilkimza::server
