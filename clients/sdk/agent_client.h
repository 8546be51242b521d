// Calls to the agent on its unix socket. Everything a client does goes through
// here: the agent answers for card and portal, and forwards what the server owns.
//
// Every call has a deadline. Errors carry a reason (base/error.h); where nobody
// answers it is ERROR_REASON_AGENT_UNREACHABLE. Nothing is sent twice. Where the answer to a
// call with a PIN or PUK was lost it is ERROR_REASON_ATTEMPT_UNKNOWN, with "answer" = "lost"
// in its metadata.
//
// Thread-safe; calls block.
//
//   ILKIMZA_ASSIGN_OR_RETURN(auto agent, AgentClient::Connect(socket));
//   ILKIMZA_ASSIGN_OR_RETURN(auto cards, agent->ListCards({}));
#ifndef ILKIMZA_CLIENTS_SDK_AGENT_CLIENT_H_
#define ILKIMZA_CLIENTS_SDK_AGENT_CLIENT_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/diagnosis_service.pb.h"
#include "ilkimza/v1/journey_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza::client {

// Where the agent listens when nothing else is said: "ilkimza/agent.sock" in
// $XDG_RUNTIME_DIR, or in /run/user/UID where that is not set.
std::string DefaultSocket();

// The path of a socket given as "/path", "unix:/path" or "unix:///path". Refused with
// ERROR_REASON_BAD_FIELD: a path that is not absolute or longer than the system takes.
absl::StatusOr<std::string> SocketPath(std::string_view address);

class AgentClient {
 public:
  // Checks the address, and that the socket is this user's own and lies where
  // nobody else can put another in its place: secrets go through it. Does not
  // wait for the agent: a socket that is not there fails the calls.
  static absl::StatusOr<std::unique_ptr<AgentClient>> Connect(std::string_view address);
  virtual ~AgentClient() = default;

  virtual absl::StatusOr<v1::Journey> CreateJourney(const v1::CreateJourneyRequest& request) = 0;
  virtual absl::StatusOr<v1::Journey> GetJourney(const v1::GetJourneyRequest& request) = 0;
  virtual absl::StatusOr<v1::ListJourneysResponse> ListJourneys(
      const v1::ListJourneysRequest& request) = 0;
  virtual absl::StatusOr<v1::ListJourneyEventsResponse> ListJourneyEvents(
      const v1::ListJourneyEventsRequest& request) = 0;
  virtual absl::StatusOr<v1::Journey> CancelJourney(const v1::CancelJourneyRequest& request) = 0;
  virtual absl::StatusOr<v1::Journey> RetryJourney(const v1::RetryJourneyRequest& request) = 0;

  virtual absl::Status AnswerScreen(const v1::AnswerScreenRequest& request) = 0;

  virtual absl::StatusOr<v1::ListReadersResponse> ListReaders() = 0;
  virtual absl::StatusOr<v1::ListCardsResponse> ListCards() = 0;
  virtual absl::StatusOr<v1::Card> GetCard(const v1::GetCardRequest& request) = 0;
  virtual absl::StatusOr<v1::ListCertificatesResponse> ListCertificates(
      const v1::ListCertificatesRequest& request) = 0;
  virtual absl::StatusOr<v1::PinState> GetPinState(const v1::GetPinStateRequest& request) = 0;
  virtual absl::StatusOr<v1::VerifyPinResponse> VerifyPin(const v1::VerifyPinRequest& request) = 0;
  virtual absl::StatusOr<v1::ChangePinResponse> ChangePin(const v1::ChangePinRequest& request) = 0;
  virtual absl::StatusOr<v1::UnblockPinResponse> UnblockPin(
      const v1::UnblockPinRequest& request) = 0;
  virtual absl::StatusOr<v1::TestSignResponse> TestSign(const v1::TestSignRequest& request) = 0;
  virtual absl::StatusOr<v1::ExportCertificateResponse> ExportCertificate(
      const v1::ExportCertificateRequest& request) = 0;

  // Takes some seconds where something does not answer.
  virtual absl::StatusOr<v1::DiagnoseResponse> Diagnose() = 0;

  // Each blocks until the stream ends, and calls `seen` for each message on the
  // calling thread. OK: the other side ended it, or its long deadline passed and
  // it may be opened again. `stop` ends it with a CANCELLED status.
  virtual absl::Status WatchJourney(const v1::WatchJourneyRequest& request, std::stop_token stop,
                                    const std::function<void(v1::Journey)>& seen) = 0;
  virtual absl::Status WatchScreen(const v1::WatchScreenRequest& request, std::stop_token stop,
                                   const std::function<void(v1::Screen)>& seen) = 0;
  virtual absl::Status WatchReaders(std::stop_token stop,
                                    const std::function<void(v1::WatchReadersResponse)>& seen) = 0;

  // Ends every call under way, and each one after it at once, with a CANCELLED
  // status. What reached the agent is done all the same.
  virtual void Abandon() = 0;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_AGENT_CLIENT_H_
