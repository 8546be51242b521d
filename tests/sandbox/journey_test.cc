// The whole path and every rule of the practice portal, in each markup and charset,
// over real HTTPS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/sandbox/fixture.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;

using Look = std::tuple<Style, Charset>;

SandboxOptions WithLook(const Look& look) {
  SandboxOptions options;
  options.rules.style = std::get<0>(look);
  options.rules.charset = std::get<1>(look);
  return options;
}

class JourneyTest : public ::testing::TestWithParam<Look> {
 protected:
  JourneyTest() : stage_(WithLook(GetParam())), browser_(*stage_.browser) {}

  Stage stage_;
  Browser& browser_;
};

TEST_P(JourneyTest, LeadsFromTheEntranceToTheLoginForm) {
  browser_.Open(stage_.sandbox->portal_url());
  EXPECT_THAT(browser_.controls(), Contains("Bireysel İşlemler"));
  browser_.Press("Bireysel İşlemler");
  EXPECT_EQ(browser_.heading(), "Kullanıcı Doğrulama Ekranı");
  browser_.Press("e-Devlet ile Giriş");
  EXPECT_TRUE(browser_.Shows("e-Devlet ile giriş yapılamaz"));
  stage_.OpenLogin();
  EXPECT_THAT(browser_.fields(), ElementsAre("Kimlik No", "Resimdeki Yazı", "Güvenlik Sözcüğü"));
  EXPECT_THAT(browser_.controls(), IsSupersetOf({"Giriş", "Güvenlik Sözcüğümü Unuttum"}));
}

TEST_P(JourneyTest, SetsANewWordByMailAndLogsInWithIt) {
  stage_.OpenReset();
  EXPECT_THAT(browser_.fields(), ElementsAre("Kimlik No", "E-posta", "Resimdeki Yazı"));
  stage_.SendReset(kId, kEmail);
  EXPECT_TRUE(browser_.Shows("kayıtlı e-posta adresinize bir bağlantı gönderilmiştir"));
  ASSERT_TRUE(stage_.LastLink().starts_with(stage_.sandbox->portal_url())) << stage_.LastLink();

  // Another browser: the link needs no conversation.
  browser_.ForgetCookies();
  browser_.Open(stage_.LastLink());
  EXPECT_EQ(browser_.heading(), "Güvenlik Sözcüğü Güncelleme Ekranı");
  EXPECT_EQ(browser_.last().url.find("anahtar"), std::string::npos) << "the token stays visible";
  stage_.SendWords("Ağaçlı İğde 5", "Ağaçlı İğde 5");
  EXPECT_EQ(browser_.heading(), "Sonuç");
  EXPECT_TRUE(browser_.Shows("Güvenlik Sözcüğü başarıyla güncellenmiştir"));
  EXPECT_EQ(browser_.last().redirects.at(0).first, 303);

  stage_.OpenLogin();
  stage_.SendLogin(kId, kWord);
  EXPECT_TRUE(browser_.Shows("hatalı")) << "the old word still holds";
  stage_.SendLogin(kId, "Ağaçlı İğde 5");
  EXPECT_EQ(browser_.heading(), "SMS Onay Ekranı");
}

