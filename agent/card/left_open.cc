#include "agent/card/left_open.h"

#include "agent/card/worker.h"
#include "base/log.h"

namespace ilkimza::agent {

bool LeftOpen::Close(CardEnvironment& environment, const std::string& serial) {
  {
    const std::lock_guard lock(mutex_);
    if (!serials_.contains(serial)) return false;
  }
  // Asked for anew where the family has spoken through a connection of its own.
  const absl::Status begun = environment.connection.Begin(environment);
  if (!begun.ok()) {
    LogWarning("card {} could not be reset after an attempt without a result: {}", serial,
               std::string(begun.message()));
    return false;
  }
  environment.connection.MarkAttempt();
  const std::lock_guard lock(mutex_);
  serials_.erase(serial);
  return true;
}

}  // namespace ilkimza::agent
