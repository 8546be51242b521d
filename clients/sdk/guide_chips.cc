// Which chips are in the readers, and what is on them: for prompts and waits that are
// about more than one card.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "clients/sdk/chips.h"
#include "clients/sdk/guide.h"

namespace ilkimza::client {

std::vector<Chip> ChipsOf(std::span<const std::string> serials, std::span<const Chip> chips) {
  std::vector<Chip> found;
  for (const Chip& chip : chips) {
    if (std::find(serials.begin(), serials.end(), chip.card_serial) != serials.end()) {
      found.push_back(chip);
    }
  }
  return found;
}

bool Guide::ScreenNeedsChips() const {
  if (!screen_) return false;
  switch (screen_->kind_case()) {
    case v1::Screen::kCertificateTable:
    case v1::Screen::kActivation:
    case v1::Screen::kRevocation:
      return true;
    case v1::Screen::kGuided:
      return screen_->guided().asks_confirmation();
    case v1::Screen::kPinPage:
      return portal_cards_.size() > 1;
    default:
      return false;
  }
}

bool Guide::IsOtherChip() const {
  if (SerialsAreTooShort()) return false;
  const bool compared = journey_->current_step() == v1::STEP_KIND_MATCH_CARD &&
                        journey_->reason() == v1::ERROR_REASON_SERIAL_MISMATCH;
  return compared || ReasonOf(card_trouble_) == v1::ERROR_REASON_SERIAL_MISMATCH;
}

bool Guide::WantsChips() const {
  if (!journey_ || journey_->state() != v1::JOURNEY_STATE_ACTIVE || !readers_lost_.ok() ||
      looking_for_chips_ || chips_) {
    return false;
  }
  const bool shown = screen_ && screen_->step() == journey_->current_step() && ScreenNeedsChips();
  return shown || IsOtherChip();
}

void Guide::ForgetChips() {
  ++chips_lookup_;
  looking_for_chips_ = false;
  chips_.reset();
  chips_found_.clear();
}

void Guide::LookForChips() {
  looking_for_chips_ = true;
  Send({.purpose = Purpose::kChips, .lookup = chips_lookup_}, ListCardsCall{});
}

void Guide::OnChips(absl::StatusOr<GuideResponse> result, unsigned lookup) {
  if (lookup != chips_lookup_) return;
  chips_found_.clear();
  if (result.ok()) {
    for (const v1::Card& card : std::get<v1::ListCardsResponse>(*result).cards()) {
      if (card.serial().empty()) continue;
      v1::ListCertificatesRequest request;
      request.set_parent(card.name());
      Send({.purpose = Purpose::kChipCertificates, .lookup = lookup, .chip = chips_found_.size()},
           std::move(request));
      chips_found_.push_back({.card_serial = card.serial(), .certificates = {}, .unread = true});
    }
  }
  chips_unread_ = chips_found_.size();
  if (chips_unread_ > 0) return;
  looking_for_chips_ = false;
  chips_ = std::move(chips_found_);
  Settle();
}

// A chip whose certificates cannot be read is there all the same.
void Guide::OnChipCertificates(const Pending& pending, absl::StatusOr<GuideResponse> result) {
  if (pending.lookup != chips_lookup_ || pending.chip >= chips_found_.size()) return;
  if (result.ok()) {
    Chip& chip = chips_found_[pending.chip];
    const auto& found = std::get<v1::ListCertificatesResponse>(*result).certificates();
    chip.certificates.assign(found.begin(), found.end());
    chip.unread = false;
  }
  if (--chips_unread_ > 0) return;
  looking_for_chips_ = false;
  chips_ = std::move(chips_found_);
  Settle();
}

std::vector<std::string> Guide::WantedSerials() const {
  const v1::Facts& facts = journey_->facts();
  if (!facts.card_serial().empty()) return {facts.card_serial()};
  return {facts.portal_serials().begin(), facts.portal_serials().end()};
}

// The PIN page was thought to do: but a code shows the PUKs of all the holder's cards.
bool Guide::CodeWasLeftOut() const {
  if (journey_->guided() || journey_->goal() != v1::GOAL_UNBLOCK_PIN) return false;
  return std::any_of(journey_->steps().begin(), journey_->steps().end(), [](const v1::Step& step) {
    return step.kind() == v1::STEP_KIND_REQUEST_UNBLOCK && step.state() == v1::STEP_STATE_SKIPPED;
  });
}

// The page named no PUK of the chip that is there.
bool Guide::MayAskForCode() const {
  // Where one of those that it names is there as well, that one is meant.
  if (chips_ && !ChipsOf(WantedSerials(), *chips_).empty()) return false;
  return CodeWasLeftOut() && journey_->current_step() == v1::STEP_KIND_MATCH_CARD &&
         journey_->reason() == v1::ERROR_REASON_SERIAL_MISMATCH;
}

}  // namespace ilkimza::client
