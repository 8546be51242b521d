// The small authority that signs the agents' certificates.
//
// Its key is made at the first start, EC P-256, in a file that only the server's user
// can read; or the organisation gives it a key and certificate of its own, for example
// an intermediate authority. Certificates are short-lived, good for TLS clients only,
// and name the agent in one place: the URI "agents/{agent}". Nothing a stranger wrote
// into a request gets into one.
//
// Thread-safe.
#ifndef ILKIMZA_SERVER_ENROLMENT_ISSUER_H_
#define ILKIMZA_SERVER_ENROLMENT_ISSUER_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ilkimza::server {

struct IssuerFiles {
  // PEM. A configured chain has the issuing certificate first.
  std::string certificate;
  std::string key;
  // Both are made where neither is there.
  bool make = false;
};

struct IssuedCertificate {
  // Lower-case hexadecimal, 32 digits.
  std::string serial;
  absl::Time not_after;
  // In DER: the certificate, then those between it and the root, which is left out.
  std::vector<std::string> chain;
};

class Issuer {
 public:
  // INVALID_ARGUMENT / BAD_CONFIGURATION where the files cannot be used: not there, open
  // to other users, not of one pair, no authority, expired at `now`.
  static absl::StatusOr<std::unique_ptr<Issuer>> Open(const IssuerFiles& files, absl::Time now);
  Issuer(const Issuer&) = delete;
  Issuer& operator=(const Issuer&) = delete;
  ~Issuer();

  // For `agent`, "agents/{agent}". Good from five minutes before `now`, for clocks that
  // differ (half of `lifetime` where that is less), until `now` + `lifetime`, but never longer than
  // the authority itself. FAILED_PRECONDITION / BAD_CONFIGURATION where that has expired.
  [[nodiscard]] absl::StatusOr<IssuedCertificate> Issue(EVP_PKEY& public_key,
                                                        std::string_view agent, absl::Time now,
                                                        absl::Duration lifetime) const;

  // Whether `certificate`, whose chain TLS has checked, is one of this authority's.
  [[nodiscard]] bool HasIssued(X509& certificate) const;

  // What others check certificates with: the file.
  [[nodiscard]] const std::string& certificate_file() const { return certificate_file_; }

 private:
  struct Pair;
  Issuer(std::string certificate_file, std::unique_ptr<Pair> pair);

  const std::string certificate_file_;
  const std::unique_ptr<Pair> pair_;
};

// The serial number as `IssuedCertificate::serial` writes it.
std::string SerialOf(const X509& certificate);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENROLMENT_ISSUER_H_
