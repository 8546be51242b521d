#include "tests/clients/fake_world.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"

namespace ilkimza::testing {
namespace {

using absl::StatusCode;

constexpr v1::StepKind kReset[] = {v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_REQUEST_WORD_RESET,
                                   v1::STEP_KIND_OPEN_MAIL_LINK, v1::STEP_KIND_SET_SECURITY_WORD};
constexpr v1::StepKind kMain[] = {
    v1::STEP_KIND_OPEN_LOGIN,         v1::STEP_KIND_LOG_IN,         v1::STEP_KIND_CONFIRM_PHONE,
    v1::STEP_KIND_ENTER_SMS_CODE,     v1::STEP_KIND_OPEN_PIN_PAGE,  v1::STEP_KIND_READ_PIN,
    v1::STEP_KIND_MATCH_CARD,         v1::STEP_KIND_PROVE_PIN,      v1::STEP_KIND_SET_OWN_PIN,
    v1::STEP_KIND_DELETE_PORTAL_COPY, v1::STEP_KIND_TEST_SIGNATURE, v1::STEP_KIND_LOG_OUT};

bool NeedsConversation(v1::StepKind kind) {
  return kind != v1::STEP_KIND_PREPARE_CHIP && kind != v1::STEP_KIND_INSERT_CARD &&
         kind != v1::STEP_KIND_OPEN_MAIL_LINK && kind != v1::STEP_KIND_TEST_SIGNATURE;
}

bool WantsCard(v1::StepKind kind) {
  return kind == v1::STEP_KIND_PREPARE_CHIP || kind == v1::STEP_KIND_INSERT_CARD ||
         kind == v1::STEP_KIND_MATCH_CARD;
}

int LimitOf(v1::StepKind kind) {
  return kind == v1::STEP_KIND_LOG_IN || kind == v1::STEP_KIND_ENTER_SMS_CODE ? 3 : 0;
}

void AddStep(v1::Journey& journey, v1::StepKind kind) {
  v1::Step& step = *journey.add_steps();
  step.set_kind(kind);
  step.set_state(v1::STEP_STATE_PENDING);
  step.set_attempt_limit(LimitOf(kind));
}

bool Ended(const v1::Journey& journey) {
  return journey.state() == v1::JOURNEY_STATE_SUCCEEDED ||
         journey.state() == v1::JOURNEY_STATE_CANCELLED ||
         journey.state() == v1::JOURNEY_STATE_FAILED;
}

absl::Status NotReady() {
  return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOURNEY_NOT_READY,
                   "the journey is at another step");
}

absl::Status HasEnded(const char* what) {
  return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOURNEY_NOT_READY, what,
                   {{"ended", "true"}});
}

}  // namespace

absl::StatusOr<v1::Journey> FakeWorld::Create(const v1::CreateJourneyRequest& request) {
  if (journey_ && request.request_id() == create_id_) return *journey_;
  if (journey_ && !Ended(*journey_)) {
    return MakeError(StatusCode::kAlreadyExists, v1::ERROR_REASON_JOURNEY_EXISTS,
                     "one is under way", {{"journey", journey_->name()}});
  }
  const auto& off = facts_.goals_off;
  if (std::find(off.begin(), off.end(), request.journey().goal()) != off.end()) {
    return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_GOAL_SWITCHED_OFF, "off");
  }
  create_id_ = request.request_id();
  journey_ = request.journey();
  journey_->set_name("journeys/made-up-1");
  journey_->set_hotline("0850 123 45 67");
  journey_->set_agent("agents/fake");
  journey_->set_state(v1::JOURNEY_STATE_ACTIVE);
  *journey_->mutable_create_time() = ToProto(absl::Now());
  if (journey_->portal_host() == v1::PORTAL_HOST_UNSPECIFIED) {
    journey_->set_portal_host(v1::PORTAL_HOST_AGENT);
  }
  AddPlan();
  Enter(journey_->steps(0).kind());
  return *journey_;
}

