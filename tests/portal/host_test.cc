// The host over real gRPC and the practice portal: directives, screens, answers,
// reports.
#include "portal/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/error.h"
#include "tests/portal/host_client.h"

namespace ilkimza::portal {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using Proto = v1::AnswerScreenRequest;

#define EXPECT_REPORT(report_expression, expected_outcome, expected_reason)                       \
  do {                                                                                            \
    const v1::StepReport report_of_step = (report_expression);                                    \
    EXPECT_EQ(report_of_step.outcome(), expected_outcome) << ReasonName(report_of_step.reason()); \
    EXPECT_EQ(ReasonName(report_of_step.reason()), ReasonName(expected_reason));                  \
  } while (false)
#define ASSERT_DONE(report_expression)                                                      \
  do {                                                                                      \
    const v1::StepReport report_of_step = (report_expression);                              \
    ASSERT_EQ(report_of_step.outcome(), v1::STEP_OUTCOME_DONE)                              \
        << v1::StepKind_Name(report_of_step.step()) << ReasonName(report_of_step.reason()); \
  } while (false)

class HostTest : public ::testing::Test {
 protected:
  void SetUp() override { portal_.Reset(); }
  SandboxPortal& portal_ = SandboxPortal::Get();
};

class HostMarkupTest : public ::testing::TestWithParam<Markup> {
 protected:
  void SetUp() override { portal_.Reset(GetParam().style, GetParam().charset); }
  SandboxPortal& portal_ = SandboxPortal::Get();
};
INSTANTIATE_TEST_SUITE_P(Markups, HostMarkupTest, ::testing::ValuesIn(kMarkups),
                         [](const auto& markup) { return MarkupName(markup.param); });

// Whoever hears of the end of a step may close its journey, also while the next one starts.
TEST(HostRaceTest, NoStepStartsOnAJourneyThatWasClosed) {
  class Closing final : public HostObserver {
   public:
    void OnStepReport(const v1::StepReport& report) override {
      if (report.directive_id() == 1) host->CloseConversation(kJourney);
      closed.set_value();
    }
    void OnTurn(std::string_view, int64_t directive_id, v1::Actor) override {
      if (directive_id == 1) waits.set_value();
      if (directive_id == 2) started = true;
    }
    std::unique_ptr<Host> host;
    std::promise<void> waits, closed;
    std::atomic<bool> started = false;
  } observer;
  // Nobody listens there.
  HostOptions options{.profile = *Profile::Named("kamusm")->WithEntrance("https://localhost:1/")};
  observer.host = *Host::Create(std::move(options), observer);
  v1::RunStep directive;
  directive.set_journey(kJourney);
  directive.set_directive_id(1);
  directive.set_step(v1::STEP_KIND_OPEN_MAIL_LINK);
  observer.host->RunStep(directive);
  observer.waits.get_future().wait();
  directive.set_directive_id(2);
  directive.set_step(v1::STEP_KIND_OPEN_LOGIN);
  observer.host->RunStep(directive);
  observer.closed.get_future().wait();
  // Waits for what runs.
  observer.host.reset();
  EXPECT_FALSE(observer.started);
}

TEST_P(HostMarkupTest, TheWholeWay) {
  HostClient client(portal_);
  client.holder.word = "Yeni1Sözcük";
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_WORD_RESET));
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_REQUEST_WORD_RESET));
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_OPEN_MAIL_LINK));
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_SET_SECURITY_WORD));
  const v1::StepReport read = client.Through(v1::STEP_KIND_READ_PIN);
  ASSERT_DONE(read);
  EXPECT_THAT(read.portal_serials(), ElementsAreArray(Ayse().serials));
  EXPECT_EQ(read.tries_left(), -1);
  EXPECT_GT(read.report_time().seconds(), 0);
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_DELETE_PORTAL_COPY));
  ASSERT_DONE(client.Run(v1::STEP_KIND_LOG_OUT));
  EXPECT_EQ(portal_.Presses("pin:delete:1"), 1);
}

