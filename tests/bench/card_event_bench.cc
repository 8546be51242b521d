#include <grpcpp/grpcpp.h>
#include <winscard.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sandbox/card/simulator.h"
#include "tests/agent/card/harness.h"
#include "tests/bench/benches.h"

namespace ilkimza::bench {
namespace {

constexpr int kPort = 35963;
constexpr char kReader[] = "Virtual PCD 0 00 00";

// When a card was last seen to come, and whether one is there.
class Sightings {
 public:
  void See(bool present) {
    const double now = WallNow();
    const std::lock_guard lock(mutex_);
    if (present && !present_) came_ = now;
    present_ = present;
    changed_.notify_all();
  }
  double WaitFor(bool present) {
    std::unique_lock lock(mutex_);
    DieUnless(
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return present_ == present; }),
        "a card was not seen to come or go");
    return came_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool present_ = false;
  double came_ = 0;
};

// Waits in PC/SC itself: nobody can know earlier.
class BareWatch {
 public:
  explicit BareWatch(Sightings& sightings)
      : thread_([&sightings](const std::stop_token& stop) {
          SCARDCONTEXT context = 0;
          DieUnless(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) == 0,
                    "no smart-card service");
          SCARD_READERSTATE state{};
          state.szReader = kReader;
          while (!stop.stop_requested()) {
            constexpr DWORD kLookUp = 500;
            if (SCardGetStatusChange(context, kLookUp, &state, 1) != SCARD_S_SUCCESS) continue;
            state.dwCurrentState = state.dwEventState & ~static_cast<DWORD>(SCARD_STATE_CHANGED);
            sightings.See((state.dwEventState & SCARD_STATE_PRESENT) != 0);
          }
          SCardReleaseContext(context);
        }) {}

 private:
  std::jthread thread_;
};

// A client of the agent.
class ClientWatch {
 public:
  ClientWatch(agent::Harness& agent, Sightings& sightings)
      : stream_(agent.stub().WatchReaders(&context_, {})), thread_([this, &sightings] {
          v1::WatchReadersResponse seen;
          while (stream_->Read(&seen)) {
            sightings.See(std::any_of(seen.readers().begin(), seen.readers().end(),
                                      [](const v1::Reader& reader) {
                                        return reader.state() == v1::READER_STATE_CARD_PRESENT;
                                      }));
          }
        }) {}
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;
  ~ClientWatch() {
    context_.TryCancel();
    thread_.join();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchReadersResponse>> stream_;
  std::thread thread_;
};

}  // namespace

void BenchCardEvents(Effort effort, Table& table) {
  DieUnless(std::system("pcscd-ctl start") == 0, "the smart-card service does not start");
  const auto card = sandbox::MakeCard();
  agent::Harness agent;
  Sightings ours;
  Sightings bare;
  const BareWatch bare_watch(bare);
  const ClientWatch client(agent, ours);
  std::vector<double> ours_took;
  std::vector<double> bare_took;
  std::vector<double> beyond;
  for (int round = 0; round < Choose(effort, 1, 10, 40); ++round) {
    const double start = WallNow();
    DieUnless(card->Insert("localhost", kPort).ok(), "the reader does not see the card");
    const double seen_by_us = ours.WaitFor(true);
    const double seen_bare = bare.WaitFor(true);
    ours_took.push_back((seen_by_us - start) * 1000);
    bare_took.push_back((seen_bare - start) * 1000);
    // Two threads are woken for the same event, and either may be the first.
    beyond.push_back(std::max((seen_by_us - seen_bare) * 1000, 0.001));
    card->Remove();
    ours.WaitFor(false);
    bare.WaitFor(false);
  }
  table.Add({.what = "card put in, until a client is told",
             .unit = "ms",
             .ours = Median(ours_took),
             .baseline = Median(bare_took)});
  table.Add({.what = "of that beyond the service's own, of 5 ms",
             .unit = "ms",
             .ours = Median(beyond),
             .baseline = 5,
             .aim = Row::Aim::kAtMost,
             .limit = 1});
}

}  // namespace ilkimza::bench
