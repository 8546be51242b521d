#include "agent/link/server_link.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <future>

#include "absl/time/clock.h"
#include "base/error.h"
#include "tests/agent/fake_server.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using v1::AttachAgentRequest;
using v1::AttachAgentResponse;

// Keeps what the server directed, in words.
class RecordingSink : public DirectiveSink {
 public:
  void OnRunStep(const v1::RunStep& directive) override {
    Add("run " + directive.journey() + " " + std::to_string(directive.directive_id()));
  }
  void OnStopStep(std::string_view journey, int64_t directive_id) override {
    Add("stop " + std::string(journey) + " " + std::to_string(directive_id));
  }
  void OnCloseConversation(std::string_view journey) override {
    Add("close " + std::string(journey));
  }
  std::vector<AttachAgentRequest::Conversation> Conversations() override {
    const std::lock_guard lock(mutex_);
    return conversations_;
  }

  void Hold(const std::string& journey, int64_t directive_id) {
    const std::lock_guard lock(mutex_);
    auto& conversation = conversations_.emplace_back();
    conversation.set_journey(journey);
    conversation.set_directive_id(directive_id);
  }
  // The first `count` directives, once they have come.
  std::vector<std::string> Wait(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return directives_.size() >= count; });
    return directives_;
  }

 private:
  void Add(std::string directive) {
    const std::lock_guard lock(mutex_);
    directives_.push_back(std::move(directive));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> directives_;
  std::vector<AttachAgentRequest::Conversation> conversations_;
};

v1::StepReport Report(const std::string& journey, int64_t directive_id) {
  v1::StepReport report;
  report.set_journey(journey);
  report.set_directive_id(directive_id);
  report.set_step(v1::STEP_KIND_PROVE_PIN);
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  return report;
}

class ServerLinkTest : public ::testing::Test {
 protected:
  // An agent that tries again almost at once.
  ServerLink& Start(ServerLinkOptions options = {}) {
    options.agent = "agents/ayse-pc7";
    options.version = "1.2.3";
    options.server_address = server_.address();
    if (!options.random) options.random = [] { return 0.5; };
    if (options.backoff.base == BackoffOptions{}.base) {
      options.backoff.base = absl::Milliseconds(20);
      options.backoff.cap = absl::Milliseconds(100);
    }
    link_ = std::make_unique<ServerLink>(
        std::move(options),
        [this]() -> absl::StatusOr<Dialled> {
          ++dials_;
          if (!dial_error_.ok()) return dial_error_;
          grpc::ChannelArguments arguments;
          arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
          return Dialled{grpc::CreateCustomChannel(server_.address(),
                                                   grpc::InsecureChannelCredentials(), arguments),
                         absl::Now() + lifetime_};
        },
        sink_);
    link_->Start();
    return *link_;
  }

  // The status with which the link answers a caller that waits.
  absl::Status Ask(absl::Duration patience = absl::Seconds(30)) {
    std::promise<absl::Status> answer;
    link_->WithServer(patience, [&](auto channel) { answer.set_value(channel.status()); });
    return answer.get_future().get();
  }

  testing::TempDir directory_;
  RecordingSink sink_;
  FakeServer server_{"unix:" + directory_ / "server.sock"};
  std::atomic<int> dials_ = 0;
  absl::Status dial_error_;
  absl::Duration lifetime_ = absl::InfiniteDuration();
  std::unique_ptr<ServerLink> link_;
};

TEST_F(ServerLinkTest, HelloNamesAgentVersionCardAndConversations) {
  sink_.Hold("journeys/a", 4);
  server_.Start();
  Start();
  const auto hello = server_.Next();
  ASSERT_TRUE(hello && hello->has_hello());
  EXPECT_EQ(hello->hello().agent(), "agents/ayse-pc7");
  EXPECT_EQ(hello->hello().version(), "1.2.3");
  EXPECT_EQ(hello->hello().card_serial(), "");
  ASSERT_EQ(hello->hello().conversations_size(), 1);
  EXPECT_EQ(hello->hello().conversations(0).journey(), "journeys/a");
  EXPECT_EQ(hello->hello().conversations(0).directive_id(), 4);
  EXPECT_TRUE(Ask().ok());
  EXPECT_TRUE(link_->attached());
}

TEST_F(ServerLinkTest, DirectivesReachTheSinkInOrder) {
  server_.Start();
  Start();
  ASSERT_TRUE(server_.Next());
  AttachAgentResponse run;
  run.mutable_run_step()->set_journey("journeys/a");
  run.mutable_run_step()->set_directive_id(3);
  run.mutable_run_step()->set_step(v1::STEP_KIND_LOG_IN);
  server_.Send(run);
  AttachAgentResponse stop;
  stop.mutable_stop_step()->set_journey("journeys/a");
  stop.mutable_stop_step()->set_directive_id(3);
  server_.Send(stop);
  AttachAgentResponse close;
  close.mutable_close_conversation()->set_journey("journeys/a");
  server_.Send(close);
  EXPECT_THAT(sink_.Wait(3),
              ElementsAre("run journeys/a 3", "stop journeys/a 3", "close journeys/a"));
}

