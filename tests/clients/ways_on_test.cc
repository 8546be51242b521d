// A journey that has stopped always has something that somebody can do.
#include "clients/sdk/ways_on.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

v1::Journey Stopped(v1::ErrorReason reason, std::initializer_list<v1::Way> other_ways = {},
                    v1::Goal goal = v1::GOAL_GET_PIN) {
  v1::Journey journey;
  journey.set_goal(goal);
  journey.set_state(v1::JOURNEY_STATE_STOPPED);
  journey.set_reason(reason);
  for (const v1::Way way : other_ways) journey.add_other_ways(way);
  return journey;
}

// Where trying the same again cannot help by itself, the first thing is another one.
TEST(WaysOnTest, TheBestOneComesFirst) {
  struct Row {
    v1::ErrorReason reason;
    WayOn first;
  };
  const Row rows[] = {
      {v1::ERROR_REASON_SCREEN_UNRECOGNISED, WayOn::kGuided},
      {v1::ERROR_REASON_SCREEN_UNEXPECTED, WayOn::kGuided},
      {v1::ERROR_REASON_SCREEN_DRIFTED, WayOn::kGuided},
      {v1::ERROR_REASON_CONTROL_AMBIGUOUS, WayOn::kGuided},
      {v1::ERROR_REASON_CLICK_NOT_ALLOWED, WayOn::kGuided},
      {v1::ERROR_REASON_PORTAL_REFUSED, WayOn::kGuided},
      {v1::ERROR_REASON_PAGE_TOO_LARGE, WayOn::kGuided},
      {v1::ERROR_REASON_PAGE_UNREADABLE, WayOn::kGuided},
      {v1::ERROR_REASON_TOO_MANY_REDIRECTS, WayOn::kGuided},
      {v1::ERROR_REASON_OFF_SITE, WayOn::kGuided},
      {v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS, WayOn::kGuided},
      {v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS, WayOn::kGuided},
      {v1::ERROR_REASON_LOCKED_OUT, WayOn::kResetWord},
      {v1::ERROR_REASON_WRONG_PHONE, WayOn::kHotline},
      {v1::ERROR_REASON_WRONG_EMAIL, WayOn::kHotline},
      {v1::ERROR_REASON_MAIL_NOT_RECEIVED, WayOn::kRetry},
      {v1::ERROR_REASON_PIN_BLOCKED, WayOn::kUnblockPin},
      {v1::ERROR_REASON_PIN_INFO_DELETED, WayOn::kKnownPin},
      {v1::ERROR_REASON_PORTAL_UNTRUSTED, WayOn::kItDepartment},
      {v1::ERROR_REASON_BAD_CONFIGURATION, WayOn::kItDepartment},
      {v1::ERROR_REASON_PORTAL_HOST_OFF, WayOn::kItDepartment},
      {v1::ERROR_REASON_CERTIFICATE_NOT_FOUND, WayOn::kItDepartment},
      {v1::ERROR_REASON_SIGNATURE_INVALID, WayOn::kItDepartment},
      {v1::ERROR_REASON_STEP_TIMEOUT, WayOn::kRetry},
      {v1::ERROR_REASON_ATTEMPTS_EXHAUSTED, WayOn::kRetry},
      {v1::ERROR_REASON_SERIAL_MISMATCH, WayOn::kRetry},
      {v1::ERROR_REASON_ATTEMPT_UNKNOWN, WayOn::kRetry},
      {v1::ERROR_REASON_SUBMISSION_UNKNOWN, WayOn::kRetry},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(WaysOn(Stopped(row.reason, {v1::WAY_GUIDED})).front(), row.first)
        << ReasonName(row.reason);
  }
  EXPECT_EQ(WaysOn(Stopped(v1::ERROR_REASON_GUIDED_NOT_POSSIBLE, {v1::WAY_DRIVEN})).front(),
            WayOn::kDriven);
}

TEST(WaysOnTest, EachReasonHasOnesThatCanBeTakenEachOnce) {
  for (int value = 0; value <= v1::ErrorReason_MAX; ++value) {
    if (!v1::ErrorReason_IsValid(value)) continue;
    const auto reason = static_cast<v1::ErrorReason>(value);
    for (const auto& ways : {WaysOn(Stopped(reason)), WaysOn(Stopped(reason, {v1::WAY_GUIDED})),
                             WaysOn(Stopped(reason, {v1::WAY_DRIVEN}))}) {
      EXPECT_THAT(ways, Contains(WayOn::kRetry)) << ReasonName(reason);
      EXPECT_EQ(std::set<WayOn>(ways.begin(), ways.end()).size(), ways.size());
    }
  }
}

TEST(WaysOnTest, AWayThatTheServerDoesNotOfferIsNone) {
  for (int value = 0; value <= v1::ErrorReason_MAX; ++value) {
    if (!v1::ErrorReason_IsValid(value)) continue;
    const auto reason = static_cast<v1::ErrorReason>(value);
    EXPECT_THAT(WaysOn(Stopped(reason)), Not(Contains(WayOn::kGuided)));
    EXPECT_THAT(WaysOn(Stopped(reason)), Not(Contains(WayOn::kDriven)));
    EXPECT_THAT(WaysOn(Stopped(reason, {v1::WAY_GUIDED})), Contains(WayOn::kGuided));
    EXPECT_THAT(WaysOn(Stopped(reason, {v1::WAY_DRIVEN})), Contains(WayOn::kDriven));
  }
}

TEST(WaysOnTest, AGoalIsNotAdvisedToItself) {
  EXPECT_THAT(WaysOn(Stopped(v1::ERROR_REASON_LOCKED_OUT, {}, v1::GOAL_RESET_SECURITY_WORD)),
              ElementsAre(WayOn::kHotline, WayOn::kRetry));
  EXPECT_THAT(WaysOn(Stopped(v1::ERROR_REASON_PIN_INFO_DELETED, {}, v1::GOAL_UNBLOCK_PIN)),
              ElementsAre(WayOn::kKnownPin, WayOn::kReissue, WayOn::kRetry));
}

// PIN and PUK deleted at the portal: the PIN known, the PUK by code, a new certificate.
TEST(WaysOnTest, WhatRemainsWithoutThePortalsCopyIsLaidOut) {
  EXPECT_THAT(WaysOn(Stopped(v1::ERROR_REASON_PIN_INFO_DELETED)),
              ElementsAre(WayOn::kKnownPin, WayOn::kUnblockPin, WayOn::kReissue, WayOn::kRetry));
}

TEST(WaysOnTest, EachHasANameAndWords) {
  const Texts texts(Language::kEnglish);
  std::set<std::string> names;
  std::set<std::string> words;
  for (int value = 0; value <= static_cast<int>(WayOn::kDoctor); ++value) {
    names.emplace(WayOnName(static_cast<WayOn>(value)));
    words.insert(WayOnTitle(texts, static_cast<WayOn>(value)));
  }
  EXPECT_EQ(names.size(), 10U);
  EXPECT_EQ(words.size(), 10U);
  EXPECT_THAT(names, Not(Contains("")));
  EXPECT_THAT(words, Not(Contains("")));
}

}  // namespace
}  // namespace ilkimza::client
