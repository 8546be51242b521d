#include "clients/sdk/agent_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/redact.h"
#include "clients/sdk/socket_check.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "ilkimza/v1/diagnosis_service.grpc.pb.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"

namespace ilkimza::client {
namespace {

using std::chrono::seconds;

constexpr seconds kReadDeadline{15};
// The agent may have to wait for a card that another program holds.
constexpr seconds kCardDeadline{60};
// Somebody types on the reader's keys, up to three times.
constexpr seconds kPinpadDeadline{300};
// Portal, server and a card that hangs are given up one after the other.
constexpr seconds kDiagnosisDeadline{90};
// Long-lived streams end after this and are opened again by their reader.
constexpr seconds kWatchDeadline{600};
// An agent that starts anew is seen soon.
constexpr int kFirstReconnectMs = 100;
constexpr int kLastReconnectMs = 2000;
// gRPC takes its "minimum back-off" as the time a connection may take to stand: a
// busy computer needs more than a moment.
constexpr int kConnectMs = 5000;
// The PIN page and a captcha are small; a message larger than this is no agent's.
constexpr int kMaxMessageBytes = 16 * 1024 * 1024;

void SetDeadline(grpc::ClientContext& context, seconds deadline) {
  context.set_deadline(std::chrono::system_clock::now() + deadline);
}

class GrpcAgentClient final : public AgentClient {
 public:
  explicit GrpcAgentClient(std::string path) : path_(std::move(path)) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastReconnectMs);
    // gRPC's own retries must never repeat what may have reached a card.
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    channel_ =
        grpc::CreateCustomChannel("unix:" + path_, grpc::InsecureChannelCredentials(), arguments);
    journeys_ = v1::JourneyService::NewStub(channel_);
    portal_ = v1::PortalService::NewStub(channel_);
    cards_ = v1::CardService::NewStub(channel_);
    diagnosis_ = v1::DiagnosisService::NewStub(channel_);
  }

  absl::StatusOr<v1::Journey> CreateJourney(const v1::CreateJourneyRequest& request) override {
    return Call<v1::Journey>(*journeys_, &JourneyStub::CreateJourney, request, kReadDeadline);
  }
  absl::StatusOr<v1::Journey> GetJourney(const v1::GetJourneyRequest& request) override {
    return Call<v1::Journey>(*journeys_, &JourneyStub::GetJourney, request, kReadDeadline);
  }
  absl::StatusOr<v1::ListJourneysResponse> ListJourneys(
      const v1::ListJourneysRequest& request) override {
    return Call<v1::ListJourneysResponse>(*journeys_, &JourneyStub::ListJourneys, request,
                                          kReadDeadline);
  }
  absl::StatusOr<v1::ListJourneyEventsResponse> ListJourneyEvents(
      const v1::ListJourneyEventsRequest& request) override {
    return Call<v1::ListJourneyEventsResponse>(*journeys_, &JourneyStub::ListJourneyEvents, request,
                                               kReadDeadline);
  }
  absl::StatusOr<v1::Journey> CancelJourney(const v1::CancelJourneyRequest& request) override {
    return Call<v1::Journey>(*journeys_, &JourneyStub::CancelJourney, request, kReadDeadline);
  }
  absl::StatusOr<v1::Journey> RetryJourney(const v1::RetryJourneyRequest& request) override {
    return Call<v1::Journey>(*journeys_, &JourneyStub::RetryJourney, request, kReadDeadline);
  }

  absl::Status AnswerScreen(const v1::AnswerScreenRequest& request) override {
    ILKIMZA_RETURN_IF_ERROR(CheckSocket(path_));
    return Call<v1::AnswerScreenResponse>(*portal_, &PortalStub::AnswerScreen, request,
                                          kReadDeadline)
        .status();
  }

