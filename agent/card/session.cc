#include "agent/card/session.h"

#include <reader.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

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
// pcscd looks for the cards of simple readers every 400 ms.
constexpr absl::Duration kRemovalNoticed = absl::Milliseconds(600);
constexpr absl::Duration kRemovalPause = absl::Milliseconds(50);

absl::Status Ended() {
  // Nobody hears this: the watchdog has given the job's answer.
  return absl::CancelledError("the job has been ended");
}

absl::Status AttemptUnknown(LONG code) {
  const absl::Status cause = PcscError(code, "");
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
                   "The connection to the card was lost while it had the PIN: whether the try "
                   "counted is not known. Put the card in again and look at the tries left.",
                   MetadataOf(cause));
}

}  // namespace

bool IsCardReset(const absl::Status& status) {
  return ReasonOf(status) == v1::ERROR_REASON_CARD_RESET;
}

absl::StatusOr<std::unique_ptr<CardSession>> CardSession::Open(CardEnvironment& environment) {
  std::unique_ptr<CardSession> session(new CardSession(environment));
  ILKIMZA_RETURN_IF_ERROR(session->Connect());
  ILKIMZA_RETURN_IF_ERROR(session->BeginTransaction());
  return session;
}

CardSession::~CardSession() { GiveBack(); }

absl::Status CardSession::Connect() {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
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
    if (!control.Leave()) return Ended();
    if (connected_) return absl::OkStatus();
    if (MeansServiceGone(code) || MeansRefused(code)) {
      // The service has closed the connection of this context.
      context.Release();
      const bool again =
          MeansRefused(code) ? ++refusals < kRefusals : ++service_tries < kServiceTries;
      if (!again) return ServiceError(pcsc, code);
    } else if (code != SCARD_E_SHARING_VIOLATION || waited >= timeouts.busy) {
      return PcscError(code, reader);
    }
    control.Sleep(pause);
    waited += pause;
    pause = std::min(pause * 2, kLongestPause);
  }
}

absl::Status CardSession::BeginTransaction() {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  for (int resets = 0;; ++resets) {
    if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return Ended();
    const LONG code = OnceConnected(pcsc.BeginTransaction(card_));
    in_transaction_ = code == SCARD_S_SUCCESS;
    if (!control.Leave()) return Ended();
    if (in_transaction_) return absl::OkStatus();
    if (code != SCARD_W_RESET_CARD || resets == kMaxResets) return PcscError(code, reader);
    if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return Ended();
    const LONG reconnected = pcsc.Reconnect(card_, SCARD_SHARE_SHARED, SCARD_LEAVE_CARD, protocol_);
    if (!control.Leave()) return Ended();
    if (reconnected != SCARD_S_SUCCESS) return PcscError(OnceConnected(reconnected), reader);
  }
}

absl::Status CardSession::Recover() {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) return Ended();
  // The transaction may have survived the reset; begin anew either way.
  if (in_transaction_) pcsc.EndTransaction(card_, SCARD_LEAVE_CARD);
  in_transaction_ = false;
  const LONG code = pcsc.Reconnect(card_, SCARD_SHARE_SHARED, SCARD_LEAVE_CARD, protocol_);
  if (!control.Leave()) return Ended();
  if (code != SCARD_S_SUCCESS) return PcscError(OnceConnected(code), reader);
  return BeginTransaction();
}

absl::StatusOr<ResponseApdu> CardSession::Send(const CommandApdu& command) {
  const Protocol protocol = protocol_ == SCARD_PROTOCOL_T0 ? Protocol::kT0 : Protocol::kT1;
  return Exchange(command, protocol,
                  [&](std::string_view bytes) { return Transmit(bytes, command.attempt); });
}

absl::StatusOr<std::string> CardSession::Transmit(std::string_view command, bool attempt) {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  const auto stage = attempt ? JobControl::Stage::kAttempt : JobControl::Stage::kCommand;
  if (!control.Enter(stage, timeouts.command)) return Ended();
  attempt_sent_ = attempt_sent_ || attempt;
  std::string response;
  const LONG code = OnceConnected(pcsc.Transmit(card_, protocol_, command, response));
  if (!control.Leave()) return Ended();
  if (code != SCARD_S_SUCCESS) return TransmitError(code, attempt);
  return response;
}

