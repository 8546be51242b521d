#include "clients/sdk/guide.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace ilkimza::client {
namespace {

constexpr int kJourneysLookedAt = 50;
// How long a screen is waited for that may not come.
constexpr absl::Duration kScreenWait = absl::Seconds(1);

bool Ended(v1::JourneyState state) {
  return state == v1::JOURNEY_STATE_SUCCEEDED || state == v1::JOURNEY_STATE_CANCELLED ||
         state == v1::JOURNEY_STATE_FAILED;
}

Outcome OutcomeOf(v1::JourneyState state) {
  switch (state) {
    case v1::JOURNEY_STATE_SUCCEEDED:
      return Outcome::kSucceeded;
    case v1::JOURNEY_STATE_CANCELLED:
      return Outcome::kCancelled;
    default:
      return Outcome::kFailed;
  }
}

}  // namespace

Guide::Guide(GuideOptions options) : options_(std::move(options)) {}

std::vector<GuideAction> Guide::TakeActions() { return std::exchange(actions_, {}); }

void Guide::Emit(GuideEvent event) { actions_.emplace_back(EmitEvent{std::move(event)}); }

void Guide::Send(Pending pending, GuideRequest request) {
  pending.id = ++last_call_;
  actions_.emplace_back(MakeCall{pending.id, std::move(request)});
  pending_.push_back(std::move(pending));
}

void Guide::Finish(Outcome outcome, absl::Status error) {
  if (finished_) return;
  if (prompt_) Close(v1::ERROR_REASON_UNSPECIFIED);
  finished_ = true;
  portal_cards_.clear();
  portal_phone_.Wipe();
  portal_email_.Wipe();
  proven_pin_.Wipe();
  trying_pin_.Wipe();
  Emit(Finished{outcome, journey_, std::move(error)});
}

// -- Finding and creating --

void Guide::Begin() {
  v1::ListJourneysRequest request;
  request.set_active_only(true);
  request.set_page_size(kJourneysLookedAt);
  Send({.purpose = Purpose::kFind}, std::move(request));
}

void Guide::OnFound(const v1::ListJourneysResponse& found) {
  for (const v1::Journey& journey : found.journeys()) {
    if (Ended(journey.state())) continue;
    // What cannot be undone is never gone on with unless it is asked for by name.
    const bool any = options_.goal == v1::GOAL_UNSPECIFIED;
    if (any ? journey.goal() == v1::GOAL_REVOKE_CERTIFICATE : journey.goal() != options_.goal) {
      continue;
    }
    Adopt(journey, /*resumed=*/true);
    return;
  }
  CreateOrAsk();
}

void Guide::CreateOrAsk() {
  // There is nothing to cancel, and so nothing to begin either.
  if (cancel_wanted_) return Finish(Outcome::kCancelled);
  if (options_.goal == v1::GOAL_RESET_SECURITY_WORD) {
    Create(/*forgotten=*/true);
  } else if (options_.forgotten) {
    Create(*options_.forgotten);
  } else {
    asking_word_ = true;
    Settle();
  }
}

void Guide::Create(bool forgotten) {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_goal(options_.goal == v1::GOAL_UNSPECIFIED ? v1::GOAL_GET_PIN
                                                                            : options_.goal);
  request.mutable_journey()->set_security_word_forgotten(forgotten);
  request.mutable_journey()->set_portal_host(options_.portal_host);
  request.mutable_journey()->set_guided(options_.guided);
  if (create_request_id_.empty()) create_request_id_ = options_.new_request_id();
  request.set_request_id(create_request_id_);
  asking_word_ = false;
  created_forgotten_ = forgotten;
  Send({.purpose = Purpose::kCreate}, std::move(request));
}

void Guide::OnCreateFailed(const absl::Status& status) {
  if (ReasonOf(status) == v1::ERROR_REASON_JOURNEY_EXISTS) {
    const ErrorMetadata metadata = MetadataOf(status);
    if (const auto journey = metadata.find("journey"); journey != metadata.end()) {
      v1::GetJourneyRequest request;
      request.set_name(journey->second);
      Send({.purpose = Purpose::kAdopt}, std::move(request));
      return;
    }
  }
  // The answer may have been lost on the way back; the same request_id makes a
  // second call harmless.
  if (absl::IsUnavailable(status) && !create_repeated_) {
    create_repeated_ = true;
    Create(created_forgotten_);
    return;
  }
  Finish(Outcome::kError, status);
}

void Guide::Adopt(v1::Journey journey, bool resumed) {
  resumed_ = resumed;
  awaits_screen_ = resumed;
  if (resumed) actions_.emplace_back(WakeAfter{kScreenWait});
  actions_.emplace_back(StartWatches{journey.name()});
  OnJourney(std::move(journey));
  if (std::exchange(cancel_wanted_, false) && !finished_) SendCancel("");
}

