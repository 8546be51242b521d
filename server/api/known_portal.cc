#include "server/api/known_portal.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "portal/profile.h"
#include "server/journey/plan.h"

namespace ilkimza::server {

absl::StatusOr<KnownPortal> KnownPortalOf(const HostingOptions& options, bool hosts) {
  const auto profile = portal::Profile::Named(options.profile);
  KnownPortal known;
  if (profile.ok()) {
    known.name = profile->name();
    known.version = profile->version();
    known.hotline = profile->hotline();
    known.steps.emplace();
    for (int kind = v1::StepKind_MIN; kind <= v1::StepKind_MAX; ++kind) {
      const auto step = static_cast<v1::StepKind>(kind);
      if (profile->step(step) != nullptr) known.steps->insert(step);
    }
    return known;
  }
  const bool is_file = options.profile.find('/') != std::string::npos;
  if (hosts || is_file) return profile.status();
  known.name = options.profile;
  LogWarning(
      "the profile '{}' is not built into this server: journeys are given to the agents as they "
      "are asked for; name its file in portal.profile to have those refused that it cannot drive",
      known.name);
  return known;
}

std::string HotlineOf(const KnownPortal& portal, const std::string& profile) {
  if (profile == portal.name) return portal.hotline;
  // Never a file: it is a caller who names it.
  if (profile.find('/') != std::string::npos) return "";
  const auto known = portal::Profile::Named(profile);
  return known.ok() ? known->hotline() : "";
}

absl::Status CheckDriven(const KnownPortal& portal, v1::Goal goal, bool security_word_forgotten) {
  if (!portal.steps) return absl::OkStatus();
  for (const v1::StepKind step : PlanOf(goal, security_word_forgotten)) {
    if (!SpecOf(step).on_portal || portal.steps->count(step) > 0) continue;
    return MakeError(
        absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_BAD_CONFIGURATION,
        absl::StrCat("The portal's profile '", portal.name, "' does not say how ",
                     v1::StepKind_Name(step),
                     " is done; begin the journey guided, or add the step to the profile."),
        {{"step", v1::StepKind_Name(step)}});
  }
  return absl::OkStatus();
}

}  // namespace ilkimza::server