TEST_P(JourneyTest, GoesFromLoginToDeletedPinInformationAndOut) {
  stage_.OpenLogin();
  stage_.SendLogin(kId, kWord);
  EXPECT_EQ(browser_.heading(), "SMS Onay Ekranı");
  EXPECT_TRUE(browser_.Shows("Telefon Numaranız : 54* *** ** 25")) << browser_.text();
  EXPECT_TRUE(browser_.Shows("0262 648 18 18"));
  EXPECT_EQ(stage_.LastCode(), "") << "an SMS was sent before the number was confirmed";

  browser_.Press("Onay");
  EXPECT_EQ(browser_.heading(), "SMS Onay Kodu Giriş Ekranı");
  EXPECT_TRUE(browser_.Shows("SMS Onay Kodunuzun Geçerliliği İçin Kalan Süre 290 Saniye") ||
              browser_.Shows("SMS Onay Kodunuzun Geçerliliği İçin Kalan Süre 28"))
      << browser_.text();
  ASSERT_EQ(stage_.LastCode().size(), 6u);

  stage_.SendCode(stage_.LastCode());
  EXPECT_EQ(browser_.heading(), "İşlemler Menüsü");
  EXPECT_TRUE(browser_.Shows("Sayın Ayşe Işık"));
  EXPECT_THAT(browser_.controls(),
              IsSupersetOf({"Kullanıma Aç", "Sertifikamı İptal Et", "Bilgi Güncelle",
                            "Sertifika Listele", "PIN / PUK Bilgisi", "Kilit Çözme", "Menü"}));
  EXPECT_THAT(browser_.controls(), Contains("Çıkış").Times(2));

  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_EQ(browser_.heading(), "PIN ve PUK Bilgileri");
  EXPECT_TRUE(browser_.Shows("Açıklama Değer 1 Kart Seri Numarası " + std::string(kSerial) +
                             " PIN " + kPin + " PUK 70294816"))
      << browser_.text();

  browser_.Press("Sil");
  EXPECT_TRUE(browser_.Shows("Onaylıyor musunuz?"));
  EXPECT_TRUE(browser_.Shows(kSerial));
  EXPECT_EQ(stage_.State()["holders"][kId]["cards"][kSerial]["pin_info"], true);
  browser_.Press("Onay");
  EXPECT_EQ(browser_.heading(), "Sonuç");
  EXPECT_TRUE(browser_.Shows("PIN ve PUK bilgileriniz kalıcı olarak silinmiştir."));
  EXPECT_EQ(stage_.State()["holders"][kId]["cards"][kSerial]["pin_info"], false);

  browser_.Press("Menü");
  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_EQ(browser_.heading(), "PIN ve PUK Bilgileri");
  EXPECT_TRUE(browser_.Shows("PIN ve PUK bilgileriniz daha önce silinmiştir."));
  EXPECT_FALSE(browser_.Shows(kPin));

  browser_.Press("Çıkış");
  EXPECT_TRUE(browser_.Shows("Oturumunuz güvenli bir şekilde kapatılmıştır."));
  const nlohmann::json presses = stage_.State()["presses"];
  EXPECT_EQ(presses.value("pin:delete:1", 0), 1);
  EXPECT_EQ(presses.value("pin_delete:submit", 0), 1);
  EXPECT_EQ(presses.value("menu:go:revoke", 0), 0);
}

TEST_P(JourneyTest, EveryOperationOfTheMenuChangesThePortal) {
  const auto certificate = [&] {
    return stage_.State()["holders"][kId]["cards"][kSerial]["certificate"];
  };
  stage_.OpenMenu();
  browser_.Press("Kullanıma Aç");
  EXPECT_EQ(certificate(), "not_activated");
  browser_.Press("Onay");
  EXPECT_TRUE(browser_.Shows("Sertifikanız kullanıma açılmıştır."));
  EXPECT_EQ(certificate(), "active");

  browser_.Press("Menü");
  browser_.Press("Sertifika Listele");
  EXPECT_TRUE(browser_.Shows(kSerial));
  EXPECT_TRUE(browser_.Shows("Nitelikli Elektronik Sertifika"));
  EXPECT_TRUE(browser_.Shows("Kullanımda"));

  browser_.Press("Menü");
  browser_.Press("Sertifikamı İptal Et");
  browser_.Press("İptal Et");
  EXPECT_TRUE(browser_.Shows(kSerial));
  browser_.Press("Vazgeç");
  EXPECT_EQ(certificate(), "active");
  browser_.Press("İptal Et");
  browser_.Press("Onay");
  EXPECT_TRUE(browser_.Shows("Sertifikanız iptal edilmiştir."));
  EXPECT_EQ(certificate(), "revoked");

  browser_.Press("Menü");
  browser_.Press("Kilit Çözme");
  browser_.Press("Onay");
  EXPECT_EQ(browser_.heading(), "Kilit Çözme Onay Kodu Giriş Ekranı");
  EXPECT_EQ(stage_.State()["holders"][kId]["cards"][kSerial]["unblock_requests"], 1);

  browser_.Press("Menü");
  browser_.Press("Bilgi Güncelle");
  browser_.Type("Cep Telefonu", "123");
  browser_.Press("Kaydet");
  EXPECT_TRUE(browser_.Shows("Cep Telefonu geçerli bir numara değil."));
  browser_.Type("Cep Telefonu", "+90 537 111 22 33");
  browser_.Type("E-posta", "yeni@ornek.example");
  browser_.Press("Kaydet");
  EXPECT_TRUE(browser_.Shows("Bilgileriniz güncellenmiştir."));
  EXPECT_EQ(stage_.State()["holders"][kId]["phone"], "5371112233");
  EXPECT_EQ(stage_.State()["holders"][kId]["email"], "yeni@ornek.example");

  browser_.Press("Menü");
  browser_.Press("Çıkış", 2);
  EXPECT_TRUE(browser_.Shows("Oturumunuz güvenli bir şekilde kapatılmıştır."));
}

