// Every screen of the practice portal as a page, for tests that need them all.
#ifndef ILKIMZA_TESTS_FUZZ_SANDBOX_SCREENS_H_
#define ILKIMZA_TESTS_FUZZ_SANDBOX_SCREENS_H_

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/charset.h"
#include "sandbox/flow.h"
#include "sandbox/texts.h"

namespace ilkimza::testing {

// A visitor who may see all screens of one part of the portal.
inline sandbox::Session VisitorAt(const sandbox::Holder& holder, sandbox::Session::Stage stage) {
  sandbox::Session session;
  session.stage = stage;
  session.national_id = holder.national_id;
  session.link = "link";
  session.sms_deadline = sandbox::SteadyTime() + std::chrono::seconds(290);
  if (stage == sandbox::Session::Stage::kMember) {
    session.to_delete = {holder.cards[0].serial};
    session.to_revoke = {holder.cards[0].serial};
    session.unblock_code = "123456";
    session.unblock_deadline = session.sms_deadline;
    session.may_see_puk = true;
  }
  return session;
}

// A holder of two cards, whose serials end in 0 and in 7.
inline sandbox::World TwoCards() {
  sandbox::World world = sandbox::MadeUpWorld(1);
  world.holders[0].cards.push_back(world.holders[0].cards[0]);
  world.holders[0].cards[1].serial.back() = '7';
  return world;
}

// The same holder once everything is behind them: nothing to read, activate or revoke.
inline sandbox::World TwoCardsDoneWith() {
  sandbox::World world = TwoCards();
  for (sandbox::CardRecord& card : world.holders[0].cards) {
    card.pin_info = false;
    card.certificate = sandbox::CertificateState::kRevoked;
  }
  return world;
}

// What `Sonuç` says to a visitor, or to a member.
inline std::vector<std::string_view> ResultsAt(sandbox::Session::Stage stage) {
  namespace texts = sandbox::texts;
  if (stage != sandbox::Session::Stage::kMember) return {texts::kWordSet};
  return {texts::kPinDeleted, texts::kActivated, texts::kNothingToActivate, texts::kRevoked,
          texts::kContactUpdated};
}

// Every screen that a holder in `world` may come to, the error notes of some with it.
inline std::vector<sandbox::Page> ScreensIn(const sandbox::World& world) {
  using Stage = sandbox::Session::Stage;
  sandbox::State state{sandbox::PortalRules()};
  state.world = world;
  sandbox::Flow flow(state, "https://portal.example/");
  std::vector<sandbox::Page> pages;
  const auto show = [&](sandbox::Screen screen, Stage stage, std::string_view result) {
    sandbox::Session session = VisitorAt(state.world.holders[0], stage);
    session.result = result;
    if (stage == Stage::kVisitor) {
      session.notes.push_back({sandbox::Note::Kind::kError, "Resimdeki yazıyı hatalı girdiniz."});
    }
    sandbox::Visit visit{.session = &session, .now = sandbox::SteadyTime()};
    auto outcome = flow.Show(screen, "", visit);
    if (outcome.page) pages.push_back(*std::move(outcome.page));
    return outcome.page.has_value();
  };
  for (int i = 0; i < sandbox::kScreenCount; ++i) {
    const auto screen = static_cast<sandbox::Screen>(i);
    for (const Stage stage : {Stage::kVisitor, Stage::kPhone, Stage::kCode, Stage::kMember}) {
      if (screen == sandbox::Screen::kResult) {
        if (stage == Stage::kPhone || stage == Stage::kCode) continue;
        for (const std::string_view result : ResultsAt(stage)) show(screen, stage, result);
        continue;
      }
      // Beyond the notes most screens look the same to everybody.
      if (show(screen, stage, "") && stage != Stage::kVisitor) break;
    }
  }
  return pages;
}

// Every screen of the practice portal.
inline std::vector<sandbox::Page> SandboxScreens() {
  std::vector<sandbox::Page> pages = ScreensIn(TwoCards());
  for (sandbox::Page& page : ScreensIn(TwoCardsDoneWith())) {
    const bool differs =
        page.screen == sandbox::Screen::kPin || page.screen == sandbox::Screen::kActivate ||
        page.screen == sandbox::Screen::kRevoke || page.screen == sandbox::Screen::kCertificates;
    if (differs) pages.push_back(std::move(page));
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
