#include "tests/e2e/person.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <thread>

namespace ilkimza::testing {
namespace {

std::string DecodeBase64(const std::string& text) {
  std::string bytes(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return "";
  const auto padding =
      text.empty() ? 0 : static_cast<int>(text.size() - text.find_last_not_of('=') - 1);
  bytes.resize(static_cast<std::size_t>(size - padding));
  return bytes;
}

std::string Sha256Hex(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

}  // namespace

Person::Json Person::Play(Process& cli, const Hooks& hooks, std::chrono::seconds limit) {
  while (const auto text = cli.ReadLine(limit)) {
    Json line = Json::parse(*text, nullptr, false);
    if (line.is_discarded()) line = {{"type", "not-json"}, {"text", *text}};
    lines_.push_back(line);
    if (hooks.see) hooks.see(line);
    const std::string type = line.value("type", "");
    if (type == "result") return line;
    if (type != "prompt") continue;
    Json answer = hooks.answer ? hooks.answer(line) : Json();
    if (answer.is_null()) answer = OwnAnswer(line);
    if (answer.is_null()) return Json::object();
    answer["id"] = line["id"];
    for (const char* field : {"national_id", "email", "phone", "captcha", "link", "security_word",
                              "code", "pin", "puk", "old_pin", "new_pin"}) {
      if (answer.contains(field)) typed_.push_back(answer[field]);
    }
    cli.WriteLine(answer.dump());
  }
  return Json::object();
}

// What the portal's form asks for, as the holder knows it.
Person::Json Person::FormOf(const Json& prompt) const {
  const Json known = {{"national_id", holder_.national_id},
                      {"email", holder_.email},
                      {"captcha", prompt.contains("captcha") ? ReadCaptcha(prompt) : ""},
                      {"security_word", holder_.security_word}};
  Json answer = Json::object();
  for (const Json& field : prompt.at("answers").at(0)) {
    const auto name = field.get<std::string>();
    answer[name] = known.at(name);
  }
  return answer;
}

Person::Json Person::OwnAnswer(const Json& prompt) {
  const std::string kind = prompt.value("kind", "");
  Json answer;
  if (kind == "word_known") {
    answer = {{"known", !holder_.word_forgotten}};
  } else if (kind == "word_reset") {
    answer = FormOf(prompt);
  } else if (kind == "mail_link") {
    answer = {{"link", AwaitMailLink()}};
  } else if (kind == "new_security_word") {
    holder_.security_word = "Yeni" + holder_.security_word + "7";
    answer = {{"security_word", holder_.security_word},
              {"security_word_again", holder_.security_word}};
  } else if (kind == "login") {
    answer = FormOf(prompt);
  } else if (kind == "phone") {
    answer = {{"correct", true}};
  } else if (kind == "sms_code") {
    answer = {{"code", AwaitSms()}};
  } else if (kind == "pin_page") {
    answer = {{"seen", true}};
  } else if (kind == "prove_pin") {
    answer = holder_.typed_pin.empty() ? Json{{"use_portal_pin", true}}
                                       : Json{{"pin", holder_.typed_pin}};
  } else if (kind == "set_own_pin") {
    answer = {{"new_pin", holder_.own_pin}, {"new_pin_again", holder_.own_pin}};
    if (!prompt.value("old_pin_known", false)) answer["use_portal_pin"] = true;
  } else if (kind == "deletion") {
    answer = {{"delete", holder_.delete_copy}};
  } else if (kind == "test_signature") {
    answer = {{"pin", holder_.own_pin}};
  } else if (kind == "certificates") {
    answer = {{"seen", true}};
  } else if (kind == "activation") {
    answer = {{"activate", true}};
  } else if (kind == "info" || kind == "revocation") {
    answer = {{"keep", true}};
  } else if (kind == "unblock_request") {
    answer = {{"send", true}};
  } else if (kind == "unblock_pin") {
    answer = {{"use_portal_puk", true},
              {"allow_puk_try", true},
              {"new_pin", holder_.own_pin},
              {"new_pin_again", holder_.own_pin}};
  } else if (kind == "stopped") {
    answer = {{holder_.retries ? "retry" : "leave", true}};
  }
  return answer;
}

std::string Person::ReadCaptcha(const Json& prompt) const {
  const std::string hash =
      Sha256Hex(DecodeBase64(prompt.at("captcha").at("base64").get<std::string>()));
  for (const Json& captcha : phone_.Get("/control/captchas")) {
    if (captcha.value("sha256", "") == hash) return captcha.value("answer", "");
  }
  return "unseen";
}

std::string Person::AwaitSms() { return AwaitMessage("sms?phone=" + holder_.phone, "code"); }

std::string Person::AwaitMailLink() { return AwaitMessage("mail?email=" + holder_.email, "link"); }

std::string Person::AwaitMessage(const std::string& inbox, const std::string& field) {
  Json messages;
  std::size_t& seen = messages_seen_[inbox];
  for (int i = 0; i < 80; ++i) {
    messages = phone_.Get("/api/" + inbox);
    if (messages.is_array() && messages.size() > seen) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  // The same screen shown again asks for what came before.
  if (!messages.is_array() || messages.empty()) return "";
  seen = messages.size();
  return messages.back().value(field, "");
}

int Person::Prompts(const std::string& kind) const {
  int count = 0;
  for (const Json& line : lines_) {
    count += line.value("type", "") == "prompt" && line.value("kind", "") == kind;
  }
  return count;
}

std::vector<std::string> Person::Reasons() const {
  std::vector<std::string> reasons;
  for (const Json& line : lines_) {
    const std::string type = line.value("type", "");
    const std::string reason = type == "prompt"  ? line.value("last_reason", "")
                               : type == "error" ? line.value("reason", "")
                                                 : "";
    if (!reason.empty()) reasons.push_back(reason);
  }
  return reasons;
}

}  // namespace ilkimza::testing
