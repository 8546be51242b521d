// The operations of the portal's menu, and journeys with more than one card.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/sdk/sentences.h"
#include "tests/clients/guide_fixture.h"

namespace ilkimza::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOld[] = "87211470000000000017";
constexpr char kNew[] = "87211470000000000025";

class GuideMenuTest : public GuideTest {
 protected:
  void Come(v1::Goal goal, v1::StepKind step,
            v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED) {
    Resume(v1::STEP_KIND_OPEN_LOGIN);
    Tell(At(goal, step, reason));
  }
  static v1::Journey At(v1::Goal goal, v1::StepKind step,
                        v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED) {
    v1::Journey journey = Journey(step, 7);
    journey.set_goal(goal);
    journey.set_reason(reason);
    if (step == v1::STEP_KIND_MATCH_CARD) journey.mutable_facts()->clear_card_serial();
    journey.mutable_facts()->add_portal_serials(kNew);
    return journey;
  }
  void AnswerChips(const std::vector<std::string>& serials,
                   v1::CertificateValidity validity = v1::CERTIFICATE_VALIDITY_VALID) {
    const MakeCall cards = Call<ListCardsCall>();
    v1::ListCardsResponse list;
    for (const std::string& serial : serials) {
      list.add_cards()->set_serial(serial);
      list.mutable_cards(list.cards_size() - 1)->set_name("cards/" + serial);
    }
    guide_.OnResult(cards.id, GuideResponse(list));
    for (const std::string& serial : serials) {
      const MakeCall call = Call<v1::ListCertificatesRequest>();
      EXPECT_EQ(std::get<v1::ListCertificatesRequest>(call.request).parent(), "cards/" + serial);
      v1::ListCertificatesResponse certificates;
      v1::Certificate& certificate = *certificates.add_certificates();
      certificate.set_serial_number("0A1B");
      certificate.set_qualified(true);
      certificate.set_subject("CN=AYŞE YILMAZ,serialNumber=*********46,C=TR");
      certificate.set_validity(validity);
      guide_.OnResult(call.id, GuideResponse(certificates));
    }
  }
  static v1::Screen On(v1::StepKind step, int64_t id = 3) {
    v1::Screen screen;
    screen.set_journey("journeys/1");
    screen.set_step(step);
    screen.set_screen_id(id);
    return screen;
  }
  v1::AnswerScreenRequest Answered() {
    return std::get<v1::AnswerScreenRequest>(Call<v1::AnswerScreenRequest>().request);
  }
};

TEST_F(GuideMenuTest, TheTableWaitsForTheChips) {
  Come(v1::GOAL_LIST_CERTIFICATES, v1::STEP_KIND_LIST_CERTIFICATES);
  v1::Screen screen = On(v1::STEP_KIND_LIST_CERTIFICATES);
  screen.mutable_certificate_table()->add_certificates()->set_card_serial(kOld);
  guide_.OnScreen(screen);
  EXPECT_FALSE(Next<Prompted>());
  AnswerChips({kOld, kNew});
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.kind, PromptKind::kCertificates);
  EXPECT_EQ(asked->prompt.certificates.size(), 1U);
  ASSERT_EQ(asked->prompt.chips.size(), 2U);
  EXPECT_EQ(asked->prompt.chips[1].card_serial, kNew);
  EXPECT_EQ(asked->prompt.chips[1].certificates.size(), 1U);
  Answer answer = To(asked->prompt);
  answer.flags["seen"] = true;
  guide_.OnAnswer(std::move(answer));
  EXPECT_TRUE(Answered().certificate_table().seen());
}

TEST_F(GuideMenuTest, TheTableComesAlsoWhereNoCardCanBeRead) {
  Come(v1::GOAL_LIST_CERTIFICATES, v1::STEP_KIND_LIST_CERTIFICATES);
  v1::Screen screen = On(v1::STEP_KIND_LIST_CERTIFICATES);
  screen.mutable_certificate_table();
  guide_.OnScreen(screen);
  guide_.OnResult(Call<ListCardsCall>().id, Failure(absl::StatusCode::kUnavailable,
                                                    v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED));
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->prompt.chips.empty());
}

