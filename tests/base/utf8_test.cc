#include "base/utf8.h"

#include <gtest/gtest.h>

namespace ilkimza {
namespace {

TEST(Utf8Test, WellFormedOrNot) {
  for (const char* good : {"", "abc", "ğüşiöç", "€", "😀", "aaaaaaaaaaaaaaaaaaaaaş"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                          "\xF5\x80\x80\x80", "\xF4\x90\x80\x80", "abcdefgh\xFE", "\xFD"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

}  // namespace
}  // namespace ilkimza
