#include "sandbox/flow.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "sandbox/captcha.h"
#include "sandbox/random.h"
#include "sandbox/text.h"
#include "sandbox/texts.h"

namespace ilkimza::sandbox {
namespace {

// "menu:go:pin", "login:submit", "pin:delete:1".
std::string PressName(Screen screen, const Submission& submission) {
  constexpr std::array<std::string_view, 4> kActs = {"go", "submit", "renew", "delete"};
  std::string name = Cat(NameOf(screen), ":", kActs[static_cast<std::size_t>(*submission.act)]);
  if (*submission.act == Act::kGo) AddTo(name, ":", NameOf(submission.target));
  if (*submission.act == Act::kDelete) AddTo(name, ":", submission.argument);
  return name;
}

}  // namespace

Page NewPage(Screen screen, std::string_view heading) {
  Page page;
  page.screen = screen;
  page.heading = heading;
  page.trail = {std::string(texts::kService)};
  return page;
}

Page NewMemberPage(Screen screen, std::string_view heading) {
  Page page = NewPage(screen, heading);
  page.trail.emplace_back(texts::kService);
  page.header = {Link(texts::kMenuLink, Screen::kMenu), Link(texts::kLogOut, Screen::kLoggedOut)};
  return page;
}

Outcome GoTo(Screen screen) { return {.page = std::nullopt, .redirect = screen}; }

Outcome Complain(Screen screen, std::string_view complaint, Session& session) {
  session.notes.push_back({Note::Kind::kError, std::string(complaint)});
  return GoTo(screen);
}

Outcome Succeed(std::string_view result, Session& session) {
  session.result = result;
  return GoTo(Screen::kResult);
}

Input TextInput(Field field, std::string_view label, int max_length) {
  return {.field = field, .label = std::string(label), .max_length = max_length};
}

Input PasswordInput(Field field, std::string_view label) {
  return {.field = field, .label = std::string(label), .kind = Input::Kind::kPassword};
}

std::string Trimmed(std::string_view text) {
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

// Where a visitor belongs who may not see `screen` now.
std::optional<Screen> Flow::Elsewhere(Screen screen, const Visit& visit) const {
  using Stage = Session::Stage;
  const Stage stage = visit.session->stage;
  switch (screen) {
    case Screen::kSmsConfirm:
      if (stage == Stage::kCode) return Screen::kSmsCode;
      if (stage == Stage::kMember) return Screen::kMenu;
      return stage == Stage::kPhone ? std::nullopt : std::optional(Screen::kSessionEnded);
    case Screen::kSmsCode:
      if (stage == Stage::kPhone) return Screen::kSmsConfirm;
      if (stage == Stage::kMember) return Screen::kMenu;
      return stage == Stage::kCode ? std::nullopt : std::optional(Screen::kSessionEnded);
    case Screen::kMenu:
    case Screen::kActivate:
    case Screen::kRevoke:
    case Screen::kContact:
    case Screen::kCertificates:
    case Screen::kPin:
    case Screen::kUnblock:
      return stage == Stage::kMember ? std::nullopt : std::optional(Screen::kSessionEnded);
    case Screen::kUnblockCode:
      if (stage != Stage::kMember) return Screen::kSessionEnded;
      return visit.session->unblock_code.empty() ? std::optional(Screen::kUnblock) : std::nullopt;
    case Screen::kPuk:
      if (stage != Stage::kMember) return Screen::kSessionEnded;
      return visit.session->may_see_puk ? std::nullopt : std::optional(Screen::kUnblock);
    case Screen::kRevokeConfirm:
      if (stage != Stage::kMember) return Screen::kSessionEnded;
      return visit.session->to_revoke.empty() ? std::optional(Screen::kRevoke) : std::nullopt;
    case Screen::kPinDelete:
      if (stage != Stage::kMember) return Screen::kSessionEnded;
      return visit.session->to_delete.empty() ? std::optional(Screen::kPin) : std::nullopt;
    case Screen::kWordUpdate:
      return visit.session->link.empty() ? std::optional(Screen::kSessionEnded) : std::nullopt;
    case Screen::kResult:
      return visit.session->result.empty() ? std::optional(Screen::kSessionEnded) : std::nullopt;
    default:
      return std::nullopt;
  }
}

Outcome Flow::Show(Screen screen, const std::string& link_token, Visit& visit) {
  if (screen == Screen::kWordUpdate && !link_token.empty()) return OpenLink(link_token, visit);
  if (const auto elsewhere = Elsewhere(screen, visit)) return GoTo(*elsewhere);
  std::optional<Page> page;
  switch (screen) {
    case Screen::kVerify:
    case Screen::kEDevlet:
      page = state_.rules.edevlet_only ? EDevletAlone(screen) : Plain(screen);
      break;
    case Screen::kLogin:
      page = LoginPage();
      break;
    case Screen::kWordReset:
      page = WordResetPage();
      break;
    case Screen::kWordUpdate:
      page = WordUpdatePage();
      break;
    case Screen::kLinkRefused:
      page = LinkRefusedPage();
      break;
    case Screen::kSmsConfirm:
      page = SmsConfirmPage(*visit.session);
      break;
    case Screen::kSmsCode:
      page = SmsCodePage(*visit.session, visit.now);
      break;
    case Screen::kResult:
      page = ResultPage(*visit.session);
      break;
    default:
      page = MemberPage(screen, visit);
      if (!page) page = Plain(screen);
  }
  page->notes = std::exchange(visit.session->notes, {});
  if (screen == Screen::kLoggedOut || screen == Screen::kSessionEnded) {
    state_.sessions.End(visit.session->id);
    visit.session = &state_.sessions.New(visit.now);
  }
  if (page->captcha) {
    visit.session->captcha_id = RandomToken(16);
    visit.session->captcha_answer = NewCaptchaText();
    visit.session->captcha_png.clear();
  }
  return {.page = std::move(page)};
}

Outcome Flow::Submit(Screen screen, const Submission& submission, Visit& visit) {
  if (const auto elsewhere = Elsewhere(screen, visit)) return GoTo(*elsewhere);
  if (!submission.act || !visit.session->TakeToken(submission.token, screen)) {
    return GoTo(Screen::kRefused);
  }
  ++state_.presses[PressName(screen, submission)];
  if (*submission.act == Act::kGo) return GoTo(submission.target);
  if (*submission.act == Act::kRenew) return GoTo(screen);
  if (*submission.act == Act::kSubmit) {
    switch (screen) {
      case Screen::kEDevlet:
        return LogInByEDevlet(submission, visit);
      case Screen::kLogin:
        return LogIn(submission, visit);
      case Screen::kWordReset:
        return RequestWordReset(submission, visit);
      case Screen::kWordUpdate:
        return SetWord(submission, visit);
      case Screen::kSmsConfirm:
        return SendSms(visit);
      case Screen::kSmsCode:
        return CheckSms(submission, visit);
      default:
        break;
    }
  }
  return MemberSubmit(screen, submission, visit);
}

Page Flow::Plain(Screen screen) {
  Page page;
  switch (screen) {
    case Screen::kEntrance:
      page = NewPage(screen, texts::kEntrance);
      page.trail.clear();
      page.paragraphs = {"Elektronik imza, zaman damgası ve sunucu sertifikası hizmetleri."};
      page.actions = {Link(texts::kPersonal, Screen::kVerify),
                      Link(texts::kCorporate, Screen::kNotFound)};
      break;
    case Screen::kVerify:
      page = NewPage(screen, texts::kVerify);
      page.paragraphs = {"Lütfen giriş yönteminizi seçiniz."};
      page.actions = {Link(texts::kByEDevlet, Screen::kEDevlet),
                      Link(texts::kByPassword, Screen::kLogin)};
      break;
    case Screen::kEDevlet:
      page = NewPage(screen, "e-Devlet Kapısı");
      page.paragraphs = {"Alıştırma ortamında e-Devlet ile giriş yapılamaz."};
      page.actions = {Link(texts::kGiveUp, Screen::kVerify)};
      break;
    case Screen::kMailSent:
      page = NewPage(screen, texts::kMailSent);
      page.paragraphs = {std::string(texts::kMailIsSent)};
      break;
    case Screen::kLoggedOut:
      page = NewPage(screen, texts::kLoggedOut);
      page.paragraphs = {std::string(texts::kLoggedOutNow)};
      page.actions = {Link(texts::kPersonal, Screen::kVerify)};
      break;
    case Screen::kSessionEnded:
      page = NewPage(screen, texts::kSessionEnded);
      page.paragraphs = {std::string(texts::kSessionIsOver)};
      page.actions = {Link(texts::kPersonal, Screen::kVerify)};
      break;
    case Screen::kRefused:
      page = NewPage(screen, texts::kRefused);
      page.status = 403;
      page.paragraphs = {std::string(texts::kFormRefused)};
      page.actions = {Link(texts::kPersonal, Screen::kVerify)};
      break;
    case Screen::kMaintenance:
      page = NewPage(screen, texts::kMaintenance);
      page.status = 503;
      page.paragraphs = {std::string(texts::kUnderMaintenance)};
      break;
    case Screen::kServerError:
      page = NewPage(screen, texts::kServerError);
      page.status = 500;
      page.paragraphs = {std::string(texts::kSomethingBroke)};
      break;
    default:
      page = NewPage(Screen::kNotFound, texts::kNotFound);
      page.status = 404;
      page.paragraphs = {std::string(texts::kNoSuchPage)};
      page.actions = {Link(texts::kPersonal, Screen::kVerify)};
  }
  return page;
}

// The choice without the other entrance, and e-Devlet as it is then.
Page Flow::EDevletAlone(Screen screen) const {
  Page page = Plain(screen);
  if (screen == Screen::kVerify) {
    page.actions = {Link(texts::kByEDevlet, Screen::kEDevlet)};
    return page;
  }
  page.paragraphs = {"Alıştırma ortamında e-Devlet şifreniz güvenlik sözcüğünüzdür."};
  page.inputs = {TextInput(Field::kNationalId, texts::kNationalId, 11),
                 PasswordInput(Field::kWord, texts::kEDevletPassword)};
  page.actions.insert(page.actions.begin(), SubmitButton(texts::kEDevletLogIn));
  return page;
}

// Whom e-Devlet vouches for needs neither captcha nor SMS.
Outcome Flow::LogInByEDevlet(const Submission& submission, Visit& visit) {
  const Holder* holder = state_.world.Find(Trimmed(submission.value(Field::kNationalId)));
  const bool is_known =
      holder != nullptr && submission.value(Field::kWord) == holder->security_word;
  if (!state_.rules.edevlet_only || !is_known) {
    return Complain(Screen::kEDevlet, texts::kEDevletRefused, *visit.session);
  }
  visit.session = &state_.sessions.Rotate(*visit.session);
  visit.session->stage = Session::Stage::kMember;
  visit.session->national_id = holder->national_id;
  return GoTo(Screen::kMenu);
}

Page Flow::LoginPage() const {
  Page page = NewPage(Screen::kLogin, texts::kByPassword);
  page.paragraphs = {
      "Kimlik numaranızı, resimdeki karakterleri ve başvuru formunuzda yazan güvenlik sözcüğünüzü "
      "giriniz."};
  page.inputs = {TextInput(Field::kNationalId, texts::kNationalId, 11),
                 TextInput(Field::kCaptcha, texts::kCaptcha, 8),
                 PasswordInput(Field::kWord, texts::kWord)};
  page.captcha = true;
  page.actions = {SubmitButton(texts::kLogIn),
                  {.act = Act::kRenew, .label = std::string(texts::kRenew)},
                  Link(texts::kForgotten, Screen::kWordReset)};
  return page;
}

bool Flow::TakeCaptcha(const Submission& submission, Session& session) const {
  const std::string expected = std::exchange(session.captcha_answer, "");
  session.captcha_png.clear();
  const std::string typed = absl::AsciiStrToUpper(Trimmed(submission.value(Field::kCaptcha)));
  return !expected.empty() && typed == expected;
}

Outcome Flow::LogIn(const Submission& submission, Visit& visit) {
  Session& session = *visit.session;
  const std::string id = Trimmed(submission.value(Field::kNationalId));
  const std::string& word = submission.value(Field::kWord);
  const bool captcha = TakeCaptcha(submission, session);
  if (id.empty() || word.empty() || submission.value(Field::kCaptcha).empty()) {
    return Complain(Screen::kLogin, texts::kFieldsMissing, session);
  }
  if (!captcha) return Complain(Screen::kLogin, texts::kWrongCaptcha, session);
  Holder* holder = state_.world.Find(id);
  // The same words for both, so that nobody learns which ids exist.
  if (holder == nullptr) return Complain(Screen::kLogin, texts::kWrongCredentials, session);
  if (holder->locked) return Complain(Screen::kLogin, texts::kLocked, session);
  if (word != holder->security_word) {
    state_.ledger.Record("typed_word", word);
    holder->locked = ++holder->wrong_words >= state_.rules.wrong_words;
    return Complain(Screen::kLogin, holder->locked ? texts::kLocked : texts::kWrongCredentials,
                    session);
  }
  holder->wrong_words = 0;
  visit.session = &state_.sessions.Rotate(session);
  visit.session->stage = Session::Stage::kPhone;
  visit.session->national_id = holder->national_id;
  return GoTo(Screen::kSmsConfirm);
}

Page Flow::SmsConfirmPage(const Session& session) {
  const Holder* holder = state_.world.Find(session.national_id);
  Page page = NewPage(Screen::kSmsConfirm, texts::kSmsConfirm);
  page.facts = {{std::string(texts::kYourPhone), MaskedPhone(holder->phone)}};
  page.paragraphs = {
      "Bireysel İşlemler menüsüne girebilmeniz için yukarıdaki cep telefonuna SMS Onay Kodu "
      "gönderilecektir. Kodun gönderilmesi için \"Onay\" butonuna basınız. Gönderim ücretsizdir.",
      Cat("Yukarıdaki numara size ait değilse ", texts::kHotline,
          " numaralı telefondan Çağrı Merkezimiz ile iletişime geçiniz.")};
  page.actions = {SubmitButton(texts::kConfirm)};
  return page;
}

Outcome Flow::SendSms(Visit& visit) {
  Session& session = *visit.session;
  const Holder* holder = state_.world.Find(session.national_id);
  session.sms_code = RandomDigits(6);
  session.sms_deadline = visit.now + state_.rules.sms_time;
  session.sms_tries_left = state_.rules.sms_tries;
  session.stage = Session::Stage::kCode;
  state_.ledger.Record("sms_code", session.sms_code);
  Sms sms;
  sms.phone = holder->phone;
  sms.code = session.sms_code;
  sms.text = Cat(SenderOf(state_.rules.portal), " SMS Onay Kodunuz: ", session.sms_code, ". Kod ",
                 state_.rules.sms_time.count(), " saniye geçerlidir.");
  state_.mailbox.Send(std::move(sms));
  return GoTo(Screen::kSmsCode);
}

Page Flow::SmsCodePage(const Session& session, SteadyTime now) const {
  Page page = NewPage(Screen::kSmsCode, texts::kSmsCodeEntry);
  page.paragraphs = {"Cep telefonunuza gelen SMS Onay Kodunu giriniz."};
  const auto left = std::chrono::ceil<std::chrono::seconds>(session.sms_deadline - now).count();
  page.countdown = static_cast<int>(std::max<int64_t>(0, left));
  page.inputs = {TextInput(Field::kSmsCode, texts::kSmsCode, 8)};
  page.actions = {SubmitButton(texts::kSend)};
  return page;
}

Outcome Flow::CheckSms(const Submission& submission, Visit& visit) {
  Session& session = *visit.session;
  const std::string code = Trimmed(submission.value(Field::kSmsCode));
  if (visit.now >= session.sms_deadline) {
    return Complain(Screen::kSmsCode, texts::kSmsCodeExpired, session);
  }
  if (code.empty()) return Complain(Screen::kSmsCode, texts::kFieldsMissing, session);
  if (code != session.sms_code) {
    if (--session.sms_tries_left > 0) {
      return Complain(Screen::kSmsCode, texts::kWrongSmsCode, session);
    }
    session.stage = Session::Stage::kVisitor;
    session.sms_code.clear();
    return Complain(Screen::kSessionEnded, texts::kSmsTriesUsedUp, session);
  }
  session.sms_code.clear();
  session.stage = Session::Stage::kMember;
  return GoTo(Screen::kMenu);
}

Page Flow::ResultPage(const Session& session) const {
  const bool member = session.stage == Session::Stage::kMember;
  Page page = member ? NewMemberPage(Screen::kResult, texts::kResult)
                     : NewPage(Screen::kResult, texts::kResult);
  page.paragraphs = {session.result};
  page.actions = {member ? Link(texts::kMenu, Screen::kMenu)
                         : Link(texts::kPersonal, Screen::kVerify)};
  return page;
}

}  // namespace ilkimza::sandbox
