// v1::CardService over gRPC: checks what comes in, looks the card up in what the
// monitor sees, and hands the work to the reader's thread. PINs are moved out of their
// requests at once and the requests wiped.
//
// Answers that depend on who is in the readers wait until every card that was just put
// in has said who it is, at most `kPatience`.
//
// Kept apart from card_host.h so that gRPC's headers stay in one file.
#ifndef ILKIMZA_AGENT_CARD_SERVICE_H_
#define ILKIMZA_AGENT_CARD_SERVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "agent/card/attempts.h"
#include "agent/card/monitor.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace ilkimza::agent {

class CardServer {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(3);

  struct Parts {
    std::shared_ptr<CardWorkers> workers;
    std::shared_ptr<Timer> timer;
    std::shared_ptr<Attempts> attempts;
    // Called with a reader's PC/SC name where another card than expected was in it, and
    // where one may be (MayBeAnotherCard).
    std::function<void(const std::string&)> other_card;
    std::function<void(const std::string&)> card_in_doubt;
    // The organisation's rules for new PINs.
    PinPolicy policy;
  };
  static std::unique_ptr<CardServer> Create(Parts parts);
  virtual ~CardServer() = default;

  virtual grpc::Service& service() = 0;
  // The monitor sees something new.
  virtual void OnChange(std::shared_ptr<const Snapshot> snapshot) = 0;
  // Ends watch streams and what waits with SHUTTING_DOWN, also what comes later.
  virtual void Shutdown() = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_SERVICE_H_
