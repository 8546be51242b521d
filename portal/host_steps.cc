// What a host does on a journey's strand: the steps, from directive to report.
#include <optional>

#include "base/log.h"
#include "base/redact.h"
#include "portal/guided.h"
#include "portal/host_impl.h"
#include "portal/show.h"

namespace ilkimza::portal {
namespace {

constexpr std::size_t kReportsKept = 8;  // of one journey

bool AsksHolderFirst(v1::StepKind step) {
  return step == v1::STEP_KIND_OPEN_MAIL_LINK || step == v1::STEP_KIND_DELETE_PORTAL_COPY;
}

bool AsksHolder(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_OPEN_WORD_RESET:
    case v1::STEP_KIND_OPEN_LOGIN:
    case v1::STEP_KIND_OPEN_PIN_PAGE:
    case v1::STEP_KIND_LOG_OUT:
      return false;
    default:
      return true;
  }
}

// Steps that begin a conversation, whatever was before.
bool OpensConversation(v1::StepKind step) {
  return step == v1::STEP_KIND_OPEN_WORD_RESET || step == v1::STEP_KIND_OPEN_LOGIN ||
         step == v1::STEP_KIND_OPEN_MAIL_LINK;
}

// What "there is no PIN information left" means to each step.
void JudgeDeleted(const v1::RunStep& directive, Ending& ending) {
  if (ending.reason != v1::ERROR_REASON_PIN_INFO_DELETED) return;
  if (directive.step() == v1::STEP_KIND_DELETE_PORTAL_COPY) {
    ending = Done();
  } else {
    ending.outcome =
        directive.facts().pin_proven() ? v1::STEP_OUTCOME_SKIPPED : v1::STEP_OUTCOME_STOPPED;
  }
}

}  // namespace

void HostImpl::Start(const JourneyPtr& journey, const v1::RunStep& directive) {
  std::optional<v1::StepReport> report;
  std::optional<int64_t> superseded;
  {
    const std::lock_guard lock(mutex_);
    if (journey->closed) return;
    const auto known = journey->reports.find(directive.directive_id());
    if (known != journey->reports.end()) {
      report = known->second;
    } else if (directive.directive_id() <= journey->directive.directive_id()) {
      return;  // runs, or ran too long ago to be of interest
    } else if (journey->running) {
      superseded = journey->directive.directive_id();
    }
  }
  if (report) return observer_.OnStepReport(*report);
  if (superseded) EndIfRunning(journey, *superseded, v1::ERROR_REASON_CANCELLED);
  std::stop_token stop;
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    // The report of the superseded step may have closed it.
    if (journey->closed) return;
    journey->directive = directive;
    journey->running = true;
    journey->stop = std::stop_source();
    stop = journey->stop.get_token();
    stopped = directive.directive_id() <= journey->stop_up_to ||
              directive.directive_id() < journey->posted_up_to;
    if (!directive.guided() && !AsksHolderFirst(directive.step()))
      Show(*journey, WorkingScreen(directive));
  }
  if (stopped) return End(journey, directive, EndingOf(v1::ERROR_REASON_CANCELLED));
  Carry(journey, directive, stop);
}

void HostImpl::Carry(const JourneyPtr& journey, const v1::RunStep& directive,
                     const std::stop_token& stop) {
  const v1::StepKind step = directive.step();
  if (!IsPortalStep(step)) {
    return End(journey, directive,
               EndingOf(v1::ERROR_REASON_BAD_FIELD, "This is no step of a portal."));
  }
  if (!directive.profile().empty() && directive.profile() != options_.profile.name()) {
    return End(journey, directive,
               EndingOf(v1::ERROR_REASON_BAD_CONFIGURATION,
                        "The journey is for another portal than this host is configured for."));
  }
  if (directive.guided()) return Guide(journey, directive);
  if (auto ending = LeftOut(options_.profile, step)) {
    return End(journey, directive, *std::move(ending));
  }
  if (AsksHolderFirst(step)) return Ask(journey, directive, View());
  observer_.OnTurn(directive.journey(), directive.directive_id(), v1::ACTOR_PORTAL);
  if (!AsksHolder(step)) return End(journey, directive, Submit(journey, directive, {}, stop));
  if (journey->conversation == nullptr) {
    return End(journey, directive, EndingOf(v1::ERROR_REASON_CONVERSATION_LOST));
  }
  View view;
  auto ending = journey->conversation->Begin(step, stop, view);
  if (ending) return End(journey, directive, *std::move(ending));
  Ask(journey, directive, std::move(view));
}

