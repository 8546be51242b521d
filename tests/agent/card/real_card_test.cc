// The card host on a real smart-card service with the practice card in a virtual
// reader. Run by tests/support/isolated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <winscard.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "agent/card/families.h"
#include "base/error.h"
#include "sandbox/card/simulator.h"
#include "tests/agent/card/harness.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kFirstPort = 35963;
using sandbox::kVerify;
constexpr auto kChangePin = sandbox::kChangePin;

// The service looks for cards every 400 ms only: waits until it has seen the last test's
// go. It counts insertions and removals in the upper half of the state; a card that died
// may be shown as gone before its removal was counted.
bool WaitUntilEmpty() {
  SCARDCONTEXT context = 0;
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) != 0) return false;
  bool empty = true;
  for (const char* reader : {"Virtual PCD 0 00 00", "Virtual PCD 0 00 01"}) {
    SCARD_READERSTATE state{};
    state.szReader = reader;
    do {
      state.dwCurrentState = state.dwEventState;
      empty = SCardGetStatusChange(context, 10'000, &state, 1) == SCARD_S_SUCCESS;
    } while (empty && ((state.dwEventState & SCARD_STATE_EMPTY) == 0 ||
                       (state.dwEventState >> 16) % 2 != 0));
  }
  SCardReleaseContext(context);
  return empty;
}

class RealCardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(std::system("pcscd-ctl start"), 0);
    ASSERT_TRUE(WaitUntilEmpty());
    card_ = MakeCard();
  }

  void InsertAndWait(sandbox::CardSimulator& card, int slot = 0) {
    ASSERT_TRUE(card.Insert("localhost", kFirstPort + slot).ok());
    ASSERT_TRUE(harness_.observer().WaitForSerial(card.options().serial));
  }

  // An answer does not wait for the reset that follows it.
  void ClosesSoon() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (card_->pin_verified() && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    EXPECT_FALSE(card_->pin_verified());
  }

  v1::VerifyPinRequest VerifyRequest(const std::string& pin) {
    v1::VerifyPinRequest request;
    request.set_name(NameOf(*card_));
    request.set_pin(pin);
    return request;
  }

  v1::ChangePinRequest ChangeRequest(const std::string& old_pin, const std::string& new_pin) {
    v1::ChangePinRequest request;
    request.set_name(NameOf(*card_));
    request.set_old_pin(old_pin);
    request.set_new_pin(new_pin);
    return request;
  }

  std::unique_ptr<sandbox::CardSimulator> card_;
  Harness harness_;
};

// Another program that uses the card.
class OtherProgram {
 public:
  explicit OtherProgram(DWORD share_mode = SCARD_SHARE_SHARED) {
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_), 0);
    // The agent may still be asking a new card who it is: that ends soon.
    DWORD protocol = 0;
    LONG connected = SCARD_E_SHARING_VIOLATION;
    for (int i = 0; i < 200 && connected == SCARD_E_SHARING_VIOLATION; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(25));
      connected = SCardConnect(context_, "Virtual PCD 0 00 00", share_mode, SCARD_PROTOCOL_T1,
                               &card_, &protocol);
    }
    EXPECT_EQ(connected, SCARD_S_SUCCESS);
  }
  ~OtherProgram() {
    SCardDisconnect(card_, SCARD_LEAVE_CARD);
    SCardReleaseContext(context_);
  }
  SCARDHANDLE card() const { return card_; }
  // The status word of a command; 0 where PC/SC refuses.
  int Send(std::string_view command) {
    unsigned char answer[300];
    DWORD size = sizeof answer;
    const LONG code =
        SCardTransmit(card_, SCARD_PCI_T1, reinterpret_cast<const unsigned char*>(command.data()),
                      command.size(), nullptr, answer, &size);
    return code == SCARD_S_SUCCESS && size >= 2 ? answer[size - 2] << 8 | answer[size - 1] : 0;
  }

 private:
  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
};

