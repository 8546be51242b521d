// A host with a client and a server at its sides, for tests: directives in, reports
// and screens out, over real gRPC.
#ifndef ILKIMZA_TESTS_PORTAL_HOST_CLIENT_H_
#define ILKIMZA_TESTS_PORTAL_HOST_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "portal/host.h"
#include "tests/portal/sandbox_portal.h"

namespace ilkimza::portal {

inline constexpr char kJourney[] = "journeys/1";

// What the host tells the server.
class Reports final : public HostObserver {
 public:
  void OnStepReport(const v1::StepReport& report) override;
  void OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) override;

  // The report of this directive, waited for; empty if none comes in time.
  v1::StepReport Of(int64_t directive_id);
  // How many came for it so far.
  int CountOf(int64_t directive_id);
  // Waits for `count` reports of it.
  bool WaitForCount(int64_t directive_id, int count);
  std::vector<v1::Actor> TurnsOf(int64_t directive_id);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<v1::StepReport> reports_;
  std::vector<std::pair<int64_t, v1::Actor>> turns_;
};

// One open WatchScreen.
class ScreenStream {
 public:
  ScreenStream(v1::PortalService::Stub& stub, const std::string& journey);
  ~ScreenStream();

  using Wanted = std::function<bool(const v1::Screen&)>;
  // The latest screen once it is as wanted; an empty one if that does not happen.
  v1::Screen WaitFor(const Wanted& wanted);
  v1::Screen Latest();
  v1::Screen WaitForKind(v1::Screen::KindCase kind, int64_t above_id = 0);
  // Waits for the end of the stream.
  grpc::Status End();
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchScreenResponse>> reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  v1::Screen latest_;
  bool ended_ = false;
  grpc::Status status_;
  std::jthread thread_;
};

class HostClient {
 public:
  explicit HostClient(SandboxPortal& portal, Clock* clock = &SystemClock());
  // At a site of the test's own: answers hold a made-up captcha.
  explicit HostClient(HostOptions options);
  ~HostClient();

  Host& host() { return *host_; }
  Reports& reports() { return reports_; }
  v1::PortalService::Stub& stub() { return *stub_; }

  // Directs the step as the next directive, and returns its id.
  int64_t Direct(v1::StepKind step, const std::function<void(v1::RunStep&)>& change = {});
  // The same for a step that asks nothing, with its report.
  v1::StepReport Run(v1::StepKind step);
  // Directs it, answers its screen as a holder who makes no mistake, and returns
  // the report. `change` may spoil the answer.
  v1::StepReport RunAnswered(v1::StepKind step,
                             const std::function<void(v1::AnswerScreenRequest&)>& change = {});
  // Every step from the entrance up to and with `last`.
  v1::StepReport Through(v1::StepKind last);

  grpc::Status Send(v1::AnswerScreenRequest& request);
  v1::AnswerScreenRequest AnswerTo(const v1::Screen& screen);
  ScreenStream& stream() { return *stream_; }

  Holder holder = Ayse();
  std::string card = Ayse().serials[0];

 private:
  template <typename Form, typename Answer>
  void FillIn(const Form& form, Answer& answer);
  std::string Read(const v1::Captcha& captcha);

  const Profile profile_;
  SandboxPortal* portal_ = nullptr;
  Reports reports_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::PortalService::Stub> stub_;
  std::unique_ptr<ScreenStream> stream_;
  int64_t last_directive_ = 0;
  int64_t last_answered_ = 0;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_PORTAL_HOST_CLIENT_H_