TEST_F(ServerLinkTest, DirectivesThatMakeNoSenseAreNotActedOn) {
  server_.Start();
  Start();
  ASSERT_TRUE(server_.Next());
  AttachAgentResponse good;
  good.mutable_run_step()->set_journey("journeys/a");
  good.mutable_run_step()->set_directive_id(9);
  good.mutable_run_step()->set_step(v1::STEP_KIND_LOG_IN);
  AttachAgentResponse nameless = good;
  nameless.mutable_run_step()->clear_journey();
  AttachAgentResponse long_name = good;
  long_name.mutable_run_step()->set_journey(std::string(300, 'j'));
  AttachAgentResponse no_id = good;
  no_id.mutable_run_step()->set_directive_id(-1);
  AttachAgentResponse no_step = good;
  no_step.mutable_run_step()->clear_step();
  AttachAgentResponse step_of_tomorrow = good;
  step_of_tomorrow.mutable_run_step()->set_step(static_cast<v1::StepKind>(999));
  AttachAgentResponse too_many_cards = good;
  for (int i = 0; i < 65; ++i) too_many_cards.mutable_run_step()->add_card_serials("1");
  for (const auto& message : {nameless, long_name, no_id, no_step, step_of_tomorrow, too_many_cards,
                              AttachAgentResponse(), good}) {
    server_.Send(message);
  }
  EXPECT_THAT(sink_.Wait(1), ElementsAre("run journeys/a 9"));
}

TEST_F(ServerLinkTest, ReportsAreSentAgainUntilTheServerHasTakenThem) {
  ServerLink& link = Start();
  link.Report(Report("journeys/a", 3));
  server_.Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  EXPECT_EQ(server_.Next()->step_report().directive_id(), 3);

  server_.Stop();
  server_.Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  EXPECT_EQ(server_.Next()->step_report().directive_id(), 3);

  AttachAgentResponse taken;
  taken.mutable_report_taken()->set_journey("journeys/a");
  taken.mutable_report_taken()->set_directive_id(3);
  server_.Send(taken);
  // The receipt has been read once a directive sent after it has arrived.
  AttachAgentResponse close;
  close.mutable_close_conversation()->set_journey("journeys/b");
  server_.Send(close);
  sink_.Wait(1);

  server_.Stop();
  server_.Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  link.Report(Report("journeys/c", 1));
  EXPECT_EQ(server_.Next()->step_report().journey(), "journeys/c");
}

TEST_F(ServerLinkTest, NewDirectiveSettlesTheReportBefore) {
  ServerLink& link = Start();
  link.Report(Report("journeys/a", 3));
  server_.Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  EXPECT_EQ(server_.Next()->step_report().directive_id(), 3);
  AttachAgentResponse run;
  run.mutable_run_step()->set_journey("journeys/a");
  run.mutable_run_step()->set_directive_id(4);
  run.mutable_run_step()->set_step(v1::STEP_KIND_PROVE_PIN);
  server_.Send(run);
  sink_.Wait(1);
  server_.BreakAttachment();
  ASSERT_TRUE(server_.Next()->has_hello());
  link.Report(Report("journeys/b", 1));
  EXPECT_EQ(server_.Next()->step_report().journey(), "journeys/b");
}

TEST_F(ServerLinkTest, TurnsAndCardsAreTold) {
  server_.Start();
  ServerLink& link = Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  ASSERT_TRUE(Ask().ok());
  link.Progress("journeys/a", 3, v1::ACTOR_PORTAL);
  const auto progress = server_.Next();
  EXPECT_EQ(progress->step_progress().journey(), "journeys/a");
  EXPECT_EQ(progress->step_progress().directive_id(), 3);
  EXPECT_EQ(progress->step_progress().turn(), v1::ACTOR_PORTAL);
  link.CardChanged("87211470000000000000");
  EXPECT_EQ(server_.Next()->card_report().card_serial(), "87211470000000000000");
  link.CardChanged("87211470000000000000");
  link.CardChanged("");
  const auto gone = server_.Next();
  EXPECT_TRUE(gone->has_card_report());
  EXPECT_EQ(gone->card_report().card_serial(), "");
  link.CardChanged("1");
  EXPECT_EQ(server_.Next()->card_report().card_serial(), "1");

  server_.BreakAttachment();
  EXPECT_EQ(server_.Next()->hello().card_serial(), "1");
}

