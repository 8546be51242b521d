#include "agent/card/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> Open() {
    auto journal = Journal::Open(path_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  static Attempt MakeAttempt(int64_t directive, std::string request_id = "") {
    return {.kind = AttemptKind::kChange,
            .serial = "87211470000000000000",
            .journey = "journeys/j1",
            .directive_id = directive,
            .request_id = std::move(request_id)};
  }

  testing::TempDir folder_;
  const std::filesystem::path path_ = folder_ / "attempts.jsonl";
};

TEST_F(JournalTest, AnAttemptWithoutAResultIsKnownAfterARestart) {
  const int64_t number = *Open()->Begin(MakeAttempt(7, "r-1"));
  const auto journal = Open();
  ASSERT_THAT(journal->Unresolved(), SizeIs(1));
  const Attempt attempt = journal->Unresolved().front();
  EXPECT_EQ(attempt.number, number);
  EXPECT_EQ(attempt.kind, AttemptKind::kChange);
  EXPECT_EQ(attempt.serial, "87211470000000000000");
  EXPECT_EQ(attempt.journey, "journeys/j1");
  EXPECT_EQ(attempt.directive_id, 7);
  EXPECT_EQ(attempt.result, AttemptResult::kOpen);
  EXPECT_TRUE(journal->FindDirective("journeys/j1", 7));
  EXPECT_TRUE(journal->FindRequest("r-1"));
  EXPECT_FALSE(journal->FindDirective("journeys/j1", 8));
  EXPECT_FALSE(journal->FindDirective("", 7));
  EXPECT_FALSE(journal->FindRequest(""));
}

TEST_F(JournalTest, EveryResultSurvivesARestart) {
  for (const AttemptResult result :
       {AttemptResult::kNotSent, AttemptResult::kRefused, AttemptResult::kWrong,
        AttemptResult::kBlocked, AttemptResult::kRight, AttemptResult::kSigned,
        AttemptResult::kSignatureInvalid, AttemptResult::kUnknown}) {
    {
      const auto journal = Open();
      const auto number = journal->Begin(MakeAttempt(static_cast<int64_t>(result) + 1));
      ASSERT_TRUE(number.ok());
      EXPECT_TRUE(journal->Finish(*number, result, 2).ok());
    }
    const auto attempt = Open()->FindDirective("journeys/j1", static_cast<int64_t>(result) + 1);
    ASSERT_TRUE(attempt);
    EXPECT_EQ(attempt->result, result);
    EXPECT_EQ(attempt->tries_left, 2);
  }
  EXPECT_THAT(Open()->Unresolved(), IsEmpty());
}

TEST_F(JournalTest, ALaterResultReplacesAnEarlierOne) {
  const auto journal = Open();
  const int64_t number = *journal->Begin(MakeAttempt(1));
  EXPECT_TRUE(journal->Finish(number, AttemptResult::kRight, -1).ok());
  EXPECT_TRUE(journal->Finish(number, AttemptResult::kSigned, 3).ok());
  EXPECT_EQ(journal->FindDirective("journeys/j1", 1)->result, AttemptResult::kSigned);
}

TEST_F(JournalTest, KnowsWhichCardsWereLeftOpen) {
  const auto left_open = [&](AttemptKind kind, std::optional<AttemptResult> result) {
    const auto journal = Open();
    Attempt attempt = MakeAttempt(1);
    attempt.kind = kind;
    const int64_t number = *journal->Begin(attempt);
    if (result) EXPECT_TRUE(journal->Finish(number, *result, -1).ok());
    return journal->LeftOpen().contains(attempt.serial);
  };
  EXPECT_TRUE(Open()->LeftOpen().empty());
  EXPECT_TRUE(left_open(AttemptKind::kVerify, std::nullopt));
  // The last attempt counts.
  EXPECT_FALSE(left_open(AttemptKind::kVerify, AttemptResult::kRight));
  EXPECT_TRUE(left_open(AttemptKind::kChange, AttemptResult::kUnknown));
  EXPECT_FALSE(left_open(AttemptKind::kTestSign, AttemptResult::kSigned));
  EXPECT_TRUE(left_open(AttemptKind::kTestSign, AttemptResult::kRight));
  EXPECT_FALSE(left_open(AttemptKind::kUnblock, AttemptResult::kWrong));
}

