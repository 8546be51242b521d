// Questions about the operations of the portal's menu: certificates, activation, phone
// and mail address, unblocking, revoking.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_CLI_MENU_QUESTIONS_H_
#define ILKIMZA_CLIENTS_CLI_MENU_QUESTIONS_H_

#include <optional>
#include <string>

#include "clients/cli/interview.h"
#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "clients/sdk/prompt.h"

namespace ilkimza::client {

class MenuQuestions {
 public:
  // All outlive this.
  MenuQuestions(const Texts& texts, Screen& screen, Interview& interview)
      : texts_(texts), screen_(screen), interview_(interview) {}

  // What is to be seen before the question; nothing for other prompts.
  void Show(const Prompt& prompt);
  // The cards of a page, each with what is known of its chip.
  void ShowCards(const Prompt& prompt);

  // Fills `answer`; false where the question ended without one.
  bool Ask(const Prompt& prompt, Answer& answer);
  // Says what a wrong PUK costs and has this try allowed: false where it was not.
  std::optional<bool> AskPukTry(const Prompt& prompt);

 private:
  [[nodiscard]] std::string Say(const char* text) const { return texts_.Say(text); }
  void ShowTable(const Prompt& prompt);
  void ShowSerial(const Prompt& prompt, const std::string& serial);
  void AdviseToTakeOneOut(const std::string& old);
  bool AskFlag(Answer& answer, const char* name, const std::string& question);
  bool AskSeen(Answer& answer);
  bool AskInfo(Answer& answer);
  bool AskChange(Answer& answer);
  bool AskRevocation(const Prompt& prompt, Answer& answer);

  const Texts& texts_;
  Screen& screen_;
  Interview& interview_;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_MENU_QUESTIONS_H_
