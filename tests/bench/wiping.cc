#include "tests/bench/wiping.h"

#include <malloc.h>

#include <atomic>

#include "base/sanitized.h"

// The very code of the programs, under other names.
#define free WipingFree
#define realloc WipingRealloc
#include "base/wipe_on_free.cc"  // NOLINT(bugprone-suspicious-include)
#undef free
#undef realloc

namespace ilkimza::bench {
namespace {

std::atomic<bool> g_wiping = false;

}  // namespace

Wiping::Wiping() { g_wiping.store(true); }
Wiping::~Wiping() { g_wiping.store(false); }

}  // namespace ilkimza::bench

#ifndef ILKIMZA_SANITIZED

extern "C" {

void __libc_free(void* block);                   // NOLINT(readability-identifier-naming)
void* __libc_realloc(void* block, size_t size);  // NOLINT(readability-identifier-naming)

void free(void* block) {
  const bool wipe = ilkimza::bench::g_wiping.load(std::memory_order_relaxed);
  wipe ? WipingFree(block) : __libc_free(block);
}

void* realloc(void* block, size_t size) {
  const bool wipe = ilkimza::bench::g_wiping.load(std::memory_order_relaxed);
  return wipe ? WipingRealloc(block, size) : __libc_realloc(block, size);
}

}  // extern "C"

#endif
