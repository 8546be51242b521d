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
// named by their answer to reset.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_MONITOR_H_
#define ILKIMZA_AGENT_CARD_MONITOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/card/families.h"
#include "agent/card/pcsc.h"
#include "agent/card/timer.h"
#include "agent/card/worker.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

struct SeenReader {
  // As PC/SC takes it, byte for byte.
  std::string pcsc_name;
  v1::Reader reader;
  // Empty where no card is in it or its card does not say who it is (yet). The field
  // `name` is set for every card that is known.
  v1::Card card;
  // Of that card: `insertion` tells its stay from every other one.
  CardFacts facts;
  // Who speaks for it; null where nobody does, or it has not been asked yet.
  std::shared_ptr<CardFamily> family;
  // Its card is still being asked who it is.
  bool asking = false;
  // Why its card has not said who it is; OK where it has, or nobody was to ask it.
  absl::Status trouble;
};

// SMART_CARD_SERVICE_STOPPED, of a service that was asked and has not answered yet.
absl::Status NotAnswering();

struct Snapshot {
  bool service_running = false;
  // Not OK while it does not run or cannot be had: SMART_CARD_SERVICE_STOPPED,
  // SMART_CARD_SERVICE_MISSING or SMART_CARD_NOT_PERMITTED.
  absl::Status service = NotAnswering();
  // False until the readers were seen once.
  bool complete = false;
  // In PC/SC's order.
  std::vector<SeenReader> readers;

  // Complete, and no card is still being asked.
  [[nodiscard]] bool Settled() const;
  // Of cards with a serial, in the order of the readers.
  [[nodiscard]] std::vector<std::string> Serials() const;
  // By "cards/...": null where there is none.
  [[nodiscard]] const SeenReader* FindCard(std::string_view name) const;
};

class Monitor {
 public:
  static constexpr absl::Duration kLongestPause = absl::Seconds(10);
  static constexpr absl::Duration kStopPatience = absl::Seconds(2);

  // `on_change` is called after each change, on threads of the monitor, the workers or
  // the timer, with no lock held: ask `Current` of the monitor it is given for what is
  // so now.
  static std::unique_ptr<Monitor> Start(std::shared_ptr<Pcsc> pcsc,
                                        std::shared_ptr<CardWorkers> workers,
                                        std::shared_ptr<Timer> timer,
                                        std::shared_ptr<const CardFamilies> families,
                                        std::function<void(const Monitor&)> on_change);
  virtual ~Monitor() = default;

  [[nodiscard]] virtual std::shared_ptr<const Snapshot> Current() const = 0;
  // The card in that reader turned out to be another one: asks it who it is. Readers
  // that look for their card only now and then miss a quick exchange.
  virtual void AskAgain(const std::string& pcsc_name) = 0;
  // Wakes the thread and ends it; one that hangs in PC/SC for longer than
  // `kStopPatience` is left behind and touches nobody any more. A call of `on_change` on
  // another thread may still be under way. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_MONITOR_H_
