#include "sandbox/card/credentials.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sandbox/card/der.h"

namespace ilkimza::sandbox {
namespace {

constexpr int kKeyBits = 2048;
constexpr std::size_t kKeyBytes = kKeyBits / 8;
constexpr std::string_view kAuthorityName = "Sandbox NES Hizmet Saglayicisi";
// The years 2010 to 2049.
constexpr std::int64_t kAuthorityFrom = 1'262'304'000, kAuthorityUntil = 2'524'607'999;

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_NAME* p) const { X509_NAME_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(ASN1_OCTET_STRING* p) const { ASN1_OCTET_STRING_free(p); }
  void operator()(ASN1_OBJECT* p) const { ASN1_OBJECT_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(std::FILE* p) const { std::fclose(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

PrivateKey Share(const PrivateKey& key) {
  EVP_PKEY_up_ref(key.get());
  return PrivateKey(key.get());
}

PrivateKey LoadKey(const std::filesystem::path& path) {
  const Owned<std::FILE> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return nullptr;
  return PrivateKey(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
}

// Another program may make the same key now: the first one wins.
absl::StatusOr<PrivateKey> KeepKey(const std::filesystem::path& path, PrivateKey key) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::string draft = path.string() + ".XXXXXX";
  bool written = false;
  if (const int fd = ::mkstemp(draft.data()); fd >= 0) {
    const Owned<std::FILE> file(::fdopen(fd, "wb"));
    written =
        PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  }
  if (!written) {
    return absl::UnavailableError(
        absl::StrCat("cannot write the practice key ", draft, ": make the key directory writable"));
  }
  std::filesystem::create_hard_link(draft, path, error);
  std::filesystem::remove(draft, error);
  PrivateKey kept = LoadKey(path);
  if (kept == nullptr) {
    return absl::UnavailableError(
        absl::StrCat(path.string(), " is no private key in PEM: remove that file"));
  }
  return kept;
}

absl::StatusOr<PrivateKey> LoadOrMakeKey(const std::string& name, const std::string& directory,
                                         bool elliptic) {
  const std::filesystem::path path = std::filesystem::path(directory) / (name + ".pem");
  PrivateKey key = directory.empty() ? nullptr : LoadKey(path);
  if (key != nullptr) return key;
  key.reset(elliptic ? EVP_EC_gen("P-256") : EVP_RSA_gen(kKeyBits));
  if (key == nullptr) return absl::InternalError("OpenSSL cannot make a key");
  if (directory.empty()) return key;
  return KeepKey(path, std::move(key));
}

// The key of that name: made once in a process, and once for a key directory.
absl::StatusOr<PrivateKey> KeyNamed(const std::string& name, const std::string& directory,
                                    bool elliptic = false) {
  static std::mutex mutex;
  static auto& keys = *new std::map<std::string, PrivateKey>;
  const std::lock_guard lock(mutex);
  PrivateKey& key = keys[absl::StrCat(directory, "/", name)];
  if (key == nullptr) {
    auto made = LoadOrMakeKey(name, directory, elliptic);
    if (!made.ok()) return made.status();
    key = *std::move(made);
  }
  return Share(key);
}

// One certificate in the making.
class Certificate {
 public:
  explicit Certificate(EVP_PKEY* key) : x509_(X509_new()) {
    X509_set_version(x509_.get(), X509_VERSION_3);
    X509_set_pubkey(x509_.get(), key);
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509_.get()), serial >> 1);
  }

  // `hex` is a number of up to 16 digits.
  void SetNumber(const std::string& hex) {
    const std::uint64_t number = std::strtoull(hex.c_str(), nullptr, 16);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509_.get()), number);
  }

  void SetValidity(absl::Time not_before, absl::Time not_after) {
    ASN1_TIME_set(X509_getm_notBefore(x509_.get()), absl::ToTimeT(not_before));
    ASN1_TIME_set(X509_getm_notAfter(x509_.get()), absl::ToTimeT(not_after));
  }

  void AddSubject(const char* field, std::string_view value) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509_.get()), field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  }

  // `issuer` may be this certificate itself.
  void SetIssuer(const Certificate& issuer) {
    X509_set_issuer_name(x509_.get(), X509_get_subject_name(issuer.x509_.get()));
    issuer_ = issuer.x509_.get();
  }

  void AddExtension(int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer_, x509_.get(), nullptr, nullptr, 0);
    const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    X509_add_ext(x509_.get(), extension.get(), -1);
  }

  void AddExtension(const char* oid, std::string_view der) {
    const Owned<ASN1_OBJECT> object(OBJ_txt2obj(oid, 1));
    const Owned<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                          static_cast<int>(der.size()));
    const Owned<X509_EXTENSION> extension(
        X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, value.get()));
    X509_add_ext(x509_.get(), extension.get(), -1);
  }

  // Empty where OpenSSL refuses.
  std::string SignedBy(EVP_PKEY* key) {
    if (X509_sign(x509_.get(), key, EVP_sha256()) == 0) return "";
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(x509_.get(), &bytes);
    if (size <= 0) return "";
    std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
  }

 private:
  Owned<X509> x509_;
  X509* issuer_ = nullptr;
};

