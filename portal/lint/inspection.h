// What a profile makes of a page, in a form that may be shown to anybody: names of
// controls, the profile's own words, and the page's structure. Never what a field
// holds or a page tells: see `Masked`.
//
// Pure functions. Thread-safe.
//
//   const Inspection found = Inspect(page, profile);
//   if (found.screen == SCREEN_KIND_UNSPECIFIED) ... found.nearest, found.missing ...
#ifndef ILKIMZA_PORTAL_LINT_INSPECTION_H_
#define ILKIMZA_PORTAL_LINT_INSPECTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "portal/page.h"
#include "portal/profile.h"
#include "portal/screen.h"

namespace ilkimza::portal {

struct InspectedControl {
  // "field", "choice", "button" or "link".
  std::string_view kind;
  // Its accessible name, masked.
  std::string name;
  // What the profile calls it: "NATIONAL_ID", "log_in". A name may be several.
  std::vector<std::string> called;
  bool enabled = true;
  // It can be pressed or typed into: false for scripts that are not the usual ones.
  bool usable = true;
  bool never_pressed = false;
};

struct Inspection {
  // UNSPECIFIED: not sure, for `reason`.
  profile_v1::ScreenKind screen = profile_v1::SCREEN_KIND_UNSPECIFIED;
  // See Profile::Screen::least.
  bool least = false;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  profile_v1::ScreenKind nearest = profile_v1::SCREEN_KIND_UNSPECIFIED;
  std::vector<std::string> missing;

  std::string fingerprint;
  std::string_view charset;
  std::vector<InspectedControl> controls;
  // The values that can be read, by kind; what they are is nobody's business.
  std::vector<profile_v1::ValueKind> values;
  // What the portal says in words that the profile knows.
  std::vector<v1::ErrorReason> messages;
  // Every screen of the profile.
  std::vector<ScreenCheck> screens;
};

Inspection Inspect(const Page& page, const Profile& profile);

// `name` without what may be a value: a name that holds what a field of the page
// holds, or a value that the profile reads from it, is nothing but "…"; of any other,
// words with a digit in them are "…". Characters that steer a terminal are left out.
std::string Masked(std::string_view name, const std::vector<std::string>& values);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_LINT_INSPECTION_H_
