#include "agent/card/steps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

// Journeys whose last card step is remembered; a person has one.
constexpr std::size_t kMaxJourneys = 64;
// Calls that wait for their directive.
constexpr std::size_t kMaxEarly = 64;

absl::Status NotReady(std::string_view sentence) {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOURNEY_NOT_READY,
                   sentence);
}

// The serials a step allows. Steps before MATCH_CARD allow all; none are meant by an
// empty list later.
std::vector<std::string> AllowedSerials(const v1::RunStep& directive) {
  std::vector<std::string> serials(directive.card_serials().begin(),
                                   directive.card_serials().end());
  if (serials.empty() && !directive.facts().card_serial().empty()) {
    serials.push_back(directive.facts().card_serial());
  }
  return serials;
}

bool Contains(const std::vector<std::string>& serials, std::string_view serial) {
  return std::find(serials.begin(), serials.end(), serial) != serials.end();
}

v1::StepKind StepOf(AttemptKind kind) {
  switch (kind) {
    case AttemptKind::kVerify:
      return v1::STEP_KIND_PROVE_PIN;
    case AttemptKind::kChange:
      return v1::STEP_KIND_SET_OWN_PIN;
    case AttemptKind::kUnblock:
      return v1::STEP_KIND_UNBLOCK_PIN;
    case AttemptKind::kTestSign:
      return v1::STEP_KIND_TEST_SIGNATURE;
  }
  return v1::STEP_KIND_UNSPECIFIED;
}

}  // namespace

std::optional<StepEnd> EndOf(const Attempt& attempt) {
  const auto end = [&](v1::StepOutcome outcome, v1::ErrorReason reason) {
    return StepEnd{outcome, reason, attempt.serial, attempt.tries_left};
  };
  const bool puk = attempt.kind == AttemptKind::kUnblock;
  switch (attempt.result) {
    case AttemptResult::kNotSent:
    case AttemptResult::kRefused:
      return std::nullopt;
    case AttemptResult::kRight:
      if (attempt.kind == AttemptKind::kTestSign) return std::nullopt;
      return end(v1::STEP_OUTCOME_DONE, v1::ERROR_REASON_UNSPECIFIED);
    case AttemptResult::kSigned:
      return end(v1::STEP_OUTCOME_DONE, attempt.signer_trouble);
    case AttemptResult::kWrong:
      return end(v1::STEP_OUTCOME_REJECTED,
                 puk ? v1::ERROR_REASON_WRONG_PUK : v1::ERROR_REASON_WRONG_PIN);
    case AttemptResult::kBlocked:
      return end(v1::STEP_OUTCOME_STOPPED,
                 puk ? v1::ERROR_REASON_PUK_BLOCKED : v1::ERROR_REASON_PIN_BLOCKED);
    case AttemptResult::kSignatureInvalid:
      return end(v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_SIGNATURE_INVALID);
    case AttemptResult::kOpen:
    case AttemptResult::kUnknown:
      return end(v1::STEP_OUTCOME_UNKNOWN, v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  }
  return std::nullopt;
}

struct CardSteps::News {
  std::vector<v1::StepReport> reports;
  struct Turn {
    std::string journey;
    int64_t directive_id;
    v1::Actor turn;
  };
  std::vector<Turn> turns;
};

CardSteps::CardSteps(std::shared_ptr<Journal> journal, std::shared_ptr<Timer> timer, Clock& clock,
                     CardObserver& observer)
    : journal_(std::move(journal)), timer_(std::move(timer)), clock_(clock), observer_(observer) {}

void CardSteps::Tell(const News& news) {
  for (const auto& [journey, directive_id, turn] : news.turns) {
    observer_.OnTurn(journey, directive_id, turn);
  }
  for (const v1::StepReport& report : news.reports) {
    LogInfo("{} {} directive {}: {} {}", report.journey(), v1::StepKind_Name(report.step()),
            report.directive_id(), v1::StepOutcome_Name(report.outcome()),
            ReasonName(report.reason()));
    observer_.OnStepReport(report);
  }
}

v1::StepReport CardSteps::MakeReport(std::string_view journey, int64_t directive_id,
                                     v1::StepKind step, const StepEnd& end) {
  v1::StepReport report;
  report.set_journey(std::string(journey));
  report.set_directive_id(directive_id);
  report.set_step(step);
  report.set_outcome(end.outcome);
  report.set_reason(end.reason);
  report.set_card_serial(end.card_serial);
  report.set_tries_left(end.tries_left);
  *report.mutable_report_time() = ToProto(clock_.Now());
  return report;
}

void CardSteps::End(Entry& entry, const StepEnd& end, News& news) {
  timer_->Cancel(entry.deadline);
  entry.claimed = false;
  const v1::RunStep& directive = entry.directive;
  entry.report = MakeReport(directive.journey(), directive.directive_id(), directive.step(), end);
  if (directive.step() == v1::STEP_KIND_MATCH_CARD && end.outcome == v1::STEP_OUTCOME_REJECTED) {
    entry.refused = std::set<std::string>(serials_.begin(), serials_.end());
  }
  news.reports.push_back(*entry.report);
}

void CardSteps::Run(const v1::RunStep& directive) {
  if (!IsCardStep(directive.step()) || directive.journey().empty()) return;
  News news;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    const auto found = entries_.find(directive.journey());
    if (found != entries_.end()) {
      Direct(found->second, directive, news);
    } else {
      MakeRoom();
      Entry& entry = entries_[directive.journey()];
      entry.directive = directive;
      Start(entry, news);
    }
  }
  Tell(news);
  CallEarly([this](const Early& early) { return IsOpen(early.journey, early.step); });
}

