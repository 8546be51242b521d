// The guided journey as a state machine, without threads, calls or time.
#include "clients/sdk/guide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "base/error.h"
#include "tests/clients/guide_fixture.h"

namespace ilkimza::client {
namespace {

TEST_F(GuideTest, AsksForTheWordBeforeANewJourney) {
  guide_.Begin();
  guide_.OnResult(Call<v1::ListJourneysRequest>().id, GuideResponse(v1::ListJourneysResponse()));
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.kind, PromptKind::kWordKnown);
  Answer answer = To(asked->prompt);
  answer.flags["known"] = false;
  guide_.OnAnswer(std::move(answer));
  const auto create = std::get<v1::CreateJourneyRequest>(Call<v1::CreateJourneyRequest>().request);
  EXPECT_TRUE(create.journey().security_word_forgotten());
  EXPECT_EQ(create.journey().goal(), v1::GOAL_GET_PIN);
  EXPECT_FALSE(create.request_id().empty());
}

TEST_F(GuideTest, RepeatsALostCreateWithTheSameIdOnlyOnce) {
  guide_.Begin();
  guide_.OnResult(Call<v1::ListJourneysRequest>().id, GuideResponse(v1::ListJourneysResponse()));
  Answer answer = To(Next<Prompted>()->prompt);
  answer.flags["known"] = true;
  guide_.OnAnswer(std::move(answer));
  const auto lost = Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_AGENT_UNREACHABLE);
  const MakeCall first = Call<v1::CreateJourneyRequest>();
  guide_.OnResult(first.id, lost);
  const MakeCall second = Call<v1::CreateJourneyRequest>();
  EXPECT_EQ(std::get<v1::CreateJourneyRequest>(first.request).request_id(),
            std::get<v1::CreateJourneyRequest>(second.request).request_id());
  guide_.OnResult(second.id, lost);
  EXPECT_TRUE(NoCall());
  const auto finished = Next<Finished>();
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->outcome, Outcome::kError);
}

TEST_F(GuideTest, GoesOnWithTheJourneyThatExists) {
  guide_.Begin();
  guide_.OnResult(Call<v1::ListJourneysRequest>().id, GuideResponse(v1::ListJourneysResponse()));
  Answer answer = To(Next<Prompted>()->prompt);
  answer.flags["known"] = true;
  guide_.OnAnswer(std::move(answer));
  guide_.OnResult(Call<v1::CreateJourneyRequest>().id,
                  MakeError(absl::StatusCode::kAlreadyExists, v1::ERROR_REASON_JOURNEY_EXISTS,
                            "there is one", {{"journey", "journeys/7"}}));
  EXPECT_EQ(std::get<v1::GetJourneyRequest>(Call<v1::GetJourneyRequest>().request).name(),
            "journeys/7");
}

// Whichever watch tells its part first, the prompt comes when both have.
TEST_F(GuideTest, ScreenAndJourneyComeInAnyOrder) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  EXPECT_FALSE(Next<Prompted>());
  Tell(Journey(v1::STEP_KIND_LOG_IN));
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.screen_id, 3);
}

TEST_F(GuideTest, AnAnswerIsHandedOverOnce) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  const Prompt prompt = Next<Prompted>()->prompt;
  guide_.OnAnswer(Login(prompt));
  guide_.OnAnswer(Login(prompt));
  const MakeCall call = Call<v1::AnswerScreenRequest>();
  EXPECT_TRUE(NoCall());
  const auto refused = Next<Refused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(ReasonOf(refused->status), v1::ERROR_REASON_SCREEN_CHANGED);
  guide_.OnResult(call.id, GuideResponse());
  EXPECT_TRUE(Next<AnswerTaken>());
  // The screen stands until the host shows another one; it is not asked again.
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  EXPECT_FALSE(Next<Prompted>());
  guide_.OnAnswer(Login(prompt));
  EXPECT_TRUE(NoCall());
}

