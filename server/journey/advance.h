// A journey is a pure function of its events: no clock, no I/O, no gRPC.
//
//   Advance(journey, event) -> {journey, directives}
//
// Everything durable about a journey is the ordered list of its events; taking
// them from the start, with the same policy, gives the same journey. Time is what
// the events say. The jitter of waiting times follows from the journey's name and
// revision, so it is spread over journeys and still repeatable.
//
// What always holds:
//   - each applied event raises `revision` by one, and an ended journey takes none;
//   - `directive_id` is the revision that issued the directive, so it is unique in
//     the journey and grows; it is 0 unless a report for it is still wanted;
//   - a step on the card is never given up while its result is open: the same
//     directive is sent again, since an attempt may have been made already;
//   - DELETE_PORTAL_COPY is directed only after the PIN was proven or changed.
//
// A guided journey directs its portal steps to the holder, who has a browser of
// their own: what a host loses is nothing to it, and `logged_in` says that the holder
// has logged in there. The card steps, which prove what the holder says, are the
// same. A journey that turns from one way to the other begins again at the safe step
// of the portal's part; what is proven stays.
#ifndef ILKIMZA_SERVER_JOURNEY_ADVANCE_H_
#define ILKIMZA_SERVER_JOURNEY_ADVANCE_H_

#include <vector>

#include "absl/time/time.h"
#include "ilkimza/v1/journey.pb.h"
#include "server/journey/directive.h"
#include "server/journey/policy.h"

namespace ilkimza::server {

struct Transition {
  // False: the event means nothing here (a report of the past, a time that has
  // not come, an ended journey). Then the journey is unchanged, there are no
  // directives, and the event is not to be kept.
  bool applied = false;
  v1::Journey journey;
  std::vector<Directive> directives;
};

// A new journey is one with nothing but its `name`; its first event is `created`.
Transition Advance(const v1::Journey& journey, const v1::JourneyEvent& event, const Policy& policy);

// The same on `journey` itself, wherever its memory comes from; directives are
// appended. False: the event means nothing here, and `journey` is of no use any more.
bool AdvanceInPlace(v1::Journey& journey, const v1::JourneyEvent& event, const Policy& policy,
                    std::vector<Directive>& directives);

// True for a report that no host makes: the server itself takes a step on the portal
// back before it is handed out (PORTAL_PACED, SCREEN_DRIFTED). Its `report_time` is when
// the step is to be tried again.
bool IsHeldBack(const v1::StepReport& report);

// True where the journey waits for its turn at the portal, and its agent is away: neither
// time nor anybody's word lets it go on, only the agent as it attaches. It keeps the
// reason and the time that it was told.
bool IsPassedOver(const v1::Journey& journey);

// The ways other than its present one in which a journey may go on.
std::vector<v1::Way> OtherWays(const v1::Journey& journey, const Policy& policy);

// When the next TimePassed event is due; the infinite future if never.
absl::Time NextTime(const v1::Journey& journey);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_JOURNEY_ADVANCE_H_
