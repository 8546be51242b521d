// Command and response APDUs (ISO/IEC 7816-4, short length), and the exchange of
// one command: chaining, GET RESPONSE (61xx) and the corrected Le (6Cxx).
//
// A command views its data instead of owning it, and is encoded into a buffer that
// wipes itself: a PIN lies in its `Secret` and, for the time of one exchange, in
// that buffer.
#ifndef ILKIMZA_AGENT_CARD_APDU_H_
#define ILKIMZA_AGENT_CARD_APDU_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/card/status_word.h"

namespace ilkimza::agent {

struct KeysCommand;

// Le 0x00: as much as the card has, up to 256 bytes.
inline constexpr int kLeAll = 256;
inline constexpr std::size_t kMaxCommandData = 255;

struct CommandApdu {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint8_t p1 = 0;
  uint8_t p2 = 0;
  // Outlives the exchange. More than 255 bytes are sent as a chain (CLA bit 0x10).
  std::string_view data;
  // 1 to 256; nothing where no data is asked for.
  std::optional<int> le;
  // A wrong answer costs a try of a PIN: sent at most once, whatever happens, and
  // never corrected, chained or repeated.
  bool attempt = false;
};

struct ResponseApdu {
  std::string data;
  StatusWord status;
};

// Answers one encoded command with the card's bytes, status word included.
using RawExchange = std::function<absl::StatusOr<std::string>(std::string_view command)>;

enum class Protocol { kT0, kT1 };

// Sends `command` and follows 61xx and 6Cxx, boundedly. CARD_PROTOCOL where the card
// answers something that is no answer. Any status word is a success here: it is the
// caller's to judge.
//
// An attempt is one exchange and no more: with T=0 and with T=1, its response is
// whatever the card says first.
absl::StatusOr<ResponseApdu> Exchange(const CommandApdu& command, Protocol protocol,
                                      const RawExchange& raw);

// One encoded command of at most 261 bytes, wiped when it goes.
class EncodedApdu {
 public:
  // `command.data` has at most 255 bytes here; `cla` replaces the command's.
  EncodedApdu(const CommandApdu& command, uint8_t cla, std::optional<int> le);
  EncodedApdu(const EncodedApdu&) = delete;
  EncodedApdu& operator=(const EncodedApdu&) = delete;
  ~EncodedApdu();

  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), size_};
  }

 private:
  std::array<uint8_t, 4 + 1 + kMaxCommandData + 1> bytes_;
  std::size_t size_ = 0;
};

// NO_PINPAD: the PIN cannot be typed on the reader's keys (pinpad.h); nothing was sent.
absl::Status KeysUnusable();

// The seam between what a card is told (akis.h, pkcs15.h) and how it is reached
// (session.h). Not thread-safe.
class CardChannel {
 public:
  virtual ~CardChannel() = default;
  virtual absl::StatusOr<ResponseApdu> Send(const CommandApdu& command) = 0;
  // An attempt whose PIN is typed on the reader's keys (pinpad.h). NO_PINPAD where the
  // channel has none.
  virtual absl::StatusOr<ResponseApdu> SendFromKeys(const KeysCommand& command);
  // Whether a PIN command left on it: the card will be reset.
  [[nodiscard]] virtual bool attempt_sent() const { return false; }
  // The job has been ended: nothing may be shared any more.
  [[nodiscard]] virtual bool ended() const { return false; }
  // The same number, unless 0, says that the card has not been exchanged or reset since
  // (connection.h).
  [[nodiscard]] virtual uint64_t epoch() const { return 0; }
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_APDU_H_
