// Which screen a page is, what is where on it, and what may be pressed there.
#include "portal/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "portal/conversation.h"
#include "portal/text.h"
#include "tests/portal/page_of.h"

namespace ilkimza::portal {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kLogin[] =
    "<form><label>Kimlik No <input></label><p><label>Resimdeki Yazı <input></label>"
    "<img src=c><p><label>Güvenlik Sözcüğü <input type=password></label>"
    "<button>Giriş</button></form>";
constexpr char kPinPage[] =
    "<h1>PIN ve PUK Bilgileri</h1><table><tr><th>Açıklama<th>Değer"
    "<tr><td>1 Kart Seri Numarası<td>87211470000000000000<tr><td>PIN<td>1234"
    "<tr><td>PUK<td>12345678</table><form><button>Sil</button></form>";

std::string With(std::string html, const std::string& from, const std::string& to) {
  const std::size_t at = html.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return html.replace(at, from.size(), to);
}

struct Case {
  std::string html;
  profile_v1::ScreenKind kind;
};

class RecogniseTest : public ::testing::TestWithParam<Case> {};

TEST_P(RecogniseTest, Recognises) {
  const Recognition seen = Recognise(PageOf(GetParam().html), KamuSm());
  EXPECT_EQ(seen.kind, GetParam().kind) << ::testing::PrintToString(seen.missing);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RecogniseTest,
    ::testing::Values(
        Case{"<a href=/x>Bireysel İşlemler</a>", profile_v1::SCREEN_KIND_ENTRANCE},
        Case{"<h2>KULLANICI DOĞRULAMA EKRANI</h2><a href=/x>Şifreli Giriş</a>",
             profile_v1::SCREEN_KIND_SIGN_IN_CHOICE},
        Case{kLogin, profile_v1::SCREEN_KIND_LOGIN},
        Case{With(kLogin, "Kimlik No", "T.C. KİMLİK NO (11 haneli) *"),
             profile_v1::SCREEN_KIND_LOGIN},
        Case{"<form>Kimlik No <input> E-posta <input> Resimdeki Yazı <input><img src=c>"
             "<input type=submit value=Gönder></form>",
             profile_v1::SCREEN_KIND_WORD_RESET},
        Case{"<p>Bağlantı e-posta adresinize gönderilmiştir.</p>",
             profile_v1::SCREEN_KIND_MAIL_SENT},
        Case{"<b>Güvenlik Sözcüğü Güncelleme Ekranı</b><br><form>Güvenlik Sözcüğü "
             "<input type=password> Güvenlik Sözcüğü Tekrarı <input type=password>"
             "<button>Gönder</button></form>",
             profile_v1::SCREEN_KIND_NEW_WORD},
        Case{"<h1>Sonuç</h1>Güvenlik Sözcüğü başarıyla güncellenmiştir<br>"
             "<a href=/>Bireysel İşlemler</a>",
             profile_v1::SCREEN_KIND_WORD_SET},
        Case{"<h1>SMS Onay Ekranı</h1><p>Telefon Numaranız : 54** ** 25</p>"
             "<form><button>Onay</button></form>",
             profile_v1::SCREEN_KIND_PHONE},
        Case{"<h1>SMS Onay Kodu Giriş Ekranı</h1>Kalan Süre<br>290<br>Saniye<form>"
             "SMS Onay Kodu: <input><button>Gönder</button></form>",
             profile_v1::SCREEN_KIND_SMS_CODE},
        Case{"<h1>İşlemler Menüsü</h1><a href=a>PIN/PUK Bilgisi</a><a href=b>Çıkış</a>"
             "<form><button>Çıkış</button></form>",
             profile_v1::SCREEN_KIND_MENU},
        Case{kPinPage, profile_v1::SCREEN_KIND_PIN_PAGE},
        // Not sure.
        Case{"", profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kLogin, "Giriş", "Devam"), profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kLogin, "<img src=c>", ""), profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kLogin, "<img src=c>", "<img src=c style='display:none'>"),
             profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kLogin, "<button>", "E-posta <input><button>"),
             profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kLogin, "<button>", "<button>Giriş</button><button name=b>"),
             profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kPinPage, "Bilgileri", "Bilgisi"), profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kPinPage, "1234", ""), profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kPinPage, "1234", "****"), profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{With(kPinPage, "87211470000000000000", "yok"), profile_v1::SCREEN_KIND_UNSPECIFIED},
        Case{"<h1>İşlemler Menüsü</h1><a href=b>Çıkış</a><input type=submit "
             "value='Sertifikamı İptal Et' aria-label='PIN / PUK Bilgisi'>",
             profile_v1::SCREEN_KIND_UNSPECIFIED},
        // Two screens at once.
        Case{std::string(kPinPage) + "<h1>İşlemler Menüsü</h1><a href=a>PIN/PUK Bilgisi</a>"
                                     "<a href=b>Çıkış</a>",
             profile_v1::SCREEN_KIND_UNSPECIFIED}));

