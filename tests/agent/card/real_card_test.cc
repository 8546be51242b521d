// The card host on a real smart-card service with the practice card in a virtual
// reader. Run by tests/support/isolated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <winscard.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <string>

#include "base/error.h"
#include "sandbox/card/simulator.h"
#include "tests/agent/card/harness.h"

namespace ilkimza::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kFirstPort = 35963;
constexpr uint8_t kVerify = 0x20, kChange = 0x24;

class RealCardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(std::system("pcscd-ctl start"), 0);
    card_ = MakeCard();
  }
  void InsertAndWait(sandbox::CardSimulator& card, int slot = 0) {
    ASSERT_TRUE(card.Insert("localhost", kFirstPort + slot).ok());
    ASSERT_TRUE(harness_.observer().WaitForSerial(card.options().serial));
  }
  v1::VerifyPinRequest VerifyRequest(const std::string& pin) {
    v1::VerifyPinRequest request;
    request.set_name(NameOf(*card_));
    request.set_pin(pin);
    return request;
  }

  std::unique_ptr<sandbox::CardSimulator> card_;
  Harness harness_;
};

TEST_F(RealCardTest, ListsTheCardWithSerialFamilyAndLabel) {
  InsertAndWait(*card_);
  const auto cards = harness_.Cards();
  ASSERT_TRUE(cards.ok()) << cards.status();
  ASSERT_EQ(cards->size(), 1);
  const v1::Card& card = cards->front();
  EXPECT_EQ(card.name(), "cards/87211470000000000000");
  EXPECT_EQ(card.serial(), "87211470000000000000");
  EXPECT_EQ(card.family(), v1::CARD_FAMILY_AKIS_V1);
  EXPECT_EQ(card.family_display_name(), "AKİS v1 (UEKAE 1292)");
  EXPECT_EQ(card.label(), "AKIS");
  EXPECT_EQ(card.reader(), "readers/virtual-pcd-0-00-00");
  EXPECT_EQ(harness_.host().CurrentSerial(), card.serial());
}

}  // namespace
}  // namespace ilkimza::agent
