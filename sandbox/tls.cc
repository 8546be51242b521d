#include "sandbox/tls.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <utility>

namespace ilkimza::sandbox {
namespace {

// Long enough for a demonstration that runs for weeks.
constexpr long kSecondsValid = 90L * 24 * 60 * 60;

absl::Status Failed(const char* what) {
  return absl::InternalError(std::string("The sandbox could not make its certificates: ") + what +
                             " failed in OpenSSL.");
}

bool Extend(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool SetRandomSerial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7F;  // A serial number is positive.
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool set = number != nullptr &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

CertificatePtr NewCertificate(EVP_PKEY* key, const char* common_name) {
  CertificatePtr certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !SetRandomSerial(certificate.get()) ||
      // An hour back: clocks of virtual machines are seldom exact.
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) == nullptr ||
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kSecondsValid) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1 ||
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                                 0) != 1) {
    return nullptr;
  }
  return certificate;
}

std::string Pem(X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  std::string pem;
  if (memory != nullptr && PEM_write_bio_X509(memory, certificate) == 1) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    pem.assign(data, static_cast<std::size_t>(size));
  }
  BIO_free(memory);
  return pem;
}

}  // namespace

absl::StatusOr<TlsIdentity> MakeTlsIdentity() {
  const KeyPtr ca_key(EVP_EC_gen("P-256"));
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return Failed("making a key");

  const CertificatePtr ca = NewCertificate(ca_key.get(), "Ilkimza Sandbox CA");
  if (!ca || X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) != 1 ||
      !Extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !Extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign") ||
      !Extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(ca.get(), ca_key.get(), EVP_sha256()) == 0) {
    return Failed("making the CA's certificate");
  }

  CertificatePtr leaf = NewCertificate(key.get(), "localhost");
  if (!leaf || X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get())) != 1 ||
      !Extend(leaf.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !Extend(leaf.get(), ca.get(), NID_key_usage, "critical,digitalSignature") ||
      !Extend(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth") ||
      !Extend(leaf.get(), ca.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1") ||
      !Extend(leaf.get(), ca.get(), NID_authority_key_identifier, "keyid:always") ||
      X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) == 0) {
    return Failed("making the server's certificate");
  }
  return TlsIdentity{
      .certificate = std::move(leaf), .key = std::move(key), .ca_pem = Pem(ca.get())};
}

}  // namespace ilkimza::sandbox
