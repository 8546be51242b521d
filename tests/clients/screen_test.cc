// Text in columns, with letters of more than one byte.
#include "clients/cli/screen.h"

#include <gtest/gtest.h>

namespace ilkimza::client {
namespace {

TEST(Columns, CountsLettersNotBytes) {
  EXPECT_EQ(Columns("İlkimza"), 7u);
  EXPECT_EQ(Columns("✓ ışık"), 6u);
  EXPECT_EQ(Columns("\x1b[1mkalın\x1b[0m"), 5u);
}

TEST(Shorten, CutsBetweenLetters) {
  EXPECT_EQ(Shorten("güvenlik", 8), "güvenlik");
  EXPECT_EQ(Shorten("güvenlik", 3), "gü…");
  for (size_t width = 1; width < 9; ++width) {
    EXPECT_EQ(Columns(Shorten("ğüşiöçİı+", width)), width);
  }
}

TEST(Wrap, KeepsEveryWordAndTheWidth) {
  const std::string text = "Çipi işaretli yerlerinden kırarak çıkarın ve okuyucuya takın.";
  for (const size_t width : {size_t{12}, size_t{20}, size_t{33}, size_t{200}}) {
    std::string joined;
    for (const std::string& line : Wrap(text, width)) {
      EXPECT_LE(Columns(line), width);
      joined += (joined.empty() ? "" : " ") + line;
    }
    EXPECT_EQ(joined, text);
  }
  EXPECT_EQ(Wrap("", 10).size(), 1u);
}

// A reader's name must not steer the terminal.
TEST(Printable, TakesControlCharactersAway) {
  EXPECT_EQ(Printable("a\x1b[2Jb\r\nc\x7f"), "a [2Jb  c ");
  EXPECT_EQ(Printable("Ayşe"), "Ayşe");
}

}  // namespace
}  // namespace ilkimza::client
