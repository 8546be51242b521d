// The benches; each adds its rows. README.md says what they measure.
#ifndef ILKIMZA_TESTS_BENCH_BENCHES_H_
#define ILKIMZA_TESTS_BENCH_BENCHES_H_

#include "tests/bench/measure.h"
#include "tests/bench/stage.h"
#include "tests/bench/table.h"

namespace ilkimza::bench {

// CPU of the portal part of the main path against a bare replay of its requests.
void BenchPortal(Effort effort, const Stage& stage, Table& table);
// The same, CPU and clock, against Chromium driven by Playwright.
void BenchBrowser(Effort effort, const Stage& stage, Table& table);
// One server that holds conversations whose holders have not answered yet, against bare
// connections and against itself with one conversation.
void BenchWaiting(Effort effort, Table& table);
// Page to screen against the parse alone.
void BenchPages(Effort effort, const Stage& stage, Table& table);
// Journey steps a second against bare commits.
void BenchSteps(Effort effort, Table& table);
// Memory and wake-ups of idle programs against an idle bare gRPC server.
void BenchIdle(Effort effort, Table& table);
// Commands and time of what is done with a card, against OpenSC's tools and bare commands.
void BenchCards(Effort effort, Table& table);
// The card's family by itself, without the agent around it, against bare commands.
void BenchCardFamily(Effort effort, Table& table);
// From a card that is put in to a client that knows, against PC/SC itself.
void BenchCardEvents(Effort effort, Table& table);
// Time of what is done with a PKCS#11 token, against OpenSC's pkcs11-tool.
void BenchTokens(Effort effort, Table& table);

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_BENCHES_H_