void CardSteps::Direct(Entry& known, const v1::RunStep& directive, News& news) {
  const int64_t known_id = known.directive.directive_id();
  if (known_id > directive.directive_id()) return;
  if (known_id == directive.directive_id()) {
    if (known.report) news.reports.push_back(*known.report);
    return;
  }
  timer_->Cancel(known.deadline);
  const bool same_step = directive.step() == known.directive.step();
  if (known.claimed && same_step) {
    // The work under way answers the newer directive as well: were its result dropped,
    // the holder would be asked to do again what is done.
    known.directive = directive;
    known.stop_reason = v1::ERROR_REASON_UNSPECIFIED;
    ScheduleDeadline(known);
    news.turns.push_back({directive.journey(), directive.directive_id(), v1::ACTOR_AGENT});
    return;
  }
  Entry next{.directive = directive};
  // Asked anew for another reason than that refusal, it is told once more.
  const bool is_again = directive.last_reason() != v1::ERROR_REASON_UNSPECIFIED;
  if (same_step && is_again) next.refused = std::move(known.refused);
  known = std::move(next);
  Start(known, news);
}

void CardSteps::MakeRoom() {
  if (entries_.size() < kMaxJourneys) return;
  const auto ended = std::find_if(entries_.begin(), entries_.end(),
                                  [](const auto& entry) { return entry.second.report; });
  const auto victim = ended != entries_.end() ? ended : entries_.begin();
  timer_->Cancel(victim->second.deadline);
  entries_.erase(victim);
}

void CardSteps::Start(Entry& entry, News& news) {
  const v1::RunStep& directive = entry.directive;
  const auto attempt = journal_->FindDirective(directive.journey(), directive.directive_id());
  if (attempt && StepOf(attempt->kind) == directive.step()) {
    if (const auto end = EndOf(*attempt)) {
      End(entry, *end, news);
      return;
    }
  }
  ScheduleDeadline(entry);
  news.turns.push_back({directive.journey(), directive.directive_id(), v1::ACTOR_HOLDER});
  // Directed again, but by an agent that does not know what it refused: what is there
  // now counts as refused already, unless it fits.
  if (directive.step() == v1::STEP_KIND_MATCH_CARD && !entry.refused &&
      directive.last_reason() != v1::ERROR_REASON_UNSPECIFIED) {
    entry.refused = std::set<std::string>(serials_.begin(), serials_.end());
  }
  LookAtCards(entry, news);
}

