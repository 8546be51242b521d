#include "tests/clients/fake_agent.h"

#include <grpcpp/grpcpp.h>
#include <png.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "ilkimza/v1/diagnosis_service.grpc.pb.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"
#include "tests/clients/fake_world.h"

namespace ilkimza::testing {
namespace {

using grpc::ServerContext;
using grpc::ServerWriter;

// A watch looks this often whether its client is gone.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

class FakeAgent::Impl final : public v1::JourneyService::Service,
                              public v1::PortalService::Service,
                              public v1::CardService::Service,
                              public v1::DiagnosisService::Service {
 public:
  Impl(std::string socket, World facts) : socket_(std::move(socket)), world_(std::move(facts)) {}

  void Start() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket_, grpc::InsecureServerCredentials());
    builder.RegisterService(static_cast<v1::JourneyService::Service*>(this));
    builder.RegisterService(static_cast<v1::PortalService::Service*>(this));
    builder.RegisterService(static_cast<v1::CardService::Service*>(this));
    if (world_.facts_.knows_diagnosis) {
      builder.RegisterService(static_cast<v1::DiagnosisService::Service*>(this));
    }
    {
      const std::lock_guard lock(mutex_);
      world_.TakeUpConversation();
    }
    server_ = builder.BuildAndStart();
  }

