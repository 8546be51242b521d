// What PKCS#15 cards may say of their PINs and of where their application is, through
// CardService: a practice card in a coat that says something else than it does.
#include "agent/card/pkcs15.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "sandbox/card/der.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

namespace der = sandbox::der;
using sandbox::Bytes;
using sandbox::CardKind;
using sandbox::CardOptions;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of which nothing is known but what it says.
constexpr char kPlainAtr[] = "3B6E000080318066B1840C016E0183009000";
constexpr int kBcd = 0, kAsciiNumeric = 1, kUtf8 = 2, kHalfNibbleBcd = 3, kIso9564 = 4;

// PinAttributes of the standard, as a card says them.
struct Said {
  int type = kAsciiNumeric;
  bool padded = true;
  uint32_t min = 4;
  uint32_t stored = 8;
  std::optional<uint32_t> max;
  std::optional<uint8_t> pad = 0xFF;
};

std::string Pin(const char* label, const char* id, const char* unblocked_by, uint32_t reference,
                const Said& said) {
  // Initialised; a PUK unblocks.
  const bool puk = std::string_view(label) == "PUK";
  std::string attributes = said.padded && puk ? der::Bits({4, 5, 6})
                           : said.padded      ? der::Bits({4, 5})
                           : puk              ? der::Bits({4, 6})
                                              : der::Bits({4});
  attributes += der::Enumerated(static_cast<uint8_t>(said.type)) + der::Integer(said.min) +
                der::Integer(said.stored);
  if (said.max) attributes += der::Integer(*said.max);
  attributes += der::Tlv(0x80, der::IntegerContent(reference));
  if (said.pad) attributes += der::OctetString(std::string(1, static_cast<char>(*said.pad)));
  std::string common = der::Utf8(label) + der::Bits({0, 1});
  if (unblocked_by != nullptr) common += der::OctetString(unblocked_by);
  return der::Sequence(der::Sequence(common) + der::Sequence(der::OctetString(id)) +
                       der::Context(1, der::Sequence(attributes)));
}

// The holder's PIN, and its PUK.
std::string AuthenticationObjects(const Said& said) {
  return Pin("PIN", "\x01", "\x02", 1, said) + Pin("PUK", "\x02", nullptr, 2, said);
}

class Pkcs15CardTest : public FakeServiceTest {
 protected:
  using Coat = std::function<std::string(std::string_view apdu)>;

  void Use(CardOptions options, Coat coat) {
    harness_.reset();
    pcsc_ = std::make_shared<FakePcsc>();
    pcsc_->AddReader(kReader);
    card_ = sandbox::MakeCard(std::move(options));
    pcsc_->Insert(kReader, card_->answer_to_reset(), std::move(coat), [this] { card_->Reset(); });
    Start();
    ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  }

  // A card that says so of its PIN and PUK, and finds all of them right.
  void UseCardThatSays(const Said& said) {
    Use({.kind = CardKind::kMyEid, .atr = kPlainAtr}, [this, said](std::string_view apdu) {
      const char instruction = apdu.size() > 4 ? apdu[1] : '\0';
      if (instruction == '\x20' || instruction == '\x24' || instruction == '\x2C') {
        return Bytes("9000");
      }
      std::string answer = card_->Process(apdu).value_or("");
      if (answer.find(der::Utf8("PUK")) == std::string::npos) return answer;
      // As much of the file as was asked for.
      const std::size_t size = answer.size() - 2;
      answer = AuthenticationObjects(said);
      answer.resize(size);
      return answer + Bytes("9000");
    });
  }

  absl::Status Unblock(const std::string& puk, const std::string& new_pin) {
    v1::UnblockPinRequest request;
    request.set_name(Name());
    request.set_puk(puk);
    request.set_new_pin(new_pin);
    request.set_allow_puk_try(true);
    grpc::ClientContext context;
    v1::UnblockPinResponse response;
    return FromGrpcStatus(harness_->stub().UnblockPin(&context, request, &response));
  }
};

struct Typed {
  const char* what;
  Said said;
  std::string pin;
  // The command's data; empty where the PIN never reaches the card.
  std::string sent;
};

