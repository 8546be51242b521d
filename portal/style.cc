#include "portal/style.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "portal/tree.h"

namespace ilkimza::portal {
namespace {

constexpr std::size_t kMostRules = 500;
constexpr int kFarAway = 500;  // pixels

std::string_view Trim(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
  return text;
}

// "-9999px" and the like.
bool IsFarAway(std::string_view value) {
  if (value.empty() || value.front() != '-') return false;
  int number = 0;
  std::size_t i = 1;
  for (; i < value.size() && absl::ascii_isdigit(value[i]) && number < 100'000; ++i) {
    number = number * 10 + (value[i] - '0');
  }
  const std::string_view unit = value.substr(std::min(i, value.size()));
  return number >= kFarAway || (number >= 50 && Same(unit.substr(0, 2), "em"));
}

// Zero, or close to it, in any unit.
bool IsNothing(std::string_view value) {
  return !value.empty() && (value.front() == '0' || Same(value, "1px")) &&
         value.find_first_of("23456789") == std::string_view::npos;
}

// Blanks comments out.
std::string_view WithoutComments(std::string_view css, std::pmr::memory_resource& arena) {
  if (css.find("/*") == std::string_view::npos) return css;
  char* copy = static_cast<char*>(arena.allocate(css.size(), 1));
  std::memcpy(copy, css.data(), css.size());
  const std::string_view text(copy, css.size());
  for (std::size_t at = text.find("/*"); at != std::string_view::npos; at = text.find("/*", at)) {
    const std::size_t end = std::min(text.find("*/", at + 2), text.size() - 2) + 2;
    std::memset(copy + at, ' ', end - at);
    at = end;
  }
  return text;
}

// The end of the block that opens at `open`, past its brace.
std::size_t EndOfBlock(std::string_view css, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < css.size(); ++i) {
    if (css[i] == '{') ++depth;
    if (css[i] == '}' && --depth == 0) return i + 1;
  }
  return css.size();
}

}  // namespace

bool IsForScreens(std::string_view media) {
  if (Trim(media).empty()) return true;
  while (!media.empty()) {
    const std::size_t end = std::min(media.find(','), media.size());
    const std::string_view one = Trim(media.substr(0, end));
    if (Same(one, "all") || Same(one, "screen")) return true;
    media.remove_prefix(std::min(end + 1, media.size()));
  }
  return false;
}

void StyleSheet::Read(std::string_view declarations, Effect& effect) {
  while (!declarations.empty()) {
    const std::size_t end = std::min(declarations.find(';'), declarations.size());
    const std::string_view one = declarations.substr(0, end);
    declarations.remove_prefix(std::min(end + 1, declarations.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = Trim(one.substr(0, colon));
    std::string_view value = Trim(one.substr(colon + 1));
    value = Trim(value.substr(0, value.find('!')));
    if (Same(name, "display")) {
      effect.displayed = !Same(value, "none");
    } else if (Same(name, "visibility")) {
      effect.visible = !Same(value, "hidden") && !Same(value, "collapse");
    } else if (Same(name, "opacity")) {
      effect.visible = !(value == "0" || value == "0.0" || value == "0%");
    } else if (Same(name, "left") || Same(name, "top") || Same(name, "right") ||
               Same(name, "text-indent") || Same(name, "margin-left") || Same(name, "margin-top")) {
      if (IsFarAway(value)) effect.on_screen = false;
    } else if (Same(name, "height") || Same(name, "width") || Same(name, "font-size")) {
      if (IsNothing(value)) effect.on_screen = false;
    } else if (Same(name, "clip")) {
      if (!Same(value, "auto")) effect.on_screen = false;
    }
  }
}

bool StyleSheet::ReadSelector(std::string_view selector, Rule& rule) {
  selector = Trim(selector);
  const std::size_t mark = selector.find_first_of(".#");
  rule.tag = selector.substr(0, mark);
  if (rule.tag == "*") return false;
  if (mark != std::string_view::npos) {
    (selector[mark] == '.' ? rule.style_class : rule.id) = selector.substr(mark + 1);
  }
  const auto simple = [](std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char c) {
      return absl::ascii_isalnum(c) || c == '-' || c == '_' || (c & 0x80) != 0;
    });
  };
  return !selector.empty() && simple(rule.tag) && simple(rule.id) && simple(rule.style_class);
}

void StyleSheet::Add(std::string_view css) {
  css = WithoutComments(css, arena_);
  for (std::size_t at = 0; at < css.size() && rules_.size() < kMostRules;) {
    const std::size_t open = css.find('{', at);
    if (open == std::string_view::npos) return;
    std::string_view selectors = Trim(css.substr(at, open - at));
    const std::size_t end = EndOfBlock(css, open);
    at = end;
    if (const std::size_t statement = selectors.rfind(';'); statement != std::string_view::npos) {
      selectors = Trim(selectors.substr(statement + 1));  // after an @import
    }
    if (selectors.empty() || selectors.front() == '@') continue;
    Effect effect;
    Read(css.substr(open + 1, end - open - 2), effect);
    if (!effect.displayed && !effect.visible && !effect.on_screen) continue;
    while (!selectors.empty()) {
      const std::size_t comma = std::min(selectors.find(','), selectors.size());
      Rule rule;
      if (ReadSelector(selectors.substr(0, comma), rule)) {
        rule.effect = effect;
        rules_.push_back(rule);
      }
      selectors.remove_prefix(std::min(comma + 1, selectors.size()));
    }
  }
}

bool StyleSheet::Matches(const Rule& rule, GumboTag tag, std::string_view id,
                         std::string_view classes) {
  if (!rule.id.empty() && rule.id != id) return false;
  if (!rule.tag.empty() && !Same(rule.tag, gumbo_normalized_tagname(tag))) return false;
  if (rule.style_class.empty()) return true;
  while (!classes.empty()) {
    const std::size_t end = std::min(classes.find_first_of(" \t\r\n\f"), classes.size());
    if (classes.substr(0, end) == rule.style_class) return true;
    classes.remove_prefix(std::min(end + 1, classes.size()));
  }
  return false;
}

void StyleSheet::Merge(const Effect& from, Effect& into) {
  if (from.displayed) into.displayed = from.displayed;
  if (from.visible) into.visible = from.visible;
  if (from.on_screen) into.on_screen = from.on_screen;
}

Sight StyleSheet::Of(const GumboElement& element) const {
  std::string_view id;
  std::string_view classes;
  const char* style = nullptr;
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto& attribute = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
    const std::string_view name = attribute.name;
    if (name == "hidden") return Sight::kGone;
    if (name == "aria-hidden" && Same(attribute.value, "true")) return Sight::kGone;
    if (name == "style") style = attribute.value;
    if (name == "class") classes = attribute.value;
    if (name == "id") id = attribute.value;
  }
  Effect effect;
  for (const Rule& rule : rules_) {
    if (Matches(rule, element.tag, id, classes)) Merge(rule.effect, effect);
  }
  if (style != nullptr) Read(style, effect);
  if (!effect.displayed.value_or(true) || !effect.visible.value_or(true)) return Sight::kGone;
  return effect.on_screen.value_or(true) ? Sight::kSeen : Sight::kOff;
}

}  // namespace ilkimza::portal
