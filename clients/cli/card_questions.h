// Questions about a PIN or PUK that is tried on the card. A try that may be the last one,
// and each try of a PUK, has to be allowed.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_CLI_CARD_QUESTIONS_H_
#define ILKIMZA_CLIENTS_CLI_CARD_QUESTIONS_H_

#include <string>

#include "clients/cli/interview.h"
#include "clients/cli/menu_questions.h"
#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "clients/sdk/prompt.h"

namespace ilkimza::client {

class CardQuestions {
 public:
  // All outlive this.
  CardQuestions(const Texts& texts, Screen& screen, Interview& interview, MenuQuestions& menu)
      : texts_(texts), screen_(screen), interview_(interview), menu_(menu) {}

  // Fills `answer`; false where the question ended without one.
  bool Ask(const Prompt& prompt, Answer& answer);
  // The last question ended because the holder did not allow the try: they stop here.
  [[nodiscard]] bool declined() const { return declined_; }

 private:
  [[nodiscard]] std::string Say(const char* text) const { return texts_.Say(text); }
  bool AskField(Answer& answer, const char* name);
  bool AskProvePin(Answer& answer);
  bool AskOwnPin(Answer& answer);
  bool AskNewPin(Answer& answer);
  bool AskUnblockPin(Answer& answer);
  bool AskTry(Answer& answer);

  const Texts& texts_;
  Screen& screen_;
  Interview& interview_;
  MenuQuestions& menu_;
  // The one that is asked.
  const Prompt* prompt_ = nullptr;
  bool declined_ = false;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_CARD_QUESTIONS_H_
