#include "agent/local/local_server.h"

#include <grpcpp/channel.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/time/clock.h"
#include "base/error.h"

namespace ilkimza::agent {

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Start(
    SocketHome home, const std::vector<grpc::Service*>& services, uid_t allowed_uid) {
  // Both take effect for servers built afterwards; this program builds one.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UNSPECIFIED,
                     "The agent's local gRPC server could not be started. Look at the log for the "
                     "reason and start the agent again.");
  }
  std::unique_ptr<LocalServer> local(new LocalServer(std::move(home), std::move(server)));
  local->listener_ =
      std::make_unique<Listener>(local->home_.listen_fd(), *local->server_, allowed_uid);
  return local;
}

LocalServer::LocalServer(SocketHome home, std::unique_ptr<grpc::Server> server)
    : home_(std::move(home)), server_(std::move(server)) {}

LocalServer::~LocalServer() { Stop(absl::ZeroDuration()); }

void LocalServer::Stop(absl::Duration grace) {
  listener_.reset();
  server_->GetHealthCheckService()->SetServingStatus(false);
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
}

std::shared_ptr<grpc::Channel> LocalServer::InProcessChannel() {
  return server_->InProcessChannel({});
}

}  // namespace ilkimza::agent
