// Steps that the holder carries out in a browser of their own: what they are told, and
// what their answer means. Everything is read off the profile and the directive;
// nothing here asks the portal.
//
// Steps that have nothing for a person by themselves are folded: done at once, with
// their labels shown with the step beside them. So OPEN_LOGIN and LOG_IN are one
// instruction, from the entrance on; and who has opened the PIN page has read it.
//
// A step that cannot be undone has two screens: the first one leads to the page that names
// the card, and asks whether the holder wants it, with the serial once from the card and
// once from that page; only where they are the same, the second one is the instruction.
//
// Pure and thread-safe.
#ifndef ILKIMZA_PORTAL_GUIDED_H_
#define ILKIMZA_PORTAL_GUIDED_H_

#include <string>

#include "absl/status/statusor.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"
#include "portal/conversation.h"
#include "portal/profile.h"

namespace ilkimza::portal {

// Asks the holder nothing in a guided journey.
bool IsFolded(v1::StepKind step);

// The instruction for the directive's step, which is not folded; or, where it cannot be
// undone, the screen that asks for confirmation.
v1::GuidedStep InstructionFor(const v1::RunStep& directive, const Profile& profile);

// The instruction after confirmation, for this card and no other.
v1::GuidedStep ConfirmedInstructionFor(const v1::RunStep& directive, const Profile& profile,
                                       const std::string& card_serial);

// The card of an answer that confirms. BAD_FIELD with the field's name for one that does
// not, and WRONG_CARD_SERIAL where its serials differ.
absl::StatusOr<std::string> ConfirmedCard(const v1::GuidedAnswer& answer,
                                          const v1::GuidedStep& asked);

// How the step ends by this answer, which does not confirm. BAD_FIELD with the field's
// name for one that the step does not take.
absl::StatusOr<Ending> EndingBy(const v1::GuidedAnswer& answer, const v1::GuidedStep& asked,
                                v1::StepKind step);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_GUIDED_H_
