#include "agent/identity/renewal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <future>

#include "absl/time/clock.h"
#include "base/error.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

TEST(RenewalTime, IsAfterHalfOfTheLifeAndSpread) {
  const absl::Time begin = absl::FromUnixSeconds(1'800'000'000);
  const IdentityLife life{begin, begin + absl::Hours(100)};
  EXPECT_EQ(RenewalTime(life, 0), begin + absl::Hours(50));
  EXPECT_EQ(RenewalTime(life, 0.5), begin + absl::Hours(55));
  EXPECT_LE(RenewalTime(life, 0.999), begin + absl::Hours(60));
}

TEST(RetryDelay, HurriesTowardsTheEndButNeverHammers) {
  EXPECT_EQ(RetryDelay(absl::Minutes(5), absl::Hours(10)), absl::Minutes(5));
  EXPECT_EQ(RetryDelay(absl::Hours(1), absl::Minutes(50)), absl::Minutes(5));
  EXPECT_EQ(RetryDelay(absl::ZeroDuration(), absl::Hours(10)), absl::Seconds(1));
  EXPECT_EQ(RetryDelay(absl::Hours(1), absl::Seconds(3)), absl::Seconds(1));
}

class RenewalTest : public ::testing::Test {
 protected:
  RenewalTest() { mkdir((temp_ / "identity").c_str(), 0700); }
  ~RenewalTest() override {
    if (renewal_) renewal_->Stop();
  }

  // A certificate of which `past` seconds have gone and `left` are to come.
  void Put(long past, long left) {
    const testing::Issued issued =
        ca_.Issue({.name = "x", .uri = "agents/pc1", .valid_from = -past, .valid_until = left});
    testing::WriteFile(IdentityFile(temp_ / "identity"), issued.key_pem + issued.certificate_pem);
  }

  // Calls are counted; each is answered by `answer`. After a failure the next one comes
  // within `base`.
  void Start(std::function<absl::Status()> answer, absl::Duration base = absl::Milliseconds(1)) {
    renewal_ =
        std::make_unique<Renewal>(RenewalOptions{.directory = temp_ / "identity",
                                                 .look_every = absl::Milliseconds(20),
                                                 .backoff = {.base = base, .cap = 2 * base},
                                                 .random = [this] { return random_.load(); }},
                                  [this, answer = std::move(answer)](const std::stop_token&) {
                                    absl::Status status = answer();
                                    const std::lock_guard lock(mutex_);
                                    ++calls_;
                                    changed_.notify_all();
                                    return status;
                                  });
    renewal_->Start();
  }
  bool WaitForCalls(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return calls_ >= count; });
  }
  bool WaitForFailure(absl::StatusCode code) {
    for (int i = 0; i < 3000 && renewal_->last_failure().code() != code; ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    return renewal_->last_failure().code() == code;
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  testing::TempDir temp_;
  const testing::TestCa ca_{"CA"};
  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
  std::atomic<double> random_ = 0.5;
  std::unique_ptr<Renewal> renewal_;
};

TEST_F(RenewalTest, RenewsOnceInTheSecondHalfOfTheLife) {
  Put(6000, 4000);
  Start([this] {
    Put(0, 10'000);
    return absl::OkStatus();
  });
  ASSERT_TRUE(WaitForCalls(1));
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(calls(), 1);
  EXPECT_TRUE(renewal_->last_failure().ok());
}

TEST_F(RenewalTest, TriesAgainAndSaysWhyItFailed) {
  Put(6000, 4000);
  std::atomic<bool> works = false;
  Start([this, &works]() -> absl::Status {
    if (!works) {
      return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
                       "Away.");
    }
    Put(0, 10'000);
    return absl::OkStatus();
  });
  ASSERT_TRUE(WaitForCalls(2));
  EXPECT_EQ(ReasonOf(renewal_->last_failure()), v1::ERROR_REASON_SERVER_UNREACHABLE);
  works = true;
  const int failed = calls();
  ASSERT_TRUE(WaitForCalls(failed + 1));
  for (int i = 0; i < 1000 && !renewal_->last_failure().ok(); ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_TRUE(renewal_->last_failure().ok());
}

TEST_F(RenewalTest, TriesAgainSoonOnceTheServerIsThereAgain) {
  Put(6000, 4000);
  std::atomic<bool> refused = false;
  Start(
      [this, &refused] {
        random_ = 0.5;
        return refused ? absl::PermissionDeniedError("revoked") : absl::UnavailableError("away");
      },
      absl::Hours(1));
  ASSERT_TRUE(WaitForFailure(absl::StatusCode::kUnavailable));
  // The first of a fleet.
  random_ = 0;
  refused = true;
  renewal_->Connected();
  ASSERT_TRUE(WaitForCalls(2)) << "the next one was due in some minutes";
  // What the server itself refuses is not hurried.
  ASSERT_TRUE(WaitForFailure(absl::StatusCode::kPermissionDenied));
  random_ = 0;
  renewal_->Connected();
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(calls(), 2);
}

// The clocks of PC and server differ so much that the new one seems to be old already.
TEST_F(RenewalTest, DoesNotHammerTheServerWithANewCertificateThatLooksOld) {
  Put(9000, 1000);
  Start([this] {
    Put(9000, 2000);
    return absl::OkStatus();
  });
  ASSERT_TRUE(WaitForCalls(1));
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(calls(), 1);
}

TEST_F(RenewalTest, TakesUpACertificateThatComesLater) {
  Start([] { return absl::UnavailableError("not now"); });
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(calls(), 0) << "nothing to renew";
  Put(6000, 4000);
  EXPECT_TRUE(WaitForCalls(1));
}

TEST_F(RenewalTest, LeavesAFreshAndAnExpiredOneAlone) {
  Put(1000, 9000);
  Start([] { return absl::OkStatus(); });
  absl::SleepFor(absl::Milliseconds(100));
  Put(9000, -10);
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(calls(), 0);
}

}  // namespace
}  // namespace ilkimza::agent
