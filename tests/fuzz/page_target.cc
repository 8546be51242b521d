// A page from a portal, up to the screen and the clicks that are allowed on it. The
// first byte says which charset the header names. See page_to_screen.h for the promises.
#include <chrono>

#include "sandbox/charset.h"
#include "sandbox/flow.h"
#include "tests/fuzz/page_to_screen.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

using sandbox::Screen;
using sandbox::Session;

// A visitor who may see all screens of one part of the portal.
sandbox::Session Visitor(const sandbox::Holder& holder, Session::Stage stage) {
  Session session;
  session.stage = stage;
  session.national_id = holder.national_id;
  session.link = "link";
  session.result = "Güvenlik Sözcüğü başarıyla güncellenmiştir";
  if (stage == Session::Stage::kMember) session.to_delete = {holder.cards[0].serial};
  return session;
}

// Every screen of the practice portal, the error notes of some with it.
std::vector<sandbox::Page> Screens() {
  sandbox::State state{sandbox::PortalRules()};
  state.world = sandbox::MadeUpWorld(1);
  state.world.holders[0].cards.push_back(state.world.holders[0].cards[0]);
  state.world.holders[0].cards[1].serial.back() = '7';
  sandbox::Flow flow(state, "https://portal.example/");
  std::vector<sandbox::Page> pages;
  for (int screen = 0; screen < sandbox::kScreenCount; ++screen) {
    for (const auto stage : {Session::Stage::kVisitor, Session::Stage::kPhone,
                             Session::Stage::kCode, Session::Stage::kMember}) {
      Session session = Visitor(state.world.holders[0], stage);
      session.sms_deadline = sandbox::SteadyTime() + std::chrono::seconds(290);
      if (stage == Session::Stage::kVisitor) {
        session.notes.push_back({sandbox::Note::Kind::kError, "Resimdeki yazıyı hatalı girdiniz."});
      }
      sandbox::Visit visit{.session = &session, .now = sandbox::SteadyTime()};
      auto outcome = flow.Show(static_cast<Screen>(screen), "", visit);
      if (!outcome.page) continue;
      pages.push_back(*std::move(outcome.page));
      // Beyond the notes most screens look the same to everybody.
      if (stage != Session::Stage::kVisitor) break;
    }
  }
  return pages;
}

}  // namespace

bool TakeInput(std::string_view input) {
  return portal::PageToScreen(input) != portal::profile_v1::SCREEN_KIND_UNSPECIFIED;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const sandbox::Page& page : Screens()) {
    for (const sandbox::Style style : sandbox::kStyles) {
      for (const auto charset : {sandbox::Charset::kUtf8, sandbox::Charset::kLatin5}) {
        const sandbox::RenderContext context{.meta_charset = std::string(NameOf(charset)),
                                             .token = "0123456789abcdef",
                                             .captcha_id = "c1"};
        const std::string html = sandbox::RendererOf(style).Render(page, context);
        const char header = charset == sandbox::Charset::kUtf8 ? 0 : 1;
        std::string seed = header + sandbox::Encoded(html, charset);
        // The portal has screens that no step needs, and that nobody recognises.
        if (TakeInput(seed)) seeds.push_back(std::move(seed));
      }
    }
  }
  // Ten screens that are recognised, in six markups.
  FUZZ_CHECK(seeds.size() >= 60);
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
