// The same requests again, by bare libcurl. What changes from walk to walk (tokens,
// captchas, codes, links) is found by comparing two recordings; a replay picks it
// out of the answer before by plain string search, and parses nothing.
#ifndef ILKIMZA_TESTS_BENCH_REPLAY_H_
#define ILKIMZA_TESTS_BENCH_REPLAY_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/stage.h"
#include "tests/bench/walk.h"

namespace ilkimza::bench {

// A piece of an address or a form's body.
struct Piece {
  enum Kind {
    kText,
    // Of the page at hand: what follows `text` there, up to the value's end.
    kOfPage,
    kCaptcha,
    kSmsCode
  };
  Kind kind = kText;
  std::string text;
};

struct Hop {
  enum Target { kPieces, kRedirect, kMailLink };
  int browser = 0;
  bool posts = false;
  Target target = kPieces;
  std::vector<Piece> url;
  std::vector<Piece> body;
  std::string user_agent;
  std::string encodings;
  std::vector<std::string> headers;
  bool with_referer = false;
  long status = 0;
};

using Script = std::vector<Hop>;

// Dies where two recordings do not make sense of each other.
Script WriteScript(const Recording& first, const Recording& second);

// What the easy handles of a replay are.
enum class Handles {
  // A new one wherever ours made one: with a jar and connections of its own.
  kAsOurs,
  // The same throughout, its jar emptied there: one connection for the whole walk.
  kOne
};

// What one replay costs, without what stands in for the holder. Dies where an
// answer has another status than when it was recorded.
Spent Replay(const Script& script, const Stage& stage, Handles handles = Handles::kAsOurs);

// A page of HTML as it came.
struct SavedPage {
  std::string url;
  std::string content_type;
  std::string bytes;
};

// All pages of the portal, each once: those of the path, and those at `paths`, as
// somebody sees them who has just come, and who has come as far as `menu_path`.
// `reset` sets the portal back.
std::vector<SavedPage> SavePages(const Script& script, const Stage& stage,
                                 const std::vector<std::string>& paths,
                                 const std::string& menu_path, const std::function<void()>& reset);

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_REPLAY_H_
