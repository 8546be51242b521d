// The shape of a fuzz target. Each of this folder's *_target.cc defines these three
// functions, and is linked twice:
//
//   with replay.cc      an ordinary program, built and run by every tests/run: all seeds
//                       and some thousand mutations of them, the same ones each time;
//   with libfuzzer.cc   by tests/fuzz/run, with clang, ASan and UBSan, for as long as
//                       one likes.
//
// An input that once broke something is kept in seeds/NAME/, as it is.
#ifndef ILKIMZA_TESTS_FUZZ_TARGET_H_
#define ILKIMZA_TESTS_FUZZ_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

namespace ilkimza::fuzz {

// Any bytes at all. Ends the program where a promise breaks. True where the bytes were
// understood as what they should be.
bool TakeInput(std::string_view input);

// Inputs that are understood, the same ones each time, beside those in seeds/NAME/.
std::vector<std::string> Seeds();

// What is worth inserting into an input.
std::vector<std::string> Words();

// Says which promise broke, and ends the program.
[[noreturn]] void Broken(const char* promise, const char* file, int line);

}  // namespace ilkimza::fuzz

#define FUZZ_CHECK(promise) \
  (static_cast<bool>(promise) ? void() : ::ilkimza::fuzz::Broken(#promise, __FILE__, __LINE__))

#endif  // ILKIMZA_TESTS_FUZZ_TARGET_H_
