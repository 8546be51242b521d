// What can go wrong on the way to a portal, on purpose.
//
// A fault strikes requests that match it: the first ones, the n-th one, or all.
// Kinds, in the order in which they strike:
//
//   before the portal sees the request
//     slow            waits `ms` (default 3000) and then goes on as usual
//     reset           the connection is reset (RST); nothing was processed
//     500             an error page
//     503             the maintenance page
//     redirect_loop   redirects for ever
//     offsite         redirects to `to` (default: another HTTPS origin that counts
//                     its visitors); to="http" stands for a plain HTTP origin
//   after the portal processed it, page by page
//     heading         the page's heading reads `text`
//     swap_buttons    the controls labelled `from` and `to` change places
//     swap_labels     the controls labelled `from` and `to` change labels
//     offsite_form    the page's form posts to `to` (as with offsite)
//     bad_bytes       bytes that no charset allows, in the middle of the heading
//     huge            `bytes` (default 64 MiB) of padding inside the page
//     gzip_bomb       a gzip body that unpacks to `bytes` (default 256 MiB)
//     wrong_type      Content-Type: `text` (default application/octet-stream)
//   after the portal processed it, any answer
//     drip            the answer's body comes `ms` (default 50) a byte
//     truncated       the answer stops in its middle
//     lost            the connection closes without an answer
//
// Not thread-safe; see state.h.
#ifndef ILKIMZA_SANDBOX_FAULTS_H_
#define ILKIMZA_SANDBOX_FAULTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sandbox/page.h"

namespace ilkimza::sandbox {

struct Fault {
  enum class Kind {
    kSlow,
    kReset,
    kServerError,
    kMaintenance,
    kRedirectLoop,
    kOffSite,
    kHeading,
    kSwapButtons,
    kSwapLabels,
    kOffSiteForm,
    kBadBytes,
    kHuge,
    kGzipBomb,
    kWrongType,
    kDrip,
    kTruncated,
    kLost,
  };

  Kind kind = Kind::kSlow;
  // Which requests; unset parts match everything. The screen is that of the
  // request's path, and for page kinds the screen that is drawn.
  std::optional<Screen> screen;
  // "GET", "POST", or empty.
  std::string method;
  // "captcha": only images of captchas; otherwise they are left alone.
  bool captcha = false;
  // Strikes from the nth match on (1-based) ...
  int nth = 1;
  // ... so often; 0: for ever.
  int times = 1;

  int ms = -1;
  int64_t bytes = -1;
  std::string from;
  std::string to;
  std::string text;
};

std::string_view NameOf(Fault::Kind kind);
// When the kind strikes.
enum class FaultPhase { kBefore, kPage, kAnswer };
FaultPhase PhaseOf(Fault::Kind kind);

// {"kind": "slow", "screen": "login", "method": "POST", "captcha": false,
//  "nth": 1, "times": 1, "ms": 100, "bytes": 1000, "from": "", "to": "", "text": ""}
absl::StatusOr<Fault> ParseFaultJson(std::string_view json);
// The same on a command line: "slow,screen=login,ms=100".
absl::StatusOr<Fault> ParseFaultOption(std::string_view option);

// What a request or page is, for matching.
struct FaultTarget {
  Screen screen = Screen::kEntrance;
  std::string_view method;
  bool captcha = false;
};

class Faults {
 public:
  void Add(Fault fault) { armed_.push_back({std::move(fault), 0, 0}); }
  void Clear() { armed_.clear(); }
  // The faults of this phase that strike now; counts the match.
  std::vector<Fault> Strike(FaultPhase phase, const FaultTarget& target);
  [[nodiscard]] std::size_t armed() const { return armed_.size(); }

 private:
  struct Armed {
    Fault fault;
    int matches = 0;
    int struck = 0;
  };
  std::vector<Armed> armed_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_FAULTS_H_
