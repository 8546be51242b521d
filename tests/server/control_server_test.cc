// The server over real gRPC on loopback, with a scripted agent.
#include "server/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "tests/server/fake_agent.h"
#include "tests/server/journey_client.h"

namespace ilkimza::server {
namespace {

class ControlServerTest : public ::testing::Test {
 protected:
  ControlServerTest() {
    std::string pattern = ::testing::TempDir() + "control_server_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    settings_.listen = {"127.0.0.1:0", "unix:" + folder_ + "/server.sock"};
    settings_.store_path = folder_ + "/journeys.db";
    settings_.policy.backoff_first = absl::Milliseconds(20);
    settings_.policy.backoff_last = absl::Milliseconds(100);
    settings_.shutdown = absl::Seconds(5);
    Start();
  }
  ~ControlServerTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    auto server = ControlServer::Start(settings_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->addresses()[0], grpc::InsecureChannelCredentials());
  }

  std::string folder_;
  Settings settings_;
  std::unique_ptr<ControlServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ControlServerTest, TakesAHolderFromTheChipToTheFirstSignature) {
  FakeAgent agent(channel_, "agents/pc1");
  agent.Attach();
  JourneyClient client(channel_, "agents/pc1");
  const auto created = client.Create(v1::GOAL_GET_PIN);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto ended = client.WaitForState(created->name(), v1::JOURNEY_STATE_SUCCEEDED);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->facts().own_pin_set());
  EXPECT_TRUE(ended->facts().portal_copy_deleted());
  EXPECT_TRUE(ended->facts().test_signature_made());
  EXPECT_EQ(ended->facts().card_serial(), kSerial);
  for (const v1::Step& step : ended->steps()) EXPECT_EQ(step.state(), v1::STEP_STATE_DONE);
  EXPECT_TRUE(agent.WaitFor([&](const std::vector<v1::AttachAgentResponse>& received) {
    return std::any_of(received.begin(), received.end(), [&](const auto& message) {
      return message.close_conversation().journey() == created->name();
    });
  }));
  ASSERT_EQ(agent.Runs().size(), 14u);
  EXPECT_TRUE(agent.Received().front().has_welcome());
}

}  // namespace
}  // namespace ilkimza::server
