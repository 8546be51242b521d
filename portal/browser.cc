#include "portal/browser.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/error.h"
#include "portal/authorities.h"
#include "portal/connections.h"

namespace ilkimza::portal {
namespace {

using absl::StatusCode;

constexpr long kSlowestBytesPerSecond = 32;
// A cookie that is over before it begins, which starts libcurl's memory for cookies.
// The usual way, an empty CURLOPT_COOKIEFILE, does not outlive curl_easy_reset() and
// leaks a block each time.
constexpr char kStartCookies[] = "Set-Cookie: start=; Max-Age=0; Domain=invalid";
// An idle connection older than this may be dead without our knowing it; a
// submission on it would be lost, so a submission opens a new one.
constexpr long kFreshForSubmission = 10;
// A redirect's target that could not be loaded is asked for once more when a
// submission led to it: it is a GET, and the holder's answer hangs on it.
constexpr int kTriesAfterSubmission = 2;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// One exchange with the server, as its callbacks see it.
struct Exchange {
  const std::stop_token& stop;
  WipedString& body;
  int64_t max_bytes;
  bool sends_once;
  int times_sent = 0;
  bool too_large = false;
  bool cancelled = false;
};

size_t OnBody(char* data, size_t, size_t size, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (static_cast<int64_t>(exchange.body.size() + size) > exchange.max_bytes) {
    exchange.too_large = true;
    return 0;
  }
  exchange.body.append(data, size);
  return size;
}

// Called at least once a second while a transfer runs.
int OnProgress(void* self, curl_off_t, curl_off_t downloaded, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (exchange.stop.stop_requested()) {
    exchange.cancelled = true;
    return 1;
  }
  if (downloaded > exchange.max_bytes) {
    exchange.too_large = true;
    return 1;
  }
  return 0;
}

// Called when the connection stands and the request is about to be sent.
// libcurl repeats a request by itself when a kept connection turns out to be
// dead; a submission must not be.
int OnSend(void* self, char*, char*, int, int) {
  auto& exchange = *static_cast<Exchange*>(self);
  const bool again = ++exchange.times_sent > 1;
  return again && exchange.sends_once ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

absl::Status Unreachable(absl::string_view origin, absl::string_view why) {
  return MakeError(StatusCode::kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE,
                   absl::StrCat("The portal at ", origin, " cannot be reached (", why,
                                "). Nothing was submitted; try again later."));
}

absl::Status Unknown(absl::string_view origin, absl::string_view why) {
  return MakeError(
      StatusCode::kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN,
      absl::StrCat("The form was sent to ", origin, " and no answer came (", why,
                   "). Whether the portal took it is not known; it is not sent again."));
}

absl::Status SentOn(absl::string_view origin) {
  return MakeError(StatusCode::kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN,
                   absl::StrCat("The form was sent to ", origin,
                                ", which asked for it to be sent again. Whether "
                                "the portal took it is not known; it is not sent again."));
}

absl::Status TooLarge(absl::string_view origin, int64_t limit) {
  return MakeError(StatusCode::kResourceExhausted, v1::ERROR_REASON_PAGE_TOO_LARGE,
                   absl::StrCat("The portal at ", origin, " sent more than ", limit,
                                " bytes; the rest was not read."));
}

absl::Status Unreadable(absl::string_view origin, absl::string_view why) {
  return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_PAGE_UNREADABLE,
                   absl::StrCat("What the portal at ", origin, " sent cannot be read: ", why, "."));
}

bool IsTrustFailure(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

// The error of an exchange that failed. libcurl's own words name hosts and
// causes, never paths, bodies or cookies.
absl::Status ErrorOf(CURLcode code, const Exchange& exchange, absl::string_view origin) {
  const absl::string_view why = curl_easy_strerror(code);
  if (exchange.too_large || code == CURLE_FILESIZE_EXCEEDED) {
    return TooLarge(origin, exchange.max_bytes);
  }
  if (IsTrustFailure(code)) {
    return MakeError(StatusCode::kUnauthenticated, v1::ERROR_REASON_PORTAL_UNTRUSTED,
                     absl::StrCat("The certificate of ", origin, " is not trusted (", why,
                                  "). Nothing was sent. Check the network, the clock, and the "
                                  "portal's ca_file setting."));
  }
  if (code == CURLE_BAD_CONTENT_ENCODING || code == CURLE_WEIRD_SERVER_REPLY ||
      code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Unreadable(origin, why);
  }
  if (exchange.sends_once && exchange.times_sent > 0) return Unknown(origin, why);
  if (exchange.cancelled) {
    return MakeError(StatusCode::kCancelled, v1::ERROR_REASON_CANCELLED,
                     "The step was stopped while the portal was asked.");
  }
  return Unreachable(origin, why);
}

bool IsHtml(absl::string_view content_type) {
  return content_type.empty() || absl::StartsWithIgnoreCase(content_type, "text/html") ||
         absl::StartsWithIgnoreCase(content_type, "application/xhtml+xml");
}

// Whether to follow a redirect would be to submit once more: to 307 and 308 the form is
// taken along, and a form that was sent by GET is in its address.
bool SubmitsAgain(const Request& request, int redirects, int status, const Address& next) {
  if (!request.submits) return false;
  if (request.method == Request::kGet && next.url == request.address.url) return true;
  return redirects == 0 && status >= 307;
}

bool IsRedirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void InitLibrary() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(ready);
}

class CurlBrowser : public Browser {
 public:
  CurlBrowser(BrowserOptions options, Origins origins, std::shared_ptr<X509_STORE> trusted)
      : options_(std::move(options)),
        origins_(std::move(origins)),
        trusted_(std::move(trusted)),
        easy_(curl_easy_init()) {
    Set(CURLOPT_COOKIELIST, kStartCookies);
    if (options_.connections != nullptr) options_.connections->ShareWith(easy_.get());
  }

