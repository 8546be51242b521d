// How a portal host keeps its journeys. Inside of portal/ only: host.cc takes
// directives, watches and answers, host_steps.cc carries the steps out.
//
// Each journey has a strand, on which all that talks to the portal runs, one after the
// other; everything else is guarded by the host's lock and never waits.
#ifndef ILKIMZA_PORTAL_HOST_IMPL_H_
#define ILKIMZA_PORTAL_HOST_IMPL_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "portal/answers.h"
#include "portal/conversation.h"
#include "portal/host.h"
#include "portal/watch.h"
#include "portal/workers.h"

namespace ilkimza::portal {

struct Journey {
  explicit Journey(std::string id) : name(std::move(id)) {}

  const std::string name;
  // Everything a step does runs here, one after the other.
  const std::shared_ptr<Workers::Strand> strand = std::make_shared<Workers::Strand>();

  // -- Only on the strand --
  std::unique_ptr<Conversation> conversation;

  // -- Under the host's lock --
  v1::RunStep directive;  // under way, or the last one
  bool running = false;
  bool waiting = false;  // for the holder, on `screen`
  bool closed = false;
  bool has_conversation = false;
  int64_t stop_up_to = 0;  // directives up to this one are not wanted any more
  int64_t posted_up_to = 0;
  std::stop_source stop;
  v1::Screen screen;  // what is shown now; screen_id 0: nothing yet
  int64_t last_screen_id = 0;
  std::map<int64_t, v1::StepReport> reports;
  std::set<Watch*> watches;
};

using JourneyPtr = std::shared_ptr<Journey>;

class HostImpl final : public Host {
 public:
  HostImpl(HostOptions options, HostObserver& observer)
      : options_(std::move(options)),
        observer_(observer),
        service_(*this),
        alarms_(*options_.clock),
        workers_(options_.workers) {}

  ~HostImpl() override;

  void RunStep(const v1::RunStep& directive) override;
  void StopStep(std::string_view journey, int64_t directive_id) override;
  void CloseConversation(std::string_view journey) override;
  std::vector<v1::AttachAgentRequest::Conversation> Conversations() const override;
  void Shutdown(absl::Duration grace) override;
  v1::PortalService::CallbackService& service() override { return service_; }

 private:
  class Service final : public v1::PortalService::CallbackService {
   public:
    explicit Service(HostImpl& host) : host_(host) {}
    grpc::ServerWriteReactor<v1::WatchScreenResponse>* WatchScreen(
        grpc::CallbackServerContext* context, const v1::WatchScreenRequest* request) override {
      const auto& check = host_.options_.watcher_check;
      return host_.StartWatch(request->journey(), check ? check(*context) : nullptr);
    }
    grpc::ServerUnaryReactor* AnswerScreen(grpc::CallbackServerContext* context,
                                           const v1::AnswerScreenRequest* request,
                                           v1::AnswerScreenResponse*) override {
      // The message is gRPC's own copy, and nobody reads it after this.
      const absl::Status status =
          host_.TakeAnswerTo(const_cast<v1::AnswerScreenRequest&>(*request));
      grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(ToGrpcStatus(status));
      return reactor;
    }

   private:
    HostImpl& host_;
  };

  // -- The service --
  Watch* StartWatch(const std::string& name, HostOptions::MaySee may_see);
  absl::Status TakeAnswerTo(v1::AnswerScreenRequest& request);
  void WatchIsDone(const std::string& name, Watch* watch);

  // -- On a journey's strand --
  void Start(const JourneyPtr& journey, const v1::RunStep& directive);
  void Carry(const JourneyPtr& journey, const v1::RunStep& directive, const std::stop_token& stop);
  void Resume(const JourneyPtr& journey, int64_t directive_id, Answer answer);
  Ending Submit(const JourneyPtr& journey, const v1::RunStep& directive, const Answer& answer,
                const std::stop_token& stop);
  void EndIfRunning(const JourneyPtr& journey, int64_t directive_id, v1::ErrorReason reason);
  void End(const JourneyPtr& journey, const v1::RunStep& directive, Ending ending);
  void Guide(const JourneyPtr& journey, const v1::RunStep& directive);
  void Ask(const JourneyPtr& journey, const v1::RunStep& directive, View view);
  void AskWith(const JourneyPtr& journey, const v1::RunStep& directive, v1::Screen screen);
  void Close(const JourneyPtr& journey);
  absl::Status NeedConversation(const JourneyPtr& journey);
  void DropConversation(const JourneyPtr& journey);
  void LeavePortal(const JourneyPtr& journey);

  // -- With the lock --
  JourneyPtr Find(std::string_view name) const;
  JourneyPtr FindOrAdd(const std::string& name);
  void Show(Journey& journey, v1::Screen screen);
  void Post(const JourneyPtr& journey, Task task) {
    workers_.Post(journey->strand, std::move(task));
  }

  const HostOptions options_;
  HostObserver& observer_;
  Service service_;
  mutable std::mutex mutex_;
  std::condition_variable watches_gone_;
  std::map<std::string, JourneyPtr, std::less<>> journeys_;
  std::deque<std::string> closed_;  // the latest ones
  std::size_t watch_count_ = 0;
  bool shutting_down_ = false;
  int farewells_ = 0;  // to the portal, not yet said
  std::condition_variable farewell_said_;
  std::stop_source no_farewells_;
  Alarms alarms_;
  Workers workers_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_HOST_IMPL_H_
