// A reader thread's connection to the card in its reader, kept open from one job to the
// next: connecting anew costs more than most of what is then asked.
//
// While it rests it holds no transaction and no verified PIN, so other programs use the
// card as they like. Only exclusive use is refused to them meanwhile, which is why the
// worker closes a connection that had nothing to do for a while (CardTimeouts::keep).
//
// A connection that rested may have died: the card was exchanged, the service started
// anew. `Begin` finds that out before anything is sent, and takes a new one.
//
// Lives on one thread, the reader's; the environment is that of the job under way.
#ifndef ILKIMZA_AGENT_CARD_CONNECTION_H_
#define ILKIMZA_AGENT_CARD_CONNECTION_H_

#include <winscard.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "agent/card/pcsc.h"

namespace ilkimza::agent {

struct CardEnvironment;

class CardConnection {
 public:
  CardConnection() = default;
  CardConnection(const CardConnection&) = delete;
  CardConnection& operator=(const CardConnection&) = delete;
  // Whoever owns it has called `Close`.
  ~CardConnection() = default;

  // Connects where it has to and begins a transaction, waiting for other programs at
  // most as long as the environment says. Errors: those of PcscError and ServiceError,
  // and absl::CancelledError once the job has been ended.
  absl::Status Begin(CardEnvironment& environment);
  // After CARD_RESET in the middle of a transaction in which no PIN was sent: a new one.
  absl::Status BeginAgain(CardEnvironment& environment);

  // A PIN left: the card is reset when the transaction ends, before another program
  // could have it.
  void MarkAttempt() { reset_due_ = true; }
  // A call failed: not kept when the transaction ends.
  void MarkBroken() { broken_ = true; }

  // Ends the transaction. Does nothing where there is none. Also of a job that has been
  // ended: nobody waits for it any more.
  void GiveBack(CardEnvironment& environment);
  // The same, and disconnects.
  void Close(CardEnvironment& environment);
  // For the thread's end, where no job is under way.
  void CloseUnwatched(Pcsc& pcsc);

  [[nodiscard]] bool open() const { return connected_; }
  // While a transaction is under way:
  [[nodiscard]] SCARDHANDLE handle() const { return card_; }
  [[nodiscard]] DWORD protocol() const { return protocol_; }
  // The same number says that the card has stayed connected and powered, so that it is
  // the same card with the same files selected by nobody but those who had transactions.
  // Unlike every other one in this process.
  [[nodiscard]] uint64_t epoch() const { return epoch_; }

 private:
  absl::Status Connect(CardEnvironment& environment);
  // The code with which the transaction began or did not; nothing where the job ended.
  std::optional<LONG> BeginTransaction(CardEnvironment& environment);
  std::optional<LONG> Reconnect(CardEnvironment& environment);
  void EndTransaction(Pcsc& pcsc);
  void Disconnect(Pcsc& pcsc, DWORD disposition);
  void NewEpoch();

  SCARDHANDLE card_ = 0;
  DWORD protocol_ = 0;
  uint64_t epoch_ = 0;
  bool connected_ = false;
  bool in_transaction_ = false;
  bool reset_due_ = false;
  bool broken_ = false;
  // We have reset the card: to be reconnected before it is used again.
  bool was_reset_ = false;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_CONNECTION_H_
