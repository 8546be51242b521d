#include "agent/card/attempts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/card/pinpad.h"
#include "base/error.h"
#include "base/log.h"
#include "base/validity.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxRequestId = 64;
constexpr std::size_t kKeptAnswers = 256;

absl::Status BadField(std::string_view field, std::string_view sentence) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD, sentence,
                   {{"field", std::string(field)}});
}

bool WellFormed(std::string_view request_id) {
  return request_id.size() <= kMaxRequestId &&
         std::all_of(request_id.begin(), request_id.end(), [](char c) {
           return c == '-' || absl::ascii_isalnum(static_cast<unsigned char>(c));
         });
}

v1::StepKind StepOf(AttemptKind kind) {
  switch (kind) {
    case AttemptKind::kVerify:
      return v1::STEP_KIND_PROVE_PIN;
    case AttemptKind::kChange:
      return v1::STEP_KIND_SET_OWN_PIN;
    case AttemptKind::kTestSign:
      return v1::STEP_KIND_TEST_SIGNATURE;
    case AttemptKind::kUnblock:
      return v1::STEP_KIND_UNBLOCK_PIN;
  }
  return v1::STEP_KIND_UNSPECIFIED;
}

// Whether the result is an answer for good: a PIN was looked at, or may have been.
bool IsFinal(const Attempt& attempt) {
  switch (attempt.result) {
    case AttemptResult::kNotSent:
    case AttemptResult::kRefused:
      return false;
    case AttemptResult::kRight:
      return attempt.kind != AttemptKind::kTestSign;
    default:
      return true;
  }
}

// What a card says instead of sending: see Card::Verify.
bool WasNotSent(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_CARD_RESET:
    case v1::ERROR_REASON_CARD_BUSY:
    case v1::ERROR_REASON_OPERATION_UNSUPPORTED:
    case v1::ERROR_REASON_NO_PINPAD:
    case v1::ERROR_REASON_PINPAD_CANCELLED:
    case v1::ERROR_REASON_PINPAD_TIMEOUT:
    case v1::ERROR_REASON_SHUTTING_DOWN:
      return true;
    default:
      return false;
  }
}

AttemptResult ResultOf(const AttemptWork& work, const absl::Status& status) {
  if (!work.answer) {
    const bool not_sent = WasNotSent(ReasonOf(status)) || KeysSentNothing(status);
    return not_sent ? AttemptResult::kNotSent : AttemptResult::kUnknown;
  }
  switch (work.answer->verdict) {
    case PinVerdict::kRight:
      if (!work.signature_checked) return AttemptResult::kRight;
      // Whatever became of the card after that.
      return work.signature_fits ? AttemptResult::kSigned : AttemptResult::kSignatureInvalid;
    case PinVerdict::kWrong:
      return AttemptResult::kWrong;
    case PinVerdict::kBlocked:
      return AttemptResult::kBlocked;
    case PinVerdict::kRefused:
      return AttemptResult::kRefused;
    case PinVerdict::kUnknown:
      return AttemptResult::kUnknown;
  }
  return AttemptResult::kUnknown;
}

int TriesLeftOf(const AttemptWork& work) {
  if (work.answer && work.answer->tries_left) return *work.answer->tries_left;
  // Unset where the card was not asked any more.
  const bool asked = work.pin_state.tries_left() != v1::TRIES_LEFT_UNSPECIFIED;
  if (!asked) return -1;
  return work.kind == AttemptKind::kUnblock ? work.pin_state.puk_tries_left_count()
                                            : work.pin_state.tries_left_count();
}

v1::PinState UnknownPinState() {
  v1::PinState state;
  state.set_tries_left(v1::TRIES_LEFT_UNKNOWN);
  state.set_tries_left_count(-1);
  return state;
}

}  // namespace