// The statements that make a certificate a qualified one: compliance, and a key
// that lives in a signature creation device.
std::string QualifiedStatements() {
  return der::Sequence(der::Sequence(der::ObjectIdentifier("0.4.0.1862.1.1")) +
                       der::Sequence(der::ObjectIdentifier("0.4.0.1862.1.4")));
}

Certificate HolderCertificate(const CredentialOptions& options, const Certificate& authority,
                              EVP_PKEY* key) {
  Certificate certificate(key);
  certificate.SetValidity(options.not_before, options.not_after);
  certificate.AddSubject("C", "TR");
  certificate.AddSubject("serialNumber", options.national_id);
  certificate.AddSubject("CN", options.holder_name);
  certificate.SetIssuer(authority);
  certificate.AddExtension(NID_authority_key_identifier, "keyid");
  certificate.AddExtension(NID_subject_key_identifier, "hash");
  certificate.AddExtension(NID_basic_constraints, "critical,CA:FALSE");
  return certificate;
}

}  // namespace

absl::StatusOr<Credentials> IssueCredentials(const CredentialOptions& options) {
  Credentials out;
  PrivateKey authority_key;
  for (auto [key, role] : {std::pair{&out.signing_key, "signing"}, {&out.login_key, "login"}}) {
    const char* kind = options.elliptic ? "-p256" : "";
    auto made = KeyNamed(absl::StrCat(options.serial, "-", role, kind), options.key_directory,
                         options.elliptic);
    if (!made.ok()) return made.status();
    *key = *std::move(made);
  }
  auto made = KeyNamed("authority", options.key_directory);
  if (!made.ok()) return made.status();
  authority_key = *std::move(made);

  Certificate authority(authority_key.get());
  // The same on each card.
  authority.SetNumber("1");
  authority.SetValidity(absl::FromUnixSeconds(kAuthorityFrom),
                        absl::FromUnixSeconds(kAuthorityUntil));
  authority.AddSubject("C", "TR");
  authority.AddSubject("O", "Sandbox");
  authority.AddSubject("CN", kAuthorityName);
  authority.SetIssuer(authority);
  authority.AddExtension(NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  authority.AddExtension(NID_key_usage, "critical,keyCertSign,cRLSign");
  authority.AddExtension(NID_subject_key_identifier, "hash");
  out.authority_certificate = authority.SignedBy(authority_key.get());

  Certificate qualified = HolderCertificate(options, authority, out.signing_key.get());
  if (!options.certificate_number.empty()) qualified.SetNumber(options.certificate_number);
  qualified.AddExtension(NID_key_usage, "critical,nonRepudiation");
  qualified.AddExtension("1.3.6.1.5.5.7.1.3", QualifiedStatements());
  out.qualified_certificate = qualified.SignedBy(authority_key.get());

  Certificate login = HolderCertificate(options, authority, out.login_key.get());
  login.AddExtension(NID_key_usage, "critical,digitalSignature");
  login.AddExtension(NID_ext_key_usage, "clientAuth");
  out.login_certificate = login.SignedBy(authority_key.get());

  if (out.authority_certificate.empty() || out.qualified_certificate.empty() ||
      out.login_certificate.empty()) {
    return absl::InternalError("OpenSSL cannot make a practice certificate");
  }
  return out;
}

std::optional<std::string> SignRaw(EVP_PKEY* key, std::string_view data) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key, nullptr));
  const bool elliptic = EVP_PKEY_base_id(key) == EVP_PKEY_EC;
  const int padding = data.size() == kKeyBytes ? RSA_NO_PADDING : RSA_PKCS1_PADDING;
  std::string signature(kKeyBytes, '\0');
  std::size_t size = signature.size();
  if (context == nullptr || data.empty() || EVP_PKEY_sign_init(context.get()) != 1 ||
      (!elliptic && EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1) ||
      EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                    reinterpret_cast<const unsigned char*>(data.data()), data.size()) != 1) {
    return std::nullopt;
  }
  signature.resize(size);
  return signature;
}

std::string CertificateToPem(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const Owned<X509> x509(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (x509 == nullptr || PEM_write_bio_X509(out.get(), x509.get()) != 1) return "";
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace ilkimza::sandbox
