// libFuzzer's way into a target. Before it starts, `--write-seeds=DIR` writes the seeds
// and the dictionary there and ends the program.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/target.h"

namespace {

void WriteFile(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.flush()) return;
  std::fprintf(stderr, "%s cannot be written.\n", path.c_str());
  std::exit(EXIT_FAILURE);
}

std::string DictionaryEntry(std::string_view word) {
  std::string line = "\"";
  for (const char c : word) {
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02X", static_cast<unsigned>(c) & 0xFF);
    line += escaped;
  }
  return line + "\"\n";
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kWriteSeeds = "--write-seeds=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument = (*argv)[i];
    if (argument.substr(0, kWriteSeeds.size()) != kWriteSeeds) continue;
    const std::string folder(argument.substr(kWriteSeeds.size()));
    int number = 0;
    for (const std::string& seed : ilkimza::fuzz::Seeds()) {
      WriteFile(folder + "/seed-" + std::to_string(++number), seed);
    }
    std::string dictionary;
    for (const std::string& word : ilkimza::fuzz::Words()) dictionary += DictionaryEntry(word);
    WriteFile(folder + ".dict", dictionary);
    std::exit(EXIT_SUCCESS);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ilkimza::fuzz::TakeInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
