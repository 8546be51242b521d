#include "server/api/page_token.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/engine/report_check.h"

namespace ilkimza::server {
namespace {

constexpr std::size_t kDigestSize = 12;
constexpr std::size_t kMaxTokenSize = 512;
constexpr int kDefaultPage = 50;
constexpr int kLargestPage = 1000;

// Binds the position to the query: a token of another query reads as damaged.
std::string Digest(std::string_view query, std::string_view position) {
  const std::string text = absl::StrCat("1\n", std::string(query), "\n", std::string(position));
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return {reinterpret_cast<const char*>(digest), kDigestSize};
}

}  // namespace

std::string MakePageToken(std::string_view query, std::string_view position) {
  if (position.empty()) return "";
  return absl::WebSafeBase64Escape(absl::StrCat(Digest(query, position), std::string(position)));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view query, std::string_view token) {
  if (token.empty()) return std::string();
  std::string bytes;
  const bool decoded =
      token.size() <= kMaxTokenSize &&
      absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &bytes) &&
      bytes.size() > kDigestSize;
  if (decoded) {
    const std::string position = bytes.substr(kDigestSize);
    if (bytes.compare(0, kDigestSize, Digest(query, position)) == 0) return position;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_PAGE_TOKEN_INVALID,
                   "'page_token' is not one of this list; leave it out to start from the top.",
                   {{"field", "page_token"}});
}

absl::StatusOr<int> PageSize(int asked) {
  if (asked < 0) return BadField("page_size", "must not be negative.");
  return asked == 0 ? kDefaultPage : std::min(asked, kLargestPage);
}

}  // namespace ilkimza::server