  absl::StatusOr<Response> Load(const Request& request, std::stop_token stop) override {
    ILKIMZA_ASSIGN_OR_RETURN(Response response, Follow(request, options_.max_page_bytes, stop));
    if (!IsHtml(response.content_type)) {
      return Unreadable(response.address.origin, "it is not a page of HTML");
    }
    return response;
  }

  absl::StatusOr<Response> LoadImage(const Request& request, std::stop_token stop) override {
    ILKIMZA_ASSIGN_OR_RETURN(Response response, Follow(request, options_.max_image_bytes, stop));
    const std::string_view type = ImageType({response.body.data(), response.body.size()});
    if (response.status != 200 || type.empty() ||
        !absl::StartsWithIgnoreCase(response.content_type, "image/")) {
      return Unreadable(response.address.origin, "it should be an image and is not");
    }
    response.content_type = std::string(type);
    return response;
  }

  const Origins& origins() const override { return origins_; }

 private:
  struct Hop {
    Request::Method method;
    Address address;
    std::string redirect;  // empty: the end
    bool sends_once;
    int64_t max_bytes;
    absl::Time deadline;
  };

  absl::StatusOr<Response> Follow(const Request& request, int64_t max_bytes,
                                  const std::stop_token& stop) {
    ILKIMZA_RETURN_IF_ERROR(origins_.Check("A link or form of the page", request.address));
    Hop hop{.method = request.method,
            .address = request.address,
            .sends_once = request.submits,
            .max_bytes = max_bytes,
            .deadline = absl::Now() + options_.total_timeout};
    for (int redirects = 0; redirects <= options_.max_redirects; ++redirects) {
      Response response;
      ILKIMZA_RETURN_IF_ERROR(Hand(request, redirects > 0, hop, response, stop));
      if (!IsRedirect(response.status)) return response;
      if (hop.redirect.empty()) {
        return Unreadable(hop.address.origin, "it is a redirect to nowhere");
      }
      auto next = ParseAddress(hop.address.url, hop.redirect);
      if (!next.ok()) return Unreadable(hop.address.origin, "it is a redirect to nowhere");
      ILKIMZA_RETURN_IF_ERROR(origins_.Check("A redirect", *next));
      if (SubmitsAgain(request, redirects, response.status, *next)) {
        return SentOn(hop.address.origin);
      }
      hop.address = *std::move(next);
      if (response.status < 307) hop.method = Request::kGet;
    }
    return MakeError(StatusCode::kFailedPrecondition, v1::ERROR_REASON_TOO_MANY_REDIRECTS,
                     absl::StrCat("The portal at ", request.address.origin,
                                  " redirected more than ", options_.max_redirects, " times."));
  }

  // One hop. The page behind a submission's redirect may be asked for twice; if
  // it stays away, what the portal made of the submission is not known.
  absl::Status Hand(const Request& request, bool redirected, Hop& hop, Response& response,
                    const std::stop_token& stop) {
    const bool after_submission = redirected && request.submits && hop.method == Request::kGet;
    const bool sends_once = request.submits && !after_submission;
    absl::Status status;
    for (int tries = after_submission ? kTriesAfterSubmission : 1; tries > 0; --tries) {
      hop.sends_once = sends_once;
      response = Response();
      status = Perform(request, hop, response, stop);
      if (ReasonOf(status) != v1::ERROR_REASON_PORTAL_UNREACHABLE) break;
    }
    const v1::ErrorReason reason = ReasonOf(status);
    if (after_submission &&
        (reason == v1::ERROR_REASON_PORTAL_UNREACHABLE || reason == v1::ERROR_REASON_CANCELLED)) {
      return Unknown(hop.address.origin, "the page that should follow did not come");
    }
    return status;
  }

