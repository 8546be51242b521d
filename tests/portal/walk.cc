#include "tests/portal/walk.h"

#include <cstdlib>
#include <iostream>
#include <vector>

#include "base/error.h"

namespace ilkimza::portal {
namespace {

const std::vector<v1::StepKind> kOrder = {
    v1::STEP_KIND_OPEN_WORD_RESET,   v1::STEP_KIND_REQUEST_WORD_RESET, v1::STEP_KIND_OPEN_MAIL_LINK,
    v1::STEP_KIND_SET_SECURITY_WORD, v1::STEP_KIND_OPEN_LOGIN,         v1::STEP_KIND_LOG_IN,
    v1::STEP_KIND_CONFIRM_PHONE,     v1::STEP_KIND_ENTER_SMS_CODE,     v1::STEP_KIND_OPEN_PIN_PAGE,
    v1::STEP_KIND_READ_PIN,          v1::STEP_KIND_DELETE_PORTAL_COPY, v1::STEP_KIND_LOG_OUT};

bool Asks(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_REQUEST_WORD_RESET:
    case v1::STEP_KIND_SET_SECURITY_WORD:
    case v1::STEP_KIND_LOG_IN:
    case v1::STEP_KIND_CONFIRM_PHONE:
    case v1::STEP_KIND_ENTER_SMS_CODE:
    case v1::STEP_KIND_READ_PIN:
    case v1::STEP_KIND_LIST_CERTIFICATES:
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
    case v1::STEP_KIND_UPDATE_INFO:
    case v1::STEP_KIND_REQUEST_UNBLOCK:
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return true;
    default:
      return false;
  }
}

}  // namespace

Walk::Walk(SandboxPortal& portal, const Holder& holder) : Walk(portal, holder, portal.browser()) {}

Walk::Walk(SandboxPortal& portal, const Holder& holder, const BrowserOptions& options)
    : card(holder.serials[0]), portal_(portal), holder_(holder) {
  auto conversation = Conversation::Create(portal.profile(), options);
  if (!conversation.ok()) std::abort();
  conversation_ = *std::move(conversation);
}

Typed Walk::Answer(v1::StepKind step) {
  Typed typed;
  const auto type = [&typed](profile_v1::FieldKind field, const std::string& text) {
    typed[field] = Secret(std::string_view(text));
  };
  const std::string picture(view.captcha.begin(), view.captcha.end());
  switch (step) {
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      type(profile_v1::FIELD_KIND_NATIONAL_ID, national_id.value_or(holder_.national_id));
      type(profile_v1::FIELD_KIND_EMAIL, email.value_or(holder_.email));
      type(profile_v1::FIELD_KIND_CAPTCHA, captcha.value_or(portal_.ReadCaptcha(picture)));
      break;
    case v1::STEP_KIND_SET_SECURITY_WORD:
      type(profile_v1::FIELD_KIND_SECURITY_WORD, word.value_or("Yeni1Sözcük"));
      type(profile_v1::FIELD_KIND_SECURITY_WORD_AGAIN,
           word_again.value_or(word.value_or("Yeni1Sözcük")));
      break;
    case v1::STEP_KIND_LOG_IN:
      type(profile_v1::FIELD_KIND_NATIONAL_ID, national_id.value_or(holder_.national_id));
      type(profile_v1::FIELD_KIND_EMAIL, email.value_or(holder_.email));
      type(profile_v1::FIELD_KIND_CAPTCHA, captcha.value_or(portal_.ReadCaptcha(picture)));
      type(profile_v1::FIELD_KIND_SECURITY_WORD, word.value_or(holder_.word));
      break;
    case v1::STEP_KIND_UPDATE_INFO:
      type(profile_v1::FIELD_KIND_PHONE, phone.value_or(holder_.phone));
      type(profile_v1::FIELD_KIND_EMAIL, email.value_or(holder_.email));
      break;
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
    case v1::STEP_KIND_ENTER_SMS_CODE:
      type(profile_v1::FIELD_KIND_SMS_CODE, code.value_or(portal_.LastSmsCode(holder_.phone)));
      break;
    default:
      break;
  }
  return typed;
}

Ending Walk::Do(v1::StepKind step) {
  if (step == v1::STEP_KIND_OPEN_MAIL_LINK) {
    const std::string mailed = link.value_or(portal_.LastMailLink(holder_.email));
    return conversation_->OpenLink(Secret(std::string_view(mailed)), {});
  }
  if (Asks(step)) {
    view = View();
    if (auto ending = conversation_->Begin(step, {}, view)) return *std::move(ending);
  }
  return conversation_->Finish(step, Answer(step), card, {});
}

Ending Walk::Through(v1::StepKind first, v1::StepKind last) {
  Ending ending;
  bool started = false;
  for (const v1::StepKind step : kOrder) {
    started = started || step == first;
    if (!started) continue;
    ending = Do(step);
    if (ending.outcome != v1::STEP_OUTCOME_DONE) {
      ending.sentence = v1::StepKind_Name(step) + ": " + ending.sentence;
      return ending;
    }
    if (step == last) break;
  }
  return ending;
}

std::string Describe(const Ending& ending) {
  std::string text = v1::StepOutcome_Name(ending.outcome) + " " + ReasonName(ending.reason) + " " +
                     ending.sentence + " nearest " + ending.nearest;
  for (const std::string& missing : ending.missing) text += "; missing " + missing;
  return text;
}

void PrintTo(const Ending& ending, std::ostream* out) { *out << Describe(ending); }

}  // namespace ilkimza::portal
