// Where journeys live: for each the ordered list of its events, and the state
// that follows from them, written in one transaction.
//
// Secrets cannot get here: what is stored are messages of the control plane.
//
// Errors: NOT_FOUND with ERROR_REASON_JOURNEY_NOT_FOUND, ABORTED where a journey is
// not at the expected revision, ALREADY_EXISTS where its name or request is taken,
// UNAVAILABLE with ERROR_REASON_STORE_FAILED for everything else.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_STORE_STORE_H_
#define ILKIMZA_SERVER_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/oversight_service.pb.h"

namespace ilkimza::server {

using JourneyPtr = std::shared_ptr<const v1::Journey>;

// A request that must not take effect twice (AIP-155). `scope` keeps callers and
// methods apart: one caller's ids mean nothing in the hands of another.
struct RequestKey {
  std::string scope;
  std::string id;
};

// What is to become durable together.
struct AppendRequest {
  // The journey after `events`, with its name and revision.
  JourneyPtr journey;
  // In order; the first one's revision is that of the journey before, plus one.
  std::vector<v1::JourneyEvent> events;
  std::optional<RequestKey> request;
};

struct JourneyQuery {
  // Only journeys of this agent; all where it is not set.
  std::optional<std::string> agent;
  bool active_only = false;
  int limit = 50;
  // Only journeys created before the one with this position; 0 starts at the newest.
  int64_t before = 0;
};

struct JourneyPage {
  std::vector<v1::Journey> journeys;
  // For the next query's `before`; 0 at the end.
  int64_t next = 0;
};

struct EventPage {
  std::vector<v1::JourneyEvent> events;
  // There are more.
  bool has_more = false;
};

// What is to become durable together of join tokens and certificates. Tokens are kept
// under the digest of what they are: the store never sees one.
struct EnrolmentChange {
  struct Token {
    std::string digest;
    v1::JoinToken token;
  };
  // New ones and those that have changed.
  std::vector<Token> tokens;
  // Digests.
  std::vector<std::string> deleted_tokens;
  // New ones and those that have changed; `expire_time` beside them is what is searched.
  std::vector<v1::AgentCertificate> certificates;
  // Agents that are forgotten; what is kept of their certificates stays.
  std::vector<std::string> deleted_agents;
};

struct EnrolmentState {
  std::vector<EnrolmentChange::Token> tokens;
  // Those that had not ended at the time asked for.
  std::vector<v1::AgentCertificate> certificates;
};

class Store {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~Store() = default;

  // Returns at once. `done` is called exactly once, after the commit and on a
  // thread of the store; it must not block. Appends are taken in the order of the
  // calls. Those that wait together are committed together.
  virtual void Append(AppendRequest request, Done done) = 0;
  virtual void SaveAgent(v1::Agent agent, Done done) = 0;
  virtual void SaveEnrolment(EnrolmentChange change, Done done) = 0;
  // In the place of the one of this name.
  virtual void SaveScreen(v1::PortalScreen screen, Done done) = 0;

  // What was acknowledged before the call is seen by it.
  virtual absl::StatusOr<v1::Journey> GetJourney(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<v1::Journey>> LoadActive() = 0;
  virtual absl::StatusOr<JourneyPage> ListJourneys(const JourneyQuery& query) = 0;
  // Oldest first, those with a revision above `after`. Empty for an unknown journey.
  virtual absl::StatusOr<EventPage> ListEvents(const std::string& journey, int64_t after,
                                               int limit) = 0;
  // The journey that the request was about, if it has been seen.
  virtual absl::StatusOr<std::optional<std::string>> FindRequest(const RequestKey& key) = 0;
  virtual absl::StatusOr<std::vector<v1::Agent>> LoadAgents() = 0;
  // All tokens, and the certificates that end after `now`. Those that ended before
  // `forget` are dropped for good.
  virtual absl::StatusOr<EnrolmentState> LoadEnrolments(absl::Time now, absl::Time forget) = 0;
  // The newest first, from `offset` on, at most `limit`.
  virtual absl::StatusOr<std::vector<v1::AgentCertificate>> ListCertificates(
      const std::string& agent, int64_t offset, int limit) = 0;
  virtual absl::StatusOr<std::vector<v1::PortalScreen>> LoadScreens() = 0;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_STORE_STORE_H_
