// Attempts with a PIN, from a call of the holder's client to its answer: the request
// id, the journey's step, the journal, the card, and what is told to whom.
//
//   call ──► seen before? ──► step claimed ──► card checked ──► journal ──► PIN sent once
//        answer ◄── step reported or released ◄── journal ◄── the card's answer
//
// A call whose caller has given up, by its deadline or since it is gone, sends nothing from
// then on: the holder was told something else meanwhile, and may be typing a PIN anew.
//
// A request id that was used before gets the answer it got then, also after a restart
// of the program, and nothing is sent. An answer is kept once a PIN was sent; a call
// that was refused before that may be made again with the same id.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_ATTEMPTS_H_
#define ILKIMZA_AGENT_CARD_ATTEMPTS_H_

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/card/monitor.h"
#include "agent/card/operations.h"
#include "agent/card/steps.h"
#include "agent/card/worker.h"

namespace ilkimza::agent {

// Whoever made a call, and how long they wait for its answer.
struct Caller {
  std::atomic<bool> gone = false;
  // Passed on its own, whoever is busy with telling so.
  absl::Time deadline = absl::InfiniteFuture();

  [[nodiscard]] bool GaveUp() const { return gone || absl::Now() >= deadline; }
};
// Null: they wait for ever.
using CallerPtr = std::shared_ptr<const Caller>;

struct AttemptCall {
  AttemptKind kind = AttemptKind::kVerify;
  // "cards/...".
  std::string card;
  // The PUK for kUnblock.
  Secret pin;
  // kChange and kUnblock only.
  Secret new_pin;
  // They are typed on the reader; the secrets above are empty.
  bool on_pinpad = false;
  bool allow_last_try = false;
  // kUnblock: nothing is sent without it.
  bool allow_puk_try = false;
  // kChange in a journey whose own PIN is unknown: nothing is sent, the step is done.
  bool keep_current = false;
  // Empty outside journeys.
  std::string journey;
  // At most 64 letters, digits and hyphens; may be empty.
  std::string request_id;
  // Once they gave up no PIN is sent any more; one that was sent stays sent.
  CallerPtr caller;
};

struct AttemptReply {
  v1::PinState pin_state;
  // kTestSign only.
  v1::Certificate certificate;
  std::string algorithm;
};

class Attempts : public std::enable_shared_from_this<Attempts> {
 public:
  using Answer = absl::StatusOr<AttemptReply>;
  using Done = std::function<void(const Answer&)>;
  // How long a call waits for the directive of its step, which is on its way.
  static constexpr absl::Duration kDirectivePatience = absl::Seconds(2);

  struct Parts {
    std::shared_ptr<CardWorkers> workers;
    std::shared_ptr<CardSteps> steps;
    std::shared_ptr<Journal> journal;
    // Called with a reader's PC/SC name where another card than expected was in it, and
    // where one may be (MayBeAnotherCard).
    std::function<void(const std::string&)> other_card;
    std::function<void(const std::string&)> card_in_doubt;
    PinPolicy policy;
    Clock* clock = &SystemClock();
  };
  explicit Attempts(Parts parts) : parts_(std::move(parts)) {}

  // True where the call's request id has an answer, or a call that will have one: then
  // `done` is called with it, now or later, and the call is over. Also true for a
  // malformed id and one that meant something else before: BAD_FIELD.
  bool Repeats(const AttemptCall& call, const Done& done);
  // Calls `done` once, here or on another thread. `seen` holds the card.
  void Start(AttemptCall call, const SeenReader& seen, const Done& done);

 private:
  // A caller, and whether it has gone.
  struct Waiting {
    Done done;
    CallerPtr caller;
  };
  // What is known of a request id.
  struct Request {
    AttemptKind kind = AttemptKind::kVerify;
    std::string card;
    // Nothing while the call is under way.
    std::optional<Answer> answer;
    std::vector<Waiting> waiting;
  };
  // A call under way.
  struct Run;

  // With the lock held; null where nothing is known of the id.
  Request* FindRequest(const std::string& request_id);
  void ClaimAndBegin(const std::shared_ptr<Run>& run, const SeenReader& seen);
  void Begin(const std::shared_ptr<Run>& run, const SeenReader& seen);
  void KeepCurrent(Run& run);
  void Send(const std::shared_ptr<Run>& run, const SeenReader& seen);
  // Nobody waits for the answer any more.
  bool IsGivenUp(const AttemptCall& call);
  void Finish(Run& run, const absl::Status& status);
  // What the caller is told of an attempt that was sent; `status` is how its work ended.
  static Answer AnswerOf(const Run& run, const absl::Status& status);
  void FinishUnsent(Run& run, const absl::Status& status);
  // `keep`: the request id stands for this answer from now on.
  void Reply(Run& run, const Answer& answer, bool keep);

  const Parts parts_;
  std::mutex mutex_;
  std::map<std::string, Request> requests_;
  // Those with an answer, oldest first.
  std::deque<std::string> answered_;
};

// What the result of an attempt means to who made it: OK, WRONG_PIN, PIN_BLOCKED (of an
// unblocking: WRONG_PUK, PUK_BLOCKED), ATTEMPT_UNKNOWN, SIGNATURE_INVALID or, where no try was
// spent, CARD_PROTOCOL.
absl::Status StatusOf(const Attempt& attempt);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_ATTEMPTS_H_