absl::Status StatusOf(const Attempt& attempt) {
  ErrorMetadata tries;
  if (attempt.tries_left >= 0) tries["tries_left"] = absl::StrCat(attempt.tries_left);
  switch (attempt.result) {
    case AttemptResult::kRight:
    case AttemptResult::kSigned:
      return absl::OkStatus();
    case AttemptResult::kWrong:
      if (attempt.kind == AttemptKind::kUnblock) {
        return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_WRONG_PUK,
                         "The card says that this PUK is wrong. Look it up before you try again: "
                         "without tries left the card is of no use any more.",
                         tries);
      }
      return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_WRONG_PIN,
                       "The card says that this PIN is wrong. Look it up before you try again.",
                       tries);
    case AttemptResult::kBlocked:
      return attempt.kind == AttemptKind::kUnblock ? PukBlocked() : PinBlocked();
    case AttemptResult::kSignatureInvalid:
      return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_SIGNATURE_INVALID,
                       "The card signed, but the signature does not fit its certificate. Do not "
                       "use the card; ask the certificate's issuer.");
    case AttemptResult::kNotSent:
    case AttemptResult::kRefused:
      return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
                       "The card did not take the command, and no try was spent. Take it out, put "
                       "it in again and try once more.",
                       tries);
    case AttemptResult::kOpen:
    case AttemptResult::kUnknown:
      break;
  }
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
                   "The card's answer to the PIN never came: whether the try counted is not "
                   "known. Put the card in again and look at the tries left.",
                   tries);
}

struct Attempts::Run {
  AttemptCall call;
  CardFacts facts;
  std::shared_ptr<CardFamily> family;
  std::optional<ClaimedStep> claim;
  AttemptWork work;
  // As the journal has it; number 0 while it has not.
  Attempt attempt;
  // Without a request id: who asked.
  Done done;
};

Attempts::Request* Attempts::FindRequest(const std::string& request_id) {
  const auto known = requests_.find(request_id);
  if (known != requests_.end()) return &known->second;
  const auto attempt = parts_.journal->FindRequest(request_id);
  if (!attempt || !IsFinal(*attempt)) return nullptr;
  Request& request = requests_[request_id];
  request.kind = attempt->kind;
  request.card = "cards/" + attempt->serial;
  const absl::Status status = StatusOf(*attempt);
  if (status.ok()) {
    AttemptReply reply;
    reply.pin_state = UnknownPinState();
    request.answer = std::move(reply);
  } else {
    request.answer = status;
  }
  answered_.push_back(request_id);
  return &request;
}

bool Attempts::Repeats(const AttemptCall& call, const Done& done) {
  if (call.request_id.empty()) return false;
  if (!WellFormed(call.request_id)) {
    done(BadField("request_id",
                  "request_id has to be at most 64 letters, digits and hyphens, such as a UUID."));
    return true;
  }
  std::optional<Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    Request* request = FindRequest(call.request_id);
    if (request == nullptr) return false;
    if (request->kind != call.kind || request->card != call.card) {
      answer = BadField("request_id",
                        "This request_id was used for another request. Take a new one for each "
                        "request.");
    } else if (!request->answer) {
      request->waiting.push_back({done, call.caller});
    } else {
      answer = request->answer;
    }
  }
  if (answer) done(*answer);
  return true;
}

void Attempts::Start(AttemptCall call, const SeenReader& seen, const Done& done) {
  auto run = std::make_shared<Run>();
  run->call = std::move(call);
  if (!run->call.request_id.empty()) {
    if (Repeats(run->call, done)) return;
    const std::lock_guard lock(mutex_);
    const auto [entry, added] = requests_.try_emplace(run->call.request_id);
    entry->second.kind = run->call.kind;
    entry->second.card = run->call.card;
    entry->second.waiting.push_back({done, run->call.caller});
    if (!added) return;
  } else {
    run->done = done;
  }
  if (run->call.journey.empty()) return Begin(run, seen);
  parts_.steps->WhenDirected(
      run->call.journey, StepOf(run->call.kind), kDirectivePatience,
      [self = shared_from_this(), run, seen] { self->ClaimAndBegin(run, seen); });
}

