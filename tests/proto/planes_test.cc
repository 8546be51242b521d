// The promise "the organisation cannot read a holder's secrets", checked on the
// contracts themselves: no control-plane service can carry a secret.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/diagnosis_service.pb.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey_service.pb.h"
#include "ilkimza/v1/options.pb.h"
#include "ilkimza/v1/oversight_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

// Every file that holds a service. The first test compares their number with the
// list the build compiles, so that a new service cannot be forgotten here.
std::vector<const FileDescriptor*> ContractFiles() {
  return {v1::Journey::descriptor()->file(),
          v1::GetJourneyRequest::descriptor()->file(),
          v1::Screen::descriptor()->file(),
          v1::Card::descriptor()->file(),
          v1::AttachAgentRequest::descriptor()->file(),
          v1::Finding::descriptor()->file(),
          v1::PortalScreen::descriptor()->file()};
}

std::vector<const ServiceDescriptor*> Services() {
  std::vector<const ServiceDescriptor*> services;
  for (const FileDescriptor* file : ContractFiles()) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

// Paths such as "LoginAnswer.captcha" of all secret fields below `type`.
void CollectSecrets(const Descriptor* type, std::set<const Descriptor*>& seen,
                    std::vector<std::string>& secrets) {
  if (!seen.insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->options().GetExtension(v1::secret)) secrets.push_back(field->full_name());
    if (field->message_type() != nullptr) CollectSecrets(field->message_type(), seen, secrets);
  }
}

std::vector<std::string> SecretsReachableFrom(const Descriptor* type) {
  std::set<const Descriptor*> seen;
  std::vector<std::string> secrets;
  CollectSecrets(type, seen, secrets);
  return secrets;
}

// An `Any` or `Struct`, or bytes without a stated meaning, could carry what the
// descriptors cannot show.
void CollectOpaque(const Descriptor* type, std::set<const Descriptor*>& seen,
                   std::vector<std::string>& opaque) {
  if (!seen.insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->type() == FieldDescriptor::TYPE_BYTES) opaque.push_back(field->full_name());
    if (field->message_type() == nullptr) continue;
    const std::string& name = field->message_type()->full_name();
    if (name == "google.protobuf.Any" || name == "google.protobuf.Struct") {
      opaque.push_back(field->full_name());
    }
    CollectOpaque(field->message_type(), seen, opaque);
  }
}

void CollectCredentials(const Descriptor* type, const std::string& method,
                        std::set<const Descriptor*>& seen, std::vector<std::string>& found) {
  if (!seen.insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->options().GetExtension(v1::credential)) {
      found.push_back(method + ": " + field->full_name());
    }
    if (field->message_type() != nullptr) {
      CollectCredentials(field->message_type(), method, seen, found);
    }
  }
}

TEST(Planes, EveryServiceNamesItsPlane) {
  ASSERT_EQ(Services().size(), static_cast<std::size_t>(ILKIMZA_SERVICE_COUNT));
  for (const ServiceDescriptor* service : Services()) {
    EXPECT_NE(service->options().GetExtension(v1::plane), v1::PLANE_UNSPECIFIED)
        << service->full_name();
  }
}

TEST(Planes, NoControlPlaneMessageReachesASecret) {
  int control_methods = 0;
  for (const ServiceDescriptor* service : Services()) {
    if (service->options().GetExtension(v1::plane) != v1::PLANE_CONTROL) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      ++control_methods;
      EXPECT_EQ(SecretsReachableFrom(method->input_type()), std::vector<std::string>())
          << method->full_name();
      EXPECT_EQ(SecretsReachableFrom(method->output_type()), std::vector<std::string>())
          << method->full_name();
    }
  }
  EXPECT_GE(control_methods, 10);
}

