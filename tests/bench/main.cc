// ilkimza_bench: the measurements of README.md, as one table.
#include <curl/curl.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/log.h"
#include "base/secret.h"
#include "tests/bench/benches.h"

namespace ilkimza::bench {
namespace {

int Main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ProtectProcessMemory();
  SetLogLevel("warning").IgnoreError();
  bool quick = false;
  bool smoke = false;
  std::vector<std::string> only = {"portal", "browser", "waiting", "pages",
                                   "steps",  "idle",    "cards"};
  CLI::App app{"Ratios of our figures to those of a baseline measured beside them.",
               "ilkimza_bench"};
  app.add_flag("--quick", quick, "Fewer rounds: about a minute");
  app.add_flag("--smoke", smoke, "One round each; fails where a ratio is not above zero");
  app.add_option("parts", only,
                 "Of: portal, browser, waiting, pages, steps, idle, cards; all where none is named")
      ->check(CLI::IsMember({"portal", "browser", "waiting", "pages", "steps", "idle", "cards"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  const Effort effort = smoke ? Effort::kSmoke : quick ? Effort::kQuick : Effort::kFull;
  const std::set<std::string> parts(only.begin(), only.end());
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Table table;
  if (parts.count("portal") + parts.count("browser") + parts.count("pages") > 0) {
    const Stage stage;
    if (parts.count("portal") > 0) BenchPortal(effort, stage, table);
    if (parts.count("browser") > 0) BenchBrowser(effort, stage, table);
    if (parts.count("pages") > 0) BenchPages(effort, stage, table);
  }
  if (parts.count("waiting") > 0) BenchWaiting(effort, table);
  if (parts.count("steps") > 0) BenchSteps(effort, table);
  if (parts.count("idle") > 0) BenchIdle(effort, table);
  if (parts.count("cards") > 0) {
    BenchCards(effort, table);
    BenchCardFamily(effort, table);
    BenchCardEvents(effort, table);
    BenchTokens(effort, table);
  }
  table.Print();
  if (smoke && !table.AllPositive()) Die("a ratio is not above zero");
  return EX_OK;
}

}  // namespace
}  // namespace ilkimza::bench

int main(int argc, char** argv) { return ilkimza::bench::Main(argc, argv); }
