// Which screen a page is, and what is where on it. Pure functions of page and
// profile: the same page is the same screen, whatever happened before.
//
// "Not sure" is an answer: a page that fits no screen, or more than one, or that
// has two of a control that must be one, is left untouched.
//
// Thread-safe. Pointers point into the page.
//
//   const Recognition seen = Recognise(page, profile);
//   if (!seen.sure()) return ... seen.reason, seen.nearest, seen.missing ...
#ifndef ILKIMZA_PORTAL_SCREEN_H_
#define ILKIMZA_PORTAL_SCREEN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "portal/page.h"
#include "portal/profile.h"
#include "portal/values.h"

namespace ilkimza::portal {

struct Recognition {
  // UNSPECIFIED: not sure.
  profile_v1::ScreenKind kind = profile_v1::SCREEN_KIND_UNSPECIFIED;
  // The screen counts only for steps that start on it (Profile::Screen::least);
  // for all others the page is not sure, as the rest of this says.
  bool least = false;
  // Not sure: SCREEN_UNRECOGNISED, or CONTROL_AMBIGUOUS where all that is wrong
  // is a control that is there twice.
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // Not sure: the screen of which most is there, and what is not, in the profile's
  // words: `heading "SMS Onay Ekranı"`, `button "Onay" (there are 2)`.
  profile_v1::ScreenKind nearest = profile_v1::SCREEN_KIND_UNSPECIFIED;
  std::vector<std::string> missing;

  [[nodiscard]] bool sure() const { return kind != profile_v1::SCREEN_KIND_UNSPECIFIED; }
};

Recognition Recognise(const Page& page, const Profile& profile);

// One screen of the profile held against a page.
struct ScreenCheck {
  profile_v1::ScreenKind kind = profile_v1::SCREEN_KIND_UNSPECIFIED;
  // As in Recognition; empty where everything is there.
  std::vector<std::string> missing;
};

// Every screen of the profile, in its order: for people who write one.
std::vector<ScreenCheck> CheckScreens(const Page& page, const Profile& profile);

// What this profile calls a control: whether the control is such a field or button.
bool IsCalled(const Control& control, const Profile::Field& field);
bool IsCalled(const Control& control, const Profile::Button& button);

// The one control of this name; CONTROL_AMBIGUOUS where there is none, or two that
// do not do the same.
absl::StatusOr<const Control*> FindField(const Page& page, const Profile::Field& field);
absl::StatusOr<const Control*> FindButton(const Page& page, const Profile::Button& button);

// The button of a kind that stands once for each card (Profile::Button::per_card),
// such that it touches the card of `serial` and no other. `covers` is the error where
// there is none, or where the page shows a number like a serial that is not one of
// `cards`: DELETE_COVERS_OTHER_CARDS or REVOKE_COVERS_OTHER_CARDS.
absl::StatusOr<const Control*> FindCardButton(
    const Page& page, const Profile::Button& button, const std::vector<CardBlock>& cards,
    const std::string& serial, v1::ErrorReason covers = v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS);

// The picture that belongs to the captcha's field: the only one in its form, or the only
// one with no other field in between. nullptr where that is not sure.
const Image* FindCaptcha(const Page& page, const Control& field);

// Lines that stood on a screen before anything was answered: they are no answer.
using LineSet = std::unordered_set<uint64_t>;
LineSet LinesOf(const Page& page);

// What the portal says on this page as the answer to `step`, lines in `known`
// left out. UNSPECIFIED: nothing that the profile knows.
v1::ErrorReason FindMessage(const Page& page, const Profile& profile, v1::StepKind step,
                            const LineSet& known);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_SCREEN_H_
