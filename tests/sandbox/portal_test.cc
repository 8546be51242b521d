// What the portal does beside its screens: cookies, forms, charsets, sizes, the
// phone, the controls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sandbox/fixture.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(PortalTest, SetsOneGuardedCookieAndRenamesTheSessionAtLogin) {
  const Stage stage;
  stage.browser->Open(stage.sandbox->portal_url());
  ASSERT_THAT(stage.browser->last().cookies_set, SizeIs(1));
  const std::string first = stage.browser->last().cookies_set[0];
  EXPECT_THAT(first, HasSubstr("Secure"));
  EXPECT_THAT(first, HasSubstr("HttpOnly"));
  EXPECT_THAT(first, HasSubstr("SameSite=Lax"));
  stage.OpenLogin();
  EXPECT_THAT(stage.browser->last().cookies_set, IsEmpty());
  stage.SendLogin(kId, kWord);
  ASSERT_THAT(stage.browser->last().cookies_set, SizeIs(1));
  EXPECT_NE(stage.browser->last().cookies_set[0], first);
}

TEST(PortalTest, RefusesAFormWithoutItsToken) {
  const Stage stage;
  stage.OpenMenu();
  const std::string menu = stage.browser->last().url;
  stage.browser->PostRaw(menu, "islem=git-15");
  EXPECT_EQ(stage.browser->last().status, 403);
  EXPECT_TRUE(stage.browser->Shows("doğrulanamadı"));
  stage.browser->PostRaw(menu, "islem=git-15&_jeton=00000000000000000000000000000000");
  EXPECT_TRUE(stage.browser->Shows("doğrulanamadı"));
  EXPECT_EQ(stage.Presses("menu:go:pin"), 0);
}

TEST(PortalTest, TakesAFormOnce) {
  const Stage stage;
  stage.OpenMenu();
  stage.browser->Press("Kullanıma Aç");
  stage.browser->Press("Onay");
  EXPECT_EQ(stage.Presses("activate:submit"), 1);
  stage.browser->Resend();
  EXPECT_TRUE(stage.browser->Shows("daha önce gönderilmiş"));
  EXPECT_EQ(stage.Presses("activate:submit"), 1);
}

TEST(PortalTest, AFormOfAnotherPageDoesNotFit) {
  const Stage stage;
  stage.OpenPinPage();
  const std::string token = stage.browser->hidden()["_jeton"];
  stage.browser->PostRaw(stage.sandbox->portal_url() + "bireysel/sertifika/iptal",
                         "islem=gonder&_jeton=" + token);
  EXPECT_TRUE(stage.browser->Shows("doğrulanamadı"));
  EXPECT_EQ(stage.State()["holders"][kId]["cards"][kSerial]["certificate"], "not_activated");
}

TEST(PortalTest, MemberPagesNeedEveryStepOfTheLogin) {
  const Stage stage;
  const std::string pin = stage.sandbox->portal_url() + "bireysel/pin";
  stage.browser->Open(pin);
  EXPECT_TRUE(stage.browser->Shows("Oturumunuzun süresi dolmuştur."));
  stage.OpenLogin();
  stage.SendLogin(kId, kWord);
  stage.browser->Open(pin);
  EXPECT_TRUE(stage.browser->Shows("Oturumunuzun süresi dolmuştur."));
  stage.OpenSmsCode();
  stage.browser->Open(pin);
  EXPECT_FALSE(stage.browser->Shows(kPin));
}

TEST(PortalTest, WritesTurkishInTheCharsetThatItDeclares) {
  const Stage stage;
  stage.OpenVerify();
  EXPECT_EQ(stage.browser->last().content_type, "text/html; charset=utf-8");
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("\xC5\x9E"
                                                     "ifreli Giri\xC5\x9F"));
  stage.Control("rules", {{"charset", "iso-8859-9"}});
  stage.OpenVerify();
  EXPECT_EQ(stage.browser->last().content_type, "text/html; charset=iso-8859-9");
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("\xDE"
                                                     "ifreli Giri\xFE"));
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("<meta charset=\"iso-8859-9\">"));

  stage.Control("rules", {{"charset_declared", "meta"}});
  stage.OpenVerify();
  EXPECT_EQ(stage.browser->last().content_type, "text/html");
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("<meta charset=\"iso-8859-9\">"));
  stage.Control("rules", {{"charset_declared", "nowhere"}});
  stage.browser->Open(stage.sandbox->portal_url());
  EXPECT_THAT(stage.browser->last().bytes, Not(HasSubstr("iso-8859-9")));
}

