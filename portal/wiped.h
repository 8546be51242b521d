// Memory that is wiped when it is given back. Pages, form bodies and everything
// read from them live in it: PIN and PUK pass through a page's text.
//
// `Secret` (base/secret.h) is for single secrets; this is for the many small
// blocks of a page, where a guard page for each would be too dear.
#ifndef ILKIMZA_PORTAL_WIPED_H_
#define ILKIMZA_PORTAL_WIPED_H_

#include <string.h>

#include <cstddef>
#include <memory_resource>
#include <new>
#include <string>

namespace ilkimza::portal {

// Wipes each block on deallocation. Stateless.
template <typename T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T))); }
  void deallocate(T* block, std::size_t n) {
    explicit_bzero(block, n * sizeof(T));
    ::operator delete(block);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

// A string that leaves nothing behind. For texts of 16 bytes and more: shorter
// ones lie inside the object itself.
using WipedString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

// The same as a memory resource, to stand below an arena. Thread-safe.
class WipingResource : public std::pmr::memory_resource {
 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return ::operator new(bytes, std::align_val_t(alignment));
  }
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
    explicit_bzero(block, bytes);
    ::operator delete(block, std::align_val_t(alignment));
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return dynamic_cast<const WipingResource*>(&other) != nullptr;
  }
};

// Lives as long as the program.
inline std::pmr::memory_resource* WipingHeap() {
  static WipingResource heap;
  return &heap;
}

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_WIPED_H_