// "LOGIN 0123456789abcdef" for each screen that the step met.
std::vector<std::string> SeenBy(const v1::StepReport& report) {
  std::vector<std::string> seen;
  for (const v1::SeenScreen& one : report.seen_screens()) {
    seen.push_back(one.screen() + " " + one.page_fingerprint());
  }
  return seen;
}

TEST_F(HostTest, ReportsTheScreensItMetByTheirStructureAlone) {
  HostClient client(portal_);
  const v1::StepReport opened = client.Run(v1::STEP_KIND_OPEN_LOGIN);
  ASSERT_DONE(opened);
  ASSERT_GE(opened.seen_screens_size(), 2);
  EXPECT_EQ(opened.seen_screens().rbegin()->screen(), "LOGIN");
  for (const v1::SeenScreen& one : opened.seen_screens()) {
    EXPECT_EQ(one.page_fingerprint().size(), 16u);
    EXPECT_EQ(one.page_fingerprint().find_first_not_of("0123456789abcdef"), std::string::npos);
  }
  // Another captcha, another session: the same structure.
  EXPECT_EQ(SeenBy(client.Run(v1::STEP_KIND_OPEN_LOGIN)), SeenBy(opened));
  const v1::StepReport logged_in = client.RunAnswered(v1::STEP_KIND_LOG_IN);
  ASSERT_DONE(logged_in);
  EXPECT_EQ(logged_in.seen_screens(0).screen(), "LOGIN") << "the page at hand";
  // Of each step its own.
  EXPECT_THAT(SeenBy(client.RunAnswered(v1::STEP_KIND_CONFIRM_PHONE)),
              ::testing::Not(::testing::Contains(SeenBy(opened).back())));

  portal_.Reset("tables", "utf-8");
  HostClient other(portal_);
  const v1::StepReport rebuilt = other.Run(v1::STEP_KIND_OPEN_LOGIN);
  ASSERT_DONE(rebuilt);
  EXPECT_EQ(rebuilt.seen_screens().rbegin()->screen(), "LOGIN");
  EXPECT_NE(SeenBy(rebuilt).back(), SeenBy(opened).back()) << "the same words, built anew";
}

TEST_F(HostTest, ShowsWhatTheHolderNeeds) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  const int64_t directive = client.Direct(v1::STEP_KIND_LOG_IN, [](v1::RunStep& step) {
    step.set_last_reason(v1::ERROR_REASON_WRONG_CAPTCHA);
    *step.mutable_deadline() = ToProto(absl::Now() + absl::Minutes(10));
  });
  v1::Screen screen = client.stream().WaitForKind(v1::Screen::kLogin);
  EXPECT_EQ(screen.journey(), kJourney);
  EXPECT_EQ(screen.step(), v1::STEP_KIND_LOG_IN);
  EXPECT_EQ(screen.last_reason(), v1::ERROR_REASON_WRONG_CAPTCHA);
  EXPECT_EQ(screen.attempts_left(), 3);
  EXPECT_TRUE(screen.has_answer_deadline());
  EXPECT_EQ(screen.login().captcha().media_type(), "image/png");
  EXPECT_EQ(screen.login().captcha().image().substr(1, 3), "PNG");
  Proto answer = client.AnswerTo(screen);
  ASSERT_TRUE(client.Send(answer).ok());
  ASSERT_DONE(client.reports().Of(directive));
  EXPECT_THAT(client.reports().TurnsOf(directive),
              ElementsAre(v1::ACTOR_PORTAL, v1::ACTOR_HOLDER, v1::ACTOR_PORTAL));

  client.Direct(v1::STEP_KIND_CONFIRM_PHONE);
  screen = client.stream().WaitForKind(v1::Screen::kPhone);
  EXPECT_EQ(screen.phone().hotline(), "0262 648 18 18");
  EXPECT_EQ(screen.phone().masked_phone().substr(0, 2), "54");
  EXPECT_EQ(screen.phone().masked_phone().find(Ayse().phone), std::string::npos);
}

