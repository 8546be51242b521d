// One client's stream of screens. Inside of portal/ only.
//
// A slow reader misses screens in between, never the last one. What has been sent,
// or will not be, is wiped.
#ifndef ILKIMZA_PORTAL_WATCH_H_
#define ILKIMZA_PORTAL_WATCH_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza::portal {

// Owns itself: deleted once gRPC is done with it, after `on_done` was called. The
// host calls it with the lock that `on_done` takes, so it is never called too late.
class Watch final : public grpc::ServerWriteReactor<v1::WatchScreenResponse> {
 public:
  // `may_see` may be empty.
  Watch(std::function<void(Watch*)> on_done, std::function<absl::Status()> may_see)
      : on_done_(std::move(on_done)), may_see_(std::move(may_see)) {}

  // Ends instead where the client may not see it any more.
  void Show(const v1::Screen& screen);
  // After what was shown last has been written.
  void End(const grpc::Status& status);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  // Called with the lock.
  void Next();

  const std::function<void(Watch*)> on_done_;
  const std::function<absl::Status()> may_see_;
  std::mutex mutex_;
  bool writing_ = false;
  bool finished_ = false;
  std::optional<grpc::Status> end_;
  bool waiting_ = false;
  v1::Screen waiting_screen_;
  v1::WatchScreenResponse response_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_WATCH_H_
