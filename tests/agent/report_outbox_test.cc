#include "agent/link/report_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace ilkimza::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::StepReport Report(std::string_view journey, int64_t directive_id,
                      v1::StepOutcome outcome = v1::STEP_OUTCOME_DONE) {
  v1::StepReport report;
  report.set_journey(std::string(journey));
  report.set_directive_id(directive_id);
  report.set_outcome(outcome);
  return report;
}

// "journey:directive" of each pending report, oldest first.
std::vector<std::string> Pending(const ReportOutbox& outbox) {
  std::vector<std::string> names;
  for (const auto& report : outbox.Pending()) {
    names.push_back(absl::StrCat(report.journey(), ":", report.directive_id()));
  }
  return names;
}

TEST(ReportOutboxTest, KeepsReportsInOrderUntilTaken) {
  ReportOutbox outbox;
  EXPECT_TRUE(outbox.Add(Report("journeys/b", 1)));
  EXPECT_TRUE(outbox.Add(Report("journeys/a", 7)));
  EXPECT_THAT(Pending(outbox), ElementsAre("journeys/b:1", "journeys/a:7"));
  outbox.Taken("journeys/b", 1);
  EXPECT_THAT(Pending(outbox), ElementsAre("journeys/a:7"));
}

TEST(ReportOutboxTest, TakenForAnotherDirectiveChangesNothing) {
  ReportOutbox outbox;
  outbox.Add(Report("journeys/a", 7));
  outbox.Taken("journeys/a", 6);
  outbox.Taken("journeys/b", 7);
  EXPECT_THAT(Pending(outbox), ElementsAre("journeys/a:7"));
}

TEST(ReportOutboxTest, SameReportAgainIsOneReport) {
  ReportOutbox outbox;
  outbox.Add(Report("journeys/a", 7));
  outbox.Add(Report("journeys/a", 7));
  EXPECT_THAT(Pending(outbox), ElementsAre("journeys/a:7"));
}

TEST(ReportOutboxTest, OnlyTheNewestDirectiveOfAJourneyCounts) {
  ReportOutbox outbox;
  outbox.Add(Report("journeys/a", 7));
  EXPECT_TRUE(outbox.Add(Report("journeys/a", 8)));
  EXPECT_FALSE(outbox.Add(Report("journeys/a", 7)));
  EXPECT_THAT(Pending(outbox), ElementsAre("journeys/a:8"));
}

TEST(ReportOutboxTest, NewDirectiveSettlesTheOnesBefore) {
  ReportOutbox outbox;
  outbox.Add(Report("journeys/a", 7));
  outbox.ForgetBefore("journeys/a", 7);
  EXPECT_THAT(Pending(outbox), ElementsAre("journeys/a:7"));
  outbox.ForgetBefore("journeys/a", 8);
  EXPECT_THAT(Pending(outbox), IsEmpty());
}

TEST(ReportOutboxTest, IsBounded) {
  ReportOutbox outbox;
  for (size_t i = 0; i <= ReportOutbox::kMaxReports; ++i) {
    outbox.Add(Report(absl::StrCat("journeys/", i), 1));
  }
  const auto pending = Pending(outbox);
  EXPECT_EQ(pending.size(), ReportOutbox::kMaxReports);
  EXPECT_EQ(pending.front(), "journeys/1:1");
}

}  // namespace
}  // namespace ilkimza::agent
