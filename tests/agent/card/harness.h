// A CardHost as its neighbours see it: a gRPC stub in front, an observer behind, the
// journal in a folder of its own.
#ifndef ILKIMZA_TESTS_AGENT_CARD_HARNESS_H_
#define ILKIMZA_TESTS_AGENT_CARD_HARNESS_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "agent/card/card_host.h"
#include "agent/card/pcsc.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "sandbox/card/simulator.h"
#include "tests/sandbox/card/hex.h"
#include "tests/support/process.h"

namespace ilkimza::agent {

// Keeps what it is told. Thread-safe.
class RecordingObserver final : public CardObserver {
 public:
  void OnStepReport(const v1::StepReport& report) override;
  void OnTurn(std::string_view journey, int64_t directive_id, v1::Actor turn) override;
  void OnCardSerial(std::string_view serial) override;

  // The last report of that directive; waits for it, and gives nothing after twenty
  // seconds.
  std::optional<v1::StepReport> WaitForReport(int64_t directive_id);
  // Whether `serial` becomes the current one within twenty seconds.
  bool WaitForSerial(std::string_view serial);
  [[nodiscard]] int ReportCount(int64_t directive_id) const;
  [[nodiscard]] std::vector<v1::Actor> Turns(int64_t directive_id) const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<v1::StepReport> reports_;
  std::vector<std::pair<int64_t, v1::Actor>> turns_;
  std::string serial_;
};

class Harness {
 public:
  explicit Harness(std::shared_ptr<Pcsc> pcsc = nullptr, CardHostOptions options = {});
  ~Harness();

  CardHost& host() { return *host_; }
  RecordingObserver& observer() { return observer_; }
  v1::CardService::Stub& stub() { return *stub_; }
  [[nodiscard]] std::filesystem::path journal() const { return folder_ / "attempts.jsonl"; }
  // The agent ends and starts again, with the same journal.
  void Restart();
  // The agent ends; `between` may look at the journal or change it before it starts.
  void Restart(const std::function<void()>& between);

  // --- Calls, with a deadline of a minute ---
  absl::Status Verify(v1::VerifyPinRequest request, v1::VerifyPinResponse* response = nullptr);
  absl::Status Verify(const std::string& card, const std::string& pin, bool last_try = false,
                      v1::VerifyPinResponse* response = nullptr);
  absl::Status Change(v1::ChangePinRequest request, v1::ChangePinResponse* response = nullptr);
  absl::Status TestSign(v1::TestSignRequest request, v1::TestSignResponse* response = nullptr);
  absl::StatusOr<v1::PinState> PinState(const std::string& card);
  absl::StatusOr<std::vector<v1::Certificate>> Certificates(const std::string& card);
  absl::StatusOr<std::vector<v1::Card>> Cards();
  // The first card, once it has told its serial; a failure of the test after twenty seconds.
  v1::Card WaitForCard();
  absl::StatusOr<std::vector<v1::Reader>> Readers();

 private:
  void Start();
  void Stop();

  const testing::TempDir folder_;
  const std::shared_ptr<Pcsc> pcsc_;
  const CardHostOptions options_;
  RecordingObserver observer_;
  std::unique_ptr<CardHost> host_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::CardService::Stub> stub_;
};

// "cards/..." of a practice card.
std::string NameOf(const sandbox::CardSimulator& card);
using sandbox::MakeCard;

v1::RunStep Directive(int64_t id, v1::StepKind step, std::vector<std::string> serials = {},
                      v1::ErrorReason last_reason = v1::ERROR_REASON_UNSPECIFIED);
inline constexpr char kJourney[] = "journeys/j1";

}  // namespace ilkimza::agent

#endif  // ILKIMZA_TESTS_AGENT_CARD_HARNESS_H_
