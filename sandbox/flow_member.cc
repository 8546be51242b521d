// Behind the login: the menu and its seven operations.
#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "sandbox/flow.h"
#include "sandbox/random.h"
#include "sandbox/text.h"
#include "sandbox/texts.h"

namespace ilkimza::sandbox {
namespace {

std::string_view Words(CertificateState state) {
  switch (state) {
    case CertificateState::kNotActivated:
      return "Kullanıma Açılmadı";
    case CertificateState::kActive:
      return "Kullanımda";
    case CertificateState::kRevoked:
      return "İptal Edildi";
  }
  return "";
}

// A page that asks one question.
Page Question(Screen screen, std::string_view heading, std::string text,
              std::string_view agree = texts::kConfirm) {
  Page page = NewMemberPage(screen, heading);
  page.paragraphs = {std::move(text)};
  page.actions = {SubmitButton(agree), GoButton(texts::kGiveUp, Screen::kMenu)};
  return page;
}

std::vector<const CardRecord*> CardsWithPinInfo(const Holder& holder) {
  std::vector<const CardRecord*> cards;
  for (const CardRecord& card : holder.cards) {
    if (card.pin_info) cards.push_back(&card);
  }
  return cards;
}

}  // namespace

std::optional<Page> Flow::MemberPage(Screen screen, Visit& visit) {
  if (visit.session->stage != Session::Stage::kMember) return std::nullopt;
  const Holder& holder = *state_.world.Find(visit.session->national_id);
  switch (screen) {
    case Screen::kMenu:
      return MenuPage(holder);
    case Screen::kPin:
      return PinPage(holder);
    case Screen::kPinDelete:
      return PinDeletePage(*visit.session);
    case Screen::kCertificates:
      return CertificatesPage(holder);
    case Screen::kContact:
      return ContactPage(*visit.session, holder);
    case Screen::kActivate:
      return Question(screen, texts::kActivate,
                      "Sertifikanız kullanıma açılacaktır. Onaylıyor musunuz?");
    case Screen::kRevoke:
      return Question(screen, texts::kRevoke,
                      "Sertifikanız kalıcı olarak iptal edilecektir. Bu işlem geri alınamaz.");
    case Screen::kUnblock:
      return Question(screen, texts::kUnblock,
                      "Kartınızın PIN kilidini çözmek için gereken onay kodu cep telefonunuza "
                      "gönderilecektir.");
    default:
      return std::nullopt;
  }
}

Outcome Flow::MemberSubmit(Screen screen, const Submission& submission, Visit& visit) {
  Session& session = *visit.session;
  Holder* holder = state_.world.Find(session.national_id);
  if (session.stage != Session::Stage::kMember || holder == nullptr) {
    return GoTo(Screen::kRefused);
  }
  if (*submission.act == Act::kDelete && screen == Screen::kPin) {
    return ChooseDeletion(submission.argument, session, *holder);
  }
  if (*submission.act != Act::kSubmit) return GoTo(Screen::kRefused);
  switch (screen) {
    case Screen::kPinDelete:
      return DeletePinInfo(session, *holder);
    case Screen::kActivate:
      return Activate(session, *holder);
    case Screen::kRevoke:
      return Revoke(session, *holder);
    case Screen::kContact:
      return UpdateContact(submission, session, *holder);
    case Screen::kUnblock:
      return Unblock(session, *holder);
    default:
      return GoTo(Screen::kRefused);
  }
}

Page Flow::MenuPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kMenu, texts::kMenu);
  page.trail.pop_back();
  page.paragraphs = {Cat("Sayın ", holder.name,
                         ", aşağıdaki butonlarla sertifikanızın durumunu değiştirebilir, "
                         "kişisel bilgilerinizi güncelleyebilirsiniz.")};
  page.actions = {GoButton(texts::kActivate, Screen::kActivate),
                  GoButton(texts::kRevoke, Screen::kRevoke),
                  GoButton(texts::kContact, Screen::kContact),
                  GoButton(texts::kCertificates, Screen::kCertificates),
                  GoButton(texts::kPinInfo, Screen::kPin),
                  GoButton(texts::kUnblock, Screen::kUnblock),
                  GoButton(texts::kLogOut, Screen::kLoggedOut)};
  return page;
}

Page Flow::PinPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kPin, texts::kPinPage);
  const std::vector<const CardRecord*> cards = CardsWithPinInfo(holder);
  if (holder.cards.empty()) {
    page.paragraphs = {"Adınıza kayıtlı kart bulunmamaktadır."};
    return page;
  }
  if (cards.empty()) {
    page.paragraphs = {std::string(texts::kPinAlreadyDeleted)};
    return page;
  }
  page.bullets = {
      "\"Sil\" butonuna basıldığında PIN ve PUK bilgileriniz, Kamu SM'nin de erişemeyeceği şekilde "
      "kalıcı olarak silinir.",
      "Dikkat: sildikten sonra bu bilgileri unutursanız sertifikanızın iptal edilmesi ve ücret "
      "karşılığında yeniden üretilmesi gerekir.",
      "Güvenliğiniz için PIN / PUK bilgilerinizi hiçbir yerde saklamamanızı ve buradan silmenizi "
      "öneririz.",
      "Kartınızda PIN veya PUK değiştirildikten sonra bu sayfadaki değerler geçerli değildir."};
  Table table;
  table.columns = {std::string(texts::kDescription), std::string(texts::kValue)};
  int number = 0;
  for (const CardRecord* card : cards) {
    table.rows.push_back(
        {.number = ++number, .cells = {std::string(texts::kSerial), card->serial}});
    table.rows.push_back({.cells = {std::string(texts::kPin), card->pin}});
    table.rows.push_back({.cells = {std::string(texts::kPuk), card->puk}});
    if (state_.rules.one_delete_for_all) continue;
    table.rows.push_back({.action = Action{.act = Act::kDelete,
                                           .label = std::string(texts::kDelete),
                                           .argument = number,
                                           .button = true}});
  }
  page.table = std::move(table);
  if (state_.rules.one_delete_for_all) {
    page.actions = {
        {.act = Act::kDelete, .label = std::string(texts::kDelete), .argument = 0, .button = true}};
  }
  for (const CardRecord& card : holder.cards) {
    if (!card.pin_info) {
      page.small_print.push_back(
          Cat(card.serial, " seri numaralı kartın PIN ve PUK bilgileri silinmiştir."));
    }
  }
  return page;
}

