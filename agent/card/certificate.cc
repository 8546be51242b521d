#include "agent/card/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "agent/card/pkcs15.h"
#include "agent/card/tlv.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kNationalIdDigits = 11;
constexpr std::size_t kDigitsShown = 2;
constexpr std::size_t kMaxName = 1024;
// id-etsi-qcs-QcCompliance (0.4.0.1862.1.1), and the statement that a certificate is
// qualified after the Turkish law 5070 (2.16.792.1.61.0.1.5070.1.1).
constexpr std::string_view kEtsiQualified("\x04\x00\x8E\x46\x01\x01", 6);
constexpr std::string_view kTurkishQualified("\x60\x86\x18\x01\x3D\x00\x01\xA7\x4E\x01\x01", 11);

struct FreeOpenSsl {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
  void operator()(char* text) const { OPENSSL_free(text); }
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Calls `found` with the start of each run of eleven digits.
void ForEachNationalId(std::string_view text, const std::function<void(std::size_t)>& found) {
  std::size_t run = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && IsDigit(text[i])) {
      ++run;
      continue;
    }
    if (run == kNationalIdDigits) found(i - run);
    run = 0;
  }
}

std::string MaskAll(std::string_view text) {
  std::string masked(text);
  std::size_t shown = 0;
  for (std::size_t i = masked.size(); i-- > 0;) {
    if (IsDigit(masked[i]) && shown++ >= kDigitsShown) masked[i] = '*';
  }
  return masked;
}

// As it is in the certificate, in UTF-8.
std::string RawText(const X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return "?";
  const std::unique_ptr<unsigned char, FreeOpenSsl> owned(utf8);
  return {reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)};
}

// Masked before it is cut to its length: of an id that the cut goes through too much
// would stay.
std::string AttributeText(const X509_NAME_ENTRY* entry, bool is_serial_number) {
  const std::string text = RawText(entry);
  return Printable(is_serial_number ? MaskAll(text) : MaskNationalIds(text));
}

// "CN=..., serialNumber=*********46, C=TR"
std::string NameText(const X509_NAME* name) {
  std::string text;
  const int count = std::min(X509_NAME_entry_count(name), kMaxEntries);
  for (int i = 0; i < count && text.size() < kMaxName; ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    const char* type = nid == NID_undef ? "?" : OBJ_nid2sn(nid);
    absl::StrAppend(&text, text.empty() ? "" : ", ", type, "=",
                    AttributeText(entry, nid == NID_serialNumber));
  }
  return text;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string SerialNumber(const X509* certificate) {
  const std::unique_ptr<BIGNUM, FreeOpenSsl> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (number == nullptr) return {};
  const std::unique_ptr<char, FreeOpenSsl> hex(BN_bn2hex(number.get()));
  return hex == nullptr ? std::string() : Printable(hex.get());
}

std::string Fingerprint(const X509* certificate) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

void AddKeyUsages(X509* certificate, v1::Certificate& out) {
  constexpr std::array<std::pair<uint32_t, const char*>, 9> kNames = {{
      {KU_DIGITAL_SIGNATURE, "digitalSignature"},
      {KU_NON_REPUDIATION, "nonRepudiation"},
      {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
      {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
      {KU_KEY_AGREEMENT, "keyAgreement"},
      {KU_KEY_CERT_SIGN, "keyCertSign"},
      {KU_CRL_SIGN, "cRLSign"},
      {KU_ENCIPHER_ONLY, "encipherOnly"},
      {KU_DECIPHER_ONLY, "decipherOnly"},
  }};
  const uint32_t usage = X509_get_key_usage(certificate);
  if (usage == UINT32_MAX) return;  // without the extension all are allowed: none is named
  for (const auto& [bit, name] : kNames) {
    if ((usage & bit) != 0) out.add_key_usages(name);
  }
}

}  // namespace

absl::StatusOr<CardCertificate> CardCertificate::Parse(std::string_view der) {
  const unsigned char* at = Bytes(der);
  X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  if (certificate == nullptr) {
    return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
                     "A file of the card that should hold a certificate holds none. Take the card "
                     "out and put it in again; if it stays so, ask the card's issuer.");
  }
  return CardCertificate(certificate);
}

bool CardCertificate::qualified() const {
  const int index = X509_get_ext_by_NID(x509_.get(), NID_qcStatements, -1);
  if (index < 0) return false;
  const ASN1_OCTET_STRING* data = X509_EXTENSION_get_data(X509_get_ext(x509_.get(), index));
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
                               static_cast<std::size_t>(ASN1_STRING_length(data)));
  const auto statements = FindTlv(bytes, 0x30);
  if (!statements) return false;
  TlvReader reader(statements->value);
  for (int i = 0; i < kMaxEntries; ++i) {
    const auto statement = reader.Next();
    if (!statement) break;
    const auto id = FindTlv(statement->value, 0x06);
    if (id && (id->value == kEtsiQualified || id->value == kTurkishQualified)) return true;
  }
  return false;
}

bool CardCertificate::authority() const {
  constexpr int kByItsExtensions = 1;
  return X509_check_ca(x509_.get()) == kByItsExtensions && NationalIds().empty();
}

bool CardCertificate::ValidAt(absl::Time time) const {
  return TimeOf(X509_get0_notBefore(x509_.get())) <= time &&
         time <= TimeOf(X509_get0_notAfter(x509_.get()));
}

