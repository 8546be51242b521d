#include "clients/sdk/ways_on.h"

#include <algorithm>

namespace ilkimza::client {
namespace {

// What helps against each reason, before anything that always may. Reasons that are
// not here are mended by whoever retries.
std::vector<WayOn> HelpAgainst(v1::ErrorReason reason) {
  switch (reason) {
    // The page is not the one İlkimza knows; a person can read any page.
    case v1::ERROR_REASON_SCREEN_UNRECOGNISED:
    case v1::ERROR_REASON_SCREEN_UNEXPECTED:
    case v1::ERROR_REASON_SCREEN_DRIFTED:
    case v1::ERROR_REASON_CONTROL_AMBIGUOUS:
    case v1::ERROR_REASON_CLICK_NOT_ALLOWED:
    case v1::ERROR_REASON_PAGE_TOO_LARGE:
    case v1::ERROR_REASON_PAGE_UNREADABLE:
    case v1::ERROR_REASON_TOO_MANY_REDIRECTS:
    case v1::ERROR_REASON_OFF_SITE:
      return {WayOn::kGuided, WayOn::kRetry, WayOn::kItDepartment};
    case v1::ERROR_REASON_PORTAL_REFUSED:
    case v1::ERROR_REASON_BAD_CONTACT_INFO:
    case v1::ERROR_REASON_NOTHING_TO_ACTIVATE:
    case v1::ERROR_REASON_NOTHING_TO_REVOKE:
    case v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS:
    case v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS:
      return {WayOn::kGuided, WayOn::kHotline};
    // Whether it was taken is seen by looking.
    case v1::ERROR_REASON_SUBMISSION_UNKNOWN:
      return {WayOn::kRetry, WayOn::kGuided};
    case v1::ERROR_REASON_PORTAL_UNREACHABLE:
    case v1::ERROR_REASON_PORTAL_MAINTENANCE:
    case v1::ERROR_REASON_PORTAL_PACED:
      return {WayOn::kRetry, WayOn::kGuided, WayOn::kItDepartment};
    // A browser on the same network would be led astray as well.
    case v1::ERROR_REASON_PORTAL_UNTRUSTED:
      return {WayOn::kItDepartment};
    case v1::ERROR_REASON_LOCKED_OUT:
      return {WayOn::kResetWord, WayOn::kHotline};
    case v1::ERROR_REASON_WRONG_PHONE:
    case v1::ERROR_REASON_WRONG_EMAIL:
      return {WayOn::kHotline, WayOn::kRetry};
    case v1::ERROR_REASON_MAIL_NOT_RECEIVED:
    case v1::ERROR_REASON_WRONG_ID_OR_EMAIL:
      return {WayOn::kRetry, WayOn::kHotline};
    case v1::ERROR_REASON_ATTEMPTS_EXHAUSTED:
      return {WayOn::kRetry, WayOn::kGuided, WayOn::kHotline};
    case v1::ERROR_REASON_GUIDED_NOT_POSSIBLE:
      return {WayOn::kDriven, WayOn::kRetry, WayOn::kHotline};
    case v1::ERROR_REASON_PIN_INFO_DELETED:
      return {WayOn::kKnownPin, WayOn::kUnblockPin, WayOn::kReissue};
    case v1::ERROR_REASON_PIN_BLOCKED:
      return {WayOn::kUnblockPin, WayOn::kItDepartment};
    case v1::ERROR_REASON_PUK_BLOCKED:
    case v1::ERROR_REASON_SIGNATURE_INVALID:
    case v1::ERROR_REASON_CERTIFICATE_NOT_FOUND:
    case v1::ERROR_REASON_OPERATION_UNSUPPORTED:
    case v1::ERROR_REASON_CARD_UNSUPPORTED:
      return {WayOn::kItDepartment, WayOn::kHotline};
    case v1::ERROR_REASON_BAD_CONFIGURATION:
    case v1::ERROR_REASON_PORTAL_HOST_OFF:
    case v1::ERROR_REASON_STORE_FAILED:
    case v1::ERROR_REASON_NOT_ALLOWED:
    case v1::ERROR_REASON_GOAL_SWITCHED_OFF:
    case v1::ERROR_REASON_WAY_SWITCHED_OFF:
      return {WayOn::kItDepartment};
    case v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED:
    case v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING:
    case v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED:
    case v1::ERROR_REASON_NO_READER:
    case v1::ERROR_REASON_NO_CARD:
    case v1::ERROR_REASON_CARD_REMOVED:
    case v1::ERROR_REASON_CARD_MUTE:
    case v1::ERROR_REASON_CARD_BUSY:
    case v1::ERROR_REASON_CARD_RESET:
    case v1::ERROR_REASON_CARD_PROTOCOL:
    case v1::ERROR_REASON_CARD_TIMEOUT:
    case v1::ERROR_REASON_MODULE_FAILED:
      return {WayOn::kRetry, WayOn::kDoctor};
    default:
      return {WayOn::kRetry};
  }
}

bool MayTurn(const v1::Journey& journey, v1::Way way) {
  return std::find(journey.other_ways().begin(), journey.other_ways().end(), way) !=
         journey.other_ways().end();
}

}  // namespace

std::string_view WayOnName(WayOn way) {
  switch (way) {
    case WayOn::kRetry:
      return "RETRY";
    case WayOn::kGuided:
      return "GUIDED";
    case WayOn::kDriven:
      return "DRIVEN";
    case WayOn::kResetWord:
      return "RESET_WORD";
    case WayOn::kUnblockPin:
      return "UNBLOCK_PIN";
    case WayOn::kKnownPin:
      return "KNOWN_PIN";
    case WayOn::kReissue:
      return "REISSUE";
    case WayOn::kHotline:
      return "HOTLINE";
    case WayOn::kItDepartment:
      return "IT_DEPARTMENT";
    case WayOn::kDoctor:
      return "DOCTOR";
  }
  return "";
}

std::vector<WayOn> WaysOn(const v1::Journey& journey) {
  std::vector<WayOn> ways;
  const auto add = [&](WayOn way) {
    const bool is_shut =
        (way == WayOn::kGuided && !MayTurn(journey, v1::WAY_GUIDED)) ||
        (way == WayOn::kDriven && !MayTurn(journey, v1::WAY_DRIVEN)) ||
        (way == WayOn::kResetWord && journey.goal() == v1::GOAL_RESET_SECURITY_WORD) ||
        (way == WayOn::kUnblockPin && journey.goal() == v1::GOAL_UNBLOCK_PIN);
    if (!is_shut && std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(way);
  };
  for (const WayOn way : HelpAgainst(journey.reason())) add(way);
  add(WayOn::kRetry);
  add(WayOn::kGuided);
  add(WayOn::kDriven);
  return ways;
}

}  // namespace ilkimza::client
