// The agent's socket from a client's side: what is forwarded, what is relayed, who
// is let in.
#include "agent/local/local_server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>

#include "absl/time/clock.h"
#include "agent/local/journey_forwarder.h"
#include "agent/local/portal_relay.h"
#include "base/error.h"
#include "grpcpp/health_check_service_interface.h"
#include "tests/agent/fake_server.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::HasSubstr;

class NoDirectives : public DirectiveSink {
 public:
  void OnRunStep(const v1::RunStep&) override {}
  void OnStopStep(std::string_view, int64_t) override {}
  void OnCloseConversation(std::string_view) override {}
  std::vector<v1::AttachAgentRequest::Conversation> Conversations() override { return {}; }
};

// A portal host that says which journey it was asked for.
class LocalHost : public v1::PortalService::CallbackService {
 public:
  grpc::ServerWriteReactor<v1::WatchScreenResponse>* WatchScreen(
      grpc::CallbackServerContext*, const v1::WatchScreenRequest* request) override {
    class OneScreen : public grpc::ServerWriteReactor<v1::WatchScreenResponse> {
     public:
      explicit OneScreen(const std::string& journey) {
        message_.mutable_screen()->set_journey(journey);
        message_.mutable_screen()->set_screen_id(1);
        StartWriteAndFinish(&message_, {}, grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      v1::WatchScreenResponse message_;
    };
    return new OneScreen(request->journey());
  }
  grpc::ServerUnaryReactor* AnswerScreen(grpc::CallbackServerContext* context,
                                         const v1::AnswerScreenRequest* request,
                                         v1::AnswerScreenResponse*) override {
    code = request->sms_code().code();
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  std::string code;
};

class LocalServerTest : public ::testing::Test {
 protected:
  explicit LocalServerTest(const ForwardOptions& options = {}) : options_(WithNames(options)) {}
  ForwardOptions WithNames(ForwardOptions options) {
    options.agent = "agents/ayse-pc7";
    options.server_address = server_.address();
    return options;
  }

  void SetUp() override { Open(geteuid()); }

  void Open(uid_t allowed_uid) {
    auto home = SocketHome::Open(socket_);
    ASSERT_TRUE(home.ok()) << home.status();
    auto local = LocalServer::Start(*std::move(home), {&forwarder_, &relay_}, allowed_uid);
    ASSERT_TRUE(local.ok()) << local.status();
    local_ = *std::move(local);
    relay_.set_self(local_->InProcessChannel());
    channel_ = grpc::CreateChannel("unix:" + socket_, grpc::InsecureChannelCredentials());
    journeys_ = v1::JourneyService::NewStub(channel_);
    portal_ = v1::PortalService::NewStub(channel_);
  }

  void Serve() {
    server_.Start();
    link_.Start();
  }

  void TearDown() override {
    link_.RefuseWaiters();
    local_->Stop(absl::ZeroDuration());
    relay_.set_self(nullptr);
    local_.reset();
    link_.Stop();
  }

  static void Hurry(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
  }
  grpc::Status Get(const std::string& name, v1::Journey* journey) {
    grpc::ClientContext context;
    Hurry(context);
    v1::GetJourneyRequest request;
    request.set_name(name);
    return journeys_->GetJourney(&context, request, journey);
  }
  grpc::Status Answer(const std::string& journey, const std::string& code) {
    grpc::ClientContext context;
    Hurry(context);
    v1::AnswerScreenRequest request;
    request.set_journey(journey);
    request.mutable_sms_code()->set_code(code);
    v1::AnswerScreenResponse response;
    return portal_->AnswerScreen(&context, request, &response);
  }

  testing::TempDir temp_;
  const std::string socket_ = temp_ / "ilkimza/agent.sock";
  FakeServer server_{"unix:" + temp_ / "server.sock"};
  NoDirectives sink_;
  ServerLink link_{{.agent = "agents/ayse-pc7",
                    .server_address = server_.address(),
                    .backoff = {.base = absl::Milliseconds(20), .cap = absl::Milliseconds(100)}},
                   [this]() -> absl::StatusOr<Dialled> {
                     grpc::ChannelArguments arguments;
                     arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
                     return Dialled{grpc::CreateCustomChannel(
                         server_.address(), grpc::InsecureChannelCredentials(), arguments)};
                   },
                   sink_};
  JourneyHosts hosts_;
  const ForwardOptions options_;
  LocalHost host_;
  JourneyForwarder forwarder_{options_, link_, hosts_};
  PortalRelay relay_{options_, link_, hosts_, host_};
  std::unique_ptr<LocalServer> local_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::JourneyService::Stub> journeys_;
  std::unique_ptr<v1::PortalService::Stub> portal_;
};

TEST_F(LocalServerTest, ForwardsCallsInTheAgentsName) {
  server_.create = [](const v1::CreateJourneyRequest& request, v1::Journey* journey) {
    *journey = request.journey();
    journey->set_name("journeys/a");
    return grpc::Status::OK;
  };
  Serve();
  grpc::ClientContext context;
  Hurry(context);
  // A client cannot speak for another agent.
  context.AddMetadata("ilkimza-agent", "agents/somebody-else");
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_goal(v1::GOAL_GET_PIN);
  v1::Journey journey;
  const grpc::Status status = journeys_->CreateJourney(&context, request, &journey);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(journey.name(), "journeys/a");
  EXPECT_EQ(journey.goal(), v1::GOAL_GET_PIN);
  EXPECT_EQ(server_.last_agent(), "agents/ayse-pc7");
}

TEST_F(LocalServerTest, ListsJourneysOfThisAgentOnly) {
  server_.list = [](const v1::ListJourneysRequest& request, v1::ListJourneysResponse* response) {
    response->add_journeys()->set_agent(request.agent());
    response->set_next_page_token(request.page_token() + "+");
    return grpc::Status::OK;
  };
  Serve();
  grpc::ClientContext context;
  Hurry(context);
  v1::ListJourneysRequest request;
  request.set_agent("agents/somebody-else");
  request.set_page_token("p");
  v1::ListJourneysResponse response;
  ASSERT_TRUE(journeys_->ListJourneys(&context, request, &response).ok());
  EXPECT_EQ(response.journeys(0).agent(), "agents/ayse-pc7");
  EXPECT_EQ(response.next_page_token(), "p+");
}

TEST_F(LocalServerTest, StatusReasonAndMetadataComeBackUnchanged) {
  server_.get = [](const v1::GetJourneyRequest&, v1::Journey*) {
    return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                                  "There is no such journey.", {{"journey", "journeys/a"}}));
  };
  Serve();
  v1::Journey journey;
  const grpc::Status status = Get("journeys/a", &journey);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "There is no such journey.");
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_JOURNEY_NOT_FOUND);
  EXPECT_EQ(MetadataOf(FromGrpcStatus(status)).at("journey"), "journeys/a");
}