  void Kill() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
    const std::lock_guard lock(mutex_);
    world_.LoseConversation();
  }

  template <typename Change>
  auto With(const Change& change) {
    const std::lock_guard lock(mutex_);
    changes_ += 1;
    changed_.notify_all();
    return change(world_);
  }

  void SetServerAway(bool away) {
    const std::lock_guard lock(mutex_);
    server_away_ = away;
    changed_.notify_all();
  }

  // -- JourneyService --

  grpc::Status CreateJourney(ServerContext* /*context*/, const v1::CreateJourneyRequest* request,
                             v1::Journey* response) override {
    return Give(response, [&](FakeWorld& world) { return world.Create(*request); });
  }
  grpc::Status GetJourney(ServerContext* /*context*/, const v1::GetJourneyRequest* request,
                          v1::Journey* response) override {
    return Give(response, [&](FakeWorld& world) -> absl::StatusOr<v1::Journey> {
      if (world.journey_ && world.journey_->name() == request->name()) return *world.journey_;
      return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                       "no such journey");
    });
  }
  grpc::Status ListJourneys(ServerContext* /*context*/, const v1::ListJourneysRequest* request,
                            v1::ListJourneysResponse* response) override {
    return Give(response, [&](FakeWorld& world) -> absl::StatusOr<v1::ListJourneysResponse> {
      v1::ListJourneysResponse list;
      const bool ended = world.journey_ && world.journey_->has_end_time();
      const bool cancelled =
          world.journey_ && world.journey_->state() == v1::JOURNEY_STATE_CANCELLED;
      if (world.journey_ && !(request->active_only() && (ended || cancelled))) {
        *list.add_journeys() = *world.journey_;
      }
      return list;
    });
  }
  grpc::Status ListJourneyEvents(ServerContext* /*context*/,
                                 const v1::ListJourneyEventsRequest* /*request*/,
                                 v1::ListJourneyEventsResponse* response) override {
    return Give(response, [&](FakeWorld& world) -> absl::StatusOr<v1::ListJourneyEventsResponse> {
      v1::ListJourneyEventsResponse events;
      v1::JourneyEvent& created = *events.add_journey_events();
      created.set_revision(1);
      created.mutable_created()->set_goal(world.journey_->goal());
      v1::JourneyEvent& report = *events.add_journey_events();
      report.set_revision(2);
      report.mutable_step_reported()->mutable_report()->set_step(v1::STEP_KIND_LOG_IN);
      report.mutable_step_reported()->mutable_report()->set_outcome(v1::STEP_OUTCOME_REJECTED);
      report.mutable_step_reported()->mutable_report()->set_reason(v1::ERROR_REASON_WRONG_CAPTCHA);
      return events;
    });
  }
  grpc::Status CancelJourney(ServerContext* /*context*/, const v1::CancelJourneyRequest* request,
                             v1::Journey* response) override {
    return Give(response, [&](FakeWorld& world) { return world.Cancel(request->name()); });
  }
  grpc::Status RetryJourney(ServerContext* /*context*/, const v1::RetryJourneyRequest* request,
                            v1::Journey* response) override {
    return Give(response, [&](FakeWorld& world) { return world.Retry(*request); });
  }
  grpc::Status WatchJourney(ServerContext* context, const v1::WatchJourneyRequest* request,
                            ServerWriter<v1::WatchJourneyResponse>* writer) override {
    int64_t told = request->after_revision();
    std::unique_lock lock(mutex_);
    while (!context->IsCancelled()) {
      if (server_away_) return Away();
      if (!world_.journey_) {
        return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such journey");
      }
      if (world_.journey_->revision() > told) {
        v1::WatchJourneyResponse response;
        *response.mutable_journey() = *world_.journey_;
        told = world_.journey_->revision();
        lock.unlock();
        if (!writer->Write(response)) return grpc::Status::OK;
        lock.lock();
        continue;
      }
      const v1::JourneyState state = world_.journey_->state();
      if (state == v1::JOURNEY_STATE_SUCCEEDED || state == v1::JOURNEY_STATE_CANCELLED) {
        return grpc::Status::OK;
      }
      changed_.wait_for(lock, kLook);
    }
    return grpc::Status::CANCELLED;
  }

  // -- PortalService --

  grpc::Status AnswerScreen(ServerContext* /*context*/, const v1::AnswerScreenRequest* request,
                            v1::AnswerScreenResponse* /*response*/) override {
    return ToGrpcStatus(With([&](FakeWorld& world) { return world.Answer(*request); }));
  }
  grpc::Status WatchScreen(ServerContext* context, const v1::WatchScreenRequest* /*request*/,
                           ServerWriter<v1::WatchScreenResponse>* writer) override {
    int64_t told = 0;
    std::unique_lock lock(mutex_);
    while (!context->IsCancelled()) {
      if (world_.screen_ && world_.screen_->screen_id() != told) {
        v1::WatchScreenResponse response;
        *response.mutable_screen() = *world_.screen_;
        told = world_.screen_->screen_id();
        lock.unlock();
        if (!writer->Write(response)) return grpc::Status::OK;
        lock.lock();
        continue;
      }
      changed_.wait_for(lock, kLook);
    }
    return grpc::Status::CANCELLED;
  }

  // -- DiagnosisService --

  grpc::Status Diagnose(ServerContext* /*context*/, const v1::DiagnoseRequest* /*request*/,
                        v1::DiagnoseResponse* response) override {
    With([&](FakeWorld& world) { *response = world.facts_.diagnosis; });
    response->set_agent_version("9.9");
    return grpc::Status::OK;
  }

  // -- CardService --

  grpc::Status ListReaders(ServerContext* /*context*/, const v1::ListReadersRequest* /*request*/,
                           v1::ListReadersResponse* response) override {
    With([&](FakeWorld& world) { *response->mutable_readers() = world.Readers().readers(); });
    return grpc::Status::OK;
  }
  grpc::Status WatchReaders(ServerContext* context, const v1::WatchReadersRequest* /*request*/,
                            ServerWriter<v1::WatchReadersResponse>* writer) override {
    std::string told;
    std::unique_lock lock(mutex_);
    while (!context->IsCancelled()) {
      v1::WatchReadersResponse response = world_.Readers();
      if (std::string now = response.SerializeAsString(); now != told) {
        told = std::move(now);
        lock.unlock();
        if (!writer->Write(response)) return grpc::Status::OK;
        lock.lock();
        continue;
      }
      changed_.wait_for(lock, kLook);
    }
    return grpc::Status::CANCELLED;
  }
  grpc::Status ListCards(ServerContext* /*context*/, const v1::ListCardsRequest* /*request*/,
                         v1::ListCardsResponse* response) override {
    With([&](FakeWorld& world) {
      if (world.facts_.card_present) *response->add_cards() = world.Card();
    });
    return grpc::Status::OK;
  }
  grpc::Status GetCard(ServerContext* /*context*/, const v1::GetCardRequest* /*request*/,
                       v1::Card* response) override {
    With([&](FakeWorld& world) { *response = world.Card(); });
    return grpc::Status::OK;
  }
  grpc::Status ListCertificates(ServerContext* /*context*/,
                                const v1::ListCertificatesRequest* /*request*/,
                                v1::ListCertificatesResponse* response) override {
    With([&](FakeWorld& world) {
      for (const v1::Certificate& certificate : world.Certificates()) {
        *response->add_certificates() = certificate;
      }
    });
    return grpc::Status::OK;
  }
  grpc::Status GetPinState(ServerContext* /*context*/, const v1::GetPinStateRequest* /*request*/,
                           v1::PinState* response) override {
    With([&](FakeWorld& world) { *response = world.PinState(); });
    return grpc::Status::OK;
  }
  grpc::Status VerifyPin(ServerContext* /*context*/, const v1::VerifyPinRequest* request,
                         v1::VerifyPinResponse* response) override {
    return Give(response->mutable_pin_state(),
                [&](FakeWorld& world) { return world.Verify(*request); });
  }
  grpc::Status ChangePin(ServerContext* /*context*/, const v1::ChangePinRequest* request,
                         v1::ChangePinResponse* response) override {
    return Give(response->mutable_pin_state(),
                [&](FakeWorld& world) { return world.Change(*request); });
  }
  grpc::Status UnblockPin(ServerContext* /*context*/, const v1::UnblockPinRequest* request,
                          v1::UnblockPinResponse* response) override {
    return Give(response->mutable_pin_state(),
                [&](FakeWorld& world) { return world.Unblock(*request); });
  }
  grpc::Status ExportCertificate(ServerContext* /*context*/,
                                 const v1::ExportCertificateRequest* request,
                                 v1::ExportCertificateResponse* response) override {
    return Give(response, [&](FakeWorld& world) { return world.Export(request->name()); });
  }
  grpc::Status TestSign(ServerContext* /*context*/, const v1::TestSignRequest* request,
                        v1::TestSignResponse* response) override {
    return Give(response, [&](FakeWorld& world) { return world.Sign(*request); });
  }

 private:
  static grpc::Status Away() {
    return ToGrpcStatus(MakeError(absl::StatusCode::kUnavailable,
                                  v1::ERROR_REASON_SERVER_UNREACHABLE, "the server is away"));
  }

  template <typename Response, typename Call>
  grpc::Status Give(Response* response, const Call& call) {
    if (std::is_same_v<Response, v1::Journey> && server_away_) return Away();
    auto result = With(call);
    if (!result.ok()) return ToGrpcStatus(result.status());
    *response = *std::move(result);
    return grpc::Status::OK;
  }

  const std::string socket_;
  std::mutex mutex_;
  std::condition_variable changed_;
  FakeWorld world_;
  int64_t changes_ = 0;
  std::atomic<bool> server_away_ = false;
  std::unique_ptr<grpc::Server> server_;
};