TEST_F(GuideMenuTest, AChipThatCannotBeReadIsNamedAllTheSame) {
  Come(v1::GOAL_LIST_CERTIFICATES, v1::STEP_KIND_LIST_CERTIFICATES);
  v1::Screen screen = On(v1::STEP_KIND_LIST_CERTIFICATES);
  screen.mutable_certificate_table();
  guide_.OnScreen(screen);
  v1::ListCardsResponse list;
  list.add_cards()->set_serial(kOld);
  guide_.OnResult(Call<ListCardsCall>().id, GuideResponse(list));
  guide_.OnResult(Call<v1::ListCertificatesRequest>().id,
                  Failure(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY));
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  ASSERT_EQ(asked->prompt.chips.size(), 1U);
  EXPECT_TRUE(asked->prompt.chips[0].unread);
}

TEST_F(GuideMenuTest, AnotherChipIsComparedAnew) {
  Come(v1::GOAL_LIST_CERTIFICATES, v1::STEP_KIND_LIST_CERTIFICATES);
  guide_.OnReaders(Readers(true));
  v1::Screen screen = On(v1::STEP_KIND_LIST_CERTIFICATES);
  screen.mutable_certificate_table();
  guide_.OnScreen(screen);
  AnswerChips({kOld});
  ASSERT_TRUE(Next<Prompted>());
  guide_.OnReaders(Readers(false));
  ASSERT_TRUE(Next<PromptClosed>());
  AnswerChips({kNew});
  const auto again = Next<Prompted>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->prompt.chips[0].card_serial, kNew);
}

TEST_F(GuideMenuTest, AnActivationIsTheHoldersDecision) {
  for (const bool wanted : {true, false}) {
    Tell(At(v1::GOAL_ACTIVATE_CERTIFICATE, v1::STEP_KIND_ACTIVATE_CERTIFICATE));
    v1::Screen screen = On(v1::STEP_KIND_ACTIVATE_CERTIFICATE, wanted ? 3 : 4);
    screen.mutable_activation()->add_card_serials(kOld);
    guide_.OnScreen(screen);
    if (wanted) AnswerChips({kOld});
    const auto asked = Next<Prompted>();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->prompt.kind, PromptKind::kActivation);
    EXPECT_THAT(asked->prompt.card_serials, ElementsAre(kOld));
    EXPECT_NE(asked->prompt.ChipOf(kOld), nullptr);
    EXPECT_EQ(asked->prompt.ChipOf(kNew), nullptr);
    Answer answer = To(asked->prompt);
    answer.flags["activate"] = wanted;
    guide_.OnAnswer(std::move(answer));
    const MakeCall call = Call<v1::AnswerScreenRequest>();
    EXPECT_EQ(std::get<v1::AnswerScreenRequest>(call.request).activation().activate(), wanted);
    guide_.OnResult(call.id, GuideResponse());
  }
}

TEST_F(GuideMenuTest, WhatIsNotChangedStaysAsThePortalHasIt) {
  Come(v1::GOAL_UPDATE_INFO, v1::STEP_KIND_UPDATE_INFO);
  v1::Screen screen = On(v1::STEP_KIND_UPDATE_INFO);
  screen.mutable_info()->set_phone("5421234525");
  screen.mutable_info()->set_email("ayse@ornek.example");
  guide_.OnScreen(screen);
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.masked_phone, "54******25");
  EXPECT_EQ(asked->prompt.masked_email, "a***@ornek.example");
  Answer reveal = To(asked->prompt);
  reveal.flags["reveal"] = true;
  guide_.OnAnswer(std::move(reveal));
  const auto revealed = Next<Revealed>();
  ASSERT_TRUE(revealed);
  EXPECT_EQ(revealed->phone.view(), "5421234525");
  EXPECT_EQ(revealed->email.view(), "ayse@ornek.example");
  Answer answer = To(asked->prompt);
  answer.texts["phone"] = Secret(std::string_view(" 0537 111 22 33 "));
  guide_.OnAnswer(std::move(answer));
  const v1::AnswerScreenRequest request = Answered();
  EXPECT_EQ(request.info().phone(), "0537 111 22 33");
  EXPECT_EQ(request.info().email(), "ayse@ornek.example");
  EXPECT_FALSE(request.info().keep());
}

