#include "sandbox/ornek.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "sandbox/text.h"
#include "sandbox/texts.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::string_view kBrand = "Örnek İmza A.Ş.";
// No holder has this id, and it is not empty.
constexpr std::string_view kNobody = "-";

// What the first portal says, and how this one does.
struct Retelling {
  std::string_view there;
  std::string_view here;
};
constexpr Retelling kRetellings[] = {
    {texts::kFieldsMissing, "Boş alan bırakmayınız."},
    {texts::kWrongCaptcha, "Yazdığınız harfler görüntüdekilerle örtüşmüyor."},
    {texts::kWrongCredentials, "Bu e-posta adresi ile bu parola örtüşmüyor."},
    {texts::kLocked, "Üyeliğiniz donduruldu: parola beş kez örtüşmedi. Parolanızı yenileyiniz."},
    {texts::kWrongIdOrEmail, "Bu adresle bir üyelik bulamadık."},
    {texts::kWordsDiffer, "İki parola birbirinden farklı."},
    {texts::kWordTooShort, "Parolanız altı harften az olamaz."},
    {texts::kWordSet, "Parolanız değişti."},
    {texts::kLinkUsed, "Bu adres bir kez açılabilir, daha önce açıldı."},
    {texts::kLinkExpired, "Bu adres artık eski."},
    {texts::kLinkUnknown, "Böyle bir adres yollamadık."},
    {texts::kWrongSmsCode, "Bu şifre bizim yolladığımız değil."},
    {texts::kSmsCodeExpired, "Yolladığımız şifre artık eski."},
    {texts::kSmsTriesUsedUp, "Oturumunuzu kapattık: şifreyi çok kez yanlış yazdınız."},
    {texts::kSessionIsOver, "Oturumunuzu kapattık: uzun süre işlem yapmadınız."},
    {texts::kFormRefused, "Bu sayfanın günü geçti, baştan başlayınız."},
    {texts::kUnderMaintenance, "Hizmetimiz şu an duraklatıldı, sonra uğrayınız."},
    {texts::kSomethingBroke, "Bir şeyler ters gitti."},
    {texts::kNoSuchPage, "Burada bir şey yok."},
    {texts::kPinDeleted, "Kart şifreleriniz artık bizde değil."},
    {texts::kPinAlreadyDeleted, "Kart şifreleriniz artık bizde değil."},
    {texts::kLoggedOutNow, "Güle güle."},
    {texts::kSerial, "Kart Numarası"},
    {texts::kPin, "Kart Şifresi"},
    {texts::kPuk, "Açma Şifresi"},
    {texts::kDelete, "Unut"},
    {texts::kDescription, "Bilgi"},
    {texts::kValue, "Karşılığı"},
};

std::string Retold(const std::string& text) {
  for (const Retelling& one : kRetellings) {
    if (text == one.there) return std::string(one.here);
  }
  return text;
}

// What belongs to the visitor is kept, everything else is said anew.
Page NewPage(const Page& old, std::string_view heading, std::string_view text = {}) {
  Page page;
  page.screen = old.screen;
  page.status = old.status;
  page.brand = kBrand;
  page.heading = heading;
  page.notes = old.notes;
  for (Note& note : page.notes) note.text = Retold(note.text);
  if (!text.empty()) page.paragraphs = {std::string(text)};
  return page;
}

Page NewMemberPage(const Page& old, std::string_view heading, std::string_view text = {}) {
  Page page = NewPage(old, heading, text);
  page.header = {Link("Üyeliğim", Screen::kMenu), Link("Oturumdan Çık", Screen::kLoggedOut)};
  return page;
}

Input EmailInput() {
  return {.field = Field::kEmail,
          .label = "E-posta Adresiniz",
          .kind = Input::Kind::kEmail,
          .max_length = 80};
}

Page LoginPage(const Page& old) {
  Page page = NewPage(old, "Hoş Geldiniz", "Kartınızla ilgili işlemler için oturum açınız.");
  page.inputs = {EmailInput(), PasswordInput(Field::kWord, "Parola"),
                 TextInput(Field::kCaptcha, "Görüntüdeki Harfler", 8)};
  page.captcha = true;
  page.actions = {Link("Parolamı Anımsamıyorum", Screen::kWordReset),
                  SubmitButton("Oturum Aç"),
                  {.act = Act::kRenew, .label = "Başka Görüntü"}};
  return page;
}

Page WordResetPage(const Page& old) {
  Page page = NewPage(old, "Parola Yenileme");
  page.inputs = {TextInput(Field::kCaptcha, "Görüntüdeki Harfler", 8), EmailInput()};
  page.captcha = true;
  page.actions = {SubmitButton("Yolla"), {.act = Act::kRenew, .label = "Başka Görüntü"}};
  return page;
}

Page WordUpdatePage(const Page& old) {
  Page page = NewPage(old, "Parolanızı Seçiniz");
  page.inputs = {PasswordInput(Field::kWord, "Yeni Parola"),
                 PasswordInput(Field::kWordAgain, "Yeni Parolayı Yineleyiniz")};
  page.actions = {SubmitButton("Sakla")};
  return page;
}

Page MenuPage(const Page& old) {
  Page page = NewMemberPage(old, "Üyeliğim");
  page.actions = {GoButton("Kartlarım", Screen::kCertificates),
                  GoButton("İletişim Bilgilerim", Screen::kContact),
                  GoButton("Sertifikamı Geçersiz Kıl", Screen::kRevoke)};
  return page;
}

