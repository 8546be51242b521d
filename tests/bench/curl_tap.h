// Listens to what our own code asks of libcurl, so that the very same requests can
// be made without it. The linker leads curl_easy_init, _setopt, _reset, _perform and
// _cleanup through here (-Wl,--wrap); while nobody listens they go straight on.
// Not thread-safe.
#ifndef ILKIMZA_TESTS_BENCH_CURL_TAP_H_
#define ILKIMZA_TESTS_BENCH_CURL_TAP_H_

#include <string>
#include <vector>

namespace ilkimza::bench {

// One request and its answer.
struct Exchange {
  // Numbers the easy handles: a new one has no cookies and no connections.
  int browser = 0;
  bool posts = false;
  std::string url;
  std::string body;
  std::string referer;
  std::string user_agent;
  std::string encodings;
  std::vector<std::string> headers;

  long status = 0;
  std::string content_type;
  // Unpacked.
  std::string answer;
};

class CurlTap {
 public:
  CurlTap();
  CurlTap(const CurlTap&) = delete;
  CurlTap& operator=(const CurlTap&) = delete;
  ~CurlTap();

  // Between these, requests are somebody else's.
  static void Pause();
  static void Resume();

  [[nodiscard]] std::vector<Exchange> Taken();
};

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_CURL_TAP_H_