TEST_F(GuideMenuTest, KeepingTellsThePortalNothing) {
  Come(v1::GOAL_UPDATE_INFO, v1::STEP_KIND_UPDATE_INFO);
  v1::Screen screen = On(v1::STEP_KIND_UPDATE_INFO);
  screen.mutable_info()->set_phone("5421234525");
  guide_.OnScreen(screen);
  Answer answer = To(Next<Prompted>()->prompt);
  answer.flags["keep"] = true;
  guide_.OnAnswer(std::move(answer));
  const v1::AnswerScreenRequest request = Answered();
  EXPECT_TRUE(request.info().keep());
  EXPECT_TRUE(request.info().phone().empty());
}

// -- Revoking --

TEST_F(GuideMenuTest, NothingIsRevokedWithoutTheSerialOfACardThatIsMeant) {
  Come(v1::GOAL_REVOKE_CERTIFICATE, v1::STEP_KIND_REVOKE_CERTIFICATE);
  v1::Screen screen = On(v1::STEP_KIND_REVOKE_CERTIFICATE);
  screen.mutable_revocation()->add_card_serials(kOld);
  screen.mutable_revocation()->add_card_serials(kNew);
  guide_.OnScreen(screen);
  AnswerChips({kNew});
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.kind, PromptKind::kRevocation);
  const auto refused_of = [&](Answer answer) {
    guide_.OnAnswer(std::move(answer));
    EXPECT_TRUE(NoCall());
    const auto refused = Next<Refused>();
    return refused ? ReasonOf(refused->status) : v1::ERROR_REASON_UNSPECIFIED;
  };
  Answer bare = To(asked->prompt);
  bare.flags["consequences_understood"] = true;
  EXPECT_EQ(refused_of(std::move(bare)), v1::ERROR_REASON_BAD_FIELD);
  Answer unread = To(asked->prompt);
  unread.texts["card_serial"] = Secret(std::string_view(kNew));
  EXPECT_EQ(refused_of(std::move(unread)), v1::ERROR_REASON_BAD_FIELD);
  Answer no = To(asked->prompt);
  no.texts["card_serial"] = Secret(std::string_view(kNew));
  no.flags["consequences_understood"] = false;
  EXPECT_EQ(refused_of(std::move(no)), v1::ERROR_REASON_BAD_FIELD);
  Answer other = To(asked->prompt);
  other.texts["card_serial"] = Secret(std::string_view("87211470000000000099"));
  other.flags["consequences_understood"] = true;
  EXPECT_EQ(refused_of(std::move(other)), v1::ERROR_REASON_WRONG_CARD_SERIAL);
  Answer right = To(asked->prompt);
  right.texts["card_serial"] = Secret(std::string_view("8721 1470 0000 0000 0025"));
  right.flags["consequences_understood"] = true;
  guide_.OnAnswer(std::move(right));
  const v1::AnswerScreenRequest request = Answered();
  EXPECT_EQ(request.revocation().card_serial(), kNew);
  EXPECT_TRUE(request.revocation().consequences_understood());
  EXPECT_FALSE(request.revocation().keep());
}

// Whoever does not ask for it by name never gets into a journey that revokes.
TEST_F(GuideMenuTest, AJourneyThatRevokesIsTakenUpOnlyByItsName) {
  guide_.Begin();
  v1::ListJourneysResponse list;
  *list.add_journeys() = At(v1::GOAL_REVOKE_CERTIFICATE, v1::STEP_KIND_REVOKE_CERTIFICATE);
  guide_.OnResult(Call<v1::ListJourneysRequest>().id, GuideResponse(list));
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.kind, PromptKind::kWordKnown);
  EXPECT_TRUE(asked->prompt.journey.empty());
}

// -- Unblocking --

