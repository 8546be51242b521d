// The card side of the agent: watches readers and cards, offers `CardService` to
// the holder's client, and carries out the card steps of journeys.
//
//   RunStep ──► card seen / client calls CardService with the journey ──► StepReport
//
// The twin of portal::Host. All of it is one object that needs no journey: without
// a directive, `service()` works on any card.
//
// What it promises:
// - No try of a PIN is spent that the holder did not ask for in this very call, and
//   nothing is sent twice: see agent/card/attempts.h.
// - A journey's PIN is tried only on the card whose serial the directive names.
// - Each attempt is on disk before it is sent (agent/card/journal.h). `Create` reports
//   those that an earlier run of the program left without a result as UNKNOWN, and a
//   directive whose attempt ended in an earlier run is answered from the journal.
// - A card whose last attempt an earlier run left without a known result, or in the middle of
//   a test signature, is reset as soon as it has said who it is: its PIN may still be
//   verified.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_CARD_HOST_H_
#define ILKIMZA_AGENT_CARD_CARD_HOST_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/card/pin_policy.h"
#include "base/clock.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "ilkimza/v1/journey.pb.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace ilkimza::agent {

class CardFamily;
class Pcsc;

// Whoever directs the card host. Called on the host's threads, never with a lock
// held; must not block, and may call the host.
class CardObserver {
 public:
  virtual ~CardObserver() = default;
  // May come more than once for a directive, each time with the same content.
  virtual void OnStepReport(const v1::StepReport& report) = 0;
  // Whose turn it is inside a running step.
  virtual void OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) = 0;
  // `CurrentSerial()` has changed.
  virtual void OnCardSerial(std::string_view serial) = 0;
};

struct CardHostOptions {
  // The durable journal of attempts; made if missing, in a folder that exists and
  // belongs to the user alone.
  std::filesystem::path journal;
  PinPolicy pin_policy;
  // A card's answer to one command, at most. Signing takes the longest.
  absl::Duration command_timeout = absl::Seconds(20);
  // How long another program may keep the card before CARD_BUSY.
  absl::Duration busy_timeout = absl::Seconds(8);
  // How long a connection to a card is kept open after its last use, so that the next
  // use is quicker; other programs cannot have the card for themselves meanwhile.
  absl::Duration keep_connection = absl::Seconds(1);
  Clock* clock = &SystemClock();
  // Asked after the families of our own, in this order: PKCS#11 modules
  // (agent/card/card.h).
  std::vector<std::shared_ptr<CardFamily>> families;
  // The smart-card service; null means this machine's (agent/card/pcsc.h).
  std::shared_ptr<Pcsc> pcsc;
};

class CardHost {
 public:
  // `observer` outlives the host, and may be called before this returns. Fails with
  // BAD_CONFIGURATION or, where the journal cannot be read or written, STORE_FAILED. A missing
  // smart-card service is no error: the host waits for it.
  static absl::StatusOr<std::unique_ptr<CardHost>> Create(CardHostOptions options,
                                                          CardObserver& observer);
  // Call `Shutdown` and stop the gRPC server that serves `service()` first.
  virtual ~CardHost() = default;

  // Starts a card step and returns at once. A directive that runs already is left
  // running; one that ended has its report repeated. A newer directive of the same
  // journey takes the older one's place without a report. Portal steps are ignored.
  virtual void RunStep(const v1::RunStep& directive) = 0;
  // Reports STOPPED CANCELLED, unless an attempt is on its way to the card: then its
  // result is reported as usual.
  virtual void StopStep(std::string_view journey, int64_t directive_id) = 0;
  // The journey has ended or is carried out elsewhere: drops its step, no report.
  virtual void Forget(std::string_view journey) = 0;
  // The card steps under way.
  [[nodiscard]] virtual std::vector<v1::AttachAgentRequest::Conversation> OpenSteps() const = 0;
  // The card in the reader; empty without one. With several, the one seen first.
  [[nodiscard]] virtual std::string CurrentSerial() const = 0;

  // The implementation of v1::CardService, to be registered with a gRPC server.
  virtual grpc::Service& service() = 0;
  // Ends watch streams with SHUTTING_DOWN and takes no new work. Idempotent.
  virtual void Shutdown() = 0;
};

// The steps carried out with the card; all others are a portal host's.
bool IsCardStep(v1::StepKind step);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_CARD_HOST_H_
