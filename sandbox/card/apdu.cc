#include "sandbox/card/apdu.h"

#include <cstddef>

namespace ilkimza::sandbox {

std::optional<CommandApdu> ParseCommand(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto expected = [&](std::size_t i) { return at(i) == 0 ? 256 : int{at(i)}; };
  if (bytes.size() < 4) return std::nullopt;
  CommandApdu command{.cla = at(0), .ins = at(1), .p1 = at(2), .p2 = at(3)};
  if (bytes.size() == 4) return command;
  if (bytes.size() == 5) {
    command.le = expected(4);
    return command;
  }
  const std::size_t lc = at(4);
  // Lc 00 before more bytes is the extended form, which this card has not.
  if (lc == 0 || bytes.size() < 5 + lc || bytes.size() > 6 + lc) return std::nullopt;
  command.data = bytes.substr(5, lc);
  if (bytes.size() == 6 + lc) command.le = expected(5 + lc);
  return command;
}

std::string Response(std::uint16_t status, std::string_view data) {
  std::string out(data);
  out += static_cast<char>(status >> 8);
  out += static_cast<char>(status);
  return out;
}

}  // namespace ilkimza::sandbox
