#include "tests/e2e/holder_browser.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <regex>

namespace ilkimza::testing {
namespace {

std::string Base64(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

HolderBrowser::Json HolderBrowser::Follow(const Json& prompt) {
  const std::string step = prompt.value("step", "");
  if (prompt.contains("address")) {
    browser_.ForgetCookies();
    browser_.Open(prompt.at("address"));
  }
  if (step == "OPEN_MAIL_LINK") browser_.Open(person_.AwaitMailLink());
  for (const std::string label : prompt.at("labels")) {
    const auto fields = browser_.fields();
    if (std::find(fields.begin(), fields.end(), label) != fields.end()) {
      browser_.Type(label, ValueFor(label));
      continue;
    }
    const auto controls = browser_.controls();
    const bool is_there = std::find(controls.begin(), controls.end(), label) != controls.end();
    // The menu's button is no more on the page that it has opened.
    if (!is_there && step == "DELETE_PORTAL_COPY") continue;
    EXPECT_TRUE(is_there) << "'" << label << "' of " << step << " is not on: " << browser_.text();
    browser_.Press(label);
  }
  pages_.push_back(browser_.text());
  const std::string heading = prompt.value("end_heading", "");
  if (!heading.empty() && !has_changed_pages_) {
    EXPECT_EQ(browser_.heading(), heading) << "at the end of " << step;
  }
  const bool shows_card = step == "OPEN_PIN_PAGE" || step == "ENTER_UNBLOCK_CODE";
  if (!shows_card) return {{"done", true}};
  if (browser_.Shows("daha önce silinmiştir")) return {{"pin_info_deleted", true}};
  ReadCard();
  Json answer = {{"done", true}};
  const Json& form = prompt.at("answers").at(0);
  if (std::find(form.begin(), form.end(), "card_serial") != form.end()) {
    answer["card_serial"] = serial_;
  }
  return answer;
}

HolderBrowser::Json HolderBrowser::LogInByEDevlet(const Json& prompt) {
  browser_.ForgetCookies();
  browser_.Open(prompt.at("address"));
  browser_.Press("Bireysel İşlemler");
  browser_.Press("e-Devlet ile Giriş");
  browser_.Type("Kimlik No", person_.holder().national_id);
  browser_.Type("e-Devlet Şifresi", person_.holder().security_word);
  browser_.Press("Giriş Yap");
  return {{"done", true}};
}

std::string HolderBrowser::ValueFor(const std::string& label) {
  Holder& holder = person_.holder();
  if (label == "Kimlik No") return holder.national_id;
  if (label == "E-posta" || label == "E-posta Adresiniz") return holder.email;
  if (label == "Resimdeki Yazı" || label == "Görüntüdeki Harfler") return ReadCaptcha();
  if (label == "Cep Telefonu") return holder.phone;
  if (label == "Parola") return holder.security_word;
  if (label == "Güvenlik Sözcüğü Tekrarı") return holder.security_word;
  if (label == "SMS Onay Kodu" || label == "Telefonunuza Gelen Şifre") return person_.AwaitSms();
  if (label == "Güvenlik Sözcüğü") {
    const auto fields = browser_.fields();
    const bool is_new =
        std::find(fields.begin(), fields.end(), "Güvenlik Sözcüğü Tekrarı") != fields.end();
    if (is_new) holder.security_word = "Yeni" + holder.security_word + "7";
    return holder.security_word;
  }
  ADD_FAILURE() << "nobody knows what belongs into '" << label << "'";
  return "";
}

std::string HolderBrowser::ReadCaptcha() {
  return person_.ReadCaptcha({{"captcha", {{"base64", Base64(browser_.Captcha())}}}});
}

void HolderBrowser::ReadCard() {
  const std::string text = browser_.text();
  const auto read = [&text](const char* pattern) {
    std::smatch found;
    return std::regex_search(text, found, std::regex(pattern)) ? found[1].str() : "";
  };
  serial_ = read("Kart (?:Seri )?Numarası *:? *([0-9]{20})");
  pin_ = read("(?:PIN|Kart Şifresi) *:? *([0-9]{4,16})");
  puk_ = read("(?:PUK|Açma Şifresi) *:? *([0-9]{4,16})");
  EXPECT_FALSE(serial_.empty() || puk_.empty()) << text;
}

}  // namespace ilkimza::testing
