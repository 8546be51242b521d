// Pages with parts taken out, doubled, swapped and spoilt, always the same ones: no
// such page may crash, differ from itself, or offer a click that is not the step's.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/page_to_screen.h"

namespace ilkimza::portal {
namespace {

// Among them a link that is read out as the way to the menu, which steps take from that
// page, and that deletes: what is seen counts as well.
const std::vector<std::string>& Seeds() {
  static const std::vector<std::string> seeds = {
      "<!DOCTYPE html><html><head><meta charset=utf-8><style>.gizli{display:none}</style></head>"
      "<body><header><a href=/menu>Menü</a> | <a href=/cikis>Çıkış</a> | "
      "<a href=/sil aria-label=Menü>Sil</a></header><main>"
      "<h1>PIN ve PUK Bilgileri</h1><table><thead><tr><th>Açıklama<th>Değer</thead><tr>"
      "<td>1 Kart Seri Numarası<td>87211470000000000000<tr><td>PIN<td>1234<tr><td>PUK<td>12345678"
      "</table><form method=post action=/sil><input type=hidden name=t value=abc>"
      "<button name=kart value=1>Sil</button></form></main></body></html>",
      "<html><body bgcolor=#ffffff><center><table><form method=post action=giris.htm><tr><td>"
      "<font size=2>Kimlik No :</font><td><input name=x1><tr><td>Resimdeki Yazı :<td>"
      "<input name=x2><img src=resim.png alt=''><tr><td>Güvenlik Sözcüğü :<td>"
      "<input type=password name=x3><tr><td colspan=2><input type=image src=g.gif alt='Giriş'>"
      "</tr></form></table><a href=unuttum.htm>Güvenlik Sözcüğümü Unuttum</a></center>",
      "<form method=post action=Default.aspx id=aspnetForm><input type=hidden name=__EVENTTARGET>"
      "<input type=hidden name=__EVENTARGUMENT><input type=hidden name=__VIEWSTATE value='dDwx'>"
      "<div><span class=baslik>İşlemler Menüsü</span></div><ul>"
      "<li><a href=\"javascript:__doPostBack('ctl00$a','')\">Sertifikamı İptal Et</a>"
      "<li><a href=\"javascript:__doPostBack('ctl00$b','')\">PIN / PUK Bilgisi</a>"
      "<li><a href=\"javascript:__doPostBack('ctl00$c','')\">Çıkış</a></ul></form>",
      "<h1>SMS Onay Kodu Giriş Ekranı</h1><dl><dt>Kalan Süre<dd>290<dt>Saniye</dl><form>"
      "<label for=k>SMS Onay Kodu</label><input id=k aria-label='SMS Onay Kodu'>"
      "<input type=submit value=Gönder></form>",
  };
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string operator()(std::string page) {
    const std::size_t times = Below(6);
    for (std::size_t i = 0; i <= times; ++i) Mutate(page);
    return static_cast<char>(Below(3)) + page;
  }

 private:
  std::size_t Below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void Mutate(std::string& page) {
    static const std::vector<std::string> pieces = {"<",
                                                    ">",
                                                    "\"",
                                                    "'",
                                                    "</form>",
                                                    "<form>",
                                                    "<table>",
                                                    "<tr><td>",
                                                    "</table>",
                                                    "<input>",
                                                    "<b>",
                                                    "<p hidden>",
                                                    "&#0;",
                                                    "&#xD800;",
                                                    "&nbsp;",
                                                    "\xC4",
                                                    "\xFF",
                                                    std::string(1, '\0'),
                                                    "<style>*{",
                                                    "<!--",
                                                    "-->",
                                                    "<select>",
                                                    "<button>Sil",
                                                    "<a href=//evil>Sil</a>",
                                                    "aria-label",
                                                    "<label>",
                                                    "<svg>",
                                                    "<template>",
                                                    "<base href=/>",
                                                    "<plaintext>"};
    const std::size_t at = Below(page.size());
    const std::size_t length = Below(40);
    switch (Below(6)) {
      case 0:
        page.erase(at, length);
        break;
      case 1:
        page.insert(at, page.substr(Below(page.size()), length));
        break;
      case 2:
        page.insert(at, pieces[Below(pieces.size())]);
        break;
      case 3:
        if (at < page.size()) page[at] = static_cast<char>(Below(256));
        break;
      case 4:
        page.resize(at);
        break;
      default: {
        const std::string& other = Seeds()[Below(Seeds().size())];
        page.insert(at, other.substr(Below(other.size()), 4 * length));
        break;
      }
    }
  }

  std::mt19937 random_;
};

TEST(MutationTest, SpoiltPagesKeepThePromises) {
  Mutator mutate(20240229);
  std::map<profile_v1::ScreenKind, int> seen;
  for (int i = 0; i < 2000; ++i) {
    const auto kind = PageToScreen(mutate(Seeds()[i % Seeds().size()]));
    ++seen[kind.value_or(profile_v1::SCREEN_KIND_UNSPECIFIED)];
  }
  // Some mutations leave a page what it is, most do not; both have to occur.
  EXPECT_GT(seen[profile_v1::SCREEN_KIND_UNSPECIFIED], 500);
  EXPECT_GT(seen[profile_v1::SCREEN_KIND_PIN_PAGE], 10);
  EXPECT_GT(seen[profile_v1::SCREEN_KIND_LOGIN], 10);
}

TEST(MutationTest, TheSeedsAreScreens) {
  const profile_v1::ScreenKind kinds[] = {
      profile_v1::SCREEN_KIND_PIN_PAGE, profile_v1::SCREEN_KIND_LOGIN, profile_v1::SCREEN_KIND_MENU,
      profile_v1::SCREEN_KIND_SMS_CODE};
  for (std::size_t i = 0; i < Seeds().size(); ++i) {
    EXPECT_EQ(PageToScreen(std::string(1, '\0') + Seeds()[i]), kinds[i]);
  }
}

}  // namespace
}  // namespace ilkimza::portal