TEST_F(ServerLinkTest, ComesBackAfterTheServerWasAwayAndSaysSoEachTime) {
  std::promise<void> first;
  std::promise<void> second;
  std::atomic<int> attached = 0;
  server_.Start();
  Start({.on_attached = [&] { ++attached == 1 ? first.set_value() : second.set_value(); }});
  ASSERT_TRUE(server_.Next()->has_hello());
  ASSERT_EQ(first.get_future().wait_for(kPatience), std::future_status::ready);
  server_.Stop();
  const int before = dials_;
  // Away for a while: further attempts fail.
  while (dials_ < before + 3) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(attached, 1);
  server_.Start();
  EXPECT_TRUE(server_.Next()->has_hello());
  EXPECT_EQ(second.get_future().wait_for(kPatience), std::future_status::ready);
  link_->Stop();
}

TEST_F(ServerLinkTest, GoAwayIsFollowedByAFarewellAndANewAttachment) {
  server_.Start();
  Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  AttachAgentResponse message;
  message.mutable_go_away()->mutable_reattach_spread();
  server_.Send(message);
  EXPECT_TRUE(server_.WaitForFarewells(1));
  EXPECT_TRUE(server_.Next()->has_hello());
}

TEST_F(ServerLinkTest, GoAwaySpreadsTheReturn) {
  server_.Start();
  Start();
  ASSERT_TRUE(server_.Next()->has_hello());
  AttachAgentResponse message;
  message.mutable_go_away()->mutable_reattach_spread()->set_seconds(500);
  server_.Send(message);
  ASSERT_TRUE(server_.WaitForFarewells(1));
  while (link_->attached()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(dials_, 1);
}

TEST_F(ServerLinkTest, ServerThatDoesNotWelcomeIsLeft) {
  server_.welcomes = false;
  server_.Start();
  Start({.attach_timeout = absl::Milliseconds(50)});
  EXPECT_TRUE(server_.Next()->has_hello());
  EXPECT_TRUE(server_.Next()->has_hello());
  EXPECT_FALSE(link_->attached());
}

TEST_F(ServerLinkTest, ConnectionIsRenewedWhenTheCertificateEnds) {
  server_.Start();
  lifetime_ = absl::Milliseconds(100);
  Start();
  EXPECT_TRUE(server_.Next()->has_hello());
  EXPECT_TRUE(server_.WaitForFarewells(1));
  EXPECT_TRUE(server_.Next()->has_hello());
}

TEST_F(ServerLinkTest, WaitingCallerIsToldWhenTheServerCannotBeReached) {
  Start();
  const absl::Status status = Ask();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SERVER_UNREACHABLE);
  EXPECT_THAT(std::string(status.message()), HasSubstr(server_.address()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Nothing is lost"));
}

TEST_F(ServerLinkTest, WaitingCallerShortensALongBackoff) {
  Start({.backoff = {
             .base = absl::Hours(1), .cap = absl::Hours(1), .impatient = absl::Milliseconds(20)}});
  EXPECT_FALSE(Ask().ok());
  server_.Start();
  // Without the caller the next attempt is half an hour away.
  EXPECT_TRUE(Ask().ok());
}

TEST_F(ServerLinkTest, PatienceRunsOut) {
  server_.welcomes = false;
  server_.Start();
  Start();
  ASSERT_TRUE(server_.Next());
  EXPECT_EQ(ReasonOf(Ask(absl::Milliseconds(30))), v1::ERROR_REASON_SERVER_UNREACHABLE);
}

TEST_F(ServerLinkTest, RefusalOfTheServerIsPassedOn) {
  server_.refuse_attach = ToGrpcStatus(MakeError(absl::StatusCode::kPermissionDenied,
                                                 v1::ERROR_REASON_NOT_ALLOWED, "Not this agent."));
  server_.Start();
  Start();
  const absl::Status status = Ask();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(std::string(status.message()), "Not this agent.");
}

TEST_F(ServerLinkTest, WrongCertificateFilesAreTold) {
  dial_error_ = MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                          "The certificate is gone.");
  Start();
  EXPECT_EQ(ReasonOf(Ask()), v1::ERROR_REASON_BAD_CONFIGURATION);
}

TEST_F(ServerLinkTest, StopEndsTheStreamInGoodOrder) {
  server_.Start();
  ServerLink& link = Start();
  ASSERT_TRUE(server_.Next());
  ASSERT_TRUE(Ask().ok());
  link.Stop();
  EXPECT_TRUE(server_.WaitForFarewells(1));
  EXPECT_FALSE(link.attached());
  EXPECT_EQ(ReasonOf(Ask()), v1::ERROR_REASON_SHUTTING_DOWN);
}

TEST_F(ServerLinkTest, StopAnswersThoseWhoWait) {
  server_.welcomes = false;
  server_.Start();
  Start();
  ASSERT_TRUE(server_.Next());
  std::promise<absl::Status> answer;
  link_->WithServer(absl::Hours(1), [&](auto channel) { answer.set_value(channel.status()); });
  link_->Stop();
  EXPECT_EQ(ReasonOf(answer.get_future().get()), v1::ERROR_REASON_SHUTTING_DOWN);
}

}  // namespace
}  // namespace ilkimza::agent
