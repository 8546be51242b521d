// What the fleet has seen of the portal's screens: kept, judged, and made durable. A
// screen that has changed is said once in the log, and pauses the steps that meet it. So
// is, and does, a step that stops for many because its page is not recognised.
//
// Each version of a profile has its own screens (PortalScreen.name). What has changed
// pauses whoever drives with that version, with an older one, or with one that says none:
// a newer one was made for the portal as it is by then.
//
// How much is kept is bounded, whatever agents report: screens, structures of a screen,
// sightings of a structure. What is told is a screen's or step's name and a fingerprint:
// nothing of a page, and nothing about a holder.
//
// Takes time from its caller. Not thread-safe.
#ifndef ILKIMZA_SERVER_DRIFT_DRIFT_WATCH_H_
#define ILKIMZA_SERVER_DRIFT_DRIFT_WATCH_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/oversight_service.pb.h"
#include "server/drift/judge.h"
#include "server/store/store.h"

namespace ilkimza::server {

class DriftWatch {
 public:
  // `store` outlives this.
  DriftWatch(const DriftPolicy& policy, Store& store) : policy_(policy), store_(store) {}

  // Before anything else: what was kept.
  absl::Status Load();

  // The report of a step of `journey` that was taken.
  void Saw(const v1::Journey& journey, const v1::StepReport& report, absl::Time now);

  // Whether the journey's current step, which is about to be directed, has to wait: it
  // meets a screen that has changed, or it opens a conversation in which a later step of
  // the plan does, so that nobody logs in for nothing. Neither a farewell nor a step
  // that is asked once more, since that page is before the holder's eyes.
  // `version` is that of the profile with which its host drives; 0: not known.
  [[nodiscard]] bool Pauses(const v1::Journey& journey, int version) const;

  // Screens and steps by name; without sightings.
  [[nodiscard]] std::vector<v1::PortalScreen> Screens(bool changed_only) const;
  // A screen's structures are known from now on; a step's stops are forgotten, since its
  // page is still not recognised. NOT_FOUND / BAD_FIELD where no such screen was seen, and
  // no such step stopped.
  absl::StatusOr<v1::PortalScreen> Accept(const std::string& name, const std::string& accepter,
                                          absl::Time now);

 private:
  struct Screen {
    v1::PortalScreen screen;
    absl::Time saved = absl::InfinitePast();
  };

  // Null where there are too many already.
  Screen* FindOrAdd(const std::string& name, int version);
  // Of the screens that the journey's hosts met in the step, those that are not in the
  // report.
  [[nodiscard]] std::vector<std::string> Missed(const v1::Journey& journey,
                                                const v1::StepReport& report) const;
  void SawScreens(const v1::Journey& journey, const v1::StepReport& report, absl::Time now);
  // The step was stopped by a page that is not recognised, or got through.
  void SawStep(const v1::Journey& journey, const v1::StepReport& report, absl::Time now);
  // True where it is more than the same once again.
  bool Note(Screen& screen, const v1::Journey& journey, const v1::StepReport& report,
            const std::string& fingerprint, absl::Time now);
  // True where it is more than the same once again.
  bool NoteStop(Screen& step, const v1::Journey& journey, const v1::StepReport& report,
                const std::string& fingerprint, absl::Time now);
  void Conclude(Screen& screen, v1::PortalScreen::Structure& structure, Verdict verdict,
                absl::Time now);
  void Save(Screen& screen, absl::Time now);
  void FindPaused();

  const DriftPolicy policy_;
  Store& store_;
  std::map<std::string, Screen> screens_;
  // By profile and version.
  std::map<std::string, std::map<int, std::set<v1::StepKind>>> paused_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_DRIFT_DRIFT_WATCH_H_
