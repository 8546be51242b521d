#include "clients/cli/captcha.h"

#include <fcntl.h>
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

constexpr png_uint_32 kMaxSide = 4096;
constexpr size_t kMaxPixels = size_t{1} << 21;
constexpr char kUpper[] = "▀";
constexpr char kLower[] = "▄";
constexpr char kFull[] = "█";

using Pixel = std::array<uint8_t, 3>;

absl::Status Unreadable(const std::string& what) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_PAGE_UNREADABLE,
                   "the captcha is no picture that can be drawn: " + what +
                       "; look at the saved file, or ask for another one");
}

// The mean of the source pixels below one target pixel.
Pixel Mean(const Picture& picture, size_t x, size_t y, size_t width, size_t height) {
  const size_t left = x * picture.width / width;
  const size_t right = std::max(left + 1, (x + 1) * picture.width / width);
  const size_t top = y * picture.height / height;
  const size_t bottom = std::max(top + 1, (y + 1) * picture.height / height);
  std::array<size_t, 3> sum{};
  for (size_t row = top; row < bottom; ++row) {
    for (size_t column = left; column < right; ++column) {
      for (size_t c = 0; c < 3; ++c) sum[c] += picture.rgb[3 * (row * picture.width + column) + c];
    }
  }
  const size_t count = (right - left) * (bottom - top);
  return {static_cast<uint8_t>(sum[0] / count), static_cast<uint8_t>(sum[1] / count),
          static_cast<uint8_t>(sum[2] / count)};
}

int Luminance(const Pixel& pixel) {
  return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2]) / 1000;
}

// The nearest of the 6x6x6 cube and the grey ramp of 256-colour terminals.
int Nearest256(const Pixel& pixel) {
  const auto [low, high] = std::minmax({pixel[0], pixel[1], pixel[2]});
  if (high - low < 12) {
    const int grey = Luminance(pixel);
    if (grey < 4) return 16;
    if (grey > 246) return 231;
    return 232 + std::clamp((grey - 3) / 10, 0, 23);
  }
  const auto level = [](uint8_t value) {
    return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
  };
  return 16 + 36 * level(pixel[0]) + 6 * level(pixel[1]) + level(pixel[2]);
}

std::string Colour(const Pixel& pixel, bool background, Colours colours) {
  const std::string start = background ? "\x1b[48;" : "\x1b[38;";
  if (colours == Colours::k256) return start + "5;" + std::to_string(Nearest256(pixel)) + "m";
  return start + "2;" + std::to_string(pixel[0]) + ";" + std::to_string(pixel[1]) + ";" +
         std::to_string(pixel[2]) + "m";
}

// Half way between the darkest and the lightest pixel.
int Threshold(const std::vector<Pixel>& pixels) {
  int darkest = 255;
  int lightest = 0;
  for (const Pixel& pixel : pixels) {
    darkest = std::min(darkest, Luminance(pixel));
    lightest = std::max(lightest, Luminance(pixel));
  }
  return (darkest + lightest) / 2;
}

const char* Block(bool upper, bool lower) {
  if (upper) return lower ? kFull : kUpper;
  return lower ? kLower : " ";
}

const char* Ending(std::string_view media_type) {
  if (media_type == "image/png") return ".png";
  if (media_type == "image/jpeg") return ".jpg";
  if (media_type == "image/gif") return ".gif";
  if (media_type == "image/svg+xml") return ".svg";
  return ".img";
}

std::string PrivateParent() {
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    std::string directory(Environment(name));
    if (directory[0] == '/' && access(directory.c_str(), W_OK) == 0) return directory;
  }
  return "/tmp";
}

absl::Status CannotSave(const std::string& path) {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UNSPECIFIED,
                   "the captcha cannot be saved in " + path + ": " + ErrorText(errno));
}

}  // namespace

absl::StatusOr<Picture> DecodePng(std::string_view png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) {
    return Unreadable("it is not a PNG");
  }
  const bool fits = image.width > 0 && image.height > 0 && image.width <= kMaxSide &&
                    image.height <= kMaxSide &&
                    size_t{image.width} * size_t{image.height} <= kMaxPixels;
  if (!fits) {
    png_image_free(&image);
    return Unreadable("it is too large");
  }
  image.format = PNG_FORMAT_RGB;
  Picture picture{image.width, image.height, std::vector<uint8_t>(PNG_IMAGE_SIZE(image))};
  const png_color white = {255, 255, 255};
  if (png_image_finish_read(&image, &white, picture.rgb.data(), 0, nullptr) == 0) {
    png_image_free(&image);
    return Unreadable("its data are damaged");
  }
  return picture;
}

std::vector<std::string> DrawPicture(const Picture& picture, size_t columns, Colours colours) {
  const size_t width = std::min(picture.width, std::max<size_t>(columns, 1));
  const size_t height = std::max<size_t>(1, picture.height * width / picture.width);
  std::vector<Pixel> pixels;
  pixels.reserve(width * height);
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) pixels.push_back(Mean(picture, x, y, width, height));
  }
  const int threshold = Threshold(pixels);
  std::vector<std::string> lines;
  for (size_t y = 0; y < height; y += 2) {
    std::string line;
    for (size_t x = 0; x < width; ++x) {
      const Pixel& upper = pixels[y * width + x];
      const bool has_lower = y + 1 < height;
      const Pixel& lower = has_lower ? pixels[(y + 1) * width + x] : upper;
      if (colours == Colours::kNone) {
        line += Block(Luminance(upper) <= threshold, has_lower && Luminance(lower) <= threshold);
      } else {
        line += Colour(upper, false, colours) + Colour(lower, true, colours) + kUpper;
      }
    }
    if (colours != Colours::kNone) line += "\x1b[0m";
    lines.push_back(std::move(line));
  }
  return lines;
}

absl::StatusOr<PictureFile> PictureFile::Save(std::string_view image, std::string_view media_type) {
  std::string directory = PrivateParent() + "/ilkimza-XXXXXX";
  // mkdtemp makes it with mode 0700.
  if (mkdtemp(directory.data()) == nullptr) return CannotSave(directory);
  PictureFile file(directory, directory + "/captcha" + Ending(media_type));
  const int fd = open(file.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                      S_IRUSR | S_IWUSR);
  if (fd < 0) return CannotSave(file.path_);
  while (!image.empty()) {
    const ssize_t written = write(fd, image.data(), image.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      close(fd);
      return CannotSave(file.path_);
    }
    image.remove_prefix(static_cast<size_t>(written));
  }
  close(fd);
  return file;
}

PictureFile::PictureFile(PictureFile&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), path_(std::exchange(other.path_, {})) {}

PictureFile::~PictureFile() {
  if (directory_.empty()) return;
  unlink(path_.c_str());
  rmdir(directory_.c_str());
}

}  // namespace ilkimza::client
