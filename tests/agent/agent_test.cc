// The whole agent but its hosts, over real sockets.
#include "agent/agent.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "portal/default_profile.h"
#include "portal/profile.h"
#include "tests/agent/fake_hosts.h"
#include "tests/agent/fake_server.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using v1::AttachAgentResponse;

v1::StepReport Report(int64_t directive_id, v1::StepKind step) {
  v1::StepReport report;
  report.set_journey("journeys/a");
  report.set_directive_id(directive_id);
  report.set_step(step);
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  return report;
}

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() {
    config_.name = "agents/ayse-pc7";
    config_.socket = temp_ / "run/agent.sock";
    config_.state_directory = temp_ / "state";
    config_.server.address = server_.address();
  }

  absl::Status Start() {
    auto agent = Agent::Start(
        config_,
        {.portal = [this](const AgentConfig&, portal::HostObserver& observer)
             -> absl::StatusOr<std::unique_ptr<portal::Host>> {
           portal_observer_ = &observer;
           return std::make_unique<FakePortalHost>(portal_, conversations_);
         },
         .card = [this](const AgentConfig&, const auto&,
                        CardObserver& observer) -> absl::StatusOr<std::unique_ptr<CardHost>> {
           card_observer_ = &observer;
           // As a host does that finds an attempt without a result on disk.
           if (early_report_) observer.OnStepReport(*early_report_);
           return std::make_unique<FakeCardHost>(card_, serial_);
         }});
    if (agent.ok()) agent_ = *std::move(agent);
    return agent.status();
  }

  void Direct(v1::StepKind step, int64_t id, v1::PortalHost host = v1::PORTAL_HOST_AGENT) {
    AttachAgentResponse message;
    auto& directive = *message.mutable_run_step();
    directive.set_journey("journeys/a");
    directive.set_directive_id(id);
    directive.set_step(step);
    directive.set_portal_host(host);
    server_.Send(message);
  }

  testing::TempDir temp_;
  FakeServer server_{"unix:" + temp_ / "server.sock"};
  AgentConfig config_;
  Diary portal_;
  Diary card_;
  std::vector<std::string> conversations_;
  std::string serial_;
  std::optional<v1::StepReport> early_report_;
  portal::HostObserver* portal_observer_ = nullptr;
  CardObserver* card_observer_ = nullptr;
  std::unique_ptr<Agent> agent_;
};

TEST_F(AgentTest, HelloTellsCardAndConversations) {
  conversations_ = {"journeys/a", "journeys/b"};
  serial_ = "87211470000000000000";
  server_.Start();
  ASSERT_TRUE(Start().ok());
  const auto hello = server_.Next();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->hello().agent(), "agents/ayse-pc7");
  EXPECT_EQ(hello->hello().version(), ILKIMZA_VERSION);
  EXPECT_EQ(hello->hello().card_serial(), "87211470000000000000");
  const auto profile = portal::Profile::Named(portal::kDefaultProfile);
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(hello->hello().profile().name(), profile->name());
  EXPECT_EQ(hello->hello().profile().version(), profile->version());
  EXPECT_EQ(hello->hello().profile().hotline(), profile->hotline());
  ASSERT_EQ(hello->hello().conversations_size(), 2);
  EXPECT_EQ(hello->hello().conversations(1).journey(), "journeys/b");
}

TEST_F(AgentTest, StepsGoToTheirHosts) {
  server_.Start();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(server_.Next());
  Direct(v1::STEP_KIND_INSERT_CARD, 1);
  Direct(v1::STEP_KIND_LOG_IN, 2);
  Direct(v1::STEP_KIND_PROVE_PIN, 3);
  AttachAgentResponse stop;
  stop.mutable_stop_step()->set_journey("journeys/a");
  stop.mutable_stop_step()->set_directive_id(3);
  server_.Send(stop);
  AttachAgentResponse close;
  close.mutable_close_conversation()->set_journey("journeys/a");
  server_.Send(close);
  // At the portal, a card step that was left is forgotten.
  EXPECT_THAT(card_.Wait(5),
              ElementsAre("run journeys/a 1 STEP_KIND_INSERT_CARD", "forget journeys/a",
                          "run journeys/a 3 STEP_KIND_PROVE_PIN", "stop journeys/a 3",
                          "forget journeys/a"));
  EXPECT_THAT(portal_.Wait(3), ElementsAre("run journeys/a 2 STEP_KIND_LOG_IN", "stop journeys/a 3",
                                           "close journeys/a"));
}

