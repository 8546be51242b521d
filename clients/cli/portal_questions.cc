#include "clients/cli/portal_questions.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/substitute.h"
#include "base/clock.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {

bool PortalQuestions::Ask(const Prompt& prompt, Answer& answer) {
  prompt_ = &prompt;
  switch (prompt.kind) {
    case PromptKind::kWordKnown:
      return AskFlag(answer, "known", Say("Do you know it?"));
    case PromptKind::kWordReset:
    case PromptKind::kLogin:
      return AskPortalForm(answer);
    case PromptKind::kMailLink:
      return AskMailLink(answer);
    case PromptKind::kNewSecurityWord:
      return AskField(answer, "security_word") && AskField(answer, "security_word_again");
    case PromptKind::kPhone:
      return AskPhone(answer);
    case PromptKind::kSmsCode:
      return AskSmsCode(answer);
    case PromptKind::kPinPage:
      return AskPinPage(answer);
    case PromptKind::kDeletion:
      return AskFlag(answer, "delete", Say("Delete it?"));
    default:
      return false;
  }
}

bool PortalQuestions::AskFlag(Answer& answer, const char* name, const std::string& question) {
  const auto yes = interview_.AskYesNo(question);
  if (yes) answer.flags[name] = *yes;
  return yes.has_value();
}

// What we call a field, and what the portal calls it where that says more. The portal
// speaks Turkish, and so it needs no title of ours beside its own.
std::string PortalQuestions::Label(std::string_view name) const {
  const std::string title = FieldTitle(texts_, name);
  const auto label = prompt_->field_labels.find(name);
  if (label == prompt_->field_labels.end()) return title;
  const std::string own = Printable(label->second);
  return texts_.language() == Language::kTurkish ? own : title + " (" + own + ")";
}

// Asks until something was typed.
bool PortalQuestions::AskField(Answer& answer, const char* name, bool echo) {
  const std::string label = Label(name);
  while (true) {
    auto typed = echo ? interview_.AskText(label) : interview_.AskSecret(label);
    if (!typed) return false;
    if (typed->empty()) continue;
    answer.texts[name] = *std::move(typed);
    return true;
  }
}

// A field, or with nothing typed and after a question the other answer.
bool PortalQuestions::AskOr(Answer& answer, const char* name, const char* otherwise,
                            const std::string& question, bool echo) {
  const std::string label = Label(name);
  while (true) {
    auto typed = echo ? interview_.AskText(label) : interview_.AskSecret(label);
    if (!typed) return false;
    if (!typed->empty()) {
      answer.texts[name] = *std::move(typed);
      return true;
    }
    const auto other = interview_.AskYesNo(question);
    if (!other) return false;
    if (*other) {
      answer.flags[otherwise] = true;
      return true;
    }
  }
}

bool PortalQuestions::AskNationalId(Answer& answer) {
  std::string label = FieldTitle(texts_, "national_id");
  if (!national_id_.empty()) label += " " + Say("[Enter: as before]");
  while (true) {
    auto typed = interview_.AskText(label);
    if (!typed) return false;
    if (typed->empty() && national_id_.empty()) continue;
    if (!typed->empty()) national_id_ = *std::move(typed);
    answer.texts["national_id"] = national_id_.Clone();
    Prompt only_id = *prompt_;
    only_id.forms = {{{"national_id"}}};
    Answer id;
    id.texts["national_id"] = national_id_.Clone();
    const absl::Status status = CheckAnswer(only_id, id);
    if (status.ok()) return true;
    national_id_.Wipe();
    label = FieldTitle(texts_, "national_id");
    const Sentence sentence = StatusSentence(texts_, status);
    screen_.WriteText(sentence.happened, 2, Style::kWarning);
    screen_.WriteText(sentence.next, 2);
  }
}

bool PortalQuestions::AskCaptcha(Answer& answer) {
  auto typed =
      interview_.AskText(FieldTitle(texts_, "captcha") + " " + Say("[Enter: another picture]"));
  if (!typed) return false;
  if (typed->empty()) {
    answer.flags["new_captcha"] = true;
  } else {
    answer.texts["captcha"] = *std::move(typed);
  }
  return true;
}

