// Each fault, as a browser meets it.
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "sandbox/answer.h"
#include "tests/sandbox/fixture.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

class FaultsTest : public ::testing::Test {
 protected:
  void Arm(const nlohmann::json& fault) const { stage_.Control("faults", fault); }
  const Browser::Response& Open() const { return browser_.Open(stage_.sandbox->portal_url()); }

  const Stage stage_;
  Browser& browser_ = *stage_.browser;
};

TEST_F(FaultsTest, SlowAnswersComeAtLast) {
  Arm({{"kind", "slow"}, {"ms", 60'000}});
  browser_.set_timeout_ms(300);
  EXPECT_EQ(Open().error, CURLE_OPERATION_TIMEDOUT);
  Arm({{"kind", "slow"}, {"ms", 50}});
  browser_.set_timeout_ms(20'000);
  EXPECT_EQ(Open().status, 200);
}

TEST_F(FaultsTest, ResetsTheConnectionBeforeAnythingHappens) {
  stage_.OpenMenu();
  Arm({{"kind", "reset"}, {"method", "POST"}, {"screen", "menu"}});
  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_EQ(browser_.last().error, CURLE_RECV_ERROR);
  EXPECT_EQ(stage_.Presses("menu:go:pin"), 0);
  browser_.Resend();
  EXPECT_EQ(browser_.heading(), "PIN ve PUK Bilgileri");
}

TEST_F(FaultsTest, AnswersWithErrors) {
  Arm({{"kind", "500"}});
  EXPECT_EQ(Open().status, 500);
  EXPECT_TRUE(browser_.Shows("beklenmeyen bir hata"));
  Arm({{"kind", "503"}});
  EXPECT_EQ(Open().status, 503);
  EXPECT_TRUE(browser_.Shows("bakım çalışması"));
  EXPECT_EQ(Open().status, 200);
}

TEST_F(FaultsTest, RedirectsForEver) {
  Arm({{"kind", "redirect_loop"}});
  browser_.set_redirect_limit(15);
  EXPECT_EQ(Open().redirects.size(), 15u);
  EXPECT_EQ(browser_.last().status, 303);
}

TEST_F(FaultsTest, LeadsAwayToOtherOrigins) {
  browser_.set_redirect_limit(0);
  Arm({{"kind", "offsite"}});
  EXPECT_EQ(Open().status, 303);
  Arm({{"kind", "offsite"}, {"to", "https://baska.example/"}});
  EXPECT_EQ(Open().status, 303);
  EXPECT_EQ(stage_.State()["offsite_visits"], 0);

  browser_.set_redirect_limit(5);
  Arm({{"kind", "offsite"}});
  Open();
  EXPECT_TRUE(browser_.last().url.starts_with(stage_.sandbox->phone_url()));
  EXPECT_EQ(stage_.State()["offsite_visits"], 1);
  Arm({{"kind", "offsite"}, {"to", "http"}});
  Open();
  EXPECT_TRUE(browser_.last().url.starts_with("http://localhost:"));
  EXPECT_EQ(stage_.State()["offsite_visits"], 2);
}

TEST_F(FaultsTest, PostsAFormAway) {
  Arm({{"kind", "offsite_form"}, {"screen", "login"}});
  stage_.OpenLogin();
  browser_.Type("Kimlik No", kId);
  browser_.Press("Giriş");
  EXPECT_EQ(stage_.State()["offsite_visits"], 1);
  EXPECT_EQ(stage_.Presses("login:submit"), 0);
}

TEST_F(FaultsTest, ChangesHeadings) {
  Arm({{"kind", "heading"}, {"screen", "verify"}, {"text", "Yeni Ekran"}});
  stage_.OpenVerify();
  EXPECT_EQ(browser_.heading(), "Yeni Ekran");
}

TEST_F(FaultsTest, SwapsPlacesOfButtons) {
  stage_.OpenMenu();
  const auto places = [&] {
    const std::vector<std::string> all = browser_.controls();
    const auto place = [&](const char* label) {
      return std::find(all.begin(), all.end(), label) - all.begin();
    };
    return std::pair(place("Sertifikamı İptal Et"), place("PIN / PUK Bilgisi"));
  };
  const auto before = places();
  Arm({{"kind", "swap_buttons"},
       {"screen", "menu"},
       {"from", "Sertifikamı İptal Et"},
       {"to", "PIN / PUK Bilgisi"}});
  browser_.Press("Menü");
  EXPECT_EQ(places(), std::pair(before.second, before.first));
  browser_.Press("PIN / PUK Bilgisi");
  EXPECT_EQ(browser_.heading(), "PIN ve PUK Bilgileri");
}

TEST_F(FaultsTest, SwapsLabelsOfButtons) {
  Arm({{"kind", "swap_labels"}, {"screen", "pin"}, {"from", "Sil"}, {"to", "Çıkış"}});
  stage_.OpenPinPage();
  browser_.Press("Sil");
  EXPECT_TRUE(browser_.Shows("Oturumunuz güvenli bir şekilde kapatılmıştır."));
}

TEST_F(FaultsTest, SendsBytesThatNoCharsetAllows) {
  Arm({{"kind", "bad_bytes"}, {"screen", "entrance"}});
  EXPECT_THAT(Open().bytes, HasSubstr("\xff\xfe"));
  EXPECT_THAT(browser_.last().bytes, HasSubstr(std::string("\0", 1)));
  EXPECT_NE(browser_.heading(), "Kamu Sertifikasyon Merkezi");
}

TEST_F(FaultsTest, SendsHugePages) {
  Arm({{"kind", "huge"}, {"bytes", 5'000'000}});
  EXPECT_GT(Open().bytes.size(), 5'000'000u);
}

TEST_F(FaultsTest, SendsAGzipBomb) {
  Arm({{"kind", "gzip_bomb"}, {"bytes", 8 << 20}});
  EXPECT_EQ(Open().error, 0);
  EXPECT_GE(browser_.last().bytes.size(), 8u << 20);
  EXPECT_LT(GzipBomb(8 << 20).size(), 100'000u);
}

TEST_F(FaultsTest, SendsTheWrongType) {
  Arm({{"kind", "wrong_type"}});
  EXPECT_EQ(Open().content_type, "application/octet-stream");
  Arm({{"kind", "wrong_type"}, {"text", "application/pdf"}});
  EXPECT_EQ(Open().content_type, "application/pdf");
}

TEST_F(FaultsTest, Drips) {
  Arm({{"kind", "drip"}, {"ms", 1'000}});
  browser_.set_timeout_ms(500);
  const Browser::Response& response = Open();
  EXPECT_EQ(response.error, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(response.status, 200) << "the head comes at once";
}

TEST_F(FaultsTest, StopsInTheMiddle) {
  Arm({{"kind", "truncated"}});
  EXPECT_THAT(Open().error, AnyOf(CURLE_PARTIAL_FILE, CURLE_RECV_ERROR));
  EXPECT_FALSE(browser_.last().bytes.empty());
}

TEST_F(FaultsTest, LosesTheAnswerOfWhatItProcessed) {
  stage_.OpenPinPage();
  browser_.Press("Sil");
  Arm({{"kind", "lost"}, {"method", "POST"}, {"screen", "pin_delete"}});
  browser_.Press("Onay");
  EXPECT_THAT(browser_.last().error, AnyOf(CURLE_GOT_NOTHING, CURLE_RECV_ERROR));
  EXPECT_EQ(stage_.Presses("pin_delete:submit"), 1);
  EXPECT_EQ(stage_.State()["holders"][kId]["cards"][kSerial]["pin_info"], false);
}

TEST_F(FaultsTest, StrikesTheNthMatchSoOften) {
  Arm({{"kind", "500"}, {"screen", "verify"}, {"nth", 2}, {"times", 2}});
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) {
    stage_.OpenVerify();
    statuses.push_back(browser_.last().status);
  }
  EXPECT_THAT(statuses, ::testing::ElementsAre(200, 500, 500, 200));
  Arm({{"kind", "500"}, {"times", 0}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Open().status, 500);
  stage_.Control("faults/clear", nlohmann::json::object());
  EXPECT_EQ(Open().status, 200);
}

TEST_F(FaultsTest, CaptchaImagesHaveFaultsOfTheirOwn) {
  Arm({{"kind", "500"}, {"captcha", true}});
  stage_.OpenLogin();
  EXPECT_EQ(browser_.last().status, 200);
  const std::string page = browser_.last().body;
  const auto at = page.find("/bireysel/resim.png");
  ASSERT_NE(at, std::string::npos);
  const std::string image =
      stage_.sandbox->portal_url() + page.substr(at + 1, page.find('"', at) - at - 1);
  EXPECT_EQ(browser_.Open(image).status, 500);
  EXPECT_EQ(browser_.Open(image).status, 200);
}

TEST(FaultOptionTest, ReadsTheCommandLineForm) {
  const auto fault =
      ParseFaultOption("swap_labels,screen=pin,method=GET,nth=3,times=0,from=Sil,to=Çıkış");
  ASSERT_TRUE(fault.ok()) << fault.status();
  EXPECT_EQ(fault->kind, Fault::Kind::kSwapLabels);
  EXPECT_EQ(fault->screen, Screen::kPin);
  EXPECT_EQ(fault->method, "GET");
  EXPECT_EQ(fault->nth, 3);
  EXPECT_EQ(fault->times, 0);
  EXPECT_EQ(fault->from, "Sil");
  EXPECT_EQ(fault->to, "Çıkış");
  EXPECT_FALSE(ParseFaultOption("").ok());
  EXPECT_FALSE(ParseFaultOption("slow,ms=-1").ok());
  EXPECT_FALSE(ParseFaultOption("slow,ms=99999999999").ok());
  EXPECT_FALSE(ParseFaultOption("slow,colour=red").ok());
}

}  // namespace
}  // namespace ilkimza::sandbox
