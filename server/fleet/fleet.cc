#include "server/fleet/fleet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::server {
namespace {

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                   "The server is shutting down; attach again, spread over the time it named.");
}

absl::Status NoSuchAgent(const std::string& name) {
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_AGENT_NOT_ATTACHED,
                   absl::StrCat("There is no agent '", name, "'; it has never attached."));
}

void SetDuration(absl::Duration from, google::protobuf::Duration& to) {
  to.set_seconds(absl::ToInt64Seconds(from));
  to.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(from % absl::Seconds(1))));
}

}  // namespace

Fleet::Fleet(const FleetOptions& options, Engine& engine, Store& store)
    : options_(options), engine_(engine), store_(store) {}

absl::Status Fleet::Start() {
  ILKIMZA_ASSIGN_OR_RETURN(const std::vector<v1::Agent> agents, store_.LoadAgents());
  const std::lock_guard lock(mutex_);
  for (const v1::Agent& agent : agents) {
    Member& member = members_[agent.name()];
    member.agent = agent;
    if (!agent.attached()) continue;
    member.agent.set_attached(false);
    *member.agent.mutable_detach_time() = ToProto(options_.clock->Now());
  }
  return absl::OkStatus();
}

void Fleet::GoAway() {
  std::vector<AgentLinkPtr> links;
  v1::AttachAgentResponse message;
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
    SetDuration(Spread(), *message.mutable_go_away()->mutable_reattach_spread());
    for (auto& [name, member] : members_) {
      if (member.link != nullptr) links.push_back(std::exchange(member.link, nullptr));
    }
  }
  for (const AgentLinkPtr& link : links) {
    link->Send(message);
    link->Close(ShuttingDown());
  }
}

absl::Duration Fleet::Spread() const {
  return std::max(options_.least_spread,
                  absl::Seconds(static_cast<double>(attached_) / options_.attach_rate));
}

v1::AttachAgentResponse Fleet::Welcome() const {
  const std::lock_guard lock(mutex_);
  v1::AttachAgentResponse message;
  SetDuration(Spread(), *message.mutable_welcome()->mutable_reattach_spread());
  return message;
}

absl::StatusOr<int64_t> Fleet::Attach(const v1::AttachAgentRequest::Hello& hello,
                                      const AgentLinkPtr& link,
                                      const std::function<absl::Status()>& still_may,
                                      std::function<void(absl::Status)> done) {
  AgentLinkPtr older;
  int64_t generation = 0;
  bool other_card = false;
  {
    const std::lock_guard lock(mutex_);
    if (leaving_) return ShuttingDown();
    ILKIMZA_RETURN_IF_ERROR(still_may());
    ILKIMZA_RETURN_IF_ERROR(RoomFor(hello.agent()));
    Member& member = members_[hello.agent()];
    generation = ++last_generation_;
    member.generation = generation;
    older = std::exchange(member.link, link);
    if (!member.agent.attached()) ++attached_;
    other_card = member.agent.card_serial() != hello.card_serial();
    member.agent.set_name(hello.agent());
    member.agent.set_version(hello.version());
    member.agent.set_attached(true);
    member.agent.set_card_serial(hello.card_serial());
    *member.agent.mutable_profile() = hello.profile();
    *member.agent.mutable_attach_time() = ToProto(options_.clock->Now());
    member.agent.clear_detach_time();
    Save(member.agent);
  }
  if (older != nullptr) {
    LogInfo("{}: attached again, the older stream ends", hello.agent());
    older->Close(MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_AGENT_NOT_ATTACHED,
                           absl::StrCat("Another stream of ", hello.agent(), " took over.")));
  } else {
    LogInfo("{}: attached, version {}", hello.agent(), hello.version());
  }
  if (other_card) engine_.CardChanged(hello.agent(), hello.card_serial(), [] {});
  engine_.AgentAttached(hello.agent(), generation, hello.profile(),
                        {hello.conversations().begin(), hello.conversations().end()},
                        std::move(done));
  return generation;
}

absl::Status Fleet::RoomFor(const std::string& agent) const {
  if (members_.size() < options_.max_agents || members_.count(agent) != 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_NOT_ALLOWED,
                   "The server knows as many agents as it may ('limits.agents').");
}

