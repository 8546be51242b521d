#include "sandbox/person/picture.h"

#include <png.h>

#include <algorithm>
#include <vector>

#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

struct Grey {
  int width = 0;
  int height = 0;
  std::vector<png_byte> pixels;

  // Dark on average in the cell that starts there.
  [[nodiscard]] bool Dark(double left, double top, double size) const {
    int sum = 0;
    int count = 0;
    for (int y = static_cast<int>(top); y < std::min<double>(top + size, height); ++y) {
      for (int x = static_cast<int>(left); x < std::min<double>(left + size, width); ++x) {
        sum += pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                      static_cast<std::size_t>(x)];
        ++count;
      }
    }
    return count > 0 && sum / count < 140;
  }
};

Grey Decode(std::string_view bytes) {
  Grey grey;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) return grey;
  if (image.width > 1000 || image.height > 400) {
    png_image_free(&image);
    return grey;
  }
  image.format = PNG_FORMAT_GRAY;
  grey.pixels.resize(PNG_IMAGE_SIZE(image));
  const png_color white{255, 255, 255};
  if (png_image_finish_read(&image, &white, grey.pixels.data(), 0, nullptr) == 0) return grey;
  grey.width = static_cast<int>(image.width);
  grey.height = static_cast<int>(image.height);
  return grey;
}

}  // namespace

std::string HalfBlocks(std::string_view png, int columns, std::string_view indent) {
  const Grey grey = Decode(png);
  if (grey.width == 0 || columns < 1) return "";
  const double cell = std::max(1.0, static_cast<double>(grey.width) / columns);
  std::string out;
  for (double y = 0; y < grey.height; y += 2 * cell) {
    std::string line(indent);
    for (double x = 0; x + cell / 2 < grey.width; x += cell) {
      const bool upper = grey.Dark(x, y, cell);
      const bool lower = grey.Dark(x, y + cell, cell);
      line += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    AddTo(out, line.substr(0, line.find_last_not_of(' ') + 1), "\n");
  }
  return out;
}

}  // namespace ilkimza::sandbox
