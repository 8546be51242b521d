// A page from a portal, up to the screen and the clicks that are allowed on it. The
// first byte says which charset the header names. See page_to_screen.h for the promises.
#include <map>

#include "tests/fuzz/page_to_screen.h"
#include "tests/fuzz/sandbox_screens.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {

bool TakeInput(std::string_view input) { return portal::PageToScreen(input).has_value(); }

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  std::map<portal::profile_v1::ScreenKind, int> seen;
  for (const sandbox::Page& page : testing::SandboxScreens()) {
    for (const sandbox::Style style : sandbox::kStyles) {
      for (const auto charset : {sandbox::Charset::kUtf8, sandbox::Charset::kLatin5}) {
        const char header = charset == sandbox::Charset::kUtf8 ? 0 : 1;
        std::string seed = header + testing::RenderedPage(page, style, charset);
        // The portal has screens that no step needs, and that nobody recognises: errors,
        // maintenance, another way in. A journey comes to them all the same.
        const auto kind = portal::PageToScreen(seed);
        FUZZ_CHECK(kind.has_value());
        ++seen[*kind];
        seeds.push_back(std::move(seed));
      }
    }
  }
  // Every screen that is recognised, in six markups, and some that are not.
  FUZZ_CHECK(seen[portal::profile_v1::SCREEN_KIND_UNSPECIFIED] >= 6);
  const portal::Profile profile = *portal::Profile::Named("kamusm");
  for (const portal::Profile::Screen& screen : profile.screens()) {
    FUZZ_CHECK(seen[screen.kind] >= 6);
  }
  return seeds;
}

std::vector<std::string> Words() {
  return {"<form",
          "</form>",
          "<form method=post action=/x>",
          "<input type=password>",
          "<input type=image src=x alt=Sil>",
          "<input type=hidden name=t>",
          "<table><tr><td>",
          "<tr><td>",
          "</table>",
          "<button>Sil",
          "<button>Onay</button>",
          "<a href=//evil.example>Giriş</a>",
          "<a href=\"javascript:__doPostBack('a','b')\">",
          "<img src=x alt=",
          "<label for=a>",
          "<style>.a{display:none}</style>",
          "<style>*{",
          "<!--",
          "-->",
          "<select>",
          "<svg>",
          "<template>",
          "<base href=/>",
          "<plaintext>",
          "<p hidden>",
          "<div style=display:none>",
          " aria-label=Sil",
          "<a href=/x aria-label=Menü>Sil</a>",
          " aria-labelledby=a",
          " readonly",
          " form=f",
          "&#0;",
          "&#xD800;",
          "&nbsp;",
          "\xC4",
          "\xFF",
          std::string(1, '\0'),
          "Kimlik No",
          "Resimdeki Yazı",
          "Güvenlik Sözcüğü",
          "SMS Onay Ekranı",
          "Telefon Numaranız : 54* 25",
          "Kart Seri Numarası",
          "PIN",
          "Sil",
          "Onay"};
}

}  // namespace ilkimza::fuzz
