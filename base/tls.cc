#include "base/tls.h"

#include <arpa/inet.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "base/error.h"
#include "base/secret.h"

namespace ilkimza {
namespace {

constexpr std::size_t kMaxFileSize = 1 << 20;

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

absl::Status Bad(std::string_view file, std::string_view sentence) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat(std::string(file), ": ", std::string(sentence)));
}

// What keeps `path` from being used for `what`, for example "the CA file".
absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view what) {
  struct stat info;
  std::ifstream file(path, std::ios::binary);
  if (stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode) || !file) {
    return Bad(path, absl::StrCat(std::string(what),
                                  " cannot be read; check that it is there and its permissions."));
  }
  std::string text(kMaxFileSize + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileSize) {
    return Bad(path, absl::StrCat(std::string(what), " is larger than 1 MiB."));
  }
  return text;
}

BioPtr Bio(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::vector<X509Ptr> Certificates(const std::string& pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr bio = Bio(pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  ERR_clear_error();
  return certificates;
}

std::string ToPem(const std::vector<X509Ptr>& certificates) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  for (const X509Ptr& certificate : certificates) PEM_write_bio_X509(bio.get(), certificate.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

absl::Time ToTime(const ASN1_TIME* time) {
  struct tm fields = {};
  ASN1_TIME_to_tm(time, &fields);
  return absl::FromTM(fields, absl::UTCTimeZone());
}

absl::Status CheckKeyPermissions(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return Bad(path, "The private key can be read or written by everybody: chmod 600 it.");
  }
  return absl::OkStatus();
}

absl::Status CheckKey(const std::string& path, const std::string& pem, X509& certificate,
                      const std::string& certificate_path) {
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const BioPtr bio = Bio(pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return Bad(path,
               "The private key is not one in PEM form, or it is encrypted; give it without "
               "a password.");
  }
  const bool fits = X509_check_private_key(&certificate, key.get()) == 1;
  ERR_clear_error();
  if (fits) return absl::OkStatus();
  return Bad(path, absl::StrCat("The private key is not the one of the certificate in ",
                                certificate_path, "."));
}

absl::Status CheckValidity(const std::string& path, const X509& certificate) {
  const absl::Time now = absl::Now();
  const absl::Time from = ToTime(X509_get0_notBefore(&certificate));
  const absl::Time until = ToTime(X509_get0_notAfter(&certificate));
  const auto day = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
  };
  if (now > until) {
    return Bad(path, absl::StrCat("The certificate expired on ", day(until), "; renew it."));
  }
  if (now < from) {
    return Bad(path, absl::StrCat("The certificate is valid only from ", day(from),
                                  " on; check the machine's clock."));
  }
  return absl::OkStatus();
}

struct KeyPair {
  std::string certificate;
  std::string key;
  absl::Time expiry = absl::InfiniteFuture();
};

// An empty pair where none is configured.
absl::StatusOr<KeyPair> LoadKeyPair(const TlsFiles& files) {
  KeyPair pair;
  if (files.certificate.empty() && files.key.empty()) return pair;
  if (files.key.empty()) return Bad(files.certificate, "The certificate needs its key file.");
  if (files.certificate.empty()) return Bad(files.key, "The key needs its certificate file.");
  ILKIMZA_ASSIGN_OR_RETURN(pair.certificate, ReadPem(files.certificate, "The certificate"));
  ILKIMZA_ASSIGN_OR_RETURN(pair.key, ReadPem(files.key, "The private key"));
  ILKIMZA_RETURN_IF_ERROR(CheckKeyPermissions(files.key));
  const auto chain = Certificates(pair.certificate);
  if (chain.empty()) return Bad(files.certificate, "The file holds no certificate in PEM form.");
  ILKIMZA_RETURN_IF_ERROR(CheckValidity(files.certificate, *chain.front()));
  ILKIMZA_RETURN_IF_ERROR(CheckKey(files.key, pair.key, *chain.front(), files.certificate));
  pair.expiry = ToTime(X509_get0_notAfter(chain.front().get()));
  if (files.certificate == files.key) {
    // The key is not to travel along with the certificate.
    Wipe(pair.certificate);
    pair.certificate = ToPem(chain);
  }
  return pair;
}

// Empty where none is configured.
absl::StatusOr<std::string> LoadCa(const std::string& path) {
  if (path.empty()) return std::string();
  ILKIMZA_ASSIGN_OR_RETURN(std::string pem, ReadPem(path, "The CA file"));
  if (Certificates(pem).empty()) return Bad(path, "The CA file holds no certificate in PEM form.");
  return pem;
}

absl::StatusOr<std::string> LoadCas(const TlsFiles& files) {
  ILKIMZA_ASSIGN_OR_RETURN(std::string ca, LoadCa(files.ca));
  ILKIMZA_ASSIGN_OR_RETURN(const std::string second, LoadCa(files.second_ca));
  if (!ca.empty() && !second.empty()) ca += '\n';
  return ca + second;
}

bool IsLoopbackHost(const std::string& host) {
  in_addr v4;
  in6_addr v6;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

// ":80".
bool IsPort(absl::string_view text) {
  return absl::ConsumePrefix(&text, ":") && !text.empty() &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

}  // namespace

bool IsLocalAddress(std::string_view address) {
  absl::string_view rest(address.data(), address.size());
  if (absl::StartsWith(rest, "unix:") || absl::StartsWith(rest, "unix-abstract:")) return true;
  absl::ConsumePrefix(&rest, "dns:///") || absl::ConsumePrefix(&rest, "dns:") ||
      absl::ConsumePrefix(&rest, "ipv4:") || absl::ConsumePrefix(&rest, "ipv6:");
  if (absl::ConsumePrefix(&rest, "[")) {
    const std::size_t end = rest.find(']');
    if (end == absl::string_view::npos) return false;
    const absl::string_view port = rest.substr(end + 1);
    return (port.empty() || IsPort(port)) && IsLoopbackHost(std::string(rest.substr(0, end)));
  }
  // None, or more than one colon and no brackets: an address without a port.
  const std::size_t colon = rest.find(':');
  if (colon == absl::string_view::npos || colon != rest.rfind(':')) {
    return IsLoopbackHost(std::string(rest));
  }
  return IsPort(rest.substr(colon)) && IsLoopbackHost(std::string(rest.substr(0, colon)));
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    std::string_view address, const TlsFiles& files) {
  ILKIMZA_ASSIGN_OR_RETURN(KeyPair pair, LoadKeyPair(files));
  const WipeGuard wipe(pair.key);
  ILKIMZA_ASSIGN_OR_RETURN(std::string ca, LoadCas(files));
  if (pair.certificate.empty()) {
    if (!ca.empty()) return Bad(files.ca, "A client CA needs a server certificate and its key.");
    if (IsLocalAddress(address)) return grpc::InsecureServerCredentials();
    return Bad(address,
               "Plain text is for loopback and unix sockets only; configure a "
               "certificate and its key for this address.");
  }
  grpc::SslServerCredentialsOptions options(
      ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                 : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = ca;
  options.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
  auto credentials = grpc::SslServerCredentials(options);
  Wipe(options.pem_key_cert_pairs.front().private_key);
  return credentials;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    std::string_view address, const TlsFiles& files) {
  ILKIMZA_ASSIGN_OR_RETURN(KeyPair pair, LoadKeyPair(files));
  const WipeGuard wipe(pair.key);
  ILKIMZA_ASSIGN_OR_RETURN(std::string ca, LoadCas(files));
  if (pair.certificate.empty() && ca.empty() && IsLocalAddress(address)) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca;
  options.pem_cert_chain = pair.certificate;
  options.pem_private_key = pair.key;
  auto credentials = grpc::SslCredentials(options);
  Wipe(options.pem_private_key);
  return credentials;
}

absl::StatusOr<absl::Time> CertificateExpiry(const TlsFiles& files) {
  ILKIMZA_ASSIGN_OR_RETURN(KeyPair pair, LoadKeyPair(files));
  Wipe(pair.key);
  return pair.expiry;
}

absl::StatusOr<std::vector<std::string>> ReadCertificates(const std::string& path) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::string pem, LoadCa(path));
  std::vector<std::string> certificates;
  for (const X509Ptr& certificate : Certificates(pem)) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    certificates.emplace_back(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  return certificates;
}

absl::StatusOr<std::string> CertificatesToPem(const std::vector<std::string>& der) {
  std::vector<X509Ptr> certificates;
  for (const std::string& bytes : der) {
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const unsigned char* const end = at + bytes.size();
    certificates.emplace_back(d2i_X509(nullptr, &at, static_cast<long>(bytes.size())));
    ERR_clear_error();
    if (certificates.back() == nullptr || at != end) {
      return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                       "This is not a certificate in DER form.");
    }
  }
  return ToPem(certificates);
}

}  // namespace ilkimza
