// The card at the level of its commands: no reader, no sockets.
#include "sandbox/card/akis_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "sandbox/card/apdu.h"
#include "sandbox/card/simulator.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

// PIN 1234 right and wrong; PUK 12345678.
constexpr std::string_view kVerifyRight = "0020008004 31323334";
constexpr std::string_view kVerifyWrong = "0020008004 39393939";
constexpr std::string_view kChangeTo567890 = "002402000C 0431323334 06353637383930 ";
constexpr std::string_view kChangeWrong = "002402000C 0439393939 06353637383930 ";
constexpr std::string_view kUnblockTo567890 = "002C020010 083132333435363738 06353637383930";
constexpr std::string_view kUnblockWrong = "002C020010 083939393939393939 06353637383930";

class AkisCardTest : public ::testing::Test {
 protected:
  std::string Send(std::string_view command) { return sandbox::Send(*card_, command); }

  // Tag 90 of the PIN object (0080) or the PUK object (0081).
  std::string SecurityByte(std::string_view id = "0080") {
    const std::string fci = Send("00A4080006 3F003D00" + std::string(id) + " 00");
    const std::size_t tag = fci.rfind("9001");
    EXPECT_THAT(fci, StartsWith("6F"));
    return tag == std::string::npos ? fci : fci.substr(tag + 4, 2);
  }

  std::unique_ptr<CardSimulator> card_ = MakeCard();
};

TEST_F(AkisCardTest, TellsSerialAndLifeCycle) {
  const std::string info = Send("00CA01064D");
  ASSERT_EQ(info.size(), (77 + 2) * 2);
  EXPECT_EQ(info.substr(55 * 2, 12 * 2), "87211470000000000000FFFF");
  EXPECT_THAT(info, EndsWith("9000"));
  EXPECT_EQ(Send("00CA01040A"), "000000000000A50000009000");
  EXPECT_EQ(Send("00CA010600"), info);
  EXPECT_EQ(Send("00CA010610"), "6700");
  EXPECT_EQ(Send("00CA0106"), "6700");
  EXPECT_EQ(Send("00CA01994D"), "6A88");
  EXPECT_EQ(Send("00CA02064D"), "6A86");
}

TEST_F(AkisCardTest, PacksSerialsByTheOneRule) {
  EXPECT_EQ(Hex(*PackSerial("87211470000000000000")), "87211470000000000000FFFF");
  EXPECT_EQ(Hex(*PackSerial("7")), "7FFFFFFFFFFFFFFFFFFFFFFF");
  EXPECT_EQ(Hex(*PackSerial("123456789012345678901234")), "123456789012345678901234");
  EXPECT_FALSE(PackSerial(""));
  EXPECT_FALSE(PackSerial("1234567890123456789012345"));
  EXPECT_FALSE(PackSerial("12A4"));
}

TEST_F(AkisCardTest, AnswersToResetAsItsFamilyDoes) {
  EXPECT_EQ(Hex(card_->answer_to_reset()), "3B9F138131FE45806755454B41451292318073B3A180EF");
  EXPECT_EQ(Hex(MakeCard({.version = "1.0"})->answer_to_reset()),
            "3BBA11008131FE4D55454B41452056312E30AE");
  EXPECT_EQ(Hex(MakeCard({.version = "1312"})->answer_to_reset()).substr(28, 4), "1312");
  EXPECT_EQ(Hex(MakeCard({.atr = "3b00"})->answer_to_reset()), "3B00");
}

