#include "portal/tree.h"

#include <time.h>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstring>
#include <utility>

#include "portal/page.h"

namespace ilkimza::portal {
namespace {

struct Budget {
  std::pmr::memory_resource* arena;
  double cpu_seconds_at_start;
  std::size_t memory = 0;
  int allocations = 0;
  // What is left of the block that was taken from the arena last: the parser asks for
  // hundreds of small pieces, the arena answers through a virtual call.
  char* free = nullptr;
  std::size_t left = 0;
  std::jmp_buf beyond;
};

constexpr std::size_t kAlignment = alignof(std::max_align_t);
constexpr std::size_t kBlock = 4096;

// Of this thread, so that a busy machine changes nothing.
double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Some of the parser's work is quadratic in what one tag or one nesting may hold.
bool IsOutOfTime(const Budget& budget) {
  constexpr int kLookEvery = 512;
  return budget.allocations % kLookEvery == 0 &&
         CpuSeconds() - budget.cpu_seconds_at_start > Limits::kCpuSeconds;
}

void* Allocate(void* self, std::size_t size) {
  auto& budget = *static_cast<Budget*>(self);
  budget.memory += size;
  if (++budget.allocations > Limits::kAllocations || budget.memory > Limits::kMemory ||
      IsOutOfTime(budget)) {
    std::longjmp(budget.beyond, 1);
  }
  size = (size + kAlignment - 1) / kAlignment * kAlignment;
  if (size > budget.left) {
    budget.left = std::max(size, kBlock);
    budget.free = static_cast<char*>(budget.arena->allocate(budget.left, kAlignment));
  }
  budget.left -= size;
  return std::exchange(budget.free, budget.free + size);
}

void Free(void*, void*) {}  // the arena does

}  // namespace

const GumboOutput* ParseTree(std::string_view html, std::pmr::memory_resource& arena) {
  Budget budget;
  budget.arena = &arena;
  budget.cpu_seconds_at_start = CpuSeconds();
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = Allocate;
  options.deallocator = Free;
  options.userdata = &budget;
  options.max_errors = 0;
  if (setjmp(budget.beyond) != 0) return nullptr;
  return gumbo_parse_with_options(&options, html.data(), html.size());
}

const char* Attribute(const GumboElement& element, std::string_view name) {
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
    if (name == attribute->name) return attribute->value;
  }
  return nullptr;
}

bool IsBlock(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_BR:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_CENTER:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_DIR:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_HGROUP:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_LEGEND:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_MENU:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_P:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_TH:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_UL:
      return true;
    default:
      return false;
  }
}

bool IsUnseen(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_DATALIST:
      return true;
    default:
      return false;
  }
}

}  // namespace ilkimza::portal