TEST_F(HostTest, ThePinPageStaysUntilAnotherPortalStep) {
  HostClient client(portal_);
  ASSERT_DONE(client.Through(v1::STEP_KIND_READ_PIN));
  ScreenStream again(client.stub(), kJourney);
  const v1::Screen screen = again.WaitForKind(v1::Screen::kPinPage);
  ASSERT_EQ(screen.pin_page().cards_size(), 1);
  EXPECT_EQ(screen.pin_page().cards(0).pin(), Ayse().pins[0]);
  EXPECT_EQ(screen.pin_page().cards(0).card_serial(), Ayse().serials[0]);
  // It has been answered.
  Proto answer = client.AnswerTo(screen);
  EXPECT_EQ(ReasonOf(client.Send(answer)), v1::ERROR_REASON_SCREEN_CHANGED);
  client.Direct(v1::STEP_KIND_DELETE_PORTAL_COPY);
  EXPECT_EQ(again.WaitForKind(v1::Screen::kDeletion).deletion().card_serial(), Ayse().serials[0]);
  ScreenStream later(client.stub(), kJourney);
  EXPECT_TRUE(
      later.WaitFor([](const v1::Screen& shown) { return shown.screen_id() > 0; }).has_deletion());
}

TEST_F(HostTest, AnAnswerIsTakenOnce) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  const int64_t directive = client.Direct(v1::STEP_KIND_LOG_IN);
  const v1::Screen screen = client.stream().WaitForKind(v1::Screen::kLogin);
  const Proto answer = client.AnswerTo(screen);
  std::atomic<int> taken = 0;
  std::atomic<int> changed = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        Proto copy = answer;
        const grpc::Status status = client.Send(copy);
        if (status.ok()) ++taken;
        if (ReasonOf(status) == v1::ERROR_REASON_SCREEN_CHANGED) ++changed;
      });
    }
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(changed, 7);
  ASSERT_DONE(client.reports().Of(directive));
  EXPECT_EQ(portal_.Requests("POST login"), 1);
}

TEST_F(HostTest, ADirectiveRunsOnceAndItsReportIsRepeated) {
  HostClient client(portal_);
  v1::RunStep directive;
  directive.set_journey(kJourney);
  directive.set_directive_id(7);
  directive.set_step(v1::STEP_KIND_OPEN_LOGIN);
  for (int i = 0; i < 3; ++i) client.host().RunStep(directive);
  ASSERT_TRUE(client.reports().WaitForCount(7, 3));
  ASSERT_DONE(client.reports().Of(7));
  EXPECT_EQ(portal_.Requests("GET login"), 1);
  // An older one is of the past.
  directive.set_directive_id(6);
  client.host().RunStep(directive);
  directive.set_directive_id(7);
  client.host().RunStep(directive);
  ASSERT_TRUE(client.reports().WaitForCount(7, 4));
  EXPECT_EQ(client.reports().CountOf(6), 0);
}

TEST_F(HostTest, MalformedAnswersFailTheCallAndSubmitNothing) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  const int64_t directive = client.Direct(v1::STEP_KIND_LOG_IN);
  const v1::Screen screen = client.stream().WaitForKind(v1::Screen::kLogin);
  const auto send = [&](const std::function<void(Proto&)>& spoil) {
    Proto answer = client.AnswerTo(screen);
    spoil(answer);
    return ReasonOf(client.Send(answer));
  };
  EXPECT_EQ(send([](Proto& a) { a.mutable_login()->set_national_id("10000000145"); }),
            v1::ERROR_REASON_BAD_NATIONAL_ID);
  EXPECT_EQ(send([](Proto& a) { a.mutable_login()->clear_captcha(); }), v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(send([](Proto& a) { a.mutable_login()->set_security_word("a\nb"); }),
            v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(send([](Proto& a) { a.mutable_login()->set_captcha(std::string(5000, 'x')); }),
            v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(send([](Proto& a) { a.mutable_sms_code()->set_code("123456"); }),
            v1::ERROR_REASON_WRONG_ANSWER_KIND);
  EXPECT_EQ(send([](Proto& a) { a.clear_answer(); }), v1::ERROR_REASON_WRONG_ANSWER_KIND);
  EXPECT_EQ(send([](Proto& a) { a.set_screen_id(a.screen_id() - 1); }),
            v1::ERROR_REASON_SCREEN_CHANGED);
  EXPECT_EQ(send([](Proto& a) { a.set_journey("journeys/2"); }),
            v1::ERROR_REASON_JOURNEY_NOT_FOUND);
  EXPECT_EQ(portal_.Requests("POST login"), 0);
  // The screen still waits for a good one.
  Proto answer = client.AnswerTo(screen);
  ASSERT_TRUE(client.Send(answer).ok());
  ASSERT_DONE(client.reports().Of(directive));
}

TEST_F(HostTest, ARejectedLoginShowsTheNextCaptcha) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_LOG_IN,
                                   [](Proto& a) { a.mutable_login()->set_captcha("xxxxxx"); }),
                v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_WRONG_CAPTCHA);
  EXPECT_REPORT(
      client.RunAnswered(v1::STEP_KIND_LOG_IN,
                         [](Proto& a) { a.mutable_login()->set_security_word("Yanlis9"); }),
      v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_WRONG_CREDENTIALS);
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_LOG_IN));
}

