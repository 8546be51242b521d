// Certificates made on the spot, for tests of TLS: a CA and what it signs.
//
//   TestCa ca("Test CA");
//   ca.Issue({.name = "localhost"}).WriteTo(folder, "server");  // server.pem, server.key
#ifndef ILKIMZA_TESTS_SUPPORT_CERTIFICATES_H_
#define ILKIMZA_TESTS_SUPPORT_CERTIFICATES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

namespace ilkimza::testing {

struct CertificateWish {
  // Common name, and DNS name as well.
  std::string name;
  // An URI among the subject's alternative names, none if empty.
  std::string uri = {};
  // Seconds from now.
  long valid_from = -60;
  long valid_until = 3600;
};

struct Issued {
  std::string certificate_pem;
  std::string key_pem;

  void WriteTo(const std::string& folder, const std::string& stem) const {
    std::ofstream(folder + "/" + stem + ".pem") << certificate_pem;
    std::ofstream(folder + "/" + stem + ".key") << key_pem;
    chmod((folder + "/" + stem + ".key").c_str(), 0600);
  }
};

class TestCa {
 public:
  explicit TestCa(const std::string& name)
      : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(nullptr, &X509_free) {
    certificate_ = Sign({.name = name}, key_.get(), /*is_ca=*/true);
  }

  [[nodiscard]] std::string pem() const { return Pem(certificate_.get()); }

  [[nodiscard]] Issued Issue(const CertificateWish& wish) const {
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const Certificate certificate = Sign(wish, key.get(), /*is_ca=*/false);
    return {Pem(certificate.get()), Pem(key.get())};
  }

  // For a key of somebody else's, in SubjectPublicKeyInfo DER.
  [[nodiscard]] std::string IssueFor(const std::string& public_key,
                                     const CertificateWish& wish) const {
    const auto* at = reinterpret_cast<const unsigned char*>(public_key.data());
    const Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())), &EVP_PKEY_free);
    return Pem(Sign(wish, key.get(), /*is_ca=*/false).get());
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static std::string Text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  static std::string Pem(X509* certificate) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    return Text(bio);
  }
  static std::string Pem(EVP_PKEY* key) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    return Text(bio);
  }

  static void Extend(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    if (extension == nullptr || X509_add_ext(certificate, extension, -1) != 1) std::abort();
    X509_EXTENSION_free(extension);
  }

  Certificate Sign(const CertificateWish& wish, EVP_PKEY* key, bool is_ca) const {
    static long serial = 1;
    Certificate certificate(X509_new(), &X509_free);
    X509* raw = certificate.get();
    X509_set_version(raw, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(raw), wish.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(raw), wish.valid_until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(raw, X509_get_subject_name(is_ca ? raw : certificate_.get()));
    X509_set_pubkey(raw, key);
    Extend(raw, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!is_ca) {
      Extend(raw, NID_subject_alt_name,
             "DNS:" + wish.name + (wish.uri.empty() ? "" : ",URI:" + wish.uri));
    }
    if (X509_sign(raw, key_.get(), EVP_sha256()) == 0) std::abort();
    return certificate;
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_SUPPORT_CERTIFICATES_H_