FakeAgent::FakeAgent(std::string socket, World world)
    : impl_(std::make_unique<Impl>(std::move(socket), std::move(world))) {
  impl_->Start();
}
FakeAgent::~FakeAgent() { impl_->Kill(); }

void FakeAgent::Kill() { impl_->Kill(); }
void FakeAgent::Start() { impl_->Start(); }
void FakeAgent::InsertCard(bool present) {
  impl_->With([&](FakeWorld& world) { world.CardMoved(present); });
}
void FakeAgent::PlugReader(bool plugged) {
  impl_->With([&](FakeWorld& world) { world.reader_plugged_ = plugged; });
}
void FakeAgent::RunService(bool running, v1::ErrorReason trouble) {
  impl_->With([&](FakeWorld& world) {
    world.service_running_ = running;
    world.service_trouble_ = trouble;
  });
}
void FakeAgent::HoldCard(const std::vector<std::string>& programs) {
  impl_->With([&](FakeWorld& world) { world.holders_ = programs; });
}
void FakeAgent::SetServerAway(bool away) { impl_->SetServerAway(away); }
void FakeAgent::FailNextAnswer(const absl::Status& status) {
  impl_->With([&](FakeWorld& world) { world.next_answer_ = status; });
}
void FakeAgent::FailNextCardCall(const absl::Status& status) {
  impl_->With([&](FakeWorld& world) { world.next_card_call_ = status; });
}
void FakeAgent::Stop(v1::ErrorReason reason) {
  impl_->With([&](FakeWorld& world) { world.StopAt(reason); });
}
void FakeAgent::Wait(v1::ErrorReason reason, int seconds) {
  impl_->With([&](FakeWorld& world) { world.WaitFor(reason, seconds); });
}
void FakeAgent::GoOn() {
  impl_->With([](FakeWorld& world) { world.GoOn(); });
}
void FakeAgent::ShowUnknownPage() {
  impl_->With([](FakeWorld& world) { world.ShowUnknownPage(); });
}
FakeAgent::Log FakeAgent::log() const {
  return impl_->With([](FakeWorld& world) { return world.log_; });
}
int FakeAgent::tries() const {
  return impl_->With([](FakeWorld& world) { return world.facts_.tries; });
}
int FakeAgent::puk_tries() const {
  return impl_->With([](FakeWorld& world) { return world.facts_.puk_tries; });
}
std::string FakeAgent::pin() const {
  return impl_->With([](FakeWorld& world) { return world.facts_.pin; });
}
v1::Journey FakeAgent::journey() const {
  return impl_->With([](FakeWorld& world) { return world.journey_.value_or(v1::Journey()); });
}
std::string FakeAgent::complaint() const {
  return impl_->With([](FakeWorld& world) { return world.complaint_; });
}

std::string CaptchaPng() {
  constexpr png_uint_32 kWidth = 60;
  constexpr png_uint_32 kHeight = 20;
  std::string pixels(size_t{3} * kWidth * kHeight, '\xf0');
  for (size_t y = 4; y < 16; ++y) {
    for (size_t x = 8; x < 52; ++x) {
      if ((x / 6) % 2 == 0) pixels.replace(3 * (y * kWidth + x), 3, 3, '\x10');
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = kWidth;
  image.height = kHeight;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr);
  std::string png(size, '\0');
  png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr);
  png.resize(size);
  return png;
}

}  // namespace ilkimza::testing
