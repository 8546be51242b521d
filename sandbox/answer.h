// What the portal sends back, before HTTP: so that faults can be applied to it.
#ifndef ILKIMZA_SANDBOX_ANSWER_H_
#define ILKIMZA_SANDBOX_ANSWER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace httplib {
struct Response;
}

namespace ilkimza::sandbox {

class HttpsServer;

struct Answer {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // --- Faults ---
  // Spaces behind the body, not held in memory.
  int64_t padding = 0;
  // Bytes that the gzip body unpacks to; 0: no bomb.
  int64_t bomb = 0;
  // Between two bytes.
  std::chrono::milliseconds drip{0};
  bool truncated = false;
};

// Writes the answer in the way its faults want. `server` is the one that took the
// request.
void Send(const Answer& answer, HttpsServer& server, httplib::Response& response);

// A gzip stream that unpacks to at least `size` zero bytes.
std::string GzipBomb(int64_t size);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_ANSWER_H_
