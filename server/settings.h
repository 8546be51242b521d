// The server's configuration. deploy/server.toml shows every key with its default
// and what it is for.
#ifndef ILKIMZA_SERVER_SETTINGS_H_
#define ILKIMZA_SERVER_SETTINGS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/tls.h"
#include "ilkimza/v1/journey.pb.h"
#include "server/drift/judge.h"
#include "server/hosting/options.h"
#include "server/journey/policy.h"
#include "server/pacing/pacer.h"

namespace ilkimza::server {

struct Settings {
  std::vector<std::string> listen = {"127.0.0.1:7450"};
  std::string log_level = "info";
  v1::PortalHost portal_host = v1::PORTAL_HOST_AGENT;

  TlsFiles tls;
  std::vector<std::string> operators;

  std::string store_path;

  // A unix socket for the operator of this machine, in plain text; empty: none.
  std::string admin_socket;

  struct Enrolment {
    // Where strangers with a join token get a certificate; empty: the server issues none.
    std::vector<std::string> listen;
    // The issuing authority. Made beside the store where `make_authority` is set.
    std::string ca_certificate;
    std::string ca_key;
    bool make_authority = true;
    // What agents are told to check the server with; empty: the system's authorities.
    std::string server_ca;
    absl::Duration lifetime = absl::Hours(24 * 7);
  } enrolment;

  // The profile is that of journeys which name none; the rest is for
  // PORTAL_HOST_SERVER.
  HostingOptions portal;

  Policy policy;
  std::set<v1::Goal> goals_off;

  PacingLimits pacing = {.starts_a_minute = 120, .at_once = 500, .failing_journeys = 5};
  DriftPolicy drift;

  int max_journeys = 200'000;
  int max_agents = 100'000;
  int max_watchers = 64;
  int attaches_a_second = 150;
  absl::Duration keepalive = absl::Seconds(60);
  absl::Duration shutdown = absl::Seconds(10);

  // Agents have to show a certificate: of the configured authority, or of the one that
  // enrols them.
  [[nodiscard]] bool AgentsAreCertified() const {
    return !tls.ca.empty() || !enrolment.listen.empty();
  }
};

// Errors name file, line and key.
absl::StatusOr<Settings> ReadSettings(const std::string& path);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_SETTINGS_H_
