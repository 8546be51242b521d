// What a page holds. Inside of portal/ only: page.cc builds it, form.cc sends from it.
#ifndef ILKIMZA_PORTAL_PAGE_IMPL_H_
#define ILKIMZA_PORTAL_PAGE_IMPL_H_

#include <gumbo.h>

#include <memory_resource>
#include <string_view>
#include <vector>

#include "portal/page.h"
#include "portal/wiped.h"

namespace ilkimza::portal {

// Something that may be sent with a form, seen or not.
struct FormElement {
  const GumboElement* node = nullptr;
  int form = -1;
  std::string_view type;  // as for <input>; "select", "textarea", "button"
};

struct Form {
  const GumboElement* node = nullptr;
  std::string_view id;
  std::string_view name;
  // Where the source closes it; 0: not looked for yet.
  std::size_t closed_at = 0;
};

class Page::Impl {
 public:
  explicit Impl(std::size_t html_size) : arena(html_size * 12 + 4096, WipingHeap()) {}

  Address address;
  int status = 0;
  Charset charset = Charset::kUtf8;
  WipedString html;
  // Owns the tree and all texts made from it.
  std::pmr::monotonic_buffer_resource arena;
  std::pmr::vector<Line> lines{&arena};
  std::pmr::vector<Control> controls{&arena};
  std::pmr::vector<Image> images{&arena};
  std::pmr::vector<Form> forms{&arena};
  std::pmr::vector<FormElement> elements{&arena};
  // Where relative addresses start: the page, or its <base>.
  std::string base;
  uint64_t structure = 0;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_PAGE_IMPL_H_