TEST_F(HostTest, ANewCaptchaIsShownInsideOfTheSameDirective) {
  HostClient client(portal_);
  for (const v1::StepKind open : {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_OPEN_WORD_RESET}) {
    const bool login = open == v1::STEP_KIND_OPEN_LOGIN;
    ASSERT_DONE(client.Run(open));
    const int64_t directive =
        client.Direct(login ? v1::STEP_KIND_LOG_IN : v1::STEP_KIND_REQUEST_WORD_RESET);
    const auto kind = login ? v1::Screen::kLogin : v1::Screen::kWordReset;
    const v1::Screen first = client.stream().WaitForKind(kind);
    Proto answer;
    answer.set_journey(kJourney);
    answer.set_screen_id(first.screen_id());
    if (login) {
      answer.mutable_login()->set_new_captcha(true);
    } else {
      answer.mutable_word_reset()->set_new_captcha(true);
    }
    ASSERT_TRUE(client.Send(answer).ok());
    const v1::Screen second = client.stream().WaitForKind(kind, first.screen_id());
    EXPECT_NE(second.SerializeAsString(), "");
    EXPECT_NE(first.login().captcha().image() + first.word_reset().captcha().image(),
              second.login().captcha().image() + second.word_reset().captcha().image());
    EXPECT_EQ(client.reports().CountOf(directive), 0);
    Proto good = client.AnswerTo(second);
    ASSERT_TRUE(client.Send(good).ok());
    ASSERT_DONE(client.reports().Of(directive));
  }
}

TEST_F(HostTest, WhatTheHolderSaysEndsTheStepWithoutThePortal) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_LOG_IN,
                                   [](Proto& a) { a.mutable_login()->set_word_forgotten(true); }),
                v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_WORD_FORGOTTEN);
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_OPEN_MAIL_LINK,
                                   [](Proto& a) { a.mutable_mail_link()->set_not_received(true); }),
                v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_MAIL_NOT_RECEIVED);
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_OPEN_MAIL_LINK,
                                   [](Proto& a) { a.mutable_mail_link()->set_wrong_email(true); }),
                v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_WRONG_EMAIL);
  EXPECT_EQ(portal_.Requests("POST login"), 0);
  ASSERT_DONE(client.Through(v1::STEP_KIND_LOG_IN));
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_CONFIRM_PHONE,
                                   [](Proto& a) { a.mutable_phone()->set_correct(false); }),
                v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_WRONG_PHONE);
  EXPECT_EQ(portal_.LastSmsCode(Ayse().phone), "");
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_CONFIRM_PHONE));
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_ENTER_SMS_CODE,
                                   [](Proto& a) { a.mutable_sms_code()->set_not_received(true); }),
                v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_SMS_NOT_RECEIVED);
}

TEST_F(HostTest, ACopyThatIsKeptIsNotTouched) {
  HostClient client(portal_);
  ASSERT_DONE(client.Through(v1::STEP_KIND_READ_PIN));
  const nlohmann::json before = portal_.State()["requests"];
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_DELETE_PORTAL_COPY,
                                   [](Proto& a) { a.mutable_deletion()->set_delete_(false); }),
                v1::STEP_OUTCOME_SKIPPED, v1::ERROR_REASON_COPY_KEPT);
  EXPECT_EQ(portal_.State()["requests"], before);
}

