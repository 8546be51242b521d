#include "agent/identity/identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/local/socket_home.h"
#include "base/error.h"
#include "base/private_file.h"
#include "base/secret.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxFileSize = 64 * 1024;
constexpr std::size_t kMaxCertificates = 8;
constexpr std::size_t kMaxCertificateSize = 16 * 1024;

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using RequestPtr = std::unique_ptr<X509_REQ, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free>;

absl::Status Broken(std::string_view what) {
  ERR_clear_error();
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UNSPECIFIED,
                   absl::StrCat("OpenSSL could not ", std::string(what), "."));
}

absl::Status BadAnswer(std::string_view sentence) {
  ERR_clear_error();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST,
                   absl::StrCat("The server's answer was not taken: the certificate ",
                                std::string(sentence), " The one before stays in use."));
}

absl::Time ToTime(const ASN1_TIME* time) {
  struct tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return absl::InfinitePast();
  return absl::FromTM(fields, absl::UTCTimeZone());
}

bool IsThere(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::StatusOr<Secret> KeyToPem(EVP_PKEY& key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Broken("write the agent's key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret(std::string_view(data, static_cast<std::size_t>(std::max(size, 0L))));
}

KeyPtr KeyFromPem(std::string_view pem) {
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

X509Ptr FirstOf(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

bool Names(const X509& certificate, std::string_view agent) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri)));
    if (text == agent) return true;
  }
  return false;
}

absl::Status CheckSizes(const std::vector<std::string>& certificates) {
  if (certificates.size() > kMaxCertificates ||
      std::any_of(certificates.begin(), certificates.end(),
                  [](const auto& der) { return der.size() > kMaxCertificateSize; })) {
    return BadAnswer("or one of its companions is too large.");
  }
  return absl::OkStatus();
}

class Request final : public IdentityRequest {
 public:
  Request(std::string directory, DirectoryLock lock, KeyPtr key)
      : directory_(std::move(directory)), lock_(std::move(lock)), key_(std::move(key)) {}

  static std::string NextKey(const std::string& directory) { return directory + "/next.key"; }

  absl::StatusOr<std::string> Der() override {
    const RequestPtr request(X509_REQ_new());
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(request.get(), key_.get()) != 1 ||
        X509_REQ_sign(request.get(), key_.get(), EVP_sha256()) == 0) {
      return Broken("make a certificate request");
    }
    unsigned char* der = nullptr;
    const int size = i2d_X509_REQ(request.get(), &der);
    if (size <= 0) return Broken("write a certificate request");
    std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return text;
  }

  absl::Status Install(const CertificateAnswer& answer, const std::string& agent,
                       absl::Time now) override {
    ILKIMZA_RETURN_IF_ERROR(CheckSizes(answer.chain));
    ILKIMZA_RETURN_IF_ERROR(CheckSizes(answer.server_authorities));
    const auto chain = CertificatesToPem(answer.chain);
    const auto authorities = CertificatesToPem(answer.server_authorities);
    if (!chain.ok() || !authorities.ok()) return BadAnswer("cannot be read.");
    ILKIMZA_RETURN_IF_ERROR(Check(*chain, agent, now));
    // First what is needed to trust the server with the new pair.
    if (!authorities->empty()) {
      ILKIMZA_RETURN_IF_ERROR(ReplaceFile(ServerCaFile(directory_), *authorities, 0600));
    }
    ILKIMZA_ASSIGN_OR_RETURN(const Secret key, KeyToPem(*key_));
    std::string pair =
        absl::StrCat(std::string(), absl::string_view(key.view().data(), key.size()), *chain);
    const WipeGuard wipe(pair);
    ILKIMZA_RETURN_IF_ERROR(ReplaceFile(IdentityFile(directory_), pair, 0600));
    unlink(NextKey(directory_).c_str());
    return absl::OkStatus();
  }

 private:
  absl::Status Check(const std::string& chain, const std::string& agent, absl::Time now) const {
    const X509Ptr certificate = FirstOf(chain);
    if (!certificate) return BadAnswer("is missing.");
    if (X509_check_private_key(certificate.get(), key_.get()) != 1) {
      return BadAnswer("is not for this agent's key.");
    }
    if (!Names(*certificate, agent)) {
      return BadAnswer(absl::StrCat("does not name ", agent, "."));
    }
    if (ToTime(X509_get0_notBefore(certificate.get())) > now ||
        ToTime(X509_get0_notAfter(certificate.get())) <= now) {
      return BadAnswer("is not valid by this PC's clock: set it right.");
    }
    return absl::OkStatus();
  }

  const std::string directory_;
  const DirectoryLock lock_;
  const KeyPtr key_;
};

// The key whose request was not answered, or a new one, which is written down first.
absl::StatusOr<KeyPtr> KeyFor(const std::string& directory) {
  const std::string path = Request::NextKey(directory);
  std::string pem;
  const WipeGuard wipe(pem);
  if (ReadSmallFile(path, kMaxFileSize, pem).ok()) {
    if (KeyPtr waiting = KeyFromPem(pem)) return waiting;
  }
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return Broken("make a key");
  ILKIMZA_ASSIGN_OR_RETURN(const Secret text, KeyToPem(*key));
  ILKIMZA_RETURN_IF_ERROR(ReplaceFile(path, text.view(), 0600));
  return key;
}

}  // namespace

std::string IdentityFile(const std::string& directory) { return directory + "/agent.pem"; }
std::string ServerCaFile(const std::string& directory) { return directory + "/server-ca.pem"; }

TlsFiles WithIdentity(TlsFiles files, const std::string& directory) {
  if (directory.empty() || !files.certificate.empty() || !IsThere(IdentityFile(directory))) {
    return files;
  }
  files.certificate = files.key = IdentityFile(directory);
  if (files.ca.empty() && IsThere(ServerCaFile(directory))) files.ca = ServerCaFile(directory);
  return files;
}

absl::StatusOr<IdentityLife> LifeOf(const std::string& certificate_file) {
  std::string pem;
  const WipeGuard wipe(pem);
  const absl::Status read = ReadSmallFile(certificate_file, kMaxFileSize, pem);
  if (absl::IsNotFound(read)) return read;
  const X509Ptr certificate = read.ok() ? FirstOf(pem) : nullptr;
  if (!certificate) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     absl::StrCat(certificate_file, ": The agent's certificate cannot be read."));
  }
  return IdentityLife{ToTime(X509_get0_notBefore(certificate.get())),
                      ToTime(X509_get0_notAfter(certificate.get()))};
}

absl::StatusOr<std::unique_ptr<IdentityRequest>> IdentityRequest::Begin(
    const std::string& directory) {
  ILKIMZA_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(directory));
  ILKIMZA_ASSIGN_OR_RETURN(KeyPtr key, KeyFor(directory));
  return std::make_unique<Request>(directory, std::move(lock), std::move(key));
}

}  // namespace ilkimza::agent
