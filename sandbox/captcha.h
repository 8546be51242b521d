// Pictures: captchas, and texts for buttons that are images. Drawn with FreeType
// and the DejaVu font of Debian's fonts-dejavu-core. Thread-safe.
#ifndef ILKIMZA_SANDBOX_CAPTCHA_H_
#define ILKIMZA_SANDBOX_CAPTCHA_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ilkimza::sandbox {

// Letters and digits that cannot be taken for one another, even bent.
inline constexpr std::string_view kCaptchaAlphabet = "ACEFHKMNPRTWXY3479";
inline constexpr int kCaptchaWidth = 200;
inline constexpr int kCaptchaHeight = 60;

// Five or six characters.
std::string NewCaptchaText();

class Painter {
 public:
  // Fails where the font is not installed.
  static absl::StatusOr<Painter> Create();

  // A PNG of 200 x 60 grey pixels: `text` turned, bent and strewn with lines, so
  // that a person reads it and two drawings of a text differ.
  [[nodiscard]] std::string Captcha(std::string_view text) const;
  // A PNG with `text` (UTF-8) as a button shows it.
  [[nodiscard]] std::string ButtonImage(std::string_view text) const;

 private:
  explicit Painter(std::string font) : font_(std::move(font)) {}
  // The font's file, in memory.
  std::string font_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CAPTCHA_H_
