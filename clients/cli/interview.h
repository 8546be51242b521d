// Asks a person: single questions at the keyboard, for the guided journey and for
// the card commands.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_CLI_INTERVIEW_H_
#define ILKIMZA_CLIENTS_CLI_INTERVIEW_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "clients/cli/keyboard.h"
#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::client {

// Why PIN and PUK are not shown, and the way on, where they could not be hidden again.
std::string NotShownHere(const Texts& texts);

class Interview {
 public:
  Interview(const Texts& texts, Screen& screen, Keyboard& keyboard)
      : texts_(texts), screen_(screen), keyboard_(keyboard) {}

  // While a question waits, `fd` is polled; `over` ends the question.
  void WatchFor(int fd, std::function<bool()> over) {
    wake_fd_ = fd;
    over_ = std::move(over);
  }

  // Nothing where the question ended without an answer; `end` says why.
  std::optional<Secret> AskSecret(std::string_view label);
  // Shown while typed.
  std::optional<Secret> AskText(std::string_view label);
  // The label is asked for each second.
  std::optional<Secret> AskTicking(const std::function<std::string()>& label);
  // Yes or no in either language, asked until it is one of them.
  std::optional<bool> AskYesNo(std::string_view question);
  // The number of one of `choices`, from 0.
  std::optional<size_t> AskChoice(const std::vector<std::string>& choices);
  // A new PIN, typed twice until both are the same.
  std::optional<Secret> AskNewPin();
  // Tells how many tries are left. Where it is the last one, it has to be allowed by
  // typing a word: false where it was not. True where there is nothing to ask.
  std::optional<bool> AskLastTry(const v1::PinState& state);

  // A try of the PUK has to be allowed by typing a phrase: false where it was not.
  std::optional<bool> AskPukTry();
  // The last one, by typing a word.
  std::optional<bool> AskLastPukTry();
  // Revoking has to be meant, by typing a word: false where it was not.
  std::optional<bool> AskRevocation();

  // One key: '\n' for Enter, 0 where nothing came before `limit`.
  std::optional<char> AskKey(std::function<std::string()> label, std::chrono::seconds limit);
  // The same where secrets stand on the screen: 0 as well once the program was suspended.
  std::optional<char> AskKeyBesideSecrets(std::function<std::string()> label,
                                          std::chrono::seconds limit);

  [[nodiscard]] Keyboard::End end() const { return end_; }

 private:
  [[nodiscard]] Keyboard::Wish Wish(std::function<std::string()> label) const;
  std::optional<Secret> Ask(const Keyboard::Wish& wish);
  std::optional<char> AskKey(const Keyboard::Wish& wish, std::chrono::seconds limit);
  std::optional<bool> AskWord(const std::string& word, const std::string& question);

  const Texts& texts_;
  Screen& screen_;
  Keyboard& keyboard_;
  int wake_fd_ = -1;
  std::function<bool()> over_;
  Keyboard::End end_ = Keyboard::End::kLine;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_INTERVIEW_H_
