#include "agent/link/dial.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/identity/identity.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr int kMaxAnswerBytes = 8 * 1024 * 1024;
// How long one connection may take: handshakes queue after a server's restart.
constexpr int kConnectMillis = 60'000;
// gRPC would try again by itself after this; by then the link has left the channel.
constexpr int kNeverMillis = 24 * 3600 * 1000;
constexpr int kKeepaliveTimeoutMillis = 20'000;

grpc::ChannelArguments ArgumentsOf(const ServerEndpoint& endpoint) {
  grpc::ChannelArguments arguments;
  // Connections of their own: never the one that just failed.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillis);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kNeverMillis);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kNeverMillis);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(endpoint.keepalive)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, endpoint.proxy.empty() ? 0 : 1);
  if (!endpoint.proxy.empty()) arguments.SetString(GRPC_ARG_HTTP_PROXY, endpoint.proxy);
  return arguments;
}

// Left this long before the certificate ends, so that no call is cut by it; a tenth of
// what remains where that is less.
constexpr absl::Duration kLeaveBefore = absl::Seconds(30);

absl::Status Expired(absl::Time end) {
  return MakeError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REFUSED,
                   absl::StrCat("The agent's certificate ended on ",
                                absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", end, absl::UTCTimeZone()),
                                "; enrol the agent anew with a join token that is made for it."));
}

absl::StatusOr<Dialled> DialOnce(const ServerEndpoint& endpoint) {
  const TlsFiles files = WithIdentity(endpoint.tls, endpoint.identity_directory);
  const absl::Time now = absl::Now();
  if (files.certificate != endpoint.tls.certificate) {
    ILKIMZA_ASSIGN_OR_RETURN(const IdentityLife life, LifeOf(files.certificate));
    if (life.not_after <= now) return Expired(life.not_after);
  }
  ILKIMZA_ASSIGN_OR_RETURN(auto credentials, MakeChannelCredentials(endpoint.address, files));
  ILKIMZA_ASSIGN_OR_RETURN(absl::Time expiry, CertificateExpiry(files));
  if (expiry != absl::InfiniteFuture()) expiry -= std::min(kLeaveBefore, (expiry - now) / 10);
  return Dialled{grpc::CreateCustomChannel(endpoint.address, credentials, ArgumentsOf(endpoint)),
                 expiry};
}

}  // namespace

absl::StatusOr<Dial> MakeDial(ServerEndpoint endpoint) {
  // A channel does not connect by itself, so this only judges the endpoint. One that has
  // an address it can try is idle.
  ServerEndpoint bare = endpoint;
  bare.identity_directory.clear();
  ILKIMZA_ASSIGN_OR_RETURN(const Dialled dialled, DialOnce(bare));
  if (dialled.channel->GetState(/*try_to_connect=*/false) != GRPC_CHANNEL_IDLE) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     "This is no address: write \"host:port\" or \"unix:/path\".");
  }
  return Dial([endpoint = std::move(endpoint)] { return DialOnce(endpoint); });
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> DialDoor(const ServerEndpoint& endpoint) {
  TlsFiles files;
  files.ca = endpoint.tls.ca;
  if (files.ca.empty() && IsLocalAddress(endpoint.address)) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     "A join token is not sent in plain text: configure 'server.ca_file'.");
  }
  ILKIMZA_ASSIGN_OR_RETURN(auto credentials, MakeChannelCredentials(endpoint.address, files));
  return grpc::CreateCustomChannel(endpoint.address, credentials, ArgumentsOf(endpoint));
}

}  // namespace ilkimza::agent