void FakeWorld::AddPlan() {
  const v1::Goal goal = journey_->goal();
  const auto add = [&](std::initializer_list<v1::StepKind> kinds) {
    for (const v1::StepKind kind : kinds) AddStep(*journey_, kind);
  };
  if (goal == v1::GOAL_GET_PIN || goal == v1::GOAL_UNBLOCK_PIN) {
    add({v1::STEP_KIND_PREPARE_CHIP, v1::STEP_KIND_INSERT_CARD});
  }
  if (goal == v1::GOAL_RESET_SECURITY_WORD || journey_->security_word_forgotten()) {
    for (const v1::StepKind kind : kReset) AddStep(*journey_, kind);
  }
  if (goal == v1::GOAL_RESET_SECURITY_WORD) return;
  if (goal == v1::GOAL_GET_PIN) {
    for (const v1::StepKind kind : kMain) AddStep(*journey_, kind);
    return;
  }
  add({v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE,
       v1::STEP_KIND_ENTER_SMS_CODE});
  if (goal == v1::GOAL_ACTIVATE_CERTIFICATE) add({v1::STEP_KIND_ACTIVATE_CERTIFICATE});
  if (goal == v1::GOAL_LIST_CERTIFICATES || goal == v1::GOAL_ACTIVATE_CERTIFICATE) {
    add({v1::STEP_KIND_LIST_CERTIFICATES});
  }
  if (goal == v1::GOAL_UPDATE_INFO) add({v1::STEP_KIND_UPDATE_INFO});
  if (goal == v1::GOAL_REVOKE_CERTIFICATE) add({v1::STEP_KIND_REVOKE_CERTIFICATE});
  if (goal == v1::GOAL_UNBLOCK_PIN) {
    add({v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_REQUEST_UNBLOCK,
         v1::STEP_KIND_ENTER_UNBLOCK_CODE, v1::STEP_KIND_READ_PIN, v1::STEP_KIND_MATCH_CARD,
         v1::STEP_KIND_UNBLOCK_PIN, v1::STEP_KIND_TEST_SIGNATURE});
  }
  add({v1::STEP_KIND_LOG_OUT});
}

bool FakeWorld::IsAutomatic(v1::StepKind kind) const {
  if (kind == v1::STEP_KIND_OPEN_WORD_RESET || kind == v1::STEP_KIND_OPEN_LOGIN) return true;
  if (journey_->guided()) return kind == v1::STEP_KIND_READ_PIN;
  return kind == v1::STEP_KIND_OPEN_PIN_PAGE || kind == v1::STEP_KIND_LOG_OUT;
}

bool FakeWorld::Named(const std::string& name) const {
  return journey_ && journey_->name() == name;
}

absl::StatusOr<v1::Journey> FakeWorld::Cancel(const std::string& name) {
  if (!Named(name)) {
    return MakeError(StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND, "no such journey");
  }
  if (Ended(*journey_)) return HasEnded("has ended already");
  log_.emplace_back("cancel");
  journey_->set_state(v1::JOURNEY_STATE_CANCELLED);
  journey_->set_reason(v1::ERROR_REASON_CANCELLED);
  journey_->set_current_step(v1::STEP_KIND_UNSPECIFIED);
  screen_.reset();
  Changed();
  return *journey_;
}

absl::StatusOr<v1::Journey> FakeWorld::Retry(const v1::RetryJourneyRequest& request) {
  if (!Named(request.name())) {
    return MakeError(StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND, "no such journey");
  }
  if (Ended(*journey_)) return HasEnded("has ended; begin a new one");
  log_.emplace_back(request.way() == v1::WAY_GUIDED   ? "retry guided"
                    : request.way() == v1::WAY_DRIVEN ? "retry driven"
                                                      : "retry");
  const auto& ways = journey_->other_ways();
  const bool turns = std::find(ways.begin(), ways.end(), request.way()) != ways.end();
  const bool types_again = journey_->reason() == v1::ERROR_REASON_SERIAL_MISMATCH;
  const bool by_code = journey_->state() == v1::JOURNEY_STATE_ACTIVE &&
                       journey_->current_step() == v1::STEP_KIND_UNBLOCK_PIN;
  if (journey_->state() != v1::JOURNEY_STATE_STOPPED && !turns && !types_again && !by_code) {
    return NotReady();
  }
  if (by_code) {
    facts_.portal_copy = false;
    Rewind(v1::STEP_KIND_REQUEST_UNBLOCK, v1::ERROR_REASON_UNSPECIFIED);
    return *journey_;
  }
  if (turns) journey_->set_guided(request.way() == v1::WAY_GUIDED);
  v1::StepKind target = journey_->current_step();
  if (types_again) target = v1::STEP_KIND_OPEN_PIN_PAGE;
  if (NeedsConversation(target) && !WantsCard(target) && !types_again) {
    target = target == v1::STEP_KIND_REQUEST_WORD_RESET || target == v1::STEP_KIND_SET_SECURITY_WORD
                 ? v1::STEP_KIND_OPEN_WORD_RESET
                 : v1::STEP_KIND_OPEN_LOGIN;
  }
  for (v1::Step& step : *journey_->mutable_steps()) step.set_attempts(0);
  journey_->set_state(v1::JOURNEY_STATE_ACTIVE);
  Rewind(target, v1::ERROR_REASON_UNSPECIFIED);
  return *journey_;
}

v1::Step& FakeWorld::StepOf(v1::StepKind kind) {
  return *std::find_if(journey_->mutable_steps()->begin(), journey_->mutable_steps()->end(),
                       [&](const v1::Step& step) { return step.kind() == kind; });
}

void FakeWorld::Changed() {
  journey_->set_revision(journey_->revision() + 1);
  *journey_->mutable_update_time() = ToProto(absl::Now());
}

