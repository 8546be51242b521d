// Behind the login: what the holder sees and does about certificates.
#include <algorithm>
#include <utility>

#include "sandbox/flow.h"
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
    case CertificateState::kExpired:
      return "Süresi Doldu";
    case CertificateState::kNotYetValid:
      return "Geçerliliği Başlamadı";
  }
  return "";
}

// "2026-01-31" -> "31.01.2026".
std::string Shown(const std::string& day) {
  return Cat(day.substr(8, 2), ".", day.substr(5, 2), ".", day.substr(0, 4));
}

std::vector<const CardRecord*> CardsIn(const Holder& holder,
                                       std::initializer_list<CertificateState> states) {
  const std::string today = Day(0);
  std::vector<const CardRecord*> cards;
  for (const CardRecord& card : holder.cards) {
    const CertificateState state = StateOf(card, today);
    if (std::find(states.begin(), states.end(), state) != states.end()) cards.push_back(&card);
  }
  return cards;
}

std::vector<const CardRecord*> ToActivate(const Holder& holder) {
  return CardsIn(holder, {CertificateState::kNotActivated});
}

// What holds no more, or not yet, can be revoked no more, or just as well.
std::vector<const CardRecord*> ToRevoke(const Holder& holder) {
  return CardsIn(holder, {CertificateState::kNotActivated, CertificateState::kActive,
                          CertificateState::kNotYetValid});
}

}  // namespace

Page Flow::CertificatesPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kCertificates, texts::kCertificates);
  Table table;
  for (const auto column : {texts::kSerial, texts::kCertificateNumber, texts::kCertificateType,
                            texts::kValidFrom, texts::kValidUntil, texts::kState}) {
    table.columns.emplace_back(column);
  }
  const std::string today = Day(0);
  for (const CardRecord& card : holder.cards) {
    table.rows.push_back(
        {.cells = {card.serial, card.certificate_number, "Nitelikli Elektronik Sertifika",
                   Shown(card.valid_from), Shown(card.valid_until),
                   std::string(Words(StateOf(card, today)))}});
  }
  page.table = std::move(table);
  return page;
}

Page Flow::ActivationPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kActivate, texts::kActivate);
  const auto cards = ToActivate(holder);
  if (cards.empty()) {
    page.paragraphs = {std::string(texts::kNothingToActivate)};
    return page;
  }
  for (const CardRecord* card : cards) page.facts.emplace_back(texts::kSerial, card->serial);
  page.paragraphs = {"Sertifikanız kullanıma açılacaktır. Onaylıyor musunuz?"};
  page.actions = {SubmitButton(texts::kConfirm), GoButton(texts::kGiveUp, Screen::kMenu)};
  return page;
}

Outcome Flow::Activate(Session& session, Holder& holder) const {
  const std::string today = Day(0);
  bool changed = false;
  for (CardRecord& card : holder.cards) {
    if (StateOf(card, today) != CertificateState::kNotActivated) continue;
    card.certificate = CertificateState::kActive;
    changed = true;
  }
  return Succeed(changed ? texts::kActivated : texts::kNothingToActivate, session);
}

Page Flow::RevocationPage(const Holder& holder) const {
  Page page = NewMemberPage(Screen::kRevoke, texts::kRevoke);
  const auto cards = ToRevoke(holder);
  if (cards.empty()) {
    page.paragraphs = {std::string(texts::kNothingToRevoke)};
    return page;
  }
  page.paragraphs = {"İptal etmek istediğiniz sertifikanın kartını seçiniz."};
  Table table;
  table.columns = {std::string(texts::kDescription), std::string(texts::kValue)};
  const std::string today = Day(0);
  int number = 0;
  for (const CardRecord* card : cards) {
    table.rows.push_back(
        {.number = ++number, .cells = {std::string(texts::kSerial), card->serial}});
    table.rows.push_back(
        {.cells = {std::string(texts::kState), std::string(Words(StateOf(*card, today)))}});
    if (state_.rules.one_revoke_for_all) continue;
    table.rows.push_back({.action = Action{.act = Act::kDelete,
                                           .label = std::string(texts::kRevokeCard),
                                           .argument = number,
                                           .button = true}});
  }
  page.table = std::move(table);
  if (state_.rules.one_revoke_for_all) {
    page.actions = {{.act = Act::kDelete,
                     .label = std::string(texts::kRevokeCard),
                     .argument = 0,
                     .button = true}};
  }
  return page;
}

Outcome Flow::ChooseRevocation(int block, Session& session, const Holder& holder) const {
  const auto cards = ToRevoke(holder);
  session.to_revoke.clear();
  if (block == 0 && state_.rules.one_revoke_for_all) {
    for (const CardRecord* card : cards) session.to_revoke.push_back(card->serial);
  } else if (block >= 1 && static_cast<std::size_t>(block) <= cards.size()) {
    session.to_revoke.push_back(cards[static_cast<std::size_t>(block) - 1]->serial);
  }
  return GoTo(session.to_revoke.empty() ? Screen::kRefused : Screen::kRevokeConfirm);
}

Page Flow::RevokeConfirmPage(const Session& session) const {
  Page page = NewMemberPage(Screen::kRevokeConfirm, texts::kRevokeConfirm);
  for (const std::string& serial : session.to_revoke) {
    page.facts.emplace_back(texts::kSerial, serial);
  }
  page.paragraphs = {
      "Yukarıdaki kartın sertifikası kalıcı olarak iptal edilecektir. Bu işlem geri alınamaz. "
      "Onaylıyor musunuz?"};
  page.actions = {SubmitButton(texts::kConfirm), GoButton(texts::kGiveUp, Screen::kRevoke)};
  return page;
}

Outcome Flow::Revoke(Session& session, Holder& holder) const {
  const std::vector<std::string> serials = std::exchange(session.to_revoke, {});
  for (CardRecord& card : holder.cards) {
    if (std::find(serials.begin(), serials.end(), card.serial) != serials.end()) {
      card.certificate = CertificateState::kRevoked;
    }
  }
  return Succeed(texts::kRevoked, session);
}

}  // namespace ilkimza::sandbox
