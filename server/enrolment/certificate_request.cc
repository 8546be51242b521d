#include "server/enrolment/certificate_request.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::server {
namespace {

constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 4096;

struct FreeRequest {
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};
using RequestPtr = std::unique_ptr<X509_REQ, FreeRequest>;
using PublicKeyPtr = std::unique_ptr<EVP_PKEY, FreePublicKey>;

absl::Status Bad(std::string_view sentence) {
  ERR_clear_error();
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST,
                   absl::StrCat("The certificate request ", std::string(sentence)));
}

std::string TextParameter(const EVP_PKEY& key, const char* name) {
  std::array<char, 80> text{};
  size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(&key, name, text.data(), text.size(), &size) != 1) return "";
  return {text.data(), size};
}

// A curve that is spelt out instead of named could be one of the sender's own making.
bool IsGoodEcKey(const EVP_PKEY& key) {
  const std::string group = TextParameter(key, OSSL_PKEY_PARAM_GROUP_NAME);
  return (group == SN_X9_62_prime256v1 || group == SN_secp384r1) &&
         TextParameter(key, OSSL_PKEY_PARAM_EC_ENCODING) == OSSL_PKEY_EC_ENCODING_GROUP;
}

// A large exponent makes each check of a signature as dear as the sender likes.
bool IsGoodRsaKey(const EVP_PKEY& key) {
  const int bits = EVP_PKEY_get_bits(&key);
  if (bits < kLeastRsaBits || bits > kMostRsaBits) return false;
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(&key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) return false;
  const bool usual = BN_is_word(exponent, RSA_F4) == 1;
  BN_free(exponent);
  return usual;
}

absl::Status CheckKey(EVP_PKEY& key) {
  const bool good = EVP_PKEY_is_a(&key, "EC")    ? IsGoodEcKey(key)
                    : EVP_PKEY_is_a(&key, "RSA") ? IsGoodRsaKey(key)
                                                 : false;
  if (!good) {
    return Bad(
        "has an unfit key: use EC on P-256 or P-384, or RSA of 2048 to 4096 bits with the "
        "exponent 65537.");
  }
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(&key, nullptr), &EVP_PKEY_CTX_free);
  if (!context || EVP_PKEY_public_check(context.get()) != 1) {
    return Bad("has a broken key: make a new one.");
  }
  return absl::OkStatus();
}

absl::Status CheckSignature(X509_REQ& request, EVP_PKEY& key) {
  int digest = NID_undef;
  int key_type = NID_undef;
  OBJ_find_sigid_algs(X509_REQ_get_signature_nid(&request), &digest, &key_type);
  if (digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512) {
    return Bad("is signed with a digest that is not taken: use SHA-256.");
  }
  if (X509_REQ_verify(&request, &key) != 1) {
    return Bad("is not signed with its own key.");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DigestOf(EVP_PKEY& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&key, &der);
  if (size <= 0) return Bad("has a key that cannot be written down.");
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(der, static_cast<std::size_t>(size), digest.data());
  OPENSSL_free(der);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace

absl::StatusOr<CertificateRequest> CheckCertificateRequest(std::string_view der) {
  if (der.empty() || der.size() > kMaxCertificateRequest) {
    return Bad(absl::StrCat("must have 1 to ", kMaxCertificateRequest, " bytes."));
  }
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = at + der.size();
  const RequestPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (!request || at != end) return Bad("is not one PKCS#10 request in DER form.");
  CertificateRequest checked;
  checked.public_key = PublicKeyPtr(X509_REQ_get_pubkey(request.get()));
  if (!checked.public_key) return Bad("has a key of a kind that is not known.");
  ILKIMZA_RETURN_IF_ERROR(CheckKey(*checked.public_key));
  ILKIMZA_RETURN_IF_ERROR(CheckSignature(*request, *checked.public_key));
  ILKIMZA_ASSIGN_OR_RETURN(checked.public_key_sha256, DigestOf(*checked.public_key));
  ERR_clear_error();
  return checked;
}

}  // namespace ilkimza::server