TEST_F(RealCardTest, ListsTheCardWithSerialAndFamily) {
  InsertAndWait(*card_);
  const auto cards = harness_.Cards();
  ASSERT_TRUE(cards.ok()) << cards.status();
  ASSERT_EQ(cards->size(), 1);
  const v1::Card& card = cards->front();
  EXPECT_EQ(card.name(), "cards/87211470000000000000");
  EXPECT_EQ(card.serial(), "87211470000000000000");
  EXPECT_EQ(card.family(), v1::CARD_FAMILY_AKIS_V1);
  EXPECT_TRUE(Offers(card, v1::CARD_OPERATION_VERIFY_PIN));
  EXPECT_EQ(card.family_display_name(), "AKİS v1 (UEKAE 1292)");
  EXPECT_EQ(card.reader(), "readers/virtual-pcd-0-00-00");
  EXPECT_EQ(harness_.host().CurrentSerial(), card.serial());

  const auto readers = harness_.Readers();
  ASSERT_TRUE(readers.ok());
  ASSERT_EQ(readers->size(), 2);
  EXPECT_EQ(readers->at(0).state(), v1::READER_STATE_CARD_PRESENT);
  EXPECT_EQ(readers->at(0).card(), card.name());
  EXPECT_EQ(readers->at(1).state(), v1::READER_STATE_EMPTY);
}

TEST_F(RealCardTest, FindsTheCardBehindAnEmptyReader) {
  InsertAndWait(*card_, 1);
  const auto state = harness_.PinState(NameOf(*card_));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->tries_left(), v1::TRIES_LEFT_ALL);
}

TEST_F(RealCardTest, ListsCertificatesWithoutAPin) {
  InsertAndWait(*card_);
  const auto certificates = harness_.Certificates(NameOf(*card_));
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  ASSERT_EQ(certificates->size(), 3);
  const v1::Certificate& authority = certificates->at(0);
  EXPECT_FALSE(authority.has_private_key());
  EXPECT_THAT(authority.key_usages(), ElementsAre("keyCertSign", "cRLSign"));
  const v1::Certificate& login = certificates->at(1);
  EXPECT_FALSE(login.qualified());
  EXPECT_TRUE(login.has_private_key());
  const v1::Certificate& qualified = certificates->at(2);
  EXPECT_TRUE(qualified.qualified());
  EXPECT_TRUE(qualified.has_private_key());
  EXPECT_EQ(qualified.label(), "Nitelikli Imza");
  EXPECT_THAT(qualified.key_usages(), ElementsAre("nonRepudiation"));
  EXPECT_THAT(qualified.subject(), HasSubstr("CN=Deneme Kullanici"));
  EXPECT_THAT(qualified.subject(), HasSubstr("serialNumber=*********46"));
  EXPECT_THAT(qualified.fingerprint(), ::testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
}

TEST_F(RealCardTest, TellsThePinStateWithoutSpendingATry) {
  InsertAndWait(*card_);
  const std::vector<std::pair<int, v1::TriesLeft>> table = {{3, v1::TRIES_LEFT_ALL},
                                                            {2, v1::TRIES_LEFT_SOME},
                                                            {1, v1::TRIES_LEFT_ONE},
                                                            {0, v1::TRIES_LEFT_NONE}};
  for (const auto& [tries, expected] : table) {
    ASSERT_TRUE(card_->SetPinTriesLeft(tries).ok());
    const auto state = harness_.PinState(NameOf(*card_));
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(state->tries_left(), expected) << tries;
    EXPECT_EQ(state->tries_left_count(), tries <= 1 ? tries : -1);
    EXPECT_EQ(state->min_length(), 4);
    EXPECT_EQ(state->max_length(), 16);
    EXPECT_EQ(card_->tries_left().pin, tries);
  }
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
}

TEST_F(RealCardTest, VerifiesAndLeavesTheCardClosed) {
  InsertAndWait(*card_);
  v1::VerifyPinResponse response;
  const absl::Status status = harness_.Verify(VerifyRequest("1234"), &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.pin_state().tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  ClosesSoon();
}

TEST_F(RealCardTest, AProgramThatTriesAllTheTimeNeverFindsTheCardOpen) {
  InsertAndWait(*card_);
  std::atomic<bool> over = false;
  std::atomic<int> tries = 0;
  std::atomic<int> signatures = 0;
  std::thread thief([&] {
    OtherProgram other;
    const std::string sign = std::string("\x00\x2A\x9E\x9A\x04", 5) + "text" + std::string(1, '\0');
    while (!over) {
      DWORD protocol = 0;
      SCardReconnect(other.card(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD,
                     &protocol);
      if (other.Send(std::string_view("\x00\x22\xC3\x01", 4)) == 0x9000) ++tries;
      if (other.Send(sign) == 0x9000) ++signatures;
    }
  });
  // As long as it takes the thief to have been at the card between ours.
  int verified = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while ((verified < 20 || tries < 10) && std::chrono::steady_clock::now() < end) {
    verified += harness_.Verify(VerifyRequest("1234")).ok() ? 1 : 0;
  }
  over = true;
  thief.join();
  EXPECT_GE(verified, 20);
  EXPECT_GE(tries, 10);
  EXPECT_EQ(signatures, 0);
}

TEST_F(RealCardTest, AnotherProgramCannotUseTheVerifiedPin) {
  InsertAndWait(*card_);
  OtherProgram other;
  ASSERT_TRUE(harness_.Verify(VerifyRequest("1234")).ok());
  DWORD protocol = 0;
  // It is told that the card was reset, and finds it closed.
  EXPECT_EQ(other.Send(std::string_view("\x00\x22\xC3\x01", 4)), 0);
  ASSERT_EQ(SCardReconnect(other.card(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD,
                           &protocol),
            SCARD_S_SUCCESS);
  EXPECT_EQ(other.Send(std::string_view("\x00\x22\xC3\x01", 4)), 0x9000);
  const std::string sign = std::string("\x00\x2A\x9E\x9A\x04", 5) + "text" + std::string(1, '\0');
  EXPECT_EQ(other.Send(sign), 0x6982);
}

TEST_F(RealCardTest, AWrongPinTellsTheTriesLeft) {
  InsertAndWait(*card_);
  const absl::Status status = harness_.Verify(VerifyRequest("9876"));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(MetadataOf(status)["tries_left"], "2");
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("9876")));
  EXPECT_EQ(card_->tries_left().pin, 2);
  const auto state = harness_.PinState(NameOf(*card_));
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->tries_left(), v1::TRIES_LEFT_SOME);
}

TEST_F(RealCardTest, BadFormatNeverReachesTheCard) {
  InsertAndWait(*card_);
  for (const char* pin : {"", "123", "12345678901234567", "12a4", "12 4", "١٢٣٤"}) {
    const absl::Status status = harness_.Verify(VerifyRequest(pin));
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PIN_FORMAT) << pin;
  }
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
  EXPECT_EQ(card_->tries_left().pin, 3);
}

