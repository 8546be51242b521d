// The portal part of the main path, walked by our own code: from the forgotten
// security word to the deleted copy of PIN and PUK, and out.
#ifndef ILKIMZA_TESTS_BENCH_WALK_H_
#define ILKIMZA_TESTS_BENCH_WALK_H_

#include <string>
#include <vector>

#include "tests/bench/curl_tap.h"
#include "tests/bench/measure.h"
#include "tests/bench/stage.h"

namespace ilkimza::bench {

// CPU seconds of one walk, without what stands in for the holder.
Spent WalkMainPath(const Stage& stage);

// A walk, listened to.
struct Recording {
  std::vector<Exchange> exchanges;
  // What the holder typed of what changes from walk to walk.
  std::vector<std::string> captchas;
  std::string sms_code;
  std::string mail_link;
};
Recording RecordMainPath(const Stage& stage);

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_WALK_H_
