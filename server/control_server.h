// All of the server in one object: store, engine, fleet and the gRPC services.
//
// Thread-safe once started.
#ifndef ILKIMZA_SERVER_CONTROL_SERVER_H_
#define ILKIMZA_SERVER_CONTROL_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/settings.h"

namespace ilkimza::server {

class ControlServer {
 public:
  // Opens the store, takes up the journeys and listens.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const Settings& settings);
  virtual ~ControlServer() = default;

  // Where it listens, with the ports that were chosen for port 0.
  [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
  // The same of 'enrolment.listen'.
  [[nodiscard]] virtual std::vector<std::string> enrolment_addresses() const = 0;
  // Tells agents and watchers to come back, lets calls end within
  // `settings.shutdown`, and closes the store. Idempotent.
  virtual void Shutdown() = 0;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_CONTROL_SERVER_H_
