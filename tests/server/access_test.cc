// Who may see and do what, and what requests may hold.
#include "server/api/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "server/api/page_token.h"
#include "tests/server/server_fixture.h"
#include "tests/support/certificates.h"

namespace ilkimza::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kUuid[] = "6f2c9f7e-8a54-4a0e-9d54-0b7f8a6f2c11";

class ApiTest : public ServerFixture {
 protected:
  ApiTest() { Start(); }
};

std::string Field(const absl::Status& status) {
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_FIELD) << status;
  return MetadataOf(status)["field"];
}

TEST_F(ApiTest, NamesTheFieldThatIsWrong) {
  JourneyClient client(channel_, "agents/pc1");
  v1::CreateJourneyRequest request;
  EXPECT_EQ(Field(client.Create(request).status()), "journey");
  request.mutable_journey();
  EXPECT_EQ(Field(client.Create(request).status()), "journey.goal");
  request.mutable_journey()->set_goal(v1::GOAL_GET_PIN);
  request.mutable_journey()->set_profile("../etc/passwd");
  EXPECT_EQ(Field(client.Create(request).status()), "journey.profile");
  request.mutable_journey()->clear_profile();
  request.mutable_journey()->set_portal_host(static_cast<v1::PortalHost>(9));
  EXPECT_EQ(Field(client.Create(request).status()), "journey.portal_host");
  request.mutable_journey()->clear_portal_host();
  request.set_request_id("again");
  EXPECT_EQ(Field(client.Create(request).status()), "request_id");
  EXPECT_EQ(Field(client.Get("journeys/X").status()), "name");
  EXPECT_EQ(Field(client.Cancel("").status()), "name");
  EXPECT_EQ(Field(client.WaitFor("x", [](const auto&) { return true; }).status()), "name");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  EXPECT_EQ(Field(client.Retry(created->name(), "again").status()), "request_id");
  EXPECT_EQ(Field(JourneyClient(channel_, "pc1").Get(created->name()).status()), "ilkimza-agent");
}

// -- Of another portal --

class OtherPortalTest : public ServerFixture {
 protected:
  OtherPortalTest() { settings_.portal.profile = "ornek"; }
  absl::StatusOr<v1::Journey> Create(v1::Goal goal, bool guided = false) {
    v1::CreateJourneyRequest request;
    request.mutable_journey()->set_goal(goal);
    request.mutable_journey()->set_guided(guided);
    return JourneyClient(channel_, "agents/pc1").Create(request);
  }
};

TEST_F(OtherPortalTest, RefusesWhatItsProfileCannotDrive) {
  Start();
  const auto created = Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->profile(), "ornek");
  const absl::Status refused = Create(v1::GOAL_LIST_CERTIFICATES).status();
  EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_BAD_CONFIGURATION);
  EXPECT_EQ(MetadataOf(refused)["step"], "STEP_KIND_LIST_CERTIFICATES");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("ornek"));
  // The holder's own browser needs no profile.
  const auto guided = Create(v1::GOAL_LIST_CERTIFICATES, /*guided=*/true);
  EXPECT_TRUE(guided.ok()) << guided.status();
}

TEST_F(OtherPortalTest, AFileIsAProfileByTheNameInIt) {
  std::string text = testing::ReadFile(ORNEK_PROFILE);
  text.replace(text.find("name: \"ornek\""), 13, "name: \"mine\"");
  const std::string file = folder_ / "mine.textproto";
  testing::WriteFile(file, text);
  settings_.portal.profile = file;
  Start();
  const auto created = Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->profile(), "mine");
  EXPECT_FALSE(Create(v1::GOAL_REVOKE_CERTIFICATE).ok());
}

TEST_F(OtherPortalTest, AWrongFileIsNoServer) {
  settings_.portal.profile = folder_ / "none.textproto";
  EXPECT_EQ(ReasonOf(ControlServer::Start(settings_).status()), v1::ERROR_REASON_BAD_CONFIGURATION);
}

