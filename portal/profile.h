// A portal's profile, loaded and checked. proto/ilkimza/profile/v1/profile.proto
// says what stands in one.
//
// Those of portal/CMakeLists.txt are built into the program, others are files. A copy
// shares the contents, which never change: thread-safe.
//
//   ILKIMZA_ASSIGN_OR_RETURN(Profile profile, Profile::Named(kDefaultProfile));
//   ILKIMZA_ASSIGN_OR_RETURN(profile, profile.WithEntrance("https://localhost:8443/"));
#ifndef ILKIMZA_PORTAL_PROFILE_H_
#define ILKIMZA_PORTAL_PROFILE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ilkimza/profile/v1/profile.pb.h"
#include "portal/charset.h"
#include "portal/origin.h"

namespace ilkimza::portal {

namespace profile_v1 = ::ilkimza::profile::v1;

class Profile {
 public:
  // A built-in one by its name, or, where `name` holds a slash, the file.
  // BAD_CONFIGURATION naming what is wrong in it.
  static absl::StatusOr<Profile> Named(std::string_view name);
  // `source` names the text in errors.
  static absl::StatusOr<Profile> FromText(std::string_view text, std::string_view source);

  // The same portal at another address; its host and port replace the profile's
  // hosts. For test portals, and for configuration.
  [[nodiscard]] absl::StatusOr<Profile> WithEntrance(std::string_view entrance) const;

  [[nodiscard]] const std::string& name() const;
  // 0 where it has none.
  [[nodiscard]] int version() const;
  [[nodiscard]] const Address& entrance_address() const;
  [[nodiscard]] const std::string& entrance() const;
  [[nodiscard]] const Origins& origins() const;
  [[nodiscard]] Charset charset() const;
  [[nodiscard]] const std::string& display_name() const;
  [[nodiscard]] const std::string& hotline() const;

  // Everything below is folded (FoldLabel), ready to be compared.
  struct Words {
    std::vector<std::string> parts;
  };
  struct Field {
    profile_v1::FieldKind kind;
    std::vector<std::string> names;
    std::string shown;
    // Names of other fields that begin as one of these and go on in brackets.
    std::vector<std::string> bracketed_others;
  };
  struct Button {
    std::string id;
    std::vector<std::string> names;
    bool any = false;
    bool per_card = false;
    // As the profile writes it, for messages.
    std::string shown;
  };
  struct Value {
    profile_v1::ValueKind kind;
    std::vector<std::string> labels;
    int min_digits = 0;
    int max_digits = 0;
    std::string shown;
  };
  struct Screen {
    profile_v1::ScreenKind kind;
    std::vector<std::string> headings;
    std::vector<Words> texts;
    std::vector<Words> forbidden_texts;
    std::vector<const Field*> fields;
    bool no_other_fields = false;
    std::vector<const Button*> buttons;
    std::vector<const Button*> forbidden_buttons;
    std::vector<const Value*> values;
    bool captcha = false;
    bool least = false;
    std::string shown;
  };
  struct Message {
    v1::ErrorReason reason;
    std::vector<Words> sentences;
    std::vector<v1::StepKind> steps;
  };
  struct Move {
    std::vector<profile_v1::ScreenKind> on;
    std::vector<const Field*> fill;
    const Button* press = nullptr;
    bool submits = false;
  };
  struct Step {
    v1::StepKind kind;
    bool fresh = false;
    std::vector<Move> moves;
    std::vector<profile_v1::ScreenKind> ends;
    const Button* new_captcha = nullptr;
    v1::StepKind opened_by = v1::STEP_KIND_UNSPECIFIED;
    bool absent = false;
  };

  [[nodiscard]] const std::vector<Field>& fields() const;
  [[nodiscard]] const std::vector<Button>& buttons() const;
  [[nodiscard]] const std::vector<Value>& values() const;
  [[nodiscard]] const std::vector<Screen>& screens() const;
  [[nodiscard]] const std::vector<Message>& messages() const;
  // nullptr where the profile has none.
  [[nodiscard]] const Step* step(v1::StepKind kind) const;
  [[nodiscard]] const Value* value(profile_v1::ValueKind kind) const;
  [[nodiscard]] const Button* button(std::string_view id) const;
  // Folded names that nobody presses.
  [[nodiscard]] bool NeverPressed(std::string_view label) const;
  // The one step that may press a control of this folded name; UNSPECIFIED where the
  // profile reserves it for none.
  [[nodiscard]] v1::StepKind ReservedFor(std::string_view label) const;
  // The state that these folded words are, as a whole.
  [[nodiscard]] v1::PortalCertificateState StateOf(std::string_view words) const;

  struct Contents;

 private:
  explicit Profile(std::shared_ptr<const Contents> contents);
  std::shared_ptr<const Contents> contents_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_PROFILE_H_
