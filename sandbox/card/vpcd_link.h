// The wire between a software card and the virtual reader vpcd.
//
// vpcd listens, the card connects: being connected is being in the reader. Both
// sides send a 2-byte big-endian length and that many bytes. From the reader, a
// payload of one byte is a control (00 power off, 01 power on, 02 reset, 04 tell
// the answer to reset) and any other a command; only 04 and commands are answered.
#ifndef ILKIMZA_SANDBOX_CARD_VPCD_LINK_H_
#define ILKIMZA_SANDBOX_CARD_VPCD_LINK_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace ilkimza::sandbox {

// Thread-safe, apart from construction and destruction. The callbacks are called on
// the link's own thread, one at a time.
class VpcdLink {
 public:
  struct Card {
    // Power on, power off or reset: what was in volatile memory is lost.
    std::function<void()> reset;
    std::function<std::string()> answer_to_reset;
    // Nothing: the card dies here. `stop` is requested when the card is taken out.
    std::function<std::optional<std::string>(std::string_view, const std::stop_token& stop)>
        transmit;
  };

  // Starts to look for the reader at once, and again whenever the connection is
  // lost, until it is destroyed or the card dies.
  VpcdLink(std::string host, int port, Card card);
  VpcdLink(const VpcdLink&) = delete;
  VpcdLink& operator=(const VpcdLink&) = delete;
  // Takes the card out.
  ~VpcdLink();

  // Waits until the reader has asked the card something; false where it has not
  // within `timeout`.
  bool WaitUntilInReader(absl::Duration timeout);
  // False once the card has died.
  [[nodiscard]] bool alive() const;

 private:
  void Run(const std::stop_token& stop);
  // Serves one connection; false where the card died.
  bool Serve(int socket, const std::stop_token& stop);
  // Waits for readable data on `socket` (-1: for nothing) or the stop request;
  // false on stop or where `timeout_ms` (-1: none) passes.
  bool WaitReadable(int socket, int timeout_ms, const std::stop_token& stop) const;
  // Reads exactly `size` bytes; nothing on stop or loss.
  std::optional<std::string> Read(int socket, std::size_t size, const std::stop_token& stop) const;

  const std::string host_;
  const int port_;
  const Card card_;
  // Readable once the thread has to end.
  const int wake_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool in_reader_ = false;
  bool alive_ = true;
  std::jthread thread_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_VPCD_LINK_H_