TEST_F(AgentTest, ReportsTurnsAndCardsReachTheServer) {
  server_.Start();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(server_.Next());
  portal_observer_->OnStepReport(Report(2, v1::STEP_KIND_LOG_IN));
  EXPECT_EQ(server_.Next()->step_report().step(), v1::STEP_KIND_LOG_IN);
  card_observer_->OnStepReport(Report(3, v1::STEP_KIND_PROVE_PIN));
  EXPECT_EQ(server_.Next()->step_report().step(), v1::STEP_KIND_PROVE_PIN);
  portal_observer_->OnTurn("journeys/a", 4, v1::ACTOR_HOLDER);
  EXPECT_EQ(server_.Next()->step_progress().turn(), v1::ACTOR_HOLDER);
  card_observer_->OnCardSerial("1");
  EXPECT_EQ(server_.Next()->card_report().card_serial(), "1");
}

TEST_F(AgentTest, ReportMadeBeforeTheServerWasDialledIsNotLost) {
  early_report_ = Report(3, v1::STEP_KIND_PROVE_PIN);
  early_report_->set_outcome(v1::STEP_OUTCOME_UNKNOWN);
  server_.Start();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(server_.Next()->has_hello());
  EXPECT_EQ(server_.Next()->step_report().outcome(), v1::STEP_OUTCOME_UNKNOWN);
}

TEST_F(AgentTest, PortalStepOfAServerHostedJourneyIsRefused) {
  server_.Start();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(server_.Next());
  Direct(v1::STEP_KIND_LOG_IN, 2, v1::PORTAL_HOST_SERVER);
  const auto report = server_.Next();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->step_report().directive_id(), 2);
  EXPECT_EQ(report->step_report().outcome(), v1::STEP_OUTCOME_STOPPED);
  EXPECT_EQ(report->step_report().reason(), v1::ERROR_REASON_BAD_CONFIGURATION);
  // Its card steps are carried out here all the same.
  Direct(v1::STEP_KIND_PROVE_PIN, 3, v1::PORTAL_HOST_SERVER);
  EXPECT_THAT(card_.Wait(1), ElementsAre("run journeys/a 3 STEP_KIND_PROVE_PIN"));
}

TEST_F(AgentTest, SocketOffersAllServices) {
  server_.get = [](const v1::GetJourneyRequest& request, v1::Journey* journey) {
    journey->set_name(request.name());
    return grpc::Status::OK;
  };
  server_.Start();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(server_.Next());
  const auto channel = grpc::CreateChannel(agent_->address(), grpc::InsecureChannelCredentials());
  const auto call = [&](auto method) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return method(context);
  };
  const auto journeys = v1::JourneyService::NewStub(channel);
  v1::GetJourneyRequest get;
  get.set_name("journeys/a");
  v1::Journey journey;
  EXPECT_TRUE(
      call([&](auto& context) { return journeys->GetJourney(&context, get, &journey); }).ok());
  EXPECT_EQ(journey.name(), "journeys/a");
  const auto cards = v1::CardService::NewStub(channel);
  v1::ListCardsResponse list;
  EXPECT_TRUE(call([&](auto& context) { return cards->ListCards(&context, {}, &list); }).ok());
  EXPECT_EQ(list.cards_size(), 1);
  // A journey directed here is known to be hosted here.
  Direct(v1::STEP_KIND_LOG_IN, 2);
  portal_.Wait(1);
  const auto screens = v1::PortalService::NewStub(channel);
  v1::AnswerScreenRequest answer;
  answer.set_journey("journeys/a");
  v1::AnswerScreenResponse nothing;
  EXPECT_TRUE(
      call([&](auto& context) { return screens->AnswerScreen(&context, answer, &nothing); }).ok());
}

