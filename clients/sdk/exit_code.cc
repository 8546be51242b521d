#include "clients/sdk/exit_code.h"

#include "base/error.h"

namespace ilkimza::client {

ExitCode ExitCodeOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_BAD_FIELD:
    case v1::ERROR_REASON_WRONG_ANSWER_KIND:
    case v1::ERROR_REASON_PAGE_TOKEN_INVALID:
    case v1::ERROR_REASON_BAD_NATIONAL_ID:
    case v1::ERROR_REASON_WRONG_CARD_SERIAL:
      return kExitBadInput;
    case v1::ERROR_REASON_BAD_CONFIGURATION:
    case v1::ERROR_REASON_PORTAL_HOST_OFF:
    case v1::ERROR_REASON_ENROLMENT_OFF:
      return kExitBadConfiguration;
    case v1::ERROR_REASON_JOURNEY_NOT_FOUND:
    case v1::ERROR_REASON_CARD_NOT_FOUND:
      return kExitNotFound;
    case v1::ERROR_REASON_NOT_ALLOWED:
    case v1::ERROR_REASON_GOAL_SWITCHED_OFF:
    case v1::ERROR_REASON_WAY_SWITCHED_OFF:
    case v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED:
    case v1::ERROR_REASON_JOIN_TOKEN_REFUSED:
    case v1::ERROR_REASON_CERTIFICATE_REFUSED:
      return kExitNotAllowed;
    case v1::ERROR_REASON_SERVER_UNREACHABLE:
    case v1::ERROR_REASON_AGENT_UNREACHABLE:
    case v1::ERROR_REASON_AGENT_NOT_ATTACHED:
    case v1::ERROR_REASON_SHUTTING_DOWN:
    case v1::ERROR_REASON_STORE_FAILED:
    case v1::ERROR_REASON_PORTAL_PACED:
      return kExitUnavailable;
    case v1::ERROR_REASON_WRONG_PIN:
    case v1::ERROR_REASON_WRONG_PUK:
      return kExitWrongPin;
    case v1::ERROR_REASON_PIN_BLOCKED:
    case v1::ERROR_REASON_PUK_BLOCKED:
      return kExitPinBlocked;
    case v1::ERROR_REASON_PIN_FORMAT:
    case v1::ERROR_REASON_PIN_POLICY:
    case v1::ERROR_REASON_LAST_TRY:
    case v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED:
      return kExitPinRefused;
    case v1::ERROR_REASON_ATTEMPT_UNKNOWN:
      return kExitAttemptUnknown;
    case v1::ERROR_REASON_SIGNATURE_INVALID:
    case v1::ERROR_REASON_CERTIFICATE_NOT_FOUND:
    case v1::ERROR_REASON_CERTIFICATE_EXPIRED:
    case v1::ERROR_REASON_CERTIFICATE_NOT_YET_VALID:
      return kExitSignature;
    default:
      break;
  }
  if (reason >= 40 && reason < 100) return kExitPortal;
  if (reason >= 100 && reason < 140) return kExitCardUnreachable;
  return kExitFailed;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  const v1::ErrorReason reason = ReasonOf(status);
  if (reason != v1::ERROR_REASON_UNSPECIFIED) return ExitCodeOf(reason);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return kExitBadInput;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnavailable;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kExitNotAllowed;
    case absl::StatusCode::kInternal:
      return kExitInternal;
    default:
      return kExitFailed;
  }
}

}  // namespace ilkimza::client
