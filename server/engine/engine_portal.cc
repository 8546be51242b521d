// What the fleet as a whole has to say about a step on the portal, before it is handed
// out: its pace there, and whether the portal's screens are those that are known.
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "server/engine/entry.h"
#include "server/journey/advance.h"

namespace ilkimza::server {
namespace {

// Nobody knows when an operator has looked at a screen that changed: whoever waits for
// that goes on at once then, and looks again after this in any case.
constexpr absl::Duration kLookAgain = absl::Hours(1);

}  // namespace

v1::JourneyEvent Engine::GoOn(const std::string& actor) const {
  v1::JourneyEvent event = NewEvent();
  event.mutable_retry_requested()->set_actor(actor);
  return event;
}

std::optional<Engine::Hold> Engine::WhyNotNow(const v1::Journey& journey) {
  const absl::Time now = options_.clock->Now();
  if (drift_.Pauses(journey, ProfileVersionOf(journey)))
    return Hold{v1::ERROR_REASON_SCREEN_DRIFTED, now + kLookAgain};
  const auto until = pace_.Ask(journey, now);
  if (!until) return std::nullopt;
  return Hold{v1::ERROR_REASON_PORTAL_PACED, *until};
}

int Engine::ProfileVersionOf(const v1::Journey& journey) const {
  const auto version = [&](const v1::HostProfile& profile) {
    return profile.name() == journey.profile() ? profile.version() : 0;
  };
  if (journey.portal_host() == v1::PORTAL_HOST_SERVER) return version(options_.profile);
  const auto attached = attached_.find(journey.agent());
  return attached == attached_.end() ? 0 : version(attached->second.profile);
}

bool Engine::IsFreeAgain(const EntryPtr& entry) const {
  if (entry->journey == nullptr || !entry->journey->has_resume_time()) return false;
  return entry->journey->reason() == v1::ERROR_REASON_SCREEN_DRIFTED &&
         !drift_.Pauses(*entry->journey, ProfileVersionOf(*entry->journey));
}

void Engine::HoldBack(const EntryPtr& entry, JourneyPtr& journey,
                      std::vector<v1::JourneyEvent>& events, std::vector<Directive>& directives) {
  const int64_t directive = journey->directive_id();
  const bool is_new =
      directive != 0 && (entry->journey == nullptr || entry->journey->directive_id() != directive);
  if (!is_new) return;
  const auto hold = WhyNotNow(*journey);
  if (!hold) return;
  v1::JourneyEvent event = NewEvent();
  auto* report = event.mutable_step_reported()->mutable_report();
  report->set_journey(journey->name());
  report->set_directive_id(directive);
  report->set_step(journey->current_step());
  report->set_outcome(v1::STEP_OUTCOME_UNAVAILABLE);
  report->set_reason(hold->reason);
  report->set_tries_left(-1);
  *report->mutable_report_time() = ToProto(hold->until);
  const auto held = CopyOf(*journey);
  if (!AdvanceInPlace(*held, event, options_.policy, directives)) return;
  std::erase_if(directives, [&](const Directive& one) {
    return one.message.has_run_step() && one.message.run_step().directive_id() == directive;
  });
  journey = held;
  event.set_revision(journey->revision());
  events.push_back(std::move(event));
}

void Engine::Invite(Calls& calls) {
  for (const std::string& name : pace_.Invite(options_.clock->Now())) {
    const EntryPtr entry = Find(name);
    if (entry == nullptr) continue;
    Pending pending;
    pending.events.push_back(GoOn("server"));
    Post(entry, std::move(pending), calls);
  }
  WakeClock();
}

std::vector<FleetPace::Portal> Engine::Portals() {
  const std::lock_guard lock(mutex_);
  return pace_.Portals();
}

std::vector<v1::PortalScreen> Engine::Screens(bool changed_only) {
  const std::lock_guard lock(mutex_);
  return drift_.Screens(changed_only);
}

absl::StatusOr<v1::PortalScreen> Engine::AcceptScreen(const std::string& name,
                                                      const std::string& accepter) {
  Locked locked(*this);
  ILKIMZA_ASSIGN_OR_RETURN(v1::PortalScreen screen,
                           drift_.Accept(name, accepter, options_.clock->Now()));
  std::vector<EntryPtr> held;
  for (const auto& [unused, entry] : entries_) {
    if (entry->journey == nullptr || !entry->journey->has_resume_time()) continue;
    if (entry->journey->reason() == v1::ERROR_REASON_SCREEN_DRIFTED) held.push_back(entry);
  }
  for (const EntryPtr& entry : held) {
    Pending pending;
    pending.events.push_back(GoOn(accepter));
    Post(entry, std::move(pending), locked.calls);
  }
  return screen;
}

}  // namespace ilkimza::server