TEST_F(Pkcs15CardTest, APinGoesToTheCardAsTheCardSays) {
  const Typed rows[] = {
      {"BCD, even", {.type = kBcd}, "1234", "1234ffffffffffff"},
      {"BCD, odd", {.type = kBcd}, "12345", "12345fffffffffff"},
      {"BCD, filled up with 0", {.type = kBcd, .pad = 0x00}, "12345", "1234500000000000"},
      {"BCD, two digits a byte", {.type = kBcd, .stored = 4}, "12345678", "12345678"},
      {"BCD, not filled up", {.type = kBcd, .padded = false, .pad = {}}, "1234", "1234"},
      {"BCD, half a byte filled up", {.type = kBcd, .padded = false}, "12345", "12345f"},
      {"ASCII", {}, "1234", "31323334ffffffff"},
      {"ASCII, filled up with 0", {.pad = 0x00}, "1234", "3132333400000000"},
      {"ASCII, no filling named", {.pad = {}}, "1234", "3132333400000000"},
      {"ASCII, full", {}, "12345678", "3132333435363738"},
      {"ASCII, not filled up", {.padded = false}, "12345", "3132333435"},
      {"UTF-8", {.type = kUtf8}, "aB-1 ", "61422d3120ffffff"},
      {"UTF-8, not filled up", {.type = kUtf8, .padded = false}, "aB-1", "61422d31"},
      {"ISO 9564, even", {.type = kIso9564}, "1234", "241234ffffffffff"},
      {"ISO 9564, odd", {.type = kIso9564}, "12345", "2512345fffffffff"},
      {"ISO 9564, full", {.type = kIso9564}, "123456789012", "2c123456789012ff"},
      {"ISO 9564, its own filling", {.type = kIso9564, .pad = 0x00}, "1234", "241234ffffffffff"},
      {"ISO 9564, its own size",
       {.type = kIso9564, .padded = false, .stored = 0, .max = 12},
       "1234",
       "241234ffffffffff"},
  };
  for (const Typed& row : rows) {
    SCOPED_TRACE(row.what);
    UseCardThatSays(row.said);
    const absl::Status status = Verify(row.pin);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_THAT(pcsc_->Sent(0x20),
                ElementsAre(absl::StrCat("002000010", row.sent.size() / 2, row.sent)));
  }
}

TEST_F(Pkcs15CardTest, APinThatDoesNotFitNeverReachesTheCard) {
  const Typed rows[] = {
      {"BCD, a letter", {.type = kBcd}, "12a4", ""},
      {"BCD, one digit more than two a byte", {.type = kBcd, .stored = 4}, "123456789", ""},
      {"BCD, longer than said", {.type = kBcd, .max = 6}, "1234567", ""},
      {"ASCII, a letter", {}, "12a4", ""},
      {"ASCII, one byte more", {}, "123456789", ""},
      {"ASCII, longer than stored", {.max = 12}, "123456789", ""},
      {"ASCII, too short", {.min = 6}, "12345", ""},
      {"UTF-8, a character of two bytes", {.type = kUtf8}, "1234ş", ""},
      {"UTF-8, one byte more", {.type = kUtf8}, "12345678a", ""},
      {"ISO 9564, a letter", {.type = kIso9564}, "12a4", ""},
      {"ISO 9564, thirteen digits", {.type = kIso9564, .max = 16}, "1234567890123", ""},
      {"ISO 9564, not filled up",
       {.type = kIso9564, .padded = false, .max = 16},
       "1234567890123",
       ""},
  };
  for (const Typed& row : rows) {
    SCOPED_TRACE(row.what);
    UseCardThatSays(row.said);
    EXPECT_EQ(ReasonOf(Verify(row.pin)), v1::ERROR_REASON_PIN_FORMAT);
    EXPECT_THAT(pcsc_->Sent(0x20), IsEmpty());
  }
}

TEST_F(Pkcs15CardTest, NoPinIsSentInAFormThatIsNotClear) {
  const std::pair<const char*, Said> rows[] = {
      {"half a byte each", {.type = kHalfNibbleBcd}},
      {"newer than the standard", {.type = 9}},
      {"BCD, no filling named", {.type = kBcd, .pad = {}}},
      {"BCD, filling of two kinds", {.type = kBcd, .pad = 0x34}},
      {"no PIN has room", {.min = 9, .max = 16}},
      {"ISO 9564, no PIN has room", {.type = kIso9564, .min = 13, .max = 16}},
  };
  for (const auto& [what, said] : rows) {
    SCOPED_TRACE(what);
    UseCardThatSays(said);
    for (const absl::Status& status :
         {Verify("12345678"), Change(), Unblock("12345678", "618403")}) {
      EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OPERATION_UNSUPPORTED) << status;
    }
    for (const uint8_t attempt : {0x20, 0x24, 0x2C}) EXPECT_THAT(pcsc_->Sent(attempt), IsEmpty());
  }
}

TEST_F(Pkcs15CardTest, AnOddPinIsNotFilledUpByGuessing) {
  // An unknown filling would be another digit.
  UseCardThatSays({.type = kBcd, .padded = false, .pad = {}});
  EXPECT_FALSE(Verify("12345").ok());
  EXPECT_THAT(pcsc_->Sent(0x20), IsEmpty());
}

TEST_F(Pkcs15CardTest, LengthsAreToldInCharacters) {
  const std::pair<Said, int> rows[] = {{{.type = kBcd, .stored = 4}, 8},
                                       {{.type = kBcd, .stored = 8, .max = 12}, 12},
                                       {{.type = kBcd, .padded = false, .stored = 5}, 10},
                                       {{}, 8},
                                       {{.max = 6}, 6},
                                       {{.type = kUtf8}, 8},
                                       {{.type = kIso9564}, 12}};
  for (const auto& [said, longest] : rows) {
    SCOPED_TRACE(absl::StrCat(said.type, " ", said.stored));
    UseCardThatSays(said);
    const auto state = harness_->PinState(Name());
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(state->min_length(), 4);
    EXPECT_EQ(state->max_length(), longest);
  }
}