void FakeWorld::Enter(v1::StepKind kind, v1::ErrorReason reason) {
  journey_->set_current_step(kind);
  journey_->set_directive_id(journey_->directive_id() + 1);
  journey_->set_reason(reason);
  journey_->set_turn(WantsCard(kind) || IsAutomatic(kind) ? v1::ACTOR_AGENT : v1::ACTOR_HOLDER);
  v1::Step& step = StepOf(kind);
  step.set_state(v1::STEP_STATE_RUNNING);
  const bool on_portal = !WantsCard(kind) && kind != v1::STEP_KIND_PROVE_PIN &&
                         kind != v1::STEP_KIND_SET_OWN_PIN && kind != v1::STEP_KIND_UNBLOCK_PIN &&
                         kind != v1::STEP_KIND_TEST_SIGNATURE;
  step.set_guided(journey_->guided() && on_portal);
  journey_->clear_other_ways();
  if (step.guided()) journey_->add_other_ways(v1::WAY_DRIVEN);
  if (!step.has_start_time()) *step.mutable_start_time() = ToProto(absl::Now());
  Show(reason);
  Changed();
  const bool other_chip = kind == v1::STEP_KIND_MATCH_CARD && journey_->guided() &&
                          typed_serial_ != facts_.serial && facts_.card_present;
  if (other_chip && reason == v1::ERROR_REASON_UNSPECIFIED) {
    Enter(kind, v1::ERROR_REASON_SERIAL_MISMATCH);
  } else if (IsAutomatic(kind) || (WantsCard(kind) && facts_.card_present && !other_chip)) {
    Done();
  }
}

void FakeWorld::Done(v1::StepState state) {
  const v1::StepKind kind = journey_->current_step();
  v1::Step& step = StepOf(kind);
  step.set_state(state);
  *step.mutable_end_time() = ToProto(absl::Now());
  if (kind == v1::STEP_KIND_MATCH_CARD) journey_->mutable_facts()->set_card_serial(facts_.serial);
  // Where the page has them, no code is needed.
  if (kind == v1::STEP_KIND_OPEN_PIN_PAGE && journey_->goal() == v1::GOAL_UNBLOCK_PIN &&
      facts_.portal_copy) {
    StepOf(v1::STEP_KIND_REQUEST_UNBLOCK).set_state(v1::STEP_STATE_SKIPPED);
    StepOf(v1::STEP_KIND_ENTER_UNBLOCK_CODE).set_state(v1::STEP_STATE_SKIPPED);
  }
  for (const v1::Step& next : journey_->steps()) {
    if (next.state() == v1::STEP_STATE_PENDING) return Enter(next.kind());
  }
  journey_->set_state(v1::JOURNEY_STATE_SUCCEEDED);
  journey_->set_current_step(v1::STEP_KIND_UNSPECIFIED);
  journey_->set_turn(v1::ACTOR_UNSPECIFIED);
  journey_->set_reason(v1::ERROR_REASON_UNSPECIFIED);
  *journey_->mutable_end_time() = ToProto(absl::Now());
  screen_.reset();
  Changed();
}

void FakeWorld::Reject(v1::ErrorReason reason) {
  v1::Step& step = StepOf(journey_->current_step());
  if (reason != v1::ERROR_REASON_WRONG_CAPTCHA) step.set_attempts(step.attempts() + 1);
  if (step.attempt_limit() > 0 && step.attempts() >= step.attempt_limit()) {
    return StopAt(v1::ERROR_REASON_ATTEMPTS_EXHAUSTED);
  }
  Enter(journey_->current_step(), reason);
}

void FakeWorld::Rewind(v1::StepKind target, v1::ErrorReason reason) {
  bool after = false;
  for (v1::Step& step : *journey_->mutable_steps()) {
    after = after || step.kind() == target;
    if (after && step.state() != v1::STEP_STATE_PENDING) {
      step.set_state(v1::STEP_STATE_PENDING);
      step.clear_end_time();
    }
  }
  Enter(target, reason);
}

void FakeWorld::AddReset() {
  v1::Journey before = *journey_;
  journey_->clear_steps();
  for (const v1::Step& step : before.steps()) {
    if (step.kind() == v1::STEP_KIND_OPEN_LOGIN) {
      for (const v1::StepKind kind : kReset) AddStep(*journey_, kind);
    }
    *journey_->add_steps() = step;
  }
}

void FakeWorld::StopAt(v1::ErrorReason reason) {
  journey_->set_state(v1::JOURNEY_STATE_STOPPED);
  journey_->set_reason(reason);
  StepOf(journey_->current_step()).set_state(v1::STEP_STATE_STOPPED);
  StepOf(journey_->current_step()).set_reason(reason);
  journey_->clear_other_ways();
  if (NeedsConversation(journey_->current_step())) {
    journey_->add_other_ways(journey_->guided() ? v1::WAY_DRIVEN : v1::WAY_GUIDED);
  }
  if (screen_) {
    screen_->set_screen_id(next_screen_++);
    screen_->mutable_working();
  }
  Changed();
}