void Attempts::ClaimAndBegin(const std::shared_ptr<Run>& run, const SeenReader& seen) {
  auto claim = parts_.steps->Claim(run->call.journey, StepOf(run->call.kind), seen.card.serial());
  if (!claim.ok()) return Reply(*run, claim.status(), /*keep=*/false);
  run->claim = *std::move(claim);
  Begin(run, seen);
}

void Attempts::Begin(const std::shared_ptr<Run>& run, const SeenReader& seen) {
  run->attempt = {.kind = run->call.kind,
                  .serial = seen.card.serial(),
                  .journey = run->claim ? run->claim->journey : "",
                  .directive_id = run->claim ? run->claim->directive_id : 0,
                  .request_id = run->call.request_id};
  if (run->call.keep_current) return KeepCurrent(*run);
  if (run->call.on_pinpad) {
    const bool typed_here = !run->call.pin.empty() || !run->call.new_pin.empty();
    if (typed_here || !seen.reader.has_pinpad()) {
      return FinishUnsent(*run, typed_here ? BadField("on_pinpad",
                                                      "With on_pinpad the PINs have to be empty: "
                                                      "they are typed on the reader.")
                                           : KeysUnusable());
    }
  }
  Send(run, seen);
}

void Attempts::KeepCurrent(Run& run) {
  if (!run.claim) {
    return Reply(run, BadField("keep_current", "keep_current is for a journey's step only."),
                 false);
  }
  if (!run.claim->own_pin_unknown) {
    parts_.steps->Release(*run.claim);
    return Reply(
        run,
        MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOURNEY_NOT_READY,
                  "The PIN of this card is still the one the portal shows: choose one of "
                  "your own."),
        false);
  }
  parts_.steps->Report(*run.claim,
                       {.outcome = v1::STEP_OUTCOME_DONE, .card_serial = run.attempt.serial});
  AttemptReply reply;
  reply.pin_state = UnknownPinState();
  Reply(run, reply, false);
}

bool Attempts::IsGivenUp(const AttemptCall& call) {
  const auto gone = [](const CallerPtr& caller) { return caller != nullptr && caller->GaveUp(); };
  if (call.request_id.empty()) return gone(call.caller);
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find(call.request_id);
  if (found == requests_.end()) return gone(call.caller);
  // One that asked again with the same id waits for the same answer.
  const auto& waiting = found->second.waiting;
  return std::all_of(waiting.begin(), waiting.end(),
                     [&](const Waiting& waiter) { return gone(waiter.caller); });
}

void Attempts::Send(const std::shared_ptr<Run>& run, const SeenReader& seen) {
  AttemptWork& work = run->work;
  work.kind = run->call.kind;
  work.serial = seen.card.serial();
  work.pin = std::move(run->call.pin);
  work.new_pin = std::move(run->call.new_pin);
  work.on_pinpad = run->call.on_pinpad;
  work.allow_last_try = run->call.allow_last_try;
  work.allow_puk_try = run->call.allow_puk_try;
  work.policy = parts_.policy;
  work.clock = parts_.clock;
  // `run` outlives the session they are called in.
  work.given_up = [self = shared_from_this(), call = &run->call] { return self->IsGivenUp(*call); };
  work.before_sending = [journal = parts_.journal, attempt = &run->attempt]() -> absl::Status {
    ILKIMZA_ASSIGN_OR_RETURN(attempt->number, journal->Begin(*attempt));
    return absl::OkStatus();
  };
  work.pin_was_right = [journal = parts_.journal, attempt = &run->attempt] {
    const absl::Status written = journal->Finish(attempt->number, AttemptResult::kRight, -1);
    if (!written.ok()) LogError("{}", std::string(written.message()));
  };
  run->facts = seen.facts;
  run->family = seen.family;
  using Nothing = bool;
  parts_.workers->Run<Nothing>(
      seen.pcsc_name,
      [run](CardEnvironment& environment) -> absl::StatusOr<Nothing> {
        ILKIMZA_RETURN_IF_ERROR(run->family->Use(
            environment, run->facts, [&run](Card& card) { return DoAttempt(card, run->work); }));
        return true;
      },
      [self = shared_from_this(), run](const absl::StatusOr<Nothing>& result) {
        self->Finish(*run, result.status());
      });
}

