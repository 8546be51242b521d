// Many holders at once who were shown a page by one server and have not answered yet.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "tests/bench/benches.h"
#include "tests/server/journey_client.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

using server::JourneyClient;
using testing::Process;

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
    std::string address = WaitForFile(folder_ / "address", *process_);
    address.resize(address.find('\n'));
    channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  }

  // Starts so many journeys and returns when the holder of each is asked.
  void Begin(int count) {
    for (int i = 0; i < count; ++i) {
      JourneyClient client(channel_, absl::StrCat("agents/bench-", ++begun_));
      const auto journey = client.Create(v1::GOAL_RESET_SECURITY_WORD);
      DieUnless(journey.ok(), absl::StrCat("no journey: ", journey.status().message()));
    }
    for (int i = 0; i < 1200 && Asked() < begun_; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    DieUnless(Asked() == begun_, absl::StrCat("of ", begun_, " holders ", Asked(), " are asked"));
    // The captcha's picture may still be on its way.
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }

  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  void Stop() const {
    process_->Signal(SIGTERM);
    DieUnless(process_->Wait(std::chrono::seconds(30)) == 0, "the server does not stop well");
  }

 private:
  int Asked() {
    const auto stub = v1::JourneyService::NewStub(channel_);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::ListJourneysRequest request;
    request.set_page_size(1000);
    v1::ListJourneysResponse response;
    DieUnless(stub->ListJourneys(&context, request, &response).ok(), "no list of journeys");
    int asked = 0;
    for (const v1::Journey& journey : response.journeys()) {
      asked += journey.turn() == v1::ACTOR_HOLDER ? 1 : 0;
    }
    return asked;
  }

  const testing::TempDir folder_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<grpc::Channel> channel_;
  int begun_ = 0;
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
