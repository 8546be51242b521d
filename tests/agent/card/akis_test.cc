#include "agent/card/akis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/card/akis_card.h"
#include "agent/card/certificate.h"
#include "agent/card/files.h"
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
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const CardFacts kFacts{.reader = "reader", .insertion = 1};
const PinObject kPin{.reference = 0x80, .path = Bytes("3F003D000080")};

// A practice card without any reader.
class DirectChannel final : public CardChannel {
 public:
  explicit DirectChannel(sandbox::CardSimulator& card) : card_(card) {}
  absl::StatusOr<ResponseApdu> Send(const CommandApdu& command) override {
    return Exchange(command, Protocol::kT1,
                    [&](std::string_view bytes) -> absl::StatusOr<std::string> {
                      ++exchanges;
                      return card_.Process(bytes).value_or("");
                    });
  }
  int exchanges = 0;

 private:
  sandbox::CardSimulator& card_;
};

// Answers each command with a function of its instruction.
class ScriptedChannel final : public CardChannel {
 public:
  using Answer = std::function<ResponseApdu(const CommandApdu&)>;
  explicit ScriptedChannel(Answer answer) : answer_(std::move(answer)) {}
  absl::StatusOr<ResponseApdu> Send(const CommandApdu& command) override {
    ++sent;
    return answer_(command);
  }
  int sent = 0;

 private:
  Answer answer_;
};

TEST(RecogniseTest, ByHistoricalBytes) {
  const std::vector<std::pair<std::string, std::pair<v1::CardFamily, std::string>>> table = {
      {"3B9F138131FE458067"
       "55454B4145"
       "1292"
       "318073B3A180"
       "EF",
       {v1::CARD_FAMILY_AKIS_V1, "AKİS v1 (UEKAE 1292)"}},
      {"3B9F158131FE458067"
       "55454B4145"
       "1112"
       "318073B3A180"
       "00",
       {v1::CARD_FAMILY_AKIS_V1, "AKİS v1 (UEKAE 1112)"}},
      {"3B9F968131FE458067"
       "55454B4145"
       "12A5"
       "318073B3A180"
       "00",
       {v1::CARD_FAMILY_AKIS_V1, "AKİS v1 (UEKAE 12A5)"}},
      {"3BBA11008131FE4D55454B41452056312E30AE", {v1::CARD_FAMILY_AKIS_V1, "AKİS v1.0 (UEKAE)"}},
      {"3B9F968131FE45806554431221"
       "0731C073F62181080500",
       {v1::CARD_FAMILY_AKIS_V2, "AKİS v2 or national id card (TC 122107)"}},
      {"3B9F978131FE4580655443D22108"
       "31C073F62181080500",
       {v1::CARD_FAMILY_AKIS_V2, "AKİS v2 or national id card (TC D22108)"}},
      {"3B8F800180655443201413"
       "31C073F4A1808105"
       "00",
       {v1::CARD_FAMILY_AKIS_V2, "AKİS v2 or national id card (TC 201413)"}},
      // A bank card, and things that are no answer to reset.
      {"3B6E000080318066B1840C016E0183009000", {v1::CARD_FAMILY_UNKNOWN, "Unknown card"}},
      {"", {v1::CARD_FAMILY_UNKNOWN, "Unknown card"}},
      {"3B", {v1::CARD_FAMILY_UNKNOWN, "Unknown card"}},
      {"3B9F138131FE4580675545", {v1::CARD_FAMILY_UNKNOWN, "Unknown card"}},
      {"3BFFFFFFFFFFFFFFFFFFFFFFFFFF", {v1::CARD_FAMILY_UNKNOWN, "Unknown card"}},
  };
  for (const auto& [atr, expected] : table) {
    const Recognition recognition = Recognise(Bytes(atr));
    EXPECT_EQ(recognition.family, expected.first) << atr;
    EXPECT_EQ(recognition.display_name, expected.second) << atr;
  }
}

