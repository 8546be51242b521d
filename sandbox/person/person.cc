#include "sandbox/person/person.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "sandbox/person/picture.h"
#include "sandbox/random.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using Json = nlohmann::json;

std::string Text(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

bool Flag(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_boolean() &&
         object[key].get<bool>();
}

// Whether the prompt takes an answer with exactly these fields.
bool Takes(const Json& prompt, const std::set<std::string>& fields) {
  if (!prompt.contains("answers") || !prompt["answers"].is_array()) return true;
  for (const Json& form : prompt["answers"]) {
    std::set<std::string> names;
    for (const Json& name : form) {
      if (name.is_string() && name != "allow_last_try") names.insert(name.get<std::string>());
    }
    if (names == fields) return true;
  }
  return false;
}

// Six different digits, none beside its neighbour and none as in the serial's row.
std::string ChoosePin() {
  for (;;) {
    const std::string pin = RandomDigits(6);
    bool good = true;
    for (std::size_t i = 0; i < pin.size(); ++i) {
      good = good && pin.find(pin[i], i + 1) == std::string::npos;
      good = good && (i == 0 || std::abs(pin[i] - pin[i - 1]) > 1);
    }
    // Nor a date, whichever way it is written: no month begins so.
    if (good && pin[0] > '3' && pin[2] > '1') return pin;
  }
}

std::string ChooseWord() {
  return Cat("Yeni", RandomDigits(3), RandomText(5, "abcdefghkmnprstuvyz"));
}

const Json kLeave = {{"command", "leave"}};

}  // namespace

Person::Person(PersonOptions options, const Web& web, Say say)
    : options_(std::move(options)), web_(web), say_(std::move(say)) {}

void Person::Tell(std::string_view turkish, std::string_view english) {
  say_(Cat("    ", options_.tongue == Tongue::kTurkish ? turkish : english));
}

void Person::Types(std::string_view what, const std::string& secret) {
  std::string dots;
  for (std::size_t i = 0; i < std::min<std::size_t>(secret.size(), 12); ++i) dots += "•";
  say_(Cat("    ⌨  ", what, ": ", dots));
}

absl::Status Person::WakeUp() {
  const absl::StatusOr<Json> world = web_.Get("control/world");
  if (!world.ok()) return world.status();
  const Json& holders = (*world)["holders"];
  if (options_.holder < 1 || options_.holder > holders.size()) {
    return absl::InvalidArgumentError(Cat("The sandbox has ", holders.size(),
                                          " holders; there is no number ", options_.holder, "."));
  }
  holder_ = holders[options_.holder - 1];
  // What came before is of the past.
  Await("api/sms", "code", last_sms_);
  Await("api/mail", "link", last_mail_);
  return absl::OkStatus();
}

// The word may have been set by an earlier run.
void Person::Refresh() {
  const absl::StatusOr<Json> world = web_.Get("control/world");
  if (!world.ok()) return;
  for (const Json& holder : (*world)["holders"]) {
    if (holder["national_id"] == holder_["national_id"]) {
      holder_ = holder;
      return;
    }
  }
}

std::vector<Json> Person::Hear(const Json& line) {
  const std::string type = Text(line, "type");
  if (type == "prompt") return HearPrompt(line);
  if (type == "error") return HearError(line);
  if (type == "secret") return HearSecret(line);
  if (type == "wait") HearWait(line);
  if (type == "closed" && Text(line, "id") == Text(open_prompt_, "id")) open_prompt_ = Json();
  if (type == "result") result_ = line;
  return {};
}

void Person::HearWait(const Json& wait) {
  say_(Cat("    … ", Text(wait, "sentence")));
  if (Text(wait, "for") == "card") InsertCard();
}

void Person::InsertCard() {
  if (options_.slot < 1 || holder_["cards"].empty()) return;
  const std::string serial = holder_["cards"][0]["serial"];
  const absl::StatusOr<Json> cards = web_.Get("control/cards");
  if (cards.ok() && cards->contains(serial) && Flag((*cards)[serial], "inserted")) return;
  Tell("Çipi kart okuyucuya takar.", "Puts the chip into the reader.");
  const absl::StatusOr<Json> inserted = web_.Post(
      "control/cards", {{"serial", serial}, {"action", "insert"}, {"slot", options_.slot}});
  if (!inserted.ok()) say_(Cat("    ! ", std::string(inserted.status().message())));
}

std::vector<Json> Person::HearPrompt(const Json& prompt) {
  open_prompt_ = prompt;
  errors_at_prompt_ = 0;
  revealed_ = false;
  if (const std::string sentence = Text(prompt, "sentence"); !sentence.empty()) {
    say_(Cat("    “", sentence, "”"));
  }
  Json answer = AnswerPrompt(prompt);
  if (!answer.contains("command")) answer["id"] = prompt["id"];
  return {std::move(answer)};
}

