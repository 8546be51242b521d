// Enum values as they stand in JSON: the proto's names without their prefix.
#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

std::string Name(const google::protobuf::EnumDescriptor& type, int value, std::string_view prefix) {
  const auto* found = type.FindValueByNumber(value);
  if (found == nullptr) return std::to_string(value);
  const std::string_view name = found->name();
  return std::string(name.substr(prefix.size()));
}

}  // namespace

std::string StepName(v1::StepKind step) {
  return Name(*v1::StepKind_descriptor(), step, "STEP_KIND_");
}
std::string GoalName(v1::Goal goal) { return Name(*v1::Goal_descriptor(), goal, "GOAL_"); }
std::string JourneyStateName(v1::JourneyState state) {
  return Name(*v1::JourneyState_descriptor(), state, "JOURNEY_STATE_");
}
std::string StepStateName(v1::StepState state) {
  return Name(*v1::StepState_descriptor(), state, "STEP_STATE_");
}
std::string ActorName(v1::Actor actor) { return Name(*v1::Actor_descriptor(), actor, "ACTOR_"); }
std::string PortalHostName(v1::PortalHost host) {
  return Name(*v1::PortalHost_descriptor(), host, "PORTAL_HOST_");
}
std::string WayName(v1::Way way) { return Name(*v1::Way_descriptor(), way, "WAY_"); }
std::string ReaderStateName(v1::ReaderState state) {
  return Name(*v1::ReaderState_descriptor(), state, "READER_STATE_");
}
std::string CardFamilyName(v1::CardFamily family) {
  return Name(*v1::CardFamily_descriptor(), family, "CARD_FAMILY_");
}
std::string TriesLeftName(v1::TriesLeft tries) {
  return Name(*v1::TriesLeft_descriptor(), tries, "TRIES_LEFT_");
}
std::string OperationName(v1::CardOperation operation) {
  return Name(*v1::CardOperation_descriptor(), operation, "CARD_OPERATION_");
}
std::string ValidityName(v1::CertificateValidity validity) {
  return Name(*v1::CertificateValidity_descriptor(), validity, "CERTIFICATE_VALIDITY_");
}
std::string PortalCertificateStateName(v1::PortalCertificateState state) {
  return Name(*v1::PortalCertificateState_descriptor(), state, "PORTAL_CERTIFICATE_STATE_");
}
std::string OutcomeName(v1::StepOutcome outcome) {
  return Name(*v1::StepOutcome_descriptor(), outcome, "STEP_OUTCOME_");
}

std::string_view GoalOption(v1::Goal goal) {
  switch (goal) {
    case v1::GOAL_GET_PIN:
      return "get-pin";
    case v1::GOAL_RESET_SECURITY_WORD:
      return "reset-word";
    case v1::GOAL_LIST_CERTIFICATES:
      return "list-certificates";
    case v1::GOAL_ACTIVATE_CERTIFICATE:
      return "activate";
    case v1::GOAL_UPDATE_INFO:
      return "update-info";
    case v1::GOAL_UNBLOCK_PIN:
      return "unblock";
    case v1::GOAL_REVOKE_CERTIFICATE:
      return "revoke";
    default:
      return "";
  }
}

v1::Goal GoalOfOption(std::string_view option) {
  for (int value = 1; value < v1::Goal_ARRAYSIZE; ++value) {
    const auto goal = static_cast<v1::Goal>(value);
    if (!option.empty() && GoalOption(goal) == option) return goal;
  }
  return v1::GOAL_UNSPECIFIED;
}

}  // namespace ilkimza::client