v1::Certificate CardCertificate::Describe(absl::Time now) const {
  v1::Certificate out;
  out.set_subject(NameText(X509_get_subject_name(x509_.get())));
  out.set_issuer(NameText(X509_get_issuer_name(x509_.get())));
  out.set_serial_number(SerialNumber(x509_.get()));
  *out.mutable_not_before() = ToProto(TimeOf(X509_get0_notBefore(x509_.get())));
  *out.mutable_not_after() = ToProto(TimeOf(X509_get0_notAfter(x509_.get())));
  out.set_validity(ValidAt(now) ? v1::CERTIFICATE_VALIDITY_VALID
                   : now < TimeOf(X509_get0_notBefore(x509_.get()))
                       ? v1::CERTIFICATE_VALIDITY_NOT_YET_VALID
                       : v1::CERTIFICATE_VALIDITY_EXPIRED);
  out.set_qualified(qualified());
  AddKeyUsages(x509_.get(), out);
  out.set_fingerprint(Fingerprint(x509_.get()));
  return out;
}

std::size_t CardCertificate::modulus_size() const {
  EVP_PKEY* key = X509_get0_pubkey(x509_.get());
  if (key == nullptr || EVP_PKEY_base_id(key) != EVP_PKEY_RSA) return 0;
  return static_cast<std::size_t>(EVP_PKEY_size(key));
}

std::string CardCertificate::signature_algorithm() const {
  EVP_PKEY* key = X509_get0_pubkey(x509_.get());
  if (key == nullptr) return {};
  if (EVP_PKEY_base_id(key) == EVP_PKEY_RSA) {
    return absl::StrCat("RSA-", EVP_PKEY_bits(key), " PKCS#1 v1.5 SHA-256");
  }
  if (EVP_PKEY_base_id(key) == EVP_PKEY_EC) {
    return absl::StrCat("ECDSA P-", EVP_PKEY_bits(key), " SHA-256");
  }
  return {};
}

std::vector<std::string> CardCertificate::NationalIds() const {
  std::vector<std::string> ids;
  const X509_NAME* subject = X509_get_subject_name(x509_.get());
  const int count = std::min(X509_NAME_entry_count(subject), kMaxEntries);
  for (int i = 0; i < count; ++i) {
    std::string value = RawText(X509_NAME_get_entry(subject, i));
    const WipeGuard wipe(value);
    ForEachNationalId(value,
                      [&](std::size_t at) { ids.push_back(value.substr(at, kNationalIdDigits)); });
  }
  return ids;
}

bool CardCertificate::Verifies(std::string_view message, std::string_view signature) const {
  EVP_PKEY* key = X509_get0_pubkey(x509_.get());
  if (signature_algorithm().empty()) return false;
  const std::unique_ptr<EVP_MD_CTX, FreeOpenSsl> context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

std::string Digest(std::string_view message) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  if (EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha256(), nullptr) !=
      1) {
    return {};
  }
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string DigestInfo(std::string_view message) {
  // SEQUENCE { SEQUENCE { sha256, NULL }, OCTET STRING }, up to the digest.
  constexpr std::string_view kPrefix(
      "\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 19);
  return std::string(kPrefix) + Digest(message);
}

std::string PaddedDigest(std::string_view message, std::size_t size) {
  constexpr std::size_t kLeastFilling = 8;
  const std::string content = DigestInfo(message);
  if (size < content.size() + 3 + kLeastFilling) return {};
  std::string block("\x00\x01", 2);
  block.append(size - content.size() - 3, '\xFF');
  block += '\0';
  return block + content;
}

std::string EllipticSignatureDer(std::string_view answer) {
  const auto whole = FindTlv(answer, 0x30);
  if (whole && whole->whole.size() == answer.size()) {
    TlvReader reader(whole->value);
    if (reader.NextIf(0x02) && reader.NextIf(0x02) && reader.rest().empty()) {
      return std::string(answer);
    }
  }
  constexpr std::size_t kLongest = 2 * 66;  // P-521
  if (answer.empty() || answer.size() % 2 != 0 || answer.size() > kLongest) return {};
  const std::unique_ptr<ECDSA_SIG, FreeOpenSsl> signature(ECDSA_SIG_new());
  const std::size_t half = answer.size() / 2;
  std::array<std::unique_ptr<BIGNUM, FreeOpenSsl>, 2> numbers;
  for (std::size_t i = 0; i < 2; ++i) {
    numbers[i].reset(
        BN_bin2bn(Bytes(answer.substr(i * half, half)), static_cast<int>(half), nullptr));
    if (numbers[i] == nullptr) return {};
  }
  if (signature == nullptr ||
      ECDSA_SIG_set0(signature.get(), numbers[0].get(), numbers[1].get()) != 1) {
    return {};
  }
  static_cast<void>(numbers[0].release());
  static_cast<void>(numbers[1].release());
  unsigned char* bytes = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &bytes);
  if (size <= 0) return {};
  const std::unique_ptr<unsigned char, FreeOpenSsl> owned(bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string MaskNationalIds(std::string_view text) {
  std::string masked(text);
  ForEachNationalId(text, [&](std::size_t at) {
    std::fill_n(masked.begin() + static_cast<std::ptrdiff_t>(at), kNationalIdDigits - kDigitsShown,
                '*');
  });
  return masked;
}

}  // namespace ilkimza::agent
