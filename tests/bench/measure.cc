#include "tests/bench/measure.h"

#include <sysexits.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace ilkimza::bench {
namespace {

double Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

void Die(std::string_view what) {
  std::fprintf(stderr, "ilkimza_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(EX_SOFTWARE);
}

void DieUnless(bool holds, std::string_view what) {
  if (!holds) Die(what);
}

double CpuNow() { return Now(CLOCK_PROCESS_CPUTIME_ID); }
double WallNow() { return Now(CLOCK_MONOTONIC); }

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace ilkimza::bench
