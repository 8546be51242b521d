// Keys and certificates of a practice card, made with OpenSSL.
//
// A practice authority (one for the process, or for the key directory) signs two
// certificates for each card: a qualified one, with QCStatements and nonRepudiation, and
// one to log in with. Its own certificate is the same on all of them. Nobody trusts that
// authority, and nobody should.
#ifndef ILKIMZA_SANDBOX_CARD_CREDENTIALS_H_
#define ILKIMZA_SANDBOX_CARD_CREDENTIALS_H_

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ilkimza::sandbox {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

struct CredentialOptions {
  // The card's serial; keys are cached under it.
  std::string serial;
  // Common name and serialNumber in the subject.
  std::string holder_name;
  std::string national_id;
  // Serial number of the qualified certificate, up to 16 hex digits; empty: any.
  std::string certificate_number;
  absl::Time not_before;
  absl::Time not_after;
  // Keys on the curve P-256 instead of RSA-2048.
  bool elliptic = false;
  // A directory where keys are kept from one run to the next, so that programs
  // start at once; empty: keys are made anew, about 0.2 s for each card.
  std::string key_directory;
};

struct Credentials {
  PrivateKey signing_key;
  PrivateKey login_key;
  // DER.
  std::string qualified_certificate;
  std::string login_certificate;
  std::string authority_certificate;
};

// Thread-safe. Fails where a key cannot be made or kept.
absl::StatusOr<Credentials> IssueCredentials(const CredentialOptions& options);

// The private-key operation. An elliptic key signs the digest it is given, as DER. An
// RSA key: 256 bytes are taken as they are, 1 to
// 245 bytes are padded after PKCS#1 v1.5 (type 1) first. Nothing where the key
// cannot sign that. Thread-safe.
std::optional<std::string> SignRaw(EVP_PKEY* key, std::string_view data);

// PEM of a DER certificate.
std::string CertificateToPem(std::string_view der);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_CREDENTIALS_H_
