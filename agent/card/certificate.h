// X.509 certificates as they lie on a card: what the holder is told about them, and
// whether a signature was made with their key.
//
// Nothing is trusted here: no chain is built. Names are made printable. The holder's
// national id, which these certificates carry in the subject, is masked.
#ifndef ILKIMZA_AGENT_CARD_CERTIFICATE_H_
#define ILKIMZA_AGENT_CARD_CERTIFICATE_H_

#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

// Immutable, thread-safe.
class CardCertificate {
 public:
  // CARD_PROTOCOL where `der` is no certificate.
  static absl::StatusOr<CardCertificate> Parse(std::string_view der);

  // Without name, label and has_private_key, which are the card's to tell. `now` is for
  // the validity.
  [[nodiscard]] v1::Certificate Describe(absl::Time now) const;
  // By its QCStatements: the one of ETSI EN 319 412-5 for qualified certificates, or
  // that of the Turkish law.
  [[nodiscard]] bool qualified() const;
  // Of one who issues certificates, by its basic constraints, and of no person: without a
  // national id.
  [[nodiscard]] bool authority() const;
  [[nodiscard]] bool ValidAt(absl::Time time) const;
  // Bytes of the RSA modulus; 0 for other keys.
  [[nodiscard]] std::size_t modulus_size() const;
  // "RSA-2048 PKCS#1 v1.5 SHA-256", "ECDSA P-256 SHA-256"; empty for keys of other kinds.
  [[nodiscard]] std::string signature_algorithm() const;
  // The national ids in the subject, for comparing: each eleven digits. To be wiped.
  [[nodiscard]] std::vector<std::string> NationalIds() const;
  // Whether `signature` is one by that algorithm over SHA-256 of `message`.
  [[nodiscard]] bool Verifies(std::string_view message, std::string_view signature) const;

 private:
  struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  explicit CardCertificate(X509* certificate) : x509_(certificate) {}

  std::unique_ptr<X509, Free> x509_;
};

// What a card signs for RSA PKCS#1 v1.5 with SHA-256: the padded DigestInfo of
// `message`, `size` bytes long. Empty where `size` has no room for it.
std::string PaddedDigest(std::string_view message, std::size_t size);

// SHA-256 of `message`, and the DigestInfo of RSA PKCS#1 v1.5 around it.
std::string Digest(std::string_view message);
std::string DigestInfo(std::string_view message);
// An ECDSA signature as DER, whether the card answers DER or the two numbers one after
// the other; empty where it is neither.
std::string EllipticSignatureDer(std::string_view answer);

// `text` with every digit but the last two of a national id replaced by '*'; the ids
// are runs of eleven digits. For text of any kind.
std::string MaskNationalIds(std::string_view text);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_CERTIFICATE_H_