class GuideUnblockTest : public GuideMenuTest {
 protected:
  std::optional<Prompted> AskForPuk(bool portal_has_puk, v1::TriesLeft tries = v1::TRIES_LEFT_ALL,
                                    v1::StepState code = v1::STEP_STATE_SKIPPED) {
    Resume(v1::STEP_KIND_OPEN_LOGIN);
    v1::Screen page = Screen(v1::STEP_KIND_READ_PIN, 3);
    if (!portal_has_puk) page.mutable_pin_page()->mutable_cards(0)->clear_puk();
    guide_.OnScreen(page);
    v1::Journey journey = At(v1::GOAL_UNBLOCK_PIN, v1::STEP_KIND_UNBLOCK_PIN);
    v1::Step& step = *journey.add_steps();
    step.set_kind(v1::STEP_KIND_REQUEST_UNBLOCK);
    step.set_state(code);
    Tell(journey);
    const MakeCall cards = Call<ListCardsCall>();
    v1::ListCardsResponse list;
    list.add_cards()->set_name("cards/1");
    list.mutable_cards(0)->set_serial(kSerial);
    guide_.OnResult(cards.id, GuideResponse(list));
    v1::PinState state;
    state.set_tries_left(v1::TRIES_LEFT_NONE);
    state.set_puk_tries_left(tries);
    guide_.OnResult(Call<v1::GetPinStateRequest>().id, GuideResponse(state));
    return Next<Prompted>();
  }
  static Answer NewPin(const Prompt& prompt) {
    Answer answer = To(prompt);
    answer.texts["new_pin"] = Secret(std::string_view("864209"));
    answer.texts["new_pin_again"] = Secret(std::string_view("864209"));
    return answer;
  }
  v1::ErrorReason Refusal() {
    EXPECT_TRUE(NoCall());
    const auto refused = Next<Refused>();
    return refused ? ReasonOf(refused->status) : v1::ERROR_REASON_UNSPECIFIED;
  }
};

TEST_F(GuideUnblockTest, EachTryOfThePukHasToBeAllowed) {
  const auto asked = AskForPuk(true);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.kind, PromptKind::kUnblockPin);
  EXPECT_TRUE(asked->prompt.portal_puk);
  EXPECT_FALSE(asked->prompt.IsLastTry());
  Answer answer = NewPin(asked->prompt);
  answer.flags["use_portal_puk"] = true;
  guide_.OnAnswer(std::move(answer));
  EXPECT_EQ(Refusal(), v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED);
  answer = NewPin(asked->prompt);
  answer.flags["use_portal_puk"] = true;
  answer.flags["allow_puk_try"] = true;
  guide_.OnAnswer(std::move(answer));
  const auto call = std::get<v1::UnblockPinRequest>(Call<v1::UnblockPinRequest>().request);
  EXPECT_EQ(call.name(), "cards/1");
  EXPECT_EQ(call.journey(), "journeys/1");
  EXPECT_EQ(call.puk(), "31415926");
  EXPECT_EQ(call.new_pin(), "864209");
  EXPECT_TRUE(call.allow_puk_try());
  EXPECT_FALSE(call.request_id().empty());
}

TEST_F(GuideUnblockTest, TheLastTryHasToBeAllowedAsWell) {
  const auto asked = AskForPuk(true, v1::TRIES_LEFT_ONE);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->prompt.IsLastTry());
  for (const bool allowed : {false, true}) {
    Answer answer = NewPin(asked->prompt);
    answer.texts["puk"] = Secret(std::string_view("31415926"));
    answer.flags["allow_puk_try"] = true;
    if (allowed) answer.flags["allow_last_try"] = true;
    guide_.OnAnswer(std::move(answer));
    if (!allowed) EXPECT_EQ(Refusal(), v1::ERROR_REASON_LAST_TRY);
  }
  Call<v1::UnblockPinRequest>();
}

TEST_F(GuideUnblockTest, AWrongPukIsAskedForAnewAndNothingIsRepeated) {
  const auto asked = AskForPuk(true);
  Answer answer = NewPin(asked->prompt);
  answer.flags["use_portal_puk"] = true;
  answer.flags["allow_puk_try"] = true;
  guide_.OnAnswer(std::move(answer));
  guide_.OnResult(Call<v1::UnblockPinRequest>().id,
                  Failure(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_WRONG_PUK));
  EXPECT_EQ(ReasonOf(Next<Refused>()->status), v1::ERROR_REASON_WRONG_PUK);
  EXPECT_TRUE(Next<PromptClosed>());
  // Until the server has directed the step anew.
  EXPECT_TRUE(NoCall());
}

