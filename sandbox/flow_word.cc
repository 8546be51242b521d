// A new security word: form, mail, link, update.
#include "absl/strings/ascii.h"
#include "sandbox/flow.h"
#include "sandbox/random.h"
#include "sandbox/text.h"
#include "sandbox/texts.h"

namespace ilkimza::sandbox {
namespace {

// Characters, not bytes.
std::size_t LengthOf(std::string_view utf8) {
  std::size_t length = 0;
  for (const char c : utf8) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return length;
}

}  // namespace

Page Flow::WordResetPage() const {
  Page page = NewPage(Screen::kWordReset, texts::kForgotten);
  page.paragraphs = {
      "Güvenlik sözcüğünüzü yenilemek için kimlik numaranızı, sistemde kayıtlı e-posta adresinizi "
      "ve resimdeki karakterleri giriniz."};
  page.inputs = {TextInput(Field::kNationalId, texts::kNationalId, 11),
                 {.field = Field::kEmail,
                  .label = std::string(texts::kEmail),
                  .kind = Input::Kind::kEmail,
                  .max_length = 80},
                 TextInput(Field::kCaptcha, texts::kCaptcha, 8)};
  page.captcha = true;
  page.actions = {SubmitButton(texts::kSend),
                  {.act = Act::kRenew, .label = std::string(texts::kRenew)}};
  return page;
}

Outcome Flow::RequestWordReset(const Submission& submission, Visit& visit) {
  Session& session = *visit.session;
  const std::string id = Trimmed(submission.value(Field::kNationalId));
  const std::string email = Trimmed(submission.value(Field::kEmail));
  const bool captcha = TakeCaptcha(submission, session);
  if (id.empty() || email.empty() || submission.value(Field::kCaptcha).empty()) {
    return Complain(Screen::kWordReset, texts::kFieldsMissing, session);
  }
  if (!captcha) return Complain(Screen::kWordReset, texts::kWrongCaptcha, session);
  const Holder* holder = state_.world.Find(id);
  if (holder == nullptr || absl::AsciiStrToLower(holder->email) != absl::AsciiStrToLower(email)) {
    return Complain(Screen::kWordReset, texts::kWrongIdOrEmail, session);
  }
  const std::string token = RandomToken(40);
  state_.links[token] = {holder->national_id, visit.now + state_.rules.link_time, false};
  state_.ledger.Record("link_token", token);
  const std::string path = RendererOf(visit.style).PathOf(Screen::kWordUpdate);
  Mail mail;
  mail.email = holder->email;
  mail.subject = "Güvenlik Sözcüğü Güncelleme";
  mail.link = Cat(portal_url_, path.substr(1), "?anahtar=", token);
  mail.text = Cat("Sayın ", holder->name,
                  ",\n\nGüvenlik sözcüğünüzü güncellemek için aşağıdaki bağlantıyı açınız:\n",
                  mail.link, "\n\nBağlantı bir kez kullanılabilir.");
  state_.mailbox.Send(std::move(mail));
  return GoTo(Screen::kMailSent);
}

std::string Flow::LinkComplaint(const std::string& token, SteadyTime now) const {
  const auto found = state_.links.find(token);
  if (found == state_.links.end()) return std::string(texts::kLinkUnknown);
  if (found->second.used) return std::string(texts::kLinkUsed);
  if (now >= found->second.deadline) return std::string(texts::kLinkExpired);
  return "";
}

Outcome Flow::OpenLink(const std::string& token, Visit& visit) {
  Session& session = *visit.session;
  if (const std::string complaint = LinkComplaint(token, visit.now); !complaint.empty()) {
    return Complain(Screen::kLinkRefused, complaint, session);
  }
  // The address with the token does not stay in the browser.
  session.link = token;
  return GoTo(Screen::kWordUpdate);
}

Page Flow::LinkRefusedPage() const {
  Page page = NewPage(Screen::kLinkRefused, texts::kLinkRefused);
  page.actions = {Link(texts::kForgotten, Screen::kWordReset),
                  Link(texts::kPersonal, Screen::kVerify)};
  return page;
}

Page Flow::WordUpdatePage() const {
  Page page = NewPage(Screen::kWordUpdate, texts::kWordUpdate);
  page.trail.emplace_back(texts::kService);
  page.paragraphs = {
      "Güvenlik sözcüğünüzü güncellemek için aşağıdaki iki alanı doldurunuz. Sayı, büyük ve küçük "
      "harf içeren bir sözcük seçmenizi öneririz."};
  page.inputs = {PasswordInput(Field::kWord, texts::kWord),
                 PasswordInput(Field::kWordAgain, texts::kWordAgain)};
  page.inputs[0].hint = "Lütfen Güvenlik Sözcüğünüzü Giriniz";
  page.inputs[1].hint = "Lütfen Güvenlik Sözcüğünüzü Tekrar Giriniz";
  page.actions = {SubmitButton(texts::kSend)};
  return page;
}

Outcome Flow::SetWord(const Submission& submission, Visit& visit) {
  Session& session = *visit.session;
  if (const std::string complaint = LinkComplaint(session.link, visit.now); !complaint.empty()) {
    session.link.clear();
    return Complain(Screen::kLinkRefused, complaint, session);
  }
  const std::string& word = submission.value(Field::kWord);
  const std::string& again = submission.value(Field::kWordAgain);
  if (word.empty() || again.empty()) {
    return Complain(Screen::kWordUpdate, texts::kFieldsMissing, session);
  }
  if (word != again) {
    state_.ledger.Record("typed_word", word);
    state_.ledger.Record("typed_word", again);
    return Complain(Screen::kWordUpdate, texts::kWordsDiffer, session);
  }
  if (LengthOf(word) < state_.rules.shortest_word) {
    return Complain(Screen::kWordUpdate, texts::kWordTooShort, session);
  }
  MailLink& link = state_.links[session.link];
  link.used = true;
  session.link.clear();
  Holder* holder = state_.world.Find(link.national_id);
  holder->security_word = word;
  holder->wrong_words = 0;
  holder->locked = false;
  state_.ledger.Record("security_word", word);
  return Succeed(texts::kWordSet, session);
}

}  // namespace ilkimza::sandbox
