// Printing or logging a message that holds secrets prints none of them.
#include "base/redact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/options.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMark[] = "GIZLI-7f3a";

// Fills every field: secrets with the mark, all else with "open".
void Fill(Message& message, int depth = 0) {
  if (depth > 6) return;
  const auto& reflection = *message.GetReflection();
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    const bool secret = field->options().GetExtension(v1::secret);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      const std::string value = secret ? kMark : "open";
      if (field->is_repeated()) {
        reflection.AddString(&message, field, value);
      } else {
        reflection.SetString(&message, field, value);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map()) {
      Fill(field->is_repeated() ? *reflection.AddMessage(&message, field)
                                : *reflection.MutableMessage(&message, field),
           depth + 1);
    }
  }
}

// One oneof member at a time, so that each is exercised.
template <typename T, typename Check>
void ForEachOneofMember(const Check& check) {
  const Descriptor& type = *T::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->containing_oneof() == nullptr) continue;
    T message;
    Fill(*message.GetReflection()->MutableMessage(&message, field));
    check(message, field->name());
  }
}

TEST(Redact, HidesEverySecretOfEveryScreenAndAnswer) {
  const auto check = [](const Message& message, const std::string& name) {
    const std::string text = Redacted(message);
    EXPECT_THAT(text, Not(HasSubstr(kMark))) << name;
    EXPECT_THAT(text, HasSubstr(name));
  };
  ForEachOneofMember<v1::Screen>(check);
  ForEachOneofMember<v1::AnswerScreenRequest>(check);
}

TEST(Redact, HidesPinsOfCardRequestsAndShowsTheRest) {
  v1::ChangePinRequest request;
  Fill(request);
  EXPECT_EQ(Redacted(request),
            "name: \"open\" old_pin: [secret] new_pin: [secret] journey: \"open\" request_id: "
            "\"open\"");
}

TEST(Redact, HidesSecretsInRepeatedMessages) {
  v1::PinPage page;
  for (int i = 0; i < 2; ++i) Fill(*page.add_cards());
  EXPECT_EQ(Redacted(page),
            "cards { card_serial: \"open\" pin: [secret] puk: [secret] } "
            "cards { card_serial: \"open\" pin: [secret] puk: [secret] }");
}

TEST(Redact, HidesAndWipesJoinTokens) {
  v1::EnrolAgentRequest request;
  request.set_agent("agents/pc1");
  request.set_token(kMark);
  EXPECT_EQ(Redacted(request), "agent: \"agents/pc1\" token: [secret]");
  WipeSecrets(request);
  EXPECT_EQ(Redacted(request), "agent: \"agents/pc1\"");
}

TEST(Redact, AnEmptySecretIsNotShownAsSet) { EXPECT_EQ(Redacted(v1::VerifyPinRequest()), ""); }

TEST(Redact, LoggingARedactedMessageLogsNoSecret) {
  ASSERT_TRUE(InitLogging("test", "trace").ok());
  v1::WatchScreenResponse response;
  Fill(*response.mutable_screen()->mutable_login());
  ::testing::internal::CaptureStderr();
  LogInfo("screen {}", Redacted(response));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("[secret]"));
  EXPECT_THAT(log, Not(HasSubstr(kMark)));
}

TEST(WipeSecrets, ClearsSecretsAtAnyDepthAndNothingElse) {
  v1::WatchScreenResponse response;
  Fill(*response.mutable_screen()->mutable_pin_page());
  WipeSecrets(response);
  const auto& card = response.screen().pin_page().cards(0);
  EXPECT_EQ(card.pin(), "");
  EXPECT_EQ(card.puk(), "");
  EXPECT_EQ(card.card_serial(), "open");
}

TEST(WipeSecrets, OverwritesTheBytesInPlace) {
  v1::VerifyPinRequest request;
  // Long enough to live on the heap, so that the bytes stay ours to look at.
  request.set_pin(std::string(200, 'P'));
  const char* bytes = request.pin().data();
  std::string held;
  request.mutable_pin()->swap(held);
  held.swap(*request.mutable_pin());
  ASSERT_EQ(request.pin().data(), bytes);
  WipeSecrets(request);
  // The string object keeps its buffer when cleared.
  EXPECT_EQ(request.mutable_pin()->capacity(), 200U);
  EXPECT_EQ(std::string(request.mutable_pin()->data(), 1), std::string(1, '\0'));
}

TEST(WipeSecrets, GuardWipesAtTheEndOfTheScope) {
  v1::VerifyPinRequest request;
  request.set_pin(kMark);
  { const WipeSecretsGuard guard(request); }
  EXPECT_EQ(request.pin(), "");
}

}  // namespace
}  // namespace ilkimza
