// What strangers send: a PKCS#10 request for a certificate. Nothing of it is taken but
// the public key, and that only where it is of a kind we want and the request is signed
// with its private half.
//
// Pure. Thread-safe.
#ifndef ILKIMZA_SERVER_ENROLMENT_CERTIFICATE_REQUEST_H_
#define ILKIMZA_SERVER_ENROLMENT_CERTIFICATE_REQUEST_H_

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ilkimza::server {

inline constexpr std::size_t kMaxCertificateRequest = 8 * 1024;

struct FreePublicKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct CertificateRequest {
  std::unique_ptr<EVP_PKEY, FreePublicKey> public_key;
  // Of its SubjectPublicKeyInfo, in lower-case hexadecimal.
  std::string public_key_sha256;
};

// `der` is one PKCS#10 request and nothing after it. Keys: EC on the named curves P-256
// and P-384, RSA of 2048 to 4096 bits with the exponent 65537; signed with SHA-256 or
// better. INVALID_ARGUMENT / BAD_CERTIFICATE_REQUEST says what is wrong.
absl::StatusOr<CertificateRequest> CheckCertificateRequest(std::string_view der);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENROLMENT_CERTIFICATE_REQUEST_H_
