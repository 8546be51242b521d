// Markups of the practice portal. One `Renderer` draws any `Page` in its own way
// and reads back what a browser sends from it:
//
//   html5     today's markup: labels, main, h1, buttons
//   tables    nested tables, the label in a neighbouring cell, image buttons,
//             upper-case tags, no label and no meaningful name anywhere
//   postback  one big form, __VIEWSTATE and __doPostBack links
//
// Each style has paths of its own, so a request tells its style. All renderers
// are stateless and thread-safe. Texts are UTF-8 here; charset.h encodes pages.
#ifndef ILKIMZA_SANDBOX_RENDERER_H_
#define ILKIMZA_SANDBOX_RENDERER_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/page.h"

namespace ilkimza::sandbox {

enum class Style { kHtml5, kTables, kPostback };
inline constexpr Style kStyles[] = {Style::kHtml5, Style::kTables, Style::kPostback};

std::string_view NameOf(Style style);
std::optional<Style> StyleNamed(std::string_view name);

using Parameters = std::multimap<std::string, std::string>;

struct RenderContext {
  // For the page's meta element; empty: none is written.
  std::string meta_charset;
  // The anti-CSRF token.
  std::string token;
  // Names the captcha image of this showing.
  std::string captcha_id;
  // Instead of the page's own path; for the off-site form fault.
  std::string form_action;
};

// A form as it came in.
struct Submission {
  // Nothing where the request names no known action.
  std::optional<Act> act;
  Screen target = Screen::kEntrance;
  int argument = 0;
  std::map<Field, std::string> values;
  std::string token;

  // Empty where the field was not sent.
  [[nodiscard]] const std::string& value(Field field) const;
};

class Renderer {
 public:
  virtual ~Renderer() = default;
  [[nodiscard]] virtual std::string PathOf(Screen screen) const = 0;
  [[nodiscard]] virtual std::string Render(const Page& page,
                                           const RenderContext& context) const = 0;
  [[nodiscard]] virtual Submission Read(const Parameters& parameters) const = 0;
  [[nodiscard]] virtual std::string_view cookie() const = 0;
  // Where the captcha image lies; without its id.
  [[nodiscard]] virtual std::string_view captcha_path() const = 0;
  // The parameter that names the image; empty: the image changes at each fetch.
  [[nodiscard]] virtual std::string_view captcha_parameter() const = 0;
};

const Renderer& RendererOf(Style style);

struct Place {
  Style style = Style::kHtml5;
  Screen screen = Screen::kEntrance;
  // The path is the one of the style's captcha image.
  bool captcha = false;
};
// "/" is the entrance in `default_style`.
std::optional<Place> PlaceOf(std::string_view path, Style default_style);

// Parts that the styles share.
std::string Escaped(std::string_view text);
// Bytes outside of unreserved characters as %XX.
std::string PercentEncoded(std::string_view text);
// A non-negative number of up to four digits that `text` consists of.
std::optional<int> SmallNumber(std::string_view text);
// The path of a picture with `text` on it; see `ButtonImage` in captcha.h.
std::string TextImagePath(std::string_view text);
inline constexpr std::string_view kTextImagePath = "/g/yazi.png";

const Renderer& Html5Renderer();
const Renderer& TablesRenderer();
const Renderer& PostbackRenderer();

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_RENDERER_H_