// -- What the watches tell --

void Guide::OnJourney(v1::Journey journey) {
  if (finished_) return;
  journey_lost_ = absl::OkStatus();
  if (journey_ && journey.revision() < journey_->revision()) return Settle();
  const bool told =
      journey_ && journey.revision() == journey_->revision() && journey.turn() == journey_->turn();
  const std::optional<v1::Journey> before = std::exchange(journey_, std::move(journey));
  if (!told) {
    Emit(JourneySeen{*journey_, resumed_});
    if (before) EmitStepChanges(*before, *journey_);
  }
  if (!before || before->directive_id() != journey_->directive_id() ||
      before->current_step() != journey_->current_step()) {
    if (!before || before->current_step() != journey_->current_step()) {
      last_try_reason_ = v1::ERROR_REASON_UNSPECIFIED;
    }
    ForgetCard();
  }
  if (journey_->facts().own_pin_set()) {
    portal_cards_.clear();
    proven_pin_.Wipe();
  }
  Settle();
}

void Guide::EmitStepChanges(const v1::Journey& before, const v1::Journey& after) {
  std::map<v1::StepKind, v1::StepState> states;
  for (const v1::Step& step : before.steps()) states[step.kind()] = step.state();
  for (const v1::Step& step : after.steps()) {
    const auto old = states.find(step.kind());
    if (old != states.end() && old->second == step.state()) continue;
    Emit(StepChanged{step.kind(), step.state(), step.reason()});
  }
}

void Guide::OnReaders(const v1::WatchReadersResponse& readers) {
  if (finished_) return;
  readers_lost_ = absl::OkStatus();
  const bool same = readers_ && readers_->SerializeAsString() == readers.SerializeAsString();
  readers_ = readers;
  if (!same) ForgetChips();
  if (!same || !card_) ForgetCard();
  Settle();
}

void Guide::OnWatchLost(Watch watch, const absl::Status& why) {
  if (finished_) return;
  const v1::ErrorReason reason = ReasonOf(why);
  switch (watch) {
    case Watch::kJourney:
      if (reason == v1::ERROR_REASON_JOURNEY_NOT_FOUND || reason == v1::ERROR_REASON_NOT_ALLOWED) {
        return Finish(Outcome::kError, why);
      }
      journey_lost_ = why;
      break;
    case Watch::kScreen:
      screen_.reset();
      ++screen_epoch_;
      awaits_screen_ = false;
      break;
    case Watch::kReaders:
      readers_lost_ = why;
      readers_.reset();
      ForgetChips();
      ForgetCard();
      break;
  }
  Settle();
}

void Guide::OnWake() {
  awaits_screen_ = false;
  if (!card_trouble_.ok()) ForgetCard();
  Settle();
}

// -- What the holder does --

void Guide::Cancel() {
  if (finished_) return;
  if (journey_) return SendCancel("");
  // Which journey it is may be on its way here.
  cancel_wanted_ = !pending_.empty();
  if (!cancel_wanted_) Finish(Outcome::kCancelled);
}

void Guide::SendCancel(std::string prompt_id) {
  v1::CancelJourneyRequest request;
  request.set_name(journey_->name());
  request.set_request_id(options_.new_request_id());
  Send({.purpose = Purpose::kCancel, .prompt_id = std::move(prompt_id)}, std::move(request));
}

void Guide::Leave() {
  if (finished_) return;
  // What becomes of the journey is not known before.
  leave_wanted_ = CancelUnderWay();
  if (leave_wanted_) return;
  const bool stopped = journey_ && journey_->state() == v1::JOURNEY_STATE_STOPPED;
  Finish(stopped ? Outcome::kStopped : Outcome::kLeft);
}

void Guide::OnInputEnded() {
  input_ended_ = true;
  if (prompt_ && !AnswerUnderWay()) Leave();
}

void Guide::Refuse(std::string id, absl::Status status) {
  Emit(Refused{std::move(id), std::move(status), Hotline()});
}

