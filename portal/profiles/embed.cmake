# Writes a C++ source that holds the texts of profiles:
# cmake -DPROFILES="a b" -DFOLDER= -DSOURCE= -P
set(TEXTS)
set(ROWS)
separate_arguments(PROFILES)
foreach(NAME IN LISTS PROFILES)
  file(READ ${FOLDER}/${NAME}.textproto CONTENTS HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," BYTES "${CONTENTS}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n    " BYTES "${BYTES}")
  string(APPEND TEXTS "// profiles/${NAME}.textproto\nconst unsigned char k_${NAME}[] = {\n    ${BYTES}0x00};\n")
  string(APPEND ROWS "      {\"${NAME}\", {reinterpret_cast<const char*>(k_${NAME}), sizeof(k_${NAME}) - 1}},\n")
endforeach()
file(WRITE ${SOURCE}
"// Made by profiles/embed.cmake.
#include \"portal/built_in_profiles.h\"

namespace ilkimza::portal {
namespace {

${TEXTS}
}  // namespace

const std::vector<BuiltInProfile>& BuiltInProfiles() {
  static const std::vector<BuiltInProfile> profiles = {
${ROWS}  };
  return profiles;
}

}  // namespace ilkimza::portal
")
