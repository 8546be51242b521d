#include "tests/agent/fake_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

namespace ilkimza::agent {
namespace {

const grpc::Status kNotPlayed(grpc::StatusCode::UNIMPLEMENTED, "the test does not play this");

}  // namespace

void FakeServer::Start(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, credentials ? credentials : grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(static_cast<v1::FleetService::Service*>(this));
  builder.RegisterService(static_cast<v1::JourneyService::Service*>(this));
  if (offers_portal) builder.RegisterService(static_cast<v1::PortalService::Service*>(this));
  server_ = builder.BuildAndStart();
}

void FakeServer::Stop() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

std::optional<v1::AttachAgentRequest> FakeServer::Next() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return !inbox_.empty(); })) return std::nullopt;
  v1::AttachAgentRequest message = std::move(inbox_.front());
  inbox_.pop_front();
  return message;
}

void FakeServer::Send(const v1::AttachAgentResponse& message) {
  const std::lock_guard lock(mutex_);
  if (stream_) stream_->wire->Write(message);
}

void FakeServer::BreakAttachment() {
  const std::lock_guard lock(mutex_);
  if (stream_) stream_->context->TryCancel();
}

bool FakeServer::WaitForFarewells(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return farewells_ >= count; });
}

std::string FakeServer::last_agent() {
  const std::lock_guard lock(mutex_);
  return last_agent_;
}

grpc::Status FakeServer::AttachAgent(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::AttachAgentResponse, v1::AttachAgentRequest>* wire) {
  if (refuse_attach) return *refuse_attach;
  const auto stream = std::make_shared<Stream>(Stream{wire, context});
  v1::AttachAgentRequest message;
  if (!wire->Read(&message)) return grpc::Status::OK;
  if (welcomes) {
    v1::AttachAgentResponse welcome;
    welcome.mutable_welcome()->mutable_reattach_spread()->set_seconds(reattach_spread.count());
    wire->Write(welcome);
    // From here on the test may write; only then does it learn of the hello.
    const std::lock_guard lock(mutex_);
    stream_ = stream;
  }
  Push(message);
  while (wire->Read(&message)) Push(message);
  const std::lock_guard lock(mutex_);
  if (stream_ == stream) stream_ = nullptr;
  if (!context->IsCancelled()) ++farewells_;
  changed_.notify_all();
  return grpc::Status::OK;
}

grpc::Status FakeServer::CreateJourney(grpc::ServerContext* context,
                                       const v1::CreateJourneyRequest* request,
                                       v1::Journey* response) {
  NoteAgent(*context);
  return create ? create(*request, response) : kNotPlayed;
}

grpc::Status FakeServer::GetJourney(grpc::ServerContext* context,
                                    const v1::GetJourneyRequest* request, v1::Journey* response) {
  NoteAgent(*context);
  return get ? get(*request, response) : kNotPlayed;
}

grpc::Status FakeServer::ListJourneys(grpc::ServerContext* context,
                                      const v1::ListJourneysRequest* request,
                                      v1::ListJourneysResponse* response) {
  NoteAgent(*context);
  return list ? list(*request, response) : kNotPlayed;
}

grpc::Status FakeServer::WatchJourney(grpc::ServerContext* context,
                                      const v1::WatchJourneyRequest* request,
                                      grpc::ServerWriter<v1::WatchJourneyResponse>* writer) {
  NoteAgent(*context);
  return watch ? watch(*context, *request, *writer) : kNotPlayed;
}

grpc::Status FakeServer::WatchScreen(grpc::ServerContext* context,
                                     const v1::WatchScreenRequest* request,
                                     grpc::ServerWriter<v1::WatchScreenResponse>* writer) {
  NoteAgent(*context);
  return screens ? screens(*context, *request, *writer) : kNotPlayed;
}

grpc::Status FakeServer::AnswerScreen(grpc::ServerContext* context,
                                      const v1::AnswerScreenRequest* request,
                                      v1::AnswerScreenResponse*) {
  NoteAgent(*context);
  return answer ? answer(*request) : kNotPlayed;
}

void FakeServer::Push(const v1::AttachAgentRequest& message) {
  const std::lock_guard lock(mutex_);
  inbox_.push_back(message);
  changed_.notify_all();
}

void FakeServer::NoteAgent(const grpc::ServerContext& context) {
  const auto range = context.client_metadata().equal_range("ilkimza-agent");
  std::string names;
  for (auto found = range.first; found != range.second; ++found) {
    names += (names.empty() ? "" : ",") + std::string(found->second.data(), found->second.size());
  }
  const std::lock_guard lock(mutex_);
  last_agent_ = names;
}

}  // namespace ilkimza::agent
