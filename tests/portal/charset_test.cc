// Bytes to text and back, by the charset a page names.
#include "portal/charset.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace ilkimza::portal {
namespace {

TEST(CharsetTest, Names) {
  for (const char* name : {"utf-8", "UTF-8", "utf8", " Utf-8 "}) {
    EXPECT_EQ(CharsetByName(name), Charset::kUtf8) << name;
  }
  for (const char* name : {"iso-8859-9", "ISO-8859-9", "latin5", "windows-1254", "cp1254"}) {
    EXPECT_EQ(CharsetByName(name), Charset::kWindows1254) << name;
  }
  EXPECT_EQ(CharsetByName("iso-8859-1"), Charset::kWindows1252);
  for (const char* name : {"", "koi8-r", "utf-16", "iso-8859-99"}) {
    EXPECT_EQ(CharsetByName(name), std::nullopt) << name;
  }
}

struct Case {
  std::string header;
  std::string page;
  Charset expected;
};

class DetectTest : public ::testing::TestWithParam<Case> {};

TEST_P(DetectTest, Detects) {
  const auto charset = DetectCharset(GetParam().header, GetParam().page, Charset::kUtf8);
  ASSERT_TRUE(charset.ok()) << charset.status();
  EXPECT_EQ(*charset, GetParam().expected);
}

constexpr auto kTurkish = Charset::kWindows1254;

INSTANTIATE_TEST_SUITE_P(
    Table, DetectTest,
    ::testing::Values(
        Case{"text/html", "<p>", Charset::kUtf8},
        Case{"text/html; charset=iso-8859-9", "<p>", kTurkish},
        Case{"text/html;charset=\"ISO-8859-9\"", "<p>", kTurkish},
        Case{"text/html; charset = latin5", "<p>", kTurkish},
        Case{"text/html; x=1; Charset=windows-1254; y=2", "<p>", kTurkish},
        Case{"text/html", "<meta charset=iso-8859-9>", kTurkish},
        Case{"text/html", "<META CHARSET='iso-8859-9'/>", kTurkish},
        Case{"text/html",
             "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1254\">",
             kTurkish},
        Case{"text/html", "<!-- <meta charset=utf-8> --><meta charset=iso-8859-9>", kTurkish},
        Case{"text/html", "<meta name=x><meta charset=iso-8859-9>", kTurkish},
        // The header goes before the page, the byte order mark before both.
        Case{"text/html; charset=utf-8", "<meta charset=iso-8859-9>", Charset::kUtf8},
        Case{"text/html; charset=iso-8859-9", "\xEF\xBB\xBF<p>", Charset::kUtf8},
        // Too far down to count, or not within a tag.
        Case{"text/html", std::string(1024, ' ') + "<meta charset=iso-8859-9>", Charset::kUtf8},
        Case{"text/html", "<p>charset=iso-8859-9</p>", Charset::kUtf8}));

TEST(CharsetTest, AnUnknownCharsetIsNotGuessed) {
  EXPECT_EQ(ReasonOf(DetectCharset("text/html; charset=koi8-r", "", kTurkish).status()),
            v1::ERROR_REASON_PAGE_UNREADABLE);
  EXPECT_EQ(ReasonOf(DetectCharset("text/html", "<meta charset=utf-16>", kTurkish).status()),
            v1::ERROR_REASON_PAGE_UNREADABLE);
}

TEST(CharsetTest, Decodes) {
  EXPECT_EQ(std::string_view(*ToUtf8("\xDD\xFD\xDE\xFE\xD0\xF0\xFC\xD6\xE7", kTurkish)),
            "İıŞşĞğüÖç");
  EXPECT_EQ(std::string_view(*ToUtf8("\x80 \x93q\x94", kTurkish)), "€ “q”");
  EXPECT_EQ(std::string_view(*ToUtf8("ışık €", Charset::kUtf8)), "ışık €");
  EXPECT_EQ(std::string_view(*ToUtf8("\xEF\xBB\xBFx", Charset::kUtf8)), "x");
  EXPECT_EQ(std::string_view(*ToUtf8("\xF0\xFD", Charset::kWindows1252)), "ðý");
}

TEST(CharsetTest, BytesThatDoNotFitAreNotPatched) {
  for (const char* bytes : {"a\xFF", "\xC3", "\xED\xA0\x80", "x\x01y", "x\x1By"}) {
    EXPECT_EQ(ReasonOf(ToUtf8(bytes, Charset::kUtf8).status()), v1::ERROR_REASON_PAGE_UNREADABLE);
  }
  for (const char* bytes : {"\x81", "\x8D", "\x9E", "\x02"}) {
    EXPECT_EQ(ReasonOf(ToUtf8(bytes, kTurkish).status()), v1::ERROR_REASON_PAGE_UNREADABLE);
  }
  EXPECT_FALSE(ToUtf8(std::string_view("a\0b", 3), Charset::kUtf8).ok());
}

TEST(CharsetTest, Encodes) {
  EXPECT_EQ(std::string_view(FromUtf8("İıŞş", kTurkish)), "\xDD\xFD\xDE\xFE");
  EXPECT_EQ(std::string_view(FromUtf8("€", kTurkish)), "\x80");
  EXPECT_EQ(std::string_view(FromUtf8("İıŞş", Charset::kUtf8)), "İıŞş");
  // As browsers do with what the charset lacks.
  EXPECT_EQ(std::string_view(FromUtf8("aΩ😀", kTurkish)), "a&#937;&#128512;");
}

TEST(CharsetTest, EveryByteComesBack) {
  for (int byte = 0x20; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    const auto text = ToUtf8(one, kTurkish);
    if (!text.ok()) continue;
    EXPECT_EQ(std::string_view(FromUtf8(*text, kTurkish)), one) << byte;
  }
}

}  // namespace
}  // namespace ilkimza::portal
