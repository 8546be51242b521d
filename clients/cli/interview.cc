#include "clients/cli/interview.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

absl::string_view View(const Secret& secret) {
  return absl::StripAsciiWhitespace({secret.view().data(), secret.view().size()});
}

bool OneOf(const Secret& typed, std::initializer_list<absl::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](absl::string_view word) {
    return absl::EqualsIgnoreCase(View(typed), word);
  });
}

}  // namespace

std::string NotShownHere(const Texts& texts) {
  return texts.Say(
      "What is secret is not shown here, since it could not be taken off the screen again. You "
      "can go on without seeing it. To see it, stop with Ctrl-C and begin \"ilkimza start\" again "
      "in a terminal window.");
}

Keyboard::Wish Interview::Wish(std::function<std::string()> label) const {
  return {.label = std::move(label), .wake_fd = wake_fd_, .over = over_};
}

std::optional<Secret> Interview::Ask(const Keyboard::Wish& wish) {
  while (true) {
    Keyboard::Typed typed = keyboard_.ReadLine(wish);
    end_ = typed.end;
    if (end_ == Keyboard::End::kLine) return std::move(typed.text);
    // In a pipe there is nobody to type it again.
    if (end_ != Keyboard::End::kNotText || !keyboard_.is_terminal()) return std::nullopt;
    screen_.WriteText(texts_.Say("That cannot be read. Type it again; nothing has been sent."), 2,
                      Style::kWarning);
  }
}

std::optional<Secret> Interview::AskSecret(std::string_view label) {
  const std::string text = "  " + std::string(label) + ": ";
  return Ask(Wish([&] { return text; }));
}

std::optional<Secret> Interview::AskText(std::string_view label) {
  const std::string text = "  " + std::string(label) + ": ";
  Keyboard::Wish wish = Wish([&] { return text; });
  wish.echo = true;
  return Ask(wish);
}

std::optional<Secret> Interview::AskTicking(const std::function<std::string()>& label) {
  Keyboard::Wish wish = Wish([&] { return "  " + label() + ": "; });
  wish.ticks = true;
  return Ask(wish);
}

std::optional<char> Interview::AskKey(std::function<std::string()> label,
                                      std::chrono::seconds limit) {
  return AskKey(Wish(std::move(label)), limit);
}

std::optional<char> Interview::AskKeyBesideSecrets(std::function<std::string()> label,
                                                   std::chrono::seconds limit) {
  Keyboard::Wish wish = Wish(std::move(label));
  wish.ticks = true;
  wish.beside_secrets = true;
  return AskKey(wish, limit);
}

std::optional<char> Interview::AskKey(const Keyboard::Wish& wish, std::chrono::seconds limit) {
  const Keyboard::Typed typed = keyboard_.ReadKey(wish, limit);
  end_ = typed.end;
  if (typed.end == Keyboard::End::kTimeout) return '\0';
  if (typed.end != Keyboard::End::kLine) return std::nullopt;
  return typed.text.view().front();
}

std::optional<bool> Interview::AskYesNo(std::string_view question) {
  const std::string label = std::string(question) + " " + texts_.Say("[y/n]");
  while (auto typed = AskText(label)) {
    // Both languages are understood, whichever is spoken.
    if (OneOf(*typed, {"y", "yes", "e", "evet"})) return true;
    if (OneOf(*typed, {"n", "no", "h", "hayır", "hayir"})) return false;
    screen_.WriteText(texts_.Say("Please answer with \"y\" or \"n\"."), 2);
  }
  return std::nullopt;
}

std::optional<size_t> Interview::AskChoice(const std::vector<std::string>& choices) {
  for (size_t i = 0; i < choices.size(); ++i) {
    screen_.WriteText(std::to_string(i + 1) + ") " + choices[i], 2);
  }
  while (auto typed = AskText(texts_.Say("Number"))) {
    uint32_t number = 0;
    if (absl::SimpleAtoi(View(*typed), &number) && number >= 1 && number <= choices.size()) {
      return number - 1;
    }
    screen_.WriteText(texts_.Say("Please type one of the numbers above."), 2);
  }
  return std::nullopt;
}

std::optional<Secret> Interview::AskNewPin() {
  while (true) {
    auto first = AskSecret(FieldTitle(texts_, "new_pin"));
    if (!first) return std::nullopt;
    auto second = AskSecret(FieldTitle(texts_, "new_pin_again"));
    if (!second) return std::nullopt;
    if (*first == *second && !first->empty()) return first;
    screen_.WriteText(first->empty() ? texts_.Say("A PIN has at least one digit.")
                                     : texts_.Say("The two PINs were not the same."),
                      2, Style::kWarning);
    // A pipe would go on for ever.
    if (!keyboard_.is_terminal()) return first;
  }
}

std::optional<bool> Interview::AskLastTry(const v1::PinState& state) {
  const bool danger =
      state.tries_left() == v1::TRIES_LEFT_ONE || state.tries_left() == v1::TRIES_LEFT_NONE;
  screen_.WriteText(TriesSentence(texts_, state), 2, danger ? Style::kBad : Style::kPlain);
  if (state.tries_left() != v1::TRIES_LEFT_ONE) return true;
  const std::string word = texts_.Say("LAST");
  screen_.WriteText(
      texts_.Say("If you are not sure of the PIN, stop here: nothing is lost as long as you do not "
                 "try."),
      2);
  auto typed = AskText(texts_.Say("Type LAST to use the last try, or only Enter to stop"));
  if (!typed) return std::nullopt;
  return absl::EqualsIgnoreCase(View(*typed), absl::string_view(word));
}

std::optional<bool> Interview::AskWord(const std::string& word, const std::string& question) {
  auto typed = AskText(question);
  if (!typed) return std::nullopt;
  return absl::EqualsIgnoreCase(View(*typed), absl::string_view(word));
}

std::optional<bool> Interview::AskLastPukTry() {
  screen_.WriteText(
      texts_.Say("Go on only if you have the PUK of this very card in front of you. If not, stop "
                 "here: nothing is lost as long as you do not try."),
      2);
  return AskWord(texts_.Say("LAST"),
                 texts_.Say("Type LAST to use the last try, or only Enter to stop"));
}

std::optional<bool> Interview::AskRevocation() {
  // In no language does it hold an i, whose capital differs in Turkish.
  const std::string word = texts_.Say("FOR EVER");
  return AskWord(word, absl::Substitute(texts_.Say("Type $0 to revoke, or only Enter to stop"),
                                        "\"" + word + "\""));
}

std::optional<bool> Interview::AskPukTry() {
  // In no language does the phrase hold an i, whose capital differs in Turkish.
  const std::string phrase = texts_.Say("use a try");
  screen_.WriteText(
      texts_.Say("Go on only if you have the PUK of this very card in front of you. If not, stop "
                 "here: nothing is lost as long as you do not try."),
      2);
  auto typed = AskText(
      absl::Substitute(texts_.Say("Type \"$0\" to spend a try, or only Enter to stop"), phrase));
  if (!typed) return std::nullopt;
  return absl::EqualsIgnoreCase(View(*typed), absl::string_view(phrase));
}

}  // namespace ilkimza::client