void CardSteps::ScheduleDeadline(Entry& entry) {
  const absl::Time deadline = FromProto(entry.directive.deadline());
  if (deadline == absl::InfinitePast()) return;
  entry.deadline = timer_->Schedule(deadline - clock_.Now(),
                                    [weak = weak_from_this(), journey = entry.directive.journey(),
                                     id = entry.directive.directive_id()] {
                                      if (const auto self = weak.lock())
                                        self->OnDeadline(journey, id);
                                    });
}

void CardSteps::LookAtCards(Entry& entry, News& news) {
  if (entry.report) return;
  const v1::RunStep& directive = entry.directive;
  switch (directive.step()) {
    case v1::STEP_KIND_PREPARE_CHIP:
    case v1::STEP_KIND_INSERT_CARD:
      if (!serials_.empty()) {
        End(entry, {.outcome = v1::STEP_OUTCOME_DONE, .card_serial = serials_.front()}, news);
      }
      return;
    case v1::STEP_KIND_MATCH_CARD:
      break;
    default:
      return;
  }
  MatchCard(entry, news);
}

void CardSteps::MatchCard(Entry& entry, News& news) {
  const std::vector<std::string> allowed = AllowedSerials(entry.directive);
  const std::set<std::string> shown(serials_.begin(), serials_.end());
  std::vector<std::string> matching;
  for (const std::string& serial : shown) {
    if (Contains(allowed, serial)) matching.push_back(serial);
  }
  // While a reader's card is still being asked, it may be one that is allowed as well.
  if (matching.size() == 1 && (settled_ || allowed.size() == 1)) {
    End(entry, {.outcome = v1::STEP_OUTCOME_DONE, .card_serial = matching.front()}, news);
    return;
  }
  if (!settled_) return;
  // Between two cards there is none: nobody has to be told that.
  if (entry.refused && (shown.empty() || shown == *entry.refused)) {
    if (shown.empty()) entry.refused = shown;
    return;
  }
  // More than one that fits is told as none: the readers show which.
  const v1::ErrorReason reason =
      shown.empty() ? v1::ERROR_REASON_NO_CARD : v1::ERROR_REASON_SERIAL_MISMATCH;
  End(entry,
      {.outcome = v1::STEP_OUTCOME_REJECTED,
       .reason = reason,
       .card_serial = shown.empty() ? "" : serials_.front()},
      news);
}

void CardSteps::OnCards(const std::vector<std::string>& serials, bool settled) {
  News news;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    serials_ = serials;
    settled_ = settled;
    for (auto& [journey, entry] : entries_) LookAtCards(entry, news);
  }
  Tell(news);
}

void CardSteps::StopEntry(Entry& entry, v1::ErrorReason reason, News& news) {
  if (entry.report) {
    news.reports.push_back(*entry.report);
  } else if (entry.claimed) {
    entry.stop_reason = reason;
  } else {
    End(entry, {.outcome = v1::STEP_OUTCOME_STOPPED, .reason = reason}, news);
  }
}

void CardSteps::Stop(std::string_view journey, int64_t directive_id) {
  News news;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(journey);
    if (closed_ || found == entries_.end() ||
        found->second.directive.directive_id() != directive_id) {
      return;
    }
    StopEntry(found->second, v1::ERROR_REASON_CANCELLED, news);
  }
  Tell(news);
}

void CardSteps::OnDeadline(const std::string& journey, int64_t directive_id) {
  News news;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(journey);
    if (closed_ || found == entries_.end() || found->second.report ||
        found->second.directive.directive_id() != directive_id) {
      return;
    }
    StopEntry(found->second, v1::ERROR_REASON_STEP_TIMEOUT, news);
  }
  Tell(news);
}

void CardSteps::Forget(std::string_view journey) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(journey);
  if (found == entries_.end()) return;
  timer_->Cancel(found->second.deadline);
  entries_.erase(found);
}

std::vector<v1::AttachAgentRequest::Conversation> CardSteps::Open() const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::AttachAgentRequest::Conversation> open;
  for (const auto& [journey, entry] : entries_) {
    if (entry.report) continue;
    open.emplace_back();
    open.back().set_journey(journey);
    open.back().set_directive_id(entry.directive.directive_id());
  }
  return open;
}

void CardSteps::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto& [journey, entry] : entries_) timer_->Cancel(entry.deadline);
  }
  CallEarly([](const Early&) { return true; });
}