  absl::StatusOr<v1::ListReadersResponse> ListReaders() override {
    return Call<v1::ListReadersResponse>(*cards_, &CardStub::ListReaders, v1::ListReadersRequest(),
                                         kReadDeadline);
  }
  absl::StatusOr<v1::ListCardsResponse> ListCards() override {
    return Call<v1::ListCardsResponse>(*cards_, &CardStub::ListCards, v1::ListCardsRequest(),
                                       kCardDeadline);
  }
  absl::StatusOr<v1::Card> GetCard(const v1::GetCardRequest& request) override {
    return Call<v1::Card>(*cards_, &CardStub::GetCard, request, kCardDeadline);
  }
  absl::StatusOr<v1::ListCertificatesResponse> ListCertificates(
      const v1::ListCertificatesRequest& request) override {
    return Call<v1::ListCertificatesResponse>(*cards_, &CardStub::ListCertificates, request,
                                              kCardDeadline);
  }
  absl::StatusOr<v1::PinState> GetPinState(const v1::GetPinStateRequest& request) override {
    return Call<v1::PinState>(*cards_, &CardStub::GetPinState, request, kCardDeadline);
  }
  absl::StatusOr<v1::VerifyPinResponse> VerifyPin(const v1::VerifyPinRequest& request) override {
    return Attempt<v1::VerifyPinResponse>(&CardStub::VerifyPin, request, DeadlineOf(request));
  }
  absl::StatusOr<v1::ChangePinResponse> ChangePin(const v1::ChangePinRequest& request) override {
    return Attempt<v1::ChangePinResponse>(&CardStub::ChangePin, request, DeadlineOf(request));
  }
  absl::StatusOr<v1::UnblockPinResponse> UnblockPin(const v1::UnblockPinRequest& request) override {
    return Attempt<v1::UnblockPinResponse>(&CardStub::UnblockPin, request, DeadlineOf(request));
  }
  absl::StatusOr<v1::ExportCertificateResponse> ExportCertificate(
      const v1::ExportCertificateRequest& request) override {
    return Call<v1::ExportCertificateResponse>(*cards_, &CardStub::ExportCertificate, request,
                                               kCardDeadline);
  }
  absl::StatusOr<v1::TestSignResponse> TestSign(const v1::TestSignRequest& request) override {
    return Attempt<v1::TestSignResponse>(&CardStub::TestSign, request, kCardDeadline);
  }

  absl::StatusOr<v1::DiagnoseResponse> Diagnose() override {
    return Call<v1::DiagnoseResponse>(*diagnosis_, &v1::DiagnosisService::StubInterface::Diagnose,
                                      v1::DiagnoseRequest(), kDiagnosisDeadline);
  }

  absl::Status WatchJourney(const v1::WatchJourneyRequest& request, std::stop_token stop,
                            const std::function<void(v1::Journey)>& seen) override {
    return Watch<v1::WatchJourneyResponse>(
        *journeys_, &JourneyStub::WatchJourney, request, std::move(stop),
        [&](v1::WatchJourneyResponse message) { seen(std::move(*message.mutable_journey())); });
  }
  absl::Status WatchScreen(const v1::WatchScreenRequest& request, std::stop_token stop,
                           const std::function<void(v1::Screen)>& seen) override {
    return Watch<v1::WatchScreenResponse>(*portal_, &PortalStub::WatchScreen, request,
                                          std::move(stop), [&](v1::WatchScreenResponse message) {
                                            seen(std::move(*message.mutable_screen()));
                                            WipeSecrets(message);
                                          });
  }
  absl::Status WatchReaders(std::stop_token stop,
                            const std::function<void(v1::WatchReadersResponse)>& seen) override {
    return Watch<v1::WatchReadersResponse>(*cards_, &CardStub::WatchReaders,
                                           v1::WatchReadersRequest(), std::move(stop), seen);
  }

  void Abandon() override { abandoned_.request_stop(); }

 private:
  using JourneyStub = v1::JourneyService::StubInterface;
  using PortalStub = v1::PortalService::StubInterface;
  using CardStub = v1::CardService::StubInterface;

  template <typename Request>
  static seconds DeadlineOf(const Request& request) {
    return request.on_pinpad() ? kPinpadDeadline : kCardDeadline;
  }

  template <typename Response, typename Stub, typename Method, typename Request>
  absl::StatusOr<Response> Call(Stub& stub, Method method, const Request& request,
                                seconds deadline) {
    Response response;
    const grpc::Status status = Ask(stub, method, request, deadline, response);
    if (!status.ok()) return Calm(status);
    return response;
  }

