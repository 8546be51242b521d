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

Row BenchStyle(Effort effort, const Stage& stage, std::string_view style) {
  const Script script = RecordScript(stage, style);
  std::vector<double> ours;
  std::vector<double> bare;
  const int rounds = Choose(effort, 1, 15, 60);
  for (int i = 0; i < rounds; ++i) {
    stage.Reset(style, "utf-8");
    {
      const Wiping wiping;
      ours.push_back(WalkMainPath(stage) * kMilli);
    }
    const std::string asked = stage.Requests();
    stage.Reset(style, "utf-8");
    bare.push_back(Replay(script, stage) * kMilli);
    DieUnless(stage.Requests() == asked, "the replay made other requests than the walk");
  }
  return {.what = absl::StrCat("portal CPU of the main path, ", script.size(), " requests, ",
                               absl::string_view(style.data(), style.size())),
          .unit = "ms",
          .ours = Median(ours),
          .baseline = Median(bare),
          .aim = Row::Aim::kAtMost,
          .limit = 1.3};
}

}  // namespace

void BenchPortal(Effort effort, const Stage& stage, Table& table) {
  for (const std::string_view style : {"html5", "tables", "postback"}) {
    table.Add(BenchStyle(effort, stage, style));
    if (effort == Effort::kSmoke) break;
  }
}

}  // namespace ilkimza::bench