void FakeWorld::WaitFor(v1::ErrorReason reason, int seconds) {
  journey_->set_state(v1::JOURNEY_STATE_WAITING);
  journey_->set_reason(reason);
  journey_->set_turn(v1::ACTOR_SERVER);
  *journey_->mutable_resume_time() = ToProto(absl::Now() + absl::Seconds(seconds));
  screen_->set_screen_id(next_screen_++);
  screen_->mutable_working();
  Changed();
}

void FakeWorld::GoOn() {
  journey_->set_state(v1::JOURNEY_STATE_ACTIVE);
  journey_->clear_resume_time();
  Enter(journey_->current_step());
}

void FakeWorld::ShowUnknownPage() {
  StopAt(v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  screen_->set_screen_id(next_screen_++);
  screen_->mutable_unrecognised()->set_page_fingerprint("f00d-cafe");
  screen_->mutable_unrecognised()->set_nearest_screen("login");
  screen_->mutable_unrecognised()->add_missing("heading");
}

void FakeWorld::LoseConversation() {
  screen_.reset();
  next_screen_ = 1;
}

void FakeWorld::TakeUpConversation() {
  if (!journey_ || journey_->state() != v1::JOURNEY_STATE_ACTIVE) return;
  const v1::StepKind step = journey_->current_step();
  if (!NeedsConversation(step)) return Show(v1::ERROR_REASON_UNSPECIFIED);
  const bool reset =
      step == v1::STEP_KIND_REQUEST_WORD_RESET || step == v1::STEP_KIND_SET_SECURITY_WORD;
  Rewind(reset ? v1::STEP_KIND_OPEN_WORD_RESET : v1::STEP_KIND_OPEN_LOGIN,
         v1::ERROR_REASON_CONVERSATION_LOST);
}

void FakeWorld::CardMoved(bool present) {
  facts_.card_present = present;
  if (present && journey_ && journey_->state() == v1::JOURNEY_STATE_ACTIVE &&
      WantsCard(journey_->current_step())) {
    Done();
  }
}

void FakeWorld::Guide(v1::Screen& screen) const {
  v1::GuidedStep& guided = *screen.mutable_guided();
  guided.add_choices(v1::GUIDED_OUTCOME_DONE);
  switch (screen.step()) {
    case v1::STEP_KIND_LOG_IN:
      guided.set_address("https://portal.example/");
      for (const char* label : {"Bireysel İşlemler", "Şifreli Giriş", "Kimlik No", "Giriş"}) {
        guided.add_labels(label);
      }
      guided.set_end_heading("SMS Onay Ekranı");
      guided.add_choices(v1::GUIDED_OUTCOME_WORD_FORGOTTEN);
      break;
    case v1::STEP_KIND_CONFIRM_PHONE:
      guided.add_labels("Onay");
      guided.add_choices(v1::GUIDED_OUTCOME_WRONG_PHONE);
      break;
    case v1::STEP_KIND_OPEN_PIN_PAGE:
      guided.add_labels("PIN / PUK Bilgisi");
      guided.set_asks_card_serial(true);
      guided.add_choices(v1::GUIDED_OUTCOME_PIN_INFO_DELETED);
      break;
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      guided.add_labels("Sil");
      guided.set_card_serial(facts_.serial);
      guided.add_choices(v1::GUIDED_OUTCOME_SKIPPED);
      break;
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      GuideRevocation(guided);
      break;
    default:
      break;
  }
  guided.add_choices(v1::GUIDED_OUTCOME_START_OVER);
  guided.add_choices(v1::GUIDED_OUTCOME_NOT_POSSIBLE);
  // Of a newer host, which a client leaves out.
  guided.add_choices(static_cast<v1::GuidedOutcome>(99));
}

void FakeWorld::Show(v1::ErrorReason reason) {
  v1::Screen screen;
  screen.set_journey(journey_->name());
  screen.set_step(journey_->current_step());
  screen.set_last_reason(reason);
  const v1::Step& step = StepOf(journey_->current_step());
  screen.set_attempts_left(step.attempt_limit() > 0 ? step.attempt_limit() - step.attempts() : -1);
  *screen.mutable_answer_deadline() = ToProto(absl::Now() + absl::Minutes(10));
  const auto captcha = [](v1::Captcha& picture) {
    picture.set_image(CaptchaPng());
    picture.set_media_type("image/png");
  };
  const bool guided = step.guided() && !IsAutomatic(screen.step());
  if (guided) Guide(screen);
  if (step.guided() && !guided) screen.mutable_working();
  switch (step.guided() ? v1::STEP_KIND_UNSPECIFIED : screen.step()) {
    case v1::STEP_KIND_UNSPECIFIED:
      break;
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      captcha(*screen.mutable_word_reset()->mutable_captcha());
      break;
    case v1::STEP_KIND_OPEN_MAIL_LINK:
      screen.mutable_mail_link();
      break;
    case v1::STEP_KIND_SET_SECURITY_WORD:
      screen.mutable_new_security_word();
      break;
    case v1::STEP_KIND_LOG_IN:
      captcha(*screen.mutable_login()->mutable_captcha());
      break;
    case v1::STEP_KIND_CONFIRM_PHONE:
      screen.mutable_phone()->set_masked_phone("54* *** ** 25");
      screen.mutable_phone()->set_hotline("0850 765 43 21");
      break;
    case v1::STEP_KIND_ENTER_SMS_CODE:
      *screen.mutable_sms_code()->mutable_code_expire_time() =
          ToProto(absl::Now() + absl::Seconds(290));
      break;
    case v1::STEP_KIND_READ_PIN: {
      v1::CardCredentials& card = *screen.mutable_pin_page()->add_cards();
      card.set_card_serial(facts_.serial);
      if (facts_.portal_copy) card.set_pin(facts_.pin);
      if (facts_.portal_puk || !facts_.portal_copy) card.set_puk(facts_.puk);
      break;
    }
    case v1::STEP_KIND_MATCH_CARD:
    case v1::STEP_KIND_PROVE_PIN:
    case v1::STEP_KIND_SET_OWN_PIN:
    case v1::STEP_KIND_UNBLOCK_PIN:
      // The PIN page stays until another step of the portal runs.
      if (screen_ && screen_->has_pin_page()) return;
      screen.mutable_working();
      break;
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      screen.mutable_deletion()->set_card_serial(facts_.serial);
      break;
    default:
      if (!ShowMenu(screen)) screen.mutable_working();
      break;
  }
  screen.set_screen_id(next_screen_++);
  screen_ = std::move(screen);
}

// -- Answers --

absl::Status FakeWorld::Answer(const v1::AnswerScreenRequest& answer) {
  if (!next_answer_.ok()) return std::exchange(next_answer_, absl::OkStatus());
  if (!Named(answer.journey()) || journey_->state() != v1::JOURNEY_STATE_ACTIVE) return NotReady();
  if (!screen_ || answer.screen_id() != screen_->screen_id()) {
    log_.emplace_back("stale");
    return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_SCREEN_CHANGED,
                     "the screen is no longer shown");
  }
  switch (answer.answer_case()) {
    case v1::AnswerScreenRequest::kWordReset:
      return AnswerReset(answer.word_reset());
    case v1::AnswerScreenRequest::kMailLink:
      return AnswerLink(answer.mail_link());
    case v1::AnswerScreenRequest::kNewSecurityWord:
      return AnswerWord(answer.new_security_word());
    case v1::AnswerScreenRequest::kLogin:
      return AnswerLogin(answer.login());
    case v1::AnswerScreenRequest::kPhone:
      log_.emplace_back("phone");
      answer.phone().correct() ? Done() : StopAt(v1::ERROR_REASON_WRONG_PHONE);
      return absl::OkStatus();
    case v1::AnswerScreenRequest::kSmsCode:
      return AnswerCode(answer.sms_code());
    case v1::AnswerScreenRequest::kPinPage:
      log_.emplace_back("pin_page");
      Done();
      return absl::OkStatus();
    case v1::AnswerScreenRequest::kDeletion:
      log_.emplace_back(answer.deletion().delete_() ? "delete" : "keep");
      journey_->mutable_facts()->set_portal_copy_deleted(answer.deletion().delete_());
      Done(answer.deletion().delete_() ? v1::STEP_STATE_DONE : v1::STEP_STATE_SKIPPED);
      return absl::OkStatus();
    case v1::AnswerScreenRequest::kGuided:
      return AnswerGuided(answer.guided());
    default:
      return AnswerMenu(answer);
  }
}

