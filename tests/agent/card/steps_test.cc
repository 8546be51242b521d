#include "agent/card/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/agent/card/harness.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kRight[] = "87211470000000000000";
constexpr char kSecond[] = "87211470000000000025";
constexpr char kOther[] = "99999999999999999999";

class StepsTest : public ::testing::Test {
 protected:
  StepsTest() { Open(); }
  ~StepsTest() override { steps_->Close(); }

  void Open() {
    journal_ = std::shared_ptr<Journal>(Journal::Open(folder_ / "j").value());
    steps_ = std::make_shared<CardSteps>(journal_, timer_, SystemClock(), observer_);
  }
  // The program ends and starts again.
  void Restart() {
    steps_->Close();
    steps_.reset();
    journal_.reset();
    Open();
  }
  // The report of that directive if there is one by now.
  std::optional<v1::StepReport> Report(int64_t id) {
    if (observer_.ReportCount(id) == 0) return std::nullopt;
    return observer_.WaitForReport(id);
  }

  testing::TempDir folder_;
  RecordingObserver observer_;
  std::shared_ptr<Timer> timer_ = std::make_shared<Timer>();
  std::shared_ptr<Journal> journal_;
  std::shared_ptr<CardSteps> steps_;
};

TEST_F(StepsTest, InsertCardWaitsForACardWithASerial) {
  steps_->Run(Directive(1, v1::STEP_KIND_PREPARE_CHIP));
  steps_->OnCards({}, true);
  EXPECT_FALSE(Report(1));
  EXPECT_THAT(steps_->Open(), SizeIs(1));
  steps_->OnCards({kRight}, true);
  ASSERT_TRUE(Report(1));
  EXPECT_EQ(Report(1)->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(Report(1)->card_serial(), kRight);
  EXPECT_EQ(Report(1)->tries_left(), -1);
  EXPECT_THAT(steps_->Open(), IsEmpty());
  // The next one finds it there.
  steps_->Run(Directive(2, v1::STEP_KIND_INSERT_CARD));
  EXPECT_EQ(Report(2)->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_THAT(observer_.Turns(1), ElementsAre(v1::ACTOR_HOLDER));
}

TEST_F(StepsTest, PortalStepsAreNotOurs) {
  steps_->Run(Directive(1, v1::STEP_KIND_LOG_IN));
  EXPECT_THAT(steps_->Open(), IsEmpty());
}

TEST_F(StepsTest, MatchCardTellsAMismatchOnceForEachCard) {
  steps_->OnCards({kOther}, true);
  steps_->Run(Directive(1, v1::STEP_KIND_MATCH_CARD, {kRight}));
  EXPECT_EQ(Report(1)->outcome(), v1::STEP_OUTCOME_REJECTED);
  EXPECT_EQ(Report(1)->reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_EQ(Report(1)->card_serial(), kOther);
  // Directed again: nothing to say before the cards change.
  steps_->Run(Directive(2, v1::STEP_KIND_MATCH_CARD, {kRight}, v1::ERROR_REASON_SERIAL_MISMATCH));
  steps_->OnCards({kOther}, true);
  EXPECT_FALSE(Report(2));
  // Out it comes, to make room for the right one: no news either.
  steps_->OnCards({}, true);
  EXPECT_FALSE(Report(2));
  steps_->OnCards({kRight}, true);
  EXPECT_EQ(Report(2)->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(Report(2)->card_serial(), kRight);
}

TEST_F(StepsTest, MatchCardRefusesTheNextWrongCardToo) {
  steps_->OnCards({kOther}, true);
  steps_->Run(Directive(1, v1::STEP_KIND_MATCH_CARD, {kRight}));
  steps_->Run(Directive(2, v1::STEP_KIND_MATCH_CARD, {kRight}, v1::ERROR_REASON_SERIAL_MISMATCH));
  steps_->OnCards({}, true);
  steps_->OnCards({kOther}, true);
  EXPECT_EQ(Report(2)->reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
}

TEST_F(StepsTest, MatchCardWithoutACard) {
  steps_->Run(Directive(1, v1::STEP_KIND_MATCH_CARD, {kRight}));
  // Not before every reader was looked at.
  steps_->OnCards({}, false);
  EXPECT_FALSE(Report(1));
  steps_->OnCards({}, true);
  EXPECT_EQ(Report(1)->outcome(), v1::STEP_OUTCOME_REJECTED);
  EXPECT_EQ(Report(1)->reason(), v1::ERROR_REASON_NO_CARD);
  // The right card came between the report and the next directive.
  steps_->OnCards({kRight}, true);
  steps_->Run(Directive(2, v1::STEP_KIND_MATCH_CARD, {kRight}, v1::ERROR_REASON_NO_CARD));
  EXPECT_EQ(Report(2)->outcome(), v1::STEP_OUTCOME_DONE);
}

TEST_F(StepsTest, MatchCardTakesTheRightOneOfTwo) {
  steps_->OnCards({kOther, kRight}, true);
  steps_->Run(Directive(1, v1::STEP_KIND_MATCH_CARD, {kRight}));
  EXPECT_EQ(Report(1)->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(Report(1)->card_serial(), kRight);
}

// The page has a row for each of them: nobody but the holder knows which one is meant.
TEST_F(StepsTest, MatchCardChoosesNoneOfTwoThatFit) {
  steps_->OnCards({kRight, kSecond}, true);
  steps_->Run(Directive(1, v1::STEP_KIND_MATCH_CARD, {kRight, kSecond}));
  ASSERT_TRUE(Report(1));
  EXPECT_EQ(Report(1)->outcome(), v1::STEP_OUTCOME_REJECTED);
  EXPECT_EQ(Report(1)->reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
  steps_->Run(
      Directive(2, v1::STEP_KIND_MATCH_CARD, {kRight, kSecond}, v1::ERROR_REASON_SERIAL_MISMATCH));
  steps_->OnCards({kSecond, kRight}, true);
  EXPECT_FALSE(Report(2)) << "it is told once";
  steps_->OnCards({kSecond}, true);
  ASSERT_TRUE(Report(2));
  EXPECT_EQ(Report(2)->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(Report(2)->card_serial(), kSecond);
}

TEST_F(StepsTest, MatchCardWaitsForTheOtherReaderWhereBothMayFit) {
  steps_->OnCards({kRight}, false);
  steps_->Run(Directive(1, v1::STEP_KIND_MATCH_CARD, {kRight, kSecond}));
  EXPECT_FALSE(Report(1));
  steps_->OnCards({kRight, kSecond}, true);
  ASSERT_TRUE(Report(1));
  EXPECT_EQ(Report(1)->reason(), v1::ERROR_REASON_SERIAL_MISMATCH);
  // Where one alone can fit, nothing else in the readers matters.
  steps_->OnCards({kRight}, false);
  steps_->Run(Directive(2, v1::STEP_KIND_MATCH_CARD, {kRight}));
  ASSERT_TRUE(Report(2));
  EXPECT_EQ(Report(2)->outcome(), v1::STEP_OUTCOME_DONE);
}

// Also where the program ends before the server has heard it.
TEST_F(StepsTest, ASignatureByACertificateThatIsNotValidSaysSo) {
  int64_t id = 0;
  for (const v1::ErrorReason trouble :
       {v1::ERROR_REASON_UNSPECIFIED, v1::ERROR_REASON_CERTIFICATE_EXPIRED,
        v1::ERROR_REASON_CERTIFICATE_NOT_YET_VALID}) {
    const auto number = journal_->Begin({.kind = AttemptKind::kTestSign,
                                         .serial = kRight,
                                         .journey = kJourney,
                                         .directive_id = ++id});
    ASSERT_TRUE(journal_->Finish(*number, AttemptResult::kSigned, -1, trouble).ok());
    Restart();
    steps_->Run(Directive(id, v1::STEP_KIND_TEST_SIGNATURE, {kRight}));
    ASSERT_TRUE(Report(id));
    EXPECT_EQ(Report(id)->outcome(), v1::STEP_OUTCOME_DONE);
    EXPECT_EQ(Report(id)->reason(), trouble);
  }
}

TEST_F(StepsTest, OnlyTheMatchedCardMayBeClaimed) {
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_EQ(ReasonOf(steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kOther).status()),
            v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_TRUE(steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight).ok());
  // Without any serial no card is meant.
  steps_->Run(Directive(2, v1::STEP_KIND_SET_OWN_PIN));
  EXPECT_EQ(ReasonOf(steps_->Claim(kJourney, v1::STEP_KIND_SET_OWN_PIN, kRight).status()),
            v1::ERROR_REASON_SERIAL_MISMATCH);
  v1::RunStep by_facts = Directive(3, v1::STEP_KIND_SET_OWN_PIN);
  by_facts.mutable_facts()->set_card_serial(kRight);
  steps_->Run(by_facts);
  EXPECT_TRUE(steps_->Claim(kJourney, v1::STEP_KIND_SET_OWN_PIN, kRight).ok());
}

TEST_F(StepsTest, ClaimsNeedTheirOpenStep) {
  const auto claim = [&](v1::StepKind step) {
    return ReasonOf(steps_->Claim(kJourney, step, kRight).status());
  };
  EXPECT_EQ(claim(v1::STEP_KIND_PROVE_PIN), v1::ERROR_REASON_JOURNEY_NOT_READY);
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_EQ(claim(v1::STEP_KIND_SET_OWN_PIN), v1::ERROR_REASON_JOURNEY_NOT_READY);
  const auto held = steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight);
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(claim(v1::STEP_KIND_PROVE_PIN), v1::ERROR_REASON_JOURNEY_NOT_READY);
  steps_->Release(*held);
  EXPECT_EQ(claim(v1::STEP_KIND_PROVE_PIN), v1::ERROR_REASON_UNSPECIFIED);
  steps_->Report(*held, {.outcome = v1::STEP_OUTCOME_DONE, .card_serial = kRight});
  EXPECT_EQ(claim(v1::STEP_KIND_PROVE_PIN), v1::ERROR_REASON_JOURNEY_NOT_READY);
  EXPECT_THAT(observer_.Turns(1),
              ElementsAre(v1::ACTOR_HOLDER, v1::ACTOR_AGENT, v1::ACTOR_HOLDER, v1::ACTOR_AGENT));
}

TEST_F(StepsTest, ADirectiveIsRunOnceAndItsReportRepeated) {
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  const auto claim = steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight);
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_EQ(observer_.ReportCount(1), 0);
  steps_->Report(*claim, {.outcome = v1::STEP_OUTCOME_REJECTED,
                          .reason = v1::ERROR_REASON_WRONG_PIN,
                          .card_serial = kRight,
                          .tries_left = 2});
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_EQ(observer_.ReportCount(1), 2);
  // One of the past is not started.
  steps_->Run(Directive(2, v1::STEP_KIND_PROVE_PIN, {kRight}));
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_EQ(observer_.ReportCount(1), 2);
}

TEST_F(StepsTest, WorkUnderWayAnswersANewerDirectiveOfItsStep) {
  steps_->Run(Directive(1, v1::STEP_KIND_SET_OWN_PIN, {kRight}));
  const auto claim = steps_->Claim(kJourney, v1::STEP_KIND_SET_OWN_PIN, kRight);
  steps_->Run(Directive(2, v1::STEP_KIND_SET_OWN_PIN, {kRight}));
  EXPECT_FALSE(steps_->Claim(kJourney, v1::STEP_KIND_SET_OWN_PIN, kRight).ok());
  steps_->Report(*claim, {.outcome = v1::STEP_OUTCOME_DONE, .card_serial = kRight});
  EXPECT_FALSE(Report(1));
  EXPECT_EQ(Report(2)->outcome(), v1::STEP_OUTCOME_DONE);
}

TEST_F(StepsTest, ANewerDirectiveOfAnotherStepTakesThePlace) {
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  const auto claim = steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight);
  steps_->Run(Directive(2, v1::STEP_KIND_TEST_SIGNATURE, {kRight}));
  steps_->Report(*claim, {.outcome = v1::STEP_OUTCOME_DONE});
  EXPECT_FALSE(Report(1));
  EXPECT_FALSE(Report(2));
  EXPECT_TRUE(steps_->Claim(kJourney, v1::STEP_KIND_TEST_SIGNATURE, kRight).ok());
}

TEST_F(StepsTest, StopsWhatWaitsAtOnceAndWorkUnderWayAfterIt) {
  steps_->Run(Directive(1, v1::STEP_KIND_INSERT_CARD));
  steps_->Stop(kJourney, 7);
  EXPECT_FALSE(Report(1));
  steps_->Stop(kJourney, 1);
  EXPECT_EQ(Report(1)->outcome(), v1::STEP_OUTCOME_STOPPED);
  EXPECT_EQ(Report(1)->reason(), v1::ERROR_REASON_CANCELLED);

  steps_->Run(Directive(2, v1::STEP_KIND_PROVE_PIN, {kRight}));
  auto claim = steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight);
  steps_->Stop(kJourney, 2);
  EXPECT_FALSE(Report(2));
  steps_->Release(*claim);
  EXPECT_EQ(Report(2)->reason(), v1::ERROR_REASON_CANCELLED);

  steps_->Run(Directive(3, v1::STEP_KIND_PROVE_PIN, {kRight}));
  claim = steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight);
  steps_->Stop(kJourney, 3);
  steps_->Report(*claim, {.outcome = v1::STEP_OUTCOME_DONE, .card_serial = kRight});
  EXPECT_EQ(Report(3)->outcome(), v1::STEP_OUTCOME_DONE);
}

TEST_F(StepsTest, StopsWaitingAtItsDeadline) {
  v1::RunStep directive = Directive(1, v1::STEP_KIND_INSERT_CARD);
  *directive.mutable_deadline() = ToProto(absl::Now() + absl::Milliseconds(5));
  steps_->Run(directive);
  const auto report = observer_.WaitForReport(1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_STOPPED);
  EXPECT_EQ(report->reason(), v1::ERROR_REASON_STEP_TIMEOUT);
}

TEST_F(StepsTest, ForgottenJourneysAreNotReported) {
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  const auto claim = steps_->Claim(kJourney, v1::STEP_KIND_PROVE_PIN, kRight);
  steps_->Forget(kJourney);
  steps_->Forget("journeys/none");
  steps_->Report(*claim, {.outcome = v1::STEP_OUTCOME_DONE});
  EXPECT_FALSE(Report(1));
  EXPECT_THAT(steps_->Open(), IsEmpty());
}

TEST_F(StepsTest, AnInterruptedAttemptIsUnknownAfterARestart) {
  Attempt attempt{
      .kind = AttemptKind::kVerify, .serial = kRight, .journey = kJourney, .directive_id = 4};
  ASSERT_TRUE(journal_->Begin(attempt).ok());
  attempt.journey.clear();
  ASSERT_TRUE(journal_->Begin(attempt).ok());
  Restart();
  steps_->ReportInterrupted(journal_->Unresolved());
  ASSERT_TRUE(Report(4));
  EXPECT_EQ(Report(4)->step(), v1::STEP_KIND_PROVE_PIN);
  EXPECT_EQ(Report(4)->outcome(), v1::STEP_OUTCOME_UNKNOWN);
  EXPECT_EQ(Report(4)->reason(), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_THAT(journal_->Unresolved(), IsEmpty());
  // The server directs it again since it has not heard: the same answer, and no step.
  steps_->Run(Directive(4, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_EQ(observer_.ReportCount(4), 2);
  EXPECT_THAT(steps_->Open(), IsEmpty());
}

TEST_F(StepsTest, AResultThatWasNotTakenIsReportedFromTheJournal) {
  const std::vector<std::pair<AttemptResult, v1::StepOutcome>> table = {
      {AttemptResult::kRight, v1::STEP_OUTCOME_DONE},
      {AttemptResult::kWrong, v1::STEP_OUTCOME_REJECTED},
      {AttemptResult::kBlocked, v1::STEP_OUTCOME_STOPPED},
      {AttemptResult::kUnknown, v1::STEP_OUTCOME_UNKNOWN}};
  int64_t id = 0;
  for (const auto& [result, outcome] : table) {
    const auto number = journal_->Begin({.kind = AttemptKind::kChange,
                                         .serial = kRight,
                                         .journey = kJourney,
                                         .directive_id = ++id});
    ASSERT_TRUE(journal_->Finish(*number, result, 2).ok());
    Restart();
    steps_->Run(Directive(id, v1::STEP_KIND_SET_OWN_PIN, {kRight}));
    ASSERT_TRUE(Report(id));
    EXPECT_EQ(Report(id)->outcome(), outcome);
    EXPECT_EQ(Report(id)->tries_left(), 2);
  }
}

TEST_F(StepsTest, WhatSpentNoTryIsAskedAgainAfterARestart) {
  for (const AttemptResult result : {AttemptResult::kNotSent, AttemptResult::kRefused}) {
    const auto number = journal_->Begin(
        {.kind = AttemptKind::kVerify, .serial = kRight, .journey = kJourney, .directive_id = 1});
    ASSERT_TRUE(journal_->Finish(*number, result, -1).ok());
    Restart();
    steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
    EXPECT_FALSE(Report(1));
    EXPECT_THAT(steps_->Open(), SizeIs(1));
  }
  // A right PIN before a signature that was interrupted proves nothing yet.
  const auto number = journal_->Begin(
      {.kind = AttemptKind::kTestSign, .serial = kRight, .journey = kJourney, .directive_id = 2});
  ASSERT_TRUE(journal_->Finish(*number, AttemptResult::kRight, -1).ok());
  Restart();
  steps_->Run(Directive(2, v1::STEP_KIND_TEST_SIGNATURE, {kRight}));
  EXPECT_FALSE(Report(2));
}

TEST_F(StepsTest, ManyJourneysAreRememberedBoundedly) {
  for (int i = 0; i < 500; ++i) {
    v1::RunStep directive = Directive(1, v1::STEP_KIND_INSERT_CARD);
    directive.set_journey("journeys/" + std::to_string(i));
    steps_->Run(directive);
  }
  EXPECT_LE(steps_->Open().size(), 64U);
}

TEST_F(StepsTest, ACallMayComeBeforeItsDirective) {
  std::vector<std::string> called;
  const auto when = [&](const std::string& name, std::string_view journey, v1::StepKind step) {
    steps_->WhenDirected(journey, step, absl::Hours(1),
                         [&called, name] { called.push_back(name); });
  };
  when("prove", kJourney, v1::STEP_KIND_PROVE_PIN);
  when("sign", kJourney, v1::STEP_KIND_TEST_SIGNATURE);
  when("another journey", "journeys/other", v1::STEP_KIND_PROVE_PIN);
  EXPECT_THAT(called, IsEmpty());
  steps_->Run(Directive(1, v1::STEP_KIND_PROVE_PIN, {kRight}));
  EXPECT_THAT(called, ElementsAre("prove"));
  when("prove again", kJourney, v1::STEP_KIND_PROVE_PIN);
  EXPECT_THAT(called, ElementsAre("prove", "prove again"));
  steps_->Run(Directive(2, v1::STEP_KIND_TEST_SIGNATURE, {kRight}));
  EXPECT_THAT(called, ElementsAre("prove", "prove again", "sign"));
  steps_->Close();
  EXPECT_THAT(called, ElementsAre("prove", "prove again", "sign", "another journey"));
  when("after the end", kJourney, v1::STEP_KIND_PROVE_PIN);
  EXPECT_THAT(called, SizeIs(5));
}

TEST_F(StepsTest, ACallDoesNotWaitForEver) {
  std::promise<void> called;
  steps_->WhenDirected(kJourney, v1::STEP_KIND_PROVE_PIN, absl::Milliseconds(1),
                       [&called] { called.set_value(); });
  EXPECT_EQ(called.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

}  // namespace
}  // namespace ilkimza::agent
