#include "base/redact.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/secret.h"
#include "ilkimza/v1/options.pb.h"

namespace ilkimza {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsSecret(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::secret) || field.options().GetExtension(v1::credential);
}

// Calls `visit` for each secret field that is set, at any depth.
template <typename Visit>
void ForEachSecret(Message& message, const Visit& visit) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsSecret(*field)) {
      visit(message, *field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        ForEachSecret(*reflection.MutableMessage(&message, field), visit);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        ForEachSecret(*reflection.MutableRepeatedMessage(&message, field, i), visit);
      }
    }
  }
}

// The string's own bytes, not a copy: `scratch` is used only by types that do
// not store a std::string, and proto3 strings do.
void WipeStringField(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  std::string scratch;
  const auto wipe = [](const std::string& text) { Wipe(const_cast<std::string&>(text)); };
  if (field.is_repeated()) {
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      wipe(reflection.GetRepeatedStringReference(message, &field, i, &scratch));
    }
  } else {
    wipe(reflection.GetStringReference(message, &field, &scratch));
  }
}

class SecretPrinter : public google::protobuf::TextFormat::FastFieldValuePrinter {
 public:
  void PrintString(const std::string&,
                   google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    out->PrintLiteral("[secret]");
  }
  void PrintBytes(const std::string&,
                  google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    out->PrintLiteral("[secret]");
  }
};

}  // namespace

std::string Redacted(const Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  printer.SetExpandAny(false);
  // A printer for each secret field reachable from this type.
  std::vector<const google::protobuf::Descriptor*> open = {message.GetDescriptor()};
  std::vector<const google::protobuf::Descriptor*> seen;
  while (!open.empty()) {
    const auto* type = open.back();
    open.pop_back();
    if (std::find(seen.begin(), seen.end(), type) != seen.end()) continue;
    seen.push_back(type);
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (IsSecret(*field)) {
        printer.RegisterFieldValuePrinter(field, std::make_unique<SecretPrinter>().release());
      } else if (field->message_type() != nullptr) {
        open.push_back(field->message_type());
      }
    }
  }
  std::string text;
  printer.PrintToString(message, &text);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

void WipeSecrets(Message& message) {
  ForEachSecret(message, [](Message& owner, const FieldDescriptor& field) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) WipeStringField(owner, field);
    owner.GetReflection()->ClearField(&owner, &field);
  });
}

}  // namespace ilkimza