TEST_F(GuideTest, AMalformedAnswerKeepsThePrompt) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  const Prompt prompt = Next<Prompted>()->prompt;
  Answer wrong = Login(prompt);
  wrong.texts["national_id"] = Secret(std::string_view("10000000147"));
  guide_.OnAnswer(std::move(wrong));
  const auto refused = Next<Refused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(ReasonOf(refused->status), v1::ERROR_REASON_BAD_NATIONAL_ID);
  EXPECT_TRUE(NoCall());
  guide_.OnAnswer(Login(prompt));
  Call<v1::AnswerScreenRequest>();
}

TEST_F(GuideTest, AnAnswerLostOnTheWayIsNotRepeated) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  const Prompt prompt = Next<Prompted>()->prompt;
  guide_.OnAnswer(Login(prompt));
  guide_.OnResult(Call<v1::AnswerScreenRequest>().id,
                  Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_AGENT_UNREACHABLE));
  EXPECT_TRUE(NoCall());
  EXPECT_EQ(Next<PromptClosed>()->id, prompt.id);
  EXPECT_EQ(restarts_, 1);
  // The host shows the screen still: the holder is asked anew.
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  const auto again = Next<Prompted>();
  ASSERT_TRUE(again);
  EXPECT_NE(again->prompt.id, prompt.id);
}

// A host that started anew counts its screens from the beginning.
TEST_F(GuideTest, TheSameScreenIdOfANewHostIsAnotherScreen) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 1));
  guide_.OnAnswer(Login(Next<Prompted>()->prompt));
  guide_.OnResult(Call<v1::AnswerScreenRequest>().id, GuideResponse());
  guide_.OnWatchLost(Watch::kScreen,
                     Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_AGENT_UNREACHABLE));
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 1));
  EXPECT_TRUE(Next<Prompted>());
}

TEST_F(GuideTest, ThePinPageIsAskedOnceAndItsPinUsedOnlyWhenSaid) {
  Resume(v1::STEP_KIND_READ_PIN);
  guide_.OnScreen(Screen(v1::STEP_KIND_READ_PIN, 5));
  Prompt page = Next<Prompted>()->prompt;
  ASSERT_EQ(page.kind, PromptKind::kPinPage);
  ASSERT_EQ(page.cards.size(), 1u);
  EXPECT_TRUE(page.cards[0].has_pin);
  Answer reveal = To(page);
  reveal.flags["reveal"] = true;
  guide_.OnAnswer(std::move(reveal));
  const auto revealed = Next<Revealed>();
  ASSERT_TRUE(revealed);
  EXPECT_EQ(revealed->cards[0].pin.view(), "271828");
  Answer seen = To(page);
  seen.flags["seen"] = true;
  guide_.OnAnswer(std::move(seen));
  guide_.OnResult(Call<v1::AnswerScreenRequest>().id, GuideResponse());
  guide_.OnReaders(Readers(true));
  Tell(Journey(v1::STEP_KIND_PROVE_PIN, 6));
  // The page stays the host's screen.
  guide_.OnScreen(Screen(v1::STEP_KIND_READ_PIN, 5));
  AnswerCards();
  const Prompt prove = Next<Prompted>()->prompt;
  EXPECT_EQ(prove.kind, PromptKind::kProvePin);
  EXPECT_TRUE(prove.portal_pin);
  EXPECT_TRUE(NoCall()) << "a PIN was sent without an answer";
  Answer use = To(prove);
  use.flags["use_portal_pin"] = true;
  guide_.OnAnswer(std::move(use));
  const auto verify = std::get<v1::VerifyPinRequest>(Call<v1::VerifyPinRequest>().request);
  EXPECT_EQ(verify.pin(), "271828");
  EXPECT_EQ(verify.journey(), "journeys/1");
  EXPECT_FALSE(verify.allow_last_try());
}

// A program that comes back reads the page that still stands before it asks.
TEST_F(GuideTest, ThePinPageIsWaitedForWhenGoingOn) {
  awaited_screen_comes_ = true;
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  EXPECT_FALSE(Next<Prompted>());
  EXPECT_EQ(wakes_, 1);
  guide_.OnScreen(Screen(v1::STEP_KIND_READ_PIN, 5));
  const auto prove = Next<Prompted>();
  ASSERT_TRUE(prove);
  EXPECT_TRUE(prove->prompt.portal_pin);
}

