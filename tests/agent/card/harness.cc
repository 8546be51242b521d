#include "tests/agent/card/harness.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>

#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr std::chrono::seconds kPatience(20);

template <typename Request, typename Response, typename Method>
absl::Status Call(v1::CardService::Stub& stub, Method method, const Request& request,
                  Response* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  Response unused;
  return FromGrpcStatus(
      (stub.*method)(&context, request, response == nullptr ? &unused : response));
}

}  // namespace

void RecordingObserver::OnStepReport(const v1::StepReport& report) {
  const std::lock_guard lock(mutex_);
  reports_.push_back(report);
  changed_.notify_all();
}

void RecordingObserver::OnTurn(std::string_view, int64_t directive_id, v1::Actor turn) {
  const std::lock_guard lock(mutex_);
  turns_.emplace_back(directive_id, turn);
}

void RecordingObserver::OnCardSerial(std::string_view serial) {
  const std::lock_guard lock(mutex_);
  serial_ = std::string(serial);
  changed_.notify_all();
}

std::optional<v1::StepReport> RecordingObserver::WaitForReport(int64_t directive_id) {
  std::unique_lock lock(mutex_);
  std::optional<v1::StepReport> found;
  changed_.wait_for(lock, kPatience, [&] {
    for (const v1::StepReport& report : reports_) {
      if (report.directive_id() == directive_id) found = report;
    }
    return found.has_value();
  });
  return found;
}

bool RecordingObserver::WaitForSerial(std::string_view serial) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return serial_ == serial; });
}

int RecordingObserver::ReportCount(int64_t directive_id) const {
  const std::lock_guard lock(mutex_);
  int count = 0;
  for (const v1::StepReport& report : reports_) count += report.directive_id() == directive_id;
  return count;
}

std::vector<v1::Actor> RecordingObserver::Turns(int64_t directive_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::Actor> turns;
  for (const auto& [id, turn] : turns_) {
    if (id == directive_id) turns.push_back(turn);
  }
  return turns;
}

Harness::Harness(std::shared_ptr<Pcsc> pcsc, CardHostOptions options)
    : pcsc_(std::move(pcsc)), options_(std::move(options)) {
  Start();
}

Harness::~Harness() { Stop(); }

void Harness::Start() {
  CardHostOptions options = options_;
  options.pcsc = pcsc_;
  options.journal = journal();
  auto host = CardHost::Create(std::move(options), observer_);
  if (!host.ok()) {
    ADD_FAILURE() << host.status();
    std::abort();
  }
  host_ = *std::move(host);
  grpc::ServerBuilder builder;
  builder.RegisterService(&host_->service());
  server_ = builder.BuildAndStart();
  stub_ = v1::CardService::NewStub(server_->InProcessChannel({}));
}

void Harness::Stop() {
  host_->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + kPatience);
  stub_.reset();
  server_.reset();
  host_.reset();
}

void Harness::Restart() {
  Restart([] {});
}

void Harness::Restart(const std::function<void()>& between) {
  Stop();
  between();
  Start();
}

absl::Status Harness::Verify(v1::VerifyPinRequest request, v1::VerifyPinResponse* response) {
  return Call(*stub_, &v1::CardService::Stub::VerifyPin, request, response);
}

absl::Status Harness::Verify(const std::string& card, const std::string& pin, bool last_try,
                             v1::VerifyPinResponse* response) {
  v1::VerifyPinRequest request;
  request.set_name(card);
  request.set_pin(pin);
  request.set_allow_last_try(last_try);
  return Verify(std::move(request), response);
}

absl::Status Harness::Change(v1::ChangePinRequest request, v1::ChangePinResponse* response) {
  return Call(*stub_, &v1::CardService::Stub::ChangePin, request, response);
}

absl::Status Harness::TestSign(v1::TestSignRequest request, v1::TestSignResponse* response) {
  return Call(*stub_, &v1::CardService::Stub::TestSign, request, response);
}

absl::StatusOr<v1::PinState> Harness::PinState(const std::string& card) {
  v1::GetPinStateRequest request;
  request.set_name(card);
  v1::PinState state;
  ILKIMZA_RETURN_IF_ERROR(Call(*stub_, &v1::CardService::Stub::GetPinState, request, &state));
  return state;
}

absl::StatusOr<std::vector<v1::Certificate>> Harness::Certificates(const std::string& card) {
  v1::ListCertificatesRequest request;
  request.set_parent(card);
  v1::ListCertificatesResponse response;
  ILKIMZA_RETURN_IF_ERROR(
      Call(*stub_, &v1::CardService::Stub::ListCertificates, request, &response));
  return std::vector<v1::Certificate>(response.certificates().begin(),
                                      response.certificates().end());
}

absl::StatusOr<std::vector<v1::Card>> Harness::Cards() {
  v1::ListCardsResponse response;
  ILKIMZA_RETURN_IF_ERROR(
      Call(*stub_, &v1::CardService::Stub::ListCards, v1::ListCardsRequest(), &response));
  return std::vector<v1::Card>(response.cards().begin(), response.cards().end());
}

v1::Card Harness::WaitForCard() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto cards = Cards();
    if (cards.ok() && !cards->empty() && !cards->front().serial().empty()) return cards->front();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "no card";
  return {};
}

absl::StatusOr<std::vector<v1::Reader>> Harness::Readers() {
  v1::ListReadersResponse response;
  ILKIMZA_RETURN_IF_ERROR(
      Call(*stub_, &v1::CardService::Stub::ListReaders, v1::ListReadersRequest(), &response));
  return std::vector<v1::Reader>(response.readers().begin(), response.readers().end());
}

std::string NameOf(const sandbox::CardSimulator& card) { return "cards/" + card.options().serial; }

v1::RunStep Directive(int64_t id, v1::StepKind step, std::vector<std::string> serials,
                      v1::ErrorReason last_reason) {
  v1::RunStep directive;
  directive.set_journey(kJourney);
  directive.set_directive_id(id);
  directive.set_step(step);
  directive.set_last_reason(last_reason);
  for (std::string& serial : serials) directive.add_card_serials(std::move(serial));
  return directive;
}

}  // namespace ilkimza::agent