TEST(RecogniseTest, EveryKnownVersionAndNoOther) {
  for (const char* version : {"1112", "1212", "1213", "1221", "1252", "1253", "1261", "1264",
                              "1265", "1292", "1293", "12A4", "12A5", "1312"}) {
    for (const char* speed : {"13", "15", "96"}) {
      const std::string atr =
          "3B9F" + std::string(speed) + "8131FE45806755454B4145" + version + "318073B3A18000";
      const Recognition seen = Recognise(Bytes(atr));
      EXPECT_EQ(seen.family, v1::CARD_FAMILY_AKIS_V1) << atr;
      EXPECT_EQ(seen.display_name, "AKİS v1 (UEKAE " + std::string(version) + ")");
    }
  }
  for (const char* version : {"122100", "122107", "122108", "202012", "532282", "D22108", "D32108",
                              "D32282", "D32302", "E42108"}) {
    for (const char* end : {"05", "01"}) {
      const std::string atr =
          "3B9F968131FE4580655443" + std::string(version) + "31C073F6218081" + end + "00";
      const Recognition seen = Recognise(Bytes(atr));
      EXPECT_EQ(seen.family, v1::CARD_FAMILY_AKIS_V2) << atr;
      EXPECT_TRUE(seen.akis);
    }
  }
  const Recognition newer = Recognise(Bytes("3B9F138131FE45806755454B41459999318073B3A18000"));
  EXPECT_EQ(newer.family, v1::CARD_FAMILY_UNKNOWN);
  EXPECT_TRUE(newer.akis);
  EXPECT_EQ(newer.display_name, "AKİS of an unknown version (UEKAE 9999)");
}

TEST(SerialTextTest, PackedDigitsUpToTheFirstThatIsNone) {
  EXPECT_EQ(SerialText(Bytes("87211470000000000000FFFF")), "87211470000000000000");
  EXPECT_EQ(SerialText(Bytes("123F")), "123");
  EXPECT_EQ(SerialText(Bytes("FFFF")), "");
  EXPECT_EQ(SerialText(""), "");
}

TEST(SecurityByteTest, WhatItSaysAboutTries) {
  struct Row {
    uint8_t security;
    v1::TriesLeft left;
    std::optional<int> count;
  };
  const std::vector<Row> table = {{0x06, v1::TRIES_LEFT_ALL, std::nullopt},
                                  {0x02, v1::TRIES_LEFT_ALL, std::nullopt},
                                  {0x46, v1::TRIES_LEFT_SOME, std::nullopt},
                                  {0xC6, v1::TRIES_LEFT_ONE, 1},
                                  {0x86, v1::TRIES_LEFT_ONE, 1},
                                  {0xC4, v1::TRIES_LEFT_NONE, 0},
                                  {0x04, v1::TRIES_LEFT_UNKNOWN, std::nullopt}};
  for (const Row& row : table) {
    const PinTries tries = JudgeSecurityByte(row.security);
    EXPECT_EQ(tries.left, row.left) << int{row.security};
    EXPECT_EQ(tries.count, row.count) << int{row.security};
  }
  EXPECT_EQ(JudgeCount(0).left, v1::TRIES_LEFT_NONE);
  EXPECT_EQ(JudgeCount(1).left, v1::TRIES_LEFT_ONE);
  EXPECT_EQ(JudgeCount(2).left, v1::TRIES_LEFT_SOME);
}

TEST(AkisTest, ReadsTheSerialWithOneCommand) {
  const auto card = MakeCard();
  DirectChannel channel(*card);
  const auto serial = ReadSerial(channel);
  ASSERT_TRUE(serial.ok());
  EXPECT_EQ(*serial, "87211470000000000000");
  EXPECT_EQ(channel.exchanges, 1);
}

TEST(AkisTest, FindsWhatIsOnTheCard) {
  const auto card = MakeCard();
  DirectChannel channel(*card);
  CardMemories memories;
  const auto akis = MakeAkisCard(channel, kFacts, memories);
  const auto pin = akis->FindPin("");
  ASSERT_TRUE(pin.ok()) << pin.status();
  EXPECT_EQ(pin->limits.min_length, 4);
  EXPECT_EQ(pin->limits.max_length, 16);
  EXPECT_EQ(pin->limits.charset, PinCharset::kDigits);
  const auto certificates = akis->ReadCertificates();
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  ASSERT_THAT(*certificates, SizeIs(3));
  EXPECT_EQ((*certificates)[0].key, "");
  EXPECT_NE((*certificates)[1].key, "");
  EXPECT_EQ((*certificates)[2].pin, pin->id);
  EXPECT_EQ(akis->Identify()->serial, card->options().serial);
}

TEST(AkisTest, TheCommandsThatAreAttempts) {
  const auto card = MakeCard();
  DirectChannel channel(*card);
  EXPECT_EQ(ReadPinTries(channel, kPin)->left, v1::TRIES_LEFT_ALL);
  EXPECT_EQ(VerifyPin(channel, kPin, "9999")->tries_left, 2);
  EXPECT_EQ(ReadPinTries(channel, kPin)->left, v1::TRIES_LEFT_SOME);
  EXPECT_EQ(VerifyPin(channel, kPin, "1234")->verdict, PinVerdict::kRight);
  EXPECT_TRUE(card->pin_verified());
  EXPECT_EQ(ChangePin(channel, kPin, "1234", "295174")->verdict, PinVerdict::kRight);
  EXPECT_EQ(card->pin(), "295174");
  EXPECT_EQ(UnblockPin(channel, kPin, "99999999", "618403")->tries_left, 2);
  EXPECT_EQ(UnblockPin(channel, kPin, "12345678", "618403")->verdict, PinVerdict::kRight);
  EXPECT_EQ(card->pin(), "618403");
}

