// The second practice portal: a made-up provider, "Örnek İmza", that keeps the same
// rules as the first one behind other words and in another order. It knows holders by
// their mail address, its first page is the login form, and it sends the SMS without
// asking whether the phone is the right one.
//
// A `Flow` decides what happens; here its pages are told anew and its answers
// understood. All members need `State::mutex` held.
#ifndef ILKIMZA_SANDBOX_ORNEK_H_
#define ILKIMZA_SANDBOX_ORNEK_H_

#include <string>

#include "sandbox/flow.h"
#include "sandbox/page.h"
#include "sandbox/state.h"

namespace ilkimza::sandbox {

class OrnekPortal {
 public:
  // Both outlive it.
  OrnekPortal(State& state, Flow& flow) : state_(state), flow_(flow) {}

  // As the members of Flow. Their pages still need to be told anew.
  Outcome Show(Screen screen, const std::string& link_token, Visit& visit);
  Outcome Submit(Screen screen, const Submission& submission, Visit& visit);

  // A page of the flow in this portal's words. `session` may be null.
  Page Retold(Page page, const Session* session) const;

 private:
  [[nodiscard]] std::string IdOf(const std::string& email) const;
  Page SmsCodePage(Page page, const Session* session) const;

  State& state_;
  Flow& flow_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_ORNEK_H_