TEST_F(GuideTest, APinPageThatComesLateAsksAnew) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  const Prompt before = Next<Prompted>()->prompt;
  EXPECT_FALSE(before.portal_pin);
  guide_.OnScreen(Screen(v1::STEP_KIND_READ_PIN, 5));
  EXPECT_EQ(Next<PromptClosed>()->id, before.id);
  EXPECT_TRUE(Next<Prompted>()->prompt.portal_pin);
}

TEST_F(GuideTest, ThePinOfAnotherCardIsNotOffered) {
  Resume(v1::STEP_KIND_READ_PIN);
  v1::Screen page = Screen(v1::STEP_KIND_READ_PIN, 5);
  page.mutable_pin_page()->mutable_cards(0)->set_card_serial("99999999999999999999");
  guide_.OnScreen(page);
  guide_.OnReaders(Readers(true));
  Tell(Journey(v1::STEP_KIND_PROVE_PIN, 6));
  AnswerCards();
  const auto page_prompt = Next<Prompted>();
  ASSERT_TRUE(page_prompt);
  const auto prove = Next<Prompted>();
  ASSERT_TRUE(prove);
  EXPECT_FALSE(prove->prompt.portal_pin);
  Answer use = To(prove->prompt);
  use.flags["use_portal_pin"] = true;
  guide_.OnAnswer(std::move(use));
  EXPECT_TRUE(NoCall());
}

TEST_F(GuideTest, TheLastTryNeedsItsOverride) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  guide_.OnReaders(Readers(true));
  // The readers are told anew: the card is looked for again.
  Call<ListCardsCall>();
  AnswerCards(v1::TRIES_LEFT_ONE);
  const Prompt prompt = Next<Prompted>()->prompt;
  EXPECT_TRUE(prompt.IsLastTry());
  guide_.OnAnswer(Pin(prompt, "271828"));
  EXPECT_TRUE(NoCall());
  EXPECT_EQ(ReasonOf(Next<Refused>()->status), v1::ERROR_REASON_LAST_TRY);
  Answer sure = Pin(prompt, "271828");
  sure.flags["allow_last_try"] = true;
  guide_.OnAnswer(std::move(sure));
  EXPECT_TRUE(
      std::get<v1::VerifyPinRequest>(Call<v1::VerifyPinRequest>().request).allow_last_try());
}

// After a wrong PIN the journey is told first; only then is it asked again.
TEST_F(GuideTest, AWrongPinIsAskedAgainWithTheNextDirective) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  guide_.OnAnswer(Pin(Next<Prompted>()->prompt, "1111"));
  guide_.OnResult(Call<v1::VerifyPinRequest>().id,
                  MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_WRONG_PIN,
                            "wrong", {{"tries_left", "2"}}));
  EXPECT_TRUE(Next<Refused>());
  EXPECT_TRUE(NoCall());
  v1::Journey rejected = Journey(v1::STEP_KIND_PROVE_PIN, 2);
  rejected.set_reason(v1::ERROR_REASON_WRONG_PIN);
  Tell(rejected);
  AnswerCards(v1::TRIES_LEFT_SOME);
  const auto again = Next<Prompted>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->prompt.reason, v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(again->prompt.pin_state.tries_left(), v1::TRIES_LEFT_SOME);
}

TEST_F(GuideTest, ALostAttemptIsNeverRepeated) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  const Prompt prompt = Next<Prompted>()->prompt;
  guide_.OnAnswer(Pin(prompt, "271828"));
  guide_.OnResult(Call<v1::VerifyPinRequest>().id,
                  Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_AGENT_UNREACHABLE));
  EXPECT_EQ(Next<PromptClosed>()->id, prompt.id);
  // All that happens by itself is looking at the card.
  Collect();
  for (const MakeCall& call : calls_) {
    EXPECT_TRUE(std::holds_alternative<ListCardsCall>(call.request));
  }
}

