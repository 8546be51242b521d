// One AttachAgent stream, from hello to its end.
//
// To be destroyed after `on_done` was called, and not on a thread of gRPC: the last
// channel that goes takes gRPC's callback threads with it, and waits for them.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_LINK_ATTACHMENT_H_
#define ILKIMZA_AGENT_LINK_ATTACHMENT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "ilkimza/v1/fleet_service.grpc.pb.h"

namespace ilkimza::agent {

class Attachment final
    : public grpc::ClientBidiReactor<v1::AttachAgentRequest, v1::AttachAgentResponse> {
 public:
  struct Callbacks {
    // One message at a time, in order.
    std::function<void(const v1::AttachAgentResponse&)> on_message;
    // At most once, before the first message: the server's clock, where it tells.
    std::function<void(absl::Time)> on_server_time;
    // Last call; the attachment may be destroyed as soon as it has been made. OK
    // where the server ended the stream in good order.
    std::function<void(const grpc::Status&)> on_done;
  };

  // Starts the stream on `channel` with `hello` as its first message. Fails
  // through `on_done` when the channel cannot connect.
  static std::unique_ptr<Attachment> Start(const std::shared_ptr<grpc::Channel>& channel,
                                           v1::AttachAgentRequest hello, Callbacks callbacks);

  // Queues a message. Dropped once the stream is ending: whatever matters is kept
  // by the sender until the server has confirmed it.
  void Send(v1::AttachAgentRequest message);
  // Sends what is queued, then says that no more will come; the server ends the
  // stream after that.
  void End();
  // Ends the stream now.
  void Cancel();

 private:
  explicit Attachment(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  // With `mutex_` held: starts the next write, or the half-close.
  void WriteNext();

  Callbacks callbacks_;
  grpc::ClientContext context_;
  std::unique_ptr<v1::FleetService::Stub> stub_;
  v1::AttachAgentResponse incoming_;

  std::mutex mutex_;
  std::deque<v1::AttachAgentRequest> queue_;
  bool writing_ = false;
  bool ending_ = false;
  bool half_closed_ = false;
  bool closed_ = false;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LINK_ATTACHMENT_H_
