// The journal of PIN attempts, as a loss of power or a hand may leave it. Whatever the
// file holds: an attempt that was open stays open until it is finished, also over a new
// start, and one that begins afterwards is never forgotten.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "agent/card/journal.h"
#include "base/error.h"
#include "base/log.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

// In memory: a target writes thousands of files.
class Folder {
 public:
  Folder() : path_("/dev/shm/ilkimza-fuzz-XXXXXX") {
    FUZZ_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path journal() const { return path_ + "/attempts.jsonl"; }

 private:
  std::string path_;
};

std::vector<int64_t> Numbers(const std::vector<agent::Attempt>& attempts) {
  std::vector<int64_t> numbers;
  for (const agent::Attempt& attempt : attempts) numbers.push_back(attempt.number);
  return numbers;
}

}  // namespace

bool TakeInput(std::string_view input) {
  static const Folder folder;
  SetLogLevel("off").IgnoreError();
  std::ofstream(folder.journal(), std::ios::binary | std::ios::trunc)
      .write(input.data(), static_cast<std::streamsize>(input.size()));

  auto journal = agent::Journal::Open(folder.journal());
  if (!journal.ok()) {
    FUZZ_CHECK(ReasonOf(journal.status()) == v1::ERROR_REASON_STORE_FAILED);
    return false;
  }
  std::vector<int64_t> open = Numbers((*journal)->Unresolved());
  const bool understood = !open.empty() || (*journal)->FindDirective("journeys/j1", 7);
  const auto number = (*journal)->Begin(
      {.serial = "8721", .journey = "journeys/j2", .directive_id = 9, .request_id = "request"});
  FUZZ_CHECK(number.ok() && *number > 0);
  for (const int64_t earlier : open) FUZZ_CHECK(earlier < *number);
  open.push_back(*number);
  FUZZ_CHECK(Numbers((*journal)->Unresolved()) == open);

  journal->reset();
  journal = agent::Journal::Open(folder.journal());
  FUZZ_CHECK(journal.ok());
  FUZZ_CHECK(Numbers((*journal)->Unresolved()) == open);
  FUZZ_CHECK((*journal)->FindRequest("request")->number == *number);
  FUZZ_CHECK((*journal)->FindDirective("journeys/j2", 9)->number == *number);
  FUZZ_CHECK((*journal)->Finish(*number, agent::AttemptResult::kWrong, 2).ok());
  open.pop_back();

  journal->reset();
  journal = agent::Journal::Open(folder.journal());
  FUZZ_CHECK(journal.ok() && Numbers((*journal)->Unresolved()) == open);
  FUZZ_CHECK((*journal)->FindRequest("request")->tries_left == 2);
  return understood;
}

std::vector<std::string> Seeds() {
  return {
      R"({"attempt":1,"kind":"verify","serial":"8721","time":"2026-01-01T00:00:00Z"})"
      "\n",
      R"({"attempt":1,"kind":"change","serial":"8721","journey":"journeys/j1","directive":7})"
      "\n"
      R"({"attempt":1,"result":"wrong","tries_left":2,"time":"2026-01-01T00:00:00Z"})"
      "\n",
      R"({"attempt":4,"kind":"test-sign","serial":"8721","request":"r-1"})"
      "\n"
      R"({"attempt":5,"kind":"verify","serial":"8721","journey":"journeys/j1","directive":7})"
      "\n"
      R"({"attempt":4,"result":"signed","tries_left":-1})"
      "\n"
      R"({"attempt":6,"ki)",
  };
}

std::vector<std::string> Words() {
  return {R"("attempt":9223372036854775807)",
          R"("attempt":-1)",
          R"("attempt":1e3)",
          R"("result":"open")",
          R"("result":"right")",
          R"("tries_left":4294967296)",
          R"("journey":"journeys/j2")",
          R"("request":"request")",
          "\n",
          "{\"attempt\":2,\"kind\":\"verify\"}\n",
          "[[[[",
          "\\u0000",
          "\xC4",
          "{}",
          "null"};
}

}  // namespace ilkimza::fuzz
