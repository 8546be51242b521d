#include "clients/cli/choices.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/substitute.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

// By the field that says it.
constexpr std::array<std::pair<std::string_view, const char*>, 13> kWords = {{
    {"done", ILKIMZA_TEXT("It is done")},
    {"skip", ILKIMZA_TEXT("Leave it out")},
    {"consequences_understood", ILKIMZA_TEXT("I want to revoke, and know what follows from it")},
    {"start_over", ILKIMZA_TEXT("The session, code or link is gone: begin again")},
    {"word_forgotten", ILKIMZA_TEXT("I have forgotten the security word")},
    {"wrong_phone", ILKIMZA_TEXT("It is not my phone")},
    {"wrong_email", ILKIMZA_TEXT("The portal's mail address is not mine")},
    {"pin_info_deleted", ILKIMZA_TEXT("The page says that PIN and PUK were deleted")},
    {"not_possible", ILKIMZA_TEXT("The portal does not let me")},
    {"driven", ILKIMZA_TEXT("Let İlkimza do the portal's part")},
    {"guided", ILKIMZA_TEXT("Go on in your own browser, by instructions")},
    {"leave", ILKIMZA_TEXT("Leave it for later")},
    {"cancel", ILKIMZA_TEXT("Cancel the journey")},
}};

// The field of the way on, where it is one that can be chosen.
std::string_view FieldOf(WayOn way) {
  switch (way) {
    case WayOn::kRetry:
      return "retry";
    case WayOn::kGuided:
      return "guided";
    case WayOn::kDriven:
      return "driven";
    default:
      return "";
  }
}

}  // namespace

bool Choices::Offers(const Prompt& prompt, std::string_view field) {
  return std::any_of(prompt.forms.begin(), prompt.forms.end(),
                     [field](const AnswerForm& form) { return form.fields.front() == field; });
}

void Choices::ShowStep(const Prompt& prompt) {
  if (!prompt.address.empty()) {
    const bool opened = opener_ != nullptr && opener_->Open(prompt.address);
    screen_.WriteText(opened ? Say("The portal opens in your browser. If it does not, open this:")
                             : Say("Open this in your browser:"),
                      2);
    // Not wrapped: it has to be copied in one piece.
    screen_.WriteLine("  " + screen_.Paint(Style::kBold, Printable(prompt.address)));
  }
  int number = 0;
  for (const std::string& label : prompt.labels) {
    screen_.WriteLine("  " + std::to_string(++number) + ". " +
                      screen_.Paint(Style::kBold, Printable(label)));
  }
  if (!prompt.card_serial.empty()) {
    screen_.WriteText(absl::Substitute(Say("Card $0"), Printable(prompt.card_serial)), 2,
                      Style::kBold);
  }
  if (!prompt.end_heading.empty()) {
    screen_.WriteText(absl::Substitute(Say("Done when the page is called \"$0\"."),
                                       Printable(prompt.end_heading)),
                      2, Style::kDim);
  }
}

void Choices::ShowAdvice(const Prompt& prompt) {
  for (const WayOn way : prompt.ways_on) {
    if (FieldOf(way).empty()) screen_.WriteText("- " + WayOnTitle(texts_, way, prompt.hotline), 2);
  }
}

std::string Choices::ChoiceWords(std::string_view field) const {
  if (field == "retry") return WayOnTitle(texts_, WayOn::kRetry);
  for (const auto& [name, words] : kWords) {
    if (name == field) return Say(words);
  }
  return std::string(field);
}

bool Choices::AskOneOf(const std::vector<std::string_view>& fields, Answer& answer) {
  std::vector<std::string> words;
  for (const std::string_view field : fields) words.push_back(ChoiceWords(field));
  const auto choice = interview_.AskChoice(words);
  if (choice) answer.flags[std::string(fields[*choice])] = true;
  return choice.has_value();
}

bool Choices::AskStep(const Prompt& prompt, Answer& answer) {
  std::vector<std::string_view> fields;
  for (const AnswerForm& form : prompt.forms) fields.push_back(form.fields.front());
  if (!AskOneOf(fields, answer)) return false;
  const bool asks_serial = prompt.forms.front().fields.size() == 2;
  if (!answer.Flag("done") || !asks_serial) return true;
  while (true) {
    auto typed = interview_.AskText(FieldTitle(texts_, "card_serial"));
    if (!typed) return false;
    if (typed->empty()) continue;
    answer.texts["card_serial"] = *std::move(typed);
    return true;
  }
}

// Nothing is revoked by default: leaving it out comes first, both serials are typed, and
// a phrase after them.
bool Choices::AskRevocation(const Prompt& prompt, Answer& answer) {
  std::vector<std::string_view> fields;
  for (const AnswerForm& form : prompt.forms) fields.push_back(form.fields.front());
  const auto skip = std::find(fields.begin(), fields.end(), "skip");
  if (skip != fields.end()) std::rotate(fields.begin(), skip, skip + 1);
  if (!AskOneOf(fields, answer)) return false;
  if (!answer.Flag("consequences_understood")) return true;
  if (!AskSerialTwice(prompt, answer)) return false;
  const auto meant = interview_.AskRevocation();
  if (!meant) return false;
  if (*meant) return true;
  answer.texts.clear();
  answer.flags = {{"skip", true}};
  return true;
}

bool Choices::AskSerialTwice(const Prompt& prompt, Answer& answer) {
  const std::pair<const char*, std::string> asked[] = {
      {"card_serial", Say("Serial of the card to revoke, as it is written on it or its papers")},
      {"card_serial_again", FieldTitle(texts_, "card_serial_again")}};
  while (true) {
    for (const auto& [name, label] : asked) {
      do {
        auto typed = interview_.AskText(label);
        if (!typed) return false;
        answer.texts[name] = *std::move(typed);
      } while (answer.texts[name].empty());
    }
    Answer check;
    check.flags = answer.flags;
    for (const auto& [name, text] : answer.texts) check.texts[name] = text.Clone();
    const absl::Status status = CheckAnswer(prompt, check);
    if (status.ok()) return true;
    const Sentence sentence = StatusSentence(texts_, status);
    screen_.WriteText(sentence.happened, 2, Style::kWarning);
    screen_.WriteText(sentence.next, 2);
  }
}

// What helps most comes first.
bool Choices::AskStopped(const Prompt& prompt, Answer& answer) {
  std::vector<std::string_view> fields;
  for (const WayOn way : prompt.ways_on) {
    if (const auto field = FieldOf(way); Offers(prompt, field)) fields.push_back(field);
  }
  fields.insert(fields.end(), {"leave", "cancel"});
  return AskOneOf(fields, answer);
}

bool Choices::AskOtherChip(const Prompt& prompt, Answer& answer) {
  const bool by_code = Offers(prompt, "by_code");
  const std::string label =
      "  " + (by_code ? Say("Enter: I mean the chip in the reader; ask for the code ")
                      : Say("Enter: type the serial again "));
  while (true) {
    const auto key = interview_.AskKey([&] { return label; }, std::chrono::hours(1));
    if (!key) return false;
    if (*key != '\n') continue;
    screen_.WriteLine();
    answer.flags[by_code ? "by_code" : "type_again"] = true;
    return true;
  }
}

}  // namespace ilkimza::client
