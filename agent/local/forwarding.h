// Parts of a gRPC server that passes calls on to another one: the same request up,
// the same answer, status and error details down, and a cancellation on either
// side ends the other.
//
// Each reactor deletes itself when its call is done.
#ifndef ILKIMZA_AGENT_LOCAL_FORWARDING_H_
#define ILKIMZA_AGENT_LOCAL_FORWARDING_H_

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/link/server_link.h"
#include "base/error.h"
#include "base/redact.h"

namespace ilkimza::agent {

// Finds the connection a call goes on: calls its second argument once, on any
// thread, with it or with an error after at most the first argument's time.
using Connect = std::function<void(absl::Duration patience, ServerLink::UseChannel use)>;

// How calls are passed on.
struct ForwardOptions {
  // "agents/{agent}", sent as the metadata `ilkimza-agent`.
  std::string agent;
  // Named in error sentences.
  std::string server_address;
  // A unary call's deadline where the client's own is later.
  absl::Duration call_timeout = absl::Seconds(30);
  // How long a call waits for a server that is not attached.
  absl::Duration patience = absl::Seconds(10);
  // What it means, and the sentence for it, when the server does not know the
  // service at all.
  v1::ErrorReason unimplemented = v1::ERROR_REASON_UNSPECIFIED;
  std::string unimplemented_sentence;
};

// What the client is told for the status `upstream` of the server: the same, with
// ERROR_REASON_SERVER_UNREACHABLE and its sentence where the network failed.
grpc::Status ForwardedStatus(const grpc::Status& upstream, const ForwardOptions& options);

// Names the agent and sets the deadline: the client's, at most `timeout` from now.
void PrepareUpstream(const grpc::CallbackServerContext& client, const ForwardOptions& options,
                     absl::Duration timeout, grpc::ClientContext& upstream);

// How long a call waits for the server: less where its client gives it less time.
absl::Duration PatienceOf(const grpc::CallbackServerContext& client, const ForwardOptions& options);

// One unary call. `Stub` is a generated service's stub, for example
// v1::JourneyService::Stub.
template <typename Stub, typename Request, typename Response>
class ForwardedUnary final : public grpc::ServerUnaryReactor {
 public:
  // Starts the call on `stub`; `done` is called once with its status.
  using StartCall =
      std::function<void(Stub& stub, grpc::ClientContext* context, const Request* request,
                         Response* response, std::function<void(grpc::Status)> done)>;
  // Sees each answer that came with OK.
  using Inspect = std::function<void(const Response&)>;

  // `options` outlives the call. Secrets in `request` are wiped once it
  // has been sent.
  static grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* client,
                                         const Connect& connect, const ForwardOptions& options,
                                         Request request, Response* response, StartCall start,
                                         Inspect inspect = nullptr) {
    auto* reactor = new ForwardedUnary(options, std::move(request), response, std::move(inspect));
    PrepareUpstream(*client, options, options.call_timeout, reactor->upstream_);
    connect(PatienceOf(*client, options), [reactor, start = std::move(start)](auto channel) {
      reactor->Call(std::move(channel), start);
    });
    return reactor;
  }

 private:
  ForwardedUnary(const ForwardOptions& options, Request request, Response* response,
                 Inspect inspect)
      : options_(options),
        request_(std::move(request)),
        response_(response),
        inspect_(std::move(inspect)) {}

  void Call(absl::StatusOr<std::shared_ptr<grpc::Channel>> channel, const StartCall& start) {
    if (!channel.ok()) return this->Finish(ToGrpcStatus(channel.status()));
    stub_ = std::make_unique<Stub>(*channel);
    start(*stub_, &upstream_, &request_, response_, [this](const grpc::Status& status) {
      WipeSecrets(request_);
      if (status.ok() && inspect_) inspect_(*response_);
      this->Finish(ForwardedStatus(status, options_));
    });
  }

  void OnCancel() override { upstream_.TryCancel(); }
  void OnDone() override {
    WipeSecrets(request_);
    delete this;
  }

  const ForwardOptions& options_;
  Request request_;
  Response* const response_;
  const Inspect inspect_;
  grpc::ClientContext upstream_;
  std::unique_ptr<Stub> stub_;
};

// One stream of answers. The next answer is read from the server only when the
// client has taken the one before, so a slow client slows the server, not the
// agent.
template <typename Stub, typename Request, typename Response>
class ForwardedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  // Starts the stream on `stub` with `reactor` to read it.
  using StartCall =
      std::function<void(Stub& stub, grpc::ClientContext* context, const Request* request,
                         grpc::ClientReadReactor<Response>* reactor)>;
  using Inspect = std::function<void(const Response&)>;

  static grpc::ServerWriteReactor<Response>* Start(grpc::CallbackServerContext* client,
                                                   const Connect& connect,
                                                   const ForwardOptions& options, Request request,
                                                   StartCall start, Inspect inspect = nullptr) {
    auto* reactor = new ForwardedStream(options, std::move(request), std::move(inspect));
    PrepareUpstream(*client, options, absl::InfiniteDuration(), reactor->upstream_);
    connect(PatienceOf(*client, options), [reactor, start = std::move(start)](auto channel) {
      reactor->Call(std::move(channel), start);
    });
    return reactor;
  }

 private:
  // The side that reads from the server.
  class Reader final : public grpc::ClientReadReactor<Response> {
   public:
    explicit Reader(ForwardedStream& owner) : owner_(owner) {}
    // Between two reads the client is written to: the hold keeps the call open.
    void Begin() {
      this->AddHold();
      this->StartRead(&owner_.message_);
      this->StartCall();
    }
    void Next() { this->StartRead(&owner_.message_); }
    void Release() { this->RemoveHold(); }

    void OnReadDone(bool ok) override { owner_.OnUpstreamRead(ok); }
    void OnDone(const grpc::Status& status) override { owner_.OnUpstreamDone(status); }

   private:
    ForwardedStream& owner_;
  };

  ForwardedStream(const ForwardOptions& options, Request request, Inspect inspect)
      : options_(options), request_(std::move(request)), inspect_(std::move(inspect)) {}

  void Call(absl::StatusOr<std::shared_ptr<grpc::Channel>> channel, const StartCall& start) {
    if (!channel.ok()) return this->Finish(ToGrpcStatus(channel.status()));
    stub_ = std::make_unique<Stub>(*channel);
    start(*stub_, &upstream_, &request_, &reader_);
    reader_.Begin();
  }

  void OnUpstreamRead(bool ok) {
    if (!ok) return reader_.Release();
    if (inspect_) inspect_(message_);
    this->StartWrite(&message_);
  }

  void OnWriteDone(bool ok) override {
    WipeSecrets(message_);
    message_.Clear();
    if (ok) return reader_.Next();
    upstream_.TryCancel();
    reader_.Release();
  }

  // The last reaction of the server's side: nothing else is under way then.
  void OnUpstreamDone(const grpc::Status& status) {
    this->Finish(ForwardedStatus(status, options_));
  }

  void OnCancel() override { upstream_.TryCancel(); }
  void OnDone() override {
    WipeSecrets(message_);
    delete this;
  }

  const ForwardOptions& options_;
  const Request request_;
  const Inspect inspect_;
  grpc::ClientContext upstream_;
  std::unique_ptr<Stub> stub_;
  Response message_;
  Reader reader_{*this};
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_FORWARDING_H_