absl::Status FakeWorld::AnswerReset(const v1::WordResetAnswer& answer) {
  log_.emplace_back(answer.new_captcha() ? "new_captcha" : "word_reset");
  if (answer.wrong_email()) {
    StopAt(v1::ERROR_REASON_WRONG_EMAIL);
  } else if (answer.new_captcha()) {
    Show(v1::ERROR_REASON_UNSPECIFIED);
  } else if (answer.captcha() != facts_.captcha) {
    Reject(v1::ERROR_REASON_WRONG_CAPTCHA);
  } else if (answer.national_id() != facts_.national_id || answer.email() != facts_.email) {
    Reject(v1::ERROR_REASON_WRONG_ID_OR_EMAIL);
  } else {
    Done();
  }
  return absl::OkStatus();
}

absl::Status FakeWorld::AnswerLink(const v1::MailLinkAnswer& answer) {
  log_.emplace_back("mail_link");
  if (answer.not_received()) {
    Rewind(v1::STEP_KIND_OPEN_WORD_RESET, v1::ERROR_REASON_MAIL_NOT_RECEIVED);
  } else if (answer.wrong_email()) {
    StopAt(v1::ERROR_REASON_WRONG_EMAIL);
  } else if (answer.link() != facts_.link) {
    Reject(v1::ERROR_REASON_MAIL_LINK_FOREIGN);
  } else {
    Done();
  }
  return absl::OkStatus();
}

