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
      return ActivationPage(holder);
    case Screen::kRevoke:
      return RevocationPage(holder);
    case Screen::kRevokeConfirm:
      return RevokeConfirmPage(*visit.session);
    case Screen::kUnblockCode:
      return UnblockCodePage(*visit.session, visit.now);
    case Screen::kPuk:
      return PukPage(holder);
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
  if (*submission.act == Act::kDelete && screen == Screen::kRevoke) {
    return ChooseRevocation(submission.argument, session, *holder);
  }
  if (*submission.act != Act::kSubmit) return GoTo(Screen::kRefused);
  switch (screen) {
    case Screen::kPinDelete:
      return DeletePinInfo(session, *holder);
    case Screen::kActivate:
      return Activate(session, *holder);
    case Screen::kRevokeConfirm:
      return Revoke(session, *holder);
    case Screen::kContact:
      return UpdateContact(submission, session, *holder);
    case Screen::kUnblock:
      return Unblock(visit, *holder);
    case Screen::kUnblockCode:
      return CheckUnblockCode(submission, visit);
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
    return Complain(Screen::kContact, texts::kBadPhone, session);
  }
  const auto at = session.typed_email.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == session.typed_email.size()) {
    return Complain(Screen::kContact, texts::kBadEmail, session);
  }
  holder.phone = phone;
  holder.email = session.typed_email;
  state_.ledger.Record("email", holder.email);
  session.typed_phone.clear();
  session.typed_email.clear();
  return Succeed(texts::kContactUpdated, session);
}

Outcome Flow::Unblock(Visit& visit, Holder& holder) {
  Session& session = *visit.session;
  for (CardRecord& card : holder.cards) ++card.unblock_requests;
  session.may_see_puk = false;
  session.unblock_code = RandomDigits(6);
  session.unblock_deadline = visit.now + state_.rules.sms_time;
  session.unblock_tries_left = state_.rules.sms_tries;
  Sms sms;
  sms.phone = holder.phone;
  sms.code = session.unblock_code;
  sms.text = Cat("Kamu SM kilit çözme onay kodunuz: ", sms.code, ".");
  state_.ledger.Record("sms_code", sms.code);
  state_.mailbox.Send(std::move(sms));
  return GoTo(Screen::kUnblockCode);
}

Page Flow::UnblockCodePage(const Session& session, SteadyTime now) const {
  Page page = NewMemberPage(Screen::kUnblockCode, texts::kUnblockCodeEntry);
  page.paragraphs = {"Cep telefonunuza gelen kilit çözme onay kodunu giriniz."};
  const auto left = std::chrono::ceil<std::chrono::seconds>(session.unblock_deadline - now).count();
  page.countdown = static_cast<int>(std::max<int64_t>(0, left));
  page.inputs = {TextInput(Field::kSmsCode, texts::kSmsCode, 8)};
  page.actions = {SubmitButton(texts::kSend)};
  return page;
}

// The same rules as for the code of the login.
Outcome Flow::CheckUnblockCode(const Submission& submission, Visit& visit) const {
  Session& session = *visit.session;
  const std::string code = Trimmed(submission.value(Field::kSmsCode));
  if (visit.now >= session.unblock_deadline) {
    session.unblock_code.clear();
    return Complain(Screen::kUnblock, texts::kUnblockCodeExpired, session);
  }
  if (code.empty()) return Complain(Screen::kUnblockCode, texts::kFieldsMissing, session);
  if (code != session.unblock_code) {
    if (--session.unblock_tries_left > 0) {
      return Complain(Screen::kUnblockCode, texts::kWrongUnblockCode, session);
    }
    session.stage = Session::Stage::kVisitor;
    session.unblock_code.clear();
    return Complain(Screen::kSessionEnded, texts::kSmsTriesUsedUp, session);
  }
  session.unblock_code.clear();
  session.may_see_puk = true;
  return GoTo(Screen::kPuk);
}

Page Flow::PukPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kPuk, texts::kPukPage);
  page.paragraphs = {
      "Kartınızın kilidini aşağıdaki PUK ile çözebilirsiniz. PUK üç kez hatalı girilirse kart "
      "kullanılamaz duruma gelir."};
  Table table;
  table.columns = {std::string(texts::kDescription), std::string(texts::kValue)};
  int number = 0;
  for (const CardRecord& card : holder.cards) {
    table.rows.push_back({.number = ++number, .cells = {std::string(texts::kSerial), card.serial}});
    table.rows.push_back({.cells = {std::string(texts::kPuk), card.puk}});
  }
  page.table = std::move(table);
  return page;
}

}  // namespace ilkimza::sandbox