TEST_F(RealCardTest, WeakNewPinsNeverReachTheCard) {
  InsertAndWait(*card_);
  for (const char* pin : {"123456", "111111", "121212", "721147", "1234"}) {
    const absl::Status status = harness_.Change(ChangeRequest("1234", pin));
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PIN_POLICY) << pin;
  }
  EXPECT_EQ(card_->CommandCount(kChangePin), 0);
  EXPECT_EQ(card_->pin(), "1234");
}

TEST_F(RealCardTest, ChangesThePin) {
  InsertAndWait(*card_);
  v1::ChangePinResponse response;
  const absl::Status status = harness_.Change(ChangeRequest("1234", "295174"), &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.pin_state().tries_left(), v1::TRIES_LEFT_ALL);
  EXPECT_EQ(card_->pin(), "295174");
  ClosesSoon();
  EXPECT_TRUE(harness_.Verify(VerifyRequest("295174")).ok());
  EXPECT_EQ(ReasonOf(harness_.Verify(VerifyRequest("1234"))), v1::ERROR_REASON_WRONG_PIN);
}

TEST_F(RealCardTest, AWrongOldPinChangesNothing) {
  InsertAndWait(*card_);
  const absl::Status status = harness_.Change(ChangeRequest("4321", "295174"));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(MetadataOf(status)["tries_left"], "2");
  EXPECT_EQ(card_->pin(), "1234");
}

TEST_F(RealCardTest, MakesATestSignature) {
  InsertAndWait(*card_);
  v1::TestSignRequest request;
  request.set_name(NameOf(*card_));
  request.set_pin("1234");
  v1::TestSignResponse response;
  const absl::Status status = harness_.TestSign(request, &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.algorithm(), "RSA-2048 PKCS#1 v1.5 SHA-256");
  EXPECT_TRUE(response.certificate().qualified());
  EXPECT_EQ(response.certificate().label(), "Nitelikli Imza");
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  ClosesSoon();
}

TEST_F(RealCardTest, TheLastTryNeedsItsOwnWord) {
  ASSERT_TRUE(card_->SetPinTriesLeft(1).ok());
  InsertAndWait(*card_);
  v1::VerifyPinRequest request = VerifyRequest("1234");
  const absl::Status refused = harness_.Verify(request);
  EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_LAST_TRY);
  EXPECT_EQ(MetadataOf(refused)["tries_left"], "1");
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
  request.set_allow_last_try(true);
  EXPECT_TRUE(harness_.Verify(request).ok());
  EXPECT_EQ(card_->tries_left().pin, 3);
}

