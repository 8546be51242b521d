// Keys that want their PIN again, and PINs of which a card has several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "tests/agent/pkcs11/family_fixture.h"

namespace ilkimza::agent::pkcs11 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class KeyTest : public FamilyTest {
 protected:
  absl::Status TestSign(const std::string& pin, const std::string& journey = "") {
    v1::TestSignRequest request;
    request.set_name(card_.name());
    request.set_pin(pin);
    request.set_journey(journey);
    return harness_->TestSign(request);
  }
};

TEST_F(KeyTest, AKeyThatWantsThePinAgainGetsItOnce) {
  StartWithKey("asks-again");
  // The module signs, but not with that key.
  EXPECT_EQ(ReasonOf(TestSign("1234")), v1::ERROR_REASON_SIGNATURE_INVALID);
  EXPECT_EQ(Calls("login"), 1);
  EXPECT_EQ(Calls("login-again"), 1);
  EXPECT_EQ(Calls("sign"), 1);
}

TEST_F(KeyTest, AKeyThatDoesNotTakeItsPinEndsTheStep) {
  const struct {
    std::string name;
    v1::ErrorReason reason;
    v1::StepOutcome outcome;
    std::string result;
  } kCases[] = {
      {"asks-again-wrong", v1::ERROR_REASON_WRONG_PIN, v1::STEP_OUTCOME_REJECTED, "wrong"},
      {"asks-again-blocked", v1::ERROR_REASON_PIN_BLOCKED, v1::STEP_OUTCOME_STOPPED, "blocked"},
      {"asks-again-unknown", v1::ERROR_REASON_ATTEMPT_UNKNOWN, v1::STEP_OUTCOME_UNKNOWN, "unknown"},
      {"crash-in-login-again", v1::ERROR_REASON_ATTEMPT_UNKNOWN, v1::STEP_OUTCOME_UNKNOWN,
       "unknown"},
  };
  for (const auto& [name, reason, outcome, result] : kCases) {
    StartWithKey(name);
    harness_->host().RunStep(Directive(1, v1::STEP_KIND_TEST_SIGNATURE, {kRudeSerial}));
    EXPECT_EQ(ReasonOf(TestSign("1234", kJourney)), reason) << name;
    const auto report = harness_->observer().WaitForReport(1);
    ASSERT_TRUE(report) << name;
    EXPECT_EQ(report->outcome(), outcome) << name;
    EXPECT_EQ(report->reason(), reason) << name;
    EXPECT_EQ(Calls("login-again"), 1) << name;
    // At no time does the journal say that this attempt was right.
    const std::string journal = testing::ReadFile(harness_->journal());
    EXPECT_THAT(journal, HasSubstr("\"" + result + "\"")) << name;
    EXPECT_THAT(journal, Not(HasSubstr("\"right\""))) << name;
  }
}

// --- Several PINs ---

TEST_F(KeyTest, OfSeveralPinsItIsTheOneThatSigns) {
  StartWithKey("two-pins");
  EXPECT_TRUE(harness_->PinState(card_.name()).ok());
  EXPECT_TRUE(Verify("5678").ok());
  EXPECT_TRUE(Change("5678", "583920").ok());
  EXPECT_EQ(ReasonOf(TestSign("5678")), v1::ERROR_REASON_SIGNATURE_INVALID);
  EXPECT_EQ(Calls("login-in-second"), 2);
  EXPECT_EQ(Calls("login"), 2);
  EXPECT_EQ(ReasonOf(Verify("1234")), v1::ERROR_REASON_WRONG_PIN);
}

TEST_F(KeyTest, WhereNothingSaysWhichPinSignsNoneIsTried) {
  for (const std::string name : {"two-pins-alike", "two-pins-empty"}) {
    StartWithKey(name);
    EXPECT_THAT(card_.operations(), ElementsAre(v1::CARD_OPERATION_LIST_CERTIFICATES)) << name;
    EXPECT_TRUE(harness_->Certificates(card_.name()).ok()) << name;
    for (const absl::Status& refused : {Verify("1234"), Change("1234", "583920"), TestSign("1234"),
                                        harness_->PinState(card_.name()).status()}) {
      EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_OPERATION_UNSUPPORTED) << name << refused;
    }
    EXPECT_EQ(Calls("login") + Calls("set-pin"), 0) << name;
  }
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
