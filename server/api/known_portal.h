// What the server knows of the portal that its journeys are about.
#ifndef ILKIMZA_SERVER_API_KNOWN_PORTAL_H_
#define ILKIMZA_SERVER_API_KNOWN_PORTAL_H_

#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "ilkimza/v1/journey.pb.h"
#include "portal/default_profile.h"
#include "server/hosting/options.h"

namespace ilkimza::server {

struct KnownPortal {
  // Of its profile, as journeys name it.
  std::string name = portal::kDefaultProfile;
  // The steps that the profile says how to do. nullopt: the agents have the profile,
  // this server has not.
  std::optional<std::set<v1::StepKind>> steps;
  // Of its profile; 0 where it has none.
  int version = 0;
  // Whom holders call.
  std::string hotline;
};

// Reads the profile. One that is only named, and not built in, is the agents' own where
// `hosts` is false. BAD_CONFIGURATION where a profile is wrong, or cannot be had.
absl::StatusOr<KnownPortal> KnownPortalOf(const HostingOptions& options, bool hosts);

// Whom holders call about the portal of `profile`: this one, or another that is built in.
// Empty where nobody here knows.
std::string HotlineOf(const KnownPortal& portal, const std::string& profile);

// OK where the portal's steps of a journey can all be driven; otherwise a sentence that
// names the first one that cannot, with metadata "step".
absl::Status CheckDriven(const KnownPortal& portal, v1::Goal goal, bool security_word_forgotten);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_KNOWN_PORTAL_H_
