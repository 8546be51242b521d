// The agent's own key and certificate, by which the server knows it.
//
// They lie in one file of a private directory (0700), so that a pair is always replaced
// as a whole: a kill or a power cut leaves the old pair or the new one. A key is made
// here and never leaves this PC. It is written down before it is sent in a request for
// a certificate, so that the answer to a request that was cut short can be asked for
// again with the same key.
//
//   agent.pem       the key and the certificates, mode 0600
//   server-ca.pem   the authorities that the server said vouch for it
//   next.key        the key of a request that was not answered yet
//
// Thread-compatible; several processes keep apart by a lock on the directory.
#ifndef ILKIMZA_AGENT_IDENTITY_IDENTITY_H_
#define ILKIMZA_AGENT_IDENTITY_IDENTITY_H_

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/tls.h"

namespace ilkimza::agent {

// Where the files lie in the directory.
std::string IdentityFile(const std::string& directory);
std::string ServerCaFile(const std::string& directory);

// `files`, with the identity of `directory` where they name no certificate and there is
// one, and with the server's authorities that came with it where they name none.
TlsFiles WithIdentity(TlsFiles files, const std::string& directory);

struct IdentityLife {
  absl::Time not_before;
  absl::Time not_after;
};
// Of the certificate in a PEM file. NOT_FOUND where there is none;
// INVALID_ARGUMENT / BAD_CONFIGURATION where it cannot be read.
absl::StatusOr<IdentityLife> LifeOf(const std::string& certificate_file);

// What the server answered, in DER.
struct CertificateAnswer {
  std::vector<std::string> chain;
  std::vector<std::string> server_authorities;
};

// One request for a certificate and its answer, with the directory locked.
class IdentityRequest {
 public:
  // Makes the directory where it is not there, and a key where none waits for an answer.
  // UNAVAILABLE where another process is at it.
  static absl::StatusOr<std::unique_ptr<IdentityRequest>> Begin(const std::string& directory);
  virtual ~IdentityRequest() = default;

  // PKCS#10 in DER, signed with the key. It names nobody: the server does.
  virtual absl::StatusOr<std::string> Der() = 0;
  // Puts the pair in place, once it is sure that it can be used: the certificate is for
  // this key, names `agent` ("agents/{agent}"), and is good at `now`.
  // FAILED_PRECONDITION / BAD_CERTIFICATE_REQUEST otherwise; the old pair stays then.
  virtual absl::Status Install(const CertificateAnswer& answer, const std::string& agent,
                               absl::Time now) = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_IDENTITY_IDENTITY_H_
