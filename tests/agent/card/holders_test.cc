// What holders are told of other programs, of a service that does not run, and of how
// long a new PIN may be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HoldersTest : public FakeServiceTest {
 protected:
  v1::Reader Reader() { return harness_->Readers().value().front(); }
  // Waits until the reader's state is that.
  v1::Reader ReaderOnce(v1::ReaderState state) {
    v1::Reader reader = Reader();
    while (reader.state() != state) reader = Reader();
    return reader;
  }
};

void IsBusyAndNames(const absl::Status& status, const std::string& programs) {
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_CARD_BUSY) << status;
  EXPECT_EQ(MetadataOf(status)["programs"], programs);
  EXPECT_THAT(std::string(status.message()), HasSubstr(programs));
}

TEST_F(HoldersTest, WhoeverHasTheCardForItselfIsNamed) {
  StartWithCard(ShortTimes());
  pcsc_->SetOtherPrograms({"firefox", "imzager"});
  pcsc_->HoldExclusively(kReader, true);
  IsBusyAndNames(Verify(), "firefox, imzager");
  EXPECT_THAT(ReaderOnce(v1::READER_STATE_IN_USE_EXCLUSIVELY).programs(),
              ElementsAre("firefox", "imzager"));
  pcsc_->HoldExclusively(kReader, false);
  EXPECT_THAT(ReaderOnce(v1::READER_STATE_CARD_PRESENT).programs(), IsEmpty());
  EXPECT_TRUE(Verify().ok());
}

TEST_F(HoldersTest, WhoeverHasATransactionIsNamed) {
  StartWithCard(ShortTimes());
  pcsc_->SetOtherPrograms({"imzager"});
  pcsc_->HoldTransaction(kReader, true);
  // The call that blocks, then those that find too many of them.
  for (int i = 0; i < 4; ++i) IsBusyAndNames(Verify(), "imzager");
  pcsc_->HoldTransaction(kReader, false);
}

TEST_F(HoldersTest, ACardThatCouldNotBeAskedNamesThemToo) {
  pcsc_->SetOtherPrograms({"imzager"});
  pcsc_->HoldTransaction(kReader, true);
  Insert();
  Start(ShortTimes());
  EXPECT_THAT(ReaderOnce(v1::READER_STATE_IN_USE_EXCLUSIVELY).programs(), ElementsAre("imzager"));
  IsBusyAndNames(Verify(), "imzager");
  pcsc_->HoldTransaction(kReader, false);
  EXPECT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
  EXPECT_THAT(Reader().programs(), IsEmpty());
}

TEST_F(HoldersTest, WhereNobodyIsFoundNobodyIsNamed) {
  StartWithCard(ShortTimes());
  pcsc_->HoldExclusively(kReader, true);
  const absl::Status status = Verify();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_CARD_BUSY);
  EXPECT_FALSE(MetadataOf(status).contains("programs"));
  pcsc_->HoldExclusively(kReader, false);
}

TEST_F(HoldersTest, AWatchSaysWhyTheServiceDoesNotRun) {
  StartWithCard();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto watch = harness_->stub().WatchReaders(&context, {});
  v1::WatchReadersResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_TRUE(seen.service_running());
  EXPECT_EQ(seen.service_trouble(), v1::ERROR_REASON_UNSPECIFIED);
  const std::vector<std::pair<ServiceAbsence, v1::ErrorReason>> table = {
      {ServiceAbsence::kStopped, v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED},
      {ServiceAbsence::kMissing, v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING},
      {ServiceAbsence::kNotPermitted, v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED}};
  pcsc_->StopService();
  for (const auto& [absence, trouble] : table) {
    pcsc_->SetAbsence(absence);
    while (seen.service_trouble() != trouble) {
      ASSERT_TRUE(watch->Read(&seen)) << v1::ErrorReason_Name(trouble);
    }
    EXPECT_FALSE(seen.service_running());
  }
  pcsc_->SetAbsence(ServiceAbsence::kStopped);
  pcsc_->StartService();
  while (!seen.service_running()) ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.service_trouble(), v1::ERROR_REASON_UNSPECIFIED);
}

TEST_F(HoldersTest, ANewPinHasTheLengthThatCardAndRulesAllow) {
  CardHostOptions options;
  options.pin_policy.min_length = 6;
  options.pin_policy.max_length = 8;
  StartWithCard(options);
  const v1::PinState state = harness_->PinState(Name()).value();
  EXPECT_EQ(state.min_length(), 4);
  EXPECT_EQ(state.max_length(), 16);
  EXPECT_EQ(state.new_min_length(), 6);
  EXPECT_EQ(state.new_max_length(), 8);
  // And what is told is what is asked for: the PIN the card came with may be shorter.
  EXPECT_TRUE(Verify("1234").ok());
  EXPECT_EQ(ReasonOf(Change("29517")), v1::ERROR_REASON_PIN_POLICY);
  EXPECT_EQ(ReasonOf(Change("295174863")), v1::ERROR_REASON_PIN_POLICY);
  EXPECT_TRUE(Change("295174").ok());
}

TEST_F(HoldersTest, TheCardsOwnLimitsHoldUnderWiderRules) {
  card_ = MakeCard({.kind = sandbox::CardKind::kMyEid, .serial = "20260901234567890123"});
  CardHostOptions options;
  options.pin_policy.min_length = 4;
  options.pin_policy.max_length = 16;
  Insert();
  Start(options);
  const v1::PinState state = harness_->PinState(harness_->WaitForCard().name()).value();
  EXPECT_EQ(state.new_min_length(), 4);
  EXPECT_EQ(state.new_max_length(), 8);
}

}  // namespace
}  // namespace ilkimza::agent
