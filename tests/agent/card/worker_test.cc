#include "agent/card/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/card/timer.h"
#include "base/error.h"
#include "tests/agent/card/fake_pcsc.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using Stage = JobControl::Stage;

TEST(TimerTest, CallsInOrderOfTimeAndNotWhatWasCancelled) {
  Timer timer;
  std::mutex mutex;
  std::vector<int> called;
  std::promise<void> last;
  const auto call = [&](int number) {
    return [&, number] {
      const std::lock_guard lock(mutex);
      called.push_back(number);
      if (number == 3) last.set_value();
    };
  };
  timer.Schedule(absl::Milliseconds(30), call(3));
  timer.Schedule(absl::Milliseconds(20), call(2));
  const Timer::Id cancelled = timer.Schedule(absl::Milliseconds(5), call(9));
  timer.Schedule(absl::ZeroDuration(), call(1));
  timer.Cancel(cancelled);
  timer.Cancel(0);
  last.get_future().wait();
  const std::lock_guard lock(mutex);
  // The first may have been called before the others were scheduled, never after.
  EXPECT_THAT(called, ElementsAre(1, 2, 3));
}

TEST(TimerTest, WhatIsNotDueIsNeverCalled) {
  std::atomic<bool> called = false;
  {
    Timer timer;
    timer.Schedule(absl::InfiniteDuration(), [&] { called = true; });
    timer.Schedule(absl::Hours(1), [&] { called = true; });
  }
  EXPECT_FALSE(called);
}

TEST(TimerTest, MayLoseItsLastOwnerInAFunctionItCalls) {
  std::promise<void> done;
  auto timer = std::make_shared<Timer>();
  auto* raw = timer.get();
  auto owner = std::make_shared<std::shared_ptr<Timer>>(std::move(timer));
  raw->Schedule(absl::Milliseconds(1), [owner, &done]() mutable {
    owner->reset();
    done.set_value();
  });
  owner.reset();
  done.get_future().wait();
}

class WorkerTest : public ::testing::Test {
 protected:
  using Result = absl::StatusOr<int>;

  void Start(CardTimeouts timeouts = {.command = absl::Seconds(20), .busy = absl::Seconds(20)}) {
    workers_ = std::make_unique<CardWorkers>(pcsc_, timer_, timeouts);
  }
  std::future<Result> Run(std::function<Result(CardEnvironment&)> work) {
    auto promise = std::make_shared<std::promise<Result>>();
    workers_->Run<int>("R", std::move(work),
                       [promise](const Result& result) { promise->set_value(result); });
    return promise->get_future();
  }

  std::shared_ptr<FakePcsc> pcsc_ = std::make_shared<FakePcsc>();
  std::shared_ptr<Timer> timer_ = std::make_shared<Timer>();
  std::unique_ptr<CardWorkers> workers_;
};

TEST_F(WorkerTest, JobsOfAReaderRunOneAfterTheOther) {
  Start();
  std::atomic<int> running = 0;
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 10; ++i) {
    results.push_back(Run([&running, i](CardEnvironment&) -> Result {
      EXPECT_EQ(++running, 1);
      --running;
      return i;
    }));
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get().value(), i);
}

TEST_F(WorkerTest, TheMissedDeadlineSaysWhatWasUnderWay) {
  Start();
  const std::vector<std::pair<Stage, v1::ErrorReason>> table = {
      {Stage::kWaiting, v1::ERROR_REASON_CARD_BUSY},
      {Stage::kCommand, v1::ERROR_REASON_CARD_TIMEOUT},
      {Stage::kAttempt, v1::ERROR_REASON_ATTEMPT_UNKNOWN}};
  for (const auto& [stage, reason] : table) {
    std::promise<void> release;
    std::promise<bool> late;
    auto result = Run([&, waiting = release.get_future().share(),
                       stage = stage](CardEnvironment& environment) -> Result {
      EXPECT_TRUE(environment.control.Enter(stage, absl::Milliseconds(5)));
      waiting.wait();
      late.set_value(environment.control.Leave());
      return 1;
    });
    EXPECT_EQ(ReasonOf(result.get().status()), reason);
    release.set_value();
    // Told that nobody waits for it any more.
    EXPECT_FALSE(late.get_future().get());
  }
}

TEST_F(WorkerTest, TheReaderGoesOnWithoutTheThreadLeftBehind) {
  Start();
  std::promise<void> release;
  auto waiting = release.get_future().share();
  auto stuck = Run([waiting](CardEnvironment& environment) -> Result {
    EXPECT_TRUE(environment.control.Enter(Stage::kWaiting, absl::Milliseconds(5)));
    waiting.wait();
    return 1;
  });
  // Queued behind it.
  auto next = Run([](CardEnvironment&) -> Result { return 2; });
  EXPECT_FALSE(stuck.get().ok());
  EXPECT_EQ(next.get().value(), 2);
  release.set_value();
}