absl::StatusOr<DWORD> CardSession::FindKeysControl(const KeysCommand& command) {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  if (!TrustedPinpad(reader)) return DWORD{0};
  if (!control.Enter(JobControl::Stage::kCommand, timeouts.command)) return Ended();
  std::string list;
  const LONG code = pcsc.Control(card_, CM_IOCTL_GET_FEATURE_REQUEST, "", list);
  if (!control.Leave()) return Ended();
  if (code != SCARD_S_SUCCESS) return DWORD{0};
  const PinpadFeatures features = ParsePinpadFeatures(list);
  return command.modify ? features.modify : features.verify;
}

absl::StatusOr<ResponseApdu> CardSession::SendFromKeys(const KeysCommand& command) {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  ILKIMZA_ASSIGN_OR_RETURN(const DWORD keys, FindKeysControl(command));
  if (keys == 0) return KeysUnusable();
  ILKIMZA_ASSIGN_OR_RETURN(const std::string block, EncodeKeysBlock(command, timeouts.typing));
  // The old PIN, and the new one twice.
  const absl::Duration limit = timeouts.typing * (command.modify ? 3 : 1) + timeouts.command;
  if (!control.Enter(JobControl::Stage::kAttempt, limit)) return Ended();
  attempt_sent_ = true;
  std::string answer;
  const LONG code = OnceConnected(pcsc.Control(card_, keys, block, answer));
  if (!control.Leave()) return Ended();
  if (code == SCARD_E_UNSUPPORTED_FEATURE) return KeysUnusable();
  if (code != SCARD_S_SUCCESS) return TransmitError(code, /*attempt=*/true);
  if (answer.size() != 2) return AttemptUnknown(SCARD_F_COMM_ERROR);
  const StatusWord status(static_cast<uint8_t>(answer[0]), static_cast<uint8_t>(answer[1]));
  ILKIMZA_RETURN_IF_ERROR(JudgeKeysAnswer(status));
  return ResponseApdu{.data = "", .status = status};
}

absl::Status CardSession::TransmitError(LONG code, bool attempt) {
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  // PC/SC answers these instead of sending.
  const bool not_sent = code == SCARD_W_RESET_CARD || code == SCARD_E_SHARING_VIOLATION;
  if (attempt && !not_sent) return AttemptUnknown(code);
  absl::Status error = PcscError(code, reader);
  const v1::ErrorReason reason = ReasonOf(error);
  if (reason == v1::ERROR_REASON_NO_CARD || reason == v1::ERROR_REASON_NO_READER) {
    // There was one a moment ago.
    return PcscError(SCARD_W_REMOVED_CARD, reader);
  }
  if (reason != v1::ERROR_REASON_CARD_PROTOCOL) return error;
  // A reader that lost its card in the middle of a command often says only that the
  // exchange failed, and the service notices a moment later.
  for (absl::Duration waited; waited <= kRemovalNoticed; waited += kRemovalPause) {
    if (!control.Enter(JobControl::Stage::kCommand, timeouts.command)) return Ended();
    const LONG status = pcsc.Status(card_);
    if (!control.Leave()) return Ended();
    if (status == SCARD_W_REMOVED_CARD || status == SCARD_E_NO_SMARTCARD ||
        status == SCARD_E_READER_UNAVAILABLE) {
      return PcscError(SCARD_W_REMOVED_CARD, reader);
    }
    control.Sleep(kRemovalPause);
  }
  return error;
}

void CardSession::GiveBack() {
  if (!connected_) return;
  auto& [pcsc, context, control, timeouts, reader] = environment_;
  const DWORD disposition = attempt_sent_ ? SCARD_RESET_CARD : SCARD_LEAVE_CARD;
  // An ended job gives the card back all the same; nobody waits for it any more.
  const bool watched = control.Enter(JobControl::Stage::kCommand, timeouts.command);
  LONG code = SCARD_S_SUCCESS;
  // Reset before the transaction ends: afterwards another program could be faster.
  if (in_transaction_) code = pcsc.EndTransaction(card_, disposition);
  const bool reset_due = attempt_sent_ && (!in_transaction_ || code != SCARD_S_SUCCESS);
  const LONG disconnected =
      pcsc.Disconnect(card_, reset_due ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD);
  if (watched) static_cast<void>(control.Leave());
  if (code != SCARD_S_SUCCESS || disconnected != SCARD_S_SUCCESS) {
    spdlog::debug("giving the card in '{}' back: end {:08X}, disconnect {:08X}", reader,
                  static_cast<uint32_t>(code), static_cast<uint32_t>(disconnected));
  }
}

}  // namespace ilkimza::agent