TEST(AkisTest, AnEmptyPinIsNeverSent) {
  const auto card = MakeCard();
  DirectChannel channel(*card);
  EXPECT_FALSE(VerifyPin(channel, {}, "").ok());
  EXPECT_FALSE(VerifyPin(channel, {}, std::string(17, '1')).ok());
  EXPECT_FALSE(ChangePin(channel, {}, "", "295174").ok());
  EXPECT_FALSE(ChangePin(channel, {}, "1234", "").ok());
  EXPECT_EQ(channel.exchanges, 0);
}

TEST(AkisTest, SignsWhatItsCertificateVerifies) {
  const auto card = MakeCard();
  DirectChannel channel(*card);
  CardMemories memories;
  const auto akis = MakeAkisCard(channel, kFacts, memories);
  const auto certificates = akis->ReadCertificates();
  ASSERT_TRUE(certificates.ok());
  ASSERT_EQ(VerifyPin(channel, kPin, "1234")->verdict, PinVerdict::kRight);
  const auto certificate = CardCertificate::Parse((*certificates)[2].der);
  ASSERT_TRUE(certificate.ok());
  const auto signature = akis->Sign((*certificates)[2], "message");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_TRUE(certificate->Verifies("message", *signature));
  EXPECT_FALSE(certificate->Verifies("another", *signature));
  EXPECT_FALSE(certificate->Verifies("message", "short"));
  // The other key's signature does not fit this certificate.
  const auto other = akis->Sign((*certificates)[1], "message");
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(certificate->Verifies("message", *other));
  // One without a key.
  EXPECT_EQ(ReasonOf(akis->Sign((*certificates)[0], "message").status()),
            v1::ERROR_REASON_CERTIFICATE_NOT_FOUND);
}

TEST(AkisTest, ACardWithoutPkcs15IsUnsupported) {
  ScriptedChannel channel([](const CommandApdu&) { return ResponseApdu{"", StatusWord(0x6A82)}; });
  CardMemories memories;
  EXPECT_EQ(ReasonOf(MakeAkisCard(channel, kFacts, memories)->FindPin("").status()),
            v1::ERROR_REASON_CARD_UNSUPPORTED);
}

TEST(AkisTest, FindsTheApplicationThroughEfDir) {
  // Application id, label, and the path of the application: 3F00/5015.
  const std::string dir = Bytes(
      "611D"
      "4F0CA000000063504B43532D3135"
      "5007504B4353233135"
      "51043F005015");
  std::vector<std::string> selected;
  ScriptedChannel channel([&](const CommandApdu& command) {
    if (command.ins != 0xA4) {
      return ResponseApdu{selected.back() == "3F002F00" ? dir : "", StatusWord(0x6282)};
    }
    selected.push_back(Hex(command.data));
    const bool there = selected.back() == "3F002F00" || selected.back() == "3F0050155031";
    return there ? ResponseApdu{Bytes("6F0480020040"), StatusWord(0x9000)}
                 : ResponseApdu{"", StatusWord(0x6A82)};
  });
  CardMemories memories;
  const auto certificates = MakeAkisCard(channel, kFacts, memories)->ReadCertificates();
  EXPECT_TRUE(certificates.ok()) << certificates.status();
  EXPECT_THAT(selected, ElementsAre("3F003D005031", "3F002F00", "3F0050155031"));
}

TEST(AkisTest, AFileIsReadToItsEndAndNotFurther) {
  // It promises 516 bytes and ends after 304: with 6282, with 6B00 behind the end, or
  // with an empty answer there.
  for (const uint16_t last : {0x6282, 0x6B00, 0x9000}) {
    ScriptedChannel channel([&](const CommandApdu& command) {
      if (command.ins == 0xA4) return ResponseApdu{"", StatusWord(0x9000)};
      switch (command.p1 << 8 | command.p2) {
        case 0:
          return ResponseApdu{Bytes("30820200") + std::string(0xF0, 'x'), StatusWord(0x9000)};
        case 0xF4:
          return ResponseApdu{std::string(60, 'y'), StatusWord(last == 0x6282 ? last : 0x9000)};
        default:
          return ResponseApdu{"", StatusWord(last)};
      }
    });
    const auto file = ReadSelected(channel, 0, kMaxFile, Extent::kFirstObject);
    ASSERT_TRUE(file.ok()) << last;
    EXPECT_EQ(file->size(), 304U) << last;
    EXPECT_LE(channel.sent, 4);
  }
}

