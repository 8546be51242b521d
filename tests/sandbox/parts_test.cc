// Captchas, worlds, charsets and certificates, without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <png.h>

#include <set>
#include <string>
#include <vector>

#include "sandbox/captcha.h"
#include "sandbox/charset.h"
#include "sandbox/tls.h"
#include "sandbox/world.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::HasSubstr;

struct Picture {
  unsigned width = 0;
  unsigned height = 0;
  std::vector<png_byte> grey;

  double DarkShare() const {
    double dark = 0;
    for (const png_byte pixel : grey) dark += pixel < 100 ? 1 : 0;
    return grey.empty() ? 0 : dark / static_cast<double>(grey.size());
  }
};

Picture Decode(const std::string& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  Picture picture;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) return picture;
  image.format = PNG_FORMAT_GRAY;
  picture.grey.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, picture.grey.data(), 0, nullptr) == 0) return picture;
  picture.width = image.width;
  picture.height = image.height;
  return picture;
}

class CaptchaTest : public ::testing::Test {
 protected:
  CaptchaTest() : painter_(Painter::Create().value()) {}
  Painter painter_;
};

TEST_F(CaptchaTest, IsAPngOfTwoHundredBySixtyWithDarkLetters) {
  const Picture picture = Decode(painter_.Captcha("AHKMN7"));
  EXPECT_EQ(picture.width, 200u);
  EXPECT_EQ(picture.height, 60u);
  EXPECT_GT(picture.DarkShare(), 0.04);
  EXPECT_LT(picture.DarkShare(), 0.40);
  // The letters make the difference, not the lines and dots.
  EXPECT_GT(picture.DarkShare(), 2 * Decode(painter_.Captcha("")).DarkShare());
}

TEST_F(CaptchaTest, TwoDrawingsOfATextDiffer) {
  EXPECT_NE(painter_.Captcha("AHKMN"), painter_.Captcha("AHKMN"));
}

TEST_F(CaptchaTest, ButtonsHoldTurkishLetters) {
  const Picture turkish = Decode(painter_.ButtonImage("Şifreli Giriş"));
  EXPECT_GT(turkish.DarkShare(), 0.02);
  EXPECT_NE(painter_.ButtonImage("Giriş"), painter_.ButtonImage("Giris"));
}

TEST(CaptchaTextTest, HasFiveOrSixUnmistakableCharacters) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string text = NewCaptchaText();
    EXPECT_TRUE(text.size() == 5 || text.size() == 6) << text;
    EXPECT_EQ(text.find_first_of("0O1IL5S2Z8BQDGJUV6"), std::string::npos) << text;
    seen.insert(text);
  }
  EXPECT_GT(seen.size(), 195u);
}

TEST(WorldTest, KnowsNationalIds) {
  EXPECT_TRUE(IsNationalId("10000000146"));
  EXPECT_TRUE(IsNationalId("27391460596"));
  EXPECT_FALSE(IsNationalId("10000000147"));
  EXPECT_FALSE(IsNationalId("10000000156"));
  EXPECT_FALSE(IsNationalId("01000000146"));
  EXPECT_FALSE(IsNationalId("1000000014"));
  EXPECT_FALSE(IsNationalId("1000000014x"));
  EXPECT_EQ(NationalIdFrom(100'000'001), "10000000146");
}

TEST(WorldTest, ReadsAndMasksPhones) {
  EXPECT_EQ(NormalPhone("0542 123 45 25"), "5421234525");
  EXPECT_EQ(NormalPhone("+90 (542) 123-45-25"), "5421234525");
  EXPECT_EQ(NormalPhone("0212 123 45 25"), "");
  EXPECT_EQ(NormalPhone("542123452"), "");
  EXPECT_EQ(MaskedPhone("5421234525"), "54* *** ** 25");
}

TEST(WorldTest, MakesUpManyDifferentHolders) {
  const World world = MadeUpWorld(20'000);
  std::set<std::string> ids;
  std::set<std::string> serials;
  std::set<std::string> phones;
  for (const Holder& holder : world.holders) {
    ASSERT_TRUE(IsNationalId(holder.national_id)) << holder.national_id;
    ASSERT_EQ(NormalPhone(holder.phone), holder.phone);
    ids.insert(holder.national_id);
    phones.insert(holder.phone);
    ASSERT_EQ(holder.cards.size(), 1u);
    ASSERT_EQ(holder.cards[0].serial.size(), 20u);
    serials.insert(holder.cards[0].serial);
  }
  EXPECT_EQ(ids.size(), world.holders.size());
  EXPECT_EQ(serials.size(), world.holders.size());
  EXPECT_EQ(phones.size(), world.holders.size());
  EXPECT_EQ(MadeUpWorld(2).holders[1].security_word, world.holders[1].security_word);
}

std::string Complaint(std::string_view json) {
  return std::string(ParseWorld(json, "w.json").status().message());
}

TEST(WorldTest, NamesThePlaceOfAMistake) {
  EXPECT_THAT(Complaint("{"), HasSubstr("w.json is not JSON"));
  EXPECT_THAT(Complaint("[]"), HasSubstr("is not an object"));
  EXPECT_THAT(Complaint(R"({"holders": [], "extra": 1})"), HasSubstr("unknown key 'extra'"));
  const std::string holder =
      R"({"national_id": "10000000146", "name": "A", "email": "a@b", "phone": "5421234525",)"
      R"( "security_word": "w", "cards": [)";
  const auto world = [&](const std::string& cards) {
    return R"({"holders": [)" + holder + cards + "]}]}";
  };
  EXPECT_EQ(Complaint(world("")), "");
  EXPECT_THAT(Complaint(world(R"({"serial": "1", "pin": "1234", "puk": "12345678"})")),
              HasSubstr("holders[0].cards[0] needs a serial of 20 digits"));
  EXPECT_THAT(Complaint(world(R"({"serial": "87211470000000000000", "pin": "12", "puk": "1"})")),
              HasSubstr("PIN of 4 to 16 digits"));
  EXPECT_THAT(Complaint(R"({"holders": [)" + holder + "]}, " + holder + "]}]}"),
              HasSubstr("holders[1] has a national_id that came before"));
  EXPECT_THAT(std::string(LoadWorld("/nowhere/w.json").status().message()),
              HasSubstr("/nowhere/w.json cannot be read"));
}

TEST(CharsetTest, GoesBothWays) {
  const std::string turkish = "ğüşıöçĞÜŞİÖÇ";
  EXPECT_EQ(Encoded(turkish, Charset::kLatin5), "\xF0\xFC\xFE\xFD\xF6\xE7\xD0\xDC\xDE\xDD\xD6\xC7");
  EXPECT_EQ(Decoded(Encoded(turkish, Charset::kLatin5), Charset::kLatin5), turkish);
  EXPECT_EQ(Encoded("a→b", Charset::kLatin5), "a&#8594;b");
  EXPECT_EQ(Decoded("a\xFF"
                    "b",
                    Charset::kUtf8),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(TlsTest, TheLeafIsSignedByTheCaForLoopbackOnly) {
  absl::StatusOr<TlsIdentity> identity = MakeTlsIdentity();
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(X509_check_host(identity->certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(identity->certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_host(identity->certificate.get(), "kamusm.gov.tr", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ca(identity->certificate.get()), 0);
}

}  // namespace
}  // namespace ilkimza::sandbox
