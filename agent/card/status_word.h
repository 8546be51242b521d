// Status words of a card's answers, and what they say about a PIN.
//
// Which words a real AKİS card answers to a wrong PIN is not known from a card at
// hand: everything that could mean it is read here, and nowhere else.
#ifndef ILKIMZA_AGENT_CARD_STATUS_WORD_H_
#define ILKIMZA_AGENT_CARD_STATUS_WORD_H_

#include <cstdint>
#include <optional>
#include <string>

namespace ilkimza::agent {

class StatusWord {
 public:
  StatusWord() = default;
  StatusWord(uint8_t high, uint8_t low) : value_(static_cast<uint16_t>((high << 8) | low)) {}
  explicit StatusWord(uint16_t value) : value_(value) {}

  [[nodiscard]] uint16_t value() const { return value_; }
  [[nodiscard]] uint8_t high() const { return static_cast<uint8_t>(value_ >> 8); }
  [[nodiscard]] uint8_t low() const { return static_cast<uint8_t>(value_ & 0xFF); }
  [[nodiscard]] bool Success() const { return value_ == 0x9000; }
  // The end of the file came before Le bytes: the data is good.
  [[nodiscard]] bool EndOfFile() const { return value_ == 0x6282; }
  [[nodiscard]] bool MoreData() const { return high() == 0x61; }
  [[nodiscard]] bool WrongLe() const { return high() == 0x6C; }
  [[nodiscard]] bool NotFound() const { return value_ == 0x6A82 || value_ == 0x6A83; }
  // "6A82".
  [[nodiscard]] std::string Hex() const;

  friend bool operator==(StatusWord a, StatusWord b) { return a.value_ == b.value_; }

 private:
  uint16_t value_ = 0;
};

enum class PinVerdict {
  kRight,
  // 63Cx, 6300.
  kWrong,
  // 63C0, 6983, 6984: no try is left.
  kBlocked,
  // The card did not look at the PIN: no try was spent.
  kRefused,
  // Anything else: a try may have been spent.
  kUnknown,
};

struct PinAnswer {
  PinVerdict verdict = PinVerdict::kUnknown;
  // Where the card tells the number.
  std::optional<int> tries_left;
};

// Judges the answer to VERIFY or CHANGE REFERENCE DATA.
PinAnswer JudgePinAnswer(StatusWord status);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_STATUS_WORD_H_
