// The card steps of journeys: which one is open, what it allows, and how it ended.
//
//   PREPARE_CHIP, INSERT_CARD, MATCH_CARD   end by what the readers show (`OnCards`)
//   PROVE_PIN, SET_OWN_PIN, UNBLOCK_PIN,    end by a call of the holder's client that
//   TEST_SIGNATURE                          names the journey: `Claim`, do the work,
//                                           then `Report` or `Release`
//
// A directive whose attempt ended in an earlier run of the program is answered from
// the journal; one whose attempt has no result, as UNKNOWN.
//
// Thread-safe. The observer is called with no lock held.
#ifndef ILKIMZA_AGENT_CARD_STEPS_H_
#define ILKIMZA_AGENT_CARD_STEPS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/card/card_host.h"
#include "agent/card/journal.h"
#include "agent/card/timer.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::agent {

// The right to do the one thing a step asks for. While it is held nobody else gets it.
struct ClaimedStep {
  std::string journey;
  int64_t directive_id = 0;
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  // A change of the PIN was interrupted: the holder may keep the one just proven.
  bool own_pin_unknown = false;
};

struct StepEnd {
  v1::StepOutcome outcome = v1::STEP_OUTCOME_UNSPECIFIED;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  std::string card_serial;
  int tries_left = -1;
};

// How an attempt ended for its step; nothing where the step goes on, since no try was
// spent or the step's work is not finished.
std::optional<StepEnd> EndOf(const Attempt& attempt);

class CardSteps : public std::enable_shared_from_this<CardSteps> {
 public:
  // `observer` and `clock` outlive `Close`.
  CardSteps(std::shared_ptr<Journal> journal, std::shared_ptr<Timer> timer, Clock& clock,
            CardObserver& observer);

  void Run(const v1::RunStep& directive);
  void Stop(std::string_view journey, int64_t directive_id);
  void Forget(std::string_view journey);
  [[nodiscard]] std::vector<v1::AttachAgentRequest::Conversation> Open() const;
  // Reports attempts of an earlier run that have no result, as the journal had them when
  // it was opened, and writes UNKNOWN into the journal for them.
  void ReportInterrupted(const std::vector<Attempt>& attempts);
  // The observer is not called any more.
  void Close();

  // The cards with a serial; `settled` where no reader's card is still being asked.
  void OnCards(const std::vector<std::string>& serials, bool settled);

  // Calls `then` once: at once where the journey has an open step of that kind, or too
  // many wait already; else when one is directed, `patience` has run out, or on
  // `Close`. The server tells the holder's client and this agent of a new step at the
  // same moment, so the client's call may be the first of the two to arrive.
  void WhenDirected(std::string_view journey, v1::StepKind step, absl::Duration patience,
                    std::function<void()> then);
  // JOURNEY_NOT_READY where the journey has no open step of that kind here, or it is
  // claimed; SERIAL_MISMATCH where the step does not allow the card.
  absl::StatusOr<ClaimedStep> Claim(std::string_view journey, v1::StepKind step,
                                    std::string_view serial);
  // The step has ended: reports it.
  void Report(const ClaimedStep& claim, const StepEnd& end);
  // Nothing was sent: the step goes on, or is stopped if that was asked for meanwhile.
  void Release(const ClaimedStep& claim);

 private:
  struct Entry {
    v1::RunStep directive;
    bool claimed = false;
    // Why it is to be stopped once the claim is gone.
    v1::ErrorReason stop_reason = v1::ERROR_REASON_UNSPECIFIED;
    std::optional<v1::StepReport> report;
    // MATCH_CARD, directed again: what the readers showed when it was refused. It is
    // not refused again before that has changed.
    std::optional<std::set<std::string>> refused;
    Timer::Id deadline = 0;
  };
  // A call that came before its directive.
  struct Early {
    uint64_t id = 0;
    std::string journey;
    v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
    std::function<void()> then;
    Timer::Id timer = 0;
  };
  // What to tell the observer once the lock is gone.
  struct News;

  // A directive for a journey that has an entry already.
  void Direct(Entry& known, const v1::RunStep& directive, News& news);
  void Start(Entry& entry, News& news);
  void ScheduleDeadline(Entry& entry);
  void LookAtCards(Entry& entry, News& news);
  // Never chooses: where more than one chip is allowed, the holder takes one out.
  void MatchCard(Entry& entry, News& news);
  void End(Entry& entry, const StepEnd& end, News& news);
  void StopEntry(Entry& entry, v1::ErrorReason reason, News& news);
  void OnDeadline(const std::string& journey, int64_t directive_id);
  v1::StepReport MakeReport(std::string_view journey, int64_t directive_id, v1::StepKind step,
                            const StepEnd& end);
  Entry* Find(const ClaimedStep& claim);
  void Tell(const News& news);
  void MakeRoom();
  [[nodiscard]] bool IsOpen(std::string_view journey, v1::StepKind step) const;
  // Takes out those that need not wait any longer, and calls them without the lock.
  void CallEarly(const std::function<bool(const Early&)>& due);

  const std::shared_ptr<Journal> journal_;
  const std::shared_ptr<Timer> timer_;
  Clock& clock_;
  CardObserver& observer_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> serials_;
  bool settled_ = false;
  uint64_t next_early_ = 1;
  std::vector<Early> early_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_STEPS_H_
