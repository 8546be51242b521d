#include "tests/bench/table.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ilkimza::bench {
namespace {

std::string Figure(double value, const std::string& unit) {
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return absl::StrFormat("%.*f %s", digits, value, unit);
}

std::string AimOf(const Row& row) {
  if (row.aim == Row::Aim::kNone) return "-";
  const bool at_most = row.aim == Row::Aim::kAtMost;
  const bool met = at_most ? row.ratio() <= row.limit : row.ratio() >= row.limit;
  return absl::StrFormat("%s %gx  %s", at_most ? "at most" : "at least", row.limit,
                         met ? "met" : "MISSED");
}

}  // namespace

bool Table::AllPositive() const {
  return !rows_.empty() &&
         std::all_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.ratio() > 0; });
}

void Table::Print() const {
  int widest = 4;
  for (const Row& row : rows_) widest = std::max(widest, static_cast<int>(row.what.size()));
  std::printf("%-*s  %14s  %14s  %7s  %s\n", widest, "what", "ours", "baseline", "ratio", "aim");
  for (const Row& row : rows_) {
    std::printf("%-*s  %14s  %14s  %6.*fx  %s\n", widest, row.what.c_str(),
                Figure(row.ours, row.unit).c_str(), Figure(row.baseline, row.unit).c_str(),
                row.ratio() < 0.05 ? 4 : 2, row.ratio(), AimOf(row).c_str());
  }
}

}  // namespace ilkimza::bench