absl::Status FakeWorld::AnswerWord(const v1::NewSecurityWordAnswer& answer) {
  log_.emplace_back("new_security_word");
  if (answer.security_word() != answer.security_word_again()) {
    Reject(v1::ERROR_REASON_WORDS_DIFFER);
  } else if (answer.security_word().size() < 8) {
    Reject(v1::ERROR_REASON_WORD_TOO_SHORT);
  } else {
    facts_.word = answer.security_word();
    Done();
  }
  return absl::OkStatus();
}

absl::Status FakeWorld::AnswerLogin(const v1::LoginAnswer& answer) {
  if (answer.new_captcha()) {
    log_.emplace_back("new_captcha");
    Show(v1::ERROR_REASON_UNSPECIFIED);
  } else if (answer.word_forgotten()) {
    log_.emplace_back("word_forgotten");
    AddReset();
    Rewind(v1::STEP_KIND_OPEN_WORD_RESET, v1::ERROR_REASON_WORD_FORGOTTEN);
  } else {
    log_.emplace_back("login");
    if (answer.captcha() != facts_.captcha) {
      Reject(v1::ERROR_REASON_WRONG_CAPTCHA);
    } else if (answer.national_id() != facts_.national_id ||
               answer.security_word() != facts_.word) {
      Reject(v1::ERROR_REASON_WRONG_CREDENTIALS);
    } else {
      Done();
    }
  }
  return absl::OkStatus();
}

absl::Status FakeWorld::AnswerCode(const v1::SmsCodeAnswer& answer) {
  log_.emplace_back("sms_code");
  const bool unblocks = journey_->current_step() == v1::STEP_KIND_ENTER_UNBLOCK_CODE;
  if (answer.not_received()) {
    Rewind(unblocks ? v1::STEP_KIND_REQUEST_UNBLOCK : v1::STEP_KIND_OPEN_LOGIN,
           v1::ERROR_REASON_SMS_NOT_RECEIVED);
  } else if (answer.code() != facts_.sms_code) {
    Reject(v1::ERROR_REASON_WRONG_SMS_CODE);
  } else {
    Done();
  }
  return absl::OkStatus();
}

absl::Status FakeWorld::AnswerGuided(const v1::GuidedAnswer& answer) {
  log_.push_back(v1::GuidedOutcome_Name(answer.outcome()));
  switch (answer.outcome()) {
    case v1::GUIDED_OUTCOME_CONFIRMED:
      if (!answer.consequences_understood()) complaint_ = "confirmed without being told";
      confirmed_serial_ = answer.card_serial();
      Show(v1::ERROR_REASON_UNSPECIFIED);
      break;
    case v1::GUIDED_OUTCOME_DONE:
      if (screen_->step() == v1::STEP_KIND_REVOKE_CERTIFICATE) {
        if (confirmed_serial_.empty()) complaint_ = "revoked without confirmation";
      }
      if (screen_->guided().asks_card_serial()) typed_serial_ = answer.card_serial();
      Done();
      break;
    case v1::GUIDED_OUTCOME_SKIPPED:
      Done(v1::STEP_STATE_SKIPPED);
      break;
    case v1::GUIDED_OUTCOME_WORD_FORGOTTEN:
      AddReset();
      Rewind(v1::STEP_KIND_OPEN_WORD_RESET, v1::ERROR_REASON_WORD_FORGOTTEN);
      break;
    case v1::GUIDED_OUTCOME_START_OVER:
      Rewind(v1::STEP_KIND_OPEN_LOGIN, v1::ERROR_REASON_SESSION_EXPIRED);
      break;
    case v1::GUIDED_OUTCOME_WRONG_PHONE:
      StopAt(v1::ERROR_REASON_WRONG_PHONE);
      break;
    case v1::GUIDED_OUTCOME_WRONG_EMAIL:
      StopAt(v1::ERROR_REASON_WRONG_EMAIL);
      break;
    case v1::GUIDED_OUTCOME_PIN_INFO_DELETED:
      StopAt(v1::ERROR_REASON_PIN_INFO_DELETED);
      break;
    default:
      StopAt(v1::ERROR_REASON_GUIDED_NOT_POSSIBLE);
      break;
  }
  return absl::OkStatus();
}

// -- The card --

