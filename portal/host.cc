#include "portal/host.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/redact.h"
#include "portal/authorities.h"
#include "portal/host_impl.h"

namespace ilkimza::portal {
namespace {

// Names from outside, and how many of them are kept.
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kMostJourneys = 10'000;
constexpr std::size_t kMostWatches = 32;  // of one journey
constexpr std::size_t kClosedKept = 1024;

}  // namespace

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

Watch* HostImpl::StartWatch(const std::string& name, HostOptions::MaySee may_see) {
  auto* watch =
      new Watch([this, name](Watch* done) { WatchIsDone(name, done); }, std::move(may_see));
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

absl::StatusOr<std::unique_ptr<Host>> Host::Create(HostOptions options, HostObserver& observer) {
  // All conversations trust the same. Reports a wrong CA file now, not at the first step.
  options.browser.authorities = std::make_shared<Authorities>(options.browser.ca_file);
  const auto browser = Browser::Create(options.browser, options.profile.origins());
  if (!browser.ok()) return browser.status();
  return std::make_unique<HostImpl>(std::move(options), observer);
}

}  // namespace ilkimza::portal