TEST_F(HostTest, DeletedPinInformation) {
  portal_.Control("holder", {{"national_id", Ayse().national_id}, {"pin_info", false}});
  HostClient client(portal_);
  ASSERT_DONE(client.Through(v1::STEP_KIND_ENTER_SMS_CODE));
  EXPECT_REPORT(client.Run(v1::STEP_KIND_OPEN_PIN_PAGE), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_PIN_INFO_DELETED);
  const int64_t proven = client.Direct(v1::STEP_KIND_OPEN_PIN_PAGE, [](v1::RunStep& step) {
    step.mutable_facts()->set_pin_proven(true);
  });
  EXPECT_REPORT(client.reports().Of(proven), v1::STEP_OUTCOME_SKIPPED,
                v1::ERROR_REASON_PIN_INFO_DELETED);
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_DELETE_PORTAL_COPY));
  EXPECT_EQ(portal_.AllPresses().value("pin:delete:1", 0), 0);
}

TEST_F(HostTest, StepsWithoutAConversation) {
  HostClient client(portal_);
  for (const v1::StepKind step :
       {v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE, v1::STEP_KIND_ENTER_SMS_CODE,
        v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_READ_PIN, v1::STEP_KIND_REQUEST_WORD_RESET}) {
    EXPECT_REPORT(client.Run(step), v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_CONVERSATION_LOST);
  }
  ASSERT_DONE(client.Run(v1::STEP_KIND_LOG_OUT));
  EXPECT_REPORT(client.RunAnswered(v1::STEP_KIND_DELETE_PORTAL_COPY), v1::STEP_OUTCOME_REWIND,
                v1::ERROR_REASON_CONVERSATION_LOST);
}

TEST_F(HostTest, StepsThatAreNotThePortals) {
  HostClient client(portal_);
  EXPECT_REPORT(client.Run(v1::STEP_KIND_PROVE_PIN), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_BAD_FIELD);
  const int64_t other =
      client.Direct(v1::STEP_KIND_OPEN_LOGIN, [](v1::RunStep& step) { step.set_profile("other"); });
  EXPECT_REPORT(client.reports().Of(other), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_BAD_CONFIGURATION);
}

TEST_F(HostTest, AWaitingStepCanBeStopped) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  const int64_t directive = client.Direct(v1::STEP_KIND_LOG_IN);
  const v1::Screen screen = client.stream().WaitForKind(v1::Screen::kLogin);
  client.host().StopStep(kJourney, directive);
  EXPECT_REPORT(client.reports().Of(directive), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_CANCELLED);
  Proto answer = client.AnswerTo(screen);
  EXPECT_EQ(ReasonOf(client.Send(answer)), v1::ERROR_REASON_SCREEN_CHANGED);
  ASSERT_DONE(client.RunAnswered(v1::STEP_KIND_LOG_IN));
}

TEST_F(HostTest, AStepAtThePortalCanBeStopped) {
  portal_.Control("faults", {{"kind", "slow"}, {"screen", "verify"}, {"ms", 20000}});
  HostClient client(portal_);
  const int64_t directive = client.Direct(v1::STEP_KIND_OPEN_LOGIN);
  client.stream().WaitForKind(v1::Screen::kWorking);
  client.host().StopStep(kJourney, directive);
  EXPECT_REPORT(client.reports().Of(directive), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_CANCELLED);
  portal_.Control("faults/clear", nlohmann::json::object());
}

TEST_F(HostTest, ANewerStepTakesThePlaceOfAWaitingOne) {
  HostClient client(portal_);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  const int64_t waiting = client.Direct(v1::STEP_KIND_LOG_IN);
  client.stream().WaitForKind(v1::Screen::kLogin);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  EXPECT_REPORT(client.reports().Of(waiting), v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_CANCELLED);
}