void Attempts::FinishUnsent(Run& run, const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  if (reason == v1::ERROR_REASON_CANCELLED) {
    LogInfo("card {}: a call with a PIN was given up by its caller; nothing was sent",
            run.attempt.serial);
  }
  if (run.claim) {
    // What no further try can change ends the step; all else is put right and called
    // again.
    const bool is_blocked =
        reason == v1::ERROR_REASON_PIN_BLOCKED || reason == v1::ERROR_REASON_PUK_BLOCKED;
    if (is_blocked || reason == v1::ERROR_REASON_CERTIFICATE_NOT_FOUND) {
      parts_.steps->Report(*run.claim, {.outcome = v1::STEP_OUTCOME_STOPPED,
                                        .reason = reason,
                                        .card_serial = run.attempt.serial,
                                        .tries_left = is_blocked ? 0 : -1});
    } else {
      parts_.steps->Release(*run.claim);
    }
  }
  Reply(run, status, /*keep=*/false);
}

void Attempts::Finish(Run& run, const absl::Status& status) {
  if (ReasonOf(status) == v1::ERROR_REASON_CARD_PROTOCOL) {
    run.family->Forget(run.facts);
  }
  if (ReasonOf(status) == v1::ERROR_REASON_CARD_NOT_FOUND) parts_.other_card(run.facts.reader);
  if (MayBeAnotherCard(status)) parts_.card_in_doubt(run.facts.reader);
  if (!run.work.sent) return FinishUnsent(run, status);
  Attempt& attempt = run.attempt;
  attempt.result = ResultOf(run.work, status);
  attempt.tries_left = TriesLeftOf(run.work);
  if (attempt.result == AttemptResult::kSigned) {
    attempt.signer_trouble = ReasonAgainst(run.work.certificate.validity());
  }
  const absl::Status written = parts_.journal->Finish(attempt.number, attempt.result,
                                                      attempt.tries_left, attempt.signer_trouble);
  // What is known is told all the same; the next start of the program will not know it.
  if (!written.ok()) LogError("{}", std::string(written.message()));
  if (run.claim) {
    if (const auto end = EndOf(attempt)) {
      parts_.steps->Report(*run.claim, *end);
    } else {
      parts_.steps->Release(*run.claim);
    }
  }
  Reply(run, AnswerOf(run, status), IsFinal(attempt));
  const absl::Status kept = parts_.journal->Synchronise();
  if (!kept.ok()) LogError("{}", std::string(kept.message()));
}

Attempts::Answer Attempts::AnswerOf(const Run& run, const absl::Status& status) {
  const absl::Status verdict = StatusOf(run.attempt);
  // Where the PIN did its work but the rest did not, the rest's error says more.
  if (!IsFinal(run.attempt) && !status.ok()) return status;
  if (!verdict.ok()) return verdict;
  AttemptReply reply{.pin_state = run.work.pin_state,
                     .certificate = run.work.certificate,
                     .algorithm = run.work.algorithm};
  if (reply.pin_state.tries_left() == v1::TRIES_LEFT_UNSPECIFIED) {
    reply.pin_state = UnknownPinState();
  }
  return reply;
}

void Attempts::Reply(Run& run, const Answer& answer, bool keep) {
  if (run.call.request_id.empty()) return run.done(answer);
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(run.call.request_id);
    if (found == requests_.end()) return;
    waiting = std::move(found->second.waiting);
    if (keep) {
      found->second.waiting.clear();
      found->second.answer = answer;
      answered_.push_back(run.call.request_id);
      if (answered_.size() > kKeptAnswers) {
        requests_.erase(answered_.front());
        answered_.pop_front();
      }
    } else {
      requests_.erase(found);
    }
  }
  for (const Waiting& caller : waiting) caller.done(answer);
}

}  // namespace ilkimza::agent
