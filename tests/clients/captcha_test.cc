// Pictures in the terminal and as files.
#include "clients/cli/captcha.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "tests/clients/fake_agent.h"
#include "tests/support/process.h"

namespace ilkimza::client {
namespace {

TEST(DecodePng, ReadsAPicture) {
  const auto picture = DecodePng(ilkimza::testing::CaptchaPng());
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->width, 60u);
  EXPECT_EQ(picture->height, 20u);
  EXPECT_EQ(picture->rgb.size(), 3u * 60 * 20);
}

TEST(DecodePng, RefusesOtherBytes) {
  const std::string png = ilkimza::testing::CaptchaPng();
  for (const std::string& bytes :
       {std::string(), std::string("GIF89a"), png.substr(0, 40), png.substr(0, png.size() / 2)}) {
    EXPECT_EQ(ReasonOf(DecodePng(bytes).status()), v1::ERROR_REASON_PAGE_UNREADABLE);
  }
}

// A header that claims 65535 x 65535 pixels must not cost 12 GB.
TEST(DecodePng, RefusesAHugePictureBeforeReadingIt) {
  std::string png = ilkimza::testing::CaptchaPng();
  // Width and height of IHDR; its checksum is wrong then as well, either will do.
  png.replace(16, 8, std::string("\0\0\xff\xff\0\0\xff\xff", 8));
  EXPECT_FALSE(DecodePng(png).ok());
}

TEST(DrawPicture, FitsTheWidthInEveryColourDepth) {
  const auto picture = DecodePng(ilkimza::testing::CaptchaPng());
  ASSERT_TRUE(picture.ok());
  for (const Colours colours : {Colours::kNone, Colours::k256, Colours::kTrue}) {
    for (const size_t width : {size_t{1}, size_t{17}, size_t{40}, size_t{78}, size_t{200}}) {
      const auto lines = DrawPicture(*picture, width, colours);
      ASSERT_FALSE(lines.empty());
      for (const std::string& line : lines) {
        EXPECT_EQ(Columns(line), std::min(width, picture->width));
      }
    }
  }
}

TEST(DrawPicture, TwoRowsShareALineAndDarkIsABlock) {
  // Dark over light, light over dark, both dark, both light.
  const Picture picture{4, 2, {0,   0,   0,   255, 255, 255, 0, 0, 0, 255, 255, 255,
                               255, 255, 255, 0,   0,   0,   0, 0, 0, 255, 255, 255}};
  const auto lines = DrawPicture(picture, 4, Colours::kNone);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "▀▄█ ");
  const auto coloured = DrawPicture(picture, 4, Colours::kTrue);
  EXPECT_NE(coloured[0].find("\x1b[38;2;0;0;0m\x1b[48;2;255;255;255m▀"), std::string::npos);
  EXPECT_EQ(coloured[0].substr(coloured[0].size() - 4), "\x1b[0m");
  EXPECT_NE(DrawPicture(picture, 4, Colours::k256)[0].find("\x1b[38;5;16m\x1b[48;5;231m▀"),
            std::string::npos);
}

TEST(PictureFile, IsPrivateAndGoesAway) {
  const ilkimza::testing::TempDir temp;
  ASSERT_EQ(setenv("XDG_RUNTIME_DIR", temp.path().c_str(), 1), 0);
  std::string path;
  {
    const auto file = PictureFile::Save("png bytes", "image/png");
    ASSERT_TRUE(file.ok()) << file.status();
    path = file->path();
    EXPECT_EQ(path.substr(path.size() - 4), ".png");
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
    ASSERT_EQ(stat(std::filesystem::path(path).parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    std::stringstream contents;
    contents << std::ifstream(path).rdbuf();
    EXPECT_EQ(contents.str(), "png bytes");
  }
  EXPECT_TRUE(std::filesystem::is_empty(temp.path())) << path << " was left behind";
}

}  // namespace
}  // namespace ilkimza::client
