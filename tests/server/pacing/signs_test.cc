// What states and reports of journeys mean for the pace, as tables.
#include "server/pacing/signs.h"

#include <gtest/gtest.h>

#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

struct ReportRow {
  v1::StepKind step;
  v1::StepOutcome outcome;
  v1::ErrorReason reason;
  bool guided;
  PortalSign sign;
};

TEST(Signs, OfReports) {
  constexpr auto kNoReason = v1::ERROR_REASON_UNSPECIFIED;
  const ReportRow rows[] = {
      {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_OUTCOME_DONE, kNoReason, false, PortalSign::kAnswered},
      {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_OUTCOME_DONE, kNoReason, true, PortalSign::kNone},
      {v1::STEP_KIND_PROVE_PIN, v1::STEP_OUTCOME_DONE, kNoReason, false, PortalSign::kNone},
      {v1::STEP_KIND_LOG_OUT, v1::STEP_OUTCOME_DONE, kNoReason, false, PortalSign::kNone},
      {v1::STEP_KIND_LOG_IN, v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_WRONG_CAPTCHA, false,
       PortalSign::kAnswered},
      {v1::STEP_KIND_OPEN_MAIL_LINK, v1::STEP_OUTCOME_REJECTED, v1::ERROR_REASON_MAIL_LINK_FOREIGN,
       false, PortalSign::kNone},
      {v1::STEP_KIND_LOG_IN, v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_UNREACHABLE,
       false, PortalSign::kFailed},
      {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_MAINTENANCE,
       false, PortalSign::kFailed},
      {v1::STEP_KIND_LOG_IN, v1::STEP_OUTCOME_UNKNOWN, v1::ERROR_REASON_SUBMISSION_UNKNOWN, false,
       PortalSign::kFailed},
      {v1::STEP_KIND_PROVE_PIN, v1::STEP_OUTCOME_UNKNOWN, v1::ERROR_REASON_ATTEMPT_UNKNOWN, false,
       PortalSign::kNone},
      {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_OUTCOME_UNAVAILABLE, v1::ERROR_REASON_PORTAL_PACED, false,
       PortalSign::kNone},
      // Of the holder's own network, or of the page.
      {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_PORTAL_UNTRUSTED, false,
       PortalSign::kNone},
      {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_SCREEN_UNRECOGNISED,
       false, PortalSign::kNone},
      {v1::STEP_KIND_LOG_IN, v1::STEP_OUTCOME_STOPPED, v1::ERROR_REASON_STEP_TIMEOUT, false,
       PortalSign::kNone},
  };
  for (const ReportRow& row : rows) {
    v1::StepReport report;
    report.set_step(row.step);
    report.set_outcome(row.outcome);
    report.set_reason(row.reason);
    report.set_guided(row.guided);
    EXPECT_EQ(SignOf(report), row.sign) << report.ShortDebugString();
  }
}

struct JourneyRow {
  const char* what;
  v1::JourneyState state;
  v1::StepKind step;
  bool has_directive;
  bool resumes;
  bool logged_in;
  bool guided;
  bool at_portal;
};

TEST(Signs, OfJourneys) {
  constexpr auto kActive = v1::JOURNEY_STATE_ACTIVE;
  constexpr auto kWaiting = v1::JOURNEY_STATE_WAITING;
  const JourneyRow rows[] = {
      {"opens", kActive, v1::STEP_KIND_OPEN_LOGIN, true, false, false, false, true},
      {"opens in a browser", kActive, v1::STEP_KIND_OPEN_LOGIN, true, false, false, true, false},
      {"is to open later", kWaiting, v1::STEP_KIND_OPEN_LOGIN, false, true, false, false, false},
      {"is to log in", kActive, v1::STEP_KIND_LOG_IN, true, false, false, false, true},
      {"logs in later, on the same page", kWaiting, v1::STEP_KIND_LOG_IN, false, true, false, false,
       true},
      {"stopped", v1::JOURNEY_STATE_STOPPED, v1::STEP_KIND_LOG_IN, true, false, false, false,
       false},
      {"its agent is away", kWaiting, v1::STEP_KIND_LOG_IN, true, false, true, false, false},
      {"waits for the mail", kActive, v1::STEP_KIND_OPEN_MAIL_LINK, true, false, false, false,
       false},
      {"the link is open", kActive, v1::STEP_KIND_SET_SECURITY_WORD, true, false, false, false,
       true},
      {"on the card, before", kActive, v1::STEP_KIND_INSERT_CARD, true, false, false, false, false},
      {"on the card, with the page open", kActive, v1::STEP_KIND_PROVE_PIN, true, false, true,
       false, true},
      {"on the card, after", kActive, v1::STEP_KIND_TEST_SIGNATURE, true, false, false, false,
       false},
      {"logs out", kActive, v1::STEP_KIND_LOG_OUT, true, false, true, false, true},
      {"has ended", v1::JOURNEY_STATE_SUCCEEDED, v1::STEP_KIND_UNSPECIFIED, false, false, false,
       false, false},
  };
  for (const JourneyRow& row : rows) {
    v1::Journey journey;
    journey.set_state(row.state);
    journey.set_current_step(row.step);
    journey.set_directive_id(row.has_directive ? 7 : 0);
    if (row.resumes) journey.mutable_resume_time()->set_seconds(1);
    journey.mutable_facts()->set_logged_in(row.logged_in);
    journey.set_guided(row.guided);
    EXPECT_EQ(IsAtPortal(journey), row.at_portal) << row.what;
  }
}

// A step that opens a conversation needs none before, and the other way round.
TEST(Signs, OpeningStepsAreThoseThatNeedNothing) {
  for (int kind = 1; kind < v1::StepKind_ARRAYSIZE; ++kind) {
    const StepSpec& spec = SpecOf(static_cast<v1::StepKind>(kind));
    const bool needs_nothing = spec.on_portal && spec.needs == Needs::kNothing;
    EXPECT_EQ(OpensConversation(spec.kind) || spec.kind == v1::STEP_KIND_OPEN_MAIL_LINK,
              needs_nothing)
        << spec.english;
  }
}

}  // namespace
}  // namespace ilkimza::server
