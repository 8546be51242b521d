#include "portal/host.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "base/redact.h"
#include "portal/answers.h"
#include "portal/authorities.h"
#include "portal/conversation.h"
#include "portal/guided.h"
#include "portal/show.h"
#include "portal/watch.h"
#include "portal/workers.h"

namespace ilkimza::portal {
namespace {

// Names from outside, and how many of them are kept.
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kMostJourneys = 10'000;
constexpr std::size_t kMostWatches = 32;  // of one journey
constexpr std::size_t kReportsKept = 8;   // of one journey
constexpr std::size_t kClosedKept = 1024;

struct Journey {
  explicit Journey(std::string id) : name(std::move(id)) {}

  const std::string name;
  // Everything a step does runs here, one after the other.
  const std::shared_ptr<Workers::Strand> strand = std::make_shared<Workers::Strand>();

  // -- Only on the strand --
  std::unique_ptr<Conversation> conversation;

  // -- Under the host's lock --
  v1::RunStep directive;  // under way, or the last one
  bool running = false;
  bool waiting = false;  // for the holder, on `screen`
  bool closed = false;
  bool has_conversation = false;
  int64_t stop_up_to = 0;  // directives up to this one are not wanted any more
  int64_t posted_up_to = 0;
  std::stop_source stop;
  v1::Screen screen;  // what is shown now; screen_id 0: nothing yet
  int64_t last_screen_id = 0;
  std::map<int64_t, v1::StepReport> reports;
  std::set<Watch*> watches;
};

using JourneyPtr = std::shared_ptr<Journey>;

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

class HostImpl final : public Host {
 public:
  HostImpl(HostOptions options, HostObserver& observer)
      : options_(std::move(options)),
        observer_(observer),
        service_(*this),
        alarms_(*options_.clock),
        workers_(options_.workers) {}

  ~HostImpl() override;

  void RunStep(const v1::RunStep& directive) override;
  void StopStep(std::string_view journey, int64_t directive_id) override;
  void CloseConversation(std::string_view journey) override;
  std::vector<v1::AttachAgentRequest::Conversation> Conversations() const override;
  void Shutdown(absl::Duration grace) override;
  v1::PortalService::CallbackService& service() override { return service_; }

 private:
  class Service final : public v1::PortalService::CallbackService {
   public:
    explicit Service(HostImpl& host) : host_(host) {}
    grpc::ServerWriteReactor<v1::WatchScreenResponse>* WatchScreen(
        grpc::CallbackServerContext*, const v1::WatchScreenRequest* request) override {
      return host_.StartWatch(request->journey());
    }
    grpc::ServerUnaryReactor* AnswerScreen(grpc::CallbackServerContext* context,
                                           const v1::AnswerScreenRequest* request,
                                           v1::AnswerScreenResponse*) override {
      // The message is gRPC's own copy, and nobody reads it after this.
      const absl::Status status =
          host_.TakeAnswerTo(const_cast<v1::AnswerScreenRequest&>(*request));
      grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(ToGrpcStatus(status));
      return reactor;
    }

   private:
    HostImpl& host_;
  };

  // -- The service --
  Watch* StartWatch(const std::string& name);
  absl::Status TakeAnswerTo(v1::AnswerScreenRequest& request);
  void WatchIsDone(const std::string& name, Watch* watch);

  // -- On a journey's strand --
  void Start(const JourneyPtr& journey, const v1::RunStep& directive);
  void Carry(const JourneyPtr& journey, const v1::RunStep& directive, const std::stop_token& stop);
  void Resume(const JourneyPtr& journey, int64_t directive_id, Answer answer);
  Ending Submit(const JourneyPtr& journey, const v1::RunStep& directive, const Answer& answer,
                const std::stop_token& stop);
  void EndIfRunning(const JourneyPtr& journey, int64_t directive_id, v1::ErrorReason reason);
  void End(const JourneyPtr& journey, const v1::RunStep& directive, Ending ending);
  void Guide(const JourneyPtr& journey, const v1::RunStep& directive);
  void Ask(const JourneyPtr& journey, const v1::RunStep& directive, View view);
  void AskWith(const JourneyPtr& journey, const v1::RunStep& directive, v1::Screen screen);
  void Close(const JourneyPtr& journey);
  absl::Status NeedConversation(const JourneyPtr& journey);
  void DropConversation(const JourneyPtr& journey);
  void LeavePortal(const JourneyPtr& journey);

