// Who may be spoken to in plain text, and credentials for everyone else.
//
// Plain text is for loopback and unix sockets only; any other address needs TLS.
// Certificates, keys and CA files are read and checked here, so that a wrong file
// is one clear sentence at start and not a failed handshake later.
//
// Errors are INVALID_ARGUMENT with ERROR_REASON_BAD_CONFIGURATION.
// Thread-safe.
#ifndef ILKIMZA_BASE_TLS_H_
#define ILKIMZA_BASE_TLS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace ilkimza {

// PEM files; an empty path is one that is not configured.
struct TlsFiles {
  // The own certificate first, then the ones that lead to the CA.
  std::string certificate;
  // Its private key, not encrypted, and readable by nobody outside its group. One file
  // may hold both: a pair that is replaced as one.
  std::string key;
  // The CA certificates the other side is checked with. A server with a CA
  // demands a certificate of each client (mTLS); a client without one trusts
  // the system's CAs.
  std::string ca;
  // More of them, trusted as well.
  std::string second_ca = {};
};

// True for unix sockets, loopback addresses and "localhost", in any spelling of
// gRPC: "unix:/run/x.sock", "127.0.0.1:80", "ipv6:[::1]:80", "dns:///localhost:80".
// What is not surely local is not, nor is a list of addresses.
bool IsLocalAddress(std::string_view address);

// Credentials to listen on `address`: TLS where `files` names a certificate,
// plain text on a local address, an error elsewhere.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    std::string_view address, const TlsFiles& files);

// Credentials to reach `address`: TLS where `files` names a CA or a certificate
// or the address is not local, plain text otherwise. The certificate, where
// there is one, is shown to the server.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    std::string_view address, const TlsFiles& files);

// When the own certificate ends; the infinite future without one. An open
// connection outlives its certificate unless somebody closes it.
absl::StatusOr<absl::Time> CertificateExpiry(const TlsFiles& files);

// The certificates of a PEM file, in DER and in its order.
absl::StatusOr<std::vector<std::string>> ReadCertificates(const std::string& path);
// And back. INVALID_ARGUMENT where one of them is no certificate.
absl::StatusOr<std::string> CertificatesToPem(const std::vector<std::string>& der);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_TLS_H_
