// A holder at a conversation, for tests: reads what is shown, types what they know.
#ifndef ILKIMZA_TESTS_PORTAL_WALK_H_
#define ILKIMZA_TESTS_PORTAL_WALK_H_

#include <memory>
#include <optional>
#include <string>

#include "portal/conversation.h"
#include "tests/portal/sandbox_portal.h"

namespace ilkimza::portal {

class Walk {
 public:
  explicit Walk(SandboxPortal& portal, const Holder& holder = Ayse());
  Walk(SandboxPortal& portal, const Holder& holder, const BrowserOptions& options);

  // One step, with the answer that a holder who makes no mistake would give.
  Ending Do(v1::StepKind step);
  // Every step up to and with `last`, starting at `first`; the first that is not
  // done ends it.
  Ending Through(v1::StepKind first, v1::StepKind last);

  // What the next answers differ in.
  std::optional<std::string> national_id, email, phone, captcha, word, word_again, code, link;
  std::string card;
  // What was shown last.
  View view;

  Conversation& conversation() { return *conversation_; }

 private:
  Typed Answer(v1::StepKind step);

  SandboxPortal& portal_;
  const Holder holder_;
  std::unique_ptr<Conversation> conversation_;
};

// So that a failed expectation says what happened.
std::string Describe(const Ending& ending);
void PrintTo(const Ending& ending, std::ostream* out);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_PORTAL_WALK_H_