TEST_P(JourneyTest, RefusesWrongCaptchasAndShowsAnother) {
  stage_.OpenLogin();
  const std::string first = browser_.Captcha();
  browser_.Type("Kimlik No", kId);
  browser_.Type("Resimdeki Yazı", "00000");
  browser_.Type("Güvenlik Sözcüğü", kWord);
  browser_.Press("Giriş");
  EXPECT_TRUE(browser_.Shows("Resimdeki yazıyı hatalı girdiniz."));
  const std::string second = browser_.Captcha();
  EXPECT_NE(first, second);
  EXPECT_EQ(stage_.State()["holders"][kId]["wrong_words"], 0) << "a wrong captcha costs no word";

  browser_.Press("Resmi Yenile");
  EXPECT_NE(browser_.Captcha(), second);
  EXPECT_FALSE(browser_.Shows("hatalı")) << "a message is said once";

  stage_.OpenReset();
  browser_.Type("Kimlik No", kId);
  browser_.Type("E-posta", kEmail);
  browser_.Type("Resimdeki Yazı", "00000");
  browser_.Press("Gönder");
  EXPECT_TRUE(browser_.Shows("Resimdeki yazıyı hatalı girdiniz."));
  EXPECT_EQ(stage_.LastLink(), "");
}

TEST_P(JourneyTest, LocksOutAfterFiveWrongWordsUntilTheWordIsReset) {
  stage_.OpenLogin();
  stage_.SendLogin("10000000146", kWord);
  EXPECT_TRUE(browser_.Shows("Kimlik No veya Güvenlik Sözcüğü hatalı."));
  for (int i = 1; i <= 4; ++i) {
    stage_.SendLogin(kId, "YanlisSozcuk");
    EXPECT_TRUE(browser_.Shows("Kimlik No veya Güvenlik Sözcüğü hatalı.")) << i;
  }
  stage_.SendLogin(kId, "YanlisSozcuk");
  EXPECT_TRUE(browser_.Shows("hesabınız kilitlenmiştir"));
  stage_.SendLogin(kId, kWord);
  EXPECT_TRUE(browser_.Shows("hesabınız kilitlenmiştir"))
      << "the right word opens a locked account";
  EXPECT_EQ(stage_.State()["holders"][kId]["locked"], true);

  stage_.OpenMailLink();
  stage_.SendWords("YeniSozcuk1", "YeniSozcuk1");
  stage_.OpenLogin();
  stage_.SendLogin(kId, "YeniSozcuk1");
  EXPECT_EQ(browser_.heading(), "SMS Onay Ekranı");
}

TEST_P(JourneyTest, RefusesWrongIdOrMailAddress) {
  stage_.OpenReset();
  stage_.SendReset(kId, "baska@ornek.example");
  EXPECT_TRUE(browser_.Shows("Kimlik No veya E-posta bilgisi kayıtlarımızla uyuşmuyor."));
  stage_.SendReset("10000000146", kEmail);
  EXPECT_TRUE(browser_.Shows("Kimlik No veya E-posta bilgisi kayıtlarımızla uyuşmuyor."));
  EXPECT_EQ(stage_.LastLink(), "");
}

TEST_P(JourneyTest, RefusesUnequalAndShortWords) {
  stage_.OpenMailLink();
  stage_.SendWords("YeniSozcuk1", "YeniSozcuk2");
  EXPECT_TRUE(browser_.Shows("aynı değil"));
  // Five characters, though ten bytes.
  stage_.SendWords("çğışü", "çğışü");
  EXPECT_TRUE(browser_.Shows("Güvenlik Sözcüğü çok kısa"));
  stage_.SendWords("YeniSozcuk1", "YeniSozcuk1");
  EXPECT_TRUE(browser_.Shows("başarıyla güncellenmiştir"));
}

