#include "agent/link/attachment.h"

#include <grpcpp/channel.h>

#include <string>
#include <utility>

namespace ilkimza::agent {
namespace {

// Turns and card reports pile up only while the server does not read; beyond this
// something is wrong with the stream, and a new one starts from a fresh hello.
constexpr size_t kMaxQueued = 4096;
// Of a time in RFC 3339.
constexpr size_t kMaxTime = 64;

}  // namespace

std::unique_ptr<Attachment> Attachment::Start(const std::shared_ptr<grpc::Channel>& channel,
                                              v1::AttachAgentRequest hello, Callbacks callbacks) {
  std::unique_ptr<Attachment> attachment(new Attachment(std::move(callbacks)));
  attachment->stub_ = v1::FleetService::NewStub(channel);
  attachment->queue_.push_back(std::move(hello));
  v1::FleetService::StubInterface& stub = *attachment->stub_;
  stub.async()->AttachAgent(&attachment->context_, attachment.get());
  // Writes start outside the reactions; the hold, given back when reading ends,
  // keeps the stream from being done under them.
  attachment->AddHold();
  attachment->StartRead(&attachment->incoming_);
  {
    const std::lock_guard lock(attachment->mutex_);
    attachment->WriteNext();
  }
  attachment->StartCall();
  return attachment;
}

void Attachment::Send(v1::AttachAgentRequest message) {
  bool overflow = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ending_) return;
    overflow = queue_.size() >= kMaxQueued;
    if (!overflow) {
      queue_.push_back(std::move(message));
      if (!writing_) WriteNext();
    }
  }
  if (overflow) Cancel();
}

void Attachment::End() {
  const std::lock_guard lock(mutex_);
  if (closed_ || ending_) return;
  ending_ = true;
  if (!writing_) WriteNext();
}

void Attachment::Cancel() { context_.TryCancel(); }

void Attachment::WriteNext() {
  if (!queue_.empty()) {
    writing_ = true;
    StartWrite(&queue_.front());
  } else if (ending_ && !half_closed_) {
    half_closed_ = true;
    StartWritesDone();
  }
}

void Attachment::OnReadInitialMetadataDone(bool ok) {
  if (!ok || !callbacks_.on_server_time) return;
  const auto& metadata = context_.GetServerInitialMetadata();
  const auto told = metadata.find("ilkimza-server-time");
  absl::Time time;
  std::string error;
  if (told == metadata.end() || told->second.size() > kMaxTime ||
      !absl::ParseTime(absl::RFC3339_full,
                       absl::string_view(told->second.data(), told->second.size()), &time,
                       &error)) {
    return;
  }
  callbacks_.on_server_time(time);
}

void Attachment::OnReadDone(bool ok) {
  if (ok) {
    callbacks_.on_message(incoming_);
    incoming_.Clear();
    StartRead(&incoming_);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  RemoveHold();
}

void Attachment::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  queue_.pop_front();
  if (!ok) {
    queue_.clear();
    ending_ = half_closed_ = true;
  } else if (!closed_) {
    WriteNext();
  }
}

void Attachment::OnDone(const grpc::Status& status) {
  // The owner may destroy this object during the call.
  const auto on_done = std::move(callbacks_.on_done);
  on_done(status);
}

}  // namespace ilkimza::agent