// The portal is the holder's now: the step is no reason to ask it anything.
void HostImpl::Guide(const JourneyPtr& journey, const v1::RunStep& directive) {
  LeavePortal(journey);
  const Profile::Step* known = options_.profile.step(directive.step());
  if (IsFolded(directive.step()) || (known != nullptr && known->absent)) {
    return End(journey, directive, Done());
  }
  AskWith(journey, directive, GuidedScreen(directive, InstructionFor(directive, options_.profile)));
}

void HostImpl::Ask(const JourneyPtr& journey, const v1::RunStep& directive, View view) {
  AskWith(
      journey, directive,
      AskingScreen(directive, std::move(view), options_.profile.hotline(), options_.clock->Now()));
}

void HostImpl::AskWith(const JourneyPtr& journey, const v1::RunStep& directive, v1::Screen screen) {
  const int64_t id = directive.directive_id();
  {
    const std::lock_guard lock(mutex_);
    if (journey->closed) return WipeSecrets(screen);
    journey->waiting = true;
    Show(*journey, std::move(screen));
  }
  observer_.OnTurn(directive.journey(), id, v1::ACTOR_HOLDER);
  if (!directive.has_deadline()) return;
  alarms_.At(FromProto(directive.deadline()), [this, journey, id] {
    Post(journey, [this, journey, id] {
      bool waits = false;
      {
        const std::lock_guard lock(mutex_);
        waits = journey->waiting && journey->directive.directive_id() == id;
      }
      if (waits) EndIfRunning(journey, id, v1::ERROR_REASON_STEP_TIMEOUT);
    });
  });
}

void HostImpl::Resume(const JourneyPtr& journey, int64_t directive_id, Answer answer) {
  v1::RunStep directive;
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    const bool current = journey->running && journey->directive.directive_id() == directive_id;
    if (!current || journey->closed) return;
    directive = journey->directive;
    stop = journey->stop.get_token();
    if (directive.step() != v1::STEP_KIND_READ_PIN) Show(*journey, WorkingScreen(directive));
  }
  if (answer.kind == Answer::kEnd) {
    Ending ending = std::move(answer.ending);
    if (directive.step() == v1::STEP_KIND_READ_PIN && !directive.guided())
      ending = Submit(journey, directive, answer, stop);
    return End(journey, directive, std::move(ending));
  }
  if (answer.kind == Answer::kInstruct) {
    return AskWith(journey, directive,
                   GuidedScreen(directive, ConfirmedInstructionFor(directive, options_.profile,
                                                                   answer.card_serial)));
  }
  observer_.OnTurn(directive.journey(), directive_id, v1::ACTOR_PORTAL);
  if (answer.kind == Answer::kSubmit) {
    return End(journey, directive, Submit(journey, directive, answer, stop));
  }
  View view;
  if (journey->conversation == nullptr) {
    return End(journey, directive, EndingOf(v1::ERROR_REASON_CONVERSATION_LOST));
  }
  auto ending = journey->conversation->NewCaptcha(directive.step(), stop, view);
  if (ending) return End(journey, directive, *std::move(ending));
  Ask(journey, directive, std::move(view));
}

Ending HostImpl::Submit(const JourneyPtr& journey, const v1::RunStep& directive,
                        const Answer& answer, const std::stop_token& stop) {
  const v1::StepKind step = directive.step();
  if (OpensConversation(step)) {
    const absl::Status status = NeedConversation(journey);
    if (!status.ok()) return EndingOf(status);
  }
  if (journey->conversation == nullptr) {
    return step == v1::STEP_KIND_LOG_OUT ? Done() : EndingOf(v1::ERROR_REASON_CONVERSATION_LOST);
  }
  Conversation& conversation = *journey->conversation;
  const std::string card =
      step == v1::STEP_KIND_REVOKE_CERTIFICATE ? answer.card_serial : CardOf(directive);
  Ending ending = step == v1::STEP_KIND_OPEN_MAIL_LINK
                      ? conversation.OpenLink(answer.link, stop)
                      : conversation.Finish(step, answer.typed, card, stop);
  const bool gone = step == v1::STEP_KIND_LOG_OUT && ending.outcome == v1::STEP_OUTCOME_DONE;
  if (gone || ending.reason == v1::ERROR_REASON_SESSION_EXPIRED) DropConversation(journey);
  return ending;
}

absl::Status HostImpl::NeedConversation(const JourneyPtr& journey) {
  if (journey->conversation != nullptr) return absl::OkStatus();
  ILKIMZA_ASSIGN_OR_RETURN(journey->conversation,
                           Conversation::Create(options_.profile, options_.browser));
  const std::lock_guard lock(mutex_);
  journey->has_conversation = true;
  return absl::OkStatus();
}

