// The HTML parser, held within limits. Inside of portal/ only.
//
// Gumbo takes its memory from the page's arena, which is faster than the heap and
// is wiped as a whole; when the page asks for more than `Limits`, parsing is left
// by a jump, which is sound because nothing but the arena owns anything.
#ifndef ILKIMZA_PORTAL_TREE_H_
#define ILKIMZA_PORTAL_TREE_H_

#include <gumbo.h>

#include <memory_resource>
#include <string_view>

#include "absl/strings/match.h"

namespace ilkimza::portal {

// The tree, or nullptr where the page is beyond the limits. It lives in `arena`
// and needs no freeing; `html` must outlive it.
const GumboOutput* ParseTree(std::string_view html, std::pmr::memory_resource& arena);

// The value of an attribute by its lower-case name, nullptr if absent.
const char* Attribute(const GumboElement& element, std::string_view name);

// What an attribute says, empty where it is absent.
inline std::string_view AsView(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

// Words of HTML and CSS are the same in capital and in small letters, whatever the locale.
inline bool Same(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase({a.data(), a.size()}, {b.data(), b.size()});
}

// Elements that break lines, as browsers lay them out by default.
bool IsBlock(GumboTag tag);

// True for the elements whose content nobody sees.
bool IsUnseen(GumboTag tag);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_TREE_H_
