#include "server/enrolment/issuer.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/private_file.h"
#include "base/secret.h"

namespace ilkimza::server {
namespace {

constexpr std::size_t kMaxFileSize = 64 * 1024;
constexpr std::size_t kSerialBytes = 16;
constexpr absl::Duration kSkew = absl::Minutes(5);
constexpr absl::Duration kAuthorityLife = absl::Hours(24 * 365 * 10);
constexpr char kAuthorityName[] = "Ilkimza agents";

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free>;

absl::Status Bad(const std::string& file, std::string_view sentence) {
  ERR_clear_error();
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat(file, ": ", std::string(sentence)));
}

absl::Status Broken(std::string_view what) {
  ERR_clear_error();
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UNSPECIFIED,
                   absl::StrCat("OpenSSL could not ", std::string(what), "."));
}

absl::Time ToTime(const ASN1_TIME* time) {
  struct tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return absl::InfinitePast();
  return absl::FromTM(fields, absl::UTCTimeZone());
}

std::string Text(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

std::string Der(X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&certificate, &der);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return text;
}

bool Extend(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool SetSerial(X509& certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  // Positive, and of full length, so that its text always has as many digits.
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool set = number != nullptr &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate)) != nullptr;
  BN_free(number);
  return set;
}

// Version, serial number and times of a certificate that is about to be signed.
absl::StatusOr<X509Ptr> Begin(EVP_PKEY& key, absl::Time from, absl::Time until) {
  X509Ptr certificate(X509_new());
  X509* raw = certificate.get();
  if (raw == nullptr || X509_set_version(raw, X509_VERSION_3) != 1 || !SetSerial(*raw) ||
      ASN1_TIME_set(X509_getm_notBefore(raw), absl::ToTimeT(from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(raw), absl::ToTimeT(until)) == nullptr ||
      X509_set_pubkey(raw, &key) != 1) {
    return Broken("begin a certificate");
  }
  return certificate;
}

absl::StatusOr<X509Ptr> MakeAuthority(EVP_PKEY& key, absl::Time now) {
  ILKIMZA_ASSIGN_OR_RETURN(X509Ptr certificate, Begin(key, now - kSkew, now + kAuthorityLife));
  X509& raw = *certificate;
  X509_NAME* name = X509_get_subject_name(&raw);
  if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(kAuthorityName), -1, -1,
                                 0) != 1 ||
      X509_set_issuer_name(&raw, name) != 1 ||
      !Extend(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !Extend(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !Extend(raw, raw, NID_subject_key_identifier, "hash") ||
      X509_sign(&raw, &key, EVP_sha256()) == 0) {
    return Broken("make the authority's certificate");
  }
  return certificate;
}

absl::StatusOr<std::string> Read(const std::string& path, std::string_view what) {
  std::string text;
  if (const absl::Status read = ReadSmallFile(path, kMaxFileSize, text); !read.ok()) {
    return Bad(path, absl::StrCat("The ", std::string(what),
                                  " cannot be read: ", std::string(read.message()), "."));
  }
  return text;
}

absl::StatusOr<KeyPtr> ReadKey(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Bad(path, "The authority's key is open to other users: chmod 600 it.");
  }
  ILKIMZA_ASSIGN_OR_RETURN(std::string pem, Read(path, "authority's key"));
  const WipeGuard wipe(pem);
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const auto no_password = [](char*, int, int, void*) { return -1; };
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) {
    return Bad(path, "The authority's key is not one in PEM form, or it is encrypted.");
  }
  return key;
}

absl::StatusOr<std::vector<X509Ptr>> ReadChain(const std::string& path) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::string pem, Read(path, "authority's certificate"));
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<X509Ptr> chain;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(next);
  }
  ERR_clear_error();
  if (chain.empty()) return Bad(path, "The file holds no certificate in PEM form.");
  return chain;
}

// The key first: a certificate can be made again from it, and not the other way round.
absl::StatusOr<KeyPtr> MakeKey(const std::string& path) {
  KeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!key || !bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return Broken("make the authority's key");
  }
  std::string pem = Text(*bio);
  const WipeGuard wipe(pem);
  ILKIMZA_RETURN_IF_ERROR(ReplaceFile(path, pem, 0600));
  return key;
}

