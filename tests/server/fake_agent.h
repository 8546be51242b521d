// An agent of scripted behaviour: attaches over real gRPC, takes directives and
// answers each as the script says.
#ifndef ILKIMZA_TESTS_SERVER_FAKE_AGENT_H_
#define ILKIMZA_TESTS_SERVER_FAKE_AGENT_H_

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ilkimza/v1/fleet_service.grpc.pb.h"

namespace ilkimza::server {

// The serial of the portal's row and of the chip, where all goes well.
inline constexpr char kSerial[] = "87211470000000000001";

// DONE, with what the step has to tell.
v1::StepReport DoneReport(const v1::RunStep& run);
v1::StepReport MakeReport(const v1::RunStep& run, v1::StepOutcome outcome, v1::ErrorReason reason);

// Thread-safe.
class FakeAgent {
 public:
  // What to report for a directive; nothing for a step that goes on.
  using Script = std::function<std::optional<v1::StepReport>(const v1::RunStep&)>;

  FakeAgent(const std::shared_ptr<grpc::Channel>& channel, std::string name,
            Script script = DoneReport);
  ~FakeAgent();

  // Says hello and waits for the answer: a welcome, or the end of the stream.
  // The conversations are those it still holds.
  void Attach(const std::vector<std::string>& conversations = {});
  void Send(const v1::AttachAgentRequest& request);
  void Report(const v1::StepReport& report);
  // The connection is lost.
  void Drop();
  // How the stream ended; waits for it.
  grpc::Status End();

  // Everything received since the first Attach().
  [[nodiscard]] std::vector<v1::AttachAgentResponse> Received() const;
  // The directives among it.
  [[nodiscard]] std::vector<v1::RunStep> Runs() const;
  // False where it does not come to that within half a minute.
  bool WaitFor(const std::function<bool(const std::vector<v1::AttachAgentResponse>&)>& condition);
  // The first directive of this kind that is not older than `from`.
  std::optional<v1::RunStep> WaitForRun(v1::StepKind kind, std::size_t from = 0);
  void SetScript(Script script);

 private:
  using Stream = grpc::ClientReaderWriter<v1::AttachAgentRequest, v1::AttachAgentResponse>;
  void Read();

  const std::unique_ptr<v1::FleetService::Stub> stub_;
  const std::string name_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  std::vector<v1::AttachAgentResponse> received_;
  bool has_ended_ = true;
  grpc::Status end_;
  std::size_t seen_at_attach_ = 0;

  std::mutex write_mutex_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<Stream> stream_;
  std::thread reader_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_FAKE_AGENT_H_
