#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ilkimza {

bool IsUtf8(std::string_view bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* const end = p + bytes.size();
  while (p < end) {
    uint64_t eight;
    if (end - p >= 8 && (std::memcpy(&eight, p, 8), (eight & 0x8080808080808080u) == 0)) {
      p += 8;
      continue;
    }
    const unsigned char c = *p;
    const std::ptrdiff_t left = end - p;
    if (c < 0x80) {
      p += 1;
    } else if (c >= 0xC2 && c <= 0xDF && left >= 2 && IsContinuation(p[1])) {
      p += 2;
    } else if ((c & 0xF0) == 0xE0 && left >= 3 && IsContinuation(p[1]) && IsContinuation(p[2]) &&
               !(c == 0xE0 && p[1] < 0xA0) && !(c == 0xED && p[1] >= 0xA0)) {
      p += 3;
    } else if (c >= 0xF0 && c <= 0xF4 && left >= 4 && IsContinuation(p[1]) &&
               IsContinuation(p[2]) && IsContinuation(p[3]) && !(c == 0xF0 && p[1] < 0x90) &&
               !(c == 0xF4 && p[1] >= 0x90)) {
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace ilkimza