TEST_F(JournalTest, NumbersGrowAcrossRestarts) {
  const int64_t first = *Open()->Begin(MakeAttempt(1));
  const int64_t second = *Open()->Begin(MakeAttempt(2));
  EXPECT_GT(second, first);
}

TEST_F(JournalTest, ATornLineLosesOnlyItself) {
  ASSERT_TRUE(Open()->Begin(MakeAttempt(1)).ok());
  std::ofstream(path_, std::ios::app) << R"({"attempt":2,"kind":"ver)";
  {
    const auto journal = Open();
    EXPECT_THAT(journal->Unresolved(), SizeIs(1));
    ASSERT_TRUE(journal->Begin(MakeAttempt(3)).ok());
  }
  EXPECT_THAT(Open()->Unresolved(), SizeIs(2));
}

TEST_F(JournalTest, LinesThatAreNoneAreSkipped) {
  std::ofstream(path_) << "[]\n{}\nnot json\n{\"attempt\":\"1\"}\n{\"attempt\":-1}\n"
                       << R"({"attempt":5,"kind":"verify","serial":7,"directive":"x"})"
                       << "\n"
                       << R"({"attempt":6,"kind":"nonsense"})"
                       << "\n"
                       << R"({"attempt":9,"result":"wrong"})"
                       << "\n\n";
  const auto journal = Open();
  ASSERT_THAT(journal->Unresolved(), SizeIs(1));
  EXPECT_EQ(journal->Unresolved().front().number, 5);
  EXPECT_EQ(journal->Unresolved().front().serial, "");
  EXPECT_TRUE(journal->Begin(MakeAttempt(1)).ok());
}

TEST_F(JournalTest, StaysBoundedAndForgetsNothingOpen) {
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Begin(MakeAttempt(1)).ok());  // never finished
    for (int i = 2; i < 1500; ++i) {
      const auto number = journal->Begin(MakeAttempt(i));
      ASSERT_TRUE(number.ok());
      ASSERT_TRUE(journal->Finish(*number, AttemptResult::kWrong, 1).ok());
    }
  }
  EXPECT_LE(std::filesystem::file_size(path_), 257U * 1024);
  const auto journal = Open();
  EXPECT_THAT(journal->Unresolved(), SizeIs(1));
  EXPECT_TRUE(journal->FindDirective("journeys/j1", 1499));
  EXPECT_TRUE(journal->FindDirective("journeys/j1", 1500 - 255));
  EXPECT_FALSE(journal->FindDirective("journeys/j1", 2));
}

TEST_F(JournalTest, OneAgentAtATime) {
  const auto journal = Open();
  const auto second = Journal::Open(path_);
  EXPECT_EQ(ReasonOf(second.status()), v1::ERROR_REASON_STORE_FAILED);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another agent"));
}

TEST_F(JournalTest, ReadableByItsOwnerOnly) {
  const auto journal = Open();
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(JournalTest, ADiskThatFailsIsSaid) {
  // Every write to it fails with "no space left".
  const auto full = Journal::Open("/dev/full");
  ASSERT_FALSE(full.ok() && (*full)->Begin(MakeAttempt(1)).ok());
  EXPECT_EQ(ReasonOf(Journal::Open(folder_ / "missing/j").status()), v1::ERROR_REASON_STORE_FAILED);
}

TEST_F(JournalTest, ANumberIsNeverTwoAttempts) {
  static bool disk_fails = false;
  {
    auto opened = Journal::Open(path_, SystemClock(), [](int fd) {
      errno = EIO;
      return disk_fails ? -1 : fdatasync(fd);
    });
    ASSERT_TRUE(opened.ok()) << opened.status();
    disk_fails = true;
    EXPECT_EQ(ReasonOf((*opened)->Begin(MakeAttempt(1, "r-1")).status()),
              v1::ERROR_REASON_STORE_FAILED);
    disk_fails = false;
    EXPECT_TRUE((*opened)->Begin(MakeAttempt(2, "r-2")).ok());
  }
  const auto journal = Open();
  // The one that was sent, and not the other.
  ASSERT_THAT(journal->Unresolved(), SizeIs(1));
  EXPECT_EQ(journal->Unresolved().front().request_id, "r-2");
  EXPECT_TRUE(journal->FindDirective("journeys/j1", 2));
  const auto never_sent = journal->FindRequest("r-1");
  EXPECT_TRUE(!never_sent || never_sent->result == AttemptResult::kNotSent);
}

}  // namespace
}  // namespace ilkimza::agent
