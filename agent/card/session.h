// A card inside a transaction, so that no other program can come between the commands.
//
// When it goes, the transaction goes on until the job's answer has been given, and is
// then ended on the job's own thread (worker.h), with a reset of the card if a PIN may
// have been verified: nobody else finds it open, and whoever waits for the answer does
// not wait for the reset.
//
// How PC/SC's rudeness is met:
// - another program has the card for itself: asked again with growing pauses, then
//   CARD_BUSY; it has a transaction: waited for, at most as long;
// - another program reset the card: connected again. Commands that were under way
//   are answered with CARD_RESET, and `RunOnCard` starts the work over, unless a PIN
//   was sent in it: a PIN is never sent again;
// - anything that happens to a PIN command after it left is ATTEMPT_UNKNOWN;
// - the service died: a new context, with growing pauses, before anything is sent; then
//   why it cannot be had: stopped, not installed, or not for this person.
//
// Once the watchdog has ended the job every call fails with an absl::CancelledError,
// which nobody hears: the job's answer has been given. What the job shares with others
// must be left alone from then on.
//
// Lives on one thread: that of the job.
#ifndef ILKIMZA_AGENT_CARD_SESSION_H_
#define ILKIMZA_AGENT_CARD_SESSION_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/card/apdu.h"
#include "agent/card/connection.h"
#include "agent/card/pinpad.h"
#include "agent/card/worker.h"

namespace ilkimza::agent {

class CardSession final : public CardChannel {
 public:
  static absl::StatusOr<std::unique_ptr<CardSession>> Open(CardEnvironment& environment);
  CardSession(const CardSession&) = delete;
  CardSession& operator=(const CardSession&) = delete;

  absl::StatusOr<ResponseApdu> Send(const CommandApdu& command) override;
  // An attempt whose PIN is typed on the reader's keys; sent at most once. Where nothing
  // was sent: the errors of `JudgeKeysAnswer`, CARD_RESET and CARD_BUSY. Holds the card
  // while somebody types, since the reader cannot be told otherwise.
  absl::StatusOr<ResponseApdu> SendFromKeys(const KeysCommand& command) override;
  // Whether a PIN command left this session.
  [[nodiscard]] bool attempt_sent() const override { return attempt_sent_; }
  // The watchdog has ended the job: nothing may be shared any more.
  [[nodiscard]] bool ended() const override { return environment_.control.abandoned(); }
  [[nodiscard]] uint64_t epoch() const override { return environment_.connection.epoch(); }
  // Begins a new transaction, after CARD_RESET.
  absl::Status Recover() { return environment_.connection.BeginAgain(environment_); }

 private:
  explicit CardSession(CardEnvironment& environment) : environment_(environment) {}

  absl::StatusOr<std::string> Transmit(std::string_view command, bool attempt);
  // The control code that does `command`; 0 where there is none.
  absl::StatusOr<DWORD> FindKeysControl(const KeysCommand& command);
  absl::Status TransmitError(LONG code, bool attempt);

  CardEnvironment& environment_;
  bool attempt_sent_ = false;
};

// Opens a session and does `work` on it.
// Starts `work` over where another program reset the card before any PIN was sent; at
// most three times in all, then CARD_RESET.
template <typename T>
absl::StatusOr<T> RunOnCard(CardEnvironment& environment,
                            const std::function<absl::StatusOr<T>(CardSession&)>& work);

// Whether `status` is CARD_RESET.
bool IsCardReset(const absl::Status& status);

inline constexpr int kMaxResets = 3;

template <typename T>
absl::StatusOr<T> RunOnCard(CardEnvironment& environment,
                            const std::function<absl::StatusOr<T>(CardSession&)>& work) {
  auto session = CardSession::Open(environment);
  if (!session.ok()) return session.status();
  for (int run = 1;; ++run) {
    absl::StatusOr<T> result = work(**session);
    if (result.ok() || !IsCardReset(result.status()) || (*session)->attempt_sent() ||
        run == kMaxResets) {
      return result;
    }
    if (absl::Status status = (*session)->Recover(); !status.ok()) return status;
  }
}

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_SESSION_H_
