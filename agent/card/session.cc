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
  ILKIMZA_RETURN_IF_ERROR(environment.connection.Begin(environment));
  return std::unique_ptr<CardSession>(new CardSession(environment));
}

absl::StatusOr<ResponseApdu> CardSession::Send(const CommandApdu& command) {
  const DWORD spoken = environment_.connection.protocol();
  const Protocol protocol = spoken == SCARD_PROTOCOL_T0 ? Protocol::kT0 : Protocol::kT1;
  return Exchange(command, protocol,
                  [&](std::string_view bytes) { return Transmit(bytes, command.attempt); });
}

absl::StatusOr<std::string> CardSession::Transmit(std::string_view command, bool attempt) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment_;
  const auto stage = attempt ? JobControl::Stage::kAttempt : JobControl::Stage::kCommand;
  if (!control.Enter(stage, timeouts.command)) return Ended();
  if (attempt) {
    attempt_sent_ = true;
    connection.MarkAttempt();
  }
  std::string response;
  const LONG code =
      OnceConnected(pcsc.Transmit(connection.handle(), connection.protocol(), command, response));
  if (!control.Leave()) return Ended();
  if (code != SCARD_S_SUCCESS) return TransmitError(code, attempt);
  return response;
}

absl::StatusOr<DWORD> CardSession::FindKeysControl(const KeysCommand& command) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment_;
  if (!TrustedPinpad(reader)) return DWORD{0};
  if (!control.Enter(JobControl::Stage::kCommand, timeouts.command)) return Ended();
  std::string list;
  const LONG code = pcsc.Control(connection.handle(), CM_IOCTL_GET_FEATURE_REQUEST, "", list);
  if (!control.Leave()) return Ended();
  if (code != SCARD_S_SUCCESS) return DWORD{0};
  const PinpadFeatures features = ParsePinpadFeatures(list);
  return command.modify ? features.modify : features.verify;
}

absl::StatusOr<ResponseApdu> CardSession::SendFromKeys(const KeysCommand& command) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment_;
  ILKIMZA_ASSIGN_OR_RETURN(const DWORD keys, FindKeysControl(command));
  if (keys == 0) return KeysUnusable();
  ILKIMZA_ASSIGN_OR_RETURN(const std::string block, EncodeKeysBlock(command, timeouts.typing));
  // The old PIN, and the new one twice.
  const absl::Duration limit = timeouts.typing * (command.modify ? 3 : 1) + timeouts.command;
  if (!control.Enter(JobControl::Stage::kAttempt, limit)) return Ended();
  attempt_sent_ = true;
  connection.MarkAttempt();
  std::string answer;
  const LONG code = OnceConnected(pcsc.Control(connection.handle(), keys, block, answer));
  if (!control.Leave()) return Ended();
  if (code == SCARD_E_UNSUPPORTED_FEATURE) return KeysUnusable();
  if (code != SCARD_S_SUCCESS) return TransmitError(code, /*attempt=*/true);
  if (answer.size() != 2) return AttemptUnknown(SCARD_F_COMM_ERROR);
  const StatusWord status(static_cast<uint8_t>(answer[0]), static_cast<uint8_t>(answer[1]));
  ILKIMZA_RETURN_IF_ERROR(JudgeKeysAnswer(status));
  return ResponseApdu{.data = "", .status = status};
}

absl::Status CardSession::TransmitError(LONG code, bool attempt) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment_;
  connection.MarkBroken();
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
    const LONG status = pcsc.Status(connection.handle());
    if (!control.Leave()) return Ended();
    if (status == SCARD_W_REMOVED_CARD || status == SCARD_E_NO_SMARTCARD ||
        status == SCARD_E_READER_UNAVAILABLE) {
      return PcscError(SCARD_W_REMOVED_CARD, reader);
    }
    control.Sleep(kRemovalPause);
  }
  return error;
}

}  // namespace ilkimza::agent
