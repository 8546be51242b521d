#include "clients/cli/menu_questions.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "clients/cli/card_view.h"
#include "clients/sdk/certificate_table.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

std::string Day(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return {};
  return absl::FormatTime("%Y-%m-%d", time, absl::LocalTimeZone());
}

Style StyleOf(Standing standing) {
  switch (standing) {
    case Standing::kValid:
      return Style::kGood;
    case Standing::kExpired:
    case Standing::kRevoked:
      return Style::kBad;
    case Standing::kNotActivated:
    case Standing::kNotYetValid:
      return Style::kWarning;
    case Standing::kUnknown:
      break;
  }
  return Style::kPlain;
}

}  // namespace

void MenuQuestions::Show(const Prompt& prompt) {
  switch (prompt.kind) {
    case PromptKind::kCertificates:
      return ShowTable(prompt);
    case PromptKind::kActivation:
    case PromptKind::kRevocation:
      for (const std::string& serial : prompt.card_serials) ShowSerial(prompt, serial);
      return;
    case PromptKind::kGuidedRevocation:
      for (const Chip& chip : prompt.chips) ShowSerial(prompt, chip.card_serial);
      return;
    case PromptKind::kInfo:
      return WritePairs(screen_,
                        {{"  " + FieldTitle(texts_, "phone"), Printable(prompt.masked_phone)},
                         {"  " + FieldTitle(texts_, "email"), Printable(prompt.masked_email)}});
    default:
      return;
  }
}

void MenuQuestions::ShowTable(const Prompt& prompt) {
  const auto rows = CompareCertificates(prompt.certificates, prompt.chips, SystemClock().Now());
  if (rows.empty()) return;
  std::vector<std::string> head = {Say("Card"), Say("Ends"), Say("How it stands"), Say("Where")};
  // The number tells two certificates of one card apart, where there is room for it.
  const bool wide = screen_.width() >= 100;
  if (wide) head.insert(head.begin() + 1, Say("Number"));
  Table table(std::move(head));
  for (const CertificateRow& row : rows) {
    std::vector<Cell> cells = {{Printable(row.card_serial)},
                               {Day(row.end)},
                               {StandingTitle(texts_, row.standing), StyleOf(row.standing)},
                               {PlaceTitle(texts_, row.place)}};
    if (wide) cells.insert(cells.begin() + 1, Cell{row.serial_number});
    table.Add(std::move(cells));
  }
  table.Write(screen_, 2);
  for (const Chip& chip : prompt.chips) {
    if (chip.unread) {
      screen_.WriteText(absl::Substitute(Say("The certificates on the chip of card $0 could not be "
                                             "read, so they are not compared."),
                                         Printable(chip.card_serial)),
                        2, Style::kWarning);
    } else if (IsOld(chip)) {
      screen_.WriteText(absl::Substitute(Say("The chip of card $0 is an old one: its certificate "
                                             "has ended."),
                                         Printable(chip.card_serial)),
                        2, Style::kWarning);
    }
  }
}

void MenuQuestions::ShowSerial(const Prompt& prompt, const std::string& serial) {
  std::string line = Say("Card") + " " + Printable(serial);
  const Chip* chip = prompt.ChipOf(serial);
  if (chip != nullptr) {
    line += "   " + (IsOld(*chip) ? Say("in the reader, an old chip: its certificate has ended")
                                  : Say("in the reader"));
  }
  screen_.WriteText(line, 2);
}

void MenuQuestions::ShowCards(const Prompt& prompt) {
  int in_readers = 0;
  std::string old;
  std::string other;
  for (const PinPageCard& card : prompt.cards) {
    ShowSerial(prompt, card.card_serial);
    const Chip* chip = prompt.ChipOf(card.card_serial);
    if (chip != nullptr) ++in_readers;
    if (chip != nullptr && IsOld(*chip)) old = card.card_serial;
    if (chip == nullptr && other.empty()) other = card.card_serial;
  }
  if (in_readers > 1) return AdviseToTakeOneOut(old);
  if (old.empty() || other.empty()) return;
  screen_.WriteText(absl::Substitute(Say("Go on with the old chip only if you mean it. For the new "
                                         "one, take it out and put in the chip of card $0 now."),
                                     Printable(other)),
                    2, Style::kWarning);
}

