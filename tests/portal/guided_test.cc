// Guided steps: what the holder is told, what their answer means, and that the portal
// is left alone.
#include "portal/guided.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "portal/host.h"
#include "portal/text.h"
#include "tests/portal/host_client.h"

namespace ilkimza::portal {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

v1::RunStep Directive(v1::StepKind step) {
  v1::RunStep directive;
  directive.set_step(step);
  directive.set_guided(true);
  return directive;
}

v1::GuidedStep Instruction(v1::StepKind step) {
  return InstructionFor(Directive(step), *Profile::Named("kamusm"));
}

absl::StatusOr<Ending> Answered(v1::StepKind step, v1::GuidedOutcome outcome,
                                const std::string& serial = "") {
  v1::GuidedAnswer answer;
  answer.set_outcome(outcome);
  answer.set_card_serial(serial);
  return EndingBy(answer, Instruction(step), step);
}

std::vector<v1::StepKind> PortalSteps() {
  std::vector<v1::StepKind> steps;
  for (int value = 1; value < v1::StepKind_ARRAYSIZE; ++value) {
    const auto step = static_cast<v1::StepKind>(value);
    if (IsPortalStep(step)) steps.push_back(step);
  }
  return steps;
}

TEST(InstructionTest, NamesTheLabelsInTheOrderInWhichTheyAreNeeded) {
  EXPECT_THAT(Instruction(v1::STEP_KIND_REQUEST_WORD_RESET).labels(),
              ElementsAre("Bireysel İşlemler", "Şifreli Giriş", "Güvenlik Sözcüğümü Unuttum",
                          "Kimlik No", "E-posta", "Resimdeki Yazı", "Gönder"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_SET_SECURITY_WORD).labels(),
              ElementsAre("Güvenlik Sözcüğü", "Güvenlik Sözcüğü Tekrarı", "Gönder"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_LOG_IN).labels(),
              ElementsAre("Bireysel İşlemler", "Şifreli Giriş", "Kimlik No", "Resimdeki Yazı",
                          "Güvenlik Sözcüğü", "Giriş"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_CONFIRM_PHONE).labels(), ElementsAre("Onay"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_ENTER_SMS_CODE).labels(),
              ElementsAre("SMS Onay Kodu", "Gönder"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_OPEN_PIN_PAGE).labels(), ElementsAre("PIN / PUK Bilgisi"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_DELETE_PORTAL_COPY).labels(),
              ElementsAre("PIN / PUK Bilgisi", "Sil", "Onay"));
  EXPECT_THAT(Instruction(v1::STEP_KIND_LOG_OUT).labels(), ElementsAre("Çıkış"));
}

TEST(InstructionTest, BeginsAtTheEntranceAndSaysWhereItEnds) {
  const Profile profile = *Profile::Named("kamusm");
  for (const v1::StepKind step : PortalSteps()) {
    const bool begins = step == v1::STEP_KIND_LOG_IN || step == v1::STEP_KIND_REQUEST_WORD_RESET;
    if (IsFolded(step)) continue;
    EXPECT_EQ(Instruction(step).address(), begins ? profile.entrance() : "")
        << v1::StepKind_Name(step);
  }
  EXPECT_EQ(Instruction(v1::STEP_KIND_OPEN_MAIL_LINK).end_heading(),
            "Güvenlik Sözcüğü Güncelleme Ekranı");
  EXPECT_EQ(Instruction(v1::STEP_KIND_LOG_IN).end_heading(), "SMS Onay Ekranı");
  EXPECT_EQ(Instruction(v1::STEP_KIND_ENTER_SMS_CODE).end_heading(), "İşlemler Menüsü");
  EXPECT_EQ(Instruction(v1::STEP_KIND_OPEN_PIN_PAGE).end_heading(), "PIN ve PUK Bilgileri");
}

TEST(InstructionTest, NeverLeadsToRevocation) {
  for (const v1::StepKind step : PortalSteps()) {
    if (step == v1::STEP_KIND_REVOKE_CERTIFICATE) continue;
    const v1::GuidedStep asked = Instruction(step);
    for (const std::string& label : asked.labels()) {
      EXPECT_EQ(FoldLabel(label).find("iptal"), std::string::npos)
          << label << " in " << v1::StepKind_Name(step);
    }
  }
}

TEST(InstructionTest, EachStepCanBeDoneAndHasAWayOutThatIsNotDone) {
  for (const v1::StepKind step : PortalSteps()) {
    if (IsFolded(step)) continue;
    const v1::GuidedStep asked = Instruction(step);
    EXPECT_EQ(asked.choices(0),
              asked.asks_confirmation() ? v1::GUIDED_OUTCOME_CONFIRMED : v1::GUIDED_OUTCOME_DONE)
        << v1::StepKind_Name(step);
    EXPECT_GE(asked.choices_size(), 2) << v1::StepKind_Name(step);
  }
}

// Before it is confirmed nothing is shown that revokes; and nothing else is confirmed.
TEST(InstructionTest, WhatCannotBeUndoneIsConfirmedFirst) {
  for (const v1::StepKind step : PortalSteps()) {
    EXPECT_EQ(Instruction(step).asks_confirmation(), step == v1::STEP_KIND_REVOKE_CERTIFICATE)
        << v1::StepKind_Name(step);
  }
  const v1::GuidedStep asked = Instruction(v1::STEP_KIND_REVOKE_CERTIFICATE);
  EXPECT_THAT(asked.labels(), ElementsAre("Menü", "Sertifikamı İptal Et"));
  EXPECT_EQ(asked.end_heading(), "");
  EXPECT_THAT(asked.choices(), Not(Contains(v1::GUIDED_OUTCOME_DONE)));
  const v1::GuidedStep confirmed =
      ConfirmedInstructionFor(Directive(v1::STEP_KIND_REVOKE_CERTIFICATE),
                              *Profile::Named("kamusm"), "87211470000000000000");
  EXPECT_THAT(confirmed.labels(), ElementsAre("İptal Et", "Onay"));
  EXPECT_EQ(confirmed.card_serial(), "87211470000000000000");
  EXPECT_FALSE(confirmed.asks_confirmation());
  EXPECT_EQ(confirmed.choices(0), v1::GUIDED_OUTCOME_DONE);
  EXPECT_THAT(confirmed.choices(), Contains(v1::GUIDED_OUTCOME_SKIPPED));
}

TEST(ConfirmationTest, TakesOneSerialTypedTwice) {
  const std::string kCard = "87211470000000000000";
  const v1::GuidedStep asked = Instruction(v1::STEP_KIND_REVOKE_CERTIFICATE);
  v1::GuidedAnswer answer;
  answer.set_outcome(v1::GUIDED_OUTCOME_CONFIRMED);
  const auto refused = [&](v1::ErrorReason reason, const std::string& field) {
    const auto card = ConfirmedCard(answer, asked);
    EXPECT_EQ(ReasonOf(card.status()), reason);
    EXPECT_EQ(MetadataOf(card.status())["field"], field);
    EXPECT_EQ(card.status().message().find("8721"), absl::string_view::npos);
  };
  answer.set_card_serial(kCard);
  answer.set_card_serial_again(kCard);
  refused(v1::ERROR_REASON_BAD_FIELD, "consequences_understood");
  answer.set_consequences_understood(true);
  EXPECT_EQ(*ConfirmedCard(answer, asked), kCard);
  answer.set_card_serial_again(" 8721 1470 0000 0000 0000\n");
  EXPECT_EQ(*ConfirmedCard(answer, asked), kCard);
  answer.set_card_serial_again("87211470000000000001");
  refused(v1::ERROR_REASON_WRONG_CARD_SERIAL, "card_serial_again");
  answer.set_card_serial_again("");
  refused(v1::ERROR_REASON_BAD_FIELD, "card_serial_again");
  answer.set_card_serial_again(kCard);
  answer.set_card_serial("here");
  refused(v1::ERROR_REASON_BAD_FIELD, "card_serial");
  answer.set_card_serial(kCard);
  EXPECT_FALSE(ConfirmedCard(answer, Instruction(v1::STEP_KIND_LOG_OUT)).ok());
  EXPECT_FALSE(EndingBy(answer, asked, v1::STEP_KIND_REVOKE_CERTIFICATE).ok())
      << "a confirmation ends nothing";
}

TEST(InstructionTest, AsksForTheSerialUntilTheChipIsKnown) {
  EXPECT_TRUE(Instruction(v1::STEP_KIND_OPEN_PIN_PAGE).asks_card_serial());
  v1::RunStep directive = Directive(v1::STEP_KIND_OPEN_PIN_PAGE);
  directive.add_card_serials("87211470000000000000");
  const v1::GuidedStep asked = InstructionFor(directive, *Profile::Named("kamusm"));
  EXPECT_FALSE(asked.asks_card_serial());
  EXPECT_EQ(asked.card_serial(), "87211470000000000000");
}

TEST(GuidedAnswerTest, EachChoiceIsAnOutcomeOfItsStep) {
  struct Row {
    v1::StepKind step;
    v1::GuidedOutcome answer;
    v1::StepOutcome outcome;
    v1::ErrorReason reason;
  };
  const Row rows[] = {
      {v1::STEP_KIND_LOG_IN, v1::GUIDED_OUTCOME_DONE, v1::STEP_OUTCOME_DONE,
       v1::ERROR_REASON_UNSPECIFIED},
      {v1::STEP_KIND_LOG_IN, v1::GUIDED_OUTCOME_WORD_FORGOTTEN, v1::STEP_OUTCOME_REWIND,
       v1::ERROR_REASON_WORD_FORGOTTEN},
      {v1::STEP_KIND_LOG_IN, v1::GUIDED_OUTCOME_NOT_POSSIBLE, v1::STEP_OUTCOME_STOPPED,
       v1::ERROR_REASON_GUIDED_NOT_POSSIBLE},
      {v1::STEP_KIND_OPEN_MAIL_LINK, v1::GUIDED_OUTCOME_START_OVER, v1::STEP_OUTCOME_REWIND,
       v1::ERROR_REASON_MAIL_NOT_RECEIVED},
      {v1::STEP_KIND_SET_SECURITY_WORD, v1::GUIDED_OUTCOME_START_OVER, v1::STEP_OUTCOME_REWIND,
       v1::ERROR_REASON_SESSION_EXPIRED},
      {v1::STEP_KIND_CONFIRM_PHONE, v1::GUIDED_OUTCOME_WRONG_PHONE, v1::STEP_OUTCOME_STOPPED,
       v1::ERROR_REASON_WRONG_PHONE},
      {v1::STEP_KIND_REQUEST_WORD_RESET, v1::GUIDED_OUTCOME_WRONG_EMAIL, v1::STEP_OUTCOME_STOPPED,
       v1::ERROR_REASON_WRONG_EMAIL},
      {v1::STEP_KIND_OPEN_MAIL_LINK, v1::GUIDED_OUTCOME_WRONG_EMAIL, v1::STEP_OUTCOME_STOPPED,
       v1::ERROR_REASON_WRONG_EMAIL},
      {v1::STEP_KIND_ENTER_SMS_CODE, v1::GUIDED_OUTCOME_START_OVER, v1::STEP_OUTCOME_REWIND,
       v1::ERROR_REASON_SMS_NOT_RECEIVED},
      {v1::STEP_KIND_DELETE_PORTAL_COPY, v1::GUIDED_OUTCOME_SKIPPED, v1::STEP_OUTCOME_SKIPPED,
       v1::ERROR_REASON_COPY_KEPT},
      {v1::STEP_KIND_LOG_OUT, v1::GUIDED_OUTCOME_SKIPPED, v1::STEP_OUTCOME_SKIPPED,
       v1::ERROR_REASON_LEFT_AS_IT_WAS},
  };
  for (const Row& row : rows) {
    const auto ending = Answered(row.step, row.answer);
    ASSERT_TRUE(ending.ok()) << v1::StepKind_Name(row.step);
    EXPECT_EQ(ending->outcome, row.outcome) << v1::StepKind_Name(row.step);
    EXPECT_EQ(ReasonName(ending->reason), ReasonName(row.reason));
  }
}

TEST(GuidedAnswerTest, TakesOnlyTheStepsOwnChoices) {
  for (const v1::StepKind step : PortalSteps()) {
    if (IsFolded(step)) continue;
    const v1::GuidedStep asked = Instruction(step);
    // What a confirmation has to say is asked of ConfirmedCard.
    if (asked.asks_confirmation()) continue;
    for (int value = 0; value < v1::GuidedOutcome_ARRAYSIZE; ++value) {
      const auto outcome = static_cast<v1::GuidedOutcome>(value);
      const auto& choices = asked.choices();
      const bool offered = std::find(choices.begin(), choices.end(), value) != choices.end();
      const std::string serial =
          asked.asks_card_serial() && outcome == v1::GUIDED_OUTCOME_DONE ? "123456" : "";
      const auto ending = Answered(step, outcome, serial);
      EXPECT_EQ(ending.ok(), offered) << v1::StepKind_Name(step) << value;
      if (!offered) EXPECT_EQ(ReasonOf(ending.status()), v1::ERROR_REASON_BAD_FIELD);
    }
  }
}

TEST(GuidedAnswerTest, TheSerialIsDigits) {
  const auto done = [](const std::string& serial) {
    return Answered(v1::STEP_KIND_OPEN_PIN_PAGE, v1::GUIDED_OUTCOME_DONE, serial);
  };
  EXPECT_THAT(done("87211470000000000000")->serials, ElementsAre("87211470000000000000"));
  EXPECT_THAT(done(" 8721 1470 0000 0000 0000\n")->serials, ElementsAre("87211470000000000000"));
  for (const std::string bad : {"", "12345", "8721147000000000000O", "872114700000000-00000",
                                "123456789012345678901234567890123"}) {
    const auto ending = done(bad);
    ASSERT_FALSE(ending.ok()) << bad;
    EXPECT_EQ(ReasonOf(ending.status()), v1::ERROR_REASON_BAD_FIELD);
    EXPECT_EQ(MetadataOf(ending.status()).at("field"), "card_serial");
    if (!bad.empty()) EXPECT_EQ(ending.status().message().find(bad), absl::string_view::npos);
  }
  EXPECT_FALSE(Answered(v1::STEP_KIND_LOG_IN, v1::GUIDED_OUTCOME_DONE, "123456").ok());
}

// -- With the host and the practice portal --

class GuidedHostTest : public ::testing::Test {
 protected:
  void SetUp() override { portal_.Reset(); }

