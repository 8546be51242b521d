// The sandbox's strings to pull, for tests and demonstrations, as JSON over HTTPS:
// the same server as the phone, below /control/. sandbox/README.md lists every
// endpoint with its fields. Thread-safe.
#ifndef ILKIMZA_SANDBOX_CONTROL_H_
#define ILKIMZA_SANDBOX_CONTROL_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "sandbox/cards.h"
#include "sandbox/state.h"

namespace ilkimza::sandbox {

class Control {
 public:
  struct Reply {
    int status = 200;
    std::string json;
  };

  // `state` and `cards` outlive it. What both hold now is what `reset` goes back to.
  Control(State& state, Cards& cards);

  // A wrong request is 400 with {"error": ...}; an unknown path is 404.
  Reply Handle(const std::string& method, const std::string& path, const std::string& body);
  void CountOffSiteVisit();

 private:
  using Json = nlohmann::ordered_json;

  absl::StatusOr<Json> Get(const std::string& what);
  absl::StatusOr<Json> Post(const std::string& what, const Json& request);
  Json StateJson();
  Json WorldJson();
  Json SecretsJson();
  Json CaptchasJson();
  Json CardsJson();
  absl::Status SetRules(const Json& request);
  absl::Status SetHolder(const Json& request);
  absl::Status SetCertificate(const Json& request);
  absl::Status Expire(const Json& request);
  absl::Status WorkCard(const Json& request);
  void Reset();

  State& state_;
  Cards& cards_;
  World world_at_start_;
  PortalRules rules_at_start_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CONTROL_H_
