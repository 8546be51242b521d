// A profile of a portal, as text. One that is loaded holds its own promises: an https
// entrance on its hosts, and no step that presses what nobody presses.
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "portal/page.h"
#include "portal/profile.h"
#include "portal/screen.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

constexpr char kPage[] =
    "<h1>PIN ve PUK Bilgileri</h1><table><tr><th>Açıklama<th>Değer<tr><td>1 Kart Seri Numarası"
    "<td>87211470000000000000<tr><td>PIN<td>1234<tr><td>PUK<td>12345678</table>"
    "<form method=post action=/sil><input name=k><img src=r.png><button>Sil</button></form>";

portal::Page SomePage() {
  portal::Response response;
  response.address = *portal::ParseAddress("", "https://portal.example/");
  response.status = 200;
  response.content_type = "text/html; charset=utf-8";
  response.body = kPage;
  return *portal::Page::Parse(response, portal::Charset::kUtf8);
}

void CheckSteps(const portal::Profile& profile) {
  for (int kind = v1::StepKind_MIN; kind <= v1::StepKind_MAX; ++kind) {
    const portal::Profile::Step* step = profile.step(static_cast<v1::StepKind>(kind));
    if (step == nullptr) continue;
    FUZZ_CHECK(step->kind == kind);
    for (const portal::Profile::Move& move : step->moves) {
      if (move.press == nullptr) continue;
      FUZZ_CHECK(profile.button(move.press->id) == move.press);
      for (const std::string& name : move.press->names) FUZZ_CHECK(!profile.NeverPressed(name));
    }
  }
}

}  // namespace

bool TakeInput(std::string_view input) {
  static const portal::Page page = SomePage();
  const auto profile = portal::Profile::FromText(input, "a.textproto");
  if (!profile.ok()) {
    FUZZ_CHECK(ReasonOf(profile.status()) == v1::ERROR_REASON_BAD_CONFIGURATION);
    FUZZ_CHECK(profile.status().message().find("a.textproto") != absl::string_view::npos);
    return false;
  }
  const auto entrance = portal::ParseAddress("", profile->entrance());
  FUZZ_CHECK(entrance.ok() && profile->origins().Allows(*entrance));
  FUZZ_CHECK(entrance->origin.substr(0, 8) == "https://");
  CheckSteps(*profile);
  const auto elsewhere = profile->WithEntrance("https://localhost:8443/");
  FUZZ_CHECK(elsewhere.ok() && !elsewhere->origins().Allows(*entrance));
  portal::Recognise(page, *profile);
  portal::ReadCards(page, *profile);
  return true;
}

std::vector<std::string> Seeds() {
  std::ifstream file(ILKIMZA_SOURCE_DIR "/portal/profiles/kamusm.textproto");
  return {std::string(std::istreambuf_iterator<char>(file), {})};
}

std::vector<std::string> Words() {
  return {"screens {", "steps {",  "moves {",     "messages {",
          "fields {",  "values {", "buttons {",   "never_press: \"Giriş\"",
          "kind:",     "names:",   "press: \"",   "entrance: \"http://x/\"",
          "hosts: \"", "}",        "any: true",   "per_card: true",
          "1",         "-1",       "99999999999", "\\xff",
          "\\u0130",   "[a.b]",    "<",           ">"};
}

}  // namespace ilkimza::fuzz