// Certificates and requests for them, in DER: public by nature, taken apart by the one
// who gets them, and stored by nobody.
const std::vector<std::string>& PublicDer() {
  static const auto& names =
      *new std::vector<std::string>{"ilkimza.v1.EnrolAgentRequest.certificate_request",
                                    "ilkimza.v1.EnrolAgentResponse.certificate_chain",
                                    "ilkimza.v1.EnrolAgentResponse.server_authorities",
                                    "ilkimza.v1.RenewAgentCertificateRequest.certificate_request",
                                    "ilkimza.v1.RenewAgentCertificateResponse.certificate_chain",
                                    "ilkimza.v1.RenewAgentCertificateResponse.server_authorities"};
  return names;
}

TEST(Planes, NoControlPlaneMessageHoldsOpaqueBytes) {
  std::vector<std::string> found;
  for (const ServiceDescriptor* service : Services()) {
    if (service->options().GetExtension(v1::plane) != v1::PLANE_CONTROL) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      std::set<const Descriptor*> seen;
      std::vector<std::string> opaque;
      CollectOpaque(service->method(i)->input_type(), seen, opaque);
      CollectOpaque(service->method(i)->output_type(), seen, opaque);
      found.insert(found.end(), opaque.begin(), opaque.end());
    }
  }
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, PublicDer());
}

// A join token is no holder's secret, so the control plane may carry it; but only the
// two messages that are about it, and never a list, a stream or a stored resource.
TEST(Planes, JoinTokensTravelInTheirOwnTwoCallsOnly) {
  std::vector<std::string> found;
  for (const ServiceDescriptor* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      for (const Descriptor* type :
           {service->method(i)->input_type(), service->method(i)->output_type()}) {
        std::set<const Descriptor*> seen;
        CollectCredentials(type, service->method(i)->name(), seen, found);
      }
    }
  }
  std::sort(found.begin(), found.end());
  const std::vector<std::string> expected = {
      "CreateJoinToken: ilkimza.v1.CreateJoinTokenResponse.token",
      "EnrolAgent: ilkimza.v1.EnrolAgentRequest.token"};
  EXPECT_EQ(found, expected);
}

// The walk itself works: it finds the secrets where they are.
TEST(Planes, TheWalkFindsSecretsOnTheSecretPlane) {
  const std::vector<std::string> verify = {"ilkimza.v1.VerifyPinRequest.pin"};
  EXPECT_EQ(SecretsReachableFrom(v1::VerifyPinRequest::descriptor()), verify);
  EXPECT_GE(SecretsReachableFrom(v1::AnswerScreenRequest::descriptor()).size(), 9U);
  // Through a stream's wrapper, a oneof and a repeated field.
  const auto screen = SecretsReachableFrom(v1::WatchScreenResponse::descriptor());
  EXPECT_NE(std::find(screen.begin(), screen.end(), "ilkimza.v1.CardCredentials.puk"),
            screen.end());
}

TEST(Planes, FieldsNamedTokenBearTheCredentialOption) {
  for (const FileDescriptor* file : ContractFiles()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const FieldDescriptor* token = file->message_type(i)->FindFieldByName("token");
      if (token == nullptr) continue;
      EXPECT_TRUE(token->options().GetExtension(v1::credential)) << token->full_name();
    }
  }
}

// Whatever is named like a secret anywhere in the contracts bears the option.
TEST(Planes, FieldsNamedLikeSecretsBearTheOption) {
  const std::set<std::string> names = {"pin",     "puk",         "old_pin", "new_pin",
                                       "new_puk", "captcha",     "code",    "security_word",
                                       "link",    "national_id", "email",   "security_word_again"};
  std::vector<const Descriptor*> open;
  for (const FileDescriptor* file : ContractFiles()) {
    for (int i = 0; i < file->message_type_count(); ++i) open.push_back(file->message_type(i));
  }
  while (!open.empty()) {
    const Descriptor* type = open.back();
    open.pop_back();
    for (int i = 0; i < type->nested_type_count(); ++i) open.push_back(type->nested_type(i));
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
      if (names.count(field->name()) == 0) continue;
      EXPECT_TRUE(field->options().GetExtension(v1::secret)) << field->full_name();
    }
  }
}

}  // namespace
}  // namespace ilkimza
