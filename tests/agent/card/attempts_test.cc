// Attempts from call to answer: journeys and their steps, request ids, the journal. What
// counts is what was sent to the card: the service's log says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using sandbox::Bytes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class AttemptsTest : public FakeServiceTest {
 protected:
  // A call that is under way and waits for the card, which is held from now on. `context`
  // outlives it.
  std::future<grpc::Status> VerifyOfHeldCard(grpc::ClientContext& context,
                                             const v1::VerifyPinRequest& request) {
    pcsc_->HoldTransaction(kReader, true);
    auto call = std::async(std::launch::async, [this, &context, request] {
      v1::VerifyPinResponse response;
      return harness_->stub().VerifyPin(&context, request, &response);
    });
    EXPECT_TRUE(pcsc_->WaitUntilBlocked());
    return call;
  }
};

TEST_F(AttemptsTest, AJourneysPinGoesToItsCardOnly) {
  StartWithCard();
  harness_->host().RunStep(Directive(1, v1::STEP_KIND_PROVE_PIN, {"00000000000000000000"}));
  v1::VerifyPinRequest request = VerifyRequest();
  request.set_journey(kJourney);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_THAT(pcsc_->Log(), IsEmpty());
  EXPECT_EQ(harness_->observer().ReportCount(1), 0);
  EXPECT_THAT(harness_->host().OpenSteps(), SizeIs(1));
}

TEST_F(AttemptsTest, LocalRefusalsAreNotReportedAndTheStepGoesOn) {
  StartWithCard();
  EXPECT_EQ(ReasonOf(VerifyInJourney(1, "12")), v1::ERROR_REASON_PIN_FORMAT);
  ASSERT_TRUE(card_->SetPinTriesLeft(1).ok());
  EXPECT_EQ(ReasonOf(VerifyInJourney(1)), v1::ERROR_REASON_LAST_TRY);
  pcsc_->AtNext(kGetData, [](const auto&, std::string&) { return SCARD_E_NOT_TRANSACTED; });
  EXPECT_EQ(ReasonOf(VerifyInJourney(1)), v1::ERROR_REASON_CARD_PROTOCOL);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  EXPECT_EQ(harness_->observer().ReportCount(1), 0);
  ASSERT_TRUE(card_->SetPinTriesLeft(3).ok());
  EXPECT_TRUE(VerifyInJourney(1).ok());
  EXPECT_EQ(harness_->observer().WaitForReport(1)->outcome(), v1::STEP_OUTCOME_DONE);
}

TEST_F(AttemptsTest, ABlockedPinStopsTheStep) {
  StartWithCard();
  ASSERT_TRUE(card_->SetPinTriesLeft(0).ok());
  EXPECT_EQ(ReasonOf(VerifyInJourney(1)), v1::ERROR_REASON_PIN_BLOCKED);
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  const auto report = harness_->observer().WaitForReport(1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_STOPPED);
  EXPECT_EQ(report->reason(), v1::ERROR_REASON_PIN_BLOCKED);
  EXPECT_EQ(report->tries_left(), 0);
}

TEST_F(AttemptsTest, KeepsTheCurrentPinOnlyAfterAnInterruptedChange) {
  StartWithCard();
  v1::RunStep directive = Directive(1, v1::STEP_KIND_SET_OWN_PIN, {card_->options().serial});
  harness_->host().RunStep(directive);
  v1::ChangePinRequest request;
  request.set_name(Name());
  request.set_keep_current(true);
  EXPECT_EQ(ReasonOf(harness_->Change(request)), v1::ERROR_REASON_BAD_FIELD);
  request.set_journey(kJourney);
  EXPECT_EQ(ReasonOf(harness_->Change(request)), v1::ERROR_REASON_JOURNEY_NOT_READY);
  directive.set_directive_id(2);
  directive.mutable_facts()->set_own_pin_unknown(true);
  harness_->host().RunStep(directive);
  EXPECT_TRUE(harness_->Change(request).ok());
  const auto report = harness_->observer().WaitForReport(2);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_EQ(report->card_serial(), card_->options().serial);
  EXPECT_THAT(pcsc_->Log(), IsEmpty());
}

TEST_F(AttemptsTest, ARequestIdSendsOnce) {
  StartWithCard();
  v1::VerifyPinRequest request = VerifyRequest("9876");
  request.set_request_id("11111111-2222-3333-4444-555555555555");
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_WRONG_PIN);
  // The same id, even with another PIN, even after a restart, even without the card.
  request.set_pin("1234");
  const absl::Status repeated = harness_->Verify(request);
  EXPECT_EQ(ReasonOf(repeated), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(MetadataOf(repeated)["tries_left"], "2");
  harness_->Restart();
  pcsc_->Remove(kReader);
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
  // It means that request and no other.
  v1::TestSignRequest other;
  other.set_name(Name());
  other.set_request_id(request.request_id());
  EXPECT_EQ(ReasonOf(harness_->TestSign(other)), v1::ERROR_REASON_BAD_FIELD);
  request.set_request_id("no spaces");
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_BAD_FIELD);
}

