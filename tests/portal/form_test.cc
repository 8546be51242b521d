// The request behind a click, as a browser would send it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "portal/page.h"
#include "portal/text.h"
#include "tests/portal/page_of.h"

namespace ilkimza::portal {
namespace {

const Control& Named(const Page& page, std::string_view name) {
  for (const Control& control : page.controls()) {
    if (control.label == FoldLabel(name)) return control;
  }
  ADD_FAILURE() << "no control " << name;
  static const Control none;
  return none;
}

// What pressing "Git" sends, as "GET url" or "POST url body".
std::string Sent(const Page& page, std::span<const Fill> fills = {}) {
  const auto request = page.Press(Named(page, "Git"), fills);
  if (!request.ok()) return ReasonName(ReasonOf(request.status()));
  if (request->method == Request::kGet) return "GET " + request->address.url;
  return "POST " + request->address.url + " " + std::string(request->body);
}

struct Case {
  std::string html;
  std::string sent;
};

constexpr char kNot[] = "CONTROL_AMBIGUOUS";

// `control` in the second of two forms, before something that bears that one's other id.
std::string OfTwo(const std::string& control) {
  return "<p id=iki></p><form name=f id=fi method=post action=/f><input name=a value=1></form>"
         "<form name=g id=gi method=post action=/g><input name=b value=2>" +
         control + "</form>";
}

class PressTest : public ::testing::TestWithParam<Case> {};

TEST_P(PressTest, SendsAsABrowserDoes) {
  EXPECT_EQ(Sent(PageOf(GetParam().html)), GetParam().sent);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PressTest,
    ::testing::Values(
        Case{"<a href=/x?y=1&amp;z#t>Git</a>", "GET https://portal.example/x?y=1&z"},
        Case{"<a href=x>Git</a>", "GET https://portal.example/dir/x"},
        Case{"<head><base href=/other/></head><a href=x>Git</a>",
             "GET https://portal.example/other/x"},
        Case{"<form action=/f method=post><input type=hidden name=t value='a b&c'>"
             "<input name=u value=v><button name=w value=1>Git</button></form>",
             "POST https://portal.example/f t=a+b%26c&u=v&w=1"},
        // No action is the page's own address; GET replaces the query.
        Case{"<form method=POST><button>Git</button></form>",
             "POST https://portal.example/dir/page?old=1 "},
        Case{"<form><input name=a value=b><button>Git</button></form>",
             "GET https://portal.example/dir/page?a=b"},
        Case{"<form action='/f?q=1'><input name=a value=b><button>Git</button></form>",
             "GET https://portal.example/f?a=b"},
        // Only the pressed button goes along; a picture says where it was pressed.
        Case{"<form method=post action=/f><input type=submit name=a value=Dur>"
             "<input type=submit name=b value=Git></form>",
             "POST https://portal.example/f b=Git"},
        Case{"<form method=post action=/f><input type=image name=a alt=Dur>"
             "<input type=image name=b alt=Git></form>",
             "POST https://portal.example/f b.x=7&b.y=7"},
        Case{"<form method=post action=/f><input type=image alt=Git></form>",
             "POST https://portal.example/f x=7&y=7"},
        // What is switched off, unchecked or nameless stays; the rest goes as it is.
        Case{"<form method=post action=/f><input name=a value=1 disabled><input value=2>"
             "<input type=checkbox name=b><input type=checkbox name=c checked>"
             "<input type=radio name=d value=3 checked><input type=file name=e>"
             "<input type=reset name=g value=r><textarea name=h>metin</textarea>"
             "<button>Git</button></form>",
             "POST https://portal.example/f c=on&d=3&h=metin"},
        Case{"<form method=post action=/f><select name=a><option value=1><option value=2 selected>"
             "</select><select name=b><option>x<option>y</select>"
             "<select name=c multiple><option value=1></select><button>Git</button></form>",
             "POST https://portal.example/f a=2&b=x"},
        // Hidden by style is hidden from people, not from the form.
        Case{"<form method=post action=/f><div style='display:none'><input name=trap value=1>"
             "</div><button>Git</button></form>",
             "POST https://portal.example/f trap=1"},
        Case{"<form method=post action=/f><button formaction=/g formmethod=get name=a "
             "value=b>Git</button></form>",
             "GET https://portal.example/g?a=b"},
        Case{"<form id=z method=post action=/f><input name=a value=1></form>"
             "<button form=z>Git</button>",
             "POST https://portal.example/f a=1"},
        // Postback, with and without its two fields.
        Case{"<form method=post action=/f><input type=hidden name=__EVENTTARGET>"
             "<input type=hidden name=__EVENTARGUMENT><input type=hidden name=__VIEWSTATE value=v>"
             "<a href=\"javascript:__doPostBack(&#39;a$b&#39;,&#39;c&#39;)\">Git</a>"
             "<input type=submit name=s value=Dur></form>",
             "POST https://portal.example/f __EVENTTARGET=a%24b&__EVENTARGUMENT=c&__VIEWSTATE=v"},
        Case{"<a href=\"javascript:__doPostBack('a','')\">Git</a>"
             "<form method=post action=/f><input type=hidden name=x value=y></form>",
             "POST https://portal.example/f x=y&__EVENTTARGET=a&__EVENTARGUMENT="},
        Case{"<form method=post action=/f name=f><input name=a value=1>"
             "<a href='javascript:document.f.submit()'>Git</a></form>",
             "POST https://portal.example/f a=1"},
        // A script that sends the form around it, by each of its names.
        Case{OfTwo("<a href='#' onclick=\"document.forms['g'].submit(); return false;\">Git</a>"),
             "POST https://portal.example/g b=2"},
        Case{OfTwo("<a href='#' onclick=\"document.forms[1].submit()\">Git</a>"),
             "POST https://portal.example/g b=2"},
        Case{OfTwo("<a href='javascript:window.document.forms.g.submit();'>Git</a>"),
             "POST https://portal.example/g b=2"},
        Case{OfTwo("<a href='javascript:document.g.submit()'>Git</a>"),
             "POST https://portal.example/g b=2"},
        Case{OfTwo("<a href='#' onclick=\"document.getElementById('gi').submit()\">Git</a>"),
             "POST https://portal.example/g b=2"},
        Case{OfTwo("<input type=button value=Git onclick='this.form.submit()'>"),
             "POST https://portal.example/g b=2"},
        // A real button sends its form even without the script; with `return false` only
        // the script does, and the button's own name stays behind.
        Case{OfTwo("<input type=submit name=s value=Git onclick='this.form.submit()'>"),
             "POST https://portal.example/g b=2&s=Git"},
        Case{
            OfTwo("<button name=s value=1 onclick='this.form.submit(); return false'>Git</button>"),
            "POST https://portal.example/g b=2"},
        Case{OfTwo("<input type=submit name=s value=Git onclick='return true;'>"),
             "POST https://portal.example/g b=2&s=Git"},
        Case{OfTwo("<input type=submit name=s value=Git onclick='WebForm_DoPostBackWithOptions("
                   "new WebForm_PostBackOptions(\"s\", \"\", true, \"\", \"\", false, false))'>"),
             "POST https://portal.example/g b=2&s=Git"},
        // One that sends another form, or nobody knows which.
        Case{OfTwo("<a href='#' onclick=\"document.forms['f'].submit()\">Git</a>"), kNot},
        Case{OfTwo("<a href='#' onclick='document.forms[0].submit()'>Git</a>"), kNot},
        Case{OfTwo("<a href='javascript:document.f.submit()'>Git</a>"), kNot},
        Case{OfTwo("<a href='/x' onclick='document.f.submit()'>Git</a>"), kNot},
        Case{OfTwo("<a href='#' onclick=\"document.getElementById('fi').submit()\">Git</a>"), kNot},
        Case{OfTwo("<a href='#' onclick=\"document.getElementById('iki').submit()\">Git</a>"),
             kNot},
        Case{OfTwo("<a href='#' onclick='theForm.submit()'>Git</a>"), kNot},
        Case{OfTwo("<a href='#' onclick='this.form.submit()'>Git</a>"), kNot},
        Case{OfTwo("<a href='#' onclick=\"document.g.b.value='9'; document.g.submit()\">Git</a>"),
             kNot},
        Case{OfTwo("<a href='#' onclick='document.g.submit(); document.f.submit()'>Git</a>"), kNot},
        Case{OfTwo("<div role=button onclick='document.f.submit()'>Git</div>"), kNot},
        Case{OfTwo("<input type=button value=Git onclick='document.f.submit()'>"), kNot},
        Case{OfTwo("<input type=submit value=Git onclick='document.f.submit(); return false'>"),
             kNot},
        Case{OfTwo("<input type=submit value=Git onclick='document.f.submit()'>"), kNot},
        Case{OfTwo("<input type=image alt=Git onclick='document.f.submit()'>"), kNot},
        Case{OfTwo("<button onclick='document.f.submit()'>Git</button>"), kNot},
        Case{OfTwo("<button onclick=\"this.form.b.value='9'\">Git</button>"), kNot},
        Case{OfTwo("<button onclick='return false'>Git</button>"), kNot},
        Case{OfTwo("<input type=submit name=s value=Git onclick='WebForm_DoPostBackWithOptions("
                   "new WebForm_PostBackOptions(\"s\", \"\", true, \"\", \"/x\", false, true))'>"),
             kNot},
        // A postback sends the form made for it, not the one around it.
        Case{"<form method=post action=/f><input type=hidden name=__EVENTTARGET></form>" +
                 OfTwo("<a href=\"javascript:__doPostBack('a','')\">Git</a>"),
             kNot},
        // Old tables, whose form the parser closes at once.
        Case{"<table><form method=post action=/f><tr><td><input name=a value=1>"
             "<td><input type=submit name=b value=Git></tr></form></table>",
             "POST https://portal.example/f a=1&b=Git"},
        Case{"<table><form method=post action=/f><tr><td><input name=a value=1></tr></form>"
             "<form method=post action=/g><tr><td><input name=c value=2>"
             "<input type=submit value=Git></tr></form></table>",
             "POST https://portal.example/g c=2"},
        // What cannot be pressed.
        Case{"<form><button type=button>Git</button></form>", "CONTROL_AMBIGUOUS"},
        Case{"<form><button disabled>Git</button></form>", "CONTROL_AMBIGUOUS"},
        Case{"<button>Git</button>", "CONTROL_AMBIGUOUS"},
        Case{"<a href='javascript:void(0)'>Git</a>", "CONTROL_AMBIGUOUS"},
        Case{"<a href='mailto:a@b.example'>Git</a>", "CONTROL_AMBIGUOUS"},
        Case{"<a href=\"javascript:__doPostBack('a','')\">Git</a>", "CONTROL_AMBIGUOUS"}));

TEST(FormTest, WhatIsTypedGoesInTheFormsCharset) {
  const char* html =
      "<form method=post action=/f><input name=a title=Söz>"
      "<button>Git</button></form>";
  const Page utf8 = PageOf(html);
  EXPECT_EQ(Sent(utf8, {{{&Named(utf8, "Söz"), "İş 1"}}}),
            "POST https://portal.example/f a=%C4%B0%C5%9F+1");
  std::string latin = html;
  latin.replace(latin.find("ö"), 2, "\xF6");
  const Page turkish = PageOf(latin, "text/html; charset=iso-8859-9");
  EXPECT_EQ(Sent(turkish, {{{&Named(turkish, "Söz"), "İş€Ω"}}}),
            "POST https://portal.example/f a=%DD%FE%80%26%23937%3B");
  const Page accepting = PageOf(
      "<form method=post action=/f accept-charset=iso-8859-9>"
      "<input name=a title=Söz><button>Git</button></form>");
  EXPECT_EQ(Sent(accepting, {{{&Named(accepting, "Söz"), "İ"}}}),
            "POST https://portal.example/f a=%DD");
}

TEST(FormTest, Multipart) {
  const Page page = PageOf(
      "<form method=post action=/f enctype=multipart/form-data>"
      "<input name=a title=Söz><button>Git</button></form>");
  const auto request = page.Press(Named(page, "Git"), {{{&Named(page, "Söz"), "x y"}}});
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->content_type.substr(0, 30), "multipart/form-data; boundary=");
  const std::string boundary = "--" + request->content_type.substr(30);
  EXPECT_EQ(std::string_view(request->body),
            boundary + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx y\r\n" + boundary +
                "--\r\n");
}

TEST(FormTest, TheRequestComesFromThePage) {
  const Page page = PageOf("<a href=/x>Git</a>");
  EXPECT_EQ(page.Press(Named(page, "Git"), {})->referer.url, kPageUrl);
}

TEST(FormTest, FieldsOfAnotherFormAreNotTypedInto) {
  const Page page = PageOf(
      "<form><input title=Söz name=a></form><form><button>Git</button></form>"
      "<form><input title=Ölü name=b readonly></form>");
  EXPECT_EQ(Sent(page, {{{&Named(page, "Söz"), "x"}}}), "CONTROL_AMBIGUOUS");
  EXPECT_EQ(Sent(page, {{{&Named(page, "Ölü"), "x"}}}), "CONTROL_AMBIGUOUS");
  EXPECT_EQ(Sent(page, {{{&Named(page, "Git"), "x"}}}), "CONTROL_AMBIGUOUS");
}

}  // namespace
}  // namespace ilkimza::portal
