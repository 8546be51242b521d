// The portal's screens: what the guide asks for them and how it answers.
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "clients/sdk/guide.h"

namespace ilkimza::client {
namespace {

// How a choice of a guided step is answered.
AnswerForm FormOf(v1::GuidedOutcome choice, bool asks_card_serial) {
  switch (choice) {
    case v1::GUIDED_OUTCOME_DONE:
      return asks_card_serial ? AnswerForm{{"done", "card_serial"}} : AnswerForm{{"done"}};
    case v1::GUIDED_OUTCOME_SKIPPED:
      return {{"skip"}};
    case v1::GUIDED_OUTCOME_START_OVER:
      return {{"start_over"}};
    case v1::GUIDED_OUTCOME_NOT_POSSIBLE:
      return {{"not_possible"}};
    case v1::GUIDED_OUTCOME_WORD_FORGOTTEN:
      return {{"word_forgotten"}};
    case v1::GUIDED_OUTCOME_WRONG_PHONE:
      return {{"wrong_phone"}};
    case v1::GUIDED_OUTCOME_WRONG_EMAIL:
      return {{"wrong_email"}};
    case v1::GUIDED_OUTCOME_PIN_INFO_DELETED:
      return {{"pin_info_deleted"}};
    case v1::GUIDED_OUTCOME_CONFIRMED:
      return {{"consequences_understood", "card_serial", "card_serial_again"}};
    default:
      // Of a newer host.
      return {};
  }
}

std::vector<AnswerForm> FormsOf(const v1::GuidedStep& step) {
  std::vector<AnswerForm> forms;
  for (const int choice : step.choices()) {
    AnswerForm form = FormOf(static_cast<v1::GuidedOutcome>(choice), step.asks_card_serial());
    if (!form.fields.empty()) forms.push_back(std::move(form));
  }
  return forms;
}

v1::GuidedOutcome OutcomeOf(const Answer& answer) {
  for (int value = 1; value < v1::GuidedOutcome_ARRAYSIZE; ++value) {
    const auto outcome = static_cast<v1::GuidedOutcome>(value);
    if (answer.Flag(FormOf(outcome, false).fields.front())) return outcome;
  }
  return v1::GUIDED_OUTCOME_UNSPECIFIED;
}

std::string_view NameOf(v1::FormField field) {
  switch (field) {
    case v1::FORM_FIELD_NATIONAL_ID:
      return "national_id";
    case v1::FORM_FIELD_EMAIL:
      return "email";
    case v1::FORM_FIELD_CAPTCHA:
      return "captcha";
    case v1::FORM_FIELD_SECURITY_WORD:
      return "security_word";
    default:
      return {};
  }
}

using AskedFields = google::protobuf::RepeatedPtrField<v1::AskedField>;

// The portal's form as answers, together with the `others` that it may be given. A host
// that does not say what its form asks for has `usual`; one that asks for something
// unknown here cannot be answered.
std::vector<AnswerForm> FormsOf(const AskedFields& asked, std::vector<std::string_view> usual,
                                std::vector<AnswerForm> others) {
  AnswerForm form;
  bool captcha = asked.empty();
  for (const v1::AskedField& field : asked) {
    const std::string_view name = NameOf(field.field());
    if (name.empty()) return {};
    captcha = captcha || field.field() == v1::FORM_FIELD_CAPTCHA;
    form.fields.push_back(name);
  }
  if (asked.empty()) form.fields = std::move(usual);
  std::vector<AnswerForm> forms{std::move(form)};
  if (captcha) forms.push_back({{"new_captcha"}});
  forms.insert(forms.end(), others.begin(), others.end());
  return forms;
}

std::vector<AnswerForm> FormsOf(const v1::Screen& screen) {
  switch (screen.kind_case()) {
    case v1::Screen::kWordReset:
      return FormsOf(screen.word_reset().fields(), {"national_id", "email", "captcha"},
                     {{{"wrong_email"}}});
    case v1::Screen::kMailLink:
      return {{{"link"}}, {{"not_received"}}, {{"wrong_email"}}};
    case v1::Screen::kNewSecurityWord:
      return {{{"security_word", "security_word_again"}}};
    case v1::Screen::kLogin:
      return FormsOf(screen.login().fields(), {"national_id", "captcha", "security_word"},
                     {{{"word_forgotten"}}});
    case v1::Screen::kPhone:
      return {{{"correct"}}};
    case v1::Screen::kSmsCode:
      return {{{"code"}}, {{"not_received"}}};
    case v1::Screen::kPinPage:
      return {{{"reveal"}}, {{"seen"}}};
    case v1::Screen::kDeletion:
      return {{{"delete"}}};
    case v1::Screen::kCertificateTable:
      return {{{"seen"}}};
    case v1::Screen::kActivation:
      return {{{"activate"}}};
    case v1::Screen::kInfo:
      return {{{"keep"}}, {{"phone"}}, {{"email"}}, {{"phone", "email"}}, {{"reveal"}}};
    case v1::Screen::kUnblockRequest:
      return {{{"send"}}};
    case v1::Screen::kRevocation:
      return {{{"keep"}}, {{"card_serial", "consequences_understood"}}};
    case v1::Screen::kGuided:
      return FormsOf(screen.guided());
    default:
      return {};
  }
}

PromptKind KindOf(const v1::Screen& screen) {
  switch (screen.kind_case()) {
    case v1::Screen::kWordReset:
      return PromptKind::kWordReset;
    case v1::Screen::kMailLink:
      return PromptKind::kMailLink;
    case v1::Screen::kNewSecurityWord:
      return PromptKind::kNewSecurityWord;
    case v1::Screen::kPhone:
      return PromptKind::kPhone;
    case v1::Screen::kSmsCode:
      return PromptKind::kSmsCode;
    case v1::Screen::kPinPage:
      return PromptKind::kPinPage;
    case v1::Screen::kDeletion:
      return PromptKind::kDeletion;
    case v1::Screen::kCertificateTable:
      return PromptKind::kCertificates;
    case v1::Screen::kActivation:
      return PromptKind::kActivation;
    case v1::Screen::kInfo:
      return PromptKind::kInfo;
    case v1::Screen::kUnblockRequest:
      return PromptKind::kUnblockRequest;
    case v1::Screen::kRevocation:
      return PromptKind::kRevocation;
    case v1::Screen::kGuided:
      return screen.guided().asks_confirmation() ? PromptKind::kGuidedRevocation
                                                 : PromptKind::kGuided;
    default:
      return PromptKind::kLogin;
  }
}

void KeepLabels(const AskedFields& asked, Prompt& prompt) {
  for (const v1::AskedField& field : asked) {
    if (field.label().empty()) continue;
    prompt.field_labels[std::string(NameOf(field.field()))] = field.label();
  }
}

// What the screen shows beside what it asks.
void Describe(const v1::Screen& screen, Prompt& prompt) {
  const v1::Captcha* captcha = nullptr;
  switch (screen.kind_case()) {
    case v1::Screen::kWordReset:
      captcha = &screen.word_reset().captcha();
      KeepLabels(screen.word_reset().fields(), prompt);
      break;
    case v1::Screen::kLogin:
      captcha = &screen.login().captcha();
      KeepLabels(screen.login().fields(), prompt);
      break;
    case v1::Screen::kPhone:
      prompt.masked_phone = screen.phone().masked_phone();
      prompt.hotline = screen.phone().hotline();
      break;
    case v1::Screen::kSmsCode:
      if (screen.sms_code().has_code_expire_time()) {
        prompt.code_expire_time = FromProto(screen.sms_code().code_expire_time());
      }
      break;
    case v1::Screen::kDeletion:
      prompt.card_serial = screen.deletion().card_serial();
      break;
    case v1::Screen::kCertificateTable: {
      const auto& rows = screen.certificate_table().certificates();
      prompt.certificates.assign(rows.begin(), rows.end());
      break;
    }
    case v1::Screen::kActivation: {
      const auto& serials = screen.activation().card_serials();
      prompt.card_serials.assign(serials.begin(), serials.end());
      break;
    }
    case v1::Screen::kRevocation: {
      const auto& serials = screen.revocation().card_serials();
      prompt.card_serials.assign(serials.begin(), serials.end());
      break;
    }
    case v1::Screen::kGuided:
      prompt.address = screen.guided().address();
      prompt.labels.assign(screen.guided().labels().begin(), screen.guided().labels().end());
      prompt.end_heading = screen.guided().end_heading();
      prompt.card_serial = screen.guided().card_serial();
      break;
    default:
      break;
  }
  if (captcha != nullptr) {
    prompt.captcha_image = captcha->image();
    prompt.captcha_media_type = captcha->media_type();
  }
}

void Set(std::string* field, const Answer& answer, std::string_view name) {
  const std::string_view text = answer.Text(name);
  field->assign(text.data(), text.size());
}

v1::AnswerScreenRequest RequestOf(const Prompt& prompt, const Answer& answer) {
  v1::AnswerScreenRequest request;
  request.set_journey(prompt.journey);
  request.set_screen_id(prompt.screen_id);
  switch (prompt.kind) {
    case PromptKind::kWordReset: {
      auto& form = *request.mutable_word_reset();
      form.set_new_captcha(answer.Flag("new_captcha"));
      form.set_wrong_email(answer.Flag("wrong_email"));
      Set(form.mutable_national_id(), answer, "national_id");
      Set(form.mutable_email(), answer, "email");
      Set(form.mutable_captcha(), answer, "captcha");
      break;
    }
    case PromptKind::kMailLink: {
      auto& form = *request.mutable_mail_link();
      form.set_not_received(answer.Flag("not_received"));
      form.set_wrong_email(answer.Flag("wrong_email"));
      Set(form.mutable_link(), answer, "link");
      break;
    }
    case PromptKind::kNewSecurityWord: {
      auto& form = *request.mutable_new_security_word();
      Set(form.mutable_security_word(), answer, "security_word");
      Set(form.mutable_security_word_again(), answer, "security_word_again");
      break;
    }
    case PromptKind::kLogin: {
      auto& form = *request.mutable_login();
      form.set_new_captcha(answer.Flag("new_captcha"));
      form.set_word_forgotten(answer.Flag("word_forgotten"));
      Set(form.mutable_national_id(), answer, "national_id");
      Set(form.mutable_email(), answer, "email");
      Set(form.mutable_captcha(), answer, "captcha");
      Set(form.mutable_security_word(), answer, "security_word");
      break;
    }
    case PromptKind::kPhone:
      request.mutable_phone()->set_correct(answer.Flag("correct"));
      break;
    case PromptKind::kSmsCode:
      request.mutable_sms_code()->set_not_received(answer.Flag("not_received"));
      Set(request.mutable_sms_code()->mutable_code(), answer, "code");
      break;
    case PromptKind::kPinPage:
      request.mutable_pin_page()->set_seen(true);
      break;
    case PromptKind::kDeletion:
      request.mutable_deletion()->set_delete_(answer.Flag("delete"));
      break;
    case PromptKind::kCertificates:
      request.mutable_certificate_table()->set_seen(true);
      break;
    case PromptKind::kActivation:
      request.mutable_activation()->set_activate(answer.Flag("activate"));
      break;
    case PromptKind::kUnblockRequest:
      request.mutable_unblock_request()->set_send(answer.Flag("send"));
      break;
    case PromptKind::kRevocation: {
      auto& form = *request.mutable_revocation();
      form.set_keep(answer.Flag("keep"));
      form.set_consequences_understood(answer.Flag("consequences_understood"));
      Set(form.mutable_card_serial(), answer, "card_serial");
      break;
    }
    case PromptKind::kGuided:
    case PromptKind::kGuidedRevocation: {
      auto& form = *request.mutable_guided();
      form.set_outcome(OutcomeOf(answer));
      form.set_consequences_understood(answer.Flag("consequences_understood"));
      Set(form.mutable_card_serial(), answer, "card_serial");
      Set(form.mutable_card_serial_again(), answer, "card_serial_again");
      break;
    }
    default:
      break;
  }
  return request;
}

// The answer was looked at and not taken; the same screen can be answered again.
bool PromptStays(v1::ErrorReason reason) {
  return reason == v1::ERROR_REASON_BAD_FIELD || reason == v1::ERROR_REASON_BAD_NATIONAL_ID ||
         reason == v1::ERROR_REASON_WRONG_ANSWER_KIND ||
         reason == v1::ERROR_REASON_WRONG_CARD_SERIAL;
}

}  // namespace

void Guide::OnScreen(v1::Screen screen) {
  if (finished_) return;
  const bool known =
      screen_ && screen_->screen_id() == screen.screen_id() && screen_->step() == screen.step();
  if (screen.has_pin_page()) KeepPortalCards(*screen.mutable_pin_page());
  portal_phone_.Wipe();
  portal_email_.Wipe();
  if (screen.has_info()) KeepInfo(*screen.mutable_info());
  if (screen.has_unrecognised() && !known) {
    Emit(UnknownPage{screen.step(), screen.unrecognised()});
  }
  screen_ = std::move(screen);
  awaits_screen_ = false;
  Settle();
}

void Guide::KeepPortalCards(v1::PinPage& page) {
  portal_cards_.clear();
  for (v1::CardCredentials& card : *page.mutable_cards()) {
    portal_cards_.push_back({card.card_serial(), Secret(std::string_view(card.pin())),
                             Secret(std::string_view(card.puk()))});
  }
  WipeSecrets(page);
}

void Guide::KeepInfo(v1::InfoForm& form) {
  portal_phone_ = Secret(std::string_view(form.phone()));
  portal_email_ = Secret(std::string_view(form.email()));
  WipeSecrets(form);
}

const Guide::PortalCard* Guide::PortalCardFor(std::string_view serial) const {
  const auto found = std::find_if(portal_cards_.begin(), portal_cards_.end(),
                                  [&](const PortalCard& card) { return card.serial == serial; });
  return found == portal_cards_.end() ? nullptr : &*found;
}

Guide::Wanted Guide::WantScreen() const {
  // The journey says which step it is; a screen of another one is of the past.
  if (!screen_ || screen_->step() != journey_->current_step()) return {};
  const std::pair<unsigned, int64_t> id(screen_epoch_, screen_->screen_id());
  if (answered_screen_ == id) return {};
  // Somebody turned the journey; the host's next screen is on its way.
  if (screen_->has_guided() != journey_->guided()) return {};
  if (ScreenNeedsChips() && !chips_) return {};
  Prompt prompt;
  prompt.forms = FormsOf(*screen_);
  if (prompt.forms.empty()) return {};
  prompt.kind = KindOf(*screen_);
  prompt.journey = journey_->name();
  prompt.step = screen_->step();
  prompt.screen_id = screen_->screen_id();
  prompt.reason = screen_->last_reason();
  // 0 attempts left cannot be asked for: the field was not set.
  prompt.attempts_left = screen_->attempts_left() > 0 ? screen_->attempts_left() : -1;
  if (screen_->has_answer_deadline())
    prompt.answer_deadline = FromProto(screen_->answer_deadline());
  Describe(*screen_, prompt);
  AddToPrompt(prompt);
  const bool may_turn = screen_->has_guided() && MayTurn(v1::WAY_DRIVEN);
  if (may_turn) prompt.forms.push_back({{"driven"}});
  std::string key = "screen/" + std::to_string(id.first) + "/" + std::to_string(id.second) +
                    (may_turn ? "/turn" : "");
  // Where it matters which chips are there, another one asks anew.
  for (const Chip& chip : prompt.chips) key += "/" + chip.card_serial;
  return {std::move(key), std::move(prompt), std::nullopt};
}

// What the guide knows beside the screen.
void Guide::AddToPrompt(Prompt& prompt) const {
  if (prompt.kind == PromptKind::kPinPage) {
    for (const PortalCard& card : portal_cards_) {
      prompt.cards.push_back({card.serial, !card.pin.empty(), !card.puk.empty()});
    }
  }
  if (prompt.kind == PromptKind::kInfo) {
    prompt.masked_phone = MaskedPhone(portal_phone_.view());
    prompt.masked_email = MaskedEmail(portal_email_.view());
  }
  if (ScreenNeedsChips()) prompt.chips = *chips_;
}

void Guide::Reveal() {
  Revealed revealed;
  revealed.id = prompt_->id;
  if (prompt_->kind == PromptKind::kInfo) {
    revealed.phone = portal_phone_.Clone();
    revealed.email = portal_email_.Clone();
    return Emit(std::move(revealed));
  }
  for (const PortalCard& card : portal_cards_) {
    if (prompt_->IsCardPrompt() && card.serial != prompt_->card_serial) continue;
    revealed.cards.push_back({card.serial, card.pin.Clone(), card.puk.Clone()});
  }
  Emit(std::move(revealed));
}

// What is not changed goes back as the portal has it.
v1::InfoAnswer Guide::InfoFrom(const Answer& answer) const {
  v1::InfoAnswer info;
  info.set_keep(answer.Flag("keep"));
  if (info.keep()) return info;
  const auto set = [&](std::string_view name, const Secret& as_before, std::string* field) {
    const std::string_view text = answer.Has(name) ? answer.Text(name) : as_before.view();
    field->assign(text.data(), text.size());
  };
  set("phone", portal_phone_, info.mutable_phone());
  set("email", portal_email_, info.mutable_email());
  return info;
}

void Guide::AnswerScreen(const Answer& answer) {
  v1::AnswerScreenRequest request = RequestOf(*prompt_, answer);
  if (prompt_->kind == PromptKind::kInfo) *request.mutable_info() = InfoFrom(answer);
  Send({.purpose = Purpose::kAnswer,
        .prompt_id = prompt_->id,
        .screen_id = prompt_->screen_id,
        .epoch = screen_epoch_},
       std::move(request));
}

void Guide::OnScreenAnswered(const Pending& pending, const absl::Status& status) {
  if (status.ok()) {
    answered_screen_ = {pending.epoch, pending.screen_id};
    Take();
    return Settle();
  }
  Refuse(pending.prompt_id, status);
  if (PromptStays(ReasonOf(status))) {
    // The screen may have changed meanwhile.
    return Settle();
  }
  // Taken or not: what the host shows now tells, and it takes no answer twice.
  Close(ReasonOf(status));
  screen_.reset();
  ++screen_epoch_;
  actions_.emplace_back(RestartWatch{Watch::kScreen});
  Settle();
}

}  // namespace ilkimza::client
