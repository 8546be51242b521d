// Screens to the holder, made from what a step found. Thread-safe.
#ifndef ILKIMZA_PORTAL_SHOW_H_
#define ILKIMZA_PORTAL_SHOW_H_

#include "absl/time/time.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"
#include "portal/conversation.h"

namespace ilkimza::portal {

// The screen on which `directive` asks the holder; without a screen_id. `view` is
// used up. For the steps that ask before the portal is touched, it is empty.
v1::Screen AskingScreen(const v1::RunStep& directive, View view, const std::string& hotline,
                        absl::Time now);

// Of a guided step: see guided.h.
v1::Screen GuidedScreen(const v1::RunStep& directive, v1::GuidedStep instruction);
v1::Screen WorkingScreen(const v1::RunStep& directive);
v1::Screen UnrecognisedScreen(const v1::RunStep& directive, const Ending& ending);

// The one card the directive is about; empty where it names none.
std::string CardOf(const v1::RunStep& directive);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_SHOW_H_