TEST(RecogniseTest, SaysWhatIsMissing) {
  const Recognition seen =
      Recognise(PageOf("<h1>SMS Onayı</h1><p>Telefon Numaranız : 54** ** 25</p><form>"
                       "<button>Onay</button></form>"),
                KamuSm());
  EXPECT_FALSE(seen.sure());
  EXPECT_EQ(seen.reason, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
  EXPECT_EQ(seen.nearest, profile_v1::SCREEN_KIND_PHONE);
  EXPECT_THAT(seen.missing, ElementsAre("heading \"SMS Onay Ekranı\""));
}

TEST(RecogniseTest, SaysWhatIsThereTwice) {
  const Recognition seen = Recognise(
      PageOf(With(kLogin, "<button>", "<button>Giriş</button><button name=b>")), KamuSm());
  EXPECT_EQ(seen.reason, v1::ERROR_REASON_CONTROL_AMBIGUOUS);
  EXPECT_EQ(seen.nearest, profile_v1::SCREEN_KIND_LOGIN);
  EXPECT_THAT(seen.missing, ElementsAre(HasSubstr("there are 2")));
  EXPECT_EQ(
      ReasonOf(FindButton(PageOf(With(kLogin, "<button>", "<button>Giriş</button><button name=b>")),
                          *KamuSm().button("log_in"))
                   .status()),
      v1::ERROR_REASON_CONTROL_AMBIGUOUS);
}

TEST(RecogniseTest, TwiceTheSameLinkIsOne) {
  const Page page = PageOf("<a href=/x>Bireysel İşlemler</a><a href=/x>Bireysel İşlemler</a>");
  EXPECT_EQ(Recognise(page, KamuSm()).kind, profile_v1::SCREEN_KIND_ENTRANCE);
}

TEST(RecogniseTest, AnEntranceCountsForLittle) {
  const Recognition seen = Recognise(PageOf("<a href=/x>Bireysel İşlemler</a>"), KamuSm());
  EXPECT_TRUE(seen.least);
  EXPECT_NE(seen.nearest, profile_v1::SCREEN_KIND_ENTRANCE);
  EXPECT_THAT(seen.missing, ::testing::Not(IsEmpty()));
}

// ---- Values ----

struct ValueCase {
  std::string html;
  std::string seconds;  // empty: none
};

class SecondsTest : public ::testing::TestWithParam<ValueCase> {};

TEST_P(SecondsTest, Reads) {
  const auto value =
      ReadValue(PageOf(GetParam().html), *KamuSm().value(profile_v1::VALUE_KIND_SECONDS_LEFT));
  EXPECT_EQ(value.value_or(""), GetParam().seconds);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SecondsTest,
    ::testing::Values(ValueCase{"Kalan Süre: 290", "290"},
                      ValueCase{"Kalan Süre : 290 Saniye", "290"},
                      ValueCase{"<p>Kalan Süre <b>17</b> Saniye</p>", "17"},
                      ValueCase{"Kalan Süre<br>290<br>Saniye", "290"},
                      ValueCase{"<table><tr><td>Kalan Süre<td>290<td>Saniye</table>", "290"},
                      ValueCase{"<dl><dt>Kalan Süre<dd>290</dl>", "290"},
                      ValueCase{"Kalan Süre<input readonly value=45>", "45"},
                      ValueCase{"<p>Kalan Süre: 290</p><p>Kalan Süre: 290</p>", "290"},
                      ValueCase{"<p>Kalan Süre: 290</p><p>Kalan Süre: 280</p>", ""},
                      ValueCase{"Kalan Süre: yok", ""}, ValueCase{"Kalan Süre", ""},
                      ValueCase{"Kalan Süre: 123456", ""}, ValueCase{"Toplam Süre: 290", ""},
                      ValueCase{"<table><tr><td>Kalan Süre<tr><td>290</table>", ""}));

TEST(ValueTest, MaskedPhone) {
  const auto* phone = KamuSm().value(profile_v1::VALUE_KIND_MASKED_PHONE);
  EXPECT_EQ(ReadValue(PageOf("Telefon Numaranız : 54* ***&nbsp;** 25"), *phone), "54* *** ** 25");
  EXPECT_EQ(ReadValue(PageOf("<dl><dt>Telefon Numarası<dd>(54*) 25</dl>"), *phone), "(54*) 25");
  EXPECT_EQ(ReadValue(PageOf("Telefon Numaranız :"), *phone), std::nullopt);
}

struct CardsCase {
  std::string html;
  std::string cards;  // "serial/pin/puk ..."
};

class CardsTest : public ::testing::TestWithParam<CardsCase> {};

TEST_P(CardsTest, Reads) {
  std::string text;
  for (const CardBlock& card : ReadCards(PageOf(GetParam().html), KamuSm())) {
    text += (text.empty() ? "" : " ") + card.serial + "/" + std::string(card.pin.view()) + "/" +
            std::string(card.puk.view());
  }
  EXPECT_EQ(text, GetParam().cards);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CardsTest,
    ::testing::Values(
        CardsCase{kPinPage, "87211470000000000000/1234/12345678"},
        CardsCase{"Kart Seri Numarası: 111111<br>PIN: 1234", "111111/1234/"},
        CardsCase{"<dl><dt>Kart Seri Numarası<dd>111111<dt>PIN<dd>1234<dt>PUK<dd>5678</dl>",
                  "111111/1234/5678"},
        CardsCase{"<table><tr><td>1<td>Kart Seri Numarası<td>111111<tr><td><td>PIN<td>1234"
                  "<tr><td>2<td>Kart Seri Numarası<td>222222<tr><td><td>PIN<td>4321</table>",
                  "111111/1234/ 222222/4321/"},
        // Not sure of one is not sure of any.
        CardsCase{"Kart Seri Numarası: 111111<br>PIN: 1234<p>Kart Seri Numarası: 222222", ""},
        CardsCase{"PIN: 1234<br>Kart Seri Numarası: 111111", ""},
        CardsCase{"Kart Seri Numarası: 111111<br>PIN: 1234<br>PIN: 4321", ""},
        CardsCase{"Kart Seri Numarası: 111111<br>PIN: 1234<p>Kart Seri Numarası: 111111<br>PIN: 1",
                  ""},
        CardsCase{"Kart Seri Numarası: 111111<br>PIN: 12", ""},
        CardsCase{"Kart Seri Numarası: 111111<br>PIN: 1234 (eski)", ""},
        CardsCase{"Kart Seri Numarası: 111111<br>PIN<br>PUK<br>5678", ""}));

// ---- Buttons of cards, captchas, messages ----

TEST(CardButtonTest, IsThatOfTheCard) {
  const std::string block =
      "<form action=/f>Kart Seri Numarası: %<br>PIN: 1234 "
      "<input type=submit name=s% value=Sil></form>";
  const auto page_of = [&block](const std::vector<std::string>& serials, const std::string& end) {
    std::string html;
    for (const std::string& serial : serials) {
      std::string one = block;
      for (std::size_t at = one.find('%'); at != std::string::npos; at = one.find('%')) {
        one.replace(at, 1, serial);
      }
      html += one;
    }
    return html + end;
  };
  const auto find = [](const Page& page, const std::string& serial) {
    const auto found =
        FindCardButton(page, *KamuSm().button("delete"), ReadCards(page, KamuSm()), serial);
    return found.ok() ? std::string((*found)->field) : ReasonName(ReasonOf(found.status()));
  };
  const Page two = PageOf(page_of({"111111", "222222"}, ""));
  EXPECT_EQ(find(two, "111111"), "s111111");
  EXPECT_EQ(find(two, "222222"), "s222222");
  EXPECT_EQ(find(two, "333333"), "DELETE_COVERS_OTHER_CARDS");
  EXPECT_EQ(find(two, ""), "DELETE_COVERS_OTHER_CARDS");
  const Page three = PageOf(page_of({"111111", "222222"}, "<form><button>Sil</button></form>"));
  EXPECT_EQ(find(three, "111111"), "DELETE_COVERS_OTHER_CARDS");
  const Page both = PageOf(
      "Kart Seri Numarası: 111111<br>PIN: 1234<p>Kart Seri Numarası: 222222"
      "<br>PIN: 1234<form><button name=s>Sil</button></form>");
  EXPECT_EQ(find(both, "111111"), "DELETE_COVERS_OTHER_CARDS");
  const Page single = PageOf(
      "Kart Seri Numarası: 111111<br>PIN: 1234"
      "<form><button name=s>Sil</button></form>");
  EXPECT_EQ(find(single, "111111"), "s");
  EXPECT_EQ(find(single, "222222"), "DELETE_COVERS_OTHER_CARDS");
}

// Its label is spoilt, and the first card's button is gone: what is left is not that one's.
TEST(CardButtonTest, IsNotThatOfACardThatCannotBeRead) {
  const auto find = [](const std::string& second) {
    const Page page = PageOf("<h1>Sertifikamı İptal Et</h1><p>Kart Seri Numarası: 111111" + second +
                             "<form><button name=s>İptal Et</button></form>");
    const auto cards = ReadCards(page, KamuSm(), Blocks::kSerials);
    EXPECT_EQ(cards.size(), 1u) << second;
    const auto found = FindCardButton(page, *KamuSm().button("revoke_card"), cards, "111111",
                                      v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS);
    return found.ok() ? std::string((*found)->field) : ReasonName(ReasonOf(found.status()));
  };
  for (const char* second :
       {"<p>İkinci kart: 222222", "<table><tr><td>9999 Kart Seri Numarası<td>222 222</table>"}) {
    EXPECT_EQ(find(second), "REVOKE_COVERS_OTHER_CARDS") << second;
  }
  // Other numbers, and what is told of another card in a sentence, name none.
  for (const char* second :
       {"", "<p>Kalan: 12", "<p>222222 seri numaralı kartın bilgileri silindi.",
        "<p>Kartınız: 111111"}) {
    EXPECT_EQ(find(second), "s") << second;
  }
}

TEST(CaptchaTest, IsThePictureNearestToItsField) {
  const auto source = [](const std::string& html) {
    const Page page = PageOf(html);
    for (const Control& control : page.controls()) {
      if (control.label != "resimdeki yazi") continue;
      const Image* image = FindCaptcha(page, control);
      return image == nullptr ? std::string("none") : std::string(image->source);
    }
    return std::string("no field");
  };
  const std::string field = "<label>Resimdeki Yazı <input></label>";
  EXPECT_EQ(source("<form>" + field + "<img src=a></form>"), "a");
  EXPECT_EQ(source("<form><img src=logo><input title=x>" + field + "<img src=a></form>"), "a");
  EXPECT_EQ(source("<img src=logo><form>" + field + "<p>x<p>y<p><img src=a></form>"), "a");
  EXPECT_EQ(source("<form><a href=/x><img src=b></a>" + field + "<img src=a></form>"), "a");
  EXPECT_EQ(source("<form><input title=x><img src=a><input title=y>" + field + "</form>"), "a");
  EXPECT_EQ(source("<form>" + field + "</form>"), "none");
  // One that listens for clicks brings another one; of two nobody knows which it is.
  EXPECT_EQ(source("<form><img src=a><img src=b onclick='yenile()'>" + field + "</form>"), "a");
  EXPECT_EQ(source("<form><img src=a><img src=b role=button>" + field + "</form>"), "a");
  EXPECT_EQ(source("<form><img src=b onclick='yenile()'>" + field + "</form>"), "none");
  EXPECT_EQ(source("<form><img src=a><img src=b>" + field + "</form>"), "none");
  EXPECT_EQ(source("<form><img src=logo><p>x<p>y<p>" + field + "<img src=a></form>"), "none");
}

// A page that offers two pictures is not the login page, whatever else is on it.
TEST(CaptchaTest, TwoPicturesAreNotSure) {
  const Page page = PageOf(With(kLogin, "<img src=c>", "<img src=c><img src=d>"));
  const Recognition seen = Recognise(page, KamuSm());
  EXPECT_FALSE(seen.sure());
  EXPECT_THAT(seen.missing, ElementsAre("picture beside \"Resimdeki Yazı\""));
}

// ---- Names of fields ----

constexpr char kNewWord[] =
    "<h1>Güvenlik Sözcüğü Güncelleme Ekranı</h1><form><label>Güvenlik Sözcüğü <input name=a "
    "type=password></label><label>Güvenlik Sözcüğü (Tekrar) <input name=b type=password></label>"
    "<button>Gönder</button></form>";

std::string FieldCalled(const Page& page, profile_v1::FieldKind kind) {
  for (const Profile::Field& field : KamuSm().fields()) {
    if (field.kind != kind) continue;
    const auto found = FindField(page, field);
    return found.ok() ? std::string((*found)->field) : ReasonName(ReasonOf(found.status()));
  }
  return "no such field";
}

TEST(FieldTest, AWholeNameWinsOverOneWithABracket) {
  const Page page = PageOf(kNewWord);
  EXPECT_EQ(Recognise(page, KamuSm()).kind, profile_v1::SCREEN_KIND_NEW_WORD);
  EXPECT_EQ(FieldCalled(page, profile_v1::FIELD_KIND_SECURITY_WORD), "a");
  EXPECT_EQ(FieldCalled(page, profile_v1::FIELD_KIND_SECURITY_WORD_AGAIN), "b");
  const Page more = PageOf(With(kNewWord, "(Tekrar)", "(Tekrar) (en az 6 karakter)"));
  EXPECT_EQ(FieldCalled(more, profile_v1::FIELD_KIND_SECURITY_WORD), "a");
  EXPECT_EQ(FieldCalled(more, profile_v1::FIELD_KIND_SECURITY_WORD_AGAIN), "b");
  const Page hint = PageOf(With(kNewWord, "Sözcüğü <", "Sözcüğü (en az 6 karakter) <"));
  EXPECT_EQ(FieldCalled(hint, profile_v1::FIELD_KIND_SECURITY_WORD), "a");
}

TEST(FieldTest, TheSecondWordIsNotTheFirst) {
  const Page page = PageOf(With(kNewWord, "Güvenlik Sözcüğü <", "Yeni sözcük <"));
  EXPECT_FALSE(Recognise(page, KamuSm()).sure());
  EXPECT_EQ(FieldCalled(page, profile_v1::FIELD_KIND_SECURITY_WORD), "CONTROL_AMBIGUOUS");
}

// The line over a field may name it as well as its own label; for one field that is one
// name too many.
TEST(FieldTest, OneControlIsNotTwoFields) {
  const Page page = PageOf(
      "<h1>Güvenlik Sözcüğü Güncelleme Ekranı</h1><form><p>Güvenlik Sözcüğü</p>"
      "<input type=password title='Güvenlik Sözcüğü Tekrarı' name=a>"
      "<button>Gönder</button></form>");
  const Recognition seen = Recognise(page, KamuSm());
  EXPECT_FALSE(seen.sure());
  EXPECT_EQ(seen.nearest, profile_v1::SCREEN_KIND_NEW_WORD);
  EXPECT_EQ(seen.reason, v1::ERROR_REASON_CONTROL_AMBIGUOUS);
}

TEST(MessageTest, WhatStoodThereBeforeIsNoAnswer) {
  const Page before = PageOf("<p>Beş hatalı girişte hesabınız kilitlenir.</p>");
  const Page after = PageOf(
      "<p>Beş hatalı girişte hesabınız kilitlenir.</p>"
      "<p>Resimdeki yazıyı hatalı girdiniz.</p>");
  EXPECT_EQ(FindMessage(after, KamuSm(), v1::STEP_KIND_LOG_IN, LinesOf(before)),
            v1::ERROR_REASON_WRONG_CAPTCHA);
  EXPECT_EQ(FindMessage(before, KamuSm(), v1::STEP_KIND_LOG_IN, LinesOf(before)),
            v1::ERROR_REASON_UNSPECIFIED);
}

TEST(MessageTest, MessagesBelongToTheirSteps) {
  const Page page = PageOf("<p>Resimdeki yazıyı hatalı girdiniz.</p>");
  EXPECT_EQ(FindMessage(page, KamuSm(), v1::STEP_KIND_OPEN_PIN_PAGE, {}),
            v1::ERROR_REASON_UNSPECIFIED);
  const Page maintenance = PageOf("<p>SİSTEMİMİZDE BAKIM ÇALIŞMASI YAPILMAKTADIR.</p>");
  EXPECT_EQ(FindMessage(maintenance, KamuSm(), v1::STEP_KIND_OPEN_PIN_PAGE, {}),
            v1::ERROR_REASON_PORTAL_MAINTENANCE);
}

// ---- What may be pressed ----

TEST(ClickTest, OnlyWhatTheStepSays) {
  const Page page = PageOf(
      "<form><button>PIN / PUK Bilgisi</button>"
      "<button>Sertifikamı İptal Et</button><button>Kullanıma Aç</button>"
      "<button>Kilit Çözme</button><button>Bilgi Güncelle</button>"
      "<button>Çıkış</button><button>Sil</button><button>Onay</button>"
      "<button>Sertifika Listele</button></form>");
  const struct {
    v1::StepKind step;
    profile_v1::ScreenKind screen;
    std::vector<std::string> allowed;
  } steps[] = {
      {v1::STEP_KIND_OPEN_PIN_PAGE, profile_v1::SCREEN_KIND_MENU, {"PIN / PUK Bilgisi"}},
      {v1::STEP_KIND_DELETE_PORTAL_COPY, profile_v1::SCREEN_KIND_MENU, {"PIN / PUK Bilgisi"}},
      {v1::STEP_KIND_DELETE_PORTAL_COPY, profile_v1::SCREEN_KIND_PIN_PAGE, {"Sil"}},
      {v1::STEP_KIND_DELETE_PORTAL_COPY, profile_v1::SCREEN_KIND_DELETION, {"Onay"}},
      {v1::STEP_KIND_LOG_OUT, profile_v1::SCREEN_KIND_MENU, {"Çıkış"}},
      {v1::STEP_KIND_LOG_OUT, profile_v1::SCREEN_KIND_PIN_PAGE, {"Çıkış"}},
      {v1::STEP_KIND_CONFIRM_PHONE, profile_v1::SCREEN_KIND_PHONE, {"Onay"}},
      {v1::STEP_KIND_READ_PIN, profile_v1::SCREEN_KIND_PIN_PAGE, {}},
      {v1::STEP_KIND_LOG_IN, profile_v1::SCREEN_KIND_MENU, {}},
      {v1::STEP_KIND_OPEN_LOGIN, profile_v1::SCREEN_KIND_MENU, {}},
      {v1::STEP_KIND_PROVE_PIN, profile_v1::SCREEN_KIND_MENU, {}},
  };
  for (const auto& one : steps) {
    std::vector<std::string> allowed;
    for (const Control& control : page.controls()) {
      const absl::Status status = CheckClick(KamuSm(), one.step, one.screen, control);
      if (status.ok()) {
        allowed.emplace_back(Tidy(control.name));
      } else {
        EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_CLICK_NOT_ALLOWED);
      }
    }
    EXPECT_EQ(allowed, one.allowed) << v1::StepKind_Name(one.step);
  }
}

