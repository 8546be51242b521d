#include "portal/profile.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "portal/built_in_profiles.h"
#include "portal/profile_contents.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

absl::Status Bad(std::string_view source, const std::string& why) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat("The portal profile ", std::string(source), " is wrong: ", why));
}

// Keeps the first error of the text format parser, with its line.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
    if (text.empty()) text = absl::StrCat("line ", line + 1, ": ", message, ".");
  }
  std::string text;
};

}  // namespace

absl::StatusOr<Profile> Profile::Named(std::string_view name) {
  std::string known;
  for (const BuiltInProfile& profile : BuiltInProfiles()) {
    if (profile.name == name) return FromText(profile.text, name);
    absl::StrAppend(&known, "\"", std::string(profile.name), "\", ");
  }
  if (name.find('/') == std::string_view::npos) {
    return Bad(name, absl::StrCat("there is no such profile; write ", known,
                                  "or the path of a file, with a slash in it."));
  }
  std::ifstream file{std::string(name), std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Bad(name, "the file cannot be read.");
  return FromText(text, name);
}

absl::StatusOr<Profile> Profile::FromText(std::string_view text, std::string_view source) {
  profile_v1::Profile message;
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(std::string(text), &message)) return Bad(source, error.text);
  auto contents = std::make_shared<Contents>();
  if (const std::string why = contents->Read(message); !why.empty()) {
    return Bad(source, why);
  }
  return Profile(std::move(contents));
}

absl::StatusOr<Profile> Profile::WithEntrance(std::string_view entrance) const {
  const auto address = ParseAddress("", entrance);
  if (!address.ok() || address->url.substr(0, 8) != "https://") {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     "The portal's entrance in the configuration is no https address.");
  }
  auto contents = std::make_shared<Contents>();
  contents->Read(contents_->message);  // was read before, so it fits
  ILKIMZA_ASSIGN_OR_RETURN(contents->origins, Origins::Of({address->origin.substr(8)}));
  contents->entrance = *address;
  return Profile(std::move(contents));
}

Profile::Profile(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}

const std::string& Profile::name() const { return contents_->message.name(); }
int Profile::version() const { return contents_->message.version(); }
const Address& Profile::entrance_address() const { return contents_->entrance; }
const std::string& Profile::entrance() const { return contents_->entrance.url; }
const Origins& Profile::origins() const { return contents_->origins; }
Charset Profile::charset() const { return contents_->charset; }
const std::string& Profile::display_name() const { return contents_->message.display_name(); }
const std::string& Profile::hotline() const { return contents_->message.hotline(); }
const std::vector<Profile::Field>& Profile::fields() const { return contents_->fields; }
const std::vector<Profile::Button>& Profile::buttons() const { return contents_->buttons; }
const std::vector<Profile::Value>& Profile::values() const { return contents_->values; }
const std::vector<Profile::Screen>& Profile::screens() const { return contents_->screens; }
const std::vector<Profile::Message>& Profile::messages() const { return contents_->messages; }

const Profile::Step* Profile::step(v1::StepKind kind) const {
  for (const Step& step : contents_->steps) {
    if (step.kind == kind) return &step;
  }
  return nullptr;
}

const Profile::Value* Profile::value(profile_v1::ValueKind kind) const {
  for (const Value& value : contents_->values) {
    if (value.kind == kind) return &value;
  }
  return nullptr;
}

const Profile::Button* Profile::button(std::string_view id) const {
  for (const Button& button : contents_->buttons) {
    if (button.id == id) return &button;
  }
  return nullptr;
}

bool Profile::NeverPressed(std::string_view label) const {
  return std::find(contents_->never_press.begin(), contents_->never_press.end(), label) !=
         contents_->never_press.end();
}

v1::StepKind Profile::ReservedFor(std::string_view label) const {
  const auto found = contents_->reserved.find(label);
  return found == contents_->reserved.end() ? v1::STEP_KIND_UNSPECIFIED : found->second;
}

v1::PortalCertificateState Profile::StateOf(std::string_view words) const {
  const auto found = contents_->certificate_states.find(words);
  return found == contents_->certificate_states.end() ? v1::PORTAL_CERTIFICATE_STATE_UNSPECIFIED
                                                      : found->second;
}

}  // namespace ilkimza::portal