class JumpingClock final : public Clock {
 public:
  absl::Time Now() override { return absl::FromUnixSeconds(seconds_); }
  void Jump(int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<int64_t> seconds_ = 1'800'000'000;
};

TEST_F(HostTest, NobodyAnswersInTime) {
  JumpingClock clock;
  HostClient client(portal_, &clock);
  ASSERT_DONE(client.Run(v1::STEP_KIND_OPEN_LOGIN));
  const int64_t directive = client.Direct(v1::STEP_KIND_LOG_IN, [&clock](v1::RunStep& step) {
    *step.mutable_deadline() = ToProto(clock.Now() + absl::Minutes(5));
  });
  const v1::Screen screen = client.stream().WaitForKind(v1::Screen::kLogin);
  clock.Jump(299);
  EXPECT_EQ(client.reports().CountOf(directive), 0);
  clock.Jump(1);
  EXPECT_REPORT(client.reports().Of(directive), v1::STEP_OUTCOME_STOPPED,
                v1::ERROR_REASON_STEP_TIMEOUT);
  Proto answer = client.AnswerTo(screen);
  EXPECT_EQ(ReasonOf(client.Send(answer)), v1::ERROR_REASON_SCREEN_CHANGED);
  EXPECT_EQ(portal_.Requests("POST login"), 0);
}

TEST_F(HostTest, TheCodesTimeComesFromThePage) {
  portal_.Control("rules", {{"sms_seconds", 117}});
  JumpingClock clock;
  HostClient client(portal_, &clock);
  ASSERT_DONE(client.Through(v1::STEP_KIND_CONFIRM_PHONE));
  client.Direct(v1::STEP_KIND_ENTER_SMS_CODE);
  const v1::Screen screen = client.stream().WaitForKind(v1::Screen::kSmsCode);
  const absl::Duration left = FromProto(screen.sms_code().code_expire_time()) - clock.Now();
  EXPECT_LE(left, absl::Seconds(117));
  EXPECT_GT(left, absl::Seconds(90));
}

TEST_F(HostTest, ClosingLogsOutAndEndsTheStreams) {
  HostClient client(portal_);
  ASSERT_DONE(client.Through(v1::STEP_KIND_OPEN_PIN_PAGE));
  ASSERT_EQ(client.host().Conversations().size(), 1u);
  EXPECT_EQ(client.host().Conversations()[0].journey(), kJourney);
  EXPECT_EQ(client.host().Conversations()[0].directive_id(), 5);
  client.host().CloseConversation(kJourney);
  EXPECT_TRUE(client.stream().End().ok());
  EXPECT_TRUE(client.host().Conversations().empty());
  // Whoever comes later is told at once.
  ScreenStream late(client.stub(), kJourney);
  EXPECT_TRUE(late.End().ok());
  // The log-out goes on by itself; the next directive waits behind nothing of it.
  for (int i = 0; i < 200 && portal_.State()["sessions"] != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(portal_.Requests("GET logged_out") + portal_.Requests("POST logged_out"), 1)
      << portal_.State()["requests"].dump();
}

TEST_F(HostTest, AClientThatGoesAwayDoesNoHarm) {
  HostClient client(portal_);
  for (int i = 0; i < 10; ++i) {
    ScreenStream gone(client.stub(), kJourney);
    if (i % 2 == 0) gone.Cancel();
  }
  ScreenStream unknown(client.stub(), "journeys/unknown");
  ASSERT_DONE(client.Through(v1::STEP_KIND_LOG_IN));
}

TEST_F(HostTest, TheHostCanGoWhileStepsRunAndScreensAreWatched) {
  portal_.Control("faults", {{"kind", "slow"}, {"screen", "verify"}, {"ms", 20000}});
  {
    Reports reports;
    auto host = *Host::Create({portal_.profile(), portal_.browser()}, reports);
    v1::RunStep directive;
    directive.set_journey(kJourney);
    directive.set_directive_id(1);
    directive.set_step(v1::STEP_KIND_OPEN_LOGIN);
    host->RunStep(directive);
  }
  portal_.Control("faults/clear", nlohmann::json::object());
}

TEST(HostCreateTest, AMissingCaFileIsSaidAtOnce) {
  Reports reports;
  BrowserOptions browser;
  browser.ca_file = "/nowhere/ca.pem";
  EXPECT_EQ(ReasonOf(Host::Create({*Profile::Named("kamusm"), browser}, reports).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

}  // namespace
}  // namespace ilkimza::portal