TEST_F(LocalServerTest, ServerThatIsAwayIsSaidSo) {
  link_.Start();
  v1::Journey journey;
  const grpc::Status status = Get("journeys/a", &journey);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SERVER_UNREACHABLE);
  EXPECT_THAT(status.error_message(), HasSubstr(server_.address()));
}

TEST_F(LocalServerTest, ClientsDeadlineIsKeptWhileTheServerIsSilent) {
  std::promise<void> release;
  auto released = release.get_future().share();
  server_.get = [released](const v1::GetJourneyRequest&, v1::Journey*) {
    released.wait();
    return grpc::Status::OK;
  };
  Serve();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  v1::GetJourneyRequest request;
  v1::Journey journey;
  EXPECT_EQ(journeys_->GetJourney(&context, request, &journey).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  release.set_value();
}

TEST_F(LocalServerTest, WatchPassesEachStateAndTheEnd) {
  server_.watch = [](grpc::ServerContext&, const v1::WatchJourneyRequest& request,
                     grpc::ServerWriter<v1::WatchJourneyResponse>& writer) {
    v1::WatchJourneyResponse response;
    for (int i = 1; i <= 3; ++i) {
      response.mutable_journey()->set_revision(request.after_revision() + i);
      writer.Write(response);
    }
    return grpc::Status::OK;
  };
  Serve();
  grpc::ClientContext context;
  Hurry(context);
  v1::WatchJourneyRequest request;
  request.set_name("journeys/a");
  request.set_after_revision(7);
  const auto reader = journeys_->WatchJourney(&context, request);
  v1::WatchJourneyResponse response;
  std::vector<int64_t> revisions;
  while (reader->Read(&response)) revisions.push_back(response.journey().revision());
  EXPECT_EQ(revisions, (std::vector<int64_t>{8, 9, 10}));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(LocalServerTest, ClientThatLeavesEndsTheServersWatch) {
  std::promise<void> cancelled;
  server_.watch = [&](grpc::ServerContext& context, const v1::WatchJourneyRequest&,
                      grpc::ServerWriter<v1::WatchJourneyResponse>& writer) {
    v1::WatchJourneyResponse response;
    writer.Write(response);
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    cancelled.set_value();
    return grpc::Status::CANCELLED;
  };
  Serve();
  grpc::ClientContext context;
  const auto reader = journeys_->WatchJourney(&context, {});
  v1::WatchJourneyResponse response;
  ASSERT_TRUE(reader->Read(&response));
  context.TryCancel();
  EXPECT_EQ(cancelled.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(LocalServerTest, ServerThatGoesEndsTheClientsWatch) {
  server_.watch = [](grpc::ServerContext& context, const v1::WatchJourneyRequest&,
                     grpc::ServerWriter<v1::WatchJourneyResponse>& writer) {
    writer.Write({});
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return ToGrpcStatus(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                                  "The server is shutting down."));
  };
  Serve();
  grpc::ClientContext context;
  Hurry(context);
  const auto reader = journeys_->WatchJourney(&context, {});
  v1::WatchJourneyResponse response;
  ASSERT_TRUE(reader->Read(&response));
  server_.Stop();
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(LocalServerTest, JourneysOfThisAgentGoToItsOwnHost) {
  hosts_.Note("journeys/a", v1::PORTAL_HOST_AGENT);
  EXPECT_TRUE(Answer("journeys/a", "135790").ok());
  EXPECT_EQ(host_.code, "135790");
}

TEST_F(LocalServerTest, JourneysOfTheServerAreRelayedToIt) {
  std::string code;
  server_.answer = [&](const v1::AnswerScreenRequest& request) {
    code = request.sms_code().code();
    return grpc::Status::OK;
  };
  server_.screens = [](grpc::ServerContext&, const v1::WatchScreenRequest& request,
                       grpc::ServerWriter<v1::WatchScreenResponse>& writer) {
    v1::WatchScreenResponse response;
    response.mutable_screen()->set_journey(request.journey());
    response.mutable_screen()->set_screen_id(5);
    response.mutable_screen()->mutable_login()->mutable_captcha()->set_image(
        std::string(300'000, 'x'));
    writer.Write(response);
    return grpc::Status::OK;
  };
  Serve();
  hosts_.Note("journeys/s", v1::PORTAL_HOST_SERVER);
  EXPECT_TRUE(Answer("journeys/s", "135790").ok());
  EXPECT_EQ(code, "135790");
  EXPECT_EQ(host_.code, "");
  EXPECT_EQ(server_.last_agent(), "agents/ayse-pc7");

  grpc::ClientContext context;
  Hurry(context);
  v1::WatchScreenRequest request;
  request.set_journey("journeys/s");
  const auto reader = portal_->WatchScreen(&context, request);
  v1::WatchScreenResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.screen().screen_id(), 5);
  EXPECT_EQ(response.screen().login().captcha().image().size(), 300'000u);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(LocalServerTest, UnknownJourneysAreAskedForFirst) {
  server_.get = [](const v1::GetJourneyRequest& request, v1::Journey* journey) {
    if (request.name() == "journeys/none") {
      return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                                    "No such journey."));
    }
    journey->set_name(request.name());
    journey->set_portal_host(request.name() == "journeys/s" ? v1::PORTAL_HOST_SERVER
                                                            : v1::PORTAL_HOST_AGENT);
    return grpc::Status::OK;
  };
  std::string code;
  server_.answer = [&](const v1::AnswerScreenRequest& request) {
    code = request.sms_code().code();
    return grpc::Status::OK;
  };
  Serve();
  EXPECT_TRUE(Answer("journeys/s", "111").ok());
  EXPECT_EQ(code, "111");
  EXPECT_TRUE(Answer("journeys/a", "222").ok());
  EXPECT_EQ(host_.code, "222");
  EXPECT_EQ(code, "111");
  EXPECT_EQ(ReasonOf(Answer("journeys/none", "333")), v1::ERROR_REASON_JOURNEY_NOT_FOUND);

  grpc::ClientContext context;
  Hurry(context);
  v1::WatchScreenRequest request;
  request.set_journey("journeys/b");
  const auto reader = portal_->WatchScreen(&context, request);
  v1::WatchScreenResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.screen().journey(), "journeys/b");
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());
}

// Nothing ends there by its own deadline.
class HangingServerTest : public LocalServerTest {
 protected:
  HangingServerTest()
      : LocalServerTest({.call_timeout = absl::Hours(1), .patience = absl::Hours(1)}) {}
};

TEST_F(HangingServerTest, TheQuestionWhoHostsAJourneyEndsWithTheAgent) {
  std::promise<void> asked, release;
  server_.get = [&](const v1::GetJourneyRequest&, v1::Journey*) {
    asked.set_value();
    release.get_future().wait();
    return grpc::Status::OK;
  };
  Serve();
  const auto answer = std::async(std::launch::async, [&] {
    grpc::ClientContext context;
    v1::AnswerScreenRequest request;
    request.set_journey("journeys/s");
    v1::AnswerScreenResponse response;
    return portal_->AnswerScreen(&context, request, &response).ok();
  });
  asked.get_future().wait();
  const auto stopped = std::async(std::launch::async, [&] { local_->Stop(absl::ZeroDuration()); });
  EXPECT_EQ(stopped.wait_for(kPatience), std::future_status::ready);
  release.set_value();
  answer.wait();
}

TEST_F(LocalServerTest, ForwardedJourneysTeachWhoHostsThem) {
  server_.get = [](const v1::GetJourneyRequest& request, v1::Journey* journey) {
    journey->set_name(request.name());
    journey->set_portal_host(v1::PORTAL_HOST_SERVER);
    return grpc::Status::OK;
  };
  Serve();
  v1::Journey journey;
  ASSERT_TRUE(Get("journeys/s", &journey).ok());
  EXPECT_EQ(hosts_.Find("journeys/s"), v1::PORTAL_HOST_SERVER);
}

TEST_F(LocalServerTest, ServerWithoutPortalIsSaidSo) {
  server_.offers_portal = false;
  Serve();
  hosts_.Note("journeys/s", v1::PORTAL_HOST_SERVER);
  const grpc::Status status = Answer("journeys/s", "1");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_PORTAL_HOST_OFF);
}

TEST_F(LocalServerTest, LargeRequestsAreRefused) {
  hosts_.Note("journeys/a", v1::PORTAL_HOST_AGENT);
  const std::string large(LocalServer::kMaxRequestBytes + 1, '1');
  EXPECT_EQ(Answer("journeys/a", large).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(host_.code, "");
}

TEST_F(LocalServerTest, OtherUsersAreTurnedAway) {
  TearDown();
  Open(geteuid() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  char byte = 0;
  // Closed without a word: the server of gRPC would greet with its settings.
  EXPECT_LE(read(fd, &byte, 1), 0);
  close(fd);
  v1::Journey journey;
  EXPECT_EQ(Get("journeys/a", &journey).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(LocalServerTest, StopCancelsWhatDoesNotEnd) {
  server_.watch = [](grpc::ServerContext& context, const v1::WatchJourneyRequest&,
                     grpc::ServerWriter<v1::WatchJourneyResponse>& writer) {
    writer.Write({});
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return grpc::Status::CANCELLED;
  };
  Serve();
  grpc::ClientContext context;
  Hurry(context);
  const auto reader = journeys_->WatchJourney(&context, {});
  v1::WatchJourneyResponse response;
  ASSERT_TRUE(reader->Read(&response));
  local_->Stop(absl::Milliseconds(20));
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_FALSE(reader->Finish().ok());
}

}  // namespace
}  // namespace ilkimza::agent