  // -- With the lock --
  JourneyPtr Find(std::string_view name) const;
  JourneyPtr FindOrAdd(const std::string& name);
  void Show(Journey& journey, v1::Screen screen);
  void Post(const JourneyPtr& journey, Task task) {
    workers_.Post(journey->strand, std::move(task));
  }

  const HostOptions options_;
  HostObserver& observer_;
  Service service_;
  mutable std::mutex mutex_;
  std::condition_variable watches_gone_;
  std::map<std::string, JourneyPtr, std::less<>> journeys_;
  std::deque<std::string> closed_;  // the latest ones
  std::size_t watch_count_ = 0;
  bool shutting_down_ = false;
  int farewells_ = 0;  // to the portal, not yet said
  std::condition_variable farewell_said_;
  std::stop_source no_farewells_;
  Alarms alarms_;
  Workers workers_;
};

// Streams end first, then whatever talks to the portal; gRPC gives the streams back
// from its own threads.
HostImpl::~HostImpl() {
  alarms_.Stop();
  Shutdown(absl::ZeroDuration());
  std::unique_lock lock(mutex_);
  watches_gone_.wait(lock, [this] { return watch_count_ == 0; });
}

void HostImpl::Shutdown(absl::Duration grace) {
  std::unique_lock lock(mutex_);
  if (shutting_down_) return;
  shutting_down_ = true;
  const grpc::Status status =
      ToGrpcStatus(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                             "The portal host is shutting down; try again in a moment."));
  for (const auto& [name, journey] : journeys_) {
    journey->closed = true;
    journey->waiting = false;
    journey->stop.request_stop();
    WipeSecrets(journey->screen);
    for (Watch* watch : journey->watches) watch->End(status);
    if (!journey->has_conversation) continue;
    ++farewells_;
    Post(journey, [this, journey = journey] {
      Close(journey);
      const std::lock_guard said(mutex_);
      --farewells_;
      farewell_said_.notify_all();
    });
  }
  farewell_said_.wait_for(lock, absl::ToChronoMilliseconds(grace),
                          [this] { return farewells_ == 0; });
  no_farewells_.request_stop();
}

// ---- Directives ----

void HostImpl::RunStep(const v1::RunStep& directive) {
  if (directive.journey().empty() || directive.journey().size() > kLongestName) return;
  const std::lock_guard lock(mutex_);
  if (shutting_down_) return;
  const JourneyPtr journey = FindOrAdd(directive.journey());
  if (journey == nullptr) return;
  // A newer step means that the server has given up the one under way.
  if (directive.directive_id() > journey->posted_up_to) {
    journey->posted_up_to = directive.directive_id();
    if (journey->running) journey->stop.request_stop();
  }
  Post(journey, [this, journey, directive] { Start(journey, directive); });
}

void HostImpl::StopStep(std::string_view name, int64_t directive_id) {
  const std::lock_guard lock(mutex_);
  const JourneyPtr journey = Find(name);
  if (journey == nullptr) return;
  journey->stop_up_to = std::max(journey->stop_up_to, directive_id);
  if (journey->running && journey->directive.directive_id() <= directive_id) {
    journey->stop.request_stop();
  }
  Post(journey, [this, journey, directive_id] {
    EndIfRunning(journey, directive_id, v1::ERROR_REASON_CANCELLED);
  });
}

void HostImpl::CloseConversation(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const JourneyPtr journey = Find(name);
  closed_.emplace_back(name);
  if (closed_.size() > kClosedKept) closed_.pop_front();
  if (journey == nullptr) return;
  journey->closed = true;
  journey->waiting = false;
  journey->stop.request_stop();
  WipeSecrets(journey->screen);
  for (Watch* watch : journey->watches) watch->End(grpc::Status::OK);
  journeys_.erase(journey->name);
  Post(journey, [this, journey] { Close(journey); });
}

std::vector<v1::AttachAgentRequest::Conversation> HostImpl::Conversations() const {
  std::vector<v1::AttachAgentRequest::Conversation> conversations;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, journey] : journeys_) {
    if (!journey->has_conversation && !journey->running) continue;
    auto& conversation = conversations.emplace_back();
    conversation.set_journey(name);
    conversation.set_directive_id(journey->directive.directive_id());
  }
  return conversations;
}

