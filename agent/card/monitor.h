// Watches readers and cards, without polling: it waits in PC/SC until something
// changes, learns who each new card is (on the reader's worker thread), and tells its owner. A card
// is known by what it says, never by the number of its reader.
//
// Survives the smart-card service: while that does not run, or refuses this person, it
// asks for it with growing pauses of at most `kLongestPause`, and says why in
// `Snapshot::service`. A service that hangs (its process stopped, the PC going to sleep)
// holds nobody but the watching thread: `Stop` leaves that behind.
//
// Who a card is says the family that speaks for it (families.h). Cards of no family are
// named by their answer to reset. What is made of all that is reader_table.h's.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_MONITOR_H_
#define ILKIMZA_AGENT_CARD_MONITOR_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "agent/card/families.h"
#include "agent/card/pcsc.h"
#include "agent/card/snapshot.h"
#include "agent/card/timer.h"
#include "agent/card/worker.h"

namespace ilkimza::agent {

class Monitor {
 public:
  static constexpr absl::Duration kLongestPause = absl::Seconds(10);
  static constexpr absl::Duration kStopPatience = absl::Seconds(2);
  // pcscd looks every 400 ms whether a card is there; whoever powers one on in between
  // may find a reader in the middle of the exchange.
  static constexpr absl::Duration kDoubtPause = absl::Seconds(2);

  // `on_change` is called after each change, on threads of the monitor, the workers or
  // the timer, with no lock held: ask `Current` of the monitor it is given for what is
  // so now.
  //
  // `on_identified` is called on the reader's worker thread for each card that has said
  // who it is, in the job that asked it: what it leaves to be given back is given back
  // before the next one.
  using OnIdentified =
      std::function<void(CardEnvironment&, const CardFacts&, const IdentifiedCard&)>;
  static std::unique_ptr<Monitor> Start(std::shared_ptr<Pcsc> pcsc,
                                        std::shared_ptr<CardWorkers> workers,
                                        std::shared_ptr<Timer> timer,
                                        std::shared_ptr<const CardFamilies> families,
                                        std::function<void(const Monitor&)> on_change,
                                        OnIdentified on_identified = nullptr);
  virtual ~Monitor() = default;

  [[nodiscard]] virtual std::shared_ptr<const Snapshot> Current() const = 0;
  // The card in that reader turned out to be another one: asks it who it is.
  virtual void AskAgain(const std::string& pcsc_name) = 0;
  // Another card may be in that reader (MayBeAnotherCard): as AskAgain after
  // `kDoubtPause`, unless PC/SC has told of a change by then.
  virtual void Doubt(const std::string& pcsc_name) = 0;
  // Wakes the thread and ends it; one that hangs in PC/SC for longer than
  // `kStopPatience` is left behind and touches nobody any more. A call of `on_change` on
  // another thread may still be under way. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_MONITOR_H_