TEST(AkisTest, AFileThatNeverEndsIsCut) {
  ScriptedChannel channel([&](const CommandApdu& command) {
    if (command.ins == 0xA4) return ResponseApdu{"", StatusWord(0x9000)};
    // A length of sixteen million.
    return ResponseApdu{Bytes("3083FFFFFF") + std::string(0xEF, 'x'), StatusWord(0x9000)};
  });
  const auto file = ReadSelected(channel, 0, kMaxFile, Extent::kFirstObject);
  ASSERT_TRUE(file.ok());
  EXPECT_LE(file->size(), 16U * 1024);
  EXPECT_LE(channel.sent, 80);
}

// An object of 820 bytes, which takes four commands.
std::string LongObject(char middle, char last) {
  return Bytes("30820330") + std::string(240, 'b') + std::string(300, middle) +
         std::string(276, last);
}

TEST(FilesTest, AKnownObjectIsReadAtBothEndsOnly) {
  const std::string known = LongObject('m', 'e');
  const KnownContents find = [&](std::string_view beginning,
                                 std::size_t size) -> std::optional<std::string> {
    EXPECT_EQ(beginning, known.substr(0, kMaxRead));
    return size == known.size() ? std::optional(known) : std::nullopt;
  };
  for (const auto& [file, commands] : {std::pair{known, 2},
                                       // Another one that begins the same.
                                       std::pair{LongObject('m', 'f'), 5},
                                       std::pair{Bytes("30820331") + known.substr(4) + "x", 4}}) {
    ScriptedChannel channel([&file = file](const CommandApdu& command) {
      const std::size_t at = static_cast<std::size_t>(command.p1 << 8 | command.p2);
      return ResponseApdu{file.substr(at, static_cast<std::size_t>(*command.le)),
                          StatusWord(0x9000)};
    });
    const bool told_apart = file.size() != known.size();
    const auto read = ReadSelected(channel, 0, kMaxFile, Extent::kFirstObject,
                                   told_apart ? KnownContents() : find);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, file);
    EXPECT_EQ(channel.sent, commands);
  }
}

// A PIN's entry with `reference`, which may be none, in the place of its reference.
std::string PinEntry(const std::string& reference) {
  const auto object = [](char tag, const std::string& value) {
    return std::string(1, tag) + static_cast<char>(value.size()) + value;
  };
  const std::string attributes = Bytes("0302020C") + Bytes("0A0101") + Bytes("020104") +
                                 Bytes("020108") + Bytes("020108") + reference;
  return object('\x30', object('\x30', Bytes("0C0350494E")) + object('\x30', Bytes("040101")) +
                            object('\xA1', object('\x30', attributes)));
}

TEST(Pkcs15Test, AReferenceThatCannotBeReadIsNoOtherPins) {
  struct Row {
    const char* reference;
    int read;
    PinEncoding encoding;
  };
  for (const auto& [reference, read, encoding] :
       {Row{"", 0, PinEncoding::kText}, Row{"800101", 1, PinEncoding::kText},
        Row{"800181", 0x81, PinEncoding::kText}, Row{"80020081", 0x81, PinEncoding::kText},
        Row{"8002FF81", 0x81, PinEncoding::kText}, Row{"8002FF01", 0, PinEncoding::kOther},
        Row{"80020101", 0, PinEncoding::kOther}, Row{"8000", 0, PinEncoding::kOther},
        Row{"8003000081", 0, PinEncoding::kOther}}) {
    const auto pins = ParseAuthenticationObjects(PinEntry(Bytes(reference)));
    ASSERT_TRUE(pins.ok()) << pins.status();
    ASSERT_THAT(*pins, SizeIs(1)) << reference;
    EXPECT_EQ(pins->front().reference, read) << reference;
    EXPECT_EQ(pins->front().encoding, encoding) << reference;
  }
}

TEST(Pkcs15Test, LabelsAreMadePrintable) {
  EXPECT_EQ(Printable("Nitelikli İmza"), "Nitelikli İmza");
  EXPECT_EQ(Printable("a\nb\x1b[31m"), "a?b?[31m");
  EXPECT_EQ(Printable("\xC3\x28\xFF"), "?(?");
  EXPECT_EQ(Printable("\xC2\x85x"), "?x");
  EXPECT_EQ(Printable("\xED\xA0\x80"), "???");
  EXPECT_THAT(Printable(std::string(1000, 'x')), SizeIs(128));
  // Never half a character.
  EXPECT_EQ(Printable("aİİ", 4), "aİ");
  EXPECT_THAT(Printable(""), IsEmpty());
}

}  // namespace
}  // namespace ilkimza::agent