void CardSteps::ReportInterrupted(const std::vector<Attempt>& attempts) {
  News news;
  for (Attempt attempt : attempts) {
    LogWarning("attempt {} on card {} was interrupted: whether it counted is not known",
               attempt.number, attempt.serial);
    const absl::Status written = journal_->Finish(attempt.number, AttemptResult::kUnknown, -1);
    if (!written.ok()) LogError("{}", std::string(written.message()));
    attempt.result = AttemptResult::kUnknown;
    if (attempt.journey.empty()) continue;
    news.reports.push_back(
        MakeReport(attempt.journey, attempt.directive_id, StepOf(attempt.kind), *EndOf(attempt)));
  }
  Tell(news);
}

bool CardSteps::IsOpen(std::string_view journey, v1::StepKind step) const {
  const auto found = entries_.find(journey);
  return found != entries_.end() && !found->second.report && found->second.directive.step() == step;
}

void CardSteps::WhenDirected(std::string_view journey, v1::StepKind step, absl::Duration patience,
                             std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !IsOpen(journey, step) && early_.size() < kMaxEarly) {
      const uint64_t id = next_early_++;
      const Timer::Id timer = timer_->Schedule(patience, [weak = weak_from_this(), id] {
        const auto self = weak.lock();
        if (self) self->CallEarly([id](const Early& early) { return early.id == id; });
      });
      early_.push_back({id, std::string(journey), step, std::move(then), timer});
      return;
    }
  }
  then();
}

void CardSteps::CallEarly(const std::function<bool(const Early&)>& due) {
  std::vector<Early> called;
  {
    const std::lock_guard lock(mutex_);
    for (auto early = early_.begin(); early != early_.end();) {
      if (!due(*early)) {
        ++early;
        continue;
      }
      timer_->Cancel(early->timer);
      called.push_back(std::move(*early));
      early = early_.erase(early);
    }
  }
  for (const Early& early : called) early.then();
}

absl::StatusOr<ClaimedStep> CardSteps::Claim(std::string_view journey, v1::StepKind step,
                                             std::string_view serial) {
  ClaimedStep claim;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(journey);
    if (closed_ || !IsOpen(journey, step)) {
      return NotReady(
          "The journey is not at a step that asks for this now. Look at its current step: "
          "ilkimza journey show.");
    }
    Entry& entry = found->second;
    if (entry.claimed) {
      return NotReady("This step is under way already. Wait for its result.");
    }
    if (!Contains(AllowedSerials(entry.directive), serial)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_SERIAL_MISMATCH,
                       "This is not the card of the journey, so nothing was sent to it. Put in "
                       "the chip whose serial number the portal shows.");
    }
    entry.claimed = true;
    claim = {entry.directive.journey(), entry.directive.directive_id(), step,
             entry.directive.facts().own_pin_unknown()};
  }
  Tell({.reports = {}, .turns = {{claim.journey, claim.directive_id, v1::ACTOR_AGENT}}});
  return claim;
}

CardSteps::Entry* CardSteps::Find(const ClaimedStep& claim) {
  const auto found = entries_.find(claim.journey);
  if (closed_ || found == entries_.end() || !found->second.claimed ||
      found->second.directive.step() != claim.step) {
    return nullptr;
  }
  return &found->second;
}

void CardSteps::Report(const ClaimedStep& claim, const StepEnd& end) {
  News news;
  {
    const std::lock_guard lock(mutex_);
    Entry* entry = Find(claim);
    if (entry == nullptr) return;  // forgotten or replaced meanwhile; the journal knows
    End(*entry, end, news);
  }
  Tell(news);
}

void CardSteps::Release(const ClaimedStep& claim) {
  News news;
  {
    const std::lock_guard lock(mutex_);
    Entry* entry = Find(claim);
    if (entry == nullptr) return;
    entry->claimed = false;
    if (entry->stop_reason != v1::ERROR_REASON_UNSPECIFIED) {
      StopEntry(*entry, entry->stop_reason, news);
    } else {
      news.turns.push_back({claim.journey, entry->directive.directive_id(), v1::ACTOR_HOLDER});
    }
  }
  Tell(news);
}

}  // namespace ilkimza::agent
