// Enrolment, renewal and deletion over real TLS on loopback.
#include <gmock/gmock.h>
#include <google/protobuf/empty.pb.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/tls.h"
#include "tests/server/certificate_tools.h"
#include "tests/server/server_fixture.h"
#include "tests/support/certificates.h"

namespace ilkimza::server {
namespace {

using testing::EcKey;
using ::testing::HasSubstr;
using testing::KeyPtr;
using testing::RequestDer;

class EnrolmentApiTest : public ServerFixture {
 protected:
  EnrolmentApiTest() : ca_("Server CA"), operators_("Operators' CA") {
    testing::WriteFile(folder_ / "server-ca.pem", ca_.pem());
    testing::WriteFile(folder_ / "operators-ca.pem", operators_.pem());
    ca_.Issue({.name = "localhost"}).WriteTo(folder_.path(), "server");
    settings_.listen = {"localhost:0"};
    settings_.tls = {folder_ / "server.pem", folder_ / "server.key", folder_ / "operators-ca.pem"};
    settings_.operators = {"help-desk"};
    settings_.admin_socket = folder_ / "admin.sock";
    settings_.enrolment.listen = {"localhost:0"};
    settings_.enrolment.ca_certificate = folder_ / "agents-ca.pem";
    settings_.enrolment.ca_key = folder_ / "agents-ca.key";
    settings_.enrolment.server_ca = folder_ / "server-ca.pem";
  }

  void Start() {
    auto server = ControlServer::Start(settings_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    admin_ = v1::FleetService::NewStub(
        grpc::CreateChannel("unix:" + settings_.admin_socket, grpc::InsecureChannelCredentials()));
    door_ = v1::FleetService::NewStub(
        Tls(server_->enrolment_addresses()[0], testing::Issued{.certificate_pem = ""}));
  }
  void Restart() {
    server_.reset();
    Start();
  }

  [[nodiscard]] std::shared_ptr<grpc::Channel> Tls(const std::string& address,
                                                   const testing::Issued& identity) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_.pem();
    options.pem_cert_chain = identity.certificate_pem;
    options.pem_private_key = identity.key_pem;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
  }
  [[nodiscard]] std::shared_ptr<grpc::Channel> Main(const testing::Issued& identity) const {
    return Tls(server_->addresses()[0], identity);
  }

