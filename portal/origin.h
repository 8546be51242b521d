// Where a conversation may go: https, and a fixed set of hosts and ports.
//
// Every address is taken apart and put together again by one parser (libcurl's)
// before it is compared and before it is fetched, so what is checked is what is
// asked. User names in addresses and hosts beyond ASCII are refused.
//
// Messages never hold an address's path or query: those may be secrets.
//
// Thread-safe once made.
#ifndef ILKIMZA_PORTAL_ORIGIN_H_
#define ILKIMZA_PORTAL_ORIGIN_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ilkimza::portal {

struct Address {
  // Normalised, without fragment: "https://host:8443/path?query".
  std::string url;
  // "https://host" or "https://host:8443".
  std::string origin;
};

// `reference` as a page at `base` means it; `base` may be empty if `reference` is
// absolute. Any scheme parses. BAD_FIELD where it is no address.
absl::StatusOr<Address> ParseAddress(std::string_view base, std::string_view reference);

class Origins {
 public:
  // `hosts` are "host" or "host:port". BAD_CONFIGURATION naming the one that is not.
  static absl::StatusOr<Origins> Of(const std::vector<std::string>& hosts);

  [[nodiscard]] bool Allows(const Address& address) const;
  // OFF_SITE unless allowed. `what` starts the sentence: "A redirect".
  [[nodiscard]] absl::Status Check(std::string_view what, const Address& address) const;

 private:
  std::vector<std::string> origins_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_ORIGIN_H_