TEST_F(AkisCardTest, SelectsInEachForm) {
  const std::string master = "6F0E80020000820138 83023F00 900112 9000";
  EXPECT_EQ(Send("00A4000002 3F00 00"), Hex(Bytes(master)));
  EXPECT_EQ(Send("00A40000 00"), Hex(Bytes(master)));
  const std::string application =
      "6F1C80020000820138 83023D00 840CA000000063504B43532D3135 900112 9000";
  EXPECT_EQ(Send("00A4000002 3D00 00"), Hex(Bytes(application)));
  EXPECT_EQ(Send("00A404000C A000000063504B43532D3135 00"), Hex(Bytes(application)));
  EXPECT_EQ(Send("00A4080004 3F003D00 00"), Hex(Bytes(application)));
  const std::string token = "6F0E80020040820101 83025032 900116 9000";
  EXPECT_EQ(Send("00A4020002 5032 00"), Hex(Bytes(token)));
  EXPECT_EQ(Send("00A4080006 3F003D005032 00"), Hex(Bytes(token)));
  EXPECT_EQ(Send("00A4020C02 5032"), "9000");
  EXPECT_EQ(Send("00A4020002 5032"), "9000");
}

TEST_F(AkisCardTest, KeepsItsSelectionWhereAFileIsMissing) {
  ASSERT_THAT(Send("00A4080006 3F003D005031 00"), EndsWith("9000"));
  for (const std::string_view missing :
       {"00A4020002 9999 00", "00A4000002 5032 00", "00A4020002 3D00 00", "00A4080002 5031 00",
        "00A4080006 3F003D009999 00", "00A4080008 3F003D0050310000 00", "00A4080003 3F003D 00",
        "00A4040005 A000000063 00", "00A40400 00"}) {
    EXPECT_EQ(Send(missing), "6A82") << missing;
  }
  EXPECT_EQ(Send("00A4010002 3F00 00"), "6A86");
  EXPECT_EQ(Send("00A4000402 3F00 00"), "6A86");
  EXPECT_EQ(Send("00A4000002 3F00 05"), "6700");
  EXPECT_EQ(Send("00B0000002"), "A80A9000");
}

TEST_F(AkisCardTest, ReadsWithinTheFileOnly) {
  EXPECT_EQ(Send("00B0000001"), "6986");
  EXPECT_THAT(Send("00A4080006 3F003D000080 00"), EndsWith("9000"));
  EXPECT_EQ(Send("00B0000001"), "6986") << "a PIN object has nothing to read";
  ASSERT_THAT(Send("00A4080006 3F003D005032 00"), EndsWith("9000"));
  EXPECT_EQ(Send("00B0000005"), "302A0201009000");
  EXPECT_EQ(Send("00B0003E02"), "00009000");
  EXPECT_EQ(Send("00B0003E04"), "00006282");
  EXPECT_EQ(Send("00B0004001"), "6B00");
  EXPECT_EQ(Send("00B00000F5"), "6700");
  EXPECT_EQ(Send("00B0000000"), "6700");
  EXPECT_EQ(Send("00B00000"), "6700");
  EXPECT_EQ(Send("00B0820001"), "6A86");
}

TEST_F(AkisCardTest, HoldsCertificatesOfTheExpectedSize) {
  const std::string fci = Send("00A4080006 3F003D004501 00");
  const int size = std::stoi(fci.substr(8, 4), nullptr, 16);
  EXPECT_GT(size, 700);
  EXPECT_LT(size, 1000);
  EXPECT_THAT(Send("00B0000004"), StartsWith("3082"));
}

TEST_F(AkisCardTest, ListsTheSelectedDirectory) {
  const std::string root = Send("8018000000");
  ASSERT_EQ(root.size(), (2 * 20 + 2) * 2);
  EXPECT_THAT(root, StartsWith("2F2F00"));
  EXPECT_EQ(root.substr(40, 6), "3D3D00");
  ASSERT_THAT(Send("00A4000002 3D00 00"), EndsWith("9000"));
  EXPECT_EQ(Send("8018000000").size(), (10 * 20 + 2) * 2);
  EXPECT_EQ(Send("8018000010"), "6700");
  EXPECT_EQ(Send("80180000"), "6700");
  EXPECT_EQ(Send("8018010000"), "6A86");
}

