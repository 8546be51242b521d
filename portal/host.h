// A portal host: holds conversations with the portal and carries out the steps
// the server directs, one conversation for each journey. The agent is one, and the
// server can be one; both use this class, so both behave the same.
//
//   RunStep ──► screen to the holder ──► answer ──► portal ──► StepReport
//
// A guided step asks the portal nothing: the holder is told what to do in a browser of
// their own, and the report is what they say. A conversation that a driven step has
// opened before is logged out.
//
// A step that waits for the holder holds no thread. Answers are taken only for
// the current screen, submitted once, and wiped.
//
// Thread-safe.
#ifndef ILKIMZA_PORTAL_HOST_H_
#define ILKIMZA_PORTAL_HOST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "portal/browser.h"
#include "portal/profile.h"

namespace ilkimza::portal {

// Whoever directs the host. Called on the host's threads, never with a lock
// held; must not block.
class HostObserver {
 public:
  virtual ~HostObserver() = default;
  virtual void OnStepReport(const v1::StepReport& report) = 0;
  // Whose turn it is inside a running step.
  virtual void OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) = 0;
};

struct HostOptions {
  Profile profile;
  BrowserOptions browser;
  // Steps that talk to the portal at the same time; waiting ones do not count.
  int workers = 4;
  Clock* clock = &SystemClock();
  // Called as a stream of screens begins; what it gives is asked before each screen, and
  // its error ends the stream. With the host's lock held: it must not call back. Empty,
  // or giving an empty one: all may be seen.
  using MaySee = std::function<absl::Status()>;
  std::function<MaySee(const grpc::CallbackServerContext&)> watcher_check = nullptr;
};

class Host {
 public:
  // `observer` outlives the host.
  static absl::StatusOr<std::unique_ptr<Host>> Create(HostOptions options, HostObserver& observer);
  virtual ~Host() = default;

  // Starts a step and returns at once. A directive that runs or ran already is
  // not started again; its report is repeated if it has one.
  virtual void RunStep(const v1::RunStep& directive) = 0;
  virtual void StopStep(std::string_view journey, int64_t directive_id) = 0;
  // Logs out if it can, forgets the conversation, ends its screen streams with OK.
  virtual void CloseConversation(std::string_view journey) = 0;
  [[nodiscard]] virtual std::vector<v1::AttachAgentRequest::Conversation> Conversations() const = 0;
  // For the end of the program: ends screen streams with SHUTTING_DOWN, takes no
  // more directives, gives running steps up, and logs out of the portal, which
  // all conversations together have `grace` for. Returns when that is done or
  // given up; the journeys' conversations are lost. Idempotent.
  virtual void Shutdown(absl::Duration grace) { (void)grace; }
  // To be registered with a gRPC server, or called through.
  virtual v1::PortalService::CallbackService& service() = 0;
};

// The steps a portal host carries out; all others are the card's.
bool IsPortalStep(v1::StepKind step);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_HOST_H_
