// Spoils inputs, always in the same ways: parts taken out, doubled, cut off and
// overwritten, words and parts of other inputs put in.
#ifndef ILKIMZA_TESTS_FUZZ_MUTATOR_H_
#define ILKIMZA_TESTS_FUZZ_MUTATOR_H_

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ilkimza::fuzz {

class Mutator {
 public:
  // `others` are inputs to take parts from; both outlive the mutator.
  Mutator(unsigned seed, const std::vector<std::string>& words,
          const std::vector<std::string>& others)
      : random_(seed), words_(words), others_(others) {}

  // One to six of the ways.
  std::string operator()(std::string input) {
    const std::size_t times = 1 + Below(6);
    for (std::size_t i = 0; i < times; ++i) Mutate(input);
    return input;
  }

 private:
  // The distributions of the standard library differ from one to the next.
  std::size_t Below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void Mutate(std::string& input) {
    const std::size_t at = Below(input.size());
    const std::size_t length = Below(40);
    switch (Below(7)) {
      case 0:
        input.erase(at, length);
        break;
      case 1:
        input.insert(at, input.substr(Below(input.size()), length));
        break;
      case 2:
        if (!words_.empty()) input.insert(at, words_[Below(words_.size())]);
        break;
      case 3:
        if (!input.empty()) input[at] = static_cast<char>(Below(256));
        break;
      case 4:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << Below(8)));
        break;
      case 5:
        input.resize(at);
        break;
      default:
        if (!others_.empty()) {
          const std::string& other = others_[Below(others_.size())];
          input.insert(at, other.substr(Below(other.size()), 4 * length));
        }
        break;
    }
  }

  std::mt19937 random_;
  const std::vector<std::string>& words_;
  const std::vector<std::string>& others_;
};

}  // namespace ilkimza::fuzz

#endif  // ILKIMZA_TESTS_FUZZ_MUTATOR_H_
