#include "portal/watch.h"

#include "base/error.h"
#include "base/redact.h"

namespace ilkimza::portal {

void Watch::Show(const v1::Screen& screen) {
  const std::lock_guard lock(mutex_);
  if (end_ || finished_) return;
  WipeSecrets(waiting_screen_);
  if (const absl::Status status = may_see_ ? may_see_() : absl::OkStatus(); !status.ok()) {
    waiting_ = false;
    end_ = ToGrpcStatus(status);
    return Next();
  }
  waiting_screen_ = screen;
  waiting_ = true;
  Next();
}

void Watch::End(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (end_ || finished_) return;
  end_ = status;
  Next();
}

void Watch::Next() {
  if (writing_ || finished_) return;
  if (waiting_) {
    waiting_ = false;
    writing_ = true;
    response_.mutable_screen()->Swap(&waiting_screen_);
    StartWrite(&response_);
  } else if (end_) {
    finished_ = true;
    Finish(*end_);
  }
}

void Watch::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  WipeSecrets(response_);
  response_.Clear();
  if (!ok && !end_) end_ = grpc::Status::CANCELLED;
  if (!ok) waiting_ = false;
  Next();
}

void Watch::OnCancel() {
  const std::lock_guard lock(mutex_);
  waiting_ = false;
  if (!end_) end_ = grpc::Status::CANCELLED;
  Next();
}

void Watch::OnDone() {
  WipeSecrets(waiting_screen_);
  WipeSecrets(response_);
  on_done_(this);
  delete this;
}

}  // namespace ilkimza::portal
