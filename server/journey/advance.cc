#include "server/journey/advance.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string_view>

#include "base/clock.h"
#include "server/journey/draft.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

using v1::Journey;
using v1::JourneyEvent;
using v1::Step;
using v1::StepReport;

// The portal locks the account with the fifth wrong security word.
constexpr int kMostWrongWords = 4;

// What each event means.
class Rules : private Draft {
 public:
  Rules(Journey& before, const JourneyEvent& event, const Policy& policy)
      : Draft(before, event, policy), event_(event), policy_(policy) {}

  bool Apply() {
    if (!TakeEvent()) return false;
    journey.clear_other_ways();
    for (const v1::Way way : OtherWays(journey, policy_)) journey.add_other_ways(way);
    return true;
  }

  std::vector<Directive> Take() { return std::move(directives); }

 private:
  bool TakeEvent() {
    if (event_.kind_case() == JourneyEvent::kCreated) return OnCreated(event_.created());
    if (journey.revision() == 1 || HasEnded(journey)) return false;
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
        return OnRetry(event_.retry_requested());
      case JourneyEvent::kCardChanged:
        return WantsCard();
      default:
        return false;
    }
  }

  // -- Events --

  bool OnCreated(const JourneyEvent::Created& created) {
    const auto plan = PlanOf(created.goal(), created.security_word_forgotten());
    if (journey.revision() != 1 || plan.empty()) return false;
    journey.set_goal(created.goal());
    journey.set_security_word_forgotten(created.security_word_forgotten());
    journey.set_portal_host(created.portal_host());
    journey.set_agent(created.agent());
    journey.set_profile(created.profile());
    journey.set_guided(created.guided());
    journey.set_hotline(created.hotline());
    *journey.mutable_create_time() = event_.event_time();
    *journey.mutable_expire_time() = ToProto(Now() + policy_.expiry);
    journey.mutable_facts();
    for (const v1::StepKind kind : plan) *journey.add_steps() = MakeStep(kind, policy_);
    GoOn();
    return true;
  }

  bool OnAgentAttached() {
    if (journey.agent_attached()) return false;
    // Its time may have come while the agent was away.
    const bool is_due = IsPassedOver(journey) && Now() >= FromProto(journey.resume_time());
    journey.set_agent_attached(true);
    const bool is_waiting = journey.state() == v1::JOURNEY_STATE_WAITING;
    if (is_waiting && (is_due || !journey.has_resume_time())) {
      // Whatever card lies in the reader now, it is worth a look.
      if (journey.current_step() == v1::STEP_KIND_MATCH_CARD) {
        Current().set_reason(v1::ERROR_REASON_UNSPECIFIED);
      }
      Enter(journey.current_step());
    }
    return true;
  }

  bool OnAgentDetached() {
    if (!journey.agent_attached()) return false;
    journey.set_agent_attached(false);
    if (journey.state() == v1::JOURNEY_STATE_ACTIVE && !RunsOnServer(journey)) {
      WaitForAgent(journey.current_step());
    }
    return true;
  }

  bool OnConversationLost() {
    if (journey.guided()) return OnInstructionLost();
    const v1::StepKind kind = journey.current_step();
    const StepSpec& spec = SpecOf(kind);
    const bool runs_on_portal = spec.on_portal && journey.directive_id() != 0;
    const bool rests_on_it = spec.on_portal && spec.needs != Needs::kNothing;
    if (!facts().logged_in() && !runs_on_portal && !rests_on_it) return false;
    facts().set_logged_in(false);
    if (runs_on_portal) journey.set_directive_id(0);
    if (journey.state() == v1::JOURNEY_STATE_STOPPED) return true;
    if (kind == v1::STEP_KIND_LOG_OUT) {
      FinishAndGoOn(v1::STEP_STATE_DONE);
    } else if (journey.directive_id() != 0) {
      SendOpenDirectives();
    } else if (spec.on_portal || NeedsLogin(kind, facts())) {
      journey.set_reason(v1::ERROR_REASON_CONVERSATION_LOST);
      Current().set_reason(v1::ERROR_REASON_CONVERSATION_LOST);
      Rewind(SafeStep(kind, facts()));
      FirstPending()->set_reason(v1::ERROR_REASON_CONVERSATION_LOST);
      if (journey.has_resume_time()) {
        journey.set_current_step(FirstPending()->kind());
      } else {
        GoOn();
      }
    }
    return true;
  }

  // What the holder does in a browser of their own is not lost with a host; only the
  // instruction is to be shown again.
  bool OnInstructionLost() {
    const v1::StepKind kind = journey.current_step();
    if (!SpecOf(kind).on_portal || journey.directive_id() == 0) return false;
    journey.set_directive_id(0);
    if (journey.state() != v1::JOURNEY_STATE_STOPPED) Enter(kind);
    return true;
  }

  bool OnTime() {
    if (Now() >= FromProto(journey.expire_time())) {
      End(v1::JOURNEY_STATE_FAILED, v1::ERROR_REASON_JOURNEY_EXPIRED);
      return true;
    }
    const bool resumes = journey.has_resume_time() && !IsPassedOver(journey);
    if (resumes && Now() >= FromProto(journey.resume_time())) {
      Enter(journey.current_step());
      return true;
    }
    if (journey.has_step_deadline() && Now() >= FromProto(journey.step_deadline())) {
      if (journey.current_step() == v1::STEP_KIND_LOG_OUT) {
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

  bool OnRetry(const JourneyEvent::RetryRequested& retry) {
    const v1::Way way = journey.guided() ? v1::WAY_GUIDED : v1::WAY_DRIVEN;
    if (retry.way() != v1::WAY_UNSPECIFIED && retry.way() != way) return OnTurn(retry.way());
    const v1::StepKind kind = journey.current_step();
    if (IsAskedForSerialAgain()) return AskForSerialAgain();
    if (IsAskedForCode()) return AskForCode();
    if (IsPassedOver(journey)) return false;
    if (journey.has_resume_time()) {
      Enter(kind);
      return true;
    }
    if (journey.state() != v1::JOURNEY_STATE_STOPPED) return false;
    return TakeUpAgain();
  }

  // From driven to guided, or back.
  bool OnTurn(v1::Way way) {
    const auto ways = OtherWays(journey, policy_);
    if (std::find(ways.begin(), ways.end(), way) == ways.end()) return false;
    journey.set_guided(way == v1::WAY_GUIDED);
    // Neither knows the other's cookies.
    facts().set_logged_in(false);
    journey.clear_resume_time();
    return TakeUpAgain();
  }

  // From where the journey stands, with fresh attempts.
  bool TakeUpAgain() {
    const v1::StepKind kind = journey.current_step();
    const v1::ErrorReason reason = journey.reason();
    StartAfresh();
    if (IsNewWordNeeded()) return AskForNewWord();
    if (!SpecOf(kind).on_portal && journey.directive_id() != 0) {
      Enter(kind);
      return true;
    }
    // What a portal page holds by now is not known, so it is opened afresh.
    journey.set_directive_id(0);
    if (SpecOf(kind).on_portal) Rewind(RetryTarget(kind, reason, facts()));
    GoOn();
    return true;
  }

  // In a guided journey the portal's serial was typed by hand: where no chip has it,
  // the holder may type it once more.
  bool IsAskedForSerialAgain() {
    if (!journey.guided() || journey.current_step() != v1::STEP_KIND_MATCH_CARD) return false;
    return journey.state() == v1::JOURNEY_STATE_STOPPED ||
           Current().reason() == v1::ERROR_REASON_SERIAL_MISMATCH;
  }

  bool AskForSerialAgain() {
    StopUnderWay();
    Rewind(StepOfSerial());
    StartAfresh();
    GoOn();
    return true;
  }

  // The PIN page had no PUK of the chip that is there: another card's row, or a PIN
  // alone. The portal shows it after a code, which is asked for in the same session.
  bool IsAskedForCode() {
    const v1::StepKind kind = journey.current_step();
    const bool lacks_puk = kind == v1::STEP_KIND_UNBLOCK_PIN ||
                           (kind == v1::STEP_KIND_MATCH_CARD &&
                            Current().reason() == v1::ERROR_REASON_SERIAL_MISMATCH);
    return lacks_puk && !journey.guided() && journey.goal() == v1::GOAL_UNBLOCK_PIN &&
           journey.state() == v1::JOURNEY_STATE_ACTIVE &&
           Find(v1::STEP_KIND_REQUEST_UNBLOCK).state() == v1::STEP_STATE_SKIPPED;
  }

  bool AskForCode() {
    StopUnderWay();
    facts().set_portal_copy_missing(true);
    Rewind(v1::STEP_KIND_REQUEST_UNBLOCK);
    StartAfresh();
    GoOn();
    return true;
  }

  // The one with the page that the serial was read from.
  v1::StepKind StepOfSerial() const {
    for (const Step& step : journey.steps()) {
      const bool is_done = step.state() == v1::STEP_STATE_DONE;
      if (is_done && step.kind() == v1::STEP_KIND_ENTER_UNBLOCK_CODE) return step.kind();
    }
    return v1::STEP_KIND_OPEN_PIN_PAGE;
  }

  // The next wrong word would lock the account: only a new word leads on.
  bool IsNewWordNeeded() {
    if (journey.guided()) return false;
    for (const Step& step : journey.steps()) {
      if (IsSettled(step)) continue;
      if (step.kind() == v1::STEP_KIND_SET_SECURITY_WORD) return false;
      if (step.kind() == v1::STEP_KIND_LOG_IN) return step.attempts() >= kMostWrongWords;
    }
    return false;
  }

  bool AskForNewWord() {
    journey.set_directive_id(0);
    journey.clear_resume_time();
    facts().set_logged_in(false);
    InsertResetSteps();
    Rewind(ResetSteps().front());
    journey.set_reason(v1::ERROR_REASON_WORD_FORGOTTEN);
    FirstPending()->set_reason(v1::ERROR_REASON_WORD_FORGOTTEN);
    GoOn();
    return true;
  }

  // All that is still to be done gets fresh attempts, except for wrong security words:
  // the portal counts those until one was right or there is a new one.
  void StartAfresh() {
    for (Step& step : *journey.mutable_steps()) {
      if (step.state() == v1::STEP_STATE_PENDING || step.state() == v1::STEP_STATE_STOPPED) {
        const int wrong_words = step.kind() == v1::STEP_KIND_LOG_IN ? step.attempts() : 0;
        step = MakeStep(step.kind(), policy_);
        if (wrong_words == 0) continue;
        step.set_attempts(wrong_words);
        step.set_attempt_limit(std::min(wrong_words + step.attempt_limit(), kMostWrongWords));
      }
    }
    journey.set_outages(0);
    journey.set_reason(v1::ERROR_REASON_UNSPECIFIED);
  }

  // -- Reports --

  bool OnReport(const StepReport& report) {
    if (report.directive_id() == 0 || report.directive_id() != journey.directive_id() ||
        report.step() != journey.current_step() ||
        report.outcome() == v1::STEP_OUTCOME_UNSPECIFIED) {
      return false;
    }
    const bool was_stopping = IsStopping(journey);
    journey.set_directive_id(0);
    journey.clear_step_deadline();
    if (report.step() == v1::STEP_KIND_LOG_OUT) {
      // However it ended, nobody needs that conversation any more.
      FinishAndGoOn(v1::STEP_STATE_DONE);
      return true;
    }
    if (SpecOf(report.step()).on_portal && SpecOf(report.step()).turn == v1::ACTOR_HOLDER &&
        (IsDone(report) || report.outcome() == v1::STEP_OUTCOME_REJECTED)) {
      journey.set_outages(0);
    }
    const bool is_late = journey.state() == v1::JOURNEY_STATE_STOPPED;
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
        if (IsHeldBack(report) && report.has_report_time() && SpecOf(report.step()).on_portal) {
          return HoldBack(report);
        }
        journey.set_outages(journey.outages() + 1);
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
        if (report.step() == v1::STEP_KIND_OPEN_PIN_PAGE &&
            report.reason() == v1::ERROR_REASON_PIN_INFO_DELETED) {
          return OnCopyMissing(report.reason());
        }
        if (report.reason() == v1::ERROR_REASON_NOTHING_TO_REVOKE && RevocationIsUnknown()) {
          FinishAndGoOn(v1::STEP_STATE_SKIPPED);
          return Find(report.step()).set_reason(report.reason());
        }
        return Stop(report.reason());
    }
  }

  // A revocation was sent in this journey, and its answer was lost: the plan has the list
  // of certificates since then, which shows what became of it.
  bool RevocationIsUnknown() const {
    const auto& steps = journey.steps();
    return journey.goal() == v1::GOAL_REVOKE_CERTIFICATE &&
           std::any_of(steps.begin(), steps.end(), [](const Step& step) {
             return step.kind() == v1::STEP_KIND_LIST_CERTIFICATES;
           });
  }

  // What the holder did in a browser of their own is done because they say so: no fact
  // about the portal follows from that.
  void OnDone(const StepReport& report) {
    switch (report.step()) {
      case v1::STEP_KIND_SET_SECURITY_WORD:
        if (!Current().guided()) facts().set_security_word_reset(true);
        for (Step& step : *journey.mutable_steps()) {
          const bool counts_words = step.kind() == v1::STEP_KIND_LOG_IN && !IsSettled(step);
          if (counts_words) step = MakeStep(step.kind(), policy_);
        }
        break;
      case v1::STEP_KIND_ENTER_SMS_CODE:
        facts().set_logged_in(true);
        break;
      case v1::STEP_KIND_OPEN_PIN_PAGE:
        // The page still has the PUK: no other way to it is needed, unless the holder has
        // found that it is not theirs.
        if (!facts().portal_copy_missing()) {
          LeaveOut({v1::STEP_KIND_REQUEST_UNBLOCK, v1::STEP_KIND_ENTER_UNBLOCK_CODE});
        }
        [[fallthrough]];
      case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
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
      case v1::STEP_KIND_UNBLOCK_PIN:
        if (!report.card_serial().empty() && report.card_serial() != facts().card_serial()) {
          return Stop(v1::ERROR_REASON_SERIAL_MISMATCH);
        }
        [[fallthrough]];
      case v1::STEP_KIND_SET_OWN_PIN:
        facts().set_own_pin_set(true);
        facts().set_own_pin_unknown(false);
        break;
      case v1::STEP_KIND_DELETE_PORTAL_COPY:
        if (!Current().guided()) facts().set_portal_copy_deleted(true);
        break;
      case v1::STEP_KIND_TEST_SIGNATURE:
        facts().set_test_signature_made(true);
        if (report.reason() != v1::ERROR_REASON_UNSPECIFIED) {
          // It fits its certificate, but that is not valid: proof of the PIN alone.
          FinishAndGoOn(v1::STEP_STATE_DONE);
          return Find(report.step()).set_reason(report.reason());
        }
        break;
      case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
        if (!Current().guided()) facts().set_certificate_activated(true);
        break;
      case v1::STEP_KIND_UPDATE_INFO:
        if (!Current().guided()) facts().set_info_updated(true);
        break;
      case v1::STEP_KIND_REVOKE_CERTIFICATE:
        if (!Current().guided()) facts().set_certificate_revoked(true);
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
      if (!facts().pin_proven()) return OnCopyMissing(report.reason());
      facts().set_portal_copy_deleted(true);
      LeaveOut({v1::STEP_KIND_READ_PIN});
    } else if (report.step() == v1::STEP_KIND_DELETE_PORTAL_COPY) {
      facts().set_portal_copy_kept(true);
    }
    const v1::StepKind kind = report.step();
    FinishAndGoOn(v1::STEP_STATE_SKIPPED);
    Find(kind).set_reason(report.reason());
  }

  // The portal has no PIN and PUK any more. Where the goal is to unblock, it is asked
  // for the PUK in another way; where it is to get the PIN, there is none to be had.
  void OnCopyMissing(v1::ErrorReason reason) {
    facts().set_portal_copy_missing(true);
    if (journey.goal() != v1::GOAL_UNBLOCK_PIN) return Stop(reason);
    FinishAndGoOn(v1::STEP_STATE_SKIPPED);
    Find(v1::STEP_KIND_OPEN_PIN_PAGE).set_reason(reason);
  }

  // Those of `kinds` that are still to be done.
  void LeaveOut(std::initializer_list<v1::StepKind> kinds) {
    for (Step& step : *journey.mutable_steps()) {
      const bool meant = std::find(kinds.begin(), kinds.end(), step.kind()) != kinds.end();
      if (meant && step.state() == v1::STEP_STATE_PENDING) Finish(step, v1::STEP_STATE_SKIPPED);
    }
  }

  void OnRejected(v1::ErrorReason reason) {
    if (CountAttempt(reason)) {
      const v1::StepKind kind = journey.current_step();
      Enter(kind);
      if (journey.current_step() == kind) journey.set_reason(reason);
    } else {
      Stop(v1::ERROR_REASON_ATTEMPTS_EXHAUSTED);
      Current().set_reason(reason);
    }
  }

  void OnRewind(v1::ErrorReason reason) {
    const v1::StepKind kind = journey.current_step();
    const v1::StepKind target = RewindTarget(kind, reason, facts());
    // A code asked for once more is asked for in the same session.
    const bool stays_logged_in = target == v1::STEP_KIND_REQUEST_UNBLOCK;
    if ((SpecOf(kind).on_portal || target != kind) && !stays_logged_in) {
      facts().set_logged_in(false);
    }
    const bool is_mail = kind == v1::STEP_KIND_OPEN_MAIL_LINK && target != kind;
    // Mails are not asked for without an end: they may go to an address of old.
    if (is_mail && !CountAttempt(reason)) return Stop(reason);
    Current().set_reason(reason);
    journey.set_reason(reason);
    if (reason == v1::ERROR_REASON_WORD_FORGOTTEN && target != kind) InsertResetSteps();
    const bool is_holders = journey.guided() || IsHoldersRewind(reason);
    if (!is_holders) journey.set_outages(journey.outages() + 1);
    // A first rewind is taken at once. One that leads nowhere, or follows another
    // without an answer of the holder between them, must not become a busy loop.
    const bool leads_back = target != kind && (is_holders || journey.outages() < 2);
    Rewind(target);
    // The form that asks for the next mail says why.
    if (is_mail) Find(v1::STEP_KIND_REQUEST_WORD_RESET).set_reason(reason);
    if (leads_back) return GoOn();
    WaitForBetterTimes(FirstPending()->kind(), reason);
  }

  void OnUnknown(const StepReport& report) {
    if (report.step() == v1::STEP_KIND_SET_OWN_PIN) {
      facts().set_own_pin_unknown(true);
      facts().set_pin_proven(false);
      Find(v1::STEP_KIND_PROVE_PIN) = MakeStep(v1::STEP_KIND_PROVE_PIN, policy_);
    }
    if (report.step() == v1::STEP_KIND_REVOKE_CERTIFICATE) {
      InsertAfter(report.step(), v1::STEP_KIND_LIST_CERTIFICATES);
    }
    Stop(report.reason());
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
    return std::any_of(journey.steps().begin(), journey.steps().end(), [](const Step& step) {
      return !SpecOf(step.kind()).on_portal && !IsSettled(step);
    });
  }

  const JourneyEvent& event_;
  const Policy& policy_;
};

}  // namespace

Transition Advance(const Journey& journey, const JourneyEvent& event, const Policy& policy) {
  Transition transition{.applied = true, .journey = journey};
  if (AdvanceInPlace(transition.journey, event, policy, transition.directives)) return transition;
  return {.journey = journey};
}

bool AdvanceInPlace(Journey& journey, const JourneyEvent& event, const Policy& policy,
                    std::vector<Directive>& directives) {
  Rules rules(journey, event, policy);
  if (!rules.Apply()) return false;
  std::vector<Directive> given = rules.Take();
  std::move(given.begin(), given.end(), std::back_inserter(directives));
  return true;
}

}  // namespace ilkimza::server