absl::Status Fleet::MayBecomeKnown(const std::string& agent) const {
  const std::lock_guard lock(mutex_);
  return RoomFor(agent);
}

void Fleet::Certified(const std::string& agent, const v1::AgentCertificate& certificate,
                      bool first) {
  const std::lock_guard lock(mutex_);
  Member& member = members_[agent];
  member.agent.set_name(agent);
  if (first) *member.agent.mutable_enrol_time() = certificate.issue_time();
  *member.agent.mutable_certificate_expire_time() = certificate.expire_time();
  Save(member.agent);
}

void Fleet::Forget(const std::string& agent, std::function<void(absl::Status)> done) {
  AgentLinkPtr link;
  int64_t generation = 0;
  bool was_attached = false;
  {
    std::unique_lock lock(mutex_);
    const auto found = members_.find(agent);
    if (found == members_.end()) {
      lock.unlock();
      return done(NoSuchAgent(agent));
    }
    link = std::move(found->second.link);
    generation = found->second.generation;
    was_attached = found->second.agent.attached();
    if (was_attached) --attached_;
    members_.erase(found);
    EnrolmentChange change;
    change.deleted_agents.push_back(agent);
    store_.SaveEnrolment(std::move(change), std::move(done));
  }
  LogInfo("{}: deleted", agent);
  if (link != nullptr) {
    link->Close(MakeError(
        absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_CERTIFICATE_REFUSED,
        absl::StrCat("The operator has deleted ", agent, "; enrol it anew to use it again.")));
  }
  if (was_attached) engine_.AgentDetached(agent, generation);
}

void Fleet::Detach(const std::string& agent, int64_t generation) {
  {
    std::unique_lock lock(mutex_);
    const auto found = members_.find(agent);
    if (found == members_.end()) {
      // Forgotten, perhaps before the engine had heard that it was attached.
      lock.unlock();
      return engine_.AgentDetached(agent, generation);
    }
    Member& member = found->second;
    if (member.generation != generation) return;
    member.link = nullptr;
    // What happens while the server leaves says nothing about the agent.
    if (leaving_ || !member.agent.attached()) return;
    member.agent.set_attached(false);
    *member.agent.mutable_detach_time() = ToProto(options_.clock->Now());
    --attached_;
    Save(member.agent);
  }
  LogInfo("{}: detached", agent);
  engine_.AgentDetached(agent, generation);
}

void Fleet::CardChanged(const std::string& agent, int64_t generation,
                        const std::string& card_serial, std::function<void()> done) {
  // Gone once both the store and the journeys have it.
  const std::shared_ptr<void> both(nullptr, [done = std::move(done)](void*) { done(); });
  {
    const std::lock_guard lock(mutex_);
    const auto found = members_.find(agent);
    if (found == members_.end() || found->second.generation != generation ||
        found->second.agent.card_serial() == card_serial) {
      return;
    }
    found->second.agent.set_card_serial(card_serial);
    Save(found->second.agent, both);
  }
  engine_.CardChanged(agent, card_serial, [both] {});
}

void Fleet::Save(const v1::Agent& agent, const std::shared_ptr<void>& until) {
  store_.SaveAgent(agent, [name = agent.name(), until](const absl::Status& status) {
    if (!status.ok()) LogError("{}: not stored: {}", name, std::string(status.message()));
  });
}

absl::StatusOr<v1::Agent> Fleet::GetAgent(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(name);
  if (found != members_.end()) return found->second.agent;
  return NoSuchAgent(name);
}

std::vector<v1::Agent> Fleet::ListAgents(const std::string& after, int limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::Agent> agents;
  for (auto at = members_.upper_bound(after); at != members_.end(); ++at) {
    if (static_cast<int>(agents.size()) == limit) break;
    agents.push_back(at->second.agent);
  }
  return agents;
}

void Fleet::Send(const std::string& agent, const v1::AttachAgentResponse& message) {
  AgentLinkPtr link;
  {
    const std::lock_guard lock(mutex_);
    const auto found = members_.find(agent);
    if (found != members_.end()) link = found->second.link;
  }
  if (link != nullptr) link->Send(message);
}

}  // namespace ilkimza::server