// The click is the step's, but what it would send is not what the link says.
TEST(ClickTest, ALinkThatSendsAnotherFormSendsNone) {
  const auto press = [](const std::string& control) {
    const Page page = PageOf(
        "<h1>İşlemler Menüsü</h1><form name=pinForm method=post action=/pin></form>"
        "<form name=iptalForm method=post action=/iptal>"
        "<input type=hidden name=islem value=iptal>" +
        control + "</form><a href=/cikis>Çıkış</a>");
    EXPECT_EQ(Recognise(page, KamuSm()).kind, profile_v1::SCREEN_KIND_MENU);
    const auto button = FindButton(page, *KamuSm().button("pin_info"));
    EXPECT_TRUE(
        CheckClick(KamuSm(), v1::STEP_KIND_OPEN_PIN_PAGE, profile_v1::SCREEN_KIND_MENU, **button)
            .ok());
    const auto request = page.Press(**button, {});
    return request.ok() ? request->address.url : ReasonName(ReasonOf(request.status()));
  };
  EXPECT_EQ(press("<a href=# onclick=\"document.forms['pinForm'].submit()\">PIN / PUK Bilgisi</a>"),
            "CONTROL_AMBIGUOUS");
  EXPECT_EQ(press("<button onclick='document.pinForm.submit(); return false'>PIN / PUK Bilgisi"
                  "</button>"),
            "CONTROL_AMBIGUOUS");
  EXPECT_EQ(press("<a href=# onclick='document.iptalForm.submit()'>PIN / PUK Bilgisi</a>"),
            "https://portal.example/iptal");
}

TEST(ClickTest, ANameThatIsReadOutDoesNotCoverWhatIsSeen) {
  const Page page = PageOf(
      "<form><input type=submit value='Sertifikamı İptal Et' "
      "aria-label='PIN / PUK Bilgisi'></form>");
  EXPECT_EQ(ReasonOf(CheckClick(KamuSm(), v1::STEP_KIND_OPEN_PIN_PAGE, profile_v1::SCREEN_KIND_MENU,
                                page.controls()[0])),
            v1::ERROR_REASON_CLICK_NOT_ALLOWED);
}

}  // namespace
}  // namespace ilkimza::portal
