// Whether bytes are text.
//
// Pure functions of their input. Thread-safe.
#ifndef ILKIMZA_BASE_UTF8_H_
#define ILKIMZA_BASE_UTF8_H_

#include <string_view>

namespace ilkimza {

// A byte of UTF-8 that goes on with a character.
inline bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// True if all of `bytes` is well-formed UTF-8: no character is written longer than it
// need be, none is a surrogate, and none is beyond Unicode.
bool IsUtf8(std::string_view bytes);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_UTF8_H_