// No chip is chosen later on while more than one of the page's is in a reader.
void MenuQuestions::AdviseToTakeOneOut(const std::string& old) {
  const std::string words =
      old.empty()
          ? Say("More than one of these cards is in the readers. Leave only the one in that you "
                "mean now; İlkimza does not choose between them.")
          : absl::Substitute(Say("More than one of these cards is in the readers, and İlkimza does "
                                 "not choose between them. Take the old chip out now, card $0, "
                                 "unless you mean just that one."),
                             Printable(old));
  screen_.WriteText(words, 2, Style::kWarning);
}

bool MenuQuestions::Ask(const Prompt& prompt, Answer& answer) {
  switch (prompt.kind) {
    case PromptKind::kCertificates:
      return AskSeen(answer);
    case PromptKind::kActivation:
      return AskFlag(answer, "activate", Say("Activate it?"));
    case PromptKind::kInfo:
      return AskInfo(answer);
    case PromptKind::kUnblockRequest:
      return AskFlag(answer, "send", Say("Send the code?"));
    case PromptKind::kRevocation:
      return AskRevocation(prompt, answer);
    default:
      return false;
  }
}

bool MenuQuestions::AskFlag(Answer& answer, const char* name, const std::string& question) {
  const auto yes = interview_.AskYesNo(question);
  if (yes) answer.flags[name] = *yes;
  return yes.has_value();
}

bool MenuQuestions::AskSeen(Answer& answer) {
  // Without a person who looks on, nobody has to be waited for.
  if (screen_.is_terminal()) {
    const std::string label = "  " + Say("Enter: go on ");
    while (true) {
      const auto key = interview_.AskKey([&] { return label; }, std::chrono::hours(1));
      if (!key) return false;
      if (*key == '\n') break;
    }
    screen_.WriteLine();
  }
  answer.flags["seen"] = true;
  return true;
}

bool MenuQuestions::AskInfo(Answer& answer) {
  std::vector<std::pair<const char*, std::string>> choices = {
      {"keep", Say("Leave both as they are")}, {"change", Say("Change them")}};
  // What cannot be hidden again is not shown.
  if (screen_.can_redraw()) choices.emplace_back("reveal", Say("Show them in full for a while"));
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [name, text] : choices) words.push_back(text);
  const auto choice = interview_.AskChoice(words);
  if (!choice) return false;
  const std::string name = choices[*choice].first;
  if (name == "change") return AskChange(answer);
  answer.flags[name] = true;
  return true;
}

bool MenuQuestions::AskChange(Answer& answer) {
  for (const char* name : {"phone", "email"}) {
    auto typed = interview_.AskText(FieldTitle(texts_, name) + " " + Say("[Enter: as before]"));
    if (!typed) return false;
    if (!typed->empty()) answer.texts[name] = *std::move(typed);
  }
  if (answer.texts.empty()) answer.flags["keep"] = true;
  return true;
}

// No yes or no, and no default: the serial says it, and only Enter leaves everything as
// it is.
bool MenuQuestions::AskRevocation(const Prompt& prompt, Answer& answer) {
  while (true) {
    auto typed = interview_.AskText(Say("Serial of the card to revoke, or only Enter to stop"));
    if (!typed) return false;
    answer.flags.clear();
    answer.texts.clear();
    if (typed->empty()) {
      answer.flags["keep"] = true;
      return true;
    }
    answer.texts["card_serial"] = *std::move(typed);
    answer.flags["consequences_understood"] = true;
    Answer check;
    check.texts["card_serial"] = answer.texts["card_serial"].Clone();
    check.flags["consequences_understood"] = true;
    const absl::Status status = CheckAnswer(prompt, check);
    if (status.ok()) break;
    const Sentence sentence = StatusSentence(texts_, status);
    screen_.WriteText(sentence.happened, 2, Style::kWarning);
    screen_.WriteText(sentence.next, 2);
  }
  const auto meant = interview_.AskRevocation();
  if (!meant) return false;
  if (*meant) return true;
  answer.texts.clear();
  answer.flags.clear();
  answer.flags["keep"] = true;
  return true;
}

std::optional<bool> MenuQuestions::AskPukTry(const Prompt& prompt) {
  v1::Card card;
  card.set_serial(prompt.card_serial);
  WritePukStakes(screen_, texts_, card, prompt.pin_state);
  return prompt.IsLastTry() ? interview_.AskLastPukTry() : interview_.AskPukTry();
}

}  // namespace ilkimza::client
