#include "portal/show.h"

#include <utility>

#include "base/clock.h"

namespace ilkimza::portal {
namespace {

v1::Screen Head(const v1::RunStep& directive) {
  v1::Screen screen;
  screen.set_journey(directive.journey());
  screen.set_step(directive.step());
  screen.set_last_reason(directive.last_reason());
  screen.set_attempts_left(directive.attempts_left());
  return screen;
}

void SetCaptcha(const View& view, v1::Captcha& captcha) {
  captcha.set_image(view.captcha.data(), view.captcha.size());
  captcha.set_media_type(view.captcha_type);
}

v1::FormField FieldOf(profile_v1::FieldKind kind) {
  switch (kind) {
    case profile_v1::FIELD_KIND_NATIONAL_ID:
      return v1::FORM_FIELD_NATIONAL_ID;
    case profile_v1::FIELD_KIND_EMAIL:
      return v1::FORM_FIELD_EMAIL;
    case profile_v1::FIELD_KIND_CAPTCHA:
      return v1::FORM_FIELD_CAPTCHA;
    case profile_v1::FIELD_KIND_SECURITY_WORD:
      return v1::FORM_FIELD_SECURITY_WORD;
    default:
      return v1::FORM_FIELD_UNSPECIFIED;
  }
}

// Both forms with a captcha ask for what the portal's form has.
template <typename Form>
void SetForm(const View& view, Form& form) {
  if (!view.captcha.empty()) SetCaptcha(view, *form.mutable_captcha());
  for (const Asked& asked : view.asks) {
    v1::AskedField& field = *form.add_fields();
    field.set_field(FieldOf(asked.kind));
    field.set_label(asked.label);
  }
}

void SetCards(const View& view, v1::PinPage& page) {
  for (const CardBlock& block : view.cards) {
    v1::CardCredentials& card = *page.add_cards();
    card.set_card_serial(block.serial);
    card.set_pin(block.pin.view().data(), block.pin.size());
    if (!block.puk.empty()) card.set_puk(block.puk.view().data(), block.puk.size());
  }
}

}  // namespace

v1::Screen AskingScreen(const v1::RunStep& directive, View view, const std::string& hotline,
                        absl::Time now) {
  v1::Screen screen = Head(directive);
  *screen.mutable_answer_deadline() = directive.deadline();
  switch (directive.step()) {
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      SetForm(view, *screen.mutable_word_reset());
      break;
    case v1::STEP_KIND_OPEN_MAIL_LINK:
      screen.mutable_mail_link();
      break;
    case v1::STEP_KIND_SET_SECURITY_WORD:
      screen.mutable_new_security_word();
      break;
    case v1::STEP_KIND_LOG_IN:
      SetForm(view, *screen.mutable_login());
      break;
    case v1::STEP_KIND_CONFIRM_PHONE:
      screen.mutable_phone()->set_masked_phone(view.masked_phone);
      screen.mutable_phone()->set_hotline(hotline);
      break;
    case v1::STEP_KIND_ENTER_SMS_CODE:
      *screen.mutable_sms_code()->mutable_code_expire_time() = ToProto(now + view.code_left);
      break;
    case v1::STEP_KIND_READ_PIN:
      SetCards(view, *screen.mutable_pin_page());
      break;
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
      *screen.mutable_sms_code()->mutable_code_expire_time() = ToProto(now + view.code_left);
      break;
    case v1::STEP_KIND_LIST_CERTIFICATES:
      for (v1::PortalCertificate& certificate : view.certificates) {
        *screen.mutable_certificate_table()->add_certificates() = std::move(certificate);
      }
      screen.mutable_certificate_table();
      break;
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
      for (const std::string& serial : view.serials) {
        screen.mutable_activation()->add_card_serials(serial);
      }
      screen.mutable_activation();
      break;
    case v1::STEP_KIND_UPDATE_INFO:
      screen.mutable_info()->set_phone(view.phone.view().data(), view.phone.size());
      screen.mutable_info()->set_email(view.email.view().data(), view.email.size());
      break;
    case v1::STEP_KIND_REQUEST_UNBLOCK:
      screen.mutable_unblock_request();
      break;
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      for (const std::string& serial : view.serials) {
        screen.mutable_revocation()->add_card_serials(serial);
      }
      screen.mutable_revocation();
      break;
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      screen.mutable_deletion()->set_card_serial(CardOf(directive));
      break;
    default:
      screen.mutable_working();
      break;
  }
  return screen;
}

v1::Screen GuidedScreen(const v1::RunStep& directive, v1::GuidedStep instruction) {
  v1::Screen screen = Head(directive);
  *screen.mutable_answer_deadline() = directive.deadline();
  *screen.mutable_guided() = std::move(instruction);
  return screen;
}

v1::Screen WorkingScreen(const v1::RunStep& directive) {
  v1::Screen screen = Head(directive);
  screen.mutable_working();
  return screen;
}

v1::Screen UnrecognisedScreen(const v1::RunStep& directive, const Ending& ending) {
  v1::Screen screen = Head(directive);
  screen.set_last_reason(ending.reason);
  v1::Unrecognised& page = *screen.mutable_unrecognised();
  page.set_page_fingerprint(ending.fingerprint);
  page.set_nearest_screen(ending.nearest);
  for (const std::string& missing : ending.missing) page.add_missing(missing);
  return screen;
}

std::string CardOf(const v1::RunStep& directive) {
  if (directive.card_serials_size() == 1) return directive.card_serials(0);
  return directive.facts().card_serial();
}

}  // namespace ilkimza::portal