TEST_F(GuideUnblockTest, WhereThePageHasNoPukACodeBringsIt) {
  const auto asked = AskForPuk(false);
  ASSERT_TRUE(asked);
  EXPECT_FALSE(asked->prompt.portal_puk);
  Answer answer = To(asked->prompt);
  answer.flags["by_code"] = true;
  guide_.OnAnswer(std::move(answer));
  const auto retry = std::get<v1::RetryJourneyRequest>(Call<v1::RetryJourneyRequest>().request);
  EXPECT_EQ(retry.way(), v1::WAY_UNSPECIFIED);
}

TEST_F(GuideUnblockTest, AfterTheCodeItIsNotOfferedAgain) {
  const auto asked = AskForPuk(false, v1::TRIES_LEFT_ALL, v1::STEP_STATE_DONE);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.forms.size(), 1U);
}

// -- Two cards --

TEST_F(GuideMenuTest, ThePageOfTwoCardsSaysWhichChipIsInTheReader) {
  Come(v1::GOAL_GET_PIN, v1::STEP_KIND_READ_PIN);
  v1::Screen page = Screen(v1::STEP_KIND_READ_PIN, 3);
  page.mutable_pin_page()->mutable_cards(0)->set_card_serial(kOld);
  page.mutable_pin_page()->add_cards()->set_card_serial(kNew);
  guide_.OnScreen(page);
  EXPECT_FALSE(Next<Prompted>());
  AnswerChips({kOld}, v1::CERTIFICATE_VALIDITY_EXPIRED);
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  ASSERT_NE(asked->prompt.ChipOf(kOld), nullptr);
  EXPECT_TRUE(IsOld(*asked->prompt.ChipOf(kOld)));
  EXPECT_EQ(asked->prompt.ChipOf(kNew), nullptr);
}

TEST_F(GuideMenuTest, AnOldChipLeftInTheReaderIsSaid) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  guide_.OnReaders(Readers(true));
  Tell(At(v1::GOAL_GET_PIN, v1::STEP_KIND_MATCH_CARD, v1::ERROR_REASON_SERIAL_MISMATCH));
  EXPECT_FALSE(Next<Waiting>());
  AnswerChips({kOld}, v1::CERTIFICATE_VALIDITY_EXPIRED);
  const auto waiting = Next<Waiting>();
  ASSERT_TRUE(waiting);
  EXPECT_THAT(waiting->card_serials, ElementsAre(kNew));
  const Sentence sentence = WaitSentence(Texts(Language::kEnglish), *waiting);
  EXPECT_THAT(sentence.happened, HasSubstr("old chip, " + std::string(kOld)));
  EXPECT_THAT(sentence.happened, HasSubstr(kNew));
}

TEST_F(GuideMenuTest, OfTwoChipsThatFitNoneIsChosenAndTheOldOneIsNamed) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  guide_.OnReaders(Readers(true));
  v1::Journey journey =
      At(v1::GOAL_GET_PIN, v1::STEP_KIND_MATCH_CARD, v1::ERROR_REASON_SERIAL_MISMATCH);
  journey.mutable_facts()->add_portal_serials(kOld);
  Tell(journey);
  EXPECT_FALSE(Next<Waiting>());
  AnswerChips({kOld, kNew});
  auto waiting = Next<Waiting>();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->chips.size(), 2U);
  const Texts english(Language::kEnglish);
  const Sentence alike = WaitSentence(english, *waiting);
  EXPECT_THAT(alike.happened, HasSubstr(kOld));
  EXPECT_THAT(alike.happened, HasSubstr(kNew));
  EXPECT_THAT(alike.next, HasSubstr("Leave only the chip in that you mean"));
  waiting->chips[0].certificates[0].set_validity(v1::CERTIFICATE_VALIDITY_EXPIRED);
  EXPECT_THAT(WaitSentence(english, *waiting).next,
              HasSubstr("Take the old chip out, " + std::string(kOld)));
  EXPECT_THAT(WaitSentence(Texts(Language::kTurkish), *waiting).next, HasSubstr(kOld));
}

