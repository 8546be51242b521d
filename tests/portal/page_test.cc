// What a person finds on a page: lines, controls and their names.
#include "portal/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "portal/text.h"
#include "tests/portal/page_of.h"

namespace ilkimza::portal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> LinesOf(const Page& page) {
  std::vector<std::string> lines;
  for (const Line& line : page.lines()) lines.push_back(Tidy(line.text));
  return lines;
}

std::vector<std::string> NamesOf(const Page& page) {
  std::vector<std::string> names;
  for (const Control& control : page.controls()) names.emplace_back(control.label);
  return names;
}

// ---- Names of fields ----

struct NameCase {
  std::string html;
  std::string name;
};

class FieldNameTest : public ::testing::TestWithParam<NameCase> {};

TEST_P(FieldNameTest, IsWhatAPersonReads) {
  const Page page = PageOf(GetParam().html);
  ASSERT_EQ(page.controls().size(), 1u);
  EXPECT_EQ(page.controls()[0].label, GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FieldNameTest,
    ::testing::Values(
        NameCase{"<label for=a>Kimlik No:</label><p><input id=a>", "kimlik no"},
        NameCase{"<input id=a><label for=a>Kimlik <b>No</b></label>", "kimlik no"},
        NameCase{"<label>Kimlik No <input></label>", "kimlik no"},
        NameCase{"<label><span>Kimlik No</span><div><input></div></label>", "kimlik no"},
        NameCase{"<input aria-label='Kimlik No' placeholder=x>", "kimlik no"},
        NameCase{"<p id=x>Kimlik</p><p id=y hidden>No</p><input aria-labelledby='x y'>",
                 "kimlik no"},
        NameCase{"<input placeholder='Kimlik No'>", "kimlik no"},
        NameCase{"<input title='Kimlik No'>", "kimlik no"},
        NameCase{"Kimlik No: <input>", "kimlik no"},
        NameCase{"<b>Kimlik</b> No <input placeholder='11 hane'>", "kimlik no"},
        // Tables: to the left, over two cells, in a table of its own, by the column.
        NameCase{"<table><tr><td>Kimlik No<td><input></table>", "kimlik no"},
        NameCase{"<table><tr><td>Kimlik No<td>&nbsp;<td><input></table>", "kimlik no"},
        NameCase{
            "<table><tr><td><font>Kimlik No :</font><td><table><tr><td><input></table></table>",
            "kimlik no"},
        NameCase{"<table><tr><th>Ad<th>Kimlik No<tr><td>Ali<td><input></table>", "ali"},
        NameCase{"<table><tr><th>Ad<th>Kimlik No<tr><td><td><input></table>", "kimlik no"},
        // A label wins over the cell, the cell over the placeholder.
        NameCase{"<table><tr><td>Ad<td><input id=a></table><label for=a>Kimlik No</label>",
                 "kimlik no"},
        NameCase{"<table><tr><td>Kimlik No<td><input placeholder=x></table>", "kimlik no"},
        // The text of another field's line is not this one's.
        NameCase{"<p>Lütfen doldurunuz</p><input>", ""},
        NameCase{"<table><tr><td>Menü<td><p>Giriş</p><input></table>", ""},
        NameCase{"<label for=b>Başka</label><p><input id=a>", ""}));

TEST(PageTest, TwoFieldsOnOneLineHaveTheirOwnNames) {
  EXPECT_THAT(NamesOf(PageOf("<p>Kimlik No: <input> Şifre: <input type=password></p>")),
              ElementsAre("kimlik no", "şifre"));
}

TEST(PageTest, ColumnsOfFieldsHaveTheirHeads) {
  EXPECT_THAT(
      NamesOf(PageOf("<table><tr><td>Kimlik No<td>Şifre<tr><td><input><td><input></table>")),
      ElementsAre("kimlik no", "şifre"));
}

TEST(PageTest, TheLineAboveAFieldIsKept) {
  const Page page = PageOf(
      "<h2>Giriş</h2><input><p>Kimlik No</p><div><input placeholder=11></div>"
      "<input>");
  ASSERT_EQ(page.controls().size(), 3u);
  EXPECT_EQ(page.controls()[0].above, "");  // a heading is no label
  EXPECT_EQ(page.controls()[1].above, "kimlik no");
  EXPECT_EQ(page.controls()[2].above, "");  // it is the other field's
}

// ---- Names of buttons and links ----

struct ButtonCase {
  std::string html;
  ControlKind kind;
  std::string name;
};

class ButtonTest : public ::testing::TestWithParam<ButtonCase> {};

TEST_P(ButtonTest, KindAndName) {
  const Page page = PageOf("<form>" + GetParam().html + "</form>");
  ASSERT_EQ(page.controls().size(), 1u);
  EXPECT_EQ(page.controls()[0].kind, GetParam().kind);
  EXPECT_EQ(page.controls()[0].label, GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ButtonTest,
    ::testing::Values(
        ButtonCase{"<input type=submit value=Giriş>", ControlKind::kSubmit, "giriş"},
        ButtonCase{"<INPUT TYPE='SUBMIT' VALUE='GİRİŞ'>", ControlKind::kSubmit, "giriş"},
        ButtonCase{"<button>Giriş</button>", ControlKind::kSubmit, "giriş"},
        ButtonCase{"<button><img alt=Giriş src=x></button>", ControlKind::kSubmit, "giriş"},
        ButtonCase{"<button type=button>Giriş</button>", ControlKind::kInert, "giriş"},
        ButtonCase{"<button type=reset>Temizle</button>", ControlKind::kInert, "temizle"},
        ButtonCase{"<input type=image src=x alt=Giriş>", ControlKind::kImage, "giriş"},
        ButtonCase{"<input type=image src=x title=Giriş>", ControlKind::kImage, "giriş"},
        ButtonCase{"<input type=image src=x value=Giriş>", ControlKind::kImage, "giriş"},
        ButtonCase{"<a href=/x>Giriş</a>", ControlKind::kLink, "giriş"},
        ButtonCase{"<a href=/x><img src=y alt=Giriş></a>", ControlKind::kLink, "giriş"},
        ButtonCase{"<a href=/x title=Giriş><i></i></a>", ControlKind::kLink, "giriş"},
        ButtonCase{"<a href=\"javascript:__doPostBack('a$b','c')\">Giriş</a>",
                   ControlKind::kPostback, "giriş"},
        ButtonCase{"<a href='javascript:WebForm_DoPostBackWithOptions(new "
                   "WebForm_PostBackOptions(\"a\", \"\", true))'>Giriş</a>",
                   ControlKind::kPostback, "giriş"},
        ButtonCase{"<a href='#' onclick=\"__doPostBack('a','')\">Giriş</a>", ControlKind::kPostback,
                   "giriş"},
        ButtonCase{"<input type=button value=Giriş onclick=\"__doPostBack('a','')\">",
                   ControlKind::kPostback, "giriş"},
        ButtonCase{"<input type=button value=Git onclick=\"window.location.href = '/x';\">",
                   ControlKind::kLink, "git"},
        ButtonCase{"<a href='javascript:document.forms[0].submit()'>Giriş</a>",
                   ControlKind::kSubmit, "giriş"},
        ButtonCase{"<a href='javascript:acPencere(1)'>Giriş</a>", ControlKind::kInert, "giriş"},
        ButtonCase{"<a href='javascript:__doPostBack(x, y)'>Giriş</a>", ControlKind::kInert,
                   "giriş"},
        ButtonCase{"<div role=button>Giriş</div>", ControlKind::kInert, "giriş"},
        ButtonCase{"<div onclick=\"location='/x'\">Giriş</div>", ControlKind::kLink, "giriş"},
        ButtonCase{"<button aria-label=Giriş>&raquo;</button>", ControlKind::kSubmit, "giriş"}));

TEST(PageTest, WhatIsSeenAndWhatIsReadOutMayDiffer) {
  const Page page = PageOf(
      "<form><input type=submit value='Sertifikamı İptal Et' "
      "aria-label='PIN / PUK Bilgisi'><button title=y>x</button></form>");
  ASSERT_EQ(page.controls().size(), 2u);
  EXPECT_EQ(page.controls()[0].label, "pin/puk bilgisi");
  EXPECT_EQ(page.controls()[0].shown, "sertifikami iptal et");
  EXPECT_EQ(page.controls()[1].shown, "");
}

TEST(PageTest, NamelessThingsAreNoControls) {
  EXPECT_THAT(NamesOf(PageOf("<form><input type=submit><a href=/x></a><a name=top>Üst</a>"
                             "<div onclick='track()'>Metin</div></form>")),
              IsEmpty());
}

// ---- Lines ----

TEST(PageTest, LinesAreWhatStandsTogether) {
  EXPECT_THAT(LinesOf(PageOf("<h1>Bir <b>iki</b></h1>üç<br>dört<p>beş<span> altı</span></p>"
                             "<ul><li>yedi<li>sekiz</ul>")),
              ElementsAre("Bir iki", "üç", "dört", "beş altı", "yedi", "sekiz"));
}

TEST(PageTest, LinksAndButtonsAreNotLines) {
  const Page page = PageOf("<a href=/m>Menü</a> | <a href=/c>Çıkış</a><p>Metin</p>");
  EXPECT_THAT(LinesOf(page), ElementsAre("Metin"));
  EXPECT_THAT(NamesOf(page), ElementsAre("menü", "çikiş"));
}

TEST(PageTest, RowsAndCells) {
  const Page page = PageOf("<table><tr><th>Açıklama<th>Değer<tr><td>PIN<td>1234</table><p>Son");
  ASSERT_EQ(page.lines().size(), 5u);
  EXPECT_TRUE(page.lines()[0].heading);
  EXPECT_EQ(page.lines()[2].row, 1);
  EXPECT_EQ(page.lines()[2].cell, 0);
  EXPECT_EQ(page.lines()[3].row, 1);
  EXPECT_EQ(page.lines()[3].cell, 1);
  EXPECT_EQ(page.lines()[4].row, -1);
}

TEST(PageTest, ValuesInFieldsThatCannotBeTypedIntoAreText) {
  EXPECT_THAT(LinesOf(PageOf("<input readonly value='290'><input disabled value='x'>"
                             "<input value='own'><input type=password readonly value='1234'>")),
              ElementsAre("290", "x"));
}

// ---- What is not there ----

class HiddenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(HiddenTest, IsNotThere) {
  const Page page = PageOf(std::string("<style>.gizli{display:none} #g, p.g {visibility:hidden}"
                                       "/* .acik{display:none} */ @media print{.acik{display:none}}"
                                       ".geri{display:none}.geri{display:block}"
                                       ".uzak{position:absolute;left:-9999px}</style><form>") +
                           GetParam() + "</form>");
  EXPECT_THAT(NamesOf(page), IsEmpty());
  EXPECT_THAT(LinesOf(page), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, HiddenTest,
    ::testing::Values("<p hidden>x <a href=/x>y</a></p>", "<p style='display:none'>x</p>",
                      "<p style='DISPLAY : NONE !important'>x</p>",
                      "<p style='visibility:hidden'>x<input title=y></p>",
                      "<div aria-hidden=true>x<button>y</button></div>",
                      "<div style='opacity:0'><button>y</button></div>",
                      "<div class='a gizli b'>x<input title=y></div>", "<div id=g>x</div>",
                      "<p class=g>x</p>", "<script>x</script><noscript>x</noscript>",
                      "<template><button>y</button></template>", "<!-- x -->",
                      "<input type=hidden name=a value=b>",
                      "<div class=uzak>x<input title=y><button>z</button></div>",
                      "<input title=y style='position:absolute;left:-5000px'>",
                      "<input title=y style='height:0'>"));

TEST(PageTest, StyleSheetsThatHideNothing) {
  const Page page = PageOf(
      "<style>.a{display:block} @media print{.b{display:none}} /*.c{display:"
      "none}*/ .d .e{display:none} .f{display:none}.f{display:inline}</style>"
      "<p class=a>1<p class=b>2<p class=c>3<p class=e>4<p class=f>5"
      "<p class=f style='display:none'>6");
  EXPECT_THAT(LinesOf(page), ElementsAre("1", "2", "3", "4", "5"));
}

TEST(PageTest, StyleSheetsForOtherMedia) {
  const auto lines = [](const std::string& media) {
    return LinesOf(PageOf("<style media='" + media + "'>.a{display:none}</style><p class=a>x"));
  };
  for (const char* media : {"print", "speech", "print, speech", "not screen", "only screen",
                            "screen and (max-width:300px)", "(orientation:portrait)", ","}) {
    EXPECT_THAT(lines(media), ElementsAre("x")) << media;
  }
  for (const char* media : {"", " ", "all", "screen", "SCREEN", "print, screen", "print ,all"}) {
    EXPECT_THAT(lines(media), IsEmpty()) << media;
  }
}

// ---- Odds and ends ----

TEST(PageTest, PicturesThatAreNoButtons) {
  const Page page = PageOf(
      "<form><img src=a alt=Güvenlik><a href=/x><img src=b alt=Git></a>"
      "<img src=c style='display:none'><img alt=x></form><img src=d>");
  ASSERT_EQ(page.images().size(), 2u);
  EXPECT_EQ(page.images()[0].source, "a");
  EXPECT_EQ(page.images()[0].label, "güvenlik");
  EXPECT_EQ(page.images()[0].form, 0);
  EXPECT_EQ(page.images()[1].form, -1);
}

TEST(PageTest, Fingerprints) {
  const auto print = [](const char* html) { return PageOf(html).fingerprint(); };
  const std::string base = print("<h1>a</h1><form><input name=b value=c><button>d</button></form>");
  EXPECT_EQ(base, print("<h1>x</h1><form><input name=y value=z><button>q</button></form>"));
  EXPECT_EQ(base,
            print("<h1 id=i class=j>x</h1>\n<form action=/k><input><button></button></form>"));
  EXPECT_NE(base, print("<h2>a</h2><form><input name=b value=c><button>d</button></form>"));
  EXPECT_NE(base, print("<h1>a</h1><form><input type=password><button>d</button></form>"));
  EXPECT_NE(base, print("<h1>a</h1><form><input><button>d</button></form><p>"));
}

TEST(PageTest, FingerprintsDoNotCountRows) {
  const auto print = [](const std::string& html) { return PageOf(html).fingerprint(); };
  const auto times = [](const std::string& part, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += part;
    return all;
  };
  const std::string parts[] = {
      "<tr><td>1</td><th>b</th><td>c</td></tr><tr><th>d</th><td>e</td></tr>"
      "<tr><td><button>f</button></td></tr>",
      "<tr><td><b>a</b></td><td>b</td></tr>"};
  for (const std::string& part : parts) {
    const auto table = [&](int count) {
      return print("<table><tr><th>x</th></tr>" + times(part, count) + "</table><p>y</p>");
    };
    EXPECT_EQ(table(1), table(2));
    EXPECT_EQ(table(1), table(5));
    EXPECT_NE(table(1), table(0));
  }
  const std::string block = "<h2>a</h2><p>b<br>c</p><form><button>d</button></form>";
  EXPECT_EQ(print(block), print(times(block, 3)));
  EXPECT_EQ(print("<div>" + block + "</div><hr>"),
            print(times("<div>" + block + "</div>", 2) + "<hr>"));
  // What is typed into counts each time, and so does what is neither row nor block.
  const std::string field = "<p><label>a<input></label></p>";
  EXPECT_NE(print("<form>" + field + "</form>"), print("<form>" + field + field + "</form>"));
  EXPECT_NE(print("<p><select></select></p>"),
            print("<p><select></select></p><p><select></select></p>"));
  EXPECT_NE(print("<p><a href=x>a</a></p>"), print("<p><a href=x>a</a><a href=x>b</a></p>"));
  EXPECT_NE(print(block + block), print(block + "<p>x</p>" + block));
}

TEST(PageTest, HostilePagesEnd) {
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  std::string attributes = "<p ";
  for (int i = 0; i < 150'000; ++i) attributes += "a" + std::to_string(i) + " ";
  for (const std::string& html :
       {repeat("<div>", 600), repeat("<p>x", 100'000), attributes + ">",
        repeat("<table><tr><td>", 3000), repeat("<a href=x>y</a>", 5000), repeat("<font>", 100'000),
        repeat("<form><input></form>", 20'000), repeat("<select><option>", 50'000)}) {
    EXPECT_EQ(ReasonOf(TryPageOf(html).status()), v1::ERROR_REASON_PAGE_TOO_LARGE)
        << html.substr(0, 20);
  }
}

TEST(PageTest, EmptyAndBrokenPagesAreReadAllTheSame) {
  for (const char* html : {"", " ", "<", "<form", "<input value='", "</form></table>", "<!doctype",
                           "<table><form><tr><td><input></form>", "&#0;&#xD800;&#x110000;",
                           "<a href='javascript:__doPostBack('>x</a>", "<style>a{", "<style>/*",
                           "<label for=a><label for=a><input id=a aria-labelledby='a a a a a'>"}) {
    EXPECT_TRUE(TryPageOf(html).ok()) << html;
  }
}

}  // namespace
}  // namespace ilkimza::portal