TEST_F(AkisCardTest, CountsWrongPinsDownAndSaysSo) {
  EXPECT_EQ(SecurityByte(), "06");
  EXPECT_EQ(Send(kVerifyWrong), "63C2");
  EXPECT_EQ(SecurityByte(), "46");
  EXPECT_EQ(Send(kVerifyWrong), "63C1");
  EXPECT_EQ(SecurityByte(), "C6");
  EXPECT_EQ(Send(kVerifyRight), "9000");
  EXPECT_EQ(SecurityByte(), "02");
  EXPECT_EQ(card_->tries_left().pin, 3);
}

TEST_F(AkisCardTest, BlocksAfterTheLastTryAndStaysBlocked) {
  EXPECT_EQ(Send(kVerifyWrong), "63C2");
  EXPECT_EQ(Send(kVerifyWrong), "63C1");
  EXPECT_EQ(Send(kVerifyWrong), "63C0");
  EXPECT_EQ(SecurityByte(), "C4");
  EXPECT_EQ(Send(kVerifyRight), "6983");
  EXPECT_EQ(Send(kChangeTo567890), "6983");
  card_->Reset();
  EXPECT_EQ(Send(kVerifyRight), "6983");
  EXPECT_EQ(card_->tries_left().pin, 0);
  EXPECT_EQ(card_->tries_left().puk, 3);
}

