#include "portal/origin.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::portal {
namespace {

// Longer ones are not addresses of a page.
constexpr std::size_t kLongestAddress = 8192;
constexpr std::string_view kScheme = "https://";

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

absl::Status NoAddress() {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                   "This is not the address of a page: copy the whole link, from https on.",
                   {{"field", "link"}});
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string Origin(const std::string& scheme, const std::string& host, const std::string& port) {
  std::string origin = absl::StrCat(scheme, "://", absl::AsciiStrToLower(host));
  if (!port.empty() && !(scheme == "https" && port == "443")) absl::StrAppend(&origin, ":", port);
  return origin;
}

// "https://host:port" of a base from which such a reference counts; empty: it counts from
// something else.
std::string_view RootFor(std::string_view reference, std::string_view base) {
  const bool is_from_root = reference.starts_with('/') && !reference.starts_with("//");
  if (!is_from_root || !base.starts_with(kScheme)) return {};
  return base.substr(0, base.find_first_of("/?#", kScheme.size()));
}

}  // namespace

absl::StatusOr<Address> ParseAddress(std::string_view base, std::string_view reference) {
  if (reference.size() > kLongestAddress || base.size() > kLongestAddress) return NoAddress();
  if (reference.find('\0') != std::string_view::npos) return NoAddress();
  const UrlHandle url(curl_url());
  constexpr unsigned kFlags = CURLU_URLENCODE | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME;
  reference = reference.substr(0, reference.find('#'));
  // To take a base apart is dear, and almost all references are absolute or from the root.
  const std::string_view root = RootFor(reference, base);
  const bool is_whole = !root.empty() || reference.starts_with(kScheme);
  if (!base.empty() && !is_whole &&
      curl_url_set(url.get(), CURLUPART_URL, std::string(base).c_str(), 0) != CURLUE_OK) {
    return NoAddress();
  }
  // An empty reference is the page itself.
  const std::string asked = std::string(root).append(reference);
  if (!asked.empty() &&
      curl_url_set(url.get(), CURLUPART_URL, asked.c_str(), kFlags) != CURLUE_OK) {
    return NoAddress();
  }
  const std::string scheme = absl::AsciiStrToLower(Part(url.get(), CURLUPART_SCHEME));
  const std::string host = Part(url.get(), CURLUPART_HOST);
  if (scheme.empty() || host.empty() || !IsPlain(host)) return NoAddress();
  const std::string port = Part(url.get(), CURLUPART_PORT,
                                scheme == "https" || scheme == "http" ? CURLU_DEFAULT_PORT : 0);
  Address address;
  address.origin = Origin(scheme, host, port);
  address.url = absl::StrCat(address.origin, Part(url.get(), CURLUPART_PATH));
  if (const std::string query = Part(url.get(), CURLUPART_QUERY); !query.empty()) {
    absl::StrAppend(&address.url, "?", query);
  }
  if (!IsPlain(address.url)) return NoAddress();
  return address;
}

absl::StatusOr<Origins> Origins::Of(const std::vector<std::string>& hosts) {
  Origins origins;
  for (const std::string& host : hosts) {
    const auto address = ParseAddress("", absl::StrCat("https://", host, "/"));
    if (!address.ok() || address->url != address->origin + "/" ||
        host.find('/') != std::string::npos) {
      return MakeError(
          absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
          absl::StrCat("\"", host, "\" is no host of a portal: write \"host\" or \"host:port\"."));
    }
    origins.origins_.push_back(address->origin);
  }
  if (origins.origins_.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     "The portal's profile names no host: give it at least one.");
  }
  return origins;
}

bool Origins::Allows(const Address& address) const {
  return std::find(origins_.begin(), origins_.end(), address.origin) != origins_.end();
}

absl::Status Origins::Check(std::string_view what, const Address& address) const {
  if (Allows(address)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_OFF_SITE,
                   absl::StrCat(absl::string_view(what.data(), what.size()), " leads to ",
                                address.origin, ", which is not the portal; it was not followed."));
}

}  // namespace ilkimza::portal