v1::PinState FakeWorld::PinState() const {
  v1::PinState state;
  state.set_tries_left_count(facts_.tries);
  state.set_tries_left(facts_.tries == 0   ? v1::TRIES_LEFT_NONE
                       : facts_.tries == 1 ? v1::TRIES_LEFT_ONE
                       : facts_.tries == 3 ? v1::TRIES_LEFT_ALL
                                           : v1::TRIES_LEFT_SOME);
  state.set_min_length(4);
  state.set_max_length(12);
  state.set_new_min_length(facts_.new_min_length);
  state.set_new_max_length(facts_.new_max_length);
  if (!facts_.puk_state_known) {
    state.set_puk_tries_left(v1::TRIES_LEFT_UNKNOWN);
    state.set_puk_tries_left_count(-1);
    return state;
  }
  state.set_puk_tries_left_count(facts_.puk_tries);
  state.set_puk_tries_left(facts_.puk_tries == 0   ? v1::TRIES_LEFT_NONE
                           : facts_.puk_tries == 1 ? v1::TRIES_LEFT_ONE
                           : facts_.puk_tries == 3 ? v1::TRIES_LEFT_ALL
                                                   : v1::TRIES_LEFT_SOME);
  return state;
}

v1::Card FakeWorld::Card() const {
  v1::Card card;
  card.set_name("cards/" + facts_.serial);
  card.set_serial(facts_.serial);
  card.set_family(v1::CARD_FAMILY_AKIS_V1);
  card.set_family_display_name("AKİS v1 (UEKAE 1292)");
  card.set_reader("readers/0");
  card.set_atr("3B9F968131FE45");
  card.set_label("AYŞE YILMAZ");
  for (const v1::CardOperation operation : facts_.operations) card.add_operations(operation);
  return card;
}

v1::Reader FakeWorld::Reader() const {
  v1::Reader reader;
  reader.set_name("readers/0");
  reader.set_display_name("Made-up reader 00 00");
  reader.set_has_pinpad(facts_.has_pinpad);
  reader.set_state(facts_.card_present ? v1::READER_STATE_CARD_PRESENT : v1::READER_STATE_EMPTY);
  if (facts_.card_present) reader.set_card("cards/" + facts_.serial);
  if (!holders_.empty()) reader.set_state(v1::READER_STATE_IN_USE_EXCLUSIVELY);
  *reader.mutable_programs() = {holders_.begin(), holders_.end()};
  return reader;
}

v1::WatchReadersResponse FakeWorld::Readers() const {
  v1::WatchReadersResponse response;
  response.set_service_running(service_running_);
  if (!service_running_) response.set_service_trouble(service_trouble_);
  if (service_running_ && reader_plugged_) *response.add_readers() = Reader();
  return response;
}

std::vector<v1::Certificate> FakeWorld::Certificates() const {
  struct Made {
    const char* label;
    char fingerprint;
    const char* number;
    bool qualified;
    int begins;
    int ends;
    v1::CertificateValidity validity;
  };
  std::vector<v1::Certificate> certificates;
  for (const Made& made :
       {Made{"İmza", 'a', "0A1B", true, -10, 40, v1::CERTIFICATE_VALIDITY_VALID},
        Made{"Eski imza", 'b', "0A1C", true, -400, -35, v1::CERTIFICATE_VALIDITY_EXPIRED},
        Made{"Şifreleme", 'c', "0A1D", false, 5, 400, v1::CERTIFICATE_VALIDITY_NOT_YET_VALID}}) {
    v1::Certificate& certificate = certificates.emplace_back();
    certificate.set_name("cards/" + facts_.serial + "/certificates/" +
                         std::string(64, made.fingerprint));
    certificate.set_label(made.label);
    certificate.set_subject("CN=AYŞE YILMAZ,serialNumber=*********46,C=TR");
    certificate.set_issuer("CN=Made-up CA");
    certificate.set_serial_number(made.number);
    certificate.set_qualified(made.qualified);
    certificate.add_key_usages("nonRepudiation");
    certificate.set_fingerprint(std::string(64, made.fingerprint));
    certificate.set_has_private_key(true);
    // An hour more, so that a test sees whole days.
    *certificate.mutable_not_before() = ToProto(absl::Now() + absl::Hours(24 * made.begins + 1));
    *certificate.mutable_not_after() = ToProto(absl::Now() + absl::Hours(24 * made.ends + 1));
    certificate.set_validity(made.validity);
  }
  return certificates;
}

absl::StatusOr<v1::ExportCertificateResponse> FakeWorld::Export(const std::string& name) const {
  for (v1::Certificate& certificate : Certificates()) {
    if (certificate.name() != name) continue;
    v1::ExportCertificateResponse response;
    // No X.509, but bytes that text would not survive.
    response.set_der(std::string("\x30\x82\x00\r\n\xff", 6) + certificate.fingerprint());
    *response.mutable_certificate() = std::move(certificate);
    return response;
  }
  return MakeError(StatusCode::kNotFound, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND, "none such");
}

