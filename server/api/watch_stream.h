// One WatchJourney stream: ordered, each revision at most once, and never more
// than one state in waiting, however slowly the client reads.
#ifndef ILKIMZA_SERVER_API_WATCH_STREAM_H_
#define ILKIMZA_SERVER_API_WATCH_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "ilkimza/v1/journey_service.pb.h"
#include "server/api/access.h"
#include "server/engine/engine.h"

namespace ilkimza::server {

// A stream that ends at once with `status`.
grpc::ServerWriteReactor<v1::WatchJourneyResponse>* RefuseWatch(const absl::Status& status);

// Follows `journey` from the revision after `after_revision` on, as long as `caller` is
// still good: that is looked at before each state, and every few seconds between them.
// The reactor owns itself; engine and access outlive it.
grpc::ServerWriteReactor<v1::WatchJourneyResponse>* StartWatch(Engine& engine, const Access& access,
                                                               const Caller& caller,
                                                               const std::string& journey,
                                                               int64_t after_revision);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_WATCH_STREAM_H_