absl::Status MakeMissing(const IssuerFiles& files, absl::Time now) {
  const bool has_key = access(files.key.c_str(), F_OK) == 0;
  const bool has_certificate = access(files.certificate.c_str(), F_OK) == 0;
  if (has_certificate) {
    if (has_key) return absl::OkStatus();
    return Bad(files.key,
               absl::StrCat("The key of the authority in ", files.certificate,
                            " is not there; restore it, or move that file away as well: every "
                            "agent has to be enrolled anew then."));
  }
  KeyPtr key;
  if (has_key) {
    ILKIMZA_ASSIGN_OR_RETURN(key, ReadKey(files.key));
  } else {
    ILKIMZA_ASSIGN_OR_RETURN(key, MakeKey(files.key));
  }
  ILKIMZA_ASSIGN_OR_RETURN(const X509Ptr certificate, MakeAuthority(*key, now));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return Broken("write a certificate");
  return ReplaceFile(files.certificate, Text(*bio), 0644);
}

}  // namespace

struct Issuer::Pair {
  std::vector<X509Ptr> chain;
  KeyPtr key;
};

Issuer::Issuer(std::string certificate_file, std::unique_ptr<Pair> pair)
    : certificate_file_(std::move(certificate_file)), pair_(std::move(pair)) {}
Issuer::~Issuer() = default;

absl::StatusOr<std::unique_ptr<Issuer>> Issuer::Open(const IssuerFiles& files, absl::Time now) {
  if (files.make) ILKIMZA_RETURN_IF_ERROR(MakeMissing(files, now));
  auto pair = std::make_unique<Pair>();
  ILKIMZA_ASSIGN_OR_RETURN(pair->chain, ReadChain(files.certificate));
  ILKIMZA_ASSIGN_OR_RETURN(pair->key, ReadKey(files.key));
  X509& own = *pair->chain.front();
  if (X509_check_private_key(&own, pair->key.get()) != 1) {
    return Bad(files.key, absl::StrCat("The key is not the one of the certificate in ",
                                       files.certificate, "."));
  }
  if (X509_check_ca(&own) != 1) {
    return Bad(files.certificate, "The certificate is no authority's (basicConstraints CA:TRUE).");
  }
  if (ToTime(X509_get0_notAfter(&own)) <= now) {
    return Bad(files.certificate, "The authority's certificate has expired.");
  }
  ERR_clear_error();
  return std::unique_ptr<Issuer>(new Issuer(files.certificate, std::move(pair)));
}

absl::StatusOr<IssuedCertificate> Issuer::Issue(EVP_PKEY& public_key, std::string_view agent,
                                                absl::Time now, absl::Duration lifetime) const {
  X509& authority = *pair_->chain.front();
  const absl::Time authority_end = ToTime(X509_get0_notAfter(&authority));
  if (authority_end <= now) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_BAD_CONFIGURATION,
                     absl::StrCat(certificate_file_, ": The authority's certificate has expired."));
  }
  IssuedCertificate issued;
  // X.509 counts whole seconds.
  issued.not_after = absl::FromTimeT(absl::ToTimeT(std::min(now + lifetime, authority_end)));
  ILKIMZA_ASSIGN_OR_RETURN(
      const X509Ptr certificate,
      Begin(public_key, now - std::min(kSkew, lifetime / 2), issued.not_after));
  X509& raw = *certificate;
  // Without a subject the alternative name is the only one there is: nothing here can
  // be taken for an operator's name.
  if (X509_set_issuer_name(&raw, X509_get_subject_name(&authority)) != 1 ||
      !Extend(raw, authority, NID_basic_constraints, "critical,CA:FALSE") ||
      !Extend(raw, authority, NID_key_usage, "critical,digitalSignature") ||
      !Extend(raw, authority, NID_ext_key_usage, "clientAuth") ||
      !Extend(raw, authority, NID_subject_alt_name,
              absl::StrCat("critical,URI:", std::string(agent))) ||
      !Extend(raw, authority, NID_authority_key_identifier, "keyid") ||
      X509_sign(&raw, pair_->key.get(), EVP_sha256()) == 0) {
    return Broken("sign a certificate");
  }
  issued.serial = SerialOf(raw);
  issued.chain.push_back(Der(raw));
  for (const X509Ptr& above : pair_->chain) {
    if (X509_self_signed(above.get(), 0) != 1) issued.chain.push_back(Der(*above));
  }
  ERR_clear_error();
  return issued;
}

bool Issuer::HasIssued(X509& certificate) const {
  const bool issued = X509_check_issued(pair_->chain.front().get(), &certificate) == X509_V_OK;
  ERR_clear_error();
  return issued;
}

std::string SerialOf(const X509& certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(&certificate);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                        static_cast<std::size_t>(ASN1_STRING_length(serial))));
}

}  // namespace ilkimza::server
