// Expectations on how a step of a conversation ended, with what happened instead.
#ifndef ILKIMZA_TESTS_PORTAL_ENDING_MATCHERS_H_
#define ILKIMZA_TESTS_PORTAL_ENDING_MATCHERS_H_

#include <gtest/gtest.h>

#include "tests/portal/walk.h"

#define EXPECT_ENDS(ending_expression, expected_outcome, expected_reason)            \
  do {                                                                               \
    const ::ilkimza::portal::Ending ending_of_step = (ending_expression);            \
    EXPECT_EQ(ending_of_step.outcome, expected_outcome) << Describe(ending_of_step); \
    EXPECT_EQ(ending_of_step.reason, expected_reason) << Describe(ending_of_step);   \
  } while (false)

#define ASSERT_DONE(ending_expression)                                    \
  do {                                                                    \
    const ::ilkimza::portal::Ending ending_of_step = (ending_expression); \
    ASSERT_EQ(ending_of_step.outcome, ::ilkimza::v1::STEP_OUTCOME_DONE)   \
        << Describe(ending_of_step);                                      \
  } while (false)

#endif  // ILKIMZA_TESTS_PORTAL_ENDING_MATCHERS_H_
