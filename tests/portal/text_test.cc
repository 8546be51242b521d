// When two texts are the same to a person.
#include "portal/text.h"

#include <gtest/gtest.h>

#include <clocale>
#include <string>

#include "base/utf8.h"

namespace ilkimza::portal {
namespace {

struct Case {
  std::string text;
  std::string folded;
};

class FoldTest : public testing::TestWithParam<Case> {};

TEST_P(FoldTest, Folds) { EXPECT_EQ(Fold(GetParam().text), GetParam().folded); }

INSTANTIATE_TEST_SUITE_P(
    Table, FoldTest,
    testing::Values(Case{"", ""}, Case{" \t\r\n ", ""}, Case{"PIN ve\n  PUK", "pin ve puk"},
                    Case{"GİRİŞ", "giriş"}, Case{"giriş", "giriş"}, Case{"ÇIKIŞ", "çikiş"},
                    Case{"Çıkış", "çikiş"}, Case{"GÜVENLİK SÖZCÜĞÜ", "güvenlik sözcüğü"},
                    Case{"Güvenlik Sözcüğü", "güvenlik sözcüğü"},
                    // The same with the accents as characters of their own.
                    Case{"Gu\u0308venlik So\u0308zcu\u0308g\u0306u\u0308", "güvenlik sözcüğü"},
                    Case{"I\u0307ptal", "iptal"}, Case{"i\u0307ptal", "iptal"},
                    // White space that is not plain, and characters that are not seen.
                    Case{"Kart\u00A0Seri\u2003Numarası", "kart seri numarasi"},
                    Case{"Kimlik\u200B No\u00AD\uFEFF", "kimlik no"},
                    // Beyond the quick path.
                    Case{"ΑΒΓ ß", "αβγ ss"}, Case{"ﬁle", "file"}, Case{"ＰＩＮ", "pin"},
                    Case{"“Giriş” – ‘x’ •", "“giriş” – ‘x’ •"}));

struct LabelCase {
  std::string a;
  std::string b;
  bool same;
};

class LabelTest : public testing::TestWithParam<LabelCase> {};

TEST_P(LabelTest, Compares) { EXPECT_EQ(SameLabel(GetParam().a, GetParam().b), GetParam().same); }

INSTANTIATE_TEST_SUITE_P(
    Table, LabelTest,
    testing::Values(LabelCase{"Kimlik No", "* Kimlik No :", true},
                    LabelCase{"Giriş", "GİRİŞ »", true}, LabelCase{"Giriş", "[ Giriş ]", true},
                    LabelCase{"PIN/PUK Bilgisi", "PIN / PUK Bilgisi", true},
                    LabelCase{"Menü", "| Menü |", true}, LabelCase{"Sil", "Silme", false},
                    LabelCase{"Güvenlik Sözcüğü", "Güvenlik Sözcüğü Tekrarı", false},
                    LabelCase{"Onay", "Onayla", false}, LabelCase{"", ":", true},
                    LabelCase{"Kullanıma Aç", "Kullanima Ac", false}));

// The quick path and ICU have to agree wherever both can go: a composed letter
// folds as its parts do.
TEST(TextTest, ComposedLettersFoldAsTheirParts) {
  const Case pairs[] = {{"Ç", "C\u0327"}, {"ç", "c\u0327"}, {"Ğ", "G\u0306"}, {"ğ", "g\u0306"},
                        {"İ", "I\u0307"}, {"Ö", "O\u0308"}, {"ö", "o\u0308"}, {"Ş", "S\u0327"},
                        {"ş", "s\u0327"}, {"Ü", "U\u0308"}, {"ü", "u\u0308"}, {"Â", "A\u0302"},
                        {"î", "i\u0302"}, {"Û", "U\u0302"}};
  for (const Case& pair : pairs) EXPECT_EQ(Fold(pair.text), Fold(pair.folded)) << pair.text;
}

TEST(TextTest, FoldingTwiceIsFoldingOnce) {
  for (const char* text : {"SMS Onay Ekranı", "ΑΒΓ İI ıi", "a\u200Bb \u00A0 c", "½ … ²"}) {
    EXPECT_EQ(Fold(Fold(text)), Fold(text));
    EXPECT_EQ(FoldLabel(FoldLabel(text)), FoldLabel(text));
  }
}

TEST(TextTest, TheLocaleHasNoPart) {
  ASSERT_NE(std::setlocale(LC_ALL, "tr_TR.UTF-8"), nullptr);
  EXPECT_EQ(Fold("PIN GİRİŞ Kayıt"), "pin giriş kayit");
  std::setlocale(LC_ALL, "C");
}

TEST(TextTest, TidyKeepsLetters) {
  EXPECT_EQ(Tidy("  54*\u00A0***\n ** 25 "), "54* *** ** 25");
  EXPECT_EQ(Tidy("İI\u200Bıi"), "İIıi");
}

TEST(TextTest, BrokenBytesDoNoHarm) {
  for (const char* bad : {"\xC3", "a\xE2\x80", "\xF0\x9F", "İ\xC4"}) {
    EXPECT_TRUE(IsUtf8(Fold(bad)));
  }
}

}  // namespace
}  // namespace ilkimza::portal
