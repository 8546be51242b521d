#include <string>
#include <string_view>
#include <utility>
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

// Milliseconds of each round.
struct Rounds {
  std::vector<double> cpu;
  std::vector<double> wall;

  void Add(const Spent& spent) {
    cpu.push_back(spent.cpu * kMilli);
    wall.push_back(spent.wall * kMilli);
  }
};

void BenchStyle(Effort effort, const Stage& stage, std::string_view style, Table& table) {
  const Script script = RecordScript(stage, style);
  Rounds ours;
  Rounds bare;
  Rounds kept;
  const int rounds = Choose(effort, 1, 15, 60);
  for (int i = 0; i < rounds; ++i) {
    stage.Reset(style, "utf-8");
    {
      const Wiping wiping;
      ours.Add(WalkMainPath(stage));
    }
    const std::string asked = stage.Requests();
    for (const auto& [handles, replays] :
         {std::pair(Handles::kAsOurs, &bare), std::pair(Handles::kOne, &kept)}) {
      stage.Reset(style, "utf-8");
      replays->Add(Replay(script, stage, handles));
      DieUnless(stage.Requests() == asked, "the replay made other requests than the walk");
    }
  }
  table.Add({.what = absl::StrCat("portal CPU of the main path, ", script.size(), " requests, ",
                                  absl::string_view(style.data(), style.size())),
             .unit = "ms",
             .ours = Median(ours.cpu),
             .baseline = Median(bare.cpu),
             .aim = Row::Aim::kAtMost,
             .limit = 1.3});
  table.Add({.what = "the same by the clock",
             .unit = "ms",
             .ours = Median(ours.wall),
             .baseline = Median(bare.wall)});
  table.Add({.what = "CPU beside one handle for the whole path",
             .unit = "ms",
             .ours = Median(ours.cpu),
             .baseline = Median(kept.cpu)});
}

}  // namespace

void BenchPortal(Effort effort, const Stage& stage, Table& table) {
  for (const std::string_view style : {"html5", "tables", "postback"}) {
    BenchStyle(effort, stage, style, table);
    if (effort == Effort::kSmoke) break;
  }
}

}  // namespace ilkimza::bench
