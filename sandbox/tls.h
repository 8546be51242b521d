// A certificate authority that lives as long as the sandbox, and the server
// certificate it issues for this machine's loopback.
#ifndef ILKIMZA_SANDBOX_TLS_H_
#define ILKIMZA_SANDBOX_TLS_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace ilkimza::sandbox {

struct FreeOpenSsl {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using CertificatePtr = std::unique_ptr<X509, FreeOpenSsl>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;

struct TlsIdentity {
  // Signed by the CA, for `localhost` and 127.0.0.1.
  CertificatePtr certificate;
  KeyPtr key;
  // The CA's certificate; its key is gone once the leaf is signed.
  std::string ca_pem;
};

absl::StatusOr<TlsIdentity> MakeTlsIdentity();

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_TLS_H_