// ---- The service ----

Watch* HostImpl::StartWatch(const std::string& name) {
  auto* watch = new Watch([this, name](Watch* done) { WatchIsDone(name, done); });
  const std::lock_guard lock(mutex_);
  ++watch_count_;
  const bool ended =
      std::find(closed_.begin(), closed_.end(), name) != closed_.end() && Find(name) == nullptr;
  if (ended) {
    watch->End(grpc::Status::OK);
    return watch;
  }
  const bool named = !name.empty() && name.size() <= kLongestName;
  const JourneyPtr journey = named && !shutting_down_ ? FindOrAdd(name) : nullptr;
  if (journey == nullptr || journey->watches.size() >= kMostWatches) {
    watch->End(ToGrpcStatus(
        MakeError(named ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInvalidArgument,
                  shutting_down_ ? v1::ERROR_REASON_SHUTTING_DOWN : v1::ERROR_REASON_BAD_FIELD,
                  "The journey cannot be watched: its name is wrong, or too many watch already.",
                  {{"field", "journey"}})));
    return watch;
  }
  journey->watches.insert(watch);
  if (journey->screen.screen_id() != 0) watch->Show(journey->screen);
  return watch;
}

void HostImpl::WatchIsDone(const std::string& name, Watch* watch) {
  const std::lock_guard lock(mutex_);
  --watch_count_;
  if (const JourneyPtr journey = Find(name)) {
    journey->watches.erase(watch);
    // It was only ever watched.
    if (journey->watches.empty() && journey->posted_up_to == 0) journeys_.erase(name);
  }
  watches_gone_.notify_all();
}

absl::Status HostImpl::TakeAnswerTo(v1::AnswerScreenRequest& request) {
  const WipeSecretsGuard guard(request);
  const std::lock_guard lock(mutex_);
  const JourneyPtr journey = Find(request.journey());
  if (journey == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                     "This host has no screen of that journey. Nothing was submitted.");
  }
  if (!journey->waiting || request.screen_id() != journey->screen.screen_id()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_SCREEN_CHANGED,
                     "The answered screen is no longer the current one. Nothing was submitted.");
  }
  ILKIMZA_ASSIGN_OR_RETURN(Answer taken, TakeAnswer(journey->screen, request));
  journey->waiting = false;
  // A task can be copied, an answer cannot.
  auto answer = std::make_shared<Answer>(std::move(taken));
  Post(journey, [this, journey, answer, id = journey->directive.directive_id()] {
    Resume(journey, id, std::move(*answer));
  });
  return absl::OkStatus();
}

// ---- Steps ----

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
  spdlog::info("{} directive {}: {} ended with {} {}", directive.journey(),
               directive.directive_id(), v1::StepKind_Name(directive.step()),
               v1::StepOutcome_Name(ending.outcome), ReasonName(ending.reason));
  if (!ending.sentence.empty()) spdlog::info("{}: {}", directive.journey(), ending.sentence);
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

// ---- With the lock ----

JourneyPtr HostImpl::Find(std::string_view name) const {
  const auto found = journeys_.find(name);
  return found == journeys_.end() ? nullptr : found->second;
}

JourneyPtr HostImpl::FindOrAdd(const std::string& name) {
  if (JourneyPtr journey = Find(name)) return journey;
  if (journeys_.size() >= kMostJourneys) return nullptr;
  return journeys_.emplace(name, std::make_shared<Journey>(name)).first->second;
}

void HostImpl::Show(Journey& journey, v1::Screen screen) {
  WipeSecrets(journey.screen);
  screen.set_screen_id(++journey.last_screen_id);
  journey.screen = std::move(screen);
  for (Watch* watch : journey.watches) watch->Show(journey.screen);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Host>> Host::Create(HostOptions options, HostObserver& observer) {
  // All conversations trust the same. Reports a wrong CA file now, not at the first step.
  options.browser.authorities = std::make_shared<Authorities>(options.browser.ca_file);
  const auto browser = Browser::Create(options.browser, options.profile.origins());
  if (!browser.ok()) return browser.status();
  return std::make_unique<HostImpl>(std::move(options), observer);
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
