// The part that speaks HTTPS: one browser for each conversation, with its own
// cookies, in memory only.
//
//  - https and the allowed origins only, for the first address and for every
//    redirect; redirects are followed here, one by one, never by libcurl.
//  - Limits on time, redirects, and size, both packed and unpacked.
//  - Nothing that submits is ever sent twice, not even where a redirect asks for it
//    (307, 308). Where a submission was sent and no answer came, or none but such a
//    redirect, the error is SUBMISSION_UNKNOWN, never PORTAL_UNREACHABLE.
//  - Form bodies and pages live in wiped memory.
//  - The environment's proxy settings have no say.
//
// Errors, as reasons: PORTAL_UNREACHABLE, PORTAL_UNTRUSTED, OFF_SITE,
// TOO_MANY_REDIRECTS, PAGE_TOO_LARGE, PAGE_UNREADABLE, SUBMISSION_UNKNOWN, and
// CANCELLED when the stop token says so.
//
// Calls block. Not thread-safe: one conversation, one thread at a time.
#ifndef ILKIMZA_PORTAL_BROWSER_H_
#define ILKIMZA_PORTAL_BROWSER_H_

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "portal/origin.h"
#include "portal/wiped.h"

namespace ilkimza::portal {

class Authorities;
class Connections;

struct BrowserOptions {
  // PEM file with the authorities to trust; empty: the system's.
  std::string ca_file;
  // Those of `ca_file`, shared by many browsers; null: each reads its own.
  std::shared_ptr<Authorities> authorities;
  // Those of one conversation, shared by its browsers; null: each has its own.
  std::shared_ptr<Connections> connections;
  // "http://host:port" of a proxy; empty: none.
  std::string proxy;
  std::string user_agent = "Ilkimza/0.1";
  std::string accept_language = "tr-TR,tr;q=0.9,en;q=0.3";
  absl::Duration connect_timeout = absl::Seconds(15);
  // For one page, with its redirects.
  absl::Duration total_timeout = absl::Seconds(90);
  // A transfer slower than 32 bytes a second for this long is given up.
  absl::Duration stall_timeout = absl::Seconds(30);
  int max_redirects = 10;
  // Bytes, packed or unpacked.
  int64_t max_page_bytes = 2 << 20;
  int64_t max_image_bytes = 512 << 10;
};

struct Request {
  enum Method { kGet, kPost };
  Method method = kGet;
  // By ParseAddress(), which makes sure that what is checked is what is asked.
  Address address;
  // Of a POST.
  WipedString body;
  std::string content_type = "application/x-www-form-urlencoded";
  // The page the request comes from, empty where there is none; sent along to its own
  // origin only.
  Address referer;
  // The portal may act on it, so it must not reach the portal twice. Otherwise
  // a lost POST is no worse than a lost GET.
  bool submits = false;
};

struct Response {
  // Where the redirects ended.
  Address address;
  int status = 0;
  std::string content_type;
  // The portal's clock by its `Date`; the infinite past where it told none.
  absl::Time date = absl::InfinitePast();
  // As sent, unpacked.
  WipedString body;
};

class Browser {
 public:
  // BAD_CONFIGURATION where the CA file cannot be read.
  static absl::StatusOr<std::unique_ptr<Browser>> Create(BrowserOptions options, Origins origins);
  virtual ~Browser() = default;

  // A page of HTML, with any status but a redirect.
  virtual absl::StatusOr<Response> Load(const Request& request, std::stop_token stop) = 0;
  // An image: PNG, JPEG, GIF, BMP or WebP, by its bytes as well as by its type.
  virtual absl::StatusOr<Response> LoadImage(const Request& request, std::stop_token stop) = 0;
  [[nodiscard]] virtual const Origins& origins() const = 0;
};

// "image/png" and so on by an image's first bytes; empty for anything else.
std::string_view ImageType(std::string_view bytes);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_BROWSER_H_