  std::string Token(const std::string& agent = "") {
    v1::CreateJoinTokenRequest request;
    request.mutable_join_token()->set_agent(agent);
    v1::CreateJoinTokenResponse response;
    grpc::ClientContext context;
    const grpc::Status status = admin_->CreateJoinToken(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.token();
  }

  grpc::Status TryEnrol(const std::string& agent, const std::string& token, const KeyPtr& key,
                        v1::EnrolAgentResponse& response) {
    v1::EnrolAgentRequest request;
    request.set_agent(agent);
    request.set_token(token);
    request.set_certificate_request(RequestDer(key));
    grpc::ClientContext context;
    return door_->EnrolAgent(&context, request, &response);
  }
  testing::Issued Enrol(const std::string& agent) {
    const KeyPtr key = EcKey();
    v1::EnrolAgentResponse response;
    const grpc::Status status = TryEnrol(agent, Token(), key, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return IdentityOf(response, key);
  }
  template <typename Response>
  static testing::Issued IdentityOf(const Response& response, const KeyPtr& key) {
    return {*CertificatesToPem(
                {response.certificate_chain().begin(), response.certificate_chain().end()}),
            testing::KeyPem(key.get())};
  }
  static grpc::Status Renew(const std::shared_ptr<grpc::Channel>& channel, const std::string& agent,
                            const KeyPtr& key, v1::RenewAgentCertificateResponse& response) {
    v1::RenewAgentCertificateRequest request;
    request.set_agent(agent);
    request.set_certificate_request(RequestDer(key));
    grpc::ClientContext context;
    return v1::FleetService::NewStub(channel)->RenewAgentCertificate(&context, request, &response);
  }
  grpc::Status Delete(const std::string& agent) {
    v1::DeleteAgentRequest request;
    request.set_name(agent);
    google::protobuf::Empty response;
    grpc::ClientContext context;
    return admin_->DeleteAgent(&context, request, &response);
  }
  // OK where the server welcomes it.
  static grpc::Status Attach(const std::shared_ptr<grpc::Channel>& channel,
                             const std::string& agent) {
    FakeAgent fake(channel, agent);
    fake.Attach();
    if (!fake.Received().empty()) return grpc::Status::OK;
    return fake.End();
  }

  testing::TestCa ca_;
  testing::TestCa operators_;
  std::unique_ptr<v1::FleetService::Stub> admin_;
  std::unique_ptr<v1::FleetService::Stub> door_;
};

TEST_F(EnrolmentApiTest, AStrangerWithATokenBecomesAnAgent) {
  Start();
  const testing::Issued identity = Enrol("agents/pc1");
  const auto channel = Main(identity);
  FakeAgent agent(channel, "agents/pc1");
  agent.Attach();
  ASSERT_FALSE(agent.Received().empty()) << agent.End().error_message();
  const auto created = JourneyClient(channel, "agents/pc1").Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->agent(), "agents/pc1");
  FakeAgent liar(channel, "agents/pc2");
  liar.Attach();
  EXPECT_EQ(ReasonOf(liar.End()), v1::ERROR_REASON_NOT_ALLOWED);

  grpc::ClientContext context;
  v1::GetAgentRequest request;
  request.set_name("agents/pc1");
  v1::Agent known;
  ASSERT_TRUE(admin_->GetAgent(&context, request, &known).ok());
  EXPECT_TRUE(known.attached());
  EXPECT_TRUE(known.has_enrol_time());
  EXPECT_TRUE(known.has_certificate_expire_time());
}

TEST_F(EnrolmentApiTest, TheAnswerHoldsTheServersAuthorities) {
  Start();
  v1::EnrolAgentResponse response;
  ASSERT_TRUE(TryEnrol("agents/pc1", Token(), EcKey(), response).ok());
  ASSERT_EQ(response.server_authorities_size(), 1);
  EXPECT_EQ(*CertificatesToPem({response.server_authorities(0)}), ca_.pem());
}

// Nothing but EnrolAgent is behind the address that asks for no certificate.
TEST_F(EnrolmentApiTest, TheDoorOffersNothingElse) {
  Start();
  grpc::ClientContext list, token, get;
  v1::ListAgentsResponse agents;
  EXPECT_EQ(door_->ListAgents(&list, v1::ListAgentsRequest(), &agents).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  v1::CreateJoinTokenResponse made;
  EXPECT_EQ(door_->CreateJoinToken(&token, v1::CreateJoinTokenRequest(), &made).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  const auto channel = Tls(server_->enrolment_addresses()[0], testing::Issued{});
  FakeAgent agent(channel, "agents/pc1");
  agent.Attach();
  EXPECT_EQ(agent.End().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(JourneyClient(channel, "").Get("journeys/0000000000000000").status().code(),
            absl::StatusCode::kUnimplemented);
  // And the other way: who has no certificate gets nowhere else.
  v1::GetAgentRequest request;
  request.set_name("agents/pc1");
  v1::Agent known;
  get.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  EXPECT_EQ(v1::FleetService::NewStub(Main(testing::Issued{}))
                ->GetAgent(&get, request, &known)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(EnrolmentApiTest, OnlyOperatorsMakeAndSeeTokensAndDeleteAgents) {
  Start();
  const auto agent = v1::FleetService::NewStub(Main(Enrol("agents/pc1")));
  grpc::ClientContext one, two, three, four;
  v1::CreateJoinTokenResponse made;
  EXPECT_EQ(ReasonOf(agent->CreateJoinToken(&one, v1::CreateJoinTokenRequest(), &made)),
            v1::ERROR_REASON_NOT_ALLOWED);
  v1::ListJoinTokensResponse listed;
  EXPECT_EQ(ReasonOf(agent->ListJoinTokens(&two, v1::ListJoinTokensRequest(), &listed)),
            v1::ERROR_REASON_NOT_ALLOWED);
  google::protobuf::Empty empty;
  v1::DeleteAgentRequest request;
  request.set_name("agents/pc1");
  EXPECT_EQ(ReasonOf(agent->DeleteAgent(&three, request, &empty)), v1::ERROR_REASON_NOT_ALLOWED);
  const auto help_desk = v1::FleetService::NewStub(Main(operators_.Issue({.name = "help-desk"})));
  ASSERT_TRUE(help_desk->CreateJoinToken(&four, v1::CreateJoinTokenRequest(), &made).ok());
  EXPECT_EQ(made.join_token().creator(), "operator help-desk");
}

// The certificate of an agent with an operator's name is still an agent's.
TEST_F(EnrolmentApiTest, NoAgentsNameMakesAnOperator) {
  Start();
  const auto agent = Main(Enrol("agents/help-desk"));
  grpc::ClientContext context;
  v1::CreateJoinTokenResponse made;
  EXPECT_EQ(ReasonOf(v1::FleetService::NewStub(agent)->CreateJoinToken(
                &context, v1::CreateJoinTokenRequest(), &made)),
            v1::ERROR_REASON_NOT_ALLOWED);
  EXPECT_EQ(JourneyClient(agent, "").Create(v1::GOAL_GET_PIN)->agent(), "agents/help-desk");
}

TEST_F(EnrolmentApiTest, RenewsOverItsOwnConnectionOnly) {
  Start();
  const auto channel = Main(Enrol("agents/pc1"));
  FakeAgent agent(channel, "agents/pc1");
  agent.Attach();
  const KeyPtr key = EcKey();
  v1::RenewAgentCertificateResponse response;
  EXPECT_EQ(ReasonOf(Renew(channel, "agents/pc2", key, response)), v1::ERROR_REASON_NOT_ALLOWED);
  const grpc::Status renewed = Renew(channel, "agents/pc1", key, response);
  ASSERT_TRUE(renewed.ok()) << renewed.error_message();
  EXPECT_TRUE(Attach(Main(IdentityOf(response, key)), "agents/pc1").ok());
  EXPECT_EQ(agent.End().error_code(), grpc::StatusCode::ABORTED) << "the newer one took over";
  // Somebody with a certificate of the other authority, though for the same name.
  EXPECT_EQ(ReasonOf(Renew(Main(operators_.Issue({.name = "pc1"})), "agents/pc1", key, response)),
            v1::ERROR_REASON_NOT_ALLOWED);
}

TEST_F(EnrolmentApiTest, ADeletedAgentIsCutOffAndStaysOut) {
  Start();
  const testing::Issued identity = Enrol("agents/pc1");
  const auto channel = Main(identity);
  FakeAgent agent(channel, "agents/pc1");
  agent.Attach();
  ASSERT_FALSE(agent.Received().empty());
  JourneyClient client(channel, "agents/pc1");
  agent.SetScript(nullptr);
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto watching = client.Context();
  v1::WatchJourneyRequest watch;
  watch.set_name(created->name());
  const auto watched = client.stub().WatchJourney(watching.get(), watch);
  v1::WatchJourneyResponse state;
  ASSERT_TRUE(watched->Read(&state));
  ASSERT_TRUE(Delete("agents/pc1").ok());
  EXPECT_EQ(ReasonOf(agent.End()), v1::ERROR_REASON_CERTIFICATE_REFUSED);
  while (watched->Read(&state)) {
  }
  EXPECT_EQ(ReasonOf(watched->Finish()), v1::ERROR_REASON_CERTIFICATE_REFUSED);
  EXPECT_EQ(ReasonOf(Attach(channel, "agents/pc1")), v1::ERROR_REASON_CERTIFICATE_REFUSED);
  EXPECT_EQ(ReasonOf(JourneyClient(channel, "agents/pc1").Create(v1::GOAL_GET_PIN).status()),
            v1::ERROR_REASON_CERTIFICATE_REFUSED);
  v1::RenewAgentCertificateResponse response;
  EXPECT_EQ(ReasonOf(Renew(channel, "agents/pc1", EcKey(), response)),
            v1::ERROR_REASON_CERTIFICATE_REFUSED);
  Restart();
  EXPECT_EQ(ReasonOf(Attach(Main(identity), "agents/pc1")), v1::ERROR_REASON_CERTIFICATE_REFUSED);
  grpc::ClientContext context;
  v1::ListAgentsResponse agents;
  ASSERT_TRUE(admin_->ListAgents(&context, v1::ListAgentsRequest(), &agents).ok());
  EXPECT_EQ(agents.agents_size(), 0);
  EXPECT_EQ(Delete("agents/pc1").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Attach(Main(Enrol("agents/pc1")), "agents/pc1").ok()) << "enrolled anew";
}

// Each round deletes it a little later: before its hello, while it attaches, and after.
TEST_F(EnrolmentApiTest, AnAgentThatIsDeletedWhileItAttachesStaysOut) {
  Start();
  for (int i = 0; i < 100; ++i) {
    const auto channel = Main(Enrol("agents/pc1"));
    ASSERT_TRUE(
        channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30)));
    FakeAgent agent(channel, "agents/pc1");
    grpc::Status deleted;
    std::thread operator_at_work([&, i] {
      std::this_thread::sleep_for(std::chrono::microseconds(20) * i);
      deleted = Delete("agents/pc1");
    });
    agent.Attach();
    operator_at_work.join();
    ASSERT_TRUE(deleted.ok()) << deleted.error_message();
    ASSERT_EQ(ReasonOf(agent.End()), v1::ERROR_REASON_CERTIFICATE_REFUSED);
    grpc::ClientContext context;
    v1::ListAgentsResponse agents;
    ASSERT_TRUE(admin_->ListAgents(&context, v1::ListAgentsRequest(), &agents).ok());
    ASSERT_EQ(agents.agents_size(), 0);
  }
  Restart();
  grpc::ClientContext context;
  v1::ListAgentsResponse agents;
  ASSERT_TRUE(admin_->ListAgents(&context, v1::ListAgentsRequest(), &agents).ok());
  EXPECT_EQ(agents.agents_size(), 0) << "nor does the store know it";
}

TEST_F(EnrolmentApiTest, KeepsAgentsAndAuthorityOverARestart) {
  Start();
  const testing::Issued identity = Enrol("agents/pc1");
  Restart();
  EXPECT_TRUE(Attach(Main(identity), "agents/pc1").ok());
  grpc::ClientContext context;
  v1::ListAgentCertificatesRequest request;
  request.set_parent("agents/pc1");
  v1::ListAgentCertificatesResponse listed;
  ASSERT_TRUE(admin_->ListAgentCertificates(&context, request, &listed).ok());
  ASSERT_EQ(listed.agent_certificates_size(), 1);
  EXPECT_FALSE(listed.agent_certificates(0).has_revoke_time());
}

TEST_F(EnrolmentApiTest, PagesCertificatesAndTokens) {
  Start();
  const auto channel = Main(Enrol("agents/pc1"));
  v1::RenewAgentCertificateResponse renewed;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Renew(channel, "agents/pc1", EcKey(), renewed).ok());
    Token();
  }
  std::vector<std::string> names;
  v1::ListAgentCertificatesRequest request;
  request.set_parent("agents/pc1");
  request.set_page_size(2);
  do {
    grpc::ClientContext context;
    v1::ListAgentCertificatesResponse page;
    ASSERT_TRUE(admin_->ListAgentCertificates(&context, request, &page).ok());
    for (const auto& certificate : page.agent_certificates()) names.push_back(certificate.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names.front(), renewed.certificate().name()) << "the newest first";
  grpc::ClientContext first, second;
  v1::ListJoinTokensRequest tokens;
  tokens.set_page_size(1);
  v1::ListJoinTokensResponse page;
  ASSERT_TRUE(admin_->ListJoinTokens(&first, tokens, &page).ok());
  const std::string newest = page.join_tokens(0).name();
  tokens.set_page_token(page.next_page_token());
  ASSERT_TRUE(admin_->ListJoinTokens(&second, tokens, &page).ok());
  EXPECT_LT(page.join_tokens(0).name(), newest);
  EXPECT_EQ(page.next_page_token(), "");
}

// gRPC itself keeps the stream, and takes calls on the connection.
TEST_F(EnrolmentApiTest, NothingGoesOnPastTheEndOfACertificate) {
  settings_.enrolment.lifetime = absl::Seconds(4);
  Start();
  const auto channel = Main(Enrol("agents/pc1"));
  FakeAgent agent(channel, "agents/pc1", nullptr);
  agent.Attach();
  ASSERT_FALSE(agent.Received().empty()) << agent.End().error_message();
  const grpc::Status end = agent.End();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(end.error_message(), HasSubstr("expired"));
  EXPECT_EQ(ReasonOf(JourneyClient(channel, "agents/pc1").Create(v1::GOAL_GET_PIN).status()),
            v1::ERROR_REASON_CERTIFICATE_REFUSED);
  v1::RenewAgentCertificateResponse response;
  EXPECT_EQ(ReasonOf(Renew(channel, "agents/pc1", EcKey(), response)),
            v1::ERROR_REASON_CERTIFICATE_REFUSED);
}

TEST_F(EnrolmentApiTest, WithoutTheAuthorityEachCallSaysSo) {
  settings_.enrolment.listen.clear();
  auto server = ControlServer::Start(settings_);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE((*server)->enrolment_addresses().empty());
  const auto admin = v1::FleetService::NewStub(
      grpc::CreateChannel("unix:" + settings_.admin_socket, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::CreateJoinTokenResponse made;
  EXPECT_EQ(ReasonOf(admin->CreateJoinToken(&context, v1::CreateJoinTokenRequest(), &made)),
            v1::ERROR_REASON_ENROLMENT_OFF);
}

}  // namespace
}  // namespace ilkimza::server
