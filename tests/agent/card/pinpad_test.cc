// PINs typed on the reader's keys, on a scripted reader: no virtual one has keys.
#include "agent/card/pinpad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <reader.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using sandbox::Hex;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr DWORD kVerifyControl = 0x42330006, kModifyControl = 0x42330007;

// --- The formats ---

TEST(PinpadFormatTest, ReadsTheListOfFeatures) {
  const auto features = ParsePinpadFeatures(Bytes("060442330006 070442330007 0A0442330014"));
  EXPECT_EQ(features.verify, kVerifyControl);
  EXPECT_EQ(features.modify, kModifyControl);
  for (const char* nonsense : {"", "06", "0604423300", "060342330006", "06044233000607"}) {
    EXPECT_EQ(ParsePinpadFeatures(Bytes(nonsense)).verify, 0) << nonsense;
  }
}

TEST(PinpadFormatTest, SomeReadersLie) {
  EXPECT_FALSE(TrustedPinpad("OMNIKEY CardMan 3x21 00 00"));
  EXPECT_FALSE(TrustedPinpad("OMNIKEY AG CardMan 3121 00 00"));
  EXPECT_FALSE(TrustedPinpad("HID Global OMNIKEY 3x21 Smart Card Reader [x] 00 00"));
  EXPECT_FALSE(TrustedPinpad("OMNIKEY 6121 Smart Card Reader 00 00"));
  EXPECT_TRUE(TrustedPinpad("HID Global OMNIKEY 3821 01 00"));
  EXPECT_TRUE(TrustedPinpad("Gemalto PC Pinpad Smart Card Reader 00 00"));
  EXPECT_TRUE(TrustedPinpad("Cherry ST-2000 3121"));
}

TEST(PinpadFormatTest, TheBlockOfAVerify) {
  const auto block = EncodeKeysBlock(
      {.ins = 0x20, .p2 = 0x80, .limits = {.min_length = 4, .max_length = 16}}, absl::Seconds(30));
  ASSERT_TRUE(block.ok());
  // Times, ASCII digits, no fixed length, 4 to 16 digits, confirmation key, one message
  // in Turkish, T=1 prologue, length, command.
  EXPECT_EQ(Hex(*block),
            "1E1E82000010040201"
            "1F0400000000"
            "05000000"
            "0020008000");
  EXPECT_EQ(block->size(), sizeof(PIN_VERIFY_STRUCTURE) + 5);
}

TEST(PinpadFormatTest, TheBlockOfAVerifyThatIsFilledUp) {
  const auto block = EncodeKeysBlock({.ins = 0x20,
                                      .p2 = 0x01,
                                      .limits = {.min_length = 4, .max_length = 8},
                                      .padded_length = 8,
                                      .filler = 0xFF},
                                     absl::Hours(1));
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(Hex(*block),
            "FFFF82080008040201"
            "1F0400000000"
            "0D000000"
            "0020000108FFFFFFFFFFFFFFFF");
}

TEST(PinpadFormatTest, TheBlockOfAChange) {
  const auto block = EncodeKeysBlock({.ins = 0x24,
                                      .p2 = 0x01,
                                      .limits = {.min_length = 4, .max_length = 8},
                                      .padded_length = 8,
                                      .modify = true},
                                     absl::Seconds(30));
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(Hex(*block),
            "1E1E820800"
            "0008"
            "0804"
            "03"
            "02"
            "03"
            "1F04"
            "000102"
            "000000"
            "15000000"
            "0024000110"
            "00000000000000000000000000000000");
  EXPECT_EQ(block->size(), sizeof(PIN_MODIFY_STRUCTURE) + 21);
}

TEST(PinpadFormatTest, WhatKeysCannotTypeIsNotTried) {
  const PinLimits digits{.min_length = 4, .max_length = 8};
  const std::vector<KeysCommand> table = {
      // Two PINs of unknown length in one command.
      {.ins = 0x24, .limits = digits, .modify = true},
      {.ins = 0x20, .limits = digits, .padded_length = 16},
      {.ins = 0x20, .limits = {.min_length = 4, .max_length = 256}},
      {.ins = 0x20, .limits = {.min_length = 4, .max_length = 8, .charset = PinCharset::kAscii}}};
  for (const KeysCommand& command : table) {
    EXPECT_EQ(ReasonOf(EncodeKeysBlock(command, absl::Seconds(30)).status()),
              v1::ERROR_REASON_NO_PINPAD);
  }
}

