// The profiles that are built into the program. Inside of portal/ only.
#ifndef ILKIMZA_PORTAL_BUILT_IN_PROFILES_H_
#define ILKIMZA_PORTAL_BUILT_IN_PROFILES_H_

#include <string_view>
#include <vector>

namespace ilkimza::portal {

struct BuiltInProfile {
  std::string_view name;
  // In text format.
  std::string_view text;
};

// One for each line of PROFILES in portal/CMakeLists.txt, from which it is made.
const std::vector<BuiltInProfile>& BuiltInProfiles();

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_BUILT_IN_PROFILES_H_
