// Captchas for the holder's eyes: drawn in the terminal with half blocks, and
// saved as a file for a picture viewer. Never read by the program.
#ifndef ILKIMZA_CLIENTS_CLI_CAPTCHA_H_
#define ILKIMZA_CLIENTS_CLI_CAPTCHA_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/screen.h"

namespace ilkimza::client {

// Eight bits of red, green and blue a pixel, rows from the top.
struct Picture {
  size_t width = 0;
  size_t height = 0;
  std::vector<uint8_t> rgb;
};

// Reads a PNG; transparent parts become white. ERROR_REASON_PAGE_UNREADABLE for other
// bytes and for pictures larger than a captcha can be.
absl::StatusOr<Picture> DecodePng(std::string_view png);

// Lines of half blocks, two pixels above each other in a character, at most
// `columns` wide; never enlarged. Without colours, dark is drawn as blocks on the
// background, whatever the background is.
std::vector<std::string> DrawPicture(const Picture& picture, size_t columns, Colours colours);

// A file in a directory of its own, mode 0600 in 0700, removed with it at the end.
class PictureFile {
 public:
  // In $XDG_RUNTIME_DIR, else in $TMPDIR or /tmp. `media_type` names the file's ending.
  static absl::StatusOr<PictureFile> Save(std::string_view image, std::string_view media_type);
  PictureFile(PictureFile&& other) noexcept;
  PictureFile& operator=(PictureFile&&) = delete;
  ~PictureFile();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  PictureFile(std::string directory, std::string path)
      : directory_(std::move(directory)), path_(std::move(path)) {}

  std::string directory_;
  std::string path_;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_CAPTCHA_H_