// Where the agent sent nothing the step is still open, and the holder is asked anew.
TEST_F(GuideTest, AnAnswerThatWasLostDoesNotEndTheStep) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  const Prompt prompt = Next<Prompted>()->prompt;
  guide_.OnAnswer(Pin(prompt, "271828"));
  guide_.OnResult(Call<v1::VerifyPinRequest>().id,
                  MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN, "lost",
                            {{"answer", "lost"}}));
  EXPECT_EQ(Next<PromptClosed>()->id, prompt.id);
  AnswerCards(v1::TRIES_LEFT_SOME);
  const auto again = Next<Prompted>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->prompt.reason, v1::ERROR_REASON_ATTEMPT_UNKNOWN);
  EXPECT_EQ(again->prompt.pin_state.tries_left(), v1::TRIES_LEFT_SOME);
}

TEST_F(GuideTest, AProvenPinIsTheOldOneOfTheChange) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  guide_.OnAnswer(Pin(Next<Prompted>()->prompt, "271828"));
  guide_.OnResult(Call<v1::VerifyPinRequest>().id, GuideResponse());
  Tell(Journey(v1::STEP_KIND_SET_OWN_PIN, 2));
  AnswerCards();
  const Prompt prompt = Next<Prompted>()->prompt;
  ASSERT_EQ(prompt.kind, PromptKind::kSetOwnPin);
  EXPECT_TRUE(prompt.old_pin_known);
  Answer differ = To(prompt);
  differ.texts["new_pin"] = Secret(std::string_view("864209"));
  differ.texts["new_pin_again"] = Secret(std::string_view("864208"));
  guide_.OnAnswer(std::move(differ));
  EXPECT_EQ(MetadataOf(Next<Refused>()->status)["field"], "new_pin_again");
  EXPECT_TRUE(NoCall());
  Answer own = To(prompt);
  own.texts["new_pin"] = Secret(std::string_view("864209"));
  own.texts["new_pin_again"] = Secret(std::string_view("864209"));
  guide_.OnAnswer(std::move(own));
  const auto change = std::get<v1::ChangePinRequest>(Call<v1::ChangePinRequest>().request);
  EXPECT_EQ(change.old_pin(), "271828");
  EXPECT_EQ(change.new_pin(), "864209");
}

TEST_F(GuideTest, ATakenOutCardClosesThePrompt) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  const Prompt prompt = Next<Prompted>()->prompt;
  guide_.OnReaders(Readers(false));
  guide_.OnResult(Call<ListCardsCall>().id, GuideResponse(v1::ListCardsResponse()));
  EXPECT_EQ(Next<PromptClosed>()->id, prompt.id);
  const auto waiting = Next<Waiting>();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->what, WaitFor::kCard);
  EXPECT_EQ(waiting->reason, v1::ERROR_REASON_NO_CARD);
  guide_.OnReaders(Readers(true));
  AnswerCards();
  EXPECT_TRUE(Next<Prompted>());
}

// A card maker's module tells 16 characters at most.
TEST_F(GuideTest, ASerialThatIsTooShortToCompareIsSaid) {
  const auto told = [this](const std::string& card) {
    v1::WatchReadersResponse readers = Readers(true);
    readers.mutable_readers(0)->set_card(card);
    guide_.OnReaders(readers);
    return LastWaiting();
  };
  Resume(v1::STEP_KIND_MATCH_CARD);
  v1::Journey journey = Journey(v1::STEP_KIND_MATCH_CARD, 2);
  journey.set_reason(v1::ERROR_REASON_SERIAL_MISMATCH);
  journey.mutable_facts()->add_portal_serials(kSerial);
  Tell(journey);
  std::optional<Waiting> waiting = told("cards/8721147000000000");
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->reason, v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_TRUE(waiting->serial_too_short);
  // Another card, which can be told from the right one.
  told("cards/87211470000000000002");
  AnswerNoChips();
  waiting = LastWaiting();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->reason, v1::ERROR_REASON_SERIAL_MISMATCH);
  EXPECT_FALSE(waiting->serial_too_short);
  // One that says nothing of itself.
  waiting = told("cards/in-reader-0");
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->reason, v1::ERROR_REASON_CARD_UNSUPPORTED);
}

