// Keys, certificate requests and certificates as an agent makes and reads them, for
// tests of enrolment.
#ifndef ILKIMZA_TESTS_SERVER_CERTIFICATE_TOOLS_H_
#define ILKIMZA_TESTS_SERVER_CERTIFICATE_TOOLS_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace ilkimza::testing {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using RequestPtr = std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

inline KeyPtr EcKey(const char* curve = "P-256") { return {EVP_EC_gen(curve), &EVP_PKEY_free}; }
inline KeyPtr RsaKey(unsigned bits) { return {EVP_RSA_gen(bits), &EVP_PKEY_free}; }

// Signed with `signer`, which is the key itself in a request that is right.
inline std::string RequestDer(EVP_PKEY* key, EVP_PKEY* signer, const EVP_MD* digest,
                              const std::string& common_name = "") {
  const RequestPtr request(X509_REQ_new(), &X509_REQ_free);
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  X509_REQ_set_pubkey(request.get(), key);
  if (!common_name.empty()) {
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
  }
  X509_REQ_sign(request.get(), signer, digest);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}
inline std::string RequestDer(const KeyPtr& key, const std::string& common_name = "") {
  return RequestDer(key.get(), key.get(), EVP_sha256(), common_name);
}

inline X509Ptr CertificateOf(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return {d2i_X509(nullptr, &at, static_cast<long>(der.size())), &X509_free};
}

inline std::string KeyPem(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_SERVER_CERTIFICATE_TOOLS_H_
