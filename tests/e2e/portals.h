// The practice portal in its variants: who asks it, its markup and its charset.
#ifndef ILKIMZA_TESTS_E2E_PORTALS_H_
#define ILKIMZA_TESTS_E2E_PORTALS_H_

#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/stack.h"

namespace ilkimza::testing {

struct Portal {
  const char* host;
  const char* style;
  const char* charset;
};

// Pairwise: each host meets each style and each charset, and each style each charset. All
// twelve, which journey_test.cc has, would cost six more minutes for what is typed, pressed
// and refused; two by two is where host, markup and charset could get in each other's way.
inline constexpr Portal kPairwisePortals[] = {
    {"agent", "html5", "utf-8"},         {"server", "html5", "iso-8859-9"},
    {"agent", "tables", "iso-8859-9"},   {"server", "tables", "utf-8"},
    {"agent", "postback", "iso-8859-9"}, {"server", "postback", "utf-8"}};

inline StackOptions OptionsOf(const Portal& portal) {
  return {.portal_host = portal.host, .style = portal.style, .charset = portal.charset};
}
inline std::string NameOf(const Portal& portal) {
  return std::string(portal.host) + "_" + portal.style;
}
inline std::string PortalName(const ::testing::TestParamInfo<Portal>& variant) {
  return NameOf(variant.param);
}

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_PORTALS_H_