void HostImpl::DropConversation(const JourneyPtr& journey) {
  journey->conversation.reset();
  const std::lock_guard lock(mutex_);
  journey->has_conversation = false;
}

// Logs out of what an earlier, driven step has opened, beside the journey: the holder
// does not wait for it.
void HostImpl::LeavePortal(const JourneyPtr& journey) {
  if (journey->conversation == nullptr) return;
  const std::shared_ptr<Conversation> left = std::move(journey->conversation);
  const std::lock_guard lock(mutex_);
  journey->has_conversation = false;
  ++farewells_;
  workers_.Post(std::make_shared<Workers::Strand>(), [this, left] {
    if (!no_farewells_.stop_requested()) {
      left->Finish(v1::STEP_KIND_LOG_OUT, {}, "", no_farewells_.get_token());
    }
    const std::lock_guard said(mutex_);
    --farewells_;
    farewell_said_.notify_all();
  });
}

void HostImpl::EndIfRunning(const JourneyPtr& journey, int64_t directive_id,
                            v1::ErrorReason reason) {
  v1::RunStep directive;
  {
    const std::lock_guard lock(mutex_);
    if (!journey->running || journey->directive.directive_id() > directive_id) return;
    directive = journey->directive;
  }
  End(journey, directive, EndingOf(reason));
}

void HostImpl::End(const JourneyPtr& journey, const v1::RunStep& directive, Ending ending) {
  JudgeDeleted(directive, ending);
  v1::StepReport report;
  report.set_journey(directive.journey());
  report.set_directive_id(directive.directive_id());
  report.set_step(directive.step());
  report.set_outcome(ending.outcome);
  report.set_reason(ending.reason);
  report.set_page_fingerprint(ending.fingerprint);
  report.set_tries_left(-1);
  report.set_guided(directive.guided());
  report.set_profile_version(options_.profile.version());
  for (const std::string& serial : ending.serials) report.add_portal_serials(serial);
  if (journey->conversation != nullptr) {
    for (v1::SeenScreen& seen : journey->conversation->TakeSeen()) {
      *report.add_seen_screens() = std::move(seen);
    }
  }
  *report.mutable_report_time() = ToProto(options_.clock->Now());
  LogInfo("{} directive {}: {} ended with {} {}", directive.journey(), directive.directive_id(),
          v1::StepKind_Name(directive.step()), v1::StepOutcome_Name(ending.outcome),
          ReasonName(ending.reason));
  if (!ending.sentence.empty()) LogInfo("{}: {}", directive.journey(), ending.sentence);
  {
    const std::lock_guard lock(mutex_);
    journey->running = false;
    journey->waiting = false;
    journey->reports[directive.directive_id()] = report;
    if (journey->reports.size() > kReportsKept) journey->reports.erase(journey->reports.begin());
    if (journey->closed) return;
    const bool pin_stays =
        journey->screen.has_pin_page() && ending.outcome == v1::STEP_OUTCOME_DONE;
    if (!ending.fingerprint.empty()) {
      Show(*journey, UnrecognisedScreen(directive, ending));
    } else if (!pin_stays && !journey->screen.has_working()) {
      Show(*journey, WorkingScreen(directive));
    }
  }
  observer_.OnStepReport(report);
}

// The journey is forgotten already; what is left is to tell the portal.
void HostImpl::Close(const JourneyPtr& journey) {
  if (journey->conversation == nullptr) return;
  if (!no_farewells_.stop_requested()) {
    journey->conversation->Finish(v1::STEP_KIND_LOG_OUT, {}, "", no_farewells_.get_token());
  }
  journey->conversation.reset();
}

bool IsPortalStep(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_OPEN_WORD_RESET:
    case v1::STEP_KIND_REQUEST_WORD_RESET:
    case v1::STEP_KIND_OPEN_MAIL_LINK:
    case v1::STEP_KIND_SET_SECURITY_WORD:
    case v1::STEP_KIND_OPEN_LOGIN:
    case v1::STEP_KIND_LOG_IN:
    case v1::STEP_KIND_CONFIRM_PHONE:
    case v1::STEP_KIND_ENTER_SMS_CODE:
    case v1::STEP_KIND_OPEN_PIN_PAGE:
    case v1::STEP_KIND_READ_PIN:
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
    case v1::STEP_KIND_LOG_OUT:
    case v1::STEP_KIND_LIST_CERTIFICATES:
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
    case v1::STEP_KIND_UPDATE_INFO:
    case v1::STEP_KIND_REQUEST_UNBLOCK:
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return true;
    default:
      return false;
  }
}

}  // namespace ilkimza::portal
