// What is known of readers and cards at one moment: what the monitor shows.
#ifndef ILKIMZA_AGENT_CARD_SNAPSHOT_H_
#define ILKIMZA_AGENT_CARD_SNAPSHOT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "agent/card/card.h"
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

// Whether both look the same to whoever is shown them.
bool LookAlike(const Snapshot& a, const Snapshot& b);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_SNAPSHOT_H_
