#include "server/settings.h"

#include "base/config.h"
#include "base/error.h"

namespace ilkimza::server {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

void ReadPolicy(Config& file, Policy& policy) {
  std::string guided = "offer";
  file.GetChoice("journey.guided", {"offer", "always", "never"}, guided);
  policy.guided = guided == "always"  ? GuidedMode::kAlways
                  : guided == "never" ? GuidedMode::kNever
                                      : GuidedMode::kOffer;
  file.GetInt("journey.wrong_credentials", 1, 4, policy.wrong_credentials);
  file.GetInt("journey.wrong_captchas", 1, 100, policy.wrong_captchas);
  file.GetInt("journey.wrong_sms_codes", 1, 100, policy.wrong_sms_codes);
  file.GetInt("journey.wrong_mail_links", 1, 100, policy.wrong_mail_links);
  file.GetInt("journey.wrong_id_or_email", 1, 100, policy.wrong_id_or_email);
  file.GetInt("journey.other_attempts", 1, 100, policy.other_attempts);
  file.GetDuration("journey.portal_deadline", absl::Seconds(1), kDay, policy.portal_deadline);
  file.GetDuration("journey.holder_deadline", absl::Seconds(1), kDay, policy.holder_deadline);
  file.GetDuration("journey.mail_deadline", absl::Seconds(1), 30 * kDay, policy.mail_deadline);
  file.GetDuration("journey.card_deadline", absl::Seconds(1), 30 * kDay, policy.card_deadline);
  file.GetDuration("journey.deadline_grace", absl::Seconds(1), absl::Hours(1),
                   policy.deadline_grace);
  file.GetDuration("journey.backoff_first", absl::Milliseconds(10), absl::Hours(1),
                   policy.backoff_first);
  file.GetDuration("journey.backoff_last", absl::Milliseconds(10), kDay, policy.backoff_last);
  file.GetDuration("journey.expiry", absl::Minutes(1), 366 * kDay, policy.expiry);
}

void ReadPacing(Config& file, PacingLimits& pacing) {
  file.GetInt("pacing.starts_a_minute", 0, 100'000, pacing.starts_a_minute);
  file.GetInt("pacing.at_once", 0, 1'000'000, pacing.at_once);
  file.GetInt("pacing.failing_journeys", 0, 100'000, pacing.failing_journeys);
  file.GetDuration("pacing.failure_window", absl::Seconds(1), kDay, pacing.failure_window);
  file.GetDuration("pacing.first_pause", absl::Seconds(1), kDay, pacing.first_pause);
  file.GetDuration("pacing.last_pause", absl::Seconds(1), kDay, pacing.last_pause);
  file.GetDuration("pacing.ramp", absl::ZeroDuration(), kDay, pacing.ramp);
}

void ReadDrift(Config& file, DriftPolicy& drift) {
  file.Get("drift.pause", drift.pause);
  // One witness could say whatever it likes.
  file.GetInt("drift.agents", 2, 32, drift.witnesses);
  file.GetDuration("drift.window", absl::Minutes(1), 366 * kDay, drift.window);
}

void ReadEnrolment(Config& file, Settings& settings) {
  Settings::Enrolment& enrolment = settings.enrolment;
  file.Get("enrolment.listen", enrolment.listen);
  file.GetPath("enrolment.ca_certificate_file", enrolment.ca_certificate);
  file.GetPath("enrolment.ca_key_file", enrolment.ca_key);
  file.GetPath("enrolment.server_ca_file", enrolment.server_ca);
  file.GetDuration("enrolment.certificate_lifetime", absl::Minutes(10), 366 * kDay,
                   enrolment.lifetime);
  enrolment.make_authority = enrolment.ca_certificate.empty() && enrolment.ca_key.empty();
  if (enrolment.make_authority) {
    const std::string folder =
        settings.store_path.substr(0, settings.store_path.find_last_of('/') + 1);
    enrolment.ca_certificate = folder + "agents-ca.pem";
    enrolment.ca_key = folder + "agents-ca.key";
  }
}

absl::Status CheckEnrolment(const Config& file, const Settings& settings) {
  const Settings::Enrolment& enrolment = settings.enrolment;
  if (enrolment.ca_certificate.empty() != enrolment.ca_key.empty()) {
    return file.ErrorAt("enrolment.ca_certificate_file",
                        "and 'enrolment.ca_key_file' are needed together, or neither.");
  }
  if (!enrolment.listen.empty() && settings.tls.certificate.empty()) {
    return file.ErrorAt("enrolment.listen",
                        "needs 'tls.certificate_file': certificates of agents are for TLS.");
  }
  for (const std::string& address : enrolment.listen) {
    TlsFiles files = settings.tls;
    files.ca.clear();
    ILKIMZA_RETURN_IF_ERROR(MakeServerCredentials(address, files).status());
  }
  return enrolment.server_ca.empty() ? absl::OkStatus()
                                     : ReadCertificates(enrolment.server_ca).status();
}

absl::Status ReadGoalsOff(Config& file, std::set<v1::Goal>& goals) {
  std::vector<std::string> names;
  file.Get("journey.goals_off", names);
  for (const std::string& name : names) {
    v1::Goal goal = v1::GOAL_UNSPECIFIED;
    if (!v1::Goal_Parse("GOAL_" + name, &goal) || goal == v1::GOAL_UNSPECIFIED) {
      return file.ErrorAt("journey.goals_off", "names '" + name +
                                                   "', which is no goal; one is "
                                                   "\"REVOKE_CERTIFICATE\".");
    }
    goals.insert(goal);
  }
  return absl::OkStatus();
}

absl::Status Check(const Config& file, const Settings& settings) {
  if (settings.listen.empty()) return file.ErrorAt("listen", "must name an address.");
  if (settings.policy.backoff_last < settings.policy.backoff_first) {
    return file.ErrorAt("journey.backoff_last", "must not be below 'journey.backoff_first'.");
  }
  if (settings.pacing.last_pause < settings.pacing.first_pause) {
    return file.ErrorAt("pacing.last_pause", "must not be below 'pacing.first_pause'.");
  }
  if (!settings.operators.empty() && settings.tls.ca.empty()) {
    return file.ErrorAt("tls.operators",
                        "needs 'tls.client_ca_file': without it nobody shows a "
                        "certificate.");
  }
  if (settings.portal_host == v1::PORTAL_HOST_AGENT) {
    for (const char* key :
         {"portal.entrance", "portal.ca_file", "portal.proxy", "portal.workers"}) {
      if (file.Has(key)) {
        return file.ErrorAt(key,
                            "is for portal_host = \"server\"; here the agents go to the portal.");
      }
    }
  }
  for (const std::string& address : settings.listen) {
    const auto credentials = MakeServerCredentials(address, settings.tls);
    if (!credentials.ok()) return credentials.status();
    if (!settings.AgentsAreCertified() && !IsLocalAddress(address)) {
      return file.ErrorAt("listen",
                          "names '" + address +
                              "', which strangers reach, and nothing says who they are: without "
                              "'tls.client_ca_file' or 'enrolment.listen' each of them would be "
                              "an operator.");
    }
  }
  return CheckEnrolment(file, settings);
}

}  // namespace

absl::StatusOr<Settings> ReadSettings(const std::string& path) {
  ILKIMZA_ASSIGN_OR_RETURN(Config file, Config::Read(path));
  Settings settings;
  std::string portal_host = "agent";
  file.Get("listen", settings.listen);
  file.GetChoice("log_level", {"trace", "debug", "info", "warning", "error", "off"},
                 settings.log_level);
  file.GetChoice("portal_host", {"agent", "server"}, portal_host);
  file.GetPath("tls.certificate_file", settings.tls.certificate);
  file.GetPath("tls.key_file", settings.tls.key);
  file.GetPath("tls.client_ca_file", settings.tls.ca);
  file.Get("tls.operators", settings.operators);
  file.Require("store.path");
  file.GetPath("store.path", settings.store_path);
  file.GetPath("admin_socket", settings.admin_socket);
  ReadEnrolment(file, settings);
  if (portal_host == "server") settings.portal_host = v1::PORTAL_HOST_SERVER;
  file.Get("portal.profile", settings.portal.profile);
  file.Get("portal.entrance", settings.portal.entrance);
  file.GetPath("portal.ca_file", settings.portal.ca_file);
  file.Get("portal.proxy", settings.portal.proxy);
  file.GetInt("portal.workers", 1, 256, settings.portal.workers);
  ReadPolicy(file, settings.policy);
  ReadPacing(file, settings.pacing);
  ReadDrift(file, settings.drift);
  const absl::Status goals_off = ReadGoalsOff(file, settings.goals_off);
  file.GetInt("limits.journeys", 1, 10'000'000, settings.max_journeys);
  file.GetInt("limits.agents", 1, 10'000'000, settings.max_agents);
  file.GetInt("limits.watchers", 1, 10'000, settings.max_watchers);
  file.GetInt("limits.attaches_a_second", 1, 100'000, settings.attaches_a_second);
  file.GetDuration("limits.keepalive", absl::Seconds(10), absl::Hours(2), settings.keepalive);
  file.GetDuration("limits.shutdown", absl::Milliseconds(100), absl::Minutes(10),
                   settings.shutdown);
  ILKIMZA_RETURN_IF_ERROR(file.Finish());
  ILKIMZA_RETURN_IF_ERROR(goals_off);
  ILKIMZA_RETURN_IF_ERROR(Check(file, settings));
  return settings;
}

}  // namespace ilkimza::server
