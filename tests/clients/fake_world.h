// The made-up holder, portal and card behind the fake agent: which step, which
// screen, how many tries. Knows nothing of gRPC.
//
// Not thread-safe: the fake agent holds a lock around it.
#ifndef ILKIMZA_TESTS_CLIENTS_FAKE_WORLD_H_
#define ILKIMZA_TESTS_CLIENTS_FAKE_WORLD_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/journey.pb.h"
#include "ilkimza/v1/journey_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"
#include "tests/clients/fake_agent.h"

namespace ilkimza::testing {

class FakeWorld {
 public:
  explicit FakeWorld(FakeAgent::World facts) : facts_(std::move(facts)) {}

  absl::StatusOr<v1::Journey> Create(const v1::CreateJourneyRequest& request);
  absl::StatusOr<v1::Journey> Cancel(const std::string& name);
  absl::StatusOr<v1::Journey> Retry(const v1::RetryJourneyRequest& request);
  absl::Status Answer(const v1::AnswerScreenRequest& answer);
  absl::StatusOr<v1::PinState> Verify(const v1::VerifyPinRequest& request);
  absl::StatusOr<v1::PinState> Change(const v1::ChangePinRequest& request);
  absl::StatusOr<v1::PinState> Unblock(const v1::UnblockPinRequest& request);
  absl::StatusOr<v1::ExportCertificateResponse> Export(const std::string& name) const;
  absl::StatusOr<v1::TestSignResponse> Sign(const v1::TestSignRequest& request);

  void CardMoved(bool present);
  // What an agent that started anew still has: nothing.
  void LoseConversation();
  void TakeUpConversation();
  void StopAt(v1::ErrorReason reason);
  void WaitFor(v1::ErrorReason reason, int seconds);
  void GoOn();
  void ShowUnknownPage();

  [[nodiscard]] v1::PinState PinState() const;
  [[nodiscard]] v1::Card Card() const;
  [[nodiscard]] v1::Reader Reader() const;
  // The one that signs, one that has ended, and one that is not valid yet.
  [[nodiscard]] std::vector<v1::Certificate> Certificates() const;
  [[nodiscard]] v1::WatchReadersResponse Readers() const;

  FakeAgent::World facts_;
  std::optional<v1::Journey> journey_;
  std::optional<v1::Screen> screen_;
  FakeAgent::Log log_;
  std::string complaint_;
  absl::Status next_answer_;
  absl::Status next_card_call_;
  bool reader_plugged_ = true;
  bool service_running_ = true;
  v1::ErrorReason service_trouble_ = v1::ERROR_REASON_UNSPECIFIED;
  // Who may hold the card; not empty: somebody does.
  std::vector<std::string> holders_;

 private:
  [[nodiscard]] bool Named(const std::string& name) const;
  v1::Step& StepOf(v1::StepKind kind);
  void Changed();
  void Enter(v1::StepKind kind, v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED);
  void Done(v1::StepState state = v1::STEP_STATE_DONE);
  void Reject(v1::ErrorReason reason);
  void Rewind(v1::StepKind target, v1::ErrorReason reason);
  void AddReset();
  void Show(v1::ErrorReason reason);
  // For a card call: what an agent checks before and after the card.
  absl::Status Try(const std::string& kind, const std::string& journey, v1::StepKind step,
                   const std::string& request_id, const std::string& pin, bool allow_last_try);

  absl::Status AnswerReset(const v1::WordResetAnswer& answer);
  absl::Status AnswerLink(const v1::MailLinkAnswer& answer);
  absl::Status AnswerWord(const v1::NewSecurityWordAnswer& answer);
  absl::Status AnswerLogin(const v1::LoginAnswer& answer);
  absl::Status AnswerCode(const v1::SmsCodeAnswer& answer);
  absl::Status AnswerGuided(const v1::GuidedAnswer& answer);
  // The operations of the portal's menu. False where the step is none of theirs.
  bool ShowMenu(v1::Screen& screen) const;
  absl::Status AnswerMenu(const v1::AnswerScreenRequest& answer);
  absl::Status AnswerInfo(const v1::InfoAnswer& answer);
  absl::Status AnswerRevocation(const v1::RevocationAnswer& answer);
  void LeaveAsItWas();
  [[nodiscard]] std::vector<v1::PortalCertificate> PortalCertificates() const;
  void AddPlan();

  [[nodiscard]] bool IsAutomatic(v1::StepKind kind) const;
  void Guide(v1::Screen& screen) const;
  void GuideRevocation(v1::GuidedStep& guided) const;

  int64_t next_screen_ = 1;
  // Of a guided journey.
  std::string typed_serial_;
  std::string confirmed_serial_;
  std::set<std::string> request_ids_;
  std::string create_id_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_CLIENTS_FAKE_WORLD_H_
