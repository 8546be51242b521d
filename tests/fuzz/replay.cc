// The short run of a target, in every build:
//
//   fuzz_replay_NAME SEEDS MUTATIONS    all seeds, then so many mutations of them
//   fuzz_replay_NAME FILE               that input alone
//
// Seeds made by code have to be understood, and of the mutations some and not all: a
// target that takes nothing, or anything, shows nothing.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/mutator.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

constexpr unsigned kRandomSeed = 20240229;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s cannot be read.\n", path.c_str());
    std::exit(EXIT_FAILURE);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The input that is worked on, written out if it ends the program.
std::string current_input;

void KeepInput(int) {
  const char* path = "fuzz-replay-broken-input";
  std::ofstream(path, std::ios::binary) << current_input;
  std::fprintf(stderr, "The input is kept in %s.\n",
               std::filesystem::absolute(path).string().c_str());
}

bool Take(const std::string& input) {
  current_input = input;
  return TakeInput(input);
}

int Replay(const std::filesystem::path& folder, int mutations) {
  std::vector<std::string> seeds = Seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (Take(seeds[i])) continue;
    std::fprintf(stderr, "Seed %zu was not understood:\n%s\n", i + 1, seeds[i].c_str());
    return EXIT_FAILURE;
  }
  for (const auto& file : FilesIn(folder)) {
    std::printf("%s\n", file.c_str());
    seeds.push_back(ReadFile(file));
    Take(seeds.back());
  }
  const std::vector<std::string> words = Words();
  Mutator mutate(kRandomSeed, words, seeds);
  int understood = 0;
  for (int i = 0; i < mutations; ++i) {
    understood += Take(mutate(seeds[static_cast<std::size_t>(i) % seeds.size()])) ? 1 : 0;
  }
  std::printf("%zu seeds; of %d mutations %d were understood\n", seeds.size(), mutations,
              understood);
  return understood > 0 && understood < mutations ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace ilkimza::fuzz

int main(int argc, char** argv) {
  std::signal(SIGABRT, ilkimza::fuzz::KeepInput);
  if (argc == 2) {
    std::printf("%s\n", ilkimza::fuzz::Take(ilkimza::fuzz::ReadFile(argv[1])) ? "understood"
                                                                              : "not understood");
    return EXIT_SUCCESS;
  }
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FILE | SEEDS MUTATIONS\n", argv[0]);
    return 64;
  }
  return ilkimza::fuzz::Replay(argv[1], std::atoi(argv[2]));
}