TEST_F(AttemptsTest, TwoCallsWithOneRequestIdAtTheSameTime) {
  StartWithCard();
  pcsc_->AtNext(kVerify, [&](const auto& pass, std::string& response) {
    pcsc_->BlockHere();
    response = pass();
    return SCARD_S_SUCCESS;
  });
  v1::VerifyPinRequest request = VerifyRequest();
  request.set_request_id("r-1");
  auto first = std::async(std::launch::async, [&] { return harness_->Verify(request); });
  ASSERT_TRUE(pcsc_->WaitUntilBlocked());
  auto second = std::async(std::launch::async, [&] { return harness_->Verify(request); });
  pcsc_->Unblock();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), SizeIs(1));
}

TEST_F(AttemptsTest, ACallThatWasRefusedMayBeMadeAgainWithItsId) {
  StartWithCard();
  ASSERT_TRUE(card_->SetPinTriesLeft(1).ok());
  v1::VerifyPinRequest request = VerifyRequest();
  request.set_request_id("r-1");
  EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_LAST_TRY);
  request.set_allow_last_try(true);
  EXPECT_TRUE(harness_->Verify(request).ok());
}

TEST_F(AttemptsTest, AnAttemptIsOnDiskBeforeItIsSent) {
  StartWithCard();
  std::string journal;
  pcsc_->AtNext(kVerify, [&](const auto& pass, std::string& response) {
    journal = testing::ReadFile(harness_->journal());
    response = pass();
    return SCARD_S_SUCCESS;
  });
  ASSERT_TRUE(VerifyInJourney(5).ok());
  EXPECT_THAT(journal, HasSubstr(R"("kind":"verify")"));
  EXPECT_THAT(journal, HasSubstr(R"("journey":"journeys/j1")"));
  EXPECT_THAT(journal, HasSubstr(R"("directive":5)"));
  EXPECT_THAT(journal, Not(HasSubstr("result")));
  journal = testing::ReadFile(harness_->journal());
  EXPECT_THAT(journal, HasSubstr(R"("result":"right")"));
  EXPECT_THAT(journal, Not(HasSubstr("1234\"")));
}

TEST_F(AttemptsTest, AnAttemptOfADeadAgentIsReportedUnknown) {
  StartWithCard();
  // What a program leaves that was killed while the card had the PIN.
  harness_->Restart([&] {
    testing::WriteFile(harness_->journal(),
                       R"({"attempt":1,"kind":"change","serial":"87211470000000000000",)"
                       R"("journey":"journeys/j1","directive":9})"
                       "\n");
  });
  const auto report = harness_->observer().WaitForReport(9);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->step(), v1::STEP_KIND_SET_OWN_PIN);
  EXPECT_EQ(report->outcome(), v1::STEP_OUTCOME_UNKNOWN);
  EXPECT_EQ(report->reason(), v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_THAT(pcsc_->Sent(kChange), IsEmpty());
}

TEST_F(AttemptsTest, ShutdownEndsWhatWaits) {
  StartWithCard();
  pcsc_->HoldTransaction(kReader, true);
  auto verify = std::async(std::launch::async, [&] { return Verify(); });
  ASSERT_TRUE(pcsc_->WaitUntilBlocked());
  harness_->host().Shutdown();
  EXPECT_EQ(ReasonOf(verify.get()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_EQ(ReasonOf(Verify()), v1::ERROR_REASON_SHUTTING_DOWN);
  pcsc_->HoldTransaction(kReader, false);
  while (pcsc_->OpenHandles() > 0) std::this_thread::yield();
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
}

// The agent has heard of what a client did to its calls before this one.
void LetTheAgentHear(Harness& harness) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(harness.Readers().ok());
}

TEST_F(AttemptsTest, ACallerThatGaveUpHasNoPinSent) {
  StartWithCard();
  for (const bool by_deadline : {true, false}) {
    grpc::ClientContext context;
    if (by_deadline) {
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    }
    auto given_up = VerifyOfHeldCard(context, VerifyRequest("4321"));
    if (!by_deadline) context.TryCancel();
    EXPECT_EQ(given_up.get().error_code(),
              by_deadline ? grpc::StatusCode::DEADLINE_EXCEEDED : grpc::StatusCode::CANCELLED);
    LetTheAgentHear(*harness_);
    pcsc_->HoldTransaction(kReader, false);
    // Behind it, on the same thread.
    EXPECT_EQ(harness_->PinState(Name())->tries_left(), v1::TRIES_LEFT_ALL);
    EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  }
  EXPECT_TRUE(Verify().ok());
}

TEST_F(AttemptsTest, AStepWhoseCallerGaveUpGoesOn) {
  StartWithCard();
  harness_->host().RunStep(Directive(1, v1::STEP_KIND_PROVE_PIN, {card_->options().serial}));
  v1::VerifyPinRequest request = VerifyRequest("4321");
  request.set_journey(kJourney);
  request.set_request_id("first");
  grpc::ClientContext context;
  auto given_up = VerifyOfHeldCard(context, request);
  context.TryCancel();
  EXPECT_FALSE(given_up.get().ok());
  LetTheAgentHear(*harness_);
  pcsc_->HoldTransaction(kReader, false);
  ASSERT_TRUE(harness_->PinState(Name()).ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), IsEmpty());
  EXPECT_EQ(harness_->observer().ReportCount(1), 0);
  request = VerifyRequest();
  request.set_journey(kJourney);
  request.set_request_id("first");
  EXPECT_TRUE(harness_->Verify(request).ok());
  EXPECT_EQ(harness_->observer().WaitForReport(1)->outcome(), v1::STEP_OUTCOME_DONE);
}

