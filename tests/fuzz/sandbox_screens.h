// Every screen of the practice portal as a page, for tests that need them all.
#ifndef ILKIMZA_TESTS_FUZZ_SANDBOX_SCREENS_H_
#define ILKIMZA_TESTS_FUZZ_SANDBOX_SCREENS_H_

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/charset.h"
#include "sandbox/flow.h"

namespace ilkimza::testing {

// A visitor who may see all screens of one part of the portal.
inline sandbox::Session VisitorAt(const sandbox::Holder& holder, sandbox::Session::Stage stage) {
  sandbox::Session session;
  session.stage = stage;
  session.national_id = holder.national_id;
  session.link = "link";
  session.result = "Güvenlik Sözcüğü başarıyla güncellenmiştir";
  if (stage == sandbox::Session::Stage::kMember) session.to_delete = {holder.cards[0].serial};
  return session;
}

// A holder of two cards, whose serials end in 0 and in 7.
inline sandbox::World TwoCards() {
  sandbox::World world = sandbox::MadeUpWorld(1);
  world.holders[0].cards.push_back(world.holders[0].cards[0]);
  world.holders[0].cards[1].serial.back() = '7';
  return world;
}

// Every screen of the practice portal, the error notes of some with it.
inline std::vector<sandbox::Page> SandboxScreens() {
  using Stage = sandbox::Session::Stage;
  sandbox::State state{sandbox::PortalRules()};
  state.world = TwoCards();
  sandbox::Flow flow(state, "https://portal.example/");
  std::vector<sandbox::Page> pages;
  for (int screen = 0; screen < sandbox::kScreenCount; ++screen) {
    for (const Stage stage : {Stage::kVisitor, Stage::kPhone, Stage::kCode, Stage::kMember}) {
      sandbox::Session session = VisitorAt(state.world.holders[0], stage);
      session.sms_deadline = sandbox::SteadyTime() + std::chrono::seconds(290);
      if (stage == Stage::kVisitor) {
        session.notes.push_back({sandbox::Note::Kind::kError, "Resimdeki yazıyı hatalı girdiniz."});
      }
      sandbox::Visit visit{.session = &session, .now = sandbox::SteadyTime()};
      auto outcome = flow.Show(static_cast<sandbox::Screen>(screen), "", visit);
      if (!outcome.page) continue;
      pages.push_back(*std::move(outcome.page));
      // Beyond the notes most screens look the same to everybody.
      if (stage != Stage::kVisitor) break;
    }
  }
  return pages;
}

// As a browser gets it.
inline std::string RenderedPage(const sandbox::Page& page, sandbox::Style style,
                                sandbox::Charset charset = sandbox::Charset::kUtf8) {
  const sandbox::RenderContext context{.meta_charset = std::string(NameOf(charset)),
                                       .token = "0123456789abcdef",
                                       .captcha_id = "c1"};
  return sandbox::Encoded(sandbox::RendererOf(style).Render(page, context), charset);
}

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_FUZZ_SANDBOX_SCREENS_H_