// The page names both: a code that brings more PUKs is no help.
TEST_F(GuideMenuTest, OfTwoChipsThatFitNoneIsUnblocked) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  guide_.OnReaders(Readers(true));
  v1::Journey journey =
      At(v1::GOAL_UNBLOCK_PIN, v1::STEP_KIND_MATCH_CARD, v1::ERROR_REASON_SERIAL_MISMATCH);
  journey.mutable_facts()->add_portal_serials(kOld);
  journey.add_steps()->set_kind(v1::STEP_KIND_REQUEST_UNBLOCK);
  journey.mutable_steps(0)->set_state(v1::STEP_STATE_SKIPPED);
  Tell(journey);
  AnswerChips({kOld, kNew});
  const auto waiting = Next<Waiting>();
  ASSERT_TRUE(waiting);
  EXPECT_THAT(WaitSentence(Texts(Language::kEnglish), *waiting).happened,
              HasSubstr("More than one of your cards"));
  EXPECT_FALSE(Next<Prompted>());
}

// Two cards, and one row on the page: nobody can say whether the chip without a row is a
// stranger's, or the holder's own whose PIN was deleted there. Both are said, with whose
// name is on it and with what helps.
TEST_F(GuideMenuTest, AChipWithoutARowMayBeTheHoldersAsWell) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  guide_.OnReaders(Readers(true));
  Tell(At(v1::GOAL_GET_PIN, v1::STEP_KIND_MATCH_CARD, v1::ERROR_REASON_SERIAL_MISMATCH));
  EXPECT_FALSE(Next<Waiting>());
  AnswerChips({kOld});
  const auto waiting = Next<Waiting>();
  ASSERT_TRUE(waiting);
  const Sentence said = WaitSentence(Texts(Language::kEnglish), *waiting);
  EXPECT_THAT(said.happened, HasSubstr("issued to AYŞE YILMAZ"));
  EXPECT_THAT(said.next, HasSubstr("somebody else's"));
  EXPECT_THAT(said.next, HasSubstr("If it is yours"));
  EXPECT_THAT(said.happened, HasSubstr(kOld));
  EXPECT_THAT(said.next, HasSubstr("ilkimza card change-pin"));
  EXPECT_THAT(said.next, HasSubstr("--goal unblock"));
  // Once a chip was matched, another one is another one.
  Waiting later = *waiting;
  later.step = v1::STEP_KIND_PROVE_PIN;
  EXPECT_THAT(WaitSentence(Texts(Language::kEnglish), later).next,
              ::testing::Not(HasSubstr("If it is yours")));
}

TEST_F(GuideMenuTest, AChipWhosePukThePageDoesNotNameMayBeMeant) {
  Resume(v1::STEP_KIND_OPEN_LOGIN);
  v1::Journey journey =
      At(v1::GOAL_UNBLOCK_PIN, v1::STEP_KIND_MATCH_CARD, v1::ERROR_REASON_SERIAL_MISMATCH);
  journey.add_steps()->set_kind(v1::STEP_KIND_REQUEST_UNBLOCK);
  journey.mutable_steps(0)->set_state(v1::STEP_STATE_SKIPPED);
  Tell(journey);
  AnswerChips({kOld});
  const auto asked = Next<Prompted>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompt.kind, PromptKind::kOtherChip);
  EXPECT_THAT(asked->prompt.card_serials, ElementsAre(kNew));
  const Sentence sentence = PromptSentence(Texts(Language::kEnglish), asked->prompt);
  EXPECT_THAT(sentence.happened, HasSubstr(kOld));
  EXPECT_THAT(sentence.next, HasSubstr("a code by SMS"));
  Answer answer = To(asked->prompt);
  answer.flags["by_code"] = true;
  guide_.OnAnswer(std::move(answer));
  Call<v1::RetryJourneyRequest>();
}

}  // namespace
}  // namespace ilkimza::client