TEST_F(AttemptsTest, AnotherCallerWithTheSameIdIsStillServed) {
  StartWithCard();
  v1::VerifyPinRequest request = VerifyRequest();
  request.set_request_id("shared");
  grpc::ClientContext context;
  auto given_up = VerifyOfHeldCard(context, request);
  auto again = std::async(std::launch::async, [&] { return harness_->Verify(request); });
  LetTheAgentHear(*harness_);
  context.TryCancel();
  EXPECT_FALSE(given_up.get().ok());
  LetTheAgentHear(*harness_);
  pcsc_->HoldTransaction(kReader, false);
  EXPECT_TRUE(again.get().ok());
  EXPECT_THAT(pcsc_->Sent(kVerify), ElementsAre(kVerifyRight));
}

TEST_F(AttemptsTest, ARefusalIsBelievedUnlessTheTriesSayOtherwise) {
  const auto answer = [](const char* status_word, bool looks_at_the_pin) {
    return [=](const FakePcsc::Pass& pass, std::string& response) {
      if (looks_at_the_pin) pass();
      response = Bytes(status_word);
      return SCARD_S_SUCCESS;
    };
  };
  for (const char* word : {"6982", "6985", "6A80"}) {
    card_ = MakeCard();
    harness_.reset();
    StartWithCard();
    // Of all tries, some, one: not looked at, looked at, and looked at once more.
    pcsc_->AtNext(kVerify, answer(word, false));
    EXPECT_EQ(ReasonOf(Verify("4321")), v1::ERROR_REASON_CARD_PROTOCOL) << word;
    EXPECT_EQ(card_->tries_left().pin, 3);
    pcsc_->AtNext(kVerify, answer(word, true));
    EXPECT_EQ(ReasonOf(Verify("4321")), v1::ERROR_REASON_WRONG_PIN) << word;
    // The state cannot be read any more: the second selection of this call fails.
    pcsc_->AtNext(kVerify, answer(word, true));
    pcsc_->AtNext(kSelect, answer("6A82", false), /*skip=*/1);
    EXPECT_EQ(ReasonOf(Verify("4321")), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << word;
    EXPECT_EQ(card_->tries_left().pin, 1);
  }
}

TEST_F(AttemptsTest, NamesAreChecked) {
  StartWithCard();
  for (const std::string& name : {std::string(), std::string("cards/"), std::string("readers/x"),
                                  "cards/" + std::string(300, 'x')}) {
    v1::VerifyPinRequest request = VerifyRequest();
    request.set_name(name);
    EXPECT_EQ(ReasonOf(harness_->Verify(request)), v1::ERROR_REASON_BAD_FIELD) << name;
    EXPECT_EQ(ReasonOf(harness_->PinState(name).status()), v1::ERROR_REASON_BAD_FIELD) << name;
  }
  EXPECT_EQ(ReasonOf(harness_->PinState("cards/1").status()), v1::ERROR_REASON_CARD_NOT_FOUND);
}

TEST_F(AttemptsTest, BadOptionsAreRefused) {
  RecordingObserver observer;
  CardHostOptions options;
  options.pcsc = pcsc_;
  options.journal = "/nonexistent/journal";
  EXPECT_EQ(ReasonOf(CardHost::Create(options, observer).status()), v1::ERROR_REASON_STORE_FAILED);
  options.pin_policy.min_length = 1;
  EXPECT_EQ(ReasonOf(CardHost::Create(options, observer).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
  options.pin_policy = {};
  options.busy_timeout = absl::ZeroDuration();
  EXPECT_EQ(ReasonOf(CardHost::Create(options, observer).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

}  // namespace
}  // namespace ilkimza::agent
