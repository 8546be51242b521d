// Which elements a person can see, as far as a page itself says so: its style
// attributes and its own style sheet. Inside of portal/ only.
//
// Of style sheets only rules with one simple selector are read (`p`, `.class`,
// `#id`, `p.class`); those that hang on a medium are left out, and so is a style sheet
// that is not for every screen (IsForScreens). What is missed makes
// a page look fuller than it is, which ends in "not sure", never in a wrong click.
#ifndef ILKIMZA_PORTAL_STYLE_H_
#define ILKIMZA_PORTAL_STYLE_H_

#include <gumbo.h>

#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

namespace ilkimza::portal {

enum class Sight {
  kSeen,
  // Moved off the screen or shrunk to nothing: screen readers still read it.
  kOff,
  kGone
};

// Whether the media attribute of a style sheet surely applies it here: it is empty, or
// one of its items is "all" or "screen" and nothing else.
bool IsForScreens(std::string_view media);

class StyleSheet {
 public:
  explicit StyleSheet(std::pmr::memory_resource& arena) : arena_(arena), rules_(&arena) {}
  // Adds the rules of one <style>; `css` lives as long as the sheet.
  void Add(std::string_view css);
  // The sight of `element` by itself, whatever is around it.
  [[nodiscard]] Sight Of(const GumboElement& element) const;

 private:
  // What declarations say; unset where they say nothing.
  struct Effect {
    std::optional<bool> displayed;
    std::optional<bool> visible;
    std::optional<bool> on_screen;
  };
  struct Rule {
    std::string_view tag;
    std::string_view id;
    std::string_view style_class;
    Effect effect;
  };

  static void Read(std::string_view declarations, Effect& effect);
  static bool ReadSelector(std::string_view selector, Rule& rule);
  static bool Matches(const Rule& rule, GumboTag tag, std::string_view id,
                      std::string_view classes);
  static void Merge(const Effect& from, Effect& into);

  std::pmr::memory_resource& arena_;
  std::pmr::vector<Rule> rules_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_STYLE_H_