TEST_F(Pkcs15CardTest, OldAndNewPinAndPukGoInTheSameForm) {
  UseCardThatSays({.type = kBcd, .stored = 4});
  EXPECT_TRUE(Change("2951745").ok());
  EXPECT_THAT(pcsc_->Sent(0x24), ElementsAre("00240001081234ffff2951745f"));
  EXPECT_TRUE(Unblock("87654321", "618403").ok());
  EXPECT_THAT(pcsc_->Sent(0x2C), ElementsAre("002c00010887654321618403ff"));
  UseCardThatSays({.type = kIso9564});
  EXPECT_TRUE(Change("2951745").ok());
  EXPECT_THAT(pcsc_->Sent(0x24), ElementsAre("0024000110241234ffffffffff272951745fffffff"));
}

// --- Where the application is ---

bool SelectsByName(std::string_view apdu) {
  return apdu.size() > 4 && apdu[1] == '\xA4' && apdu[2] == '\x04';
}

std::string Application(std::string_view id, std::string_view path) {
  return der::Tlv(0x61, der::Tlv(0x4F, id) + der::Tlv(0x51, path));
}

TEST_F(Pkcs15CardTest, ACardThatTakesNoNameSaysInEfDirWhereItsApplicationIs) {
  for (const CardKind kind : {CardKind::kMyEid, CardKind::kIsoApplet}) {
    for (const std::string_view id : {kPkcs15Id, kIso7816Part15Id}) {
      for (const char* path : {"3F005015", "5015"}) {
        SCOPED_TRACE(absl::StrCat(static_cast<int>(kind), " ", path));
        const std::string dir = Application(id, Bytes(path));
        Use({.kind = kind, .puk = kind == CardKind::kMyEid ? "12345678" : "8765432187654321"},
            [this, dir](std::string_view apdu) {
              const bool applet = apdu.find('\xF2') != std::string_view::npos;
              if (SelectsByName(apdu) && !applet) return Bytes("6A82");
              std::string answer = card_->Process(apdu).value_or("");
              return answer.starts_with('\x61') ? dir + Bytes("6282") : answer;
            });
        EXPECT_THAT(harness_->Certificates(Name()).value(),
                    SizeIs(kind == CardKind::kMyEid ? 3 : 2));
        EXPECT_EQ(harness_->PinState(Name())->tries_left(), v1::TRIES_LEFT_ALL);
        EXPECT_TRUE(Verify().ok());
        const absl::Status status = TestSign();
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_TRUE(Change().ok());
        EXPECT_EQ(card_->pin(), "295174");
      }
    }
  }
}

TEST_F(Pkcs15CardTest, ACardThatKnowsTheApplicationByItsNewerName) {
  Use({.kind = CardKind::kMyEid}, [this](std::string_view apdu) {
    if (!SelectsByName(apdu)) return card_->Process(apdu).value_or("");
    if (apdu.find(kIso7816Part15Id) == std::string_view::npos) return Bytes("6A82");
    return card_->Process(Bytes("00A404000CA000000063504B43532D313500")).value_or("");
  });
  EXPECT_THAT(harness_->Certificates(Name()).value(), SizeIs(3));
  WaitUntilGivenBack();
  pcsc_->ClearLog();
  EXPECT_TRUE(Verify().ok());
  // It is asked for by the name it has, and by no other any more.
  for (const std::string& command : pcsc_->Sent(0xA4)) {
    EXPECT_EQ(command.find("504b43532d3135"), std::string::npos) << command;
  }
}

TEST(ApplicationPathTest, IsOfTheFirstApplicationThatFits) {
  const std::string other = Application(Bytes("A000000167455349474E"), Bytes("3F001234"));
  EXPECT_EQ(FindApplicationPath(other), "");
  EXPECT_EQ(FindApplicationPath(other + Application(kPkcs15Id, Bytes("3F005015"))),
            Bytes("3F005015"));
  EXPECT_EQ(FindApplicationPath(Application(kPkcs15Id, Bytes("50155016"))), Bytes("3F0050155016"));
  // The newer name may go on with the name of the application that it is about.
  EXPECT_EQ(
      FindApplicationPath(Application(Bytes("E828BD080FA000000167455349474E"), Bytes("3F005015"))),
      Bytes("3F005015"));
  EXPECT_EQ(FindApplicationPath(Application(Bytes("E828BD08"), Bytes("3F005015"))), "");
  EXPECT_EQ(FindApplicationPath(Application(kPkcs15Id, "")), "");
  EXPECT_EQ(FindApplicationPath(Application(kPkcs15Id, Bytes("3F0050"))), "");
  // With the master file before it, it would be longer than any path is.
  EXPECT_EQ(FindApplicationPath(Application(kPkcs15Id, std::string(16, '\x50'))), "");
}

}  // namespace
}  // namespace ilkimza::agent