// The prompt it names stays open unless `closed` follows, so a harmless form is
// filled in once more; a PIN never is.
std::vector<Json> Person::HearError(const Json& error) {
  say_(Cat("    ! ", Text(error, "sentence")));
  const std::string id = Text(error, "id");
  if (id.empty() || id != Text(open_prompt_, "id")) return {};
  const std::string reason = Text(error, "reason");
  // `closed` and another prompt follow.
  for (const char* gone : {"SCREEN_CHANGED", "WRONG_PIN", "WRONG_PUK", "ATTEMPT_UNKNOWN"}) {
    if (reason == gone) return {};
  }
  const std::string kind = Text(open_prompt_, "kind");
  const bool spends_tries =
      kind == "prove_pin" || kind == "test_signature" || kind == "unblock_pin" ||
      (kind == "set_own_pin" && reason != "PIN_POLICY" && reason != "PIN_FORMAT");
  if (spends_tries || ++errors_at_prompt_ > 2) {
    Tell("Emin olmadığı için bırakır.", "Is not sure, and leaves.");
    return {kLeave};
  }
  Json answer = AnswerPrompt(open_prompt_);
  if (!answer.contains("command")) answer["id"] = id;
  return {std::move(answer)};
}

std::vector<Json> Person::HearSecret(const Json& secret) {
  if (!secret.contains("cards") || !secret["cards"].is_array()) return {};
  for (const Json& card : secret["cards"]) {
    portal_pins_[Text(card, "card_serial")] = Text(card, "pin");
    say_(Cat("    👁  ", Text(card, "card_serial"), "  PIN ••••••  PUK ••••••••"));
  }
  if (Text(open_prompt_, "kind") != "pin_page") return {};
  Tell("PIN'i okudu, devam eder.", "Has read the PIN, and goes on.");
  return {{{"id", secret["id"]}, {"seen", true}}};
}

Json Person::AnswerPrompt(const Json& prompt) {
  const std::string kind = Text(prompt, "kind");
  if (kind == "word_known") {
    const bool known = !options_.forgot_word;
    Tell(known ? "Güvenlik sözcüğünü biliyor." : "Güvenlik sözcüğünü hatırlamıyor.",
         known ? "Knows the security word." : "Does not remember the security word.");
    return {{"known", known}};
  }
  if (kind == "word_reset") return WordReset(prompt);
  if (kind == "mail_link") return MailLink();
  if (kind == "new_security_word") return NewWord();
  if (kind == "login") return LogIn(prompt);
  if (kind == "phone") return Phone(prompt);
  if (kind == "sms_code") return SmsCode();
  if (kind == "pin_page") {
    Tell("PIN'i görmek ister.", "Asks to see the PIN.");
    return {{"reveal", true}};
  }
  if (kind == "prove_pin") return ProvePin(prompt);
  if (kind == "set_own_pin") return OwnPin(prompt);
  if (kind == "deletion") {
    Tell(
        options_.deletes_copy ? "Portaldaki kopyanın silinmesini onaylar."
                              : "Portaldaki kopyayı bırakır.",
        options_.deletes_copy ? "Agrees to delete the portal's copy." : "Keeps the portal's copy.");
    return {{"delete", options_.deletes_copy}};
  }
  if (kind == "test_signature") return TestSignature(prompt);
  if (kind == "stopped") return Stopped(prompt);
  if (const Json answer = Menu(prompt); !answer.is_null()) return answer;
  Tell("Bu soruyu tanımıyor, bırakır.", "Does not know this question, and leaves.");
  return kLeave;
}

bool Person::Mistake(const std::string& name) {
  if (options_.mistakes.erase(name) == 0) return false;
  Tell("(Bilerek hata yapar.)", "(Makes a mistake on purpose.)");
  return true;
}

std::string Person::ReadCaptcha(const Json& prompt) {
  std::string image;
  if (!prompt.contains("captcha") ||
      !absl::Base64Unescape(Text(prompt["captcha"], "base64"), &image)) {
    return "";
  }
  if (options_.draws) {
    if (const std::string drawn = HalfBlocks(image, 100, "    "); !drawn.empty()) say_(drawn);
  }
  const absl::StatusOr<Json> captchas = web_.Get("control/captchas");
  if (!captchas.ok()) return "";
  const std::string hash = Sha256(image);
  for (const Json& captcha : *captchas) {
    if (Text(captcha, "sha256") == hash) return Text(captcha, "answer");
  }
  return "";
}

