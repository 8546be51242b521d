#include "sandbox/captcha.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include <png.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <vector>

#include "sandbox/random.h"

namespace ilkimza::sandbox {
namespace {

constexpr const char* kFontFile = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";
constexpr double kPi = 3.14159265358979;

double Uniform(double low, double high) {
  return low + (high - low) * RandomBelow(10'001) / 10'000.0;
}

// Grey pixels, 255 is white.
struct Canvas {
  int width;
  int height;
  std::vector<uint8_t> pixels;

  Canvas(int w, int h, uint8_t grey = 255)
      : width(w),
        height(h),
        pixels(static_cast<std::size_t>(w) * static_cast<std::size_t>(h), grey) {}

  [[nodiscard]] bool Holds(int x, int y) const {
    return x >= 0 && y >= 0 && x < width && y < height;
  }
  uint8_t& At(int x, int y) {
    return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
  // Never lightens.
  void Darken(int x, int y, int grey) {
    if (!Holds(x, y)) return;
    At(x, y) = std::min<uint8_t>(At(x, y), static_cast<uint8_t>(std::clamp(grey, 0, 255)));
  }
};

// A library and a face of one thread, released together.
class Face {
 public:
  explicit Face(const std::string& font) {
    if (FT_Init_FreeType(&library_) != 0) return;
    if (FT_New_Memory_Face(library_, reinterpret_cast<const FT_Byte*>(font.data()),
                           static_cast<FT_Long>(font.size()), 0, &face_) != 0) {
      face_ = nullptr;
    }
  }
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;
  ~Face() {
    if (face_ != nullptr) FT_Done_Face(face_);
    if (library_ != nullptr) FT_Done_FreeType(library_);
  }

  // Draws one character with its origin at (x, y), turned by `angle` radians;
  // returns how far the next one stands.
  int Draw(Canvas& canvas, char32_t character, double x, double y, int size, double angle,
           int ink) {
    if (face_ == nullptr || FT_Set_Pixel_Sizes(face_, 0, static_cast<FT_UInt>(size)) != 0) return 0;
    FT_Matrix matrix;
    matrix.xx = static_cast<FT_Fixed>(std::cos(angle) * 0x10000);
    matrix.xy = static_cast<FT_Fixed>(-std::sin(angle) * 0x10000);
    matrix.yx = static_cast<FT_Fixed>(std::sin(angle) * 0x10000);
    matrix.yy = static_cast<FT_Fixed>(std::cos(angle) * 0x10000);
    FT_Set_Transform(face_, &matrix, nullptr);
    if (FT_Load_Char(face_, character, FT_LOAD_RENDER) != 0) return 0;
    const FT_GlyphSlot glyph = face_->glyph;
    const int left = static_cast<int>(x) + glyph->bitmap_left;
    const int top = static_cast<int>(y) - glyph->bitmap_top;
    for (unsigned row = 0; row < glyph->bitmap.rows; ++row) {
      const unsigned char* line =
          glyph->bitmap.buffer + static_cast<std::ptrdiff_t>(row) * glyph->bitmap.pitch;
      for (unsigned column = 0; column < glyph->bitmap.width; ++column) {
        const int covered = line[column];
        canvas.Darken(left + static_cast<int>(column), top + static_cast<int>(row),
                      255 - covered * (255 - ink) / 255);
      }
    }
    return static_cast<int>(glyph->advance.x >> 6);
  }

 private:
  FT_Library library_ = nullptr;
  FT_Face face_ = nullptr;
};

void Append(png_structp png, png_bytep data, png_size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(data), size);
}

std::string Png(Canvas& canvas) {
  std::string out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (png == nullptr) return out;
  png_infop info = png_create_info_struct(png);
  std::vector<png_bytep> rows;
  rows.reserve(static_cast<std::size_t>(canvas.height));
  for (int y = 0; y < canvas.height; ++y) rows.push_back(&canvas.At(0, y));
  // libpng reports errors by longjmp to here.
  if (info == nullptr || setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_write_struct(&png, &info);
    return "";
  }
  png_set_write_fn(png, &out, Append, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(canvas.width),
               static_cast<png_uint_32>(canvas.height), 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return out;
}

// Moves each pixel along two slow waves.
Canvas Bent(Canvas& source) {
  Canvas bent(source.width, source.height);
  const double phase_x = Uniform(0, 2 * kPi);
  const double phase_y = Uniform(0, 2 * kPi);
  for (int y = 0; y < bent.height; ++y) {
    for (int x = 0; x < bent.width; ++x) {
      const int from_x = x + static_cast<int>(std::lround(2.0 * std::sin(y / 9.0 + phase_x)));
      const int from_y = y + static_cast<int>(std::lround(3.0 * std::sin(x / 21.0 + phase_y)));
      if (source.Holds(from_x, from_y)) bent.At(x, y) = source.At(from_x, from_y);
    }
  }
  return bent;
}

void Strew(Canvas& canvas) {
  for (int line = 0; line < 3; ++line) {
    const double from = Uniform(5, canvas.height - 5);
    const double to = Uniform(5, canvas.height - 5);
    for (int x = 0; x < canvas.width; ++x) {
      canvas.Darken(x, static_cast<int>(from + (to - from) * x / canvas.width), 130);
    }
  }
  for (int dot = 0; dot < 220; ++dot) {
    canvas.Darken(static_cast<int>(RandomBelow(static_cast<uint32_t>(canvas.width))),
                  static_cast<int>(RandomBelow(static_cast<uint32_t>(canvas.height))), 120);
  }
}

}  // namespace

std::string NewCaptchaText() { return RandomText(5 + RandomBelow(2), kCaptchaAlphabet); }

absl::StatusOr<Painter> Painter::Create() {
  std::ifstream file(kFontFile, std::ios::binary);
  std::string font((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (font.empty()) {
    return absl::NotFoundError(std::string("The font ") + kFontFile +
                               " cannot be read: install the package fonts-dejavu-core.");
  }
  return Painter(std::move(font));
}

std::string Painter::Captcha(std::string_view text) const {
  Face face(font_);
  Canvas canvas(kCaptchaWidth, kCaptchaHeight);
  const double step = (kCaptchaWidth - 16.0) / static_cast<double>(text.size());
  double x = 10;
  for (const char c : text) {
    const int size = 30 + static_cast<int>(RandomBelow(5));
    face.Draw(canvas, static_cast<unsigned char>(c), x + Uniform(0, 3), 42 + Uniform(-3, 3), size,
              Uniform(-0.22, 0.22), 20);
    x += step;
  }
  Canvas bent = Bent(canvas);
  Strew(bent);
  return Png(bent);
}

std::string Painter::ButtonImage(std::string_view text) const {
  const auto characters =
      icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
  Face face(font_);
  Canvas canvas(24 + 11 * characters.countChar32(), 28, 225);
  double x = 10;
  for (int32_t i = 0; i < characters.length(); i = characters.moveIndex32(i, 1)) {
    const auto character = static_cast<char32_t>(characters.char32At(i));
    x += face.Draw(canvas, character, x, 19, 14, 0, 30);
  }
  return Png(canvas);
}

}  // namespace ilkimza::sandbox
