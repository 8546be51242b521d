// Whether a screen of the portal has changed, from what the fleet has seen of it.
//
// A page may well look different for a few: another number of cards, another notice. So
// one structure says nothing. A screen has changed where enough different witnesses meet
// a structure that nobody knew, and fewer have met the known ones since; or, once many
// have met it, hardly any.
//
// And whether a step has: where it has changed so much that it is none of the profile's
// screens any more, so that the step stops for everybody.
//
// Pure and thread-safe.
#ifndef ILKIMZA_SERVER_DRIFT_JUDGE_H_
#define ILKIMZA_SERVER_DRIFT_JUDGE_H_

#include <string>

#include "absl/time/time.h"
#include "ilkimza/v1/oversight_service.pb.h"

namespace ilkimza::server {

struct DriftPolicy {
  // Steps on a screen that has changed wait until an operator has accepted it.
  bool pause = true;
  // So many different agents have to see it. One of them proves nothing, whatever it
  // says.
  int witnesses = 3;
  // Within this time. A structure that has been seen for longer is one of those that
  // belong to the screen.
  absl::Duration window = absl::Hours(7 * 24);
};

// So many sightings of a structure are kept, one of each witness.
inline constexpr int kMostSightings = 32;

enum class Verdict {
  // Too early to say, or known already.
  kNothing,
  // The structure is the screen's, or one of its own.
  kSettled,
  kChanged,
};

// What the last sighting of `fingerprint`, one of the screen's structures, means.
Verdict Judge(const v1::PortalScreen& screen, const std::string& fingerprint, absl::Time now,
              const DriftPolicy& policy);

// The same of a page that stopped a step, which is never one of its own: kChanged or
// kNothing. Each witness is in `step` once, with its last word: a structure that stopped
// it, or that it got through. Of those that the page stopped, the last ones count (twice
// as many as are needed, and at least eight): they have to be enough, and more than got
// through meanwhile. A page that stops a few of many is theirs alone.
Verdict JudgeStop(const v1::PortalScreen& step, const std::string& fingerprint, absl::Time now,
                  const DriftPolicy& policy);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_DRIFT_JUDGE_H_
