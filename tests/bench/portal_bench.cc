#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/benches.h"
#include "tests/bench/replay.h"
#include "tests/bench/walk.h"
#include "tests/bench/wiping.h"

namespace ilkimza::bench {
namespace {

constexpr double kMilli = 1e3;

Script RecordScript(const Stage& stage, std::string_view style) {
  stage.Reset(style, "utf-8");
  const Recording first = RecordMainPath(stage);
  stage.Reset(style, "utf-8");
  const Recording second = RecordMainPath(stage);
  return WriteScript(first, second);
}

void BenchStyle(Effort effort, const Stage& stage, std::string_view style, Table& table) {
  const Script script = RecordScript(stage, style);
  std::vector<double> ours_cpu;
  std::vector<double> ours_wall;
  std::vector<double> bare_cpu;
  std::vector<double> bare_wall;
  const int rounds = Choose(effort, 1, 15, 60);
  for (int i = 0; i < rounds; ++i) {
    stage.Reset(style, "utf-8");
    {
      const Wiping wiping;
      const Spent walk = WalkMainPath(stage);
      ours_cpu.push_back(walk.cpu * kMilli);
      ours_wall.push_back(walk.wall * kMilli);
    }
    const std::string asked = stage.Requests();
    stage.Reset(style, "utf-8");
    const Spent replay = Replay(script, stage);
    bare_cpu.push_back(replay.cpu * kMilli);
    bare_wall.push_back(replay.wall * kMilli);
    DieUnless(stage.Requests() == asked, "the replay made other requests than the walk");
  }
  table.Add({.what = absl::StrCat("portal CPU of the main path, ", script.size(), " requests, ",
                                  absl::string_view(style.data(), style.size())),
             .unit = "ms",
             .ours = Median(ours_cpu),
             .baseline = Median(bare_cpu),
             .aim = Row::Aim::kAtMost,
             .limit = 1.3});
  table.Add({.what = "the same by the clock",
             .unit = "ms",
             .ours = Median(ours_wall),
             .baseline = Median(bare_wall)});
}

}  // namespace

void BenchPortal(Effort effort, const Stage& stage, Table& table) {
  for (const std::string_view style : {"html5", "tables", "postback"}) {
    BenchStyle(effort, stage, style, table);
    if (effort == Effort::kSmoke) break;
  }
}

}  // namespace ilkimza::bench
