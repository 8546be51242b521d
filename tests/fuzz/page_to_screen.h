// Everything that bytes from a portal go through, from page to screen. One input
// for the fuzz target and the mutation test.
#ifndef ILKIMZA_TESTS_FUZZ_PAGE_TO_SCREEN_H_
#define ILKIMZA_TESTS_FUZZ_PAGE_TO_SCREEN_H_

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "portal/certificates.h"
#include "portal/conversation.h"
#include "portal/page.h"
#include "portal/profile.h"
#include "portal/screen.h"

namespace ilkimza::portal {

// Whether a control of this name, as it is read out or as it is seen, is out of the step's
// reach: pressed by nobody, or by another step alone.
inline bool IsForbidden(const Profile& profile, v1::StepKind step, std::string_view label) {
  const v1::StepKind owner = profile.ReservedFor(label);
  return profile.NeverPressed(label) || (owner != v1::STEP_KIND_UNSPECIFIED && owner != step);
}

// Whether the step presses a button of this name on such a screen.
inline bool IsNamedByStep(const Profile& profile, v1::StepKind kind, profile_v1::ScreenKind screen,
                          std::string_view label) {
  const Profile::Step* step = profile.step(kind);
  if (step == nullptr) return false;
  return std::any_of(step->moves.begin(), step->moves.end(), [&](const Profile::Move& move) {
    const auto& names = move.press->names;
    return std::find(move.on.begin(), move.on.end(), screen) != move.on.end() &&
           std::find(names.begin(), names.end(), label) != names.end();
  });
}

// The first byte says which charset the header names. nullopt where the bytes are no page,
// UNSPECIFIED where they are one that the profile does not know. Aborts where a promise
// breaks: the same bytes are the same screen, a control that may be pressed is one that the
// step names, and nothing may be that is never pressed or reserved for another step.
inline std::optional<profile_v1::ScreenKind> PageToScreen(std::string_view input) {
  static const Profile profile = *Profile::Named("kamusm");
  static constexpr const char* kTypes[] = {"text/html; charset=utf-8",
                                           "text/html; charset=iso-8859-9", "text/html"};
  if (input.empty()) return std::nullopt;
  Response response;
  response.address = *ParseAddress("", "https://portal.example/dir/page?q");
  response.status = 200;
  response.content_type = kTypes[static_cast<unsigned char>(input[0]) % 3];
  response.body = WipedString(input.substr(1));
  const auto page = Page::Parse(response, Charset::kUtf8);
  if (!page.ok()) return std::nullopt;

  const Recognition seen = Recognise(*page, profile);
  const auto again = Page::Parse(response, Charset::kUtf8);
  if (Recognise(*again, profile).kind != seen.kind) std::abort();
  if (again->fingerprint() != page->fingerprint()) std::abort();
  ReadSerials(*page, profile);
  for (int step = v1::StepKind_MIN; step <= v1::StepKind_MAX; ++step) {
    const auto kind = static_cast<v1::StepKind>(step);
    FindMessage(*page, profile, kind, {});
    for (const Control& control : page->controls()) {
      if (!CheckClick(profile, kind, seen.kind, control).ok()) continue;
      if (!seen.sure()) std::abort();
      if (!IsNamedByStep(profile, kind, seen.kind, control.label)) std::abort();
      if (IsForbidden(profile, kind, control.label)) std::abort();
      if (IsForbidden(profile, kind, control.shown)) std::abort();
    }
  }
  for (const Control& control : page->controls()) {
    const Fill fill{&control, "typed"};
    static_cast<void>(page->Press(control, {}));
    static_cast<void>(page->Press(page->controls().back(), {&fill, 1}));
    static_cast<void>(FindCaptcha(*page, control));
  }
  for (const Image& image : page->images()) static_cast<void>(page->Ask(image));
  for (const Blocks blocks : {Blocks::kPins, Blocks::kPuks, Blocks::kSerials}) {
    const auto cards = ReadCards(*page, profile, blocks);
    if (cards.empty()) continue;
    for (const char* button : {"delete", "revoke_card"}) {
      static_cast<void>(FindCardButton(*page, *profile.button(button), cards, cards[0].serial));
    }
  }
  static_cast<void>(ReadCertificates(*page, profile));
  return seen.kind;
}

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_FUZZ_PAGE_TO_SCREEN_H_
