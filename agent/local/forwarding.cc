#include "agent/local/forwarding.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace ilkimza::agent {

grpc::Status ForwardedStatus(const grpc::Status& upstream, const ForwardOptions& options) {
  if (upstream.ok() || ReasonOf(upstream) != v1::ERROR_REASON_UNSPECIFIED) return upstream;
  switch (upstream.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return ToGrpcStatus(MakeError(
          absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
          absl::StrCat("The server '", options.server_address, "' cannot be reached (",
                       upstream.error_message(),
                       "). Nothing is lost; check the network and try again in a moment.")));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ToGrpcStatus(MakeError(
          absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_SERVER_UNREACHABLE,
          absl::StrCat("The server '", options.server_address,
                       "' did not answer in time. Nothing is lost; try again in a moment.")));
    case grpc::StatusCode::UNIMPLEMENTED:
      if (options.unimplemented == v1::ERROR_REASON_UNSPECIFIED) return upstream;
      return ToGrpcStatus(MakeError(absl::StatusCode::kFailedPrecondition, options.unimplemented,
                                    options.unimplemented_sentence));
    default:
      return upstream;
  }
}

void PrepareUpstream(const grpc::CallbackServerContext& client, const ForwardOptions& options,
                     absl::Duration timeout, grpc::ClientContext& upstream) {
  upstream.AddMetadata("ilkimza-agent", options.agent);
  auto deadline = client.deadline();
  if (timeout != absl::InfiniteDuration()) {
    deadline = std::min(deadline, absl::ToChronoTime(absl::Now() + timeout));
  }
  upstream.set_deadline(deadline);
}

absl::Duration PatienceOf(const grpc::CallbackServerContext& client,
                          const ForwardOptions& options) {
  const absl::Duration left = absl::FromChrono(client.deadline()) - absl::Now();
  return std::clamp(left, absl::ZeroDuration(), options.patience);
}

}  // namespace ilkimza::agent
