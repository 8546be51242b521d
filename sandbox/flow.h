// What the practice portal does: which page a request sees and what a submission
// changes. Knows no markup, no charset and no network.
//
// Every rule of the portal is enforced here and said in visible Turkish text
// (texts.h). All members need `State::mutex` held.
#ifndef ILKIMZA_SANDBOX_FLOW_H_
#define ILKIMZA_SANDBOX_FLOW_H_

#include <optional>
#include <string>

#include "sandbox/page.h"
#include "sandbox/renderer.h"
#include "sandbox/state.h"

namespace ilkimza::sandbox {

// Either a page to draw, or where to go next.
struct Outcome {
  std::optional<Page> page;
  Screen redirect = Screen::kEntrance;
};

// One request's part in a session. `session` may be replaced while the request is
// worked on; the answer's cookie names the one that is left.
struct Visit {
  Session* session = nullptr;
  Style style = Style::kHtml5;
  SteadyTime now;
};

class Flow {
 public:
  // `portal_url` ends with "/"; mail links start with it. `state` outlives the flow.
  Flow(State& state, std::string portal_url) : state_(state), portal_url_(std::move(portal_url)) {}

  // `link_token`: the mail link's token, where the request carries one.
  Outcome Show(Screen screen, const std::string& link_token, Visit& visit);
  Outcome Submit(Screen screen, const Submission& submission, Visit& visit);
  // Pages that need no session, such as maintenance and errors.
  static Page Plain(Screen screen);

 private:
  // flow.cc: everybody's screens, and the two gates in front of them.
  [[nodiscard]] std::optional<Screen> Elsewhere(Screen screen, const Visit& visit) const;
  Page EDevletAlone(Screen screen) const;
  Outcome LogInByEDevlet(const Submission& submission, Visit& visit);
  Page LoginPage() const;
  Outcome LogIn(const Submission& submission, Visit& visit);
  Page SmsConfirmPage(const Session& session);
  Outcome SendSms(Visit& visit);
  Page SmsCodePage(const Session& session, SteadyTime now) const;
  Outcome CheckSms(const Submission& submission, Visit& visit);
  bool TakeCaptcha(const Submission& submission, Session& session) const;

  // flow_word.cc: a new security word.
  Page WordResetPage() const;
  Outcome RequestWordReset(const Submission& submission, Visit& visit);
  Outcome OpenLink(const std::string& token, Visit& visit);
  Page WordUpdatePage() const;
  Outcome SetWord(const Submission& submission, Visit& visit);
  Page LinkRefusedPage() const;
  // Empty: the link holds.
  std::string LinkComplaint(const std::string& token, SteadyTime now) const;

  // flow_member.cc: behind the login; flow_certificates.cc: what is about certificates.
  std::optional<Page> MemberPage(Screen screen, Visit& visit);
  Outcome MemberSubmit(Screen screen, const Submission& submission, Visit& visit);
  Page MenuPage(const Holder& holder) const;
  Page PinPage(const Holder& holder) const;
  Page PinDeletePage(const Session& session) const;
  Page CertificatesPage(const Holder& holder) const;
  Page ContactPage(const Session& session, const Holder& holder) const;
  Page ActivationPage(const Holder& holder) const;
  Page PukPage(const Holder& holder) const;
  Page UnblockCodePage(const Session& session, SteadyTime now) const;
  Page RevocationPage(const Holder& holder) const;
  Page RevokeConfirmPage(const Session& session) const;
  Outcome ChooseDeletion(int block, Session& session, const Holder& holder) const;
  Outcome ChooseRevocation(int block, Session& session, const Holder& holder) const;
  Outcome DeletePinInfo(Session& session, Holder& holder) const;
  Outcome Activate(Session& session, Holder& holder) const;
  Outcome Revoke(Session& session, Holder& holder) const;
  Outcome UpdateContact(const Submission& submission, Session& session, Holder& holder);
  Outcome Unblock(Visit& visit, Holder& holder);
  Outcome CheckUnblockCode(const Submission& submission, Visit& visit) const;

  Page ResultPage(const Session& session) const;

  State& state_;
  std::string portal_url_;
};

// Parts that the three files share.
Page NewPage(Screen screen, std::string_view heading);
Page NewMemberPage(Screen screen, std::string_view heading);
Outcome GoTo(Screen screen);
Outcome Complain(Screen screen, std::string_view complaint, Session& session);
Outcome Succeed(std::string_view result, Session& session);
Input TextInput(Field field, std::string_view label, int max_length);
Input PasswordInput(Field field, std::string_view label);
// Without blanks at both ends.
std::string Trimmed(std::string_view text);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_FLOW_H_