void Guide::OnAnswer(Answer answer) {
  if (finished_) return;
  if (!prompt_ || answer.prompt_id != prompt_->id || AnswerUnderWay()) {
    return Refuse(answer.prompt_id.substr(0, 64),
                  MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_SCREEN_CHANGED,
                            "this prompt is over or was answered already; nothing was sent"));
  }
  if (absl::Status status = CheckAnswer(*prompt_, answer); !status.ok()) {
    return Refuse(prompt_->id, std::move(status));
  }
  if (answer.Flag("reveal")) return Reveal();
  switch (prompt_->kind) {
    case PromptKind::kWordKnown: {
      const bool forgotten = !answer.Flag("known");
      Take();
      Create(forgotten);
      break;
    }
    case PromptKind::kStopped:
      AnswerStopped(answer);
      break;
    case PromptKind::kProvePin:
    case PromptKind::kSetOwnPin:
    case PromptKind::kTestSignature:
    case PromptKind::kUnblockPin:
      if (answer.Flag("by_code")) {
        Retry(v1::WAY_UNSPECIFIED);
      } else {
        AnswerCard(answer);
      }
      break;
    case PromptKind::kOtherChip:
      Retry(v1::WAY_UNSPECIFIED);
      break;
    default:
      if (answer.Flag("driven")) {
        Retry(v1::WAY_DRIVEN);
      } else {
        AnswerScreen(answer);
      }
      break;
  }
}

void Guide::AnswerStopped(const Answer& answer) {
  if (answer.Flag("leave")) {
    Take();
    return Leave();
  }
  if (answer.Flag("cancel")) return SendCancel(prompt_->id);
  Retry(answer.Flag("guided")   ? v1::WAY_GUIDED
        : answer.Flag("driven") ? v1::WAY_DRIVEN
                                : v1::WAY_UNSPECIFIED);
}

bool Guide::MayTurn(v1::Way way) const {
  const auto& ways = journey_->other_ways();
  return std::find(ways.begin(), ways.end(), way) != ways.end();
}

void Guide::Retry(v1::Way way) {
  v1::RetryJourneyRequest request;
  request.set_name(journey_->name());
  request.set_way(way);
  request.set_request_id(options_.new_request_id());
  turning_ = !prompt_;
  Send({.purpose = Purpose::kRetry,
        .prompt_id = prompt_ ? prompt_->id : "",
        .screen_id = screen_ ? screen_->screen_id() : 0,
        .epoch = screen_epoch_},
       std::move(request));
}

// -- Results of calls --

void Guide::OnResult(uint64_t id, absl::StatusOr<GuideResponse> result) {
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& pending) { return pending.id == id; });
  if (found == pending_.end()) return;
  const Pending pending = std::move(*found);
  pending_.erase(found);
  if (finished_) return;
  switch (pending.purpose) {
    case Purpose::kFind:
      if (!result.ok()) return Finish(Outcome::kError, result.status());
      return OnFound(std::get<v1::ListJourneysResponse>(*result));
    case Purpose::kAdopt:
      if (!result.ok()) return Finish(Outcome::kError, result.status());
      return Adopt(std::get<v1::Journey>(*std::move(result)), /*resumed=*/true);
    case Purpose::kCreate:
      if (!result.ok()) return OnCreateFailed(result.status());
      return Adopt(std::get<v1::Journey>(*std::move(result)), /*resumed=*/false);
    case Purpose::kRetry:
    case Purpose::kCancel:
      return OnDecisionResult(pending, std::move(result));
    case Purpose::kAnswer:
      return OnScreenAnswered(pending, result.status());
    case Purpose::kCards:
      return OnCards(std::move(result), pending.lookup);
    case Purpose::kPinState:
      return OnPinState(std::move(result), pending.lookup);
    case Purpose::kCardTry:
      return OnCardTryResult(pending, result.status());
    case Purpose::kChips:
      return OnChips(std::move(result), pending.lookup);
    case Purpose::kChipCertificates:
      return OnChipCertificates(pending, std::move(result));
  }
}

void Guide::OnDecisionResult(const Pending& pending, absl::StatusOr<GuideResponse> result) {
  turning_ = false;
  if (!result.ok()) {
    Refuse(pending.prompt_id, result.status());
    return Settle();
  }
  // What was on the screen then is of the past, also where the step is the same.
  if (pending.screen_id != 0) answered_screen_ = {pending.epoch, pending.screen_id};
  if (prompt_ && prompt_->id == pending.prompt_id) Take();
  OnJourney(std::get<v1::Journey>(*std::move(result)));
}

// -- What is wanted now --

bool Guide::AnswerUnderWay() const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [](const Pending& pending) { return !pending.prompt_id.empty(); });
}

bool Guide::CancelUnderWay() const {
  return cancel_wanted_ ||
         std::any_of(pending_.begin(), pending_.end(),
                     [](const Pending& pending) { return pending.purpose == Purpose::kCancel; });
}

std::string Guide::Hotline() const { return journey_ ? journey_->hotline() : std::string(); }

void Guide::Open(Prompt prompt) {
  prompt.id = std::to_string(++last_prompt_);
  // A screen may say more.
  if (prompt.hotline.empty()) prompt.hotline = Hotline();
  prompt_ = prompt;
  Emit(Prompted{std::move(prompt)});
}

