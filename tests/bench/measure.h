// What all measurements share: clocks, medians, and an end for those that cannot go on.
#ifndef ILKIMZA_TESTS_BENCH_MEASURE_H_
#define ILKIMZA_TESTS_BENCH_MEASURE_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/process.h"

namespace ilkimza::bench {

// How much is measured. kSmoke only shows that everything can be measured.
enum class Effort { kSmoke, kQuick, kFull };

// `smoke`, `quick` or `full`, as the effort has it.
template <typename T>
T Choose(Effort effort, T smoke, T quick, T full) {
  return effort == Effort::kSmoke ? smoke : effort == Effort::kQuick ? quick : full;
}

// Says what went wrong and ends the program with exit code 70.
[[noreturn]] void Die(std::string_view what);
void DieUnless(bool holds, std::string_view what);

template <typename T>
T Take(absl::StatusOr<T> value, std::string_view what) {
  if (!value.ok()) Die(std::string(what) + ": " + std::string(value.status().message()));
  return *std::move(value);
}

// CPU time in seconds of all threads of this process, in user and kernel mode.
double CpuNow();
// Seconds of a clock that only runs forward.
double WallNow();

// Of another process, as the kernel counts: memory that lies in RAM, threads, how often
// they have gone to sleep (so how often they woke), and their CPU time in seconds.
double ResidentKib(pid_t pid);
int Threads(pid_t pid);
long Sleeps(pid_t pid);
double CpuOf(pid_t pid);

// What a program writes there once it is ready; dies where it ends or does not write.
std::string WaitForFile(const std::string& path, testing::Process& process);

// Seconds of this process's CPU, and by the clock.
struct Spent {
  double cpu = 0;
  double wall = 0;
};

// Adds up what lies between Start() and Stop().
class Meter {
 public:
  void Start() { start_ = {CpuNow(), WallNow()}; }
  void Stop() {
    sum_.cpu += CpuNow() - start_.cpu;
    sum_.wall += WallNow() - start_.wall;
  }
  [[nodiscard]] const Spent& spent() const { return sum_; }

 private:
  Spent start_;
  Spent sum_;
};

// 0 of nothing.
double Median(std::vector<double> values);

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_MEASURE_H_
