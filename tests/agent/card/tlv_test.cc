#include "agent/card/tlv.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "agent/card/akis.h"
#include "agent/card/certificate.h"
#include "agent/card/historical_bytes.h"
#include "agent/card/pkcs15.h"
#include "base/error.h"
#include "sandbox/card/simulator.h"
#include "tests/agent/card/harness.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using sandbox::Hex;

TEST(TlvReaderTest, ReadsTagsAndLengthsOfEverySize) {
  const std::string long_value(300, 'v');
  const std::string bytes = Bytes("04020102") + Bytes("7F4901AA") +
                            Bytes(
                                "3081"
                                "03"
                                "020107") +
                            Bytes("0482012C") + long_value;
  TlvReader reader(bytes);
  EXPECT_EQ(Hex(reader.Next()->value), "0102");
  EXPECT_EQ(reader.Next()->tag, 0x7F49U);
  EXPECT_EQ(Hex(reader.Next()->value), "020107");
  EXPECT_EQ(reader.Next()->value, long_value);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.status().ok());
}

TEST(TlvReaderTest, EndsAtFilling) {
  for (const char* filled : {"04010A0000", "04010AFFFF"}) {
    const std::string bytes = Bytes(filled);
    TlvReader reader(bytes);
    EXPECT_TRUE(reader.Next());
    EXPECT_FALSE(reader.Next());
    EXPECT_TRUE(reader.status().ok());
  }
}

TEST(TlvReaderTest, RefusesWhatIsNotWellFormed) {
  for (const char* hex : {"04", "0402AA", "0480AA0000", "0484000000010A", "1F", "1F81", "1F818181",
                          "0482FFFF00", "3083FFFFFF"}) {
    const std::string bytes = Bytes(hex);
    TlvReader reader(bytes);
    EXPECT_FALSE(reader.Next()) << hex;
    EXPECT_EQ(ReasonOf(reader.status()), v1::ERROR_REASON_CARD_PROTOCOL) << hex;
    EXPECT_FALSE(reader.Next()) << hex;
  }
}

TEST(TlvReaderTest, NextIfLeavesOtherTagsAlone) {
  const std::string bytes = Bytes("020107040108");
  TlvReader reader(bytes);
  EXPECT_FALSE(reader.NextIf(0x04));
  EXPECT_TRUE(reader.NextIf(0x02));
  EXPECT_TRUE(reader.NextIf(0x04));
}

TEST(TlvTest, FindsByPath) {
  const std::string bytes = Bytes(
      "0101FF"
      "3006"
      "0201053001"
      "AA");
  EXPECT_TRUE(FindTlv(bytes, {0x30, 0x02}));
  EXPECT_FALSE(FindTlv(bytes, {0x30, 0x04}));
  EXPECT_FALSE(FindTlv(bytes, {0x02}));
}

TEST(TlvTest, AnnouncesTheSizeOfWhatBegins) {
  EXPECT_EQ(AnnouncedSize(Bytes("30820100AABB")), 260U);
  EXPECT_EQ(AnnouncedSize(Bytes("3003")), 5U);
  EXPECT_FALSE(AnnouncedSize(Bytes("3082")));
  EXPECT_FALSE(AnnouncedSize(""));
}

TEST(TlvTest, UnsignedValues) {
  EXPECT_EQ(UnsignedValue(Bytes("10")), 16U);
  EXPECT_EQ(UnsignedValue(Bytes("0080")), 128U);
  EXPECT_EQ(UnsignedValue(Bytes("00FFFFFFFF")), 0xFFFFFFFFU);
  EXPECT_FALSE(UnsignedValue(Bytes("80")));
  EXPECT_FALSE(UnsignedValue(Bytes("0100000000")));
  EXPECT_FALSE(UnsignedValue(""));
}

// What a card says is never trusted: any bytes are read to an end, whatever they are.
TEST(HostileBytesTest, EveryParserComesToAnEnd) {
  std::mt19937 random(5070);
  const auto card = MakeCard();
  const std::string genuine =
      *card->Process(Bytes("00A4080006"
                           "3F003D004401"
                           "00"));
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = round % 2 == 0 ? genuine : std::string(random() % 300, '\0');
    if (round % 2 != 0) {
      for (char& byte : bytes) byte = static_cast<char>(random());
    }
    for (int change = 0; change < 4 && !bytes.empty(); ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    static_cast<void>(ParseObjectDirectory(bytes));
    static_cast<void>(ParseAuthenticationObjects(bytes));
    static_cast<void>(ParsePrivateKeys(bytes));
    static_cast<void>(ParseCertificateDirectory(bytes));
    static_cast<void>(FindApplicationPath(bytes));
    static_cast<void>(ParseTokenInfo(bytes));
    static_cast<void>(Recognise(bytes));
    EXPECT_LE(SerialText(bytes).size(), 2 * bytes.size());
    EXPECT_FALSE(CardCertificate::Parse(bytes).ok());
  }
}

}  // namespace
}  // namespace ilkimza::agent