absl::StatusOr<v1::PinState> FakeWorld::Unblock(const v1::UnblockPinRequest& request) {
  if (!request_ids_.insert(request.request_id()).second) complaint_ = "unblock came twice";
  const bool in_journey = !request.journey().empty();
  if (in_journey &&
      (!Named(request.journey()) || journey_->current_step() != v1::STEP_KIND_UNBLOCK_PIN)) {
    return NotReady();
  }
  if (!next_card_call_.ok()) return std::exchange(next_card_call_, absl::OkStatus());
  if (!request.allow_puk_try()) {
    return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED, "no");
  }
  if (request.on_pinpad()) {
    if (!request.puk().empty() || !request.new_pin().empty()) complaint_ = "secrets came along";
    log_.emplace_back("unblock_on_pinpad");
    facts_.tries = 3;
    return PinState();
  }
  log_.emplace_back("unblock");
  if (facts_.puk_tries > 0 && request.puk() == facts_.puk) {
    facts_.tries = 3;
    facts_.puk_tries = 3;
    facts_.pin = request.new_pin();
    if (in_journey) {
      journey_->mutable_facts()->set_own_pin_set(true);
      Done();
    }
    return PinState();
  }
  facts_.puk_tries = std::max(0, facts_.puk_tries - 1);
  const v1::ErrorReason reason =
      facts_.puk_tries == 0 ? v1::ERROR_REASON_PUK_BLOCKED : v1::ERROR_REASON_WRONG_PUK;
  if (in_journey) facts_.puk_tries == 0 ? StopAt(reason) : Reject(reason);
  return MakeError(StatusCode::kFailedPrecondition, reason, "the PUK is wrong",
                   {{"tries_left", std::to_string(facts_.puk_tries)}});
}

absl::Status FakeWorld::Try(const std::string& kind, const std::string& journey, v1::StepKind step,
                            const std::string& request_id, const std::string& pin,
                            bool allow_last_try) {
  if (request_id.empty()) complaint_ = kind + " came without a request_id";
  if (!request_ids_.insert(request_id).second) complaint_ = kind + " came twice";
  if (!journey.empty() && (!Named(journey) || journey_->current_step() != step)) return NotReady();
  if (!next_card_call_.ok()) return std::exchange(next_card_call_, absl::OkStatus());
  if (pin.size() < 4) {
    return MakeError(StatusCode::kInvalidArgument, v1::ERROR_REASON_PIN_FORMAT, "too short");
  }
  if (facts_.tries == 1 && !allow_last_try) {
    return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_LAST_TRY, "one try is left",
                     {{"tries_left", "1"}});
  }
  log_.push_back(kind);
  if (facts_.tries > 0 && pin == facts_.pin) {
    facts_.tries = 3;
    return absl::OkStatus();
  }
  facts_.tries = std::max(0, facts_.tries - 1);
  const v1::ErrorReason reason =
      facts_.tries == 0 ? v1::ERROR_REASON_PIN_BLOCKED : v1::ERROR_REASON_WRONG_PIN;
  if (!journey.empty()) facts_.tries == 0 ? StopAt(reason) : Reject(reason);
  return MakeError(StatusCode::kFailedPrecondition, reason, "the PIN is wrong",
                   {{"tries_left", std::to_string(facts_.tries)}});
}

absl::StatusOr<v1::PinState> FakeWorld::Verify(const v1::VerifyPinRequest& request) {
  if (request.on_pinpad()) {
    if (!request.pin().empty()) complaint_ = "a PIN came along";
    log_.emplace_back("verify_on_pinpad");
    if (facts_.has_pinpad) return PinState();
    return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_NO_PINPAD, "no keys");
  }
  ILKIMZA_RETURN_IF_ERROR(Try("verify_pin", request.journey(), v1::STEP_KIND_PROVE_PIN,
                              request.request_id(), request.pin(), request.allow_last_try()));
  if (!request.journey().empty()) {
    journey_->mutable_facts()->set_pin_proven(true);
    Done();
  }
  return PinState();
}

absl::StatusOr<v1::PinState> FakeWorld::Change(const v1::ChangePinRequest& request) {
  if (request.keep_current()) {
    log_.emplace_back("keep_current");
    if (!journey_->facts().own_pin_unknown()) return NotReady();
  } else {
    ILKIMZA_RETURN_IF_ERROR(Try("change_pin", request.journey(), v1::STEP_KIND_SET_OWN_PIN,
                                request.request_id(), request.old_pin(), request.allow_last_try()));
    facts_.pin = request.new_pin();
  }
  if (!request.journey().empty()) {
    journey_->mutable_facts()->set_own_pin_set(true);
    Done();
  }
  return PinState();
}

absl::StatusOr<v1::TestSignResponse> FakeWorld::Sign(const v1::TestSignRequest& request) {
  ILKIMZA_RETURN_IF_ERROR(Try("test_sign", request.journey(), v1::STEP_KIND_TEST_SIGNATURE,
                              request.request_id(), request.pin(), request.allow_last_try()));
  if (!request.journey().empty()) {
    journey_->mutable_facts()->set_test_signature_made(true);
    Done();
  }
  v1::TestSignResponse response;
  response.set_algorithm("RSA-2048 PKCS#1 v1.5 SHA-256");
  response.mutable_certificate()->set_subject("CN=AYŞE YILMAZ");
  return response;
}

}  // namespace ilkimza::testing
