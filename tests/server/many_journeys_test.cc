// Engine and real store together, many journeys at once, without gRPC.
#include <gtest/gtest.h>

#include "server/engine/engine.h"
#include "server/journey/advance.h"
#include "server/store/sqlite_store.h"
#include "tests/server/instant_host.h"
#include "tests/support/process.h"

namespace ilkimza::server {
namespace {

TEST(ManyJourneysTest, ManyJourneysReachTheirEndTogetherAndAllOfItIsStored) {
  constexpr int kJourneys = 64;
  const testing::TempDir folder;
  auto store = OpenSqliteStore({.path = folder / "journeys.db"});
  ASSERT_TRUE(store.ok()) << store.status();
  InstantHost host;
  std::vector<std::string> names(kJourneys);
  {
    Engine engine({.run_timers = false}, **store);
    engine.Connect(&host, nullptr);
    ASSERT_TRUE(engine.Start().ok());
    host.Start(engine);
    for (int i = 0; i < kJourneys; ++i) {
      const std::string agent = "agents/" + std::to_string(i);
      host.Attach(agent);
      engine.Create({.goal = v1::GOAL_GET_PIN, .agent = agent},
                    [&names, i](const absl::StatusOr<JourneyPtr>& journey) {
                      names[static_cast<std::size_t>(i)] = journey.value()->name();
                    });
    }
    host.WaitForEnded(kJourneys);
    host.Stop();
  }
  EXPECT_TRUE((*store)->LoadActive()->empty());
  for (const std::string& name : names) {
    const auto journey = (*store)->GetJourney(name);
    ASSERT_TRUE(journey.ok()) << journey.status();
    EXPECT_EQ(journey->state(), v1::JOURNEY_STATE_SUCCEEDED);
    const auto timeline = (*store)->ListEvents(name, 0, 1000);
    ASSERT_EQ(static_cast<int64_t>(timeline->events.size()), journey->revision());
    v1::Journey replayed;
    replayed.set_name(name);
    for (const v1::JourneyEvent& event : timeline->events) {
      replayed = Advance(replayed, event, Policy()).journey;
    }
    EXPECT_EQ(replayed.SerializeAsString(), journey->SerializeAsString());
  }
}

}  // namespace
}  // namespace ilkimza::server