void Guide::Close(v1::ErrorReason reason) {
  Emit(PromptClosed{prompt_->id, reason});
  prompt_.reset();
  wanted_key_.clear();
}

void Guide::Take() {
  Emit(AnswerTaken{prompt_->id});
  prompt_.reset();
  wanted_key_.clear();
}

void Guide::Settle() {
  if (finished_) return;
  // The prompt's fate is told by the result of the call, also where the journey has
  // ended by that answer.
  if (AnswerUnderWay()) return;
  if (journey_ && Ended(journey_->state())) return Finish(OutcomeOf(journey_->state()));
  if (CancelUnderWay()) return;
  if (leave_wanted_) return Leave();
  if (journey_ && TurnsByItself()) return;
  if (WantsCard()) LookForCard();
  if (WantsChips()) LookForChips();
  Wanted wanted = Want();
  // What was typed was refused, and nothing else will be typed.
  if (wanted.key == wanted_key_ && prompt_ && input_ended_) return Leave();
  if (wanted.key == wanted_key_) return;
  if (prompt_) Close(journey_ ? journey_->reason() : v1::ERROR_REASON_UNSPECIFIED);
  wanted_key_ = std::move(wanted.key);
  if (wanted.prompt) {
    if (input_ended_) return Leave();
    Open(*std::move(wanted.prompt));
  } else if (wanted.waiting) {
    wanted.waiting->hotline = Hotline();
    Emit(*wanted.waiting);
  }
}

Guide::Wanted Guide::Want() const {
  if (!journey_) {
    if (!asking_word_) return {};
    Prompt prompt;
    prompt.kind = PromptKind::kWordKnown;
    prompt.forms = {{{"known"}}};
    return {"word_known", std::move(prompt), std::nullopt};
  }
  if (!readers_lost_.ok()) {
    return {"wait/agent", std::nullopt,
            Waiting{WaitFor::kAgent, journey_->current_step(), ReasonOf(readers_lost_)}};
  }
  if (journey_->state() == v1::JOURNEY_STATE_STOPPED) return WantStopped();
  if (Wanted screen = WantScreen(); !screen.key.empty()) return screen;
  if (journey_->state() == v1::JOURNEY_STATE_ACTIVE) {
    if (Wanted card = WantCardStep(); !card.key.empty()) return card;
  }
  return WantWait();
}

// Asked for when the program was started: no need to ask again.
bool Guide::TurnsByItself() {
  if (!options_.guided || turned_ || !resumed_ || !MayTurn(v1::WAY_GUIDED)) return false;
  turned_ = true;
  Retry(v1::WAY_GUIDED);
  return true;
}

Guide::Wanted Guide::WantStopped() const {
  if (turning_) return {};
  Prompt prompt;
  prompt.kind = PromptKind::kStopped;
  prompt.journey = journey_->name();
  prompt.step = journey_->current_step();
  prompt.reason = journey_->reason();
  prompt.ways_on = WaysOn(*journey_);
  prompt.forms = {{{"retry"}}};
  if (MayTurn(v1::WAY_GUIDED)) prompt.forms.push_back({{"guided"}});
  if (MayTurn(v1::WAY_DRIVEN)) prompt.forms.push_back({{"driven"}});
  prompt.forms.push_back({{"leave"}});
  prompt.forms.push_back({{"cancel"}});
  return {"stopped/" + std::to_string(journey_->revision()), std::move(prompt), std::nullopt};
}

Guide::Wanted Guide::WantWait() const {
  const auto wait = [&](std::string key, WaitFor what, v1::ErrorReason reason, absl::Time resume) {
    return Wanted{std::move(key), std::nullopt,
                  Waiting{what, journey_->current_step(), reason, resume}};
  };
  if (!journey_lost_.ok()) {
    return wait("wait/server", WaitFor::kServer, ReasonOf(journey_lost_), absl::InfiniteFuture());
  }
  if (journey_->state() != v1::JOURNEY_STATE_WAITING) return {};
  const absl::Time resume =
      journey_->has_resume_time() ? FromProto(journey_->resume_time()) : absl::InfiniteFuture();
  const std::string key = std::to_string(journey_->revision());
  if (journey_->turn() == v1::ACTOR_AGENT) {
    const v1::ErrorReason reason = journey_->reason() == v1::ERROR_REASON_UNSPECIFIED
                                       ? v1::ERROR_REASON_AGENT_NOT_ATTACHED
                                       : journey_->reason();
    return wait("wait/attach/" + key, WaitFor::kAgent, reason, resume);
  }
  return wait("wait/portal/" + key, WaitFor::kPortal, journey_->reason(), resume);
}

}  // namespace ilkimza::client
