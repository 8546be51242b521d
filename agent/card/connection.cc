#include "agent/card/connection.h"

#include <algorithm>
#include <atomic>

#include "absl/time/time.h"
#include "agent/card/worker.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(1);
// A service that was just started again needs a moment.
constexpr int kServiceTries = 4;
// A refusal may be the end of a service that was about to go: asked once more.
constexpr int kRefusals = 2;
// Other programs that reset the card again and again before a transaction begins.
constexpr int kMaxResetsAtBegin = 3;

absl::Status Ended() {
  // Nobody hears this: the watchdog has given the job's answer.
  return absl::CancelledError("the job has been ended");
}

}  // namespace

absl::Status CardConnection::Begin(CardEnvironment& environment) {
  // Of a family that had the card before in the same job.
  GiveBack(environment);
  if (connected_) {
    const std::optional<LONG> code = BeginTransaction(environment);
    if (!code) return Ended();
    if (*code == SCARD_S_SUCCESS) return absl::OkStatus();
    // Whatever happened to it while it rested: nothing was sent.
    Close(environment);
    if (MeansServiceGone(*code)) environment.context.Release();
  }
  ILKIMZA_RETURN_IF_ERROR(Connect(environment));
  const std::optional<LONG> code = BeginTransaction(environment);
  if (!code) return Ended();
  if (*code == SCARD_S_SUCCESS) return absl::OkStatus();
  Close(environment);
  return PcscError(*code, environment.reader);
}

absl::Status CardConnection::BeginAgain(CardEnvironment& environment) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment;
  if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return Ended();
  // The transaction may have survived the reset; begin anew either way.
  if (in_transaction_) pcsc.EndTransaction(card_, SCARD_LEAVE_CARD);
  in_transaction_ = false;
  broken_ = false;
  was_reset_ = true;
  if (!control.Leave()) return Ended();
  const std::optional<LONG> code = BeginTransaction(environment);
  if (!code) return Ended();
  return *code == SCARD_S_SUCCESS ? absl::OkStatus() : PcscError(*code, reader);
}

absl::Status CardConnection::Connect(CardEnvironment& environment) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment;
  absl::Duration pause = kFirstPause;
  absl::Duration waited;
  int service_tries = 0;
  int refusals = 0;
  while (true) {
    if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return Ended();
    LONG code = context.Establish();
    if (code == SCARD_S_SUCCESS) {
      code = pcsc.Connect(context.get(), reader, SCARD_SHARE_SHARED, card_, protocol_);
    }
    connected_ = code == SCARD_S_SUCCESS;
    if (connected_) NewEpoch();
    if (!control.Leave()) return Ended();
    if (connected_) return absl::OkStatus();
    if (MeansServiceGone(code) || MeansRefused(code)) {
      // The service has closed the connection of this context.
      context.Release();
      const bool again =
          MeansRefused(code) ? ++refusals < kRefusals : ++service_tries < kServiceTries;
      if (!again) return ServiceError(pcsc, code);
    } else if (code != SCARD_E_SHARING_VIOLATION || waited >= timeouts.busy) {
      return NameHolders(PcscError(code, reader), pcsc);
    }
    control.Sleep(pause);
    waited += pause;
    pause = std::min(pause * 2, kLongestPause);
  }
}

std::optional<LONG> CardConnection::BeginTransaction(CardEnvironment& environment) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment;
  for (int resets = 0;; ++resets) {
    if (was_reset_) {
      const std::optional<LONG> code = Reconnect(environment);
      if (!code || *code != SCARD_S_SUCCESS) return code;
    }
    if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return std::nullopt;
    const LONG code = OnceConnected(pcsc.BeginTransaction(card_));
    in_transaction_ = code == SCARD_S_SUCCESS;
    if (!control.Leave()) return std::nullopt;
    if (code != SCARD_W_RESET_CARD || resets == kMaxResetsAtBegin) return code;
    was_reset_ = true;
  }
}

std::optional<LONG> CardConnection::Reconnect(CardEnvironment& environment) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment;
  if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return std::nullopt;
  const LONG code =
      OnceConnected(pcsc.Reconnect(card_, SCARD_SHARE_SHARED, SCARD_LEAVE_CARD, protocol_));
  if (!control.Leave()) return std::nullopt;
  if (code == SCARD_S_SUCCESS) {
    was_reset_ = false;
    NewEpoch();
  }
  return code;
}

void CardConnection::NewEpoch() {
  // Unique in the process, since memories of a card outlive the thread that asked it.
  static std::atomic<uint64_t> last{0};
  epoch_ = ++last;
}

void CardConnection::GiveBack(CardEnvironment& environment) {
  if (!in_transaction_ && !reset_due_) return;
  JobControl& control = environment.control;
  const bool watched = control.Enter(JobControl::Stage::kGivingBack, environment.timeouts.command);
  EndTransaction(environment.pcsc);
  if (watched) static_cast<void>(control.Leave());
}

void CardConnection::Close(CardEnvironment& environment) {
  if (!connected_) return;
  JobControl& control = environment.control;
  const bool watched = control.Enter(JobControl::Stage::kGivingBack, environment.timeouts.command);
  CloseUnwatched(environment.pcsc);
  if (watched) static_cast<void>(control.Leave());
}

void CardConnection::CloseUnwatched(Pcsc& pcsc) {
  EndTransaction(pcsc);
  if (connected_) Disconnect(pcsc, SCARD_LEAVE_CARD);
}

void CardConnection::EndTransaction(Pcsc& pcsc) {
  if (!in_transaction_ && !reset_due_) return;
  LONG code = SCARD_S_SUCCESS;
  // Reset before the transaction ends: afterwards another program could be faster.
  if (in_transaction_) {
    code = pcsc.EndTransaction(card_, reset_due_ ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
  }
  const bool ended = in_transaction_ && code == SCARD_S_SUCCESS;
  const bool unpower = reset_due_ && !ended;
  was_reset_ = was_reset_ || reset_due_;
  in_transaction_ = false;
  reset_due_ = false;
  if (code != SCARD_S_SUCCESS) {
    LogDebug("giving the card back: {:08X}", static_cast<uint32_t>(code));
  }
  if (!ended || broken_) Disconnect(pcsc, unpower ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD);
}

void CardConnection::Disconnect(Pcsc& pcsc, DWORD disposition) {
  const LONG code = pcsc.Disconnect(card_, disposition);
  if (code != SCARD_S_SUCCESS) {
    LogDebug("disconnecting the card: {:08X}", static_cast<uint32_t>(code));
  }
  connected_ = false;
  broken_ = false;
  was_reset_ = false;
  epoch_ = 0;
}

}  // namespace ilkimza::agent