// What the portal's form asks for, in its order, until another answer is chosen.
bool PortalQuestions::AskPortalForm(Answer& answer) {
  for (const std::string_view name : prompt_->forms.front().fields) {
    if (!AskPortalField(answer, name)) return false;
    if (answer.flags.empty()) continue;
    answer.texts.clear();
    return true;
  }
  return true;
}

bool PortalQuestions::AskPortalField(Answer& answer, std::string_view name) {
  if (name == "national_id") return AskNationalId(answer);
  if (name == "captcha") return AskCaptcha(answer);
  if (name == "email" && prompt_->kind == PromptKind::kWordReset) {
    return AskOr(answer, "email", "wrong_email",
                 Say("Does the portal have an address that is not yours?"), /*echo=*/true);
  }
  if (name == "email") return AskField(answer, "email", /*echo=*/true);
  return AskOr(answer, "security_word", "word_forgotten", Say("Is the word forgotten?"));
}

bool PortalQuestions::AskMailLink(Answer& answer) {
  if (!AskOr(answer, "link", "not_received", Say("Has no mail come?"))) return false;
  if (!answer.Flag("not_received")) return true;
  // The next mail would go where this one went.
  const auto reads = interview_.AskYesNo(Say("Can you read the mails of the address you gave?"));
  if (!reads) return false;
  if (!*reads) {
    answer.flags.clear();
    answer.flags["wrong_email"] = true;
  }
  return true;
}

bool PortalQuestions::AskPhone(Answer& answer) {
  screen_.WriteLine("  " + screen_.Paint(Style::kBold, Printable(prompt_->masked_phone)));
  const std::string hotline = Printable(prompt_->hotline);
  if (!hotline.empty()) {
    screen_.WriteText(absl::Substitute(Say("If it is not yours: the hotline is $0."), hotline), 2,
                      Style::kDim);
  }
  return AskFlag(answer, "correct", Say("Is this your phone?"));
}

bool PortalQuestions::AskSmsCode(Answer& answer) {
  const absl::Time end = prompt_->code_expire_time;
  const auto label = [&] {
    if (end == absl::InfiniteFuture()) return FieldTitle(texts_, "code");
    const int64_t left = std::max<int64_t>(0, absl::ToInt64Seconds(end - SystemClock().Now()));
    return FieldTitle(texts_, "code") + " " + absl::Substitute(Say("[$0 s left]"), left);
  };
  while (true) {
    auto typed = interview_.AskTicking(label);
    if (!typed) return false;
    if (!typed->empty()) {
      answer.texts["code"] = *std::move(typed);
      return true;
    }
    const auto missing = interview_.AskYesNo(Say("Has no SMS come?"));
    if (!missing) return false;
    if (*missing) {
      answer.flags["not_received"] = true;
      return true;
    }
  }
}

bool PortalQuestions::AskPinPage(Answer& answer) {
  menu_.ShowCards(*prompt_);
  // What cannot be hidden again is not shown.
  const bool can_show = screen_.can_redraw();
  if (!can_show) screen_.WriteText(NotShownHere(texts_), 2);
  if (!keyboard_.is_terminal() || !screen_.is_terminal()) {
    answer.flags["seen"] = true;
    return true;
  }
  const std::string label =
      "  " + (can_show ? Say("s: show them for a while   Enter: go on ") : Say("Enter: go on "));
  while (true) {
    const auto key = interview_.AskKey([&] { return label; }, std::chrono::hours(1));
    if (!key) return false;
    if (!can_show && *key != '\n') continue;
    const bool show = *key == 's' || *key == 'S' || *key == 'g' || *key == 'G';
    if (!show && *key != '\n') continue;
    screen_.WriteLine();
    answer.flags[show ? "reveal" : "seen"] = true;
    return true;
  }
}

}  // namespace ilkimza::client
