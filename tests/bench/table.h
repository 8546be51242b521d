// The one table that the benches end in.
#ifndef ILKIMZA_TESTS_BENCH_TABLE_H_
#define ILKIMZA_TESTS_BENCH_TABLE_H_

#include <string>
#include <vector>

namespace ilkimza::bench {

struct Row {
  // None: shown for what it is.
  enum class Aim { kNone, kAtMost, kAtLeast };

  std::string what;
  // Of `ours` and `baseline`.
  std::string unit;
  double ours = 0;
  double baseline = 0;
  Aim aim = Aim::kNone;
  double limit = 0;

  [[nodiscard]] double ratio() const { return baseline == 0 ? 0 : ours / baseline; }
};

class Table {
 public:
  void Add(Row row) { rows_.push_back(std::move(row)); }
  // Every row has a ratio above zero.
  [[nodiscard]] bool AllPositive() const;
  void Print() const;

 private:
  std::vector<Row> rows_;
};

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_TABLE_H_
