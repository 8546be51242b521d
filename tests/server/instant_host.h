// A host that does every step at once and well: drives engine and store without
// gRPC, for tests and for measuring.
//
//   InstantHost host;
//   Engine engine({.run_timers = false}, store);
//   engine.Connect(&host, nullptr);
//   engine.Start();
//   host.Start(engine);
//   host.Attach("agents/1");
//   engine.Create({.goal = v1::GOAL_GET_PIN, .agent = "agents/1"}, done);
#ifndef ILKIMZA_TESTS_SERVER_INSTANT_HOST_H_
#define ILKIMZA_TESTS_SERVER_INSTANT_HOST_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "tests/server/fake_agent.h"

namespace ilkimza::server {

// Thread-safe. Answers on a thread of its own, since a sink must not call back.
class InstantHost : public DirectiveSink {
 public:
  void Start(Engine& engine) {
    engine_ = &engine;
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  // Before the engine is destroyed.
  void Stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void Attach(const std::string& agent) {
    engine_->AgentAttached(agent, 1, {}, {}, [](auto) {});
  }

  void Send(const std::string& agent, const v1::AttachAgentResponse& message) override {
    {
      const std::lock_guard lock(mutex_);
      if (message.has_close_conversation()) {
        ++ended_;
      } else if (message.has_run_step()) {
        waiting_.emplace_back(agent, message.run_step());
      }
    }
    changed_.notify_all();
  }

  // Waits until that many journeys have ended.
  void WaitForEnded(int64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ >= count; });
  }

 private:
  void Run(const std::stop_token& stop) {
    std::vector<std::pair<std::string, v1::RunStep>> runs;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
        if (waiting_.empty()) return;
        runs.swap(waiting_);
      }
      for (const auto& [agent, run] : runs) {
        engine_->Report(agent, DoneReport(run), [](const absl::Status&) {});
      }
      runs.clear();
    }
  }

  Engine* engine_ = nullptr;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::pair<std::string, v1::RunStep>> waiting_;
  int64_t ended_ = 0;
  std::jthread thread_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_INSTANT_HOST_H_
