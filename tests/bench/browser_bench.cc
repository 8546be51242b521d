// The main path beside the same path in Chromium driven by Playwright.
#include <chrono>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/walk.h"
#include "tests/bench/wiping.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

constexpr double kMilli = 1e3;

struct BrowserRun {
  std::vector<double> wall_ms;
  double cpu_ms = 0;
};

BrowserRun WalkInChromium(const Stage& stage, int walks) {
  const testing::Finished finished = testing::Run(
      {ILKIMZA_CPU_OF_PROGRAM, "node", ILKIMZA_SOURCE_DIR "/tests/bench/browser/walk.mjs",
       stage.portal_url(), stage.phone_url(), std::to_string(walks), ILKIMZA_CHROMIUM},
      std::chrono::seconds(60 + 30 * walks));
  DieUnless(finished.exit_code == 0, "Chromium did not get through; its log was above");
  BrowserRun run;
  std::istringstream figures(finished.output);
  for (double figure = 0; figures >> figure;) run.wall_ms.push_back(figure);
  DieUnless(run.wall_ms.size() == static_cast<std::size_t>(walks) + 1, "Chromium's walks differ");
  run.cpu_ms = run.wall_ms.back() * kMilli;
  run.wall_ms.pop_back();
  return run;
}

}  // namespace

void BenchBrowser(Effort effort, const Stage& stage, Table& table) {
  std::vector<double> ours_cpu;
  std::vector<double> ours_wall;
  for (int i = 0; i < Choose(effort, 1, 10, 30); ++i) {
    stage.Reset("html5", "utf-8");
    const Wiping wiping;
    const Spent walk = WalkMainPath(stage);
    ours_cpu.push_back(walk.cpu * kMilli);
    ours_wall.push_back(walk.wall * kMilli);
  }
  const int walks = Choose(effort, 1, 4, 12);
  stage.Reset("html5", "utf-8");
  // Starting the browser is left out, in its favour: what more walks cost is counted.
  const BrowserRun one = WalkInChromium(stage, 1);
  const BrowserRun more = WalkInChromium(stage, 1 + walks);
  table.Add({.what = "portal CPU of the main path, html5; in Chromium by Playwright",
             .unit = "ms",
             .ours = Median(ours_cpu),
             .baseline = (more.cpu_ms - one.cpu_ms) / walks,
             .aim = Row::Aim::kAtMost,
             .limit = 0.02});
  table.Add({.what = "the same by the clock",
             .unit = "ms",
             .ours = Median(ours_wall),
             .baseline = Median(more.wall_ms)});
}

}  // namespace ilkimza::bench
