// The look at the smart-card service, on one that hangs.
#include "agent/diagnosis/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/agent/card/fake_pcsc.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using State = ServiceLook::State;

TEST(ServiceProbeTest, AServiceThatHangsKeepsOneCallerAndNoMore) {
  const auto pcsc = std::make_shared<FakePcsc>();
  pcsc->AddReader("ACME Reader 00 00");
  pcsc->Freeze(true);
  const auto impatient = ServiceProbe(pcsc, {}, absl::Milliseconds(10));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(impatient().state, State::kSilent);
  // Its thread may have only begun.
  while (pcsc->ContextsAsked() < 1) std::this_thread::yield();
  EXPECT_EQ(impatient().state, State::kSilent);
  EXPECT_EQ(pcsc->ContextsAsked(), 1);

  // Once it answers it is asked anew, each time.
  pcsc->Freeze(false);
  ServiceLook look;
  do {
    look = impatient();
  } while (look.state == State::kSilent);
  EXPECT_EQ(look.state, State::kRuns);
  EXPECT_THAT(look.readers, ElementsAre("ACME Reader 00 00"));
  const auto patient = ServiceProbe(pcsc, {});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(patient().state, State::kRuns);
}

}  // namespace
}  // namespace ilkimza::agent
