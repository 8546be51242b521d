#include "sandbox/cards.h"

#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

// In Turkey, of a day written like "2026-01-31".
absl::Time Midnight(const std::string& day) {
  absl::CivilDay civil;
  absl::ParseCivilTime(day, &civil);
  return absl::FromCivil(civil, absl::FixedTimeZone(3 * 60 * 60));
}

}  // namespace

absl::StatusOr<Slot> ParseSlot(std::string_view text) {
  const auto colon = text.rfind(':');
  int port = 0;
  bool digits = colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
                text.size() - colon <= 6;
  for (const char c : text.substr(digits ? colon + 1 : 0)) {
    digits = digits && c >= '0' && c <= '9';
    if (digits) port = port * 10 + (c - '0');
  }
  if (!digits || port < 1 || port > 65535) {
    return absl::InvalidArgumentError(Cat(
        "'", text, "' is no place of a virtual reader: give HOST:PORT, as in localhost:35963."));
  }
  return Slot{std::string(text.substr(0, colon)), port};
}

void Cards::Load(const World& world) {
  const std::lock_guard lock(mutex_);
  made_.clear();
  in_slot_.clear();
  known_.clear();
  for (const Holder& holder : world.holders) {
    for (const CardRecord& card : holder.cards) {
      CardOptions options;
      options.serial = card.serial;
      options.pin = card.pin;
      options.puk = card.puk;
      options.holder_name = holder.name;
      options.national_id = holder.national_id;
      options.certificate_number = card.certificate_number;
      options.not_before = Midnight(card.valid_from);
      options.not_after = Midnight(card.valid_until) + absl::Hours(24) - absl::Seconds(1);
      options.key_directory = key_directory_;
      known_[card.serial] = std::move(options);
    }
  }
}

absl::StatusOr<CardSimulator*> Cards::Get(const std::string& serial) {
  const std::lock_guard lock(mutex_);
  if (const auto found = made_.find(serial); found != made_.end()) return found->second.get();
  const auto options = known_.find(serial);
  if (options == known_.end()) {
    return absl::NotFoundError(Cat("No holder has a card with the serial ", serial, "."));
  }
  absl::StatusOr<std::unique_ptr<CardSimulator>> card = CardSimulator::Create(options->second);
  if (!card.ok()) return card.status();
  return (made_[serial] = *std::move(card)).get();
}

absl::Status Cards::Insert(const std::string& serial, std::size_t slot) {
  if (slot < 1 || slot > slots_.size()) {
    return absl::InvalidArgumentError(Cat("There is no slot ", slot,
                                          ": the sandbox was started with ", slots_.size(),
                                          " of them (--vpcd HOST:PORT)."));
  }
  absl::StatusOr<CardSimulator*> card = Get(serial);
  if (!card.ok()) return card.status();
  // A reader holds one card.
  const std::string before = Occupy(slot, serial);
  if (!before.empty() && before != serial) {
    if (const auto other = Get(before); other.ok()) (*other)->Remove();
    // As long as a hand takes. The reader is looked at every 400 ms; one that finds the next
    // card there at once never says that the first was taken out.
    absl::SleepFor(absl::Seconds(1));
  }
  return (*card)->Insert(slots_[slot - 1].host, slots_[slot - 1].port);
}

std::string Cards::Occupy(std::size_t slot, const std::string& serial) {
  const std::lock_guard lock(mutex_);
  std::erase_if(in_slot_, [&](const auto& entry) { return entry.second == serial; });
  return std::exchange(in_slot_[slot], serial);
}

std::vector<std::string> Cards::made() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> serials;
  for (const auto& [serial, card] : made_) serials.push_back(serial);
  return serials;
}

}  // namespace ilkimza::sandbox