TEST_F(RealCardTest, TheLastTryBlocksAndABlockedCardIsLeftAlone) {
  ASSERT_TRUE(card_->SetPinTriesLeft(1).ok());
  InsertAndWait(*card_);
  v1::VerifyPinRequest request = VerifyRequest("9876");
  request.set_allow_last_try(true);
  const absl::Status blocked = harness_.Verify(request);
  EXPECT_EQ(ReasonOf(blocked), v1::ERROR_REASON_PIN_BLOCKED);
  EXPECT_EQ(MetadataOf(blocked)["tries_left"], "0");
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_EQ(ReasonOf(harness_.Verify(request)), v1::ERROR_REASON_PIN_BLOCKED);
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
}

TEST_F(RealCardTest, ACardThatDoesNotTellTheCount) {
  card_ = MakeCard({.serial = "87211470000000000001", .tells_tries = false});
  InsertAndWait(*card_);
  const absl::Status status = harness_.Verify(VerifyRequest("9876"));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_FALSE(MetadataOf(status).contains("tries_left"));
  // The second of three: the security byte now says that one is left.
  const absl::Status second = harness_.Verify(VerifyRequest("9876"));
  EXPECT_EQ(MetadataOf(second)["tries_left"], "1");
}

TEST_F(RealCardTest, RemovalInTheMiddleOfVerifyLeavesTheTryUnknown) {
  InsertAndWait(*card_);
  card_->Stall(kVerify);
  auto verify =
      std::async(std::launch::async, [&] { return harness_.Verify(VerifyRequest("1234")); });
  while (card_->CommandCount(kVerify) == 0) std::this_thread::yield();
  card_->Remove();
  EXPECT_EQ(ReasonOf(verify.get()), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_TRUE(harness_.observer().WaitForSerial(""));
  InsertAndWait(*card_);
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
  EXPECT_TRUE(harness_.PinState(NameOf(*card_)).ok());
}

TEST_F(RealCardTest, DeathOfTheCardBeforeAndAfterVerify) {
  InsertAndWait(*card_);
  card_->DieBefore(kVerify);
  EXPECT_EQ(ReasonOf(harness_.Verify(VerifyRequest("9876"))), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(card_->tries_left().pin, 3);
  EXPECT_TRUE(harness_.observer().WaitForSerial(""));
  InsertAndWait(*card_);
  card_->DieAfter(kVerify);
  EXPECT_EQ(ReasonOf(harness_.Verify(VerifyRequest("9876"))), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(card_->tries_left().pin, 2);
  EXPECT_EQ(card_->CommandCount(kVerify), 2);
}

TEST_F(RealCardTest, RemovalInTheMiddleOfReadingIsJustThat) {
  InsertAndWait(*card_);
  card_->DieBefore(sandbox::kReadBinary);
  EXPECT_EQ(ReasonOf(harness_.Certificates(NameOf(*card_)).status()),
            v1::ERROR_REASON_CARD_REMOVED);
  EXPECT_TRUE(harness_.observer().WaitForSerial(""));
  EXPECT_EQ(ReasonOf(harness_.Certificates(NameOf(*card_)).status()), v1::ERROR_REASON_NO_CARD);
}

TEST_F(RealCardTest, AMuteCardIsShown) {
  card_->SetMute(true);
  ASSERT_TRUE(card_->Insert("localhost", kFirstPort).ok());
  absl::StatusOr<std::vector<v1::Reader>> readers;
  do {
    readers = harness_.Readers();
    ASSERT_TRUE(readers.ok());
  } while (readers->at(0).state() == v1::READER_STATE_EMPTY);
  EXPECT_EQ(readers->at(0).state(), v1::READER_STATE_CARD_MUTE);
  EXPECT_THAT(readers->at(0).card(), IsEmpty());
  EXPECT_EQ(ReasonOf(harness_.PinState(NameOf(*card_)).status()), v1::ERROR_REASON_CARD_MUTE);
}

TEST_F(RealCardTest, AnotherProgramsTransactionIsWaitedForAndNothingIsSentLater) {
  CardHostOptions options;
  options.busy_timeout = absl::Milliseconds(300);
  Harness harness(nullptr, options);
  ASSERT_TRUE(card_->Insert("localhost", kFirstPort).ok());
  ASSERT_TRUE(harness.observer().WaitForSerial(card_->options().serial));
  {
    OtherProgram other;
    ASSERT_EQ(SCardBeginTransaction(other.card()), SCARD_S_SUCCESS);
    EXPECT_EQ(ReasonOf(harness.Verify(VerifyRequest("1234"))), v1::ERROR_REASON_CARD_BUSY);
    SCardEndTransaction(other.card(), SCARD_LEAVE_CARD);
  }
  // The call that was given up gets the card now, and sends nothing with it.
  EXPECT_TRUE(harness.Verify(VerifyRequest("1234")).ok());
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
}

TEST_F(RealCardTest, ExclusiveUseByAnotherProgramIsSaid) {
  CardHostOptions options;
  options.busy_timeout = absl::Milliseconds(300);
  Harness harness(nullptr, options);
  ASSERT_TRUE(card_->Insert("localhost", kFirstPort).ok());
  ASSERT_TRUE(harness.observer().WaitForSerial(card_->options().serial));
  OtherProgram other(SCARD_SHARE_EXCLUSIVE);
  EXPECT_EQ(ReasonOf(harness.Verify(VerifyRequest("1234"))), v1::ERROR_REASON_CARD_BUSY);
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
}

TEST_F(RealCardTest, AResetByAnotherProgramIsRecoveredFrom) {
  InsertAndWait(*card_);
  ASSERT_TRUE(harness_.PinState(NameOf(*card_)).ok());
  {
    OtherProgram other;
    SCardDisconnect(other.card(), SCARD_RESET_CARD);
  }
  EXPECT_TRUE(harness_.Verify(VerifyRequest("1234")).ok());
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
}

TEST_F(RealCardTest, SurvivesTheServicesDeathAndReturn) {
  InsertAndWait(*card_);
  ASSERT_EQ(std::system("pcscd-ctl kill"), 0);
  ASSERT_TRUE(harness_.observer().WaitForSerial(""));
  EXPECT_EQ(ReasonOf(harness_.Cards().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  EXPECT_EQ(ReasonOf(harness_.Verify(VerifyRequest("1234"))),
            v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  ASSERT_EQ(std::system("pcscd-ctl start"), 0);
  ASSERT_TRUE(harness_.observer().WaitForSerial(card_->options().serial));
  EXPECT_TRUE(harness_.Verify(VerifyRequest("1234")).ok());
}

TEST_F(RealCardTest, SurvivesAServiceThatRestartsBeforeItIsMissed) {
  InsertAndWait(*card_);
  ASSERT_EQ(std::system("pcscd-ctl kill && pcscd-ctl start"), 0);
  // Either view of the service is right; the card has to be there again in the end.
  absl::Status status;
  do {
    status = harness_.Verify(VerifyRequest("1234"));
  } while (ReasonOf(status) == v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED ||
           ReasonOf(status) == v1::ERROR_REASON_NO_CARD ||
           ReasonOf(status) == v1::ERROR_REASON_CARD_MUTE);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(card_->CommandCount(kVerify), 1);
}

TEST_F(RealCardTest, TwoCardsAreToldApartBySerial) {
  InsertAndWait(*card_);
  const auto second = MakeCard({.serial = "87211470000000000001", .pin = "5678"});
  ASSERT_TRUE(second->Insert("localhost", kFirstPort + 1).ok());
  absl::StatusOr<std::vector<v1::Card>> cards;
  do {
    cards = harness_.Cards();
    ASSERT_TRUE(cards.ok());
  } while (cards->size() < 2);
  v1::VerifyPinRequest request;
  request.set_name(NameOf(*second));
  request.set_pin("5678");
  EXPECT_TRUE(harness_.Verify(request).ok());
  EXPECT_EQ(card_->CommandCount(kVerify), 0);
  EXPECT_EQ(second->CommandCount(kVerify), 1);
  // The one that was there first stays the current one.
  EXPECT_EQ(harness_.host().CurrentSerial(), card_->options().serial);
}

TEST_F(RealCardTest, NothingIsSentToACardOfAnotherFamily) {
  // An AKİS v2 card, or a national id card: they share this answer to reset.
  card_ = MakeCard(
      {.serial = "87211470000000000002", .atr = "3B9F978131FE4580655443D2210831C073F621808105DE"});
  ASSERT_TRUE(card_->Insert("localhost", kFirstPort).ok());
  absl::StatusOr<std::vector<v1::Card>> cards;
  do {
    cards = harness_.Cards();
    ASSERT_TRUE(cards.ok());
  } while (cards->empty());
  const v1::Card& card = cards->front();
  EXPECT_EQ(card.family(), v1::CARD_FAMILY_AKIS_V2);
  EXPECT_EQ(card.family_display_name(), "AKİS v2 or national id card (TC D22108)");
  EXPECT_EQ(card.serial(), "");
  EXPECT_THAT(card.operations(), IsEmpty());
  v1::VerifyPinRequest request;
  request.set_name(card.name());
  request.set_pin("1234");
  EXPECT_EQ(ReasonOf(harness_.Verify(request)), v1::ERROR_REASON_CARD_UNSUPPORTED);
  EXPECT_EQ(ReasonOf(harness_.Certificates(card.name()).status()),
            v1::ERROR_REASON_CARD_UNSUPPORTED);
  EXPECT_THAT(card_->CommandCounts(), IsEmpty());
}

TEST_F(RealCardTest, WatchersSeeTheCardComeAndGo) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  const auto stream = harness_.stub().WatchReaders(&context, {});
  v1::WatchReadersResponse view;
  ASSERT_TRUE(stream->Read(&view));
  const auto read_until = [&](const auto& condition) {
    while (!condition()) {
      if (!stream->Read(&view)) return false;
    }
    return true;
  };
  ASSERT_TRUE(read_until([&] { return view.service_running() && view.readers_size() == 2; }));
  InsertAndWait(*card_);
  EXPECT_TRUE(read_until([&] { return view.readers(0).card() == NameOf(*card_); }));
  card_->Remove();
  EXPECT_TRUE(read_until([&] { return view.readers(0).state() == v1::READER_STATE_EMPTY; }));
  ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
  EXPECT_TRUE(read_until([&] { return !view.service_running(); }));
  ASSERT_EQ(std::system("pcscd-ctl start"), 0);
  EXPECT_TRUE(read_until([&] { return view.service_running() && view.readers_size() == 2; }));
  // The agent goes: the stream ends and says why.
  harness_.host().Shutdown();
  while (stream->Read(&view)) {
  }
  EXPECT_EQ(ReasonOf(stream->Finish()), v1::ERROR_REASON_SHUTTING_DOWN);
}

TEST_F(RealCardTest, AJourneysCardSteps) {
  CardHost& host = harness_.host();
  RecordingObserver& observer = harness_.observer();
  const std::string serial = card_->options().serial;
  host.RunStep(Directive(1, v1::STEP_KIND_INSERT_CARD));
  InsertAndWait(*card_);
  auto report = observer.WaitForReport(1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(report->card_serial(), serial);

  host.RunStep(Directive(2, v1::STEP_KIND_MATCH_CARD, {"00000000000000000000", serial}));
  report = observer.WaitForReport(2);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(report->card_serial(), serial);

  host.RunStep(Directive(3, v1::STEP_KIND_PROVE_PIN, {serial}));
  v1::VerifyPinRequest verify = VerifyRequest("9876");
  verify.set_journey(kJourney);
  EXPECT_EQ(ReasonOf(harness_.Verify(verify)), v1::ERROR_REASON_WRONG_PIN);
  report = observer.WaitForReport(3);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_REJECTED);
  EXPECT_EQ(report->reason(), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(report->tries_left(), 2);

  host.RunStep(Directive(4, v1::STEP_KIND_PROVE_PIN, {serial}, v1::ERROR_REASON_WRONG_PIN));
  verify.set_pin("1234");
  EXPECT_TRUE(harness_.Verify(verify).ok());
  report = observer.WaitForReport(4);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(report->card_serial(), serial);

  host.RunStep(Directive(5, v1::STEP_KIND_SET_OWN_PIN, {serial}));
  v1::ChangePinRequest change = ChangeRequest("1234", "295174");
  change.set_journey(kJourney);
  EXPECT_TRUE(harness_.Change(change).ok());
  report = observer.WaitForReport(5);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_DONE);

  host.RunStep(Directive(6, v1::STEP_KIND_TEST_SIGNATURE, {serial}));
  v1::TestSignRequest sign;
  sign.set_name(NameOf(*card_));
  sign.set_pin("295174");
  sign.set_journey(kJourney);
  EXPECT_TRUE(harness_.TestSign(sign).ok());
  report = observer.WaitForReport(6);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_THAT(host.OpenSteps(), IsEmpty());
}

}  // namespace
}  // namespace ilkimza::agent
