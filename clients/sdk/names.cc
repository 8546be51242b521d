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
std::string OutcomeName(v1::StepOutcome outcome) {
  return Name(*v1::StepOutcome_descriptor(), outcome, "STEP_OUTCOME_");
}

}  // namespace ilkimza::client