Page CardsPage(const Page& old) {
  Page page = NewMemberPage(old, "Kartlarım");
  page.table = old.table;
  for (std::string& column : page.table->columns) column = Retold(column);
  page.actions = {GoButton("Kart Şifreleri", Screen::kPin)};
  return page;
}

Page PinPage(const Page& old) {
  if (!old.table) return NewMemberPage(old, "Kart Şifreleri", Retold(old.paragraphs.at(0)));
  Page page = NewMemberPage(old, "Kart Şifreleri");
  page.table = old.table;
  for (std::string& column : page.table->columns) column = Retold(column);
  for (Table::Row& row : page.table->rows) {
    if (!row.cells.empty()) row.cells[0] = Retold(row.cells[0]);
    if (row.action) row.action->label = Retold(row.action->label);
  }
  page.actions = old.actions;
  for (Action& action : page.actions) action.label = Retold(action.label);
  return page;
}

Page PinDeletePage(const Page& old) {
  Page page = NewMemberPage(old, "Emin misiniz?", "Bu kartın şifrelerini bir daha gösteremeyiz.");
  page.facts = old.facts;
  for (auto& [name, value] : page.facts) name = Retold(name);
  page.actions = {GoButton("Dursun", Screen::kPin), SubmitButton("Unutun")};
  return page;
}

// Pages that only say something.
Page PlainPage(const Page& old) {
  Page page = NewPage(old, kBrand);
  for (const std::string& text : old.paragraphs) page.paragraphs.push_back(Retold(text));
  if (old.status == 200) page.actions = {Link("Baştan Başla", Screen::kLogin)};
  return page;
}

}  // namespace

std::string_view NameOf(PortalKind kind) { return kind == PortalKind::kOrnek ? "ornek" : "kamusm"; }

std::string_view SenderOf(PortalKind kind) {
  return kind == PortalKind::kOrnek ? "Örnek İmza" : "Kamu SM";
}

std::optional<PortalKind> PortalNamed(std::string_view name) {
  for (const PortalKind kind : {PortalKind::kKamuSm, PortalKind::kOrnek}) {
    if (NameOf(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string OrnekPortal::IdOf(const std::string& email) const {
  if (Trimmed(email).empty()) return "";
  for (const Holder& holder : state_.world.holders) {
    if (absl::AsciiStrToLower(holder.email) == absl::AsciiStrToLower(Trimmed(email))) {
      return holder.national_id;
    }
  }
  return std::string(kNobody);
}

Outcome OrnekPortal::Show(Screen screen, const std::string& link_token, Visit& visit) {
  if (screen != Screen::kEntrance && screen != Screen::kVerify) {
    return flow_.Show(screen, link_token, visit);
  }
  Outcome outcome;
  outcome.redirect = Screen::kLogin;
  return outcome;
}

Outcome OrnekPortal::Submit(Screen screen, const Submission& submission, Visit& visit) {
  Submission known = submission;
  if (screen == Screen::kLogin || screen == Screen::kWordReset) {
    known.values[Field::kNationalId] = IdOf(submission.value(Field::kEmail));
  }
  Outcome outcome = flow_.Submit(screen, known, visit);
  if (outcome.page || outcome.redirect != Screen::kSmsConfirm) return outcome;
  // Whoever is let in gets the SMS at once.
  Submission sends;
  sends.act = Act::kSubmit;
  sends.token = visit.session->IssueToken(Screen::kSmsConfirm);
  return flow_.Submit(Screen::kSmsConfirm, sends, visit);
}

Page OrnekPortal::SmsCodePage(Page old, const Session* session) const {
  Page page = NewPage(old, "Bir Adım Kaldı");
  const Holder* holder = session == nullptr ? nullptr : state_.world.Find(session->national_id);
  if (holder != nullptr)
    page.facts = {{"Şifreyi yolladığımız telefon", MaskedPhone(holder->phone)}};
  page.facts.emplace_back("Şifrenin ömrü", Cat(old.countdown.value_or(0), " saniye"));
  page.inputs = {TextInput(Field::kSmsCode, "Telefonunuza Gelen Şifre", 8)};
  page.actions = {SubmitButton("Doğrula")};
  return page;
}

Page OrnekPortal::Retold(Page page, const Session* session) const {
  switch (page.screen) {
    case Screen::kLogin:
      return LoginPage(page);
    case Screen::kWordReset:
      return WordResetPage(page);
    case Screen::kMailSent:
      return NewPage(page, "Yolladık",
                     "Postanıza bakınız: parolanızı yenileyeceğiniz adres orada.");
    case Screen::kWordUpdate:
      return WordUpdatePage(page);
    case Screen::kSmsCode:
      return SmsCodePage(std::move(page), session);
    case Screen::kMenu:
      return MenuPage(page);
    case Screen::kCertificates:
      return CardsPage(page);
    case Screen::kPin:
      return PinPage(page);
    case Screen::kPinDelete:
      return PinDeletePage(page);
    case Screen::kResult:
      return session != nullptr && session->stage == Session::Stage::kMember
                 ? NewMemberPage(page, "Tamam", ::ilkimza::sandbox::Retold(page.paragraphs.at(0)))
                 : NewPage(page, "Tamam", ::ilkimza::sandbox::Retold(page.paragraphs.at(0)));
    case Screen::kContact:
    case Screen::kRevoke:
      return NewMemberPage(page, "Yalnızca Alıştırma", "Bu işlemin burada sayfası yoktur.");
    default:
      return PlainPage(page);
  }
}

}  // namespace ilkimza::sandbox
