// Takes an input apart: numbers first, then texts, then what is left.
#ifndef ILKIMZA_TESTS_FUZZ_BYTES_H_
#define ILKIMZA_TESTS_FUZZ_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ilkimza::fuzz {

class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  // 0 at the end.
  std::uint8_t Byte() {
    const std::string_view one = Take(1);
    return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
  }
  // Two bytes, the high one first.
  std::size_t Number() {
    const std::size_t high = Byte();
    return high << 8 | Byte();
  }
  // As much as there is of `size` bytes.
  std::string_view Take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // As many bytes as the number before them says.
  std::string_view Block() { return Take(Number()); }

 private:
  std::string_view rest_;
};

// What Bytes::Block reads back.
inline std::string AsBlock(std::string_view bytes) {
  std::string block{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size())};
  return block.append(bytes);
}

}  // namespace ilkimza::fuzz

#endif  // ILKIMZA_TESTS_FUZZ_BYTES_H_