  // A call that may spend a try of a PIN or PUK. An answer that was lost on its way is not
  // one that can be asked for again.
  template <typename Response, typename Method, typename Request>
  absl::StatusOr<Response> Attempt(Method method, const Request& request, seconds deadline) {
    ILKIMZA_RETURN_IF_ERROR(CheckSocket(path_));
    ILKIMZA_RETURN_IF_ERROR(Reach());
    Response response;
    const grpc::Status status = Ask(*cards_, method, request, deadline, response);
    if (status.ok()) return response;
    const bool told = ReasonOf(status) != v1::ERROR_REASON_UNSPECIFIED ||
                      status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    if (told || abandoned_.stop_requested()) return Calm(status);
    return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
                     "the answer of the agent on " + path_ +
                         " never came: whether a try counted is not known; before anything is "
                         "typed again look at \"ilkimza card pin-state\", which spends none",
                     {{"answer", "lost"}});
  }

  template <typename Response, typename Stub, typename Method, typename Request>
  grpc::Status Ask(Stub& stub, Method method, const Request& request, seconds deadline,
                   Response& response) {
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    const std::stop_callback abandon(abandoned_.get_token(), [&context] { context.TryCancel(); });
    return (stub.*method)(&context, request, &response);
  }

  // Waits for the connection: a PIN is handed over only when somebody is there, so that
  // "nobody answers" says that nothing was sent.
  absl::Status Reach() {
    const auto end = std::chrono::system_clock::now() + std::chrono::milliseconds(kConnectMs);
    constexpr std::chrono::milliseconds kLookAgain{100};
    while (true) {
      const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/true);
      if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
      if (abandoned_.stop_requested()) return absl::CancelledError("the calls were given up");
      const auto now = std::chrono::system_clock::now();
      if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN || now > end) {
        return Calm(grpc::Status(grpc::StatusCode::UNAVAILABLE, ""));
      }
      channel_->WaitForStateChange(state, now + kLookAgain);
    }
  }

  template <typename Message, typename Stub, typename Method, typename Request, typename Seen>
  absl::Status Watch(Stub& stub, Method method, const Request& request, std::stop_token stop,
                     const Seen& seen) {
    grpc::ClientContext context;
    SetDeadline(context, kWatchDeadline);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    const std::stop_callback abandon(abandoned_.get_token(), [&context] { context.TryCancel(); });
    const auto reader = (stub.*method)(&context, request);
    Message message;
    while (reader->Read(&message)) seen(std::exchange(message, Message()));
    const grpc::Status status = reader->Finish();
    if (stop.stop_requested()) return absl::CancelledError("the watch was ended by its reader");
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED &&
        ReasonOf(status) == v1::ERROR_REASON_UNSPECIFIED) {
      return absl::OkStatus();
    }
    return status.ok() ? absl::OkStatus() : Calm(status);
  }

  // gRPC's own words about sockets and streams help nobody at a keyboard.
  [[nodiscard]] absl::Status Calm(const grpc::Status& status) const {
    if (ReasonOf(status) != v1::ERROR_REASON_UNSPECIFIED) return FromGrpcStatus(status);
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE:
        return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_AGENT_UNREACHABLE,
                         "no agent answers on " + path_ +
                             "; start it (systemctl --user start ilkimza-agent) or name its "
                             "socket with --socket");
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return MakeError(absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_AGENT_UNREACHABLE,
                         "the agent on " + path_ +
                             " did not answer in time; try again, and look "
                             "at its log (journalctl --user -u ilkimza-agent) if it stays so");
      case grpc::StatusCode::UNIMPLEMENTED:
        return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_BAD_CONFIGURATION,
                         "the program on " + path_ +
                             " does not offer this call; it is no ilkimza "
                             "agent, or an older one: check --socket, and update the agent");
      default:
        return FromGrpcStatus(status);
    }
  }

  const std::string path_;
  std::stop_source abandoned_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<JourneyStub> journeys_;
  std::unique_ptr<PortalStub> portal_;
  std::unique_ptr<CardStub> cards_;
  std::unique_ptr<v1::DiagnosisService::StubInterface> diagnosis_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AgentClient>> AgentClient::Connect(std::string_view address) {
  ILKIMZA_ASSIGN_OR_RETURN(std::string path, SocketPath(address));
  ILKIMZA_RETURN_IF_ERROR(CheckSocket(path));
  return std::make_unique<GrpcAgentClient>(std::move(path));
}

}  // namespace ilkimza::client
