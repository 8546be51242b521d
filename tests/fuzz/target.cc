#include "tests/fuzz/target.h"

#include <cstdio>
#include <cstdlib>

namespace ilkimza::fuzz {

void Broken(const char* promise, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this broke: %s\n", file, line, promise);
  std::abort();
}

}  // namespace ilkimza::fuzz
