// Questions on the way to the portal and its pages: the security word, the login, the
// codes of SMS and mail, the PIN page, its deletion.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_CLI_PORTAL_QUESTIONS_H_
#define ILKIMZA_CLIENTS_CLI_PORTAL_QUESTIONS_H_

#include <string>
#include <string_view>

#include "base/secret.h"
#include "clients/cli/interview.h"
#include "clients/cli/keyboard.h"
#include "clients/cli/menu_questions.h"
#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "clients/sdk/prompt.h"

namespace ilkimza::client {

class PortalQuestions {
 public:
  // All outlive this.
  PortalQuestions(const Texts& texts, Screen& screen, const Keyboard& keyboard,
                  Interview& interview, MenuQuestions& menu)
      : texts_(texts), screen_(screen), keyboard_(keyboard), interview_(interview), menu_(menu) {}

  // Fills `answer`; false where the question ended without one.
  bool Ask(const Prompt& prompt, Answer& answer);

 private:
  [[nodiscard]] std::string Say(const char* text) const { return texts_.Say(text); }
  [[nodiscard]] std::string Label(std::string_view name) const;
  bool AskFlag(Answer& answer, const char* name, const std::string& question);
  bool AskField(Answer& answer, const char* name, bool echo = false);
  bool AskOr(Answer& answer, const char* name, const char* otherwise, const std::string& question,
             bool echo = false);
  bool AskNationalId(Answer& answer);
  bool AskCaptcha(Answer& answer);
  bool AskPortalForm(Answer& answer);
  bool AskPortalField(Answer& answer, std::string_view name);
  bool AskMailLink(Answer& answer);
  bool AskPhone(Answer& answer);
  bool AskSmsCode(Answer& answer);
  bool AskPinPage(Answer& answer);

  const Texts& texts_;
  Screen& screen_;
  const Keyboard& keyboard_;
  Interview& interview_;
  MenuQuestions& menu_;
  // The one that is asked.
  const Prompt* prompt_ = nullptr;
  // Of this run only, so that a wrong captcha does not cost typing it again.
  Secret national_id_;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_PORTAL_QUESTIONS_H_