TEST_F(GuideTest, InAGuidedJourneyTooItIsNotCalledAnotherChip) {
  Resume(v1::STEP_KIND_MATCH_CARD);
  v1::WatchReadersResponse readers = Readers(true);
  readers.mutable_readers(0)->set_card("cards/8721147000000000");
  guide_.OnReaders(readers);
  v1::Journey journey = Journey(v1::STEP_KIND_MATCH_CARD, 2);
  journey.set_guided(true);
  journey.set_reason(v1::ERROR_REASON_SERIAL_MISMATCH);
  journey.mutable_facts()->add_portal_serials(kSerial);
  Tell(journey);
  auto prompted = Next<Prompted>();
  ASSERT_TRUE(prompted);
  EXPECT_EQ(prompted->prompt.kind, PromptKind::kOtherChip);
  EXPECT_EQ(prompted->prompt.reason, v1::ERROR_REASON_CARD_UNSUPPORTED);
  readers.mutable_readers(0)->set_card("cards/87211470000000000002");
  guide_.OnReaders(readers);
  AnswerNoChips();
  prompted = Next<Prompted>();
  ASSERT_TRUE(prompted);
  EXPECT_EQ(prompted->prompt.reason, v1::ERROR_REASON_SERIAL_MISMATCH);
}

TEST_F(GuideTest, AWaitSaysWhyTheServiceDoesNotRun) {
  Resume(v1::STEP_KIND_INSERT_CARD);
  v1::WatchReadersResponse readers;
  readers.set_service_trouble(v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  guide_.OnReaders(readers);
  EXPECT_EQ(LastWaiting()->reason, v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  readers.clear_service_trouble();
  guide_.OnReaders(readers);
  EXPECT_EQ(LastWaiting()->reason, v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
}

// Looking again at the same card leaves the prompt alone.
TEST_F(GuideTest, ReadersThatChangeElsewhereDoNotDisturb) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  AnswerCards();
  EXPECT_TRUE(Next<Prompted>());
  v1::WatchReadersResponse readers = Readers(true);
  readers.add_readers()->set_state(v1::READER_STATE_EMPTY);
  guide_.OnReaders(readers);
  AnswerCards();
  EXPECT_FALSE(Next<PromptClosed>());
}

TEST_F(GuideTest, ABusyCardIsLookedAtAgainLater) {
  Resume(v1::STEP_KIND_PROVE_PIN);
  guide_.OnResult(Call<ListCardsCall>().id,
                  Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY));
  EXPECT_EQ(Next<Waiting>()->reason, v1::ERROR_REASON_CARD_BUSY);
  EXPECT_EQ(wakes_, 1);
  EXPECT_TRUE(NoCall());
  guide_.OnWake();
  AnswerCards();
  EXPECT_TRUE(Next<Prompted>());
}

TEST_F(GuideTest, AStoppedJourneyGoesOnOnlyWhenSaid) {
  Resume(v1::STEP_KIND_LOG_IN);
  v1::Journey stopped = Journey(v1::STEP_KIND_LOG_IN);
  stopped.set_state(v1::JOURNEY_STATE_STOPPED);
  stopped.set_reason(v1::ERROR_REASON_STEP_TIMEOUT);
  Tell(stopped);
  const Prompt prompt = Next<Prompted>()->prompt;
  EXPECT_EQ(prompt.kind, PromptKind::kStopped);
  EXPECT_EQ(prompt.reason, v1::ERROR_REASON_STEP_TIMEOUT);
  EXPECT_TRUE(NoCall());
  Answer retry = To(prompt);
  retry.flags["retry"] = true;
  guide_.OnAnswer(std::move(retry));
  v1::Journey active = Journey(v1::STEP_KIND_OPEN_LOGIN, 9);
  active.set_revision(++revision_);
  guide_.OnResult(Call<v1::RetryJourneyRequest>().id, GuideResponse(active));
  EXPECT_TRUE(Next<AnswerTaken>());
}

TEST_F(GuideTest, LeavingAStoppedJourneySaysStopped) {
  Resume(v1::STEP_KIND_LOG_IN);
  v1::Journey stopped = Journey(v1::STEP_KIND_LOG_IN);
  stopped.set_state(v1::JOURNEY_STATE_STOPPED);
  Tell(stopped);
  Answer leave = To(Next<Prompted>()->prompt);
  leave.flags["leave"] = true;
  guide_.OnAnswer(std::move(leave));
  EXPECT_EQ(Next<Finished>()->outcome, Outcome::kStopped);
  EXPECT_TRUE(guide_.finished());
}

TEST_F(GuideTest, AnAgentThatIsGoneClosesThePrompt) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  EXPECT_TRUE(Next<Prompted>());
  const auto gone = Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_AGENT_UNREACHABLE);
  guide_.OnWatchLost(Watch::kReaders, gone);
  EXPECT_TRUE(Next<PromptClosed>());
  EXPECT_EQ(Next<Waiting>()->what, WaitFor::kAgent);
}