// --- A reader with keys ---

class PinpadTest : public FakeServiceTest {
 protected:
  // The holder types this; empty: nothing is typed, and the reader says `refusal`.
  void GiveKeys(const std::string& typed, const std::string& refusal = "6401") {
    pcsc_->GiveKeys(
        kReader, {{FEATURE_VERIFY_PIN_DIRECT, kVerifyControl}},
        [this, typed, refusal](DWORD code, std::string_view block, std::string& answer) {
          EXPECT_EQ(code, kVerifyControl);
          blocks_.push_back(Hex(block));
          answer =
              typed.empty()
                  ? Bytes(refusal)
                  : *card_->Process(Bytes("00200080") + static_cast<char>(typed.size()) + typed);
          return SCARD_S_SUCCESS;
        });
  }
  void StartWithKeys(const std::string& typed, const std::string& refusal = "6401") {
    GiveKeys(typed, refusal);
    StartWithCard();
    // Asked beside the card.
    while (!harness_->Readers()->front().has_pinpad()) std::this_thread::yield();
    pcsc_->ClearLog();
  }
  v1::VerifyPinRequest OnKeys() {
    v1::VerifyPinRequest request = VerifyRequest("");
    request.set_on_pinpad(true);
    return request;
  }

  std::vector<std::string> blocks_;
};

