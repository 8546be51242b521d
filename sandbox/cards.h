// The world's cards as software cards, made when they are first needed, and the
// virtual readers they go into. Thread-safe.
#ifndef ILKIMZA_SANDBOX_CARDS_H_
#define ILKIMZA_SANDBOX_CARDS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sandbox/card/simulator.h"
#include "sandbox/world.h"

namespace ilkimza::sandbox {

struct Slot {
  std::string host;
  int port = 0;
};
// "localhost:35963".
absl::StatusOr<Slot> ParseSlot(std::string_view text);

class Cards {
 public:
  // `key_directory` keeps the cards' keys between runs; see CardOptions.
  Cards(std::vector<Slot> slots, std::string key_directory)
      : slots_(std::move(slots)), key_directory_(std::move(key_directory)) {}

  // The cards of this world from now on; those of the one before are destroyed.
  void Load(const World& world);
  // The card with this serial, made where it is missing; NotFound where nobody
  // owns one. Valid until the next `Load`.
  absl::StatusOr<CardSimulator*> Get(const std::string& serial);
  // Into the slot with this number, 1-based; a card that is in there comes out.
  absl::Status Insert(const std::string& serial, std::size_t slot);
  // The serials that were made so far.
  [[nodiscard]] std::vector<std::string> made() const;
  [[nodiscard]] std::size_t slots() const { return slots_.size(); }

 private:
  // Notes that the card is in the slot; returns the serial that was noted before.
  std::string Occupy(std::size_t slot, const std::string& serial);

  mutable std::mutex mutex_;
  const std::vector<Slot> slots_;
  const std::string key_directory_;
  std::map<std::string, CardOptions> known_;
  std::map<std::string, std::unique_ptr<CardSimulator>> made_;
  std::map<std::size_t, std::string> in_slot_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARDS_H_
