// The fingerprint says whether a page has changed, not whose page it is: a holder of
// several cards sees the structure that a holder of one sees, in every markup.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "portal/screen.h"
#include "tests/fuzz/sandbox_screens.h"
#include "tests/portal/page_of.h"

namespace ilkimza::portal {
namespace {

sandbox::World Cards(int count) {
  sandbox::World world = sandbox::MadeUpWorld(1);
  auto& cards = world.holders[0].cards;
  for (int i = 1; i < count; ++i) {
    cards.push_back(cards[0]);
    cards.back().serial.back() = static_cast<char>('0' + i);
  }
  return world;
}

// By screen, one for each page of it.
std::map<profile_v1::ScreenKind, std::vector<std::string>> Fingerprints(const sandbox::World& world,
                                                                        sandbox::Style style) {
  std::map<profile_v1::ScreenKind, std::vector<std::string>> prints;
  for (const sandbox::Page& shown : ilkimza::testing::ScreensIn(world)) {
    const Page page = PageOf(ilkimza::testing::RenderedPage(shown, style));
    const Recognition seen = Recognise(page, KamuSm());
    if (seen.sure()) prints[seen.kind].push_back(page.fingerprint());
  }
  return prints;
}

class FingerprintTest : public ::testing::TestWithParam<sandbox::Style> {};

TEST_P(FingerprintTest, DoesNotCountCards) {
  const auto one = Fingerprints(Cards(1), GetParam());
  for (const profile_v1::ScreenKind kind :
       {profile_v1::SCREEN_KIND_PIN_PAGE, profile_v1::SCREEN_KIND_ACTIVATION,
        profile_v1::SCREEN_KIND_CERTIFICATES, profile_v1::SCREEN_KIND_REVOCATION_CHOICE,
        profile_v1::SCREEN_KIND_PUK_PAGE}) {
    EXPECT_EQ(one.count(kind), 1U) << profile_v1::ScreenKind_Name(kind);
  }
  for (const int count : {2, 3, 7}) {
    for (auto& [kind, prints] : Fingerprints(Cards(count), GetParam())) {
      ASSERT_EQ(one.count(kind), 1U);
      EXPECT_EQ(prints, one.at(kind)) << profile_v1::ScreenKind_Name(kind) << ", " << count;
    }
  }
}

// It still tells pages apart: the forms that ask for something, and what shows it.
TEST_P(FingerprintTest, TellsScreensApart) {
  std::map<std::string, profile_v1::ScreenKind> screens;
  const auto prints = Fingerprints(Cards(2), GetParam());
  for (const profile_v1::ScreenKind kind :
       {profile_v1::SCREEN_KIND_ENTRANCE, profile_v1::SCREEN_KIND_LOGIN,
        profile_v1::SCREEN_KIND_WORD_RESET, profile_v1::SCREEN_KIND_NEW_WORD,
        profile_v1::SCREEN_KIND_SMS_CODE, profile_v1::SCREEN_KIND_MENU,
        profile_v1::SCREEN_KIND_PIN_PAGE, profile_v1::SCREEN_KIND_CERTIFICATES}) {
    for (const std::string& print : prints.at(kind)) {
      const auto known = screens.emplace(print, kind).first;
      EXPECT_EQ(known->second, kind) << profile_v1::ScreenKind_Name(kind);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Styles, FingerprintTest, ::testing::ValuesIn(sandbox::kStyles),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

}  // namespace
}  // namespace ilkimza::portal