std::string Person::Await(const std::string& path, const char* field, int64_t& last_id) {
  const bool skip = last_id == 0;
  const std::string who =
      path == "api/sms" ? "?phone=" + Text(holder_, "phone") : "?email=" + Text(holder_, "email");
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  do {
    const absl::StatusOr<Json> messages = web_.Get(path + who);
    if (messages.ok() && !messages->empty() && messages->back()["id"] > last_id) {
      last_id = messages->back()["id"];
      return Text(messages->back(), field);
    }
    if (skip) {
      // Nothing has come yet: whatever comes is new.
      last_id = -1;
      return "";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  } while (std::chrono::steady_clock::now() < deadline);
  return "";
}

Json Person::WordReset(const Json& prompt) {
  Refresh();
  std::string captcha = ReadCaptcha(prompt);
  std::string email = Text(holder_, "email");
  if (Mistake("captcha")) captcha = "00000";
  if (Mistake("mail")) email = "baska@ornek.example";
  return FillIn(prompt,
                {{"national_id", holder_["national_id"]}, {"email", email}, {"captcha", captcha}});
}

// What the portal's form asks for, and nothing else.
Json Person::FillIn(const Json& prompt, const Json& known) {
  Json answer = Json::object();
  const Json labels = prompt.value("field_labels", Json::object());
  const Json forms = prompt.value("answers", Json::array());
  for (const Json& item : forms.empty() ? Json::array() : forms[0]) {
    const auto field = item.get<std::string>();
    Types(labels.value(field, field), Text(known, field.c_str()));
    answer[field] = known.value(field, "");
  }
  return answer;
}

Json Person::MailLink() {
  if (Mistake("link")) return {{"link", "https://baska.example/guncelle?anahtar=1"}};
  const std::string link = Await("api/mail", "link", last_mail_);
  if (link.empty()) {
    Tell("Posta gelmedi.", "No mail has come.");
    return {{"not_received", true}};
  }
  Types("Bağlantı", link);
  return {{"link", link}};
}

Json Person::NewWord() {
  const std::string word = ChooseWord();
  Types("Güvenlik Sözcüğü", word);
  Types("Güvenlik Sözcüğü Tekrarı", word);
  return {{"security_word", word}, {"security_word_again", Mistake("words") ? word + "x" : word}};
}

Json Person::LogIn(const Json& prompt) {
  Refresh();
  std::string captcha = ReadCaptcha(prompt);
  std::string word = Text(holder_, "security_word");
  if (Mistake("captcha")) {
    captcha = "00000";
  } else if (Mistake("word")) {
    word += "x";
  }
  return FillIn(prompt, {{"national_id", holder_["national_id"]},
                         {"email", holder_["email"]},
                         {"captcha", captcha},
                         {"security_word", word}});
}

Json Person::Phone(const Json& prompt) {
  std::string seen;
  for (const char c : Text(prompt, "masked_phone")) {
    if (c >= '0' && c <= '9') seen += c;
  }
  const std::string own = Text(holder_, "phone");
  // The visible digits are the first and the last ones.
  const bool correct = seen.size() >= 2 && seen.size() <= own.size() &&
                       own.ends_with(seen.substr(seen.size() - 2)) &&
                       own.starts_with(seen.substr(0, seen.size() - 2));
  Tell(correct ? "Numara kendisinin." : "Bu numara kendisinin değil.",
       correct ? "The number is theirs." : "This number is not theirs.");
  return {{"correct", correct}};
}

Json Person::SmsCode() {
  // A wrong code spends no message.
  if (Mistake("sms")) return {{"code", "000000"}};
  const std::string code = Await("api/sms", "code", last_sms_);
  if (code.empty()) {
    Tell("SMS gelmedi.", "No SMS has come.");
    return {{"not_received", true}};
  }
  Types("SMS Onay Kodu", code);
  return {{"code", code}};
}

std::string Person::RememberedPin(const std::string& serial) {
  if (!new_pin_.empty()) return new_pin_;
  const absl::StatusOr<Json> cards = web_.Get("control/cards");
  if (cards.ok() && cards->contains(serial)) return Text((*cards)[serial], "pin");
  const auto seen = portal_pins_.find(serial);
  return seen == portal_pins_.end() ? "" : seen->second;
}

Json Person::ProvePin(const Json& prompt) {
  if (Flag(prompt, "last_try")) {
    Tell("Son deneme hakkını kullanmaz, bırakır.", "Does not spend the last try, and leaves.");
    return kLeave;
  }
  if (Mistake("pin")) {
    const std::string wrong = "908172";
    Types("PIN", wrong);
    return {{"pin", wrong}};
  }
  if (Flag(prompt, "portal_pin")) {
    Tell("Portaldaki PIN ile dener.", "Tries the PIN of the portal's page.");
    return {{"use_portal_pin", true}};
  }
  const std::string pin = RememberedPin(Text(prompt, "card_serial"));
  if (pin.empty()) return kLeave;
  Types("PIN", pin);
  return {{"pin", pin}};
}

Json Person::OwnPin(const Json& prompt) {
  if (Flag(prompt, "last_try")) {
    Tell("Son deneme hakkını kullanmaz, bırakır.", "Does not spend the last try, and leaves.");
    return kLeave;
  }
  if (Flag(prompt, "keep_current")) {
    Tell("Az önce kanıtlanan PIN kalır.", "Keeps the PIN that was just proven.");
    return {{"keep_current", true}};
  }
  const std::string old_pin = RememberedPin(Text(prompt, "card_serial"));
  new_pin_ = ChoosePin();
  Types("PIN", new_pin_);
  Types("PIN", new_pin_);
  Json answer = {{"new_pin", new_pin_}, {"new_pin_again", new_pin_}};
  if (Flag(prompt, "old_pin_known") || Takes(prompt, {"new_pin", "new_pin_again"})) return answer;
  if (Flag(prompt, "portal_pin")) {
    answer["use_portal_pin"] = true;
  } else {
    answer["old_pin"] = old_pin;
  }
  return answer;
}

Json Person::TestSignature(const Json& prompt) {
  const std::string pin = RememberedPin(Text(prompt, "card_serial"));
  if (Flag(prompt, "last_try") || pin.empty()) {
    Tell("Son deneme hakkını kullanmaz, bırakır.", "Does not spend the last try, and leaves.");
    return kLeave;
  }
  Types("PIN", pin);
  return {{"pin", pin}};
}

Json Person::Menu(const Json& prompt) {
  const std::string kind = Text(prompt, "kind");
  if (kind == "certificates") return Certificates(prompt);
  if (kind == "activation") {
    Tell("Kullanıma açılmasını onaylar.", "Agrees to the activation.");
    return {{"activate", true}};
  }
  if (kind == "info") return Info();
  if (kind == "unblock_request") {
    Tell("Kodun gönderilmesini ister.", "Has the code sent.");
    return {{"send", true}};
  }
  if (kind == "unblock_pin") return UnblockPin(prompt);
  if (kind == "other_chip" && Takes(prompt, {"by_code"})) {
    Tell("Okuyucudaki çipi kastediyor, kod ister.",
         "Means the chip in the reader; asks for a code.");
    return {{"by_code", true}};
  }
  if (kind == "revocation") return Revocation();
  return {};
}

Json Person::Certificates(const Json& prompt) {
  if (prompt.contains("certificates") && prompt["certificates"].is_array()) {
    for (const Json& row : prompt["certificates"]) {
      say_(Cat("    ", Text(row, "card_serial"), "  ", Text(row, "standing"), "  ",
               Text(row, "place")));
    }
  }
  return {{"seen", true}};
}

// A new mail address; the phone stays.
Json Person::Info() {
  Refresh();
  const std::string email = "yeni." + Text(holder_, "email");
  Types("E-posta", email);
  return {{"email", email}};
}

Json Person::UnblockPin(const Json& prompt) {
  if (Flag(prompt, "last_try")) {
    Tell("Son deneme hakkını kullanmaz, bırakır.", "Does not spend the last try, and leaves.");
    return kLeave;
  }
  if (!Flag(prompt, "portal_puk")) {
    if (Takes(prompt, {"by_code"})) return {{"by_code", true}};
    return kLeave;
  }
  Tell("Portaldaki PUK'u bir kez dener.", "Tries the PUK of the portal's page once.");
  new_pin_ = ChoosePin();
  Types("PIN", new_pin_);
  Types("PIN", new_pin_);
  return {{"use_portal_puk", true},
          {"allow_puk_try", true},
          {"new_pin", new_pin_},
          {"new_pin_again", new_pin_}};
}

Json Person::Revocation() {
  std::string serial = Text(holder_["cards"][0], "serial");
  if (Mistake("serial")) serial.back() = serial.back() == '9' ? '0' : '9';
  Tell("Sonuçlarını okur, kartın seri numarasını yazar.",
       "Reads what follows, and types the card's serial.");
  return {{"card_serial", serial}, {"consequences_understood", true}};
}

Json Person::Stopped(const Json& /*prompt*/) {
  if (options_.retries-- > 0) {
    Tell("Yeniden dener.", "Tries again.");
    return {{"retry", true}};
  }
  Tell("Burada bırakır.", "Leaves it here.");
  return {{"leave", true}};
}

}  // namespace ilkimza::sandbox
