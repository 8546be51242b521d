// The agents: who is attached, and the one long-lived stream of each, directives
// down and reports up.
//
//   Hello ──► engine.AgentAttached ──► Welcome, open directives
//   report ──► engine.Report ──► committed ──► ReportTaken, the next read
//
// A stream reads its next message only when the last one has been dealt with, so
// an agent cannot flood the server. Attaching again ends the older stream.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_FLEET_FLEET_H_
#define ILKIMZA_SERVER_FLEET_FLEET_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "server/engine/engine.h"
#include "server/store/store.h"

namespace ilkimza::server {

struct FleetOptions {
  Clock* clock = &SystemClock();
  // Agents known to the server, attached or not.
  std::size_t max_agents = 100'000;
  // Attaches that the server takes in a second: agents that come back after a
  // restart spread over (attached agents / this), at least `least_spread`.
  double attach_rate = 150;
  absl::Duration least_spread = absl::Seconds(1);
};

// The server's end of one agent's stream.
class AgentLink {
 public:
  virtual ~AgentLink() = default;
  // Must not block. Messages that the agent does not read in time end the stream.
  virtual void Send(const v1::AttachAgentResponse& message) = 0;
  // Sends what is queued, then ends the stream with `status`.
  virtual void Close(const absl::Status& status) = 0;
};
using AgentLinkPtr = std::shared_ptr<AgentLink>;

class Fleet : public DirectiveSink {
 public:
  // Engine and store outlive the fleet.
  Fleet(const FleetOptions& options, Engine& engine, Store& store);

  // Loads the agents seen before; none of them is attached.
  absl::Status Start();
  // Tells every agent to come back later, spread, and ends the streams.
  void GoAway();

  // A stream said hello. The result names it in the calls below; `done` is called
  // once the journeys know of the agent, and not at all where this fails. `still_may`
  // is asked at the very moment the agent becomes attached, so that none slips in which
  // Forget() has just put out; it must be quick and call nothing of the fleet.
  absl::StatusOr<int64_t> Attach(const v1::AttachAgentRequest::Hello& hello,
                                 const AgentLinkPtr& link,
                                 const std::function<absl::Status()>& still_may,
                                 std::function<void(absl::Status)> done);
  void Detach(const std::string& agent, int64_t generation);
  // `done` is called once it has been stored, for the agent and its journeys.
  void CardChanged(const std::string& agent, int64_t generation, const std::string& card_serial,
                   std::function<void()> done);
  [[nodiscard]] v1::AttachAgentResponse Welcome() const;

  // The agent got its first certificate, or its next one. It is known from here on.
  void Certified(const std::string& agent, const v1::AgentCertificate& certificate, bool first);
  // Whether another agent may become known, `agent` or a new one.
  [[nodiscard]] absl::Status MayBecomeKnown(const std::string& agent) const;
  // Ends its stream and forgets it. NOT_FOUND where it is not known. What makes
  // `still_may` refuse it comes before.
  void Forget(const std::string& agent, std::function<void(absl::Status)> done);

  absl::StatusOr<v1::Agent> GetAgent(const std::string& name) const;
  // By name, those above `after`, at most `limit`.
  [[nodiscard]] std::vector<v1::Agent> ListAgents(const std::string& after, int limit) const;

  void Send(const std::string& agent, const v1::AttachAgentResponse& message) override;

 private:
  struct Member {
    v1::Agent agent;
    int64_t generation = 0;
    AgentLinkPtr link;
  };

  // With the lock held.
  [[nodiscard]] absl::Duration Spread() const;
  [[nodiscard]] absl::Status RoomFor(const std::string& agent) const;
  // So that the store hears of an agent in the order in which it changed.
  // Holds `until` as long as it takes.
  void Save(const v1::Agent& agent, const std::shared_ptr<void>& until = nullptr);

  const FleetOptions options_;
  Engine& engine_;
  Store& store_;

  mutable std::mutex mutex_;
  std::map<std::string, Member> members_;
  std::size_t attached_ = 0;
  int64_t last_generation_ = 0;
  bool leaving_ = false;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_FLEET_FLEET_H_
