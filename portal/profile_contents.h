// What a profile holds once it is read. Inside of portal/ only.
#ifndef ILKIMZA_PORTAL_PROFILE_CONTENTS_H_
#define ILKIMZA_PORTAL_PROFILE_CONTENTS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "portal/profile.h"

namespace ilkimza::portal {

struct Profile::Contents {
  Contents() = default;
  // Elements are pointed to.
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;

  profile_v1::Profile message;
  Address entrance;
  Origins origins;
  Charset charset = Charset::kUtf8;
  std::vector<Field> fields;
  std::vector<Button> buttons;
  std::vector<Value> values;
  std::vector<Screen> screens;
  std::vector<Message> messages;
  std::vector<Step> steps;
  std::vector<std::string> never_press;
  std::map<std::string, v1::StepKind, std::less<>> reserved;
  std::map<std::string, v1::PortalCertificateState, std::less<>> certificate_states;

  // Checks `source` and takes it over. Returns a sentence that says what is wrong
  // and where, empty if all is well.
  std::string Read(const profile_v1::Profile& source);
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_PROFILE_CONTENTS_H_