TEST_F(AgentTest, StopTellsHostsAndServerAndRemovesTheSocket) {
  server_.Start();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(server_.Next());
  agent_->Stop();
  EXPECT_THAT(portal_.Wait(1), ElementsAre("shutdown"));
  EXPECT_THAT(card_.Wait(1), ElementsAre("shutdown"));
  EXPECT_TRUE(server_.WaitForFarewells(1));
  EXPECT_NE(access(config_.socket.c_str(), F_OK), 0);
  // The place is free for the next one.
  agent_.reset();
  EXPECT_TRUE(Start().ok());
}

TEST_F(AgentTest, StopWithoutAServerIsQuietToo) {
  ASSERT_TRUE(Start().ok());
  agent_->Stop();
  EXPECT_THAT(portal_.Wait(1), ElementsAre("shutdown"));
}

TEST_F(AgentTest, OneAgentForEachSocketAndStateDirectory) {
  ASSERT_TRUE(Start().ok());
  const auto first = std::move(agent_);
  config_.socket = temp_ / "other/agent.sock";
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(temp_ / "state"));
}

TEST_F(AgentTest, HostThatCannotBeMadeIsAnErrorAtStart) {
  auto agent = Agent::Start(
      config_, {.portal = RealHosts().portal,
                .card = [this](const AgentConfig&, const auto&,
                               CardObserver&) -> absl::StatusOr<std::unique_ptr<CardHost>> {
                  return std::make_unique<FakeCardHost>(card_, serial_);
                }});
  EXPECT_TRUE(agent.ok()) << agent.status();
  agent = absl::CancelledError();
  config_.portal.profile = "nowhere";
  agent = Agent::Start(config_, RealHosts());
  ASSERT_FALSE(agent.ok());
  EXPECT_EQ(ReasonOf(agent.status()), v1::ERROR_REASON_BAD_CONFIGURATION);
  EXPECT_THAT(std::string(agent.status().message()), HasSubstr("nowhere"));
}

// The same over TCP, where each side shows a certificate.
class AgentTlsTest : public AgentTest {
 protected:
  AgentTlsTest() {
    const auto identity = ca_.Issue({.name = "ayse-pc7", .uri = "agents/ayse-pc7"});
    identity.WriteTo(temp_.path(), "agent");
    testing::WriteFile(temp_ / "ca.pem", ca_.pem());
    const auto own = ca_.Issue({.name = "localhost"});
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = ca_.pem();
    options.pem_key_cert_pairs.push_back({own.key_pem, own.certificate_pem});
    tls_server_.Start(grpc::SslServerCredentials(options));
    config_.server.address = "localhost:" + std::to_string(tls_server_.port());
    config_.server.tls = {
        .certificate = temp_ / "agent.pem", .key = temp_ / "agent.key", .ca = temp_ / "ca.pem"};
  }

  testing::TestCa ca_{"Test CA"};
  FakeServer tls_server_{"localhost:0"};
};

TEST_F(AgentTlsTest, AttachesWithItsCertificate) {
  ASSERT_TRUE(Start().ok());
  EXPECT_TRUE(tls_server_.Next()->has_hello());
}

TEST_F(AgentTlsTest, ServerOfAnotherAuthorityIsNotTrusted) {
  testing::WriteFile(temp_ / "ca.pem", testing::TestCa("Another CA").pem());
  ASSERT_TRUE(Start().ok());
  const auto channel = grpc::CreateChannel(agent_->address(), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::Journey journey;
  const grpc::Status status =
      v1::JourneyService::NewStub(channel)->GetJourney(&context, {}, &journey);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SERVER_UNREACHABLE);
}

TEST_F(AgentTlsTest, FilesThatDoNotFitAreAnErrorAtStart) {
  ca_.Issue({.name = "ayse-pc7", .valid_until = -1}).WriteTo(temp_.path(), "agent");
  const absl::Status status = Start();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_CONFIGURATION);
  EXPECT_THAT(std::string(status.message()), HasSubstr("agent.pem"));
}

}  // namespace
}  // namespace ilkimza::agent
