// What the simulator needs of a card, whatever its kind: one command in and one
// response out, no sockets, no threads.
//
// Not thread-safe: CardSimulator guards it.
#ifndef ILKIMZA_SANDBOX_CARD_SOFT_CARD_H_
#define ILKIMZA_SANDBOX_CARD_SOFT_CARD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/card/credentials.h"

namespace ilkimza::sandbox {

// PIN or PUK: a value and its retry counter.
struct PinObject {
  std::string value;
  int max_tries = 3;
  int tries_left = 3;
  bool verified = false;
};

// What a VERIFY without data does. Cards differ, and some are unforgiving.
enum class EmptyVerify { kSpendsTry, kTellsState, kRefused };

class SoftCard {
 public:
  explicit SoftCard(Credentials credentials) : credentials_(std::move(credentials)) {}
  SoftCard(const SoftCard&) = delete;
  SoftCard& operator=(const SoftCard&) = delete;
  virtual ~SoftCard() = default;

  // Answers any bytes at all, with at least a status word.
  virtual std::string Process(std::string_view apdu) = 0;
  // What losing power does: selection, chosen key and verified PINs are gone; retry
  // counters stay.
  virtual void Reset() = 0;

  PinObject& pin() { return pin_; }
  PinObject& puk() { return puk_; }
  [[nodiscard]] const PinObject& pin() const { return pin_; }
  [[nodiscard]] const PinObject& puk() const { return puk_; }
  [[nodiscard]] const Credentials& credentials() const { return credentials_; }
  void set_empty_verify(EmptyVerify empty_verify) { empty_verify_ = empty_verify; }
  // False: a wrong PIN answers 6300, and the number of tries left stays untold.
  void set_tells_tries(bool tells_tries) { tells_tries_ = tells_tries; }

 protected:
  // Compares and counts; the status word of success, a wrong or a blocked PIN.
  std::uint16_t Compare(PinObject& pin, std::string_view entered) const;

  const Credentials credentials_;
  PinObject pin_;
  PinObject puk_;
  EmptyVerify empty_verify_ = EmptyVerify::kSpendsTry;
  bool tells_tries_ = true;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_SOFT_CARD_H_
