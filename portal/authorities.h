// The authorities that may vouch for the portal, read once for many browsers.
//
// By itself libcurl reads them anew for each new connection, and the system's bundle
// of well over a hundred costs more than all else that a conversation does. They are
// read again when their file has changed. Thread-safe.
#ifndef ILKIMZA_PORTAL_AUTHORITIES_H_
#define ILKIMZA_PORTAL_AUTHORITIES_H_

#include <curl/curl.h>
#include <openssl/types.h>

#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"

namespace ilkimza::portal {

class Authorities {
 public:
  // A file of PEM certificates; empty: those that libcurl takes from the system.
  explicit Authorities(std::string ca_file) : ca_file_(std::move(ca_file)) {}

  // BAD_CONFIGURATION where the file cannot be read, or is none of certificates.
  absl::StatusOr<std::shared_ptr<X509_STORE>> Get();

 private:
  // What tells one version of a file from another.
  struct Version {
    bool operator==(const Version&) const = default;
    std::time_t seconds = 0;
    long nanoseconds = 0;
    unsigned long long inode = 0;
    long long size = -1;
  };

  static Version VersionOf(const std::string& path);
  [[nodiscard]] absl::StatusOr<std::shared_ptr<X509_STORE>> Read() const;

  const std::string ca_file_;
  std::mutex mutex_;
  std::shared_ptr<X509_STORE> store_;
  Version version_;
};

// Makes `store` all that the next request on `easy` trusts; it must outlive the
// request. False where this libcurl does not work with OpenSSL.
bool TrustOnly(CURL* easy, X509_STORE* store);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_AUTHORITIES_H_
