// A picture in a terminal. Stateless and thread-safe.
#ifndef ILKIMZA_SANDBOX_PERSON_PICTURE_H_
#define ILKIMZA_SANDBOX_PERSON_PICTURE_H_

#include <string>
#include <string_view>

namespace ilkimza::sandbox {

// Draws a PNG with half blocks, dark on the terminal's ground, at most `columns`
// wide; each line starts with `indent`. Empty where the bytes are no PNG of at most
// 1000 x 400 pixels.
std::string HalfBlocks(std::string_view png, int columns, std::string_view indent);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PERSON_PICTURE_H_
