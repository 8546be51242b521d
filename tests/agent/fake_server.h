// A server of tests: FleetService, JourneyService and PortalService over a real
// socket, playing what the test says. It can go away and come back at the same
// address.
#ifndef ILKIMZA_TESTS_AGENT_FAKE_SERVER_H_
#define ILKIMZA_TESTS_AGENT_FAKE_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ilkimza/v1/fleet_service.grpc.pb.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"

namespace ilkimza::agent {

// How long a test waits for something that should come; never measured.
inline constexpr std::chrono::seconds kPatience{30};

class FakeServer final : v1::FleetService::Service,
                         v1::JourneyService::Service,
                         v1::PortalService::Service {
 public:
  // What the services of the test do; to be set before the calls come.
  std::function<grpc::Status(const v1::CreateJourneyRequest&, v1::Journey*)> create;
  std::function<grpc::Status(const v1::GetJourneyRequest&, v1::Journey*)> get;
  std::function<grpc::Status(const v1::ListJourneysRequest&, v1::ListJourneysResponse*)> list;
  std::function<grpc::Status(grpc::ServerContext&, const v1::WatchJourneyRequest&,
                             grpc::ServerWriter<v1::WatchJourneyResponse>&)>
      watch;
  std::function<grpc::Status(const v1::AnswerScreenRequest&)> answer;
  std::function<grpc::Status(grpc::ServerContext&, const v1::WatchScreenRequest&,
                             grpc::ServerWriter<v1::WatchScreenResponse>&)>
      screens;
  // Set: attachments are refused with it.
  std::optional<grpc::Status> refuse_attach;
  // False: hello is never answered.
  bool welcomes = true;
  bool offers_portal = true;
  std::chrono::seconds reattach_spread{0};

  // `address` such as "unix:/some/where.sock". Does not listen yet.
  explicit FakeServer(std::string address) : address_(std::move(address)) {}
  ~FakeServer() override { Stop(); }

  void Start(std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  // Ends all calls at once.
  void Stop();
  [[nodiscard]] const std::string& address() const { return address_; }
  // The address with the port that was given, for addresses with port 0.
  [[nodiscard]] int port() const { return port_; }

  // The next message of any attachment; nothing if none comes.
  std::optional<v1::AttachAgentRequest> Next();
  // Sends down the newest attachment.
  void Send(const v1::AttachAgentResponse& message);
  // Breaks the newest attachment off.
  void BreakAttachment();
  // True once `count` attachments have ended in good order, by the agent.
  bool WaitForFarewells(int count);

  // The metadata `ilkimza-agent` of the last call that was forwarded.
  [[nodiscard]] std::string last_agent();

 private:
  struct Stream {
    grpc::ServerReaderWriter<v1::AttachAgentResponse, v1::AttachAgentRequest>* wire;
    grpc::ServerContext* context;
  };

  grpc::Status AttachAgent(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::AttachAgentResponse, v1::AttachAgentRequest>* wire) override;
  grpc::Status CreateJourney(grpc::ServerContext* context, const v1::CreateJourneyRequest* request,
                             v1::Journey* response) override;
  grpc::Status GetJourney(grpc::ServerContext* context, const v1::GetJourneyRequest* request,
                          v1::Journey* response) override;
  grpc::Status ListJourneys(grpc::ServerContext* context, const v1::ListJourneysRequest* request,
                            v1::ListJourneysResponse* response) override;
  grpc::Status WatchJourney(grpc::ServerContext* context, const v1::WatchJourneyRequest* request,
                            grpc::ServerWriter<v1::WatchJourneyResponse>* writer) override;
  grpc::Status WatchScreen(grpc::ServerContext* context, const v1::WatchScreenRequest* request,
                           grpc::ServerWriter<v1::WatchScreenResponse>* writer) override;
  grpc::Status AnswerScreen(grpc::ServerContext* context, const v1::AnswerScreenRequest* request,
                            v1::AnswerScreenResponse* response) override;

  void Push(const v1::AttachAgentRequest& message);
  void NoteAgent(const grpc::ServerContext& context);

  const std::string address_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::AttachAgentRequest> inbox_;
  std::shared_ptr<Stream> stream_;
  int farewells_ = 0;
  std::string last_agent_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_TESTS_AGENT_FAKE_SERVER_H_