  int64_t Guide(v1::StepKind step) {
    return client_.Direct(step, [](v1::RunStep& run) {
      run.set_guided(true);
      run.clear_card_serials();
    });
  }
  v1::Screen Shown(v1::StepKind step) {
    return client_.stream().WaitFor(
        [step](const v1::Screen& screen) { return screen.step() == step && screen.has_guided(); });
  }
  grpc::Status Say(const v1::Screen& screen, v1::GuidedOutcome outcome,
                   const std::string& serial = "") {
    v1::AnswerScreenRequest request;
    request.set_journey(kJourney);
    request.set_screen_id(screen.screen_id());
    request.mutable_guided()->set_outcome(outcome);
    request.mutable_guided()->set_card_serial(serial);
    return client_.Send(request);
  }

  grpc::Status Confirm(const v1::Screen& screen, const std::string& again) {
    v1::AnswerScreenRequest request;
    request.set_journey(kJourney);
    request.set_screen_id(screen.screen_id());
    request.mutable_guided()->set_outcome(v1::GUIDED_OUTCOME_CONFIRMED);
    request.mutable_guided()->set_card_serial("87211470000000000000");
    request.mutable_guided()->set_card_serial_again(again);
    request.mutable_guided()->set_consequences_understood(true);
    return client_.Send(request);
  }