// The agents may have a profile that this server has not.
TEST_F(OtherPortalTest, AProfileThatOnlyTheAgentsHave) {
  settings_.portal.profile = "theirs";
  Start();
  const auto created = Create(v1::GOAL_LIST_CERTIFICATES);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->profile(), "theirs");
  settings_.portal_host = v1::PORTAL_HOST_SERVER;
  settings_.store_path = folder_ / "second.db";
  EXPECT_EQ(ReasonOf(ControlServer::Start(settings_).status()), v1::ERROR_REASON_BAD_CONFIGURATION);
}

TEST_F(ApiTest, RefusesWhatThisServerDoesNotDo) {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_goal(v1::GOAL_GET_PIN);
  EXPECT_EQ(ReasonOf(JourneyClient(channel_, "").Create(request).status()),
            v1::ERROR_REASON_AGENT_NOT_ATTACHED);
  request.mutable_journey()->set_portal_host(v1::PORTAL_HOST_SERVER);
  EXPECT_EQ(ReasonOf(JourneyClient(channel_, "agents/pc1").Create(request).status()),
            v1::ERROR_REASON_PORTAL_HOST_OFF);
}

TEST_F(ApiTest, ARequestIdTakesEffectOnceAlsoAfterARestart) {
  const auto created = JourneyClient(channel_, "agents/pc1").Create(v1::GOAL_GET_PIN, false, kUuid);
  ASSERT_TRUE(created.ok()) << created.status();
  Restart();
  JourneyClient client(channel_, "agents/pc1");
  const auto again = client.Create(v1::GOAL_GET_PIN, false, kUuid);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), created->name());
}

