// Page tokens (AIP-158): opaque to clients, good only for the query that made them.
//
// Pure and thread-safe.
#ifndef ILKIMZA_SERVER_API_PAGE_TOKEN_H_
#define ILKIMZA_SERVER_API_PAGE_TOKEN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ilkimza::server {

// `query` is whatever the pages have in common (parent, filter, caller); `position`
// is where the next one starts. Empty for an empty position: the last page.
std::string MakePageToken(std::string_view query, std::string_view position);

// The position; empty for an empty token. INVALID_ARGUMENT with
// ERROR_REASON_PAGE_TOKEN_INVALID for a token that is not ours, or of another query.
absl::StatusOr<std::string> ReadPageToken(std::string_view query, std::string_view token);

// 50 where `asked` is 0, at most 1000. INVALID_ARGUMENT below 0.
absl::StatusOr<int> PageSize(int asked);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_API_PAGE_TOKEN_H_