// The server may be away while the agent, and with it the screen, is there.
TEST_F(GuideTest, AServerThatIsAwayLeavesThePromptAlone) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  const Prompt prompt = Next<Prompted>()->prompt;
  guide_.OnWatchLost(Watch::kJourney,
                     Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE));
  EXPECT_FALSE(Next<PromptClosed>());
  guide_.OnAnswer(Login(prompt));
  guide_.OnResult(Call<v1::AnswerScreenRequest>().id, GuideResponse());
  EXPECT_EQ(Next<Waiting>()->what, WaitFor::kServer);
}

TEST_F(GuideTest, InputThatEndedLeavesAtTheNextPrompt) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  guide_.OnInputEnded();
  EXPECT_FALSE(guide_.finished());
  Tell(Journey(v1::STEP_KIND_LOG_IN));
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  EXPECT_FALSE(Next<Prompted>());
  EXPECT_TRUE(guide_.finished());
}

TEST_F(GuideTest, AnOlderRevisionChangesNothing) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  EXPECT_TRUE(Next<Prompted>());
  v1::Journey old = Journey(v1::STEP_KIND_OPEN_LOGIN);
  old.set_revision(0);
  guide_.OnJourney(old);
  EXPECT_FALSE(Next<PromptClosed>());
}

// The last answer and the journey's end come on different ways.
TEST_F(GuideTest, TheLastAnswerIsToldAsTaken) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.OnScreen(Screen(v1::STEP_KIND_LOG_IN, 3));
  guide_.OnAnswer(Login(Next<Prompted>()->prompt));
  const MakeCall call = Call<v1::AnswerScreenRequest>();
  v1::Journey done = Journey(v1::STEP_KIND_UNSPECIFIED);
  done.set_state(v1::JOURNEY_STATE_SUCCEEDED);
  Tell(done);
  EXPECT_FALSE(guide_.finished());
  guide_.OnResult(call.id, GuideResponse());
  EXPECT_TRUE(Next<AnswerTaken>());
  EXPECT_EQ(Next<Finished>()->outcome, Outcome::kSucceeded);
}

TEST_F(GuideTest, ACancelledJourneyEndsTheGuide) {
  Resume(v1::STEP_KIND_LOG_IN);
  guide_.Cancel();
  v1::Journey cancelled = Journey(v1::STEP_KIND_UNSPECIFIED);
  cancelled.set_state(v1::JOURNEY_STATE_CANCELLED);
  cancelled.set_revision(++revision_);
  guide_.OnResult(Call<v1::CancelJourneyRequest>().id, GuideResponse(cancelled));
  EXPECT_EQ(Next<Finished>()->outcome, Outcome::kCancelled);
}

}  // namespace
}  // namespace ilkimza::client
