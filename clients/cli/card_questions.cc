#include "clients/cli/card_questions.h"

#include <utility>

#include "clients/cli/choices.h"
#include "clients/cli/journey_view.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {

bool CardQuestions::Ask(const Prompt& prompt, Answer& answer) {
  prompt_ = &prompt;
  declined_ = false;
  switch (prompt.kind) {
    case PromptKind::kProvePin:
      return AskProvePin(answer);
    case PromptKind::kSetOwnPin:
      return AskOwnPin(answer);
    case PromptKind::kTestSignature:
      return AskTry(answer) && AskField(answer, "pin");
    case PromptKind::kUnblockPin:
      return AskUnblockPin(answer);
    default:
      return false;
  }
}

// Asks until something was typed.
bool CardQuestions::AskField(Answer& answer, const char* name) {
  while (true) {
    auto typed = interview_.AskSecret(FieldTitle(texts_, name));
    if (!typed) return false;
    if (typed->empty()) continue;
    answer.texts[name] = *std::move(typed);
    return true;
  }
}

bool CardQuestions::AskProvePin(Answer& answer) {
  if (!AskTry(answer)) return false;
  if (prompt_->portal_pin) {
    const auto use = interview_.AskYesNo(Say("Use the PIN of the portal's page?"));
    if (!use) return false;
    if (*use) {
      answer.flags["use_portal_pin"] = true;
      return true;
    }
  }
  return AskField(answer, "pin");
}

bool CardQuestions::AskOwnPin(Answer& answer) {
  if (prompt_->keep_current) {
    const auto keep = interview_.AskYesNo(Say("Keep the PIN you have just proven?"));
    if (!keep) return false;
    if (*keep) {
      answer.flags["keep_current"] = true;
      return true;
    }
  }
  if (!AskTry(answer)) return false;
  if (!prompt_->old_pin_known) {
    std::optional<bool> use = false;
    if (prompt_->portal_pin) {
      use = interview_.AskYesNo(Say("Is the PIN of the portal's page still the card's?"));
    }
    if (!use) return false;
    if (*use) answer.flags["use_portal_pin"] = true;
    if (!*use && !AskField(answer, "old_pin")) return false;
  }
  return AskNewPin(answer);
}

bool CardQuestions::AskNewPin(Answer& answer) {
  WriteNewPinLength(screen_, texts_, prompt_->pin_state);
  auto pin = interview_.AskNewPin();
  if (!pin) return false;
  answer.texts["new_pin_again"] = pin->Clone();
  answer.texts["new_pin"] = *std::move(pin);
  return true;
}

bool CardQuestions::AskUnblockPin(Answer& answer) {
  if (Choices::Offers(*prompt_, "by_code")) {
    const auto choice =
        interview_.AskChoice({Say("I have the PUK of this card"),
                              Say("Let the portal send a code by SMS and show the PUK")});
    if (!choice) return false;
    if (*choice == 1) {
      answer.flags["by_code"] = true;
      return true;
    }
  }
  const auto allowed = menu_.AskPukTry(*prompt_);
  if (!allowed) return false;
  if (!*allowed) {
    declined_ = true;
    return false;
  }
  answer.flags["allow_puk_try"] = true;
  if (prompt_->IsLastTry()) answer.flags["allow_last_try"] = true;
  if (prompt_->portal_puk) {
    const auto use = interview_.AskYesNo(Say("Use the PUK of the portal's page?"));
    if (!use) return false;
    if (*use) answer.flags["use_portal_puk"] = true;
  }
  if (!answer.Flag("use_portal_puk") && !AskField(answer, "puk")) return false;
  return AskNewPin(answer);
}

// The last try has to be allowed. Not allowed: the holder stops here.
bool CardQuestions::AskTry(Answer& answer) {
  const auto allowed = interview_.AskLastTry(prompt_->pin_state);
  if (!allowed) return false;
  if (!*allowed) {
    declined_ = true;
    return false;
  }
  if (prompt_->IsLastTry()) answer.flags["allow_last_try"] = true;
  return true;
}

}  // namespace ilkimza::client
