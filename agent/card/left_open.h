// Cards that an earlier run of the program may have left with their PIN verified: it died
// between an attempt and the reset after it. They are closed when they are seen again.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_LEFT_OPEN_H_
#define ILKIMZA_AGENT_CARD_LEFT_OPEN_H_

#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace ilkimza::agent {

struct CardEnvironment;

class LeftOpen {
 public:
  explicit LeftOpen(std::set<std::string> serials) : serials_(std::move(serials)) {}

  // The card in the environment's reader has said that this is its serial: where it is one
  // of them it is reset at the end of the job, once, and this is true. On the reader's
  // worker thread.
  bool Close(CardEnvironment& environment, const std::string& serial);

 private:
  std::mutex mutex_;
  std::set<std::string> serials_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_LEFT_OPEN_H_
