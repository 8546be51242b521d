#include "tests/bench/measure.h"

#include <sysexits.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace ilkimza::bench {
namespace {

double Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The number after `key` in a file such as /proc/PID/status; 0 where there is none.
long Field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) == 0) return std::stol(line.substr(key.size()));
  }
  return 0;
}

std::string ProcessFile(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
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

double ResidentKib(pid_t pid) {
  return static_cast<double>(Field(ProcessFile(pid, "status"), "VmRSS:"));
}

int Threads(pid_t pid) { return static_cast<int>(Field(ProcessFile(pid, "status"), "Threads:")); }

long Sleeps(pid_t pid) {
  long sum = 0;
  for (const auto& task : std::filesystem::directory_iterator(ProcessFile(pid, "task"))) {
    sum += Field(task.path() / "status", "voluntary_ctxt_switches:");
  }
  return sum;
}

double CpuOf(pid_t pid) {
  clockid_t clock = 0;
  if (clock_getcpuclockid(pid, &clock) != 0) return 0;
  return Now(clock);
}

std::string WaitForFile(const std::string& path, testing::Process& process) {
  for (int i = 0; i < 2000; ++i) {
    if (std::string text = testing::ReadFile(path); !text.empty()) return text;
    DieUnless(process.Running(), "a program ended where it should go on; its log was above");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Die("a program is not ready after 20 seconds");
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace ilkimza::bench
