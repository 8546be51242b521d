// Many holders at once who look at a page that one server shows them, and have not answered
// yet.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "tests/bench/benches.h"
#include "tests/server/journey_client.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

using server::JourneyClient;
using testing::Process;

// One who looks at the form for a forgotten word, over a connection of their own, as their
// agent would for them.
class Holder {
 public:
  Holder(const std::string& address, const std::string& agent) : agent_(agent) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    context_.TryCancel();
    if (stream_) stream_->Finish();
  }

  void Begin() {
    const auto journey = JourneyClient(channel_, agent_).Create(v1::GOAL_RESET_SECURITY_WORD);
    DieUnless(journey.ok(), absl::StrCat("no journey: ", journey.status().message()));
    context_.AddMetadata("ilkimza-agent", agent_);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(10));
    v1::WatchScreenRequest request;
    request.set_journey(journey->name());
    stream_ = v1::PortalService::NewStub(channel_)->WatchScreen(&context_, request);
  }
  // Returns once the form is there.
  void SeeForm() {
    v1::WatchScreenResponse response;
    while (!response.screen().has_word_reset()) {
      DieUnless(stream_->Read(&response), "a holder is shown no form");
    }
  }

 private:
  const std::string agent_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchScreenResponse>> stream_;
};

// Its conversations with the portal are held by the server.
class HostingServer {
 public:
  explicit HostingServer(const Stage& stage) {
    testing::WriteFile(
        folder_ / "server.toml",
        absl::StrCat("listen = [\"127.0.0.1:0\"]\nlog_level = \"error\"\n",
                     "portal_host = \"server\"\n[portal]\nentrance = \"", stage.portal_url(),
                     "\"\nca_file = \"", stage.ca_file(), "\"\n[store]\npath = \"server.db\"\n",
                     "[pacing]\nstarts_a_minute = 0\nat_once = 0\n"));
    process_ = std::make_unique<Process>(
        Process::Options{.command = {ILKIMZA_SERVER_PROGRAM, "--config", folder_ / "server.toml",
                                     "--address-file", folder_ / "address"}});
    address_ = WaitForFile(folder_ / "address", *process_);
    address_.resize(address_.find('\n'));
  }

  // Starts so many journeys and returns when the holder of each sees the form.
  void Begin(int count) {
    const std::size_t first = holders_.size();
    for (int i = 0; i < count; ++i) {
      holders_.push_back(
          std::make_unique<Holder>(address_, absl::StrCat("agents/bench-", holders_.size() + 1)));
      holders_.back()->Begin();
    }
    for (std::size_t i = first; i < holders_.size(); ++i) holders_[i]->SeeForm();
  }

  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  void Stop() {
    holders_.clear();
    process_->Signal(SIGTERM);
    DieUnless(process_->Wait(std::chrono::seconds(30)) == 0, "the server does not stop well");
  }

 private:
  const testing::TempDir folder_;
  std::unique_ptr<Process> process_;
  std::string address_;
  std::vector<std::unique_ptr<Holder>> holders_;
};

// CPU milliseconds a second over a while.
double Load(pid_t pid, double seconds) {
  const double cpu = CpuOf(pid);
  const double start = WallNow();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return (CpuOf(pid) - cpu) * 1e3 / (WallNow() - start);
}

// KiB that one more bare connection takes.
double BareConnection(const Stage& stage, int count) {
  const testing::Finished finished =
      testing::Run({ILKIMZA_BARE_CONNECTIONS_PROGRAM, stage.portal_url(), stage.ca_file(),
                    std::to_string(count)},
                   std::chrono::seconds(120));
  std::istringstream figures(finished.output);
  double first = 0;
  double last = 0;
  DieUnless(finished.exit_code == 0 && figures >> first >> last, "no bare connections");
  return (last - first) / count;
}

}  // namespace

void BenchWaiting(Effort effort, Table& table) {
  const int count = Choose(effort, 20, 500, 500);
  const double watched = Choose(effort, 1.0, 10.0, 30.0);
  const Stage stage(2 * count + 64);
  HostingServer server(stage);
  server.Begin(1);
  const double idle_load = Load(server.pid(), watched);
  const double before = ResidentKib(server.pid());
  const int threads_before = Threads(server.pid());
  server.Begin(count);
  const double each = (ResidentKib(server.pid()) - before) / count;
  const int threads = Threads(server.pid());
  const double load = Load(server.pid(), watched);
  server.Stop();
  const double bare = BareConnection(stage, count);
  const std::string who = absl::StrCat(count, " waiting conversations, ");
  table.Add({.what = who + "memory of each; of a bare connection",
             .unit = "KiB",
             .ours = each,
             .baseline = bare});
  table.Add({.what = who + "memory of each beyond a bare connection; what is allowed",
             .unit = "KiB",
             .ours = each - bare,
             .baseline = 256,
             .aim = Row::Aim::kAtMost,
             .limit = 1});
  table.Add({.what = who + "threads; with one conversation",
             .unit = "",
             .ours = static_cast<double>(threads),
             .baseline = static_cast<double>(threads_before),
             .aim = Row::Aim::kAtMost,
             .limit = 1});
  table.Add({.what = who + "CPU in a second; with one conversation",
             .unit = "ms",
             .ours = load,
             .baseline = idle_load});
}

}  // namespace ilkimza::bench