TEST_F(ApiTest, AnAgentSeesItsOwnJourneysOnly) {
  JourneyClient first(channel_, "agents/pc1"), second(channel_, "agents/pc2"),
      everything(channel_, "");
  const auto created = first.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->agent(), "agents/pc1");
  EXPECT_EQ(second.Get(created->name()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(second.Cancel(created->name()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(second.WaitFor(created->name(), [](const auto&) { return true; }).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(everything.Get(created->name()).ok());
  const auto list = [](JourneyClient& client, const std::string& agent) {
    v1::ListJourneysRequest request;
    request.set_agent(agent);
    v1::ListJourneysResponse response;
    const auto context = client.Context();
    const grpc::Status status = client.stub().ListJourneys(context.get(), request, &response);
    return status.ok() ? response.journeys_size() : -static_cast<int>(status.error_code());
  };
  EXPECT_EQ(list(first, ""), 1);
  EXPECT_EQ(list(second, ""), 0);
  EXPECT_EQ(list(everything, ""), 1);
  EXPECT_EQ(list(everything, "agents/pc2"), 0);
  EXPECT_EQ(list(second, "agents/pc1"), -static_cast<int>(grpc::StatusCode::PERMISSION_DENIED));
}

TEST_F(ApiTest, PagesJourneysAndEvents) {
  JourneyClient everything(channel_, "");
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) {
    const auto created =
        JourneyClient(channel_, "agents/pc" + std::to_string(i)).Create(v1::GOAL_GET_PIN);
    ASSERT_TRUE(created.ok()) << created.status();
    names.insert(names.begin(), created->name());
  }
  std::vector<std::string> listed;
  v1::ListJourneysRequest request;
  request.set_page_size(2);
  v1::ListJourneysResponse response;
  do {
    const auto context = everything.Context();
    ASSERT_TRUE(everything.stub().ListJourneys(context.get(), request, &response).ok());
    EXPECT_LE(response.journeys_size(), 2);
    for (const auto& journey : response.journeys()) listed.push_back(journey.name());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  EXPECT_EQ(listed, names);

  ASSERT_TRUE(everything.Cancel(names[0]).ok());
  v1::ListJourneyEventsRequest events;
  events.set_parent(names[0]);
  events.set_page_size(1);
  v1::ListJourneyEventsResponse page;
  const auto first = everything.Context();
  ASSERT_TRUE(everything.stub().ListJourneyEvents(first.get(), events, &page).ok());
  ASSERT_EQ(page.journey_events_size(), 1);
  EXPECT_TRUE(page.journey_events(0).has_created());
  events.set_page_token(page.next_page_token());
  const auto second = everything.Context();
  ASSERT_TRUE(everything.stub().ListJourneyEvents(second.get(), events, &page).ok());
  ASSERT_EQ(page.journey_events_size(), 1);
  EXPECT_EQ(page.journey_events(0).cancel_requested().actor(), "operator");
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ApiTest, RefusesTokensOfOtherLists) {
  JourneyClient client(channel_, "");
  v1::ListJourneysRequest request;
  v1::ListJourneysResponse response;
  const auto reason = [&] {
    const auto context = client.Context();
    return ReasonOf(client.stub().ListJourneys(context.get(), request, &response));
  };
  request.set_page_token(MakePageToken("journeys * active", "7"));
  EXPECT_EQ(reason(), v1::ERROR_REASON_PAGE_TOKEN_INVALID);
  request.set_active_only(true);
  EXPECT_EQ(reason(), v1::ERROR_REASON_UNSPECIFIED);
  request.set_page_token("!");
  EXPECT_EQ(reason(), v1::ERROR_REASON_PAGE_TOKEN_INVALID);
  request.set_page_token(std::string(10'000, 'A'));
  EXPECT_EQ(reason(), v1::ERROR_REASON_PAGE_TOKEN_INVALID);
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(reason(), v1::ERROR_REASON_BAD_FIELD);
}

TEST_F(ApiTest, PagesAgentsByName) {
  std::vector<std::unique_ptr<FakeAgent>> agents;
  for (const char* name : {"agents/c", "agents/a", "agents/b"}) {
    agents.push_back(std::make_unique<FakeAgent>(channel_, name));
    agents.back()->Attach();
  }
  const auto stub = v1::FleetService::NewStub(channel_);
  std::vector<std::string> listed;
  v1::ListAgentsRequest request;
  request.set_page_size(2);
  v1::ListAgentsResponse response;
  do {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ListAgents(&context, request, &response).ok());
    for (const auto& agent : response.agents()) listed.push_back(agent.name());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  EXPECT_THAT(listed, ElementsAre("agents/a", "agents/b", "agents/c"));
  grpc::ClientContext own;
  own.AddMetadata("ilkimza-agent", "agents/b");
  ASSERT_TRUE(stub->ListAgents(&own, v1::ListAgentsRequest(), &response).ok());
  ASSERT_EQ(response.agents_size(), 1);
  EXPECT_EQ(response.agents(0).name(), "agents/b");
  grpc::ClientContext other;
  other.AddMetadata("ilkimza-agent", "agents/b");
  v1::GetAgentRequest get;
  get.set_name("agents/a");
  v1::Agent agent;
  EXPECT_EQ(stub->GetAgent(&other, get, &agent).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  grpc::ClientContext missing;
  get.set_name("agents/z");
  EXPECT_EQ(stub->GetAgent(&missing, get, &agent).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(PageTokenTest, IsGoodForItsOwnQueryOnly) {
  const std::string token = MakePageToken("agents x", "agents/a");
  EXPECT_EQ(*ReadPageToken("agents x", token), "agents/a");
  EXPECT_FALSE(ReadPageToken("agents y", token).ok());
  std::string changed = token;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(ReadPageToken("agents x", changed).ok());
  EXPECT_EQ(*ReadPageToken("agents x", ""), "");
  EXPECT_EQ(MakePageToken("agents x", ""), "");
  EXPECT_EQ(*PageSize(0), 50);
  EXPECT_EQ(*PageSize(5000), 1000);
}

// -- With certificates --

class MutualTlsTest : public ServerFixture {
 protected:
  MutualTlsTest() : ca_("Test CA") {
    testing::WriteFile(folder_ / "ca.pem", ca_.pem());
    ca_.Issue({.name = "localhost"}).WriteTo(folder_.path(), "server");
    settings_.listen = {"localhost:0"};
    settings_.tls = {folder_ / "server.pem", folder_ / "server.key", folder_ / "ca.pem"};
    settings_.operators = {"help-desk", "other-desk"};
    Start();
  }

  std::shared_ptr<grpc::Channel> ChannelOf(const testing::CertificateWish& wish) {
    const testing::Issued issued = ca_.Issue(wish);
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_.pem();
    options.pem_cert_chain = issued.certificate_pem;
    options.pem_private_key = issued.key_pem;
    return grpc::CreateChannel(server_->addresses()[0], grpc::SslCredentials(options));
  }

  testing::TestCa ca_;
};

TEST_F(MutualTlsTest, AnAgentActsUnderTheNamesOfItsCertificateOnly) {
  const auto channel = ChannelOf({.name = "pc1"});
  FakeAgent agent(channel, "agents/pc1");
  agent.Attach();
  ASSERT_FALSE(agent.Received().empty());
  EXPECT_TRUE(agent.Received().front().has_welcome());
  const auto created = JourneyClient(channel, "agents/pc1").Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->agent(), "agents/pc1");
  EXPECT_TRUE(JourneyClient(channel, "agents/pc1")
                  .WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED)
                  .ok());

  const auto other = ChannelOf({.name = "pc2"});
  FakeAgent liar(other, "agents/pc1");
  liar.Attach();
  EXPECT_EQ(ReasonOf(liar.End()), v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(ReasonOf(JourneyClient(other, "agents/pc1").Get(created->name()).status()),
            v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(ReasonOf(JourneyClient(other, "").Get(created->name()).status()),
            v1::ERROR_REASON_JOURNEY_NOT_FOUND)
      << "without a claim it is the certificate's agent, not an operator";
}

TEST_F(MutualTlsTest, AUriInTheCertificateNamesTheAgentAsWell) {
  FakeAgent agent(ChannelOf({.name = "laptop", .uri = "agents/ayse@pc7"}), "agents/ayse@pc7");
  agent.Attach();
  ASSERT_FALSE(agent.Received().empty()) << agent.End().error_message();
  EXPECT_TRUE(agent.Received().front().has_welcome());
}

TEST_F(MutualTlsTest, AnOperatorSeesAll) {
  const auto created =
      JourneyClient(ChannelOf({.name = "pc1"}), "agents/pc1").Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  JourneyClient help_desk(ChannelOf({.name = "help-desk"}), "");
  EXPECT_TRUE(help_desk.Get(created->name()).ok());
  ASSERT_TRUE(help_desk.Cancel(created->name()).ok());
  v1::ListJourneyEventsRequest request;
  request.set_parent(created->name());
  v1::ListJourneyEventsResponse events;
  const auto context = help_desk.Context();
  ASSERT_TRUE(help_desk.stub().ListJourneyEvents(context.get(), request, &events).ok());
  EXPECT_EQ(events.journey_events().rbegin()->cancel_requested().actor(), "operator help-desk");
}

// An operator may look at journeys as an agent sees them; its screens are another matter.
TEST_F(MutualTlsTest, WhoMerelyClaimsToBeTheAgentSeesNoScreens) {
  settings_.portal_host = v1::PORTAL_HOST_SERVER;
  settings_.portal.entrance = "https://localhost:1/";
  settings_.admin_socket = folder_ / "admin.sock";
  Restart();
  const auto own = ChannelOf({.name = "pc1"});
  const auto help_desk = ChannelOf({.name = "help-desk"});
  const auto other_desk = ChannelOf({.name = "other-desk"});
  const auto admin =
      grpc::CreateChannel("unix:" + settings_.admin_socket, grpc::InsecureChannelCredentials());
  const auto answer = [](const std::shared_ptr<grpc::Channel>& channel, const std::string& agent,
                         const std::string& journey) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    if (!agent.empty()) context.AddMetadata("ilkimza-agent", agent);
    v1::AnswerScreenRequest request;
    request.set_journey(journey);
    request.set_screen_id(99);
    v1::AnswerScreenResponse response;
    return ReasonOf(
        v1::PortalService::NewStub(channel)->AnswerScreen(&context, request, &response));
  };
  const auto agents = JourneyClient(own, "agents/pc1").Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(agents.ok()) << agents.status();
  EXPECT_EQ(answer(own, "", agents->name()), v1::ERROR_REASON_SCREEN_CHANGED);
  EXPECT_EQ(answer(own, "agents/pc1", agents->name()), v1::ERROR_REASON_SCREEN_CHANGED);
  for (const auto& channel : {help_desk, admin}) {
    EXPECT_TRUE(JourneyClient(channel, "agents/pc1").Get(agents->name()).ok());
    EXPECT_EQ(answer(channel, "", agents->name()), v1::ERROR_REASON_NOT_ALLOWED);
    EXPECT_EQ(answer(channel, "agents/pc1", agents->name()), v1::ERROR_REASON_NOT_ALLOWED);
  }
  const auto nobodys = JourneyClient(help_desk, "").Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(nobodys.ok()) << nobodys.status();
  EXPECT_EQ(answer(help_desk, "", nobodys->name()), v1::ERROR_REASON_SCREEN_CHANGED);
  EXPECT_EQ(answer(admin, "", nobodys->name()), v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(answer(other_desk, "", nobodys->name()), v1::ERROR_REASON_NOT_ALLOWED)
      << "the other operator";
}

// How a watch of an agent's own journey ends, which nothing happens on.
absl::Status EndOfWatch(JourneyClient& client, const std::string& journey) {
  const auto context = client.Context();
  v1::WatchJourneyRequest request;
  request.set_name(journey);
  const auto stream = client.stub().WatchJourney(context.get(), request);
  v1::WatchJourneyResponse response;
  while (stream->Read(&response)) {
  }
  return FromGrpcStatus(stream->Finish());
}

TEST_F(MutualTlsTest, EndsAWatchWithItsCertificate) {
  JourneyClient client(ChannelOf({.name = "pc1", .valid_until = 8}), "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(ReasonOf(EndOfWatch(client, created->name())), v1::ERROR_REASON_CERTIFICATE_REFUSED);
}

TEST_F(MutualTlsTest, ShowsNoScreenToACertificateThatHasEnded) {
  settings_.portal_host = v1::PORTAL_HOST_SERVER;
  settings_.portal.entrance = "https://localhost:1/";
  Restart();
  const auto channel = ChannelOf({.name = "pc1", .valid_until = 8});
  const auto created = JourneyClient(channel, "agents/pc1").Create(v1::GOAL_RESET_SECURITY_WORD);
  ASSERT_TRUE(created.ok()) << created.status();
  grpc::ClientContext context;
  v1::WatchScreenRequest request;
  request.set_journey(created->name());
  const auto stream = v1::PortalService::NewStub(channel)->WatchScreen(&context, request);
  v1::WatchScreenResponse response;
  // It tries the portal again and again, and shows each time that it does.
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(ReasonOf(stream->Finish()), v1::ERROR_REASON_CERTIFICATE_REFUSED);
}

// gRPC itself keeps such a stream.
TEST_F(MutualTlsTest, EndsAStreamWithItsCertificate) {
  FakeAgent agent(ChannelOf({.name = "pc1", .valid_until = 4}), "agents/pc1", nullptr);
  agent.Attach();
  const grpc::Status end = agent.End();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(end.error_message(), HasSubstr("expired"));
}

}  // namespace
}  // namespace ilkimza::server
