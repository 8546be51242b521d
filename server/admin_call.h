// What the operator's commands have in common. Private to them.
#ifndef ILKIMZA_SERVER_ADMIN_CALL_H_
#define ILKIMZA_SERVER_ADMIN_CALL_H_

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace ilkimza::server {

// Nobody waits longer for a server that does not answer.
void LimitCall(grpc::ClientContext& context);

// The server's own words, or that it does not answer: UNAVAILABLE / SERVER_UNREACHABLE.
absl::Status ExplainedCall(const grpc::Status& status);

// "2026-01-31 08:15:00 UTC"
std::string TimeWords(const google::protobuf::Timestamp& time);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ADMIN_CALL_H_