  SandboxPortal& portal_ = SandboxPortal::Get();
  HostClient client_{portal_};
};

// However it is answered: without two serials that are the same, no instruction is shown
// and the step is not done.
TEST_F(GuidedHostTest, NothingLeadsPastTheConfirmationOfRevoking) {
  const int64_t directive = Guide(v1::STEP_KIND_REVOKE_CERTIFICATE);
  const v1::Screen asked = Shown(v1::STEP_KIND_REVOKE_CERTIFICATE);
  EXPECT_EQ(ReasonOf(Confirm(asked, "87211470000000000001")), v1::ERROR_REASON_WRONG_CARD_SERIAL);
  EXPECT_EQ(ReasonOf(Say(asked, v1::GUIDED_OUTCOME_DONE)), v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(ReasonOf(Say(asked, v1::GUIDED_OUTCOME_DONE, "87211470000000000000")),
            v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(ReasonOf(Say(asked, v1::GUIDED_OUTCOME_CONFIRMED, "87211470000000000000")),
            v1::ERROR_REASON_BAD_FIELD);
  EXPECT_TRUE(Confirm(asked, "8721 1470 0000 0000 0000").ok());
  const v1::Screen instruction =
      client_.stream().WaitForKind(v1::Screen::kGuided, asked.screen_id());
  EXPECT_THAT(instruction.guided().labels(), Contains("İptal Et"));
  // Still time to leave it.
  EXPECT_TRUE(Say(instruction, v1::GUIDED_OUTCOME_SKIPPED).ok());
  EXPECT_EQ(client_.reports().Of(directive).outcome(), v1::STEP_OUTCOME_SKIPPED);
  EXPECT_EQ(client_.reports().Of(directive).reason(), v1::ERROR_REASON_LEFT_AS_IT_WAS);
}

TEST_F(GuidedHostTest, GoesThroughAllStepsWithoutARequestToThePortal) {
  for (const v1::StepKind step : PortalSteps()) {
    const int64_t directive = Guide(step);
    if (!IsFolded(step)) {
      const v1::Screen screen = Shown(step);
      ASSERT_TRUE(screen.has_guided()) << v1::StepKind_Name(step);
      const bool asks = screen.guided().asks_card_serial();
      if (screen.guided().asks_confirmation()) {
        ASSERT_TRUE(Confirm(screen, "87211470000000000000").ok());
        const v1::Screen instruction =
            client_.stream().WaitForKind(v1::Screen::kGuided, screen.screen_id());
        EXPECT_EQ(instruction.guided().card_serial(), "87211470000000000000");
        ASSERT_TRUE(Say(instruction, v1::GUIDED_OUTCOME_DONE).ok());
      } else {
        ASSERT_TRUE(
            Say(screen, v1::GUIDED_OUTCOME_DONE, asks ? "8721 1470 0000 0000 0000" : "").ok());
      }
    }
    const v1::StepReport report = client_.reports().Of(directive);
    EXPECT_EQ(report.outcome(), v1::STEP_OUTCOME_DONE) << v1::StepKind_Name(step);
    EXPECT_TRUE(report.guided());
    if (step == v1::STEP_KIND_OPEN_PIN_PAGE) {
      EXPECT_THAT(report.portal_serials(), ElementsAre("87211470000000000000"));
    }
    EXPECT_THAT(client_.reports().TurnsOf(directive), Not(Contains(v1::ACTOR_PORTAL)));
    EXPECT_THAT(client_.reports().TurnsOf(directive), ::testing::Each(v1::ACTOR_HOLDER));
    EXPECT_EQ(client_.reports().TurnsOf(directive).empty(), IsFolded(step));
  }
  EXPECT_THAT(portal_.State()["requests"], IsEmpty());
}

TEST_F(GuidedHostTest, TheEntranceIsTheConfiguredOne) {
  Guide(v1::STEP_KIND_LOG_IN);
  EXPECT_EQ(Shown(v1::STEP_KIND_LOG_IN).guided().address(), portal_.url());
}

TEST_F(GuidedHostTest, ARefusedAnswerLeavesTheQuestionOpen) {
  const int64_t directive = Guide(v1::STEP_KIND_OPEN_PIN_PAGE);
  const v1::Screen screen = Shown(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_EQ(ReasonOf(Say(screen, v1::GUIDED_OUTCOME_DONE, "what?")), v1::ERROR_REASON_BAD_FIELD);
  v1::AnswerScreenRequest other;
  other.set_journey(kJourney);
  other.set_screen_id(screen.screen_id());
  other.mutable_pin_page()->set_seen(true);
  EXPECT_EQ(ReasonOf(client_.Send(other)), v1::ERROR_REASON_WRONG_ANSWER_KIND);
  EXPECT_TRUE(Say(screen, v1::GUIDED_OUTCOME_NOT_POSSIBLE).ok());
  EXPECT_EQ(client_.reports().Of(directive).reason(), v1::ERROR_REASON_GUIDED_NOT_POSSIBLE);
  EXPECT_EQ(ReasonOf(Say(screen, v1::GUIDED_OUTCOME_DONE, "123456")),
            v1::ERROR_REASON_SCREEN_CHANGED);
}

TEST_F(GuidedHostTest, PinInformationThatIsGoneIsJudgedAsOnADrivenPage) {
  int64_t directive = Guide(v1::STEP_KIND_OPEN_PIN_PAGE);
  const v1::Screen first = Shown(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_TRUE(Say(first, v1::GUIDED_OUTCOME_PIN_INFO_DELETED).ok());
  EXPECT_EQ(client_.reports().Of(directive).reason(), v1::ERROR_REASON_PIN_INFO_DELETED);
  directive = client_.Direct(v1::STEP_KIND_OPEN_PIN_PAGE, [](v1::RunStep& run) {
    run.set_guided(true);
    run.mutable_facts()->set_pin_proven(true);
  });
  const v1::Screen again = client_.stream().WaitForKind(v1::Screen::kGuided, first.screen_id());
  EXPECT_TRUE(Say(again, v1::GUIDED_OUTCOME_PIN_INFO_DELETED).ok());
  EXPECT_EQ(client_.reports().Of(directive).outcome(), v1::STEP_OUTCOME_SKIPPED);
}

TEST_F(GuidedHostTest, StopsAndTimesOutAsADrivenStep) {
  const int64_t stopped = Guide(v1::STEP_KIND_LOG_IN);
  Shown(v1::STEP_KIND_LOG_IN);
  client_.host().StopStep(kJourney, stopped);
  EXPECT_EQ(client_.reports().Of(stopped).reason(), v1::ERROR_REASON_CANCELLED);
  const int64_t late = client_.Direct(v1::STEP_KIND_LOG_IN, [](v1::RunStep& run) {
    run.set_guided(true);
    *run.mutable_deadline() = ToProto(absl::Now() + absl::Milliseconds(50));
  });
  EXPECT_EQ(client_.reports().Of(late).reason(), v1::ERROR_REASON_STEP_TIMEOUT);
}

TEST_F(GuidedHostTest, AnOpenConversationIsLoggedOutAndForgotten) {
  ASSERT_EQ(client_.Through(v1::STEP_KIND_READ_PIN).outcome(), v1::STEP_OUTCOME_DONE);
  const int64_t directive = Guide(v1::STEP_KIND_LOG_IN);
  const v1::Screen screen = Shown(v1::STEP_KIND_LOG_IN);
  EXPECT_FALSE(screen.has_pin_page()) << "the PIN is not left on the screen";
  EXPECT_TRUE(Say(screen, v1::GUIDED_OUTCOME_DONE).ok());
  EXPECT_EQ(client_.reports().Of(directive).outcome(), v1::STEP_OUTCOME_DONE);
  EXPECT_THAT(client_.host().Conversations(), IsEmpty());
  client_.host().Shutdown(absl::Seconds(10));
  EXPECT_EQ(portal_.Requests("GET logged_out") + portal_.Requests("POST logged_out"), 1);
}

TEST_F(GuidedHostTest, GoesBackToADrivenConversationOfItsOwn) {
  const int64_t directive = Guide(v1::STEP_KIND_LOG_IN);
  EXPECT_TRUE(Say(Shown(v1::STEP_KIND_LOG_IN), v1::GUIDED_OUTCOME_DONE).ok());
  client_.reports().Of(directive);
  const v1::StepReport read = client_.Through(v1::STEP_KIND_READ_PIN);
  EXPECT_EQ(read.outcome(), v1::STEP_OUTCOME_DONE) << ReasonName(read.reason());
  EXPECT_FALSE(read.guided());
  EXPECT_THAT(read.portal_serials(), ElementsAre(Ayse().serials[0]));
}

}  // namespace
}  // namespace ilkimza::portal