TEST_F(PinpadTest, VerifiesAndLeavesTheCardClosed) {
  StartWithKeys("1234");
  v1::VerifyPinResponse response;
  const absl::Status status = harness_->Verify(OnKeys(), &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.pin_state().tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_THAT(blocks_, SizeIs(1));
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  WaitUntilGivenBack();
  EXPECT_THAT(pcsc_->Log(), Contains("end reset"));
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(PinpadTest, AWrongPinIsTheCardsAnswer) {
  StartWithKeys("9876");
  const absl::Status status = harness_->Verify(OnKeys());
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(MetadataOf(status)["tries_left"], "2");
  EXPECT_EQ(card_->tries_left().pin, 2);
}

TEST_F(PinpadTest, WhatTheReaderRefusesSpendsNoTryAndEndsNoStep) {
  const std::map<std::string, v1::ErrorReason> table = {{"6400", v1::ERROR_REASON_PINPAD_TIMEOUT},
                                                        {"6401", v1::ERROR_REASON_PINPAD_CANCELLED},
                                                        {"6402", v1::ERROR_REASON_PIN_FORMAT},
                                                        {"6403", v1::ERROR_REASON_PIN_FORMAT},
                                                        {"6B80", v1::ERROR_REASON_NO_PINPAD}};
  StartWithKeys("1234");
  for (const auto& [answer, reason] : table) {
    GiveKeys("", answer);
    harness_->host().RunStep(Directive(1, v1::STEP_KIND_PROVE_PIN, {card_->options().serial}));
    v1::VerifyPinRequest request = OnKeys();
    request.set_journey(kJourney);
    EXPECT_EQ(ReasonOf(harness_->Verify(request)), reason) << answer;
    EXPECT_EQ(harness_->observer().ReportCount(1), 0) << answer;
  }
  EXPECT_THAT(blocks_, SizeIs(table.size()));
  EXPECT_EQ(card_->tries_left().pin, 3);
  // The same step goes on.
  GiveKeys("1234");
  v1::VerifyPinRequest request = OnKeys();
  request.set_journey(kJourney);
  EXPECT_TRUE(harness_->Verify(request).ok());
  EXPECT_EQ(harness_->observer().WaitForReport(1)->outcome(), v1::STEP_OUTCOME_DONE);
}

TEST_F(PinpadTest, WhateverElseHappensLeavesItUnknown) {
  StartWithKeys("1234");
  for (const LONG code : {SCARD_W_REMOVED_CARD, SCARD_E_NOT_TRANSACTED, SCARD_E_NO_SERVICE,
                          SCARD_W_SECURITY_VIOLATION, SCARD_E_TIMEOUT}) {
    int typed = 0;
    pcsc_->GiveKeys(kReader, {{FEATURE_VERIFY_PIN_DIRECT, kVerifyControl}},
                    [&, code](DWORD, std::string_view, std::string&) {
                      ++typed;
                      return code;
                    });
    EXPECT_EQ(ReasonOf(harness_->Verify(OnKeys())), v1::ERROR_REASON_ATTEMPT_UNKNOWN)
        << std::hex << code;
    EXPECT_EQ(typed, 1);
  }
  // An answer without a status word.
  pcsc_->GiveKeys(kReader, {{FEATURE_VERIFY_PIN_DIRECT, kVerifyControl}},
                  [](DWORD, std::string_view, std::string& answer) {
                    answer = "\x90";
                    return SCARD_S_SUCCESS;
                  });
  EXPECT_EQ(ReasonOf(harness_->Verify(OnKeys())), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
}

TEST_F(PinpadTest, TheLastTryIsAskedForOnKeysToo) {
  StartWithKeys("1234");
  ASSERT_TRUE(card_->SetPinTriesLeft(1).ok());
  EXPECT_EQ(ReasonOf(harness_->Verify(OnKeys())), v1::ERROR_REASON_LAST_TRY);
  EXPECT_THAT(blocks_, IsEmpty());
  v1::VerifyPinRequest request = OnKeys();
  request.set_allow_last_try(true);
  EXPECT_TRUE(harness_->Verify(request).ok());
}

TEST_F(PinpadTest, AReaderWithoutKeysIsNotAsked) {
  StartWithCard();
  EXPECT_FALSE(harness_->Readers()->front().has_pinpad());
  EXPECT_EQ(ReasonOf(harness_->Verify(OnKeys())), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_THAT(pcsc_->Log(), IsEmpty());
}

TEST_F(PinpadTest, APinTypedTwiceIsRefused) {
  StartWithKeys("1234");
  v1::VerifyPinRequest request = OnKeys();
  request.set_pin("1234");
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_BAD_FIELD);
  EXPECT_THAT(blocks_, IsEmpty());
}

TEST_F(PinpadTest, ACommandThatKeysCannotFillInIsNotSent) {
  StartWithKeys("1234");
  v1::ChangePinRequest request;
  request.set_name(Name());
  request.set_on_pinpad(true);
  EXPECT_EQ(ReasonOf(harness_->Change(request)), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_THAT(blocks_, IsEmpty());
  EXPECT_THAT(pcsc_->Sent(kChange), IsEmpty());
}

// --- PKCS#15 cards on it ---

// A reader that fills in what the holder types: the PIN or PUK, then the new PIN.
class Pkcs15PinpadTest : public PinpadTest {
 protected:
  static constexpr int kPinLength = 8;
  // Where the command stands in a block.
  static constexpr std::size_t kVerifyHead = 19, kModifyHead = 24;

  void UseMyEid() {
    card_ = MakeCard({.kind = sandbox::CardKind::kMyEid});
    StartOn([this](DWORD code, std::string_view block, std::string& answer) {
      const std::size_t head = code == kVerifyControl ? kVerifyHead : kModifyHead;
      blocks_.push_back(Hex(block));
      std::string command(block.substr(head, 5));
      for (std::string pin : typed_) {
        pin.resize(kPinLength, '\xFF');
        command += pin;
      }
      EXPECT_EQ(command.size(), block.size() - head) << "the reader fills in, and adds nothing";
      answer = *card_->Process(command);
      return SCARD_S_SUCCESS;
    });
  }
  void StartOn(FakePcsc::Keys keys) {
    pcsc_->GiveKeys(
        kReader,
        {{FEATURE_VERIFY_PIN_DIRECT, kVerifyControl}, {FEATURE_MODIFY_PIN_DIRECT, kModifyControl}},
        std::move(keys));
    StartWithCard();
    while (!harness_->Readers()->front().has_pinpad()) std::this_thread::yield();
    pcsc_->ClearLog();
  }
  absl::Status ChangeOnKeys() {
    v1::ChangePinRequest request;
    request.set_name(Name());
    request.set_on_pinpad(true);
    return harness_->Change(request);
  }
  absl::Status UnblockOnKeys(bool allow = true) {
    v1::UnblockPinRequest request;
    request.set_name(Name());
    request.set_on_pinpad(true);
    request.set_allow_puk_try(allow);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    v1::UnblockPinResponse response;
    return FromGrpcStatus(harness_->stub().UnblockPin(&context, request, &response));
  }

  std::vector<std::string> typed_;
};

TEST_F(Pkcs15PinpadTest, VerifiesChangesAndUnblocks) {
  UseMyEid();
  typed_ = {"1234"};
  EXPECT_TRUE(harness_->Verify(OnKeys()).ok());
  typed_ = {"1234", "295174"};
  EXPECT_TRUE(ChangeOnKeys().ok());
  EXPECT_EQ(card_->pin(), "295174");
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  typed_ = {"12345678", "618403"};
  const absl::Status unblocked = UnblockOnKeys();
  EXPECT_TRUE(unblocked.ok()) << unblocked;
  EXPECT_EQ(card_->pin(), "618403");
  EXPECT_EQ(card_->tries_left().pin, 3);
  // All by the reader: what this computer sent holds no PIN.
  EXPECT_THAT(blocks_, SizeIs(3));
  EXPECT_THAT(blocks_[2], ::testing::HasSubstr("002C000110FFFFFFFF"));
  for (const uint8_t instruction : {kChange, uint8_t{0x2C}}) {
    EXPECT_THAT(pcsc_->Sent(instruction), IsEmpty());
  }
  WaitUntilGivenBack();
  EXPECT_FALSE(card_->pin_verified());
}

TEST_F(Pkcs15PinpadTest, AWrongPukIsThePuksTry) {
  UseMyEid();
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  // Nothing without the holder's word, on keys as well.
  EXPECT_EQ(ReasonOf(UnblockOnKeys(false)), v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED);
  EXPECT_THAT(blocks_, IsEmpty());
  typed_ = {"87654321", "618403"};
  const absl::Status status = UnblockOnKeys();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_WRONG_PUK);
  EXPECT_EQ(card_->tries_left().puk, 2);
}

TEST_F(Pkcs15PinpadTest, APinOfSixteenBytesOfTextIsNotForKeys) {
  card_ = MakeCard({.kind = sandbox::CardKind::kIsoApplet, .puk = "8765432187654321"});
  StartOn([this](DWORD, std::string_view block, std::string&) {
    blocks_.push_back(Hex(block));
    return SCARD_E_NOT_TRANSACTED;
  });
  EXPECT_EQ(ReasonOf(harness_->Verify(OnKeys())), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_EQ(ReasonOf(ChangeOnKeys()), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_EQ(ReasonOf(UnblockOnKeys()), v1::ERROR_REASON_NO_PINPAD);
  EXPECT_THAT(blocks_, IsEmpty());
  EXPECT_EQ(card_->tries_left().pin, 3);
  // And typed here it works.
  EXPECT_TRUE(Verify().ok());
}

TEST_F(PinpadTest, AReaderThatLiesIsNotTrusted) {
  constexpr char kLiar[] = "OMNIKEY CardMan 3x21 00 00";
  pcsc_->AddReader(kLiar);
  pcsc_->GiveKeys(kLiar, {{FEATURE_VERIFY_PIN_DIRECT, kVerifyControl}},
                  [](DWORD, std::string_view, std::string& answer) {
                    answer = Bytes("9000");
                    return SCARD_S_SUCCESS;
                  });
  StartWithKeys("1234");
  const auto readers = harness_->Readers().value();
  ASSERT_THAT(readers, SizeIs(2));
  EXPECT_TRUE(readers[0].has_pinpad());
  EXPECT_FALSE(readers[1].has_pinpad());
}

}  // namespace
}  // namespace ilkimza::agent