TEST_F(AkisCardTest, LosesAVerifiedPinByResetLogOutAndAWrongPin) {
  EXPECT_EQ(Send(kVerifyRight), "9000");
  card_->Reset();
  EXPECT_EQ(SecurityByte(), "06");
  EXPECT_EQ(Send(kVerifyRight), "9000");
  EXPECT_EQ(Send("801A0000"), "9000");
  EXPECT_FALSE(card_->pin_verified());
  EXPECT_EQ(Send(kVerifyRight), "9000");
  EXPECT_EQ(Send(kVerifyWrong), "63C2");
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(AkisCardTest, SpendsNoTryOnAMalformedCommand) {
  for (const std::string_view malformed : {"0020018004 31323334",
                                           "0020009004 31323334",
                                           "0020000004 31323334",
                                           "0020008004 31323334 00",
                                           "0020008011 3132333435363738393031323334353637",
                                           "0020008005 31323334",
                                           "802000800431323334",
                                           "0120008004 31323334",
                                           "1020008004 31323334",
                                           "002403000C 0431323334 06353637383930",
                                           "002401000C 0431323334 06353637383930",
                                           "002402800C 0431323334 06353637383930",
                                           "002402070C 0431323334 06353637383930",
                                           "002402000C 0531323334 06353637383930",
                                           "002402000C 0431323334 05353637383930",
                                           "002402000C 0431323334 07353637383930",
                                           "0024020005 0431323334",
                                           "0024020009 0431323334 03353637",
                                           "002402000A 03313233 06353637383930",
                                           "00240200",
                                           "002402000C 0431323334 06353637383930 00",
                                           "002402001804313233341131313131313131313131313131"
                                           "31313131",
                                           "002C000010 083132333435363738 06353637383930",
                                           "002C028010 083132333435363738 06353637383930",
                                           "002C020010 093132333435363738 06353637383930",
                                           "002C02000B 0331323334 06353637383930",
                                           "002C0200"}) {
    const std::string answer = Send(malformed);
    EXPECT_THAT(answer, ::testing::StartsWith("6")) << malformed;
    EXPECT_THAT(answer, ::testing::Not(StartsWith("63"))) << malformed;
    EXPECT_EQ(answer.size(), 4) << malformed;
  }
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_EQ(card_->tries_left().puk, 3);
  EXPECT_EQ(card_->pin(), "1234");
}

TEST_F(AkisCardTest, ChangesThePin) {
  EXPECT_EQ(Send(kChangeWrong), "63C2");
  EXPECT_EQ(card_->pin(), "1234");
  EXPECT_EQ(Send(kChangeTo567890), "9000");
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_EQ(Send(kVerifyRight), "63C2");
  EXPECT_EQ(Send("0020008006 353637383930"), "9000");
}

TEST_F(AkisCardTest, UnblocksWithThePuk) {
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  EXPECT_EQ(Send(kUnblockWrong), "63C2");
  EXPECT_EQ(SecurityByte("0081"), "46");
  EXPECT_EQ(SecurityByte("0080"), "C4");
  EXPECT_EQ(Send(kUnblockTo567890), "9000");
  EXPECT_EQ(card_->tries_left().puk, 3);
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_EQ(card_->pin(), "567890");
  EXPECT_EQ(SecurityByte("0080"), "06") << "unblocking is not entering";
}

TEST_F(AkisCardTest, IsDeadForGoodWithoutPukTries) {
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  EXPECT_EQ(Send(kUnblockWrong), "63C2");
  EXPECT_EQ(Send(kUnblockWrong), "63C1");
  EXPECT_EQ(Send(kUnblockWrong), "63C0");
  EXPECT_EQ(Send(kUnblockTo567890), "6983");
}

TEST_F(AkisCardTest, CountsThePukApartFromThePin) {
  EXPECT_EQ(Send("0020008104 31323334"), "63C2");
  EXPECT_EQ(card_->tries_left().puk, 2);
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_EQ(Send("0020008108 3132333435363738"), "9000");
  EXPECT_FALSE(card_->pin_verified()) << "the PUK is not the PIN";
}

TEST_F(AkisCardTest, TreatsAnEmptyVerifyAsItIsTold) {
  EXPECT_EQ(Send("00200080"), "63C2") << "the unforgiving kind is what tests get by default";
  card_ = MakeCard({.empty_verify = EmptyVerify::kTellsState});
  EXPECT_EQ(Send("00200080"), "63C3");
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  EXPECT_EQ(Send("00200080"), "6983");
  card_ = MakeCard({.empty_verify = EmptyVerify::kRefused});
  EXPECT_EQ(Send("00200080"), "6700");
  EXPECT_EQ(card_->tries_left().pin, 3);
}

TEST_F(AkisCardTest, CanKeepTheTriesLeftToItself) {
  card_ = MakeCard({.tells_tries = false});
  EXPECT_EQ(Send(kVerifyWrong), "6300");
  EXPECT_EQ(Send(kVerifyWrong), "6300");
  EXPECT_EQ(SecurityByte(), "C6");
  EXPECT_EQ(Send(kVerifyWrong), "6300");
  EXPECT_EQ(Send(kVerifyRight), "6983");
}

TEST_F(AkisCardTest, SignsOnlyWithAKeyAndAVerifiedPin) {
  const std::string_view sign = "002A9E9A04 01020304 00";
  EXPECT_EQ(Send(sign), "6985");
  EXPECT_EQ(Send("0022C307"), "6A88");
  EXPECT_EQ(Send("0022C101"), "6A86");
  EXPECT_EQ(Send("0022C30100"), "6700");
  EXPECT_EQ(Send("0022C301"), "9000");
  EXPECT_EQ(Send(sign), "6982");
  EXPECT_EQ(Send(kVerifyRight), "9000");
  EXPECT_EQ(Send(sign).size(), (256 + 2) * 2);
  EXPECT_EQ(Send("002A9E9A04 01020304"), "6700");
  EXPECT_EQ(Send("002A9E9A00"), "6700");
  EXPECT_EQ(Send("002A8086040102030400"), "6A86");
  card_->Reset();
  EXPECT_EQ(Send(sign), "6985") << "a reset forgets the key";
}

// A block of 256 bytes, type 1, in the two commands that carry it.
struct Chain {
  std::string first = "102A9E9AF4 0001" + std::string(2 * 242, 'F');
  std::string last = "002A9E9A0C 00AABBCCDDEEFF0011223344 00";
};

TEST_F(AkisCardTest, SignsAChainedBlockAsItPadsAShortOne) {
  ASSERT_EQ(Send(kVerifyRight), "9000");
  ASSERT_EQ(Send("0022C301"), "9000");
  const Chain chain;
  EXPECT_EQ(Send(chain.first), "9000");
  const std::string whole = Send(chain.last);
  ASSERT_EQ(whole.size(), (256 + 2) * 2);
  EXPECT_EQ(Send("002A9E9A0B AABBCCDDEEFF0011223344 00"), whole);
  EXPECT_EQ(Send("0022C302"), "9000");
  EXPECT_NE(Send("002A9E9A0B AABBCCDDEEFF0011223344 00"), whole) << "the other key";
}

TEST_F(AkisCardTest, ForgetsAChainThatIsInterruptedOrTooLong) {
  ASSERT_EQ(Send(kVerifyRight), "9000");
  ASSERT_EQ(Send("0022C301"), "9000");
  const Chain chain;
  const std::string twelve_padded = Send(chain.last);
  EXPECT_EQ(Send(chain.first), "9000");
  EXPECT_THAT(Send("00CA01040A"), EndsWith("9000"));
  EXPECT_EQ(Send(chain.last), twelve_padded);
  EXPECT_EQ(Send(chain.first), "9000");
  EXPECT_EQ(Send(chain.first), "6700");
  EXPECT_EQ(Send(chain.last), twelve_padded);
  EXPECT_EQ(Send("10B0000001"), "6884");
}

TEST_F(AkisCardTest, RefusesABlockItsKeyCannotSign) {
  ASSERT_EQ(Send(kVerifyRight), "9000");
  ASSERT_EQ(Send("0022C301"), "9000");
  EXPECT_EQ(Send("102A9E9AF4" + std::string(2 * 0xF4, 'F')), "9000");
  EXPECT_EQ(Send("002A9E9A0C FFFFFFFFFFFFFFFFFFFFFFFF 00"), "6A80");
  EXPECT_EQ(Send("002A9E9AF6" + std::string(2 * 0xF6, '1') + "00"), "6A80");
}

TEST_F(AkisCardTest, AnswersWhatIsNoCommandOfItsOwn) {
  EXPECT_EQ(Send(""), "6700");
  EXPECT_EQ(Send("00A404"), "6700");
  EXPECT_EQ(Send("00A4000000 0002 3F00"), "6700") << "extended length";
  EXPECT_EQ(Send("FFCA000000"), "6E00");
  EXPECT_EQ(Send("0084000008"), "6D00");
  EXPECT_EQ(Send("00C0000010"), "6D00");
  EXPECT_EQ(Send("80A4000002 3F00 00"), "6D00");
  EXPECT_EQ(Send("0018000000"), "6D00");
}

TEST_F(AkisCardTest, AnswersAnyBytesAtAll) {
  // NOLINTNEXTLINE(cert-msc51-cpp): the same bytes in each run, so that a failure stays.
  std::mt19937 random(20230623);
  constexpr std::string_view kLikely(
      "\x00\x10\x80\x18\x1A\x20\x22\x24\x2A\x2C\xA4\xB0\xCA\x01\x02\x04\x06\x08\x9E\x9A\xC3\xF4"
      "\x3F\x3D",
      24);
  for (int round = 0; round < 20'000; ++round) {
    // Mostly short, now and then far longer than any command.
    std::string apdu(random() % (round % 100 == 0 ? 65'536 : 24), '\0');
    for (char& byte : apdu) {
      byte = random() % 4 == 0 ? static_cast<char>(random()) : kLikely[random() % kLikely.size()];
    }
    const auto answer = card_->Process(apdu);
    ASSERT_TRUE(answer.has_value());
    ASSERT_GE(answer->size(), 2);
    ASSERT_LE(answer->size(), 258);
  }
}

}  // namespace
}  // namespace ilkimza::sandbox