  absl::Status Perform(const Request& request, Hop& hop, Response& response,
                       const std::stop_token& stop) {
    Exchange exchange{stop, response.body, hop.max_bytes, hop.sends_once};
    if (stop.stop_requested()) {
      exchange.cancelled = true;
      return ErrorOf(CURLE_ABORTED_BY_CALLBACK, exchange, hop.address.origin);
    }
    curl_easy_reset(easy_.get());  // keeps cookies, connections and what is shared
    const HeaderList headers = SetRequest(request, hop);
    SetLimits(hop, exchange);
    const CURLcode code = curl_easy_perform(easy_.get());
    if (code != CURLE_OK) return ErrorOf(code, exchange, hop.address.origin);
    ReadAnswer(hop, response);
    return absl::OkStatus();
  }

  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  // The list must live until the exchange is over.
  HeaderList SetRequest(const Request& request, const Hop& hop) {
    Set(CURLOPT_URL, hop.address.url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "https");
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    Set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    if (request.referer.origin == hop.address.origin) {
      Set(CURLOPT_REFERER, request.referer.url.c_str());
    }
    curl_slist* list = curl_slist_append(
        nullptr, absl::StrCat("Accept-Language: ", options_.accept_language).c_str());
    if (hop.method == Request::kPost) {
      Set(CURLOPT_POST, 1L);
      Set(CURLOPT_POSTFIELDS, request.body.data());
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      list = curl_slist_append(list, absl::StrCat("Content-Type: ", request.content_type).c_str());
      list = curl_slist_append(list, "Expect:");  // no wait for "100 Continue"
    }
    Set(CURLOPT_HTTPHEADER, list);
    return HeaderList(list);
  }

  void SetLimits(const Hop& hop, Exchange& exchange) {
    const auto left = hop.deadline - absl::Now();
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_TIMEOUT_MS, std::max<long>(1, absl::ToInt64Milliseconds(left)));
    Set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
    Set(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
    Set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(options_.stall_timeout)));
    Set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(hop.max_bytes));
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    Set(CURLOPT_PROXY, options_.proxy.c_str());
    if (!TrustOnly(easy_.get(), trusted_.get()) && !options_.ca_file.empty()) {
      Set(CURLOPT_CAINFO, options_.ca_file.c_str());
      Set(CURLOPT_CAPATH, nullptr);
    }
    if (hop.sends_once) Set(CURLOPT_MAXAGE_CONN, kFreshForSubmission);
    Set(CURLOPT_WRITEFUNCTION, OnBody);
    Set(CURLOPT_WRITEDATA, &exchange);
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, OnProgress);
    Set(CURLOPT_XFERINFODATA, &exchange);
    Set(CURLOPT_PREREQFUNCTION, OnSend);
    Set(CURLOPT_PREREQDATA, &exchange);
  }

  void ReadAnswer(Hop& hop, Response& response) {
    long status = 0;
    char* content_type = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &content_type);
    response.status = static_cast<int>(status);
    response.content_type = content_type == nullptr ? "" : content_type;
    response.address = hop.address;
    curl_header* date = nullptr;
    if (curl_easy_header(easy_.get(), "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
      // Knows the months in no language but HTTP's own.
      const time_t seconds = curl_getdate(date->value, nullptr);
      if (seconds > 0) response.date = absl::FromTimeT(seconds);
    }
    hop.redirect.clear();
    curl_header* location = nullptr;
    if (curl_easy_header(easy_.get(), "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK) {
      hop.redirect = location->value;
    }
  }

  const BrowserOptions options_;
  const Origins origins_;
  const std::shared_ptr<X509_STORE> trusted_;
  const std::unique_ptr<CURL, FreeEasy> easy_;
};

bool StartsWith(std::string_view bytes, std::string_view start) {
  return bytes.substr(0, start.size()) == start;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Browser>> Browser::Create(BrowserOptions options, Origins origins) {
  InitLibrary();
  if (options.authorities == nullptr) {
    options.authorities = std::make_shared<Authorities>(options.ca_file);
  }
  ILKIMZA_ASSIGN_OR_RETURN(std::shared_ptr<X509_STORE> trusted, options.authorities->Get());
  return std::make_unique<CurlBrowser>(std::move(options), std::move(origins), std::move(trusted));
}

std::string_view ImageType(std::string_view bytes) {
  using std::string_view_literals::operator""sv;
  if (StartsWith(bytes, "\x89PNG\r\n\x1A\n"sv)) return "image/png";
  if (StartsWith(bytes, "\xFF\xD8\xFF"sv)) return "image/jpeg";
  if (StartsWith(bytes, "GIF87a"sv) || StartsWith(bytes, "GIF89a"sv)) return "image/gif";
  if (StartsWith(bytes, "BM"sv)) return "image/bmp";
  if (StartsWith(bytes, "RIFF"sv) && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP") {
    return "image/webp";
  }
  return {};
}

}  // namespace ilkimza::portal