Outcome Flow::ChooseDeletion(int block, Session& session, const Holder& holder) const {
  const std::vector<const CardRecord*> cards = CardsWithPinInfo(holder);
  session.to_delete.clear();
  if (cards.empty()) return GoTo(Screen::kPin);
  if (block == 0 && state_.rules.one_delete_for_all) {
    for (const CardRecord* card : cards) session.to_delete.push_back(card->serial);
  } else if (block >= 1 && static_cast<std::size_t>(block) <= cards.size()) {
    session.to_delete.push_back(cards[static_cast<std::size_t>(block) - 1]->serial);
  } else {
    return GoTo(Screen::kRefused);
  }
  return GoTo(Screen::kPinDelete);
}

Page Flow::PinDeletePage(const Session& session) const {
  Page page = NewMemberPage(Screen::kPinDelete, texts::kPinDelete);
  for (const std::string& serial : session.to_delete) {
    page.facts.emplace_back(texts::kSerial, serial);
  }
  page.paragraphs = {
      "Yukarıdaki kartın PIN ve PUK bilgileri kalıcı olarak silinecektir. Bu işlem geri alınamaz. "
      "Onaylıyor musunuz?"};
  page.actions = {SubmitButton(texts::kConfirm), GoButton(texts::kGiveUp, Screen::kPin)};
  return page;
}

Outcome Flow::DeletePinInfo(Session& session, Holder& holder) const {
  const std::vector<std::string> serials = std::exchange(session.to_delete, {});
  for (CardRecord& card : holder.cards) {
    if (std::find(serials.begin(), serials.end(), card.serial) != serials.end()) {
      card.pin_info = false;
    }
  }
  return Succeed(texts::kPinDeleted, session);
}

Page Flow::CertificatesPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kCertificates, texts::kCertificates);
  Table table;
  table.columns = {std::string(texts::kSerial), "Sertifika Türü", std::string(texts::kState)};
  for (const CardRecord& card : holder.cards) {
    table.rows.push_back({.cells = {card.serial, "Nitelikli Elektronik Sertifika",
                                    std::string(Words(card.certificate))}});
  }
  page.table = std::move(table);
  return page;
}

Outcome Flow::Activate(Session& session, Holder& holder) const {
  bool changed = false;
  for (CardRecord& card : holder.cards) {
    if (card.certificate != CertificateState::kNotActivated) continue;
    card.certificate = CertificateState::kActive;
    changed = true;
  }
  return Succeed(changed ? "Sertifikanız kullanıma açılmıştır."
                         : "Kullanıma açılacak sertifika bulunmamaktadır.",
                 session);
}

Outcome Flow::Revoke(Session& session, Holder& holder) const {
  for (CardRecord& card : holder.cards) card.certificate = CertificateState::kRevoked;
  return Succeed("Sertifikanız iptal edilmiştir.", session);
}

Page Flow::ContactPage(const Session& session, const Holder& holder) const {
  Page page = NewMemberPage(Screen::kContact, texts::kContact);
  page.inputs = {TextInput(Field::kPhone, texts::kPhone, 20),
                 {.field = Field::kEmail,
                  .label = std::string(texts::kEmail),
                  .kind = Input::Kind::kEmail,
                  .max_length = 80}};
  page.inputs[0].value = session.typed_phone.empty() ? holder.phone : session.typed_phone;
  page.inputs[1].value = session.typed_email.empty() ? holder.email : session.typed_email;
  page.actions = {SubmitButton(texts::kSave), GoButton(texts::kGiveUp, Screen::kMenu)};
  return page;
}

Outcome Flow::UpdateContact(const Submission& submission, Session& session, Holder& holder) {
  session.typed_phone = Trimmed(submission.value(Field::kPhone));
  session.typed_email = Trimmed(submission.value(Field::kEmail));
  const std::string phone = NormalPhone(session.typed_phone);
  if (phone.empty()) {
    return Complain(Screen::kContact, "Cep Telefonu geçerli bir numara değil.", session);
  }
  const auto at = session.typed_email.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == session.typed_email.size()) {
    return Complain(Screen::kContact, "E-posta geçerli bir adres değil.", session);
  }
  holder.phone = phone;
  holder.email = session.typed_email;
  state_.ledger.Record("email", holder.email);
  session.typed_phone.clear();
  session.typed_email.clear();
  return Succeed("Bilgileriniz güncellenmiştir.", session);
}

Outcome Flow::Unblock(Session& session, Holder& holder) {
  for (CardRecord& card : holder.cards) ++card.unblock_requests;
  Sms sms;
  sms.phone = holder.phone;
  sms.code = RandomDigits(6);
  sms.text = Cat("Kamu SM kilit çözme onay kodunuz: ", sms.code, ".");
  state_.ledger.Record("sms_code", sms.code);
  state_.mailbox.Send(std::move(sms));
  return Succeed("Kilit çözme onay kodu cep telefonunuza gönderilmiştir.", session);
}

}  // namespace ilkimza::sandbox
