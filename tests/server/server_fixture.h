// A server in the test's own process, on loopback and a unix socket.
#ifndef ILKIMZA_TESTS_SERVER_SERVER_FIXTURE_H_
#define ILKIMZA_TESTS_SERVER_SERVER_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/control_server.h"
#include "tests/server/fake_agent.h"
#include "tests/server/journey_client.h"
#include "tests/support/process.h"

namespace ilkimza::server {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    settings_.listen = {"unix:" + (folder_ / "server.sock"), "127.0.0.1:0"};
    settings_.store_path = folder_ / "journeys.db";
    settings_.policy.backoff_first = absl::Milliseconds(20);
    settings_.policy.backoff_last = absl::Milliseconds(100);
    settings_.shutdown = absl::Seconds(5);
  }

  void Start() {
    auto server = ControlServer::Start(settings_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = Channel();
  }
  // As after a restart of the program.
  void Restart() {
    server_.reset();
    Start();
  }

  // A connection of its own.
  [[nodiscard]] std::shared_ptr<grpc::Channel> Channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    return grpc::CreateCustomChannel(server_->addresses()[0], grpc::InsecureChannelCredentials(),
                                     arguments);
  }

  testing::TempDir folder_;
  Settings settings_;
  std::unique_ptr<ControlServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_SERVER_FIXTURE_H_
