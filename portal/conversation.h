// A conversation with the portal: one step in, one typed outcome out.
//
// A step is carried out from screen to screen: each page is recognised first, and
// only what the profile's step says is pressed on it. Everything else is
// CLICK_NOT_ALLOWED, whatever the page offers; a page that is not sure is left
// untouched. A page stays until the next one has come, so that a step can be asked
// again on it.
//
//   Begin ──► View: what the holder needs to see ──► Finish with what they typed
//
// Steps that need nothing from the holder go straight to Finish.
//
// Calls block while the portal is asked. Not thread-safe.
#ifndef ILKIMZA_PORTAL_CONVERSATION_H_
#define ILKIMZA_PORTAL_CONVERSATION_H_

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/portal_service.pb.h"
#include "portal/browser.h"
#include "portal/profile.h"
#include "portal/screen.h"

namespace ilkimza::portal {

// How a step ended.
struct Ending {
  v1::StepOutcome outcome = v1::STEP_OUTCOME_UNSPECIFIED;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // Where the page was not sure: see Recognition.
  std::string fingerprint;
  std::string nearest;
  std::vector<std::string> missing;
  // On the PIN page: the serials of its blocks, in order.
  std::vector<std::string> serials;
  // One sentence for the log. Never holds a secret.
  std::string sentence;
};

Ending Done();
Ending EndingOf(v1::ErrorReason reason, std::string_view sentence = {});
Ending EndingOf(const absl::Status& status);

// A field of the form that the holder is asked for.
struct Asked {
  profile_v1::FieldKind kind = profile_v1::FIELD_KIND_UNSPECIFIED;
  // As the profile writes it.
  std::string label;
};

// What the holder needs to see before they answer. Only what the step is about.
struct View {
  std::vector<Asked> asks;
  WipedString captcha;
  std::string captcha_type;
  std::string masked_phone;
  absl::Duration code_left;
  std::vector<CardBlock> cards;
  // Of the cards that the page is about.
  std::vector<std::string> serials;
  std::vector<v1::PortalCertificate> certificates;
  // As the portal has them.
  Secret phone;
  Secret email;
};

// What the holder typed.
using Typed = std::map<profile_v1::FieldKind, Secret>;

// Ends a step that has nothing to do at the portal: DONE where the profile says that it has
// no such step (`absent`), STOPPED with a sentence where it says nothing of it.
std::optional<Ending> LeftOut(const Profile& profile, v1::StepKind kind);

// OK if `step` may press `control` on a screen of this kind: its name is that of
// the button of one of the step's moves there, and none that is never pressed.
// CLICK_NOT_ALLOWED otherwise.
absl::Status CheckClick(const Profile& profile, v1::StepKind step, profile_v1::ScreenKind screen,
                        const Control& control);

class Conversation {
 public:
  // The profile's origins bound it. BAD_CONFIGURATION as Browser::Create.
  static absl::StatusOr<std::unique_ptr<Conversation>> Create(Profile profile,
                                                              BrowserOptions options);

  // Goes to the page on which `step` asks the holder, by those of its moves that submit
  // nothing, and reads what they need to see. nullopt: `view` is filled. Ends at once where
  // there is nothing to do: see LeftOut.
  std::optional<Ending> Begin(v1::StepKind step, std::stop_token stop, View& view);

  // Carries the step out. `card` is the serial of the one card that
  // DELETE_PORTAL_COPY or REVOKE_CERTIFICATE may touch.
  Ending Finish(v1::StepKind step, const Typed& typed, const std::string& card,
                std::stop_token stop);

  // OPEN_MAIL_LINK: forgets all cookies and opens the link, if it is the portal's.
  Ending OpenLink(const Secret& link, std::stop_token stop);

  // Brings another captcha for `step`, then as Begin.
  std::optional<Ending> NewCaptcha(v1::StepKind step, std::stop_token stop, View& view);

  // The screens that were recognised since the last call, each structure once: names
  // and fingerprints, nothing that stood on them.
  std::vector<v1::SeenScreen> TakeSeen() { return std::exchange(seen_, {}); }

 private:
  Conversation(Profile profile, BrowserOptions options);

  // Which screen the page at hand is.
  Recognition See();

  absl::Status Forget();
  absl::Status Open(const Request& request, std::stop_token stop);
  absl::Status PressOn(const Profile::Step& step, const Profile::Move& move,
                       profile_v1::ScreenKind screen, const Typed& typed, const std::string& card,
                       std::stop_token stop);
  absl::StatusOr<const Control*> ButtonFor(const Profile::Step& step, const Profile::Move& move,
                                           const std::string& card);
  Ending Run(const Profile::Step& step, const Typed& typed, const std::string& card,
             std::stop_token stop);
  // What the page at hand means in the middle of a step; nullopt: go on.
  std::optional<Ending> Judge(const Profile::Step& step, const Recognition& seen,
                              profile_v1::ScreenKind submitted_on);
  Ending LogOut(const Profile::Step& step, std::stop_token stop);
  Ending Unsure(const Recognition& seen) const;
  Ending Arrived(const Recognition& seen) const;
  // What a page means on which the holder was to be asked, but is not.
  Ending NotAsked(const Profile::Step& step, const Recognition& seen, bool moved) const;
  std::optional<Ending> Look(const Profile::Step& step, profile_v1::ScreenKind screen,
                             std::stop_token stop, View& view);
  std::optional<Ending> LookAtRevocation(profile_v1::ScreenKind screen, View& view);
  [[nodiscard]] Secret FieldValue(profile_v1::FieldKind kind) const;
  absl::Status LookAtCaptcha(std::stop_token stop, View& view);
  // That these lines stood on the screen when it was first seen.
  void RememberLines(profile_v1::ScreenKind screen);
  const LineSet& KnownLines(profile_v1::ScreenKind screen) const;

  const Profile profile_;
  const BrowserOptions options_;
  std::unique_ptr<Browser> browser_;
  // The page at hand; none before the first one, and after one that failed.
  std::optional<Page> page_;
  // What it was recognised as, once somebody has asked.
  std::optional<Recognition> recognised_;
  // The captcha of the page at hand: asked for once, since asking may renew it.
  WipedString captcha_;
  std::string captcha_type_;
  // The lines of each screen when it was first seen: see FindMessage.
  std::map<profile_v1::ScreenKind, LineSet> first_lines_;
  std::vector<v1::SeenScreen> seen_;
  // Phone and mail address as the portal had them when its form was first seen: after a
  // refusal the form shows what was typed, and that is not what the portal has.
  std::optional<std::pair<Secret, Secret>> contact_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_CONVERSATION_H_