TEST_F(WorkerTest, ThreadsLeftBehindAreBounded) {
  Start();
  std::promise<void> release;
  auto waiting = release.get_future().share();
  const auto get_stuck = [&] {
    return Run([waiting](CardEnvironment& environment) -> Result {
      EXPECT_TRUE(environment.control.Enter(Stage::kWaiting, absl::Milliseconds(5)));
      waiting.wait();
      static_cast<void>(environment.control.Leave());
      return 1;
    });
  };
  for (int i = 0; i < CardWorkers::kMaxLeftBehind; ++i) {
    EXPECT_EQ(ReasonOf(get_stuck().get().status()), v1::ERROR_REASON_CARD_BUSY);
  }
  std::atomic<bool> ran = false;
  const Result refused = Run([&](CardEnvironment&) -> Result {
                           ran = true;
                           return 1;
                         }).get();
  EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_CARD_BUSY);
  EXPECT_FALSE(ran);
  // They come back: the reader may be used again.
  release.set_value();
  Result result = refused;
  while (!result.ok()) result = Run([](CardEnvironment&) -> Result { return 3; }).get();
  EXPECT_EQ(*result, 3);
}

TEST_F(WorkerTest, ShutdownEndsWhatWaitsAndRefusesWhatComes) {
  Start();
  std::promise<void> entered;
  std::promise<void> release;
  auto waiting = release.get_future().share();
  auto under_way = Run([&entered, waiting](CardEnvironment& environment) -> Result {
    EXPECT_TRUE(environment.control.Enter(Stage::kWaiting, absl::Hours(1)));
    entered.set_value();
    waiting.wait();
    return 1;
  });
  auto queued = Run([](CardEnvironment&) -> Result { return 2; });
  entered.get_future().wait();
  workers_->Shutdown();
  EXPECT_EQ(ReasonOf(under_way.get().status()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_EQ(ReasonOf(queued.get().status()), v1::ERROR_REASON_SHUTTING_DOWN);
  auto late = Run([](CardEnvironment&) -> Result { return 3; });
  EXPECT_EQ(ReasonOf(late.get().status()), v1::ERROR_REASON_SHUTTING_DOWN);
  release.set_value();
}

TEST_F(WorkerTest, ShutdownWaitsForACommandOnItsWay) {
  Start();
  std::promise<void> entered;
  std::promise<void> release;
  auto result = Run([&](CardEnvironment& environment) -> Result {
    EXPECT_TRUE(environment.control.Enter(Stage::kAttempt, absl::Hours(1)));
    entered.set_value();
    release.get_future().wait();
    EXPECT_TRUE(environment.control.Leave());
    return 7;
  });
  entered.get_future().wait();
  auto shutdown = std::async(std::launch::async, [&] { workers_->Shutdown(); });
  release.set_value();
  shutdown.wait();
  EXPECT_EQ(result.get().value(), 7);
}

TEST_F(WorkerTest, ShutdownEndsAJobOfManyCommands) {
  Start();
  std::promise<void> entered;
  auto result = Run([&](CardEnvironment& environment) -> Result {
    for (int i = 0; i < 20'000; ++i) {
      if (!environment.control.Enter(Stage::kCommand, absl::Hours(1)))
        return absl::CancelledError();
      if (i == 0) entered.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (!environment.control.Leave()) return absl::CancelledError();
    }
    return 1;
  });
  entered.get_future().wait();
  workers_->Shutdown();
  EXPECT_EQ(ReasonOf(result.get().status()), v1::ERROR_REASON_SHUTTING_DOWN);
}

TEST_F(WorkerTest, AJobThatHasSentAPinGoesOnDuringShutdown) {
  const auto ended = std::make_shared<std::atomic<int>>(0);
  const auto refusal = absl::UnavailableError("shutting down");
  const auto make = [&] {
    return std::make_shared<JobControl>(timer_, [ended](const absl::Status&) { ++*ended; });
  };
  const auto sent = make();
  ASSERT_TRUE(sent->Enter(Stage::kAttempt, absl::Hours(1)));
  sent->RefuseCalls(refusal);
  EXPECT_TRUE(sent->Leave());
  // What the card says now belongs to the PIN; and it is given back.
  for (const Stage stage :
       {Stage::kCommand, Stage::kAttempt, Stage::kWaiting, Stage::kGivingBack}) {
    EXPECT_TRUE(sent->Enter(stage, absl::Hours(1)));
    EXPECT_TRUE(sent->Leave());
  }
  EXPECT_EQ(*ended, 0);
  // One that has not sends none any more.
  const auto reading = make();
  ASSERT_TRUE(reading->Enter(Stage::kCommand, absl::Hours(1)));
  reading->RefuseCalls(refusal);
  EXPECT_TRUE(reading->Leave());
  EXPECT_TRUE(reading->Enter(Stage::kGivingBack, absl::Hours(1)));
  EXPECT_TRUE(reading->Leave());
  EXPECT_FALSE(reading->Enter(Stage::kAttempt, absl::Hours(1)));
  EXPECT_EQ(*ended, 1);
}

TEST_F(WorkerTest, ContextsAreGivenBack) {
  Start();
  EXPECT_TRUE(Run([](CardEnvironment& environment) -> Result {
                EXPECT_EQ(environment.context.Establish(), SCARD_S_SUCCESS);
                return 1;
              })
                  .get()
                  .ok());
  EXPECT_EQ(pcsc_->OpenContexts(), 1);
  workers_.reset();
  EXPECT_EQ(pcsc_->OpenContexts(), 0);
}

}  // namespace
}  // namespace ilkimza::agent