TEST(PortalTest, AnswersInTheStyleOfTheRequest) {
  const Stage stage;
  const std::string url = stage.sandbox->portal_url();
  stage.browser->Open(url + "nes/ekran02.htm");
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("<TABLE"));
  stage.browser->Open(url + "Bireysel/Dogrulama.aspx");
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("__VIEWSTATE"));
  stage.Control("rules", {{"style", "tables"}});
  stage.browser->Open(url);
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("<TABLE"));
  stage.browser->Open(url + "olmayan");
  EXPECT_EQ(stage.browser->last().status, 404);
}

TEST(PortalTest, DrawsImageButtons) {
  const Stage stage;
  stage.browser->Open(stage.sandbox->portal_url() + "g/yazi.png?t=Giri%C5%9F");
  EXPECT_EQ(stage.browser->last().content_type, "image/png");
  EXPECT_TRUE(stage.browser->last().bytes.starts_with("\x89PNG"));
}

TEST(PortalTest, RefusesBodiesBeyondItsLimit) {
  const Stage stage;
  stage.OpenLogin();
  stage.browser->PostRaw(stage.browser->last().url, "a=" + std::string(100'000, 'x'));
  EXPECT_EQ(stage.browser->last().status, 413);
}

TEST(PortalTest, OneDeleteButtonCanCoverThePage) {
  SandboxOptions options;
  options.rules.one_delete_for_all = true;
  const Stage stage(std::move(options));
  stage.OpenSmsCode(kOtherId, kOtherWord);
  const nlohmann::json sms = stage.phone->Get("api/sms?phone=5359876140");
  stage.SendCode(sms.back()["code"]);
  stage.browser->Press("PIN / PUK Bilgisi");
  EXPECT_THAT(stage.browser->controls(), Contains("Sil").Times(1));
  stage.browser->Press("Sil");
  stage.browser->Press("Onay");
  const nlohmann::json cards = stage.State()["holders"][kOtherId]["cards"];
  EXPECT_THAT(cards, SizeIs(2));
  for (const auto& [serial, card] : cards.items()) {
    EXPECT_EQ(card["pin_info"], false) << serial;
  }
  EXPECT_EQ(stage.Presses("pin:delete:0"), 1);
}

TEST(PortalTest, DeletionCanBeGivenUp) {
  const Stage stage;
  stage.OpenPinPage();
  stage.browser->Press("Sil");
  stage.browser->Press("Vazgeç");
  EXPECT_EQ(stage.browser->heading(), "PIN ve PUK Bilgileri");
  EXPECT_TRUE(stage.browser->Shows(kPin));
}

TEST(PortalTest, SessionsEndWhenIdle) {
  SandboxOptions options;
  options.rules.session_time = std::chrono::seconds(0);
  const Stage stage(std::move(options));
  stage.OpenLogin();
  stage.browser->Type("Kimlik No", kId);
  stage.browser->Press("Giriş");
  EXPECT_TRUE(stage.browser->Shows("Oturumunuzun süresi dolmuştur."));
}

TEST(PhoneTest, ShowsMessagesToPeopleAndPrograms) {
  const Stage stage;
  stage.OpenMailLink();
  stage.OpenSmsCode();
  Browser reader(stage.sandbox->ca_pem());
  reader.Open(stage.sandbox->phone_url());
  EXPECT_TRUE(reader.Shows(stage.LastCode()));
  EXPECT_TRUE(reader.Shows("Güvenlik Sözcüğü Güncelleme"));
  EXPECT_THAT(reader.controls(), Contains(stage.LastLink()));
  EXPECT_THAT(stage.phone->Get("api/sms?phone=5000000000"), IsEmpty());
  EXPECT_THAT(stage.phone->Get("api/mail?email=AYSE.isik@ornek.example"), SizeIs(1));
  EXPECT_THAT(stage.phone->Get("api/sms"), SizeIs(1));
}

TEST(ControlTest, KnowsEverySecretThatWasIssuedOrTyped) {
  const Stage stage;
  stage.OpenMailLink();
  stage.SendWords("YeniSozcuk1", "YeniSozcuk1");
  stage.OpenLogin();
  stage.SendLogin(kId, "YanlisSozcuk");
  stage.SendLogin(kId, "YeniSozcuk1");
  stage.browser->Press("Onay");
  const nlohmann::json secrets = stage.phone->Get("control/secrets");
  EXPECT_THAT(secrets["pin"], Contains(kPin));
  EXPECT_THAT(secrets["puk"], Contains("70294816"));
  EXPECT_THAT(secrets["security_word"], Contains(kWord));
  EXPECT_THAT(secrets["security_word"], Contains("YeniSozcuk1"));
  EXPECT_THAT(secrets["typed_word"], Contains("YanlisSozcuk"));
  EXPECT_THAT(secrets["sms_code"], Contains(stage.LastCode()));
  EXPECT_THAT(secrets["national_id"], Contains(kId));
  EXPECT_THAT(secrets["email"], Contains(kEmail));
  const std::string link = stage.LastLink();
  EXPECT_THAT(secrets["link_token"], Contains(link.substr(link.find('=') + 1)));
  EXPECT_THAT(secrets["captcha"], SizeIs(3));
}

TEST(ControlTest, SetsAHolderUp) {
  const Stage stage;
  stage.Control("holder",
                {{"national_id", kId}, {"pin_info", false}, {"security_word", "Baska1Soz"}});
  EXPECT_EQ(stage.State()["holders"][kId]["cards"][kSerial]["pin_info"], false);
  stage.OpenLogin();
  stage.SendLogin(kId, "Baska1Soz");
  EXPECT_EQ(stage.browser->heading(), "SMS Onay Ekranı");
  stage.Control("holder", {{"national_id", kId}, {"locked", true}});
  stage.OpenLogin();
  stage.SendLogin(kId, "Baska1Soz");
  EXPECT_TRUE(stage.browser->Shows("hesabınız kilitlenmiştir"));
}

TEST(ControlTest, ResetGoesBackToTheStart) {
  const Stage stage;
  const nlohmann::json world = stage.phone->Get("control/world");
  stage.OpenMenu();
  stage.Control("holder", {{"national_id", kId}, {"security_word", "Baska1Soz"}});
  stage.Control("rules", {{"style", "tables"}, {"latency_ms", 1}});
  stage.Control("faults", {{"kind", "500"}, {"times", 0}});
  stage.Control("reset", nlohmann::json::object());
  EXPECT_EQ(stage.phone->Get("control/world"), world);
  const nlohmann::json state = stage.State();
  EXPECT_EQ(state["sessions"], 0);
  EXPECT_EQ(state["armed_faults"], 0);
  EXPECT_THAT(state["requests"], IsEmpty());
  stage.browser->Open(stage.sandbox->portal_url());
  EXPECT_EQ(stage.browser->last().status, 200);
  EXPECT_THAT(stage.browser->last().bytes, HasSubstr("<!DOCTYPE html>"));
}

TEST(ControlTest, RefusesWhatItDoesNotKnow) {
  const Stage stage;
  const auto refused = [&](const std::string& what, const nlohmann::json& body) {
    return stage.phone->Post("control/" + what, body).contains("error");
  };
  EXPECT_TRUE(refused("faults", {{"kind", "earthquake"}}));
  EXPECT_TRUE(refused("faults", {{"kind", "slow"}, {"screen", "nowhere"}}));
  EXPECT_TRUE(refused("faults", {{"screen", "login"}}));
  EXPECT_TRUE(refused("rules", {{"style", "gopher"}}));
  EXPECT_TRUE(refused("rules", {{"latency_ms", "long"}}));
  EXPECT_TRUE(refused("rules", {{"speed", 1}}));
  EXPECT_TRUE(refused("holder", {{"national_id", "10000000146"}, {"locked", true}}));
  EXPECT_TRUE(refused("expire", {{"what", "everything"}}));
  EXPECT_TRUE(refused("cards", {{"serial", "1"}, {"action", "insert"}}));
  EXPECT_TRUE(refused("cards", {{"serial", kSerial}, {"action", "insert"}, {"slot", 1}}));
  EXPECT_TRUE(refused("nothing", nlohmann::json::object()));
  EXPECT_TRUE(stage.phone->Get("control/nothing").contains("error"));
}

TEST(ControlTest, WorksTheWorldsCards) {
  const Stage stage;
  EXPECT_THAT(stage.phone->Get("control/cards"), IsEmpty());
  stage.Control("cards", {{"serial", kSerial}, {"action", "pin_tries"}, {"tries", 1}});
  nlohmann::json card = stage.phone->Get("control/cards")[kSerial];
  EXPECT_EQ(card["pin_tries"], 1);
  EXPECT_EQ(card["pin"], kPin);
  EXPECT_EQ(card["puk"], "70294816");
  EXPECT_EQ(card["inserted"], false);
  EXPECT_THAT(card["certificate"], HasSubstr("BEGIN CERTIFICATE"));
  stage.Control("cards", {{"serial", kSerial}, {"action", "pin"}, {"value", "111222"}});
  EXPECT_EQ(stage.phone->Get("control/cards")[kSerial]["pin"], "111222");
}

}  // namespace
}  // namespace ilkimza::sandbox
