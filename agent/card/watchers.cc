#include "agent/card/watchers.h"

#include <utility>

#include "base/error.h"

namespace ilkimza::agent {
namespace {

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHUTTING_DOWN,
                   "The agent is shutting down. Try again in a moment.");
}

}  // namespace

Watchers::View Watchers::Current() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void Watchers::OnChange(View view) {
  std::vector<Callback> callbacks;
  {
    const std::lock_guard lock(mutex_);
    if (shut_down_) return;
    view_ = view;
    if (view->complete) {
      for (const auto& [id, callback] : subscribed_) callbacks.push_back(callback);
    }
    if (view->Settled()) {
      for (auto& [id, waiting] : waiting_) {
        timer_->Cancel(waiting.timer);
        callbacks.push_back(std::move(waiting.callback));
      }
      waiting_.clear();
    }
  }
  for (const Callback& callback : callbacks) callback(view);
}

void Watchers::Shutdown() {
  std::vector<Callback> callbacks;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(shut_down_, true)) return;
    for (auto& [id, waiting] : waiting_) {
      timer_->Cancel(waiting.timer);
      callbacks.push_back(std::move(waiting.callback));
    }
    for (auto& [id, callback] : subscribed_) callbacks.push_back(std::move(callback));
    waiting_.clear();
    subscribed_.clear();
  }
  for (const Callback& callback : callbacks) callback(ShuttingDown());
}

void Watchers::WhenSettled(absl::Duration patience, Callback callback) {
  absl::StatusOr<View> now = ShuttingDown();
  {
    const std::lock_guard lock(mutex_);
    if (!shut_down_) {
      if (!view_->Settled()) {
        const uint64_t id = ++last_id_;
        Waiting& waiting = waiting_[id];
        waiting.callback = std::move(callback);
        waiting.timer = timer_->Schedule(patience, [weak = weak_from_this(), id] {
          if (const auto self = weak.lock()) self->GiveUp(id);
        });
        return;
      }
      now = view_;
    }
  }
  callback(now);
}

void Watchers::GiveUp(uint64_t id) {
  Callback callback;
  View view;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    callback = std::move(found->second.callback);
    waiting_.erase(found);
    view = view_;
  }
  callback(view);
}

uint64_t Watchers::Subscribe(Callback callback) {
  absl::StatusOr<View> now = ShuttingDown();
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!shut_down_) {
      id = ++last_id_;
      subscribed_[id] = callback;
      if (!view_->complete) return id;
      now = view_;
    }
  }
  callback(now);
  return id;
}

void Watchers::Unsubscribe(uint64_t id) {
  Callback dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = subscribed_.find(id);
  if (found == subscribed_.end()) return;
  dropped = std::move(found->second);
  subscribed_.erase(found);
}

}  // namespace ilkimza::agent
