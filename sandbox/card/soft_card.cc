#include "sandbox/card/soft_card.h"

#include "sandbox/card/apdu.h"

namespace ilkimza::sandbox {

std::uint16_t SoftCard::Compare(PinObject& pin, std::string_view entered) const {
  pin.verified = false;
  if (pin.tries_left <= 0) return kBlocked;
  if (entered == pin.value) {
    pin.tries_left = pin.max_tries;
    pin.verified = true;
    return kSuccess;
  }
  --pin.tries_left;
  if (!tells_tries_) return kWrongPinUncounted;
  return static_cast<std::uint16_t>(kWrongPin | pin.tries_left);
}

}  // namespace ilkimza::sandbox
