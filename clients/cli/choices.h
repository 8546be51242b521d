// Questions whose answer is one of several things to do: a step for the holder's own
// browser, a journey that has stopped, a chip that is another one.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_CLI_CHOICES_H_
#define ILKIMZA_CLIENTS_CLI_CHOICES_H_

#include <string>
#include <string_view>

#include "clients/cli/interview.h"
#include "clients/cli/page_opener.h"
#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "clients/sdk/prompt.h"

namespace ilkimza::client {

class Choices {
 public:
  // `opener` may be null; all outlive this.
  Choices(const Texts& texts, Screen& screen, Interview& interview, PageOpener* opener)
      : texts_(texts), screen_(screen), interview_(interview), opener_(opener) {}

  // Opens the step's page, and writes what is to be used on it.
  void ShowStep(const Prompt& prompt);
  // What else helps, beside what can be chosen.
  void ShowAdvice(const Prompt& prompt);

  // Fills `answer`; false where the question ended without one.
  // One of the prompt's answers begins with this field.
  [[nodiscard]] static bool Offers(const Prompt& prompt, std::string_view field);

  bool AskStep(const Prompt& prompt, Answer& answer);
  bool AskRevocation(const Prompt& prompt, Answer& answer);
  bool AskStopped(const Prompt& prompt, Answer& answer);
  bool AskOtherChip(const Prompt& prompt, Answer& answer);

 private:
  [[nodiscard]] std::string Say(const char* text) const { return texts_.Say(text); }
  [[nodiscard]] std::string ChoiceWords(std::string_view field) const;
  // Until both are the same.
  bool AskSerialTwice(const Prompt& prompt, Answer& answer);
  bool AskOneOf(const std::vector<std::string_view>& fields, Answer& answer);

  const Texts& texts_;
  Screen& screen_;
  Interview& interview_;
  PageOpener* opener_;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_CHOICES_H_