TEST_P(JourneyTest, MailLinksAreSpentOnceAndExpire) {
  stage_.OpenMailLink();
  const std::string link = stage_.LastLink();
  browser_.Open(link);
  EXPECT_EQ(browser_.heading(), "Güvenlik Sözcüğü Güncelleme Ekranı") << "opening spends nothing";
  stage_.SendWords("YeniSozcuk1", "YeniSozcuk1");
  browser_.Open(link);
  EXPECT_TRUE(browser_.Shows("Bu bağlantı daha önce kullanılmıştır."));
  browser_.Open(link + "0");
  EXPECT_TRUE(browser_.Shows("Bu bağlantı tanınmadı."));

  stage_.OpenMailLink();
  stage_.Control("expire", {{"what", "link"}});
  stage_.SendWords("YeniSozcuk2", "YeniSozcuk2");
  EXPECT_TRUE(browser_.Shows("Bu bağlantının süresi dolmuştur."));
  browser_.Open(stage_.LastLink());
  EXPECT_TRUE(browser_.Shows("Bu bağlantının süresi dolmuştur."));
}

TEST_P(JourneyTest, RefusesWrongAndExpiredSmsCodes) {
  stage_.OpenSmsCode();
  stage_.SendCode("abcdef");
  EXPECT_TRUE(browser_.Shows("SMS Onay Kodu hatalı."));
  EXPECT_EQ(browser_.heading(), "SMS Onay Kodu Giriş Ekranı");
  stage_.Control("expire", {{"what", "sms"}, {"national_id", kId}});
  stage_.SendCode(stage_.LastCode());
  EXPECT_TRUE(browser_.Shows("SMS Onay Kodunun süresi dolmuştur."));
  EXPECT_TRUE(browser_.Shows("Kalan Süre 0 Saniye")) << browser_.text();

  stage_.OpenSmsCode();
  for (int i = 0; i < 5; ++i) stage_.SendCode("abcdef");
  EXPECT_TRUE(browser_.Shows("SMS Onay Kodu çok kez hatalı girildi."));
  EXPECT_THAT(browser_.fields(), ElementsAre());
}

TEST_P(JourneyTest, SaysThatTheSessionIsOver) {
  stage_.OpenMenu();
  stage_.Control("expire", {{"what", "session"}, {"national_id", kId}});
  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_TRUE(browser_.Shows("Oturumunuzun süresi dolmuştur."));
  EXPECT_FALSE(browser_.Shows(kPin));
}

TEST_P(JourneyTest, SaysThatItIsUnderMaintenance) {
  stage_.Control("maintenance", {{"on", true}});
  browser_.Open(stage_.sandbox->portal_url());
  EXPECT_EQ(browser_.last().status, 503);
  EXPECT_TRUE(browser_.Shows("bakım çalışması yapılmaktadır"));
  stage_.Control("maintenance", {{"on", false}});
  stage_.OpenLogin();
  EXPECT_EQ(browser_.heading(), "Şifreli Giriş");
}

TEST_P(JourneyTest, ShowsABlockForEachCard) {
  stage_.OpenLogin();
  stage_.SendLogin(kOtherId, kOtherWord);
  browser_.Press("Onay");
  const nlohmann::json sms = stage_.phone->Get("api/sms?phone=0535%20987%2061%2040");
  stage_.SendCode(sms.back()["code"]);
  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_TRUE(browser_.Shows("1 Kart Seri Numarası 87211470000000000017"));
  EXPECT_TRUE(browser_.Shows("2 Kart Seri Numarası 87211470000000000025"));
  EXPECT_THAT(browser_.controls(), Contains("Sil").Times(2));
  browser_.Press("Sil", 2);
  browser_.Press("Onay");
  browser_.Press("Menü");
  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_TRUE(browser_.Shows("1 Kart Seri Numarası 87211470000000000017"));
  EXPECT_FALSE(browser_.Shows("165038"));
  const nlohmann::json cards = stage_.State()["holders"][kOtherId]["cards"];
  EXPECT_EQ(cards["87211470000000000017"]["pin_info"], true);
  EXPECT_EQ(cards["87211470000000000025"]["pin_info"], false);
}

std::string NameOfLook(const ::testing::TestParamInfo<Look>& info) {
  return std::string(NameOf(std::get<0>(info.param))) +
         (std::get<1>(info.param) == Charset::kUtf8 ? "Utf8" : "Iso88599");
}

INSTANTIATE_TEST_SUITE_P(Looks, JourneyTest,
                         ::testing::Combine(::testing::ValuesIn(kStyles),
                                            ::testing::Values(Charset::kUtf8, Charset::kLatin5)),
                         NameOfLook);

}  // namespace
}  // namespace ilkimza::sandbox
