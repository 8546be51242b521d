// Wipes every block of the heap when it is freed.
//
// `Secret` covers our own copies. On its way through gRPC, Protocol Buffers,
// libcurl and OpenSSL a secret also passes through buffers we do not own; they
// all come from malloc, so this file puts itself before the C library's `free`
// and `realloc` in the programs it is linked into. glibc's own M_PERTURB does
// not reach blocks of its per-thread cache, which is where small ones go.
//
// The cost is one memset for each free. Left out under the sanitizers, which
// have allocators of their own.
#include "base/sanitized.h"

#ifndef ILKIMZA_SANITIZED

#include <malloc.h>

#include <cstddef>
#include <cstring>

extern "C" {

void __libc_free(void* block);     // NOLINT(readability-identifier-naming): glibc names it
void* __libc_malloc(size_t size);  // NOLINT(readability-identifier-naming): glibc names it

void free(void* block) {
  if (block == nullptr) return;
  memset(block, 0, malloc_usable_size(block));
  // Somebody may look at the zeros, as far as the compiler knows. explicit_bzero() says
  // the same with one call more, which counts where each free() makes it.
  __asm__ __volatile__("" : : "r"(block) : "memory");
  __libc_free(block);
}

// Never in place: growing in place is glibc's business, and it does not say
// whether it moved the block before the old one is out of reach.
void* realloc(void* block, size_t size) {
  if (block == nullptr) return __libc_malloc(size);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  const size_t old_size = malloc_usable_size(block);
  if (size <= old_size && size >= old_size / 2) return block;
  void* moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, old_size < size ? old_size : size);
  free(block);
  return moved;
}

}  // extern "C"

#endif
