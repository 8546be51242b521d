#include "clients/sdk/national_id.h"

#include <algorithm>
#include <array>

namespace ilkimza::client {

bool IsNationalId(std::string_view id) {
  if (id.size() != 11 || id[0] == '0') return false;
  if (!std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  std::array<int, 11> digit{};
  std::transform(id.begin(), id.end(), digit.begin(), [](char c) { return c - '0'; });
  const int odd = digit[0] + digit[2] + digit[4] + digit[6] + digit[8];
  const int even = digit[1] + digit[3] + digit[5] + digit[7];
  // 7 * odd may be smaller than even; a remainder must not be negative.
  const int tenth = ((7 * odd - even) % 10 + 10) % 10;
  return digit[9] == tenth && digit[10] == (odd + even + tenth) % 10;
}

}  // namespace ilkimza::client
