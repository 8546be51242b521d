#include "agent/card/pkcs11_token.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/x509v3.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/card/certificate.h"
#include "agent/card/pkcs15.h"

namespace ilkimza::agent {
namespace {

// The length of CK_SLOT_INFO's description.
constexpr std::size_t kDescriptionSize = 64;

bool IsAuthority(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())), &X509_free);
  return certificate != nullptr && X509_check_ca(certificate.get()) != 0;
}

// How sure it is that a slot has the key of a certificate.
enum class KeyIn { kNo, kPerhaps, kYes };

KeyIn KeyOf(const SlotCertificates& slot, const pkcs11::TokenCertificate& certificate) {
  // An authority's key is not on a holder's card, whatever public keys are.
  if (certificate.id.empty() || IsAuthority(certificate.der)) return KeyIn::kNo;
  if (certificate.key_seen) return KeyIn::kYes;
  // Where a token hides all keys from who is not logged in, a holder's certificate is taken
  // to have one: the signature will tell.
  return !slot.list.shows_keys && slot.needs_login ? KeyIn::kPerhaps : KeyIn::kNo;
}

}  // namespace

bool DescribesReader(std::string_view slot_description, std::string_view reader) {
  if (slot_description.empty()) return false;
  if (reader.size() > kDescriptionSize && slot_description.size() + 1 >= kDescriptionSize) {
    // Cut off, and possibly a blank at the cut trimmed away.
    return reader.starts_with(slot_description);
  }
  while (reader.ends_with(' ')) reader.remove_suffix(1);
  return slot_description == reader;
}

PinTries TriesOf(uint64_t token_flags, bool officer) {
  const auto raised = [&](CK_FLAGS holders, CK_FLAGS officers) {
    return (token_flags & (officer ? officers : holders)) != 0;
  };
  if (raised(CKF_USER_PIN_LOCKED, CKF_SO_PIN_LOCKED)) return JudgeCount(0);
  if (raised(CKF_USER_PIN_FINAL_TRY, CKF_SO_PIN_FINAL_TRY)) return JudgeCount(1);
  if (raised(CKF_USER_PIN_COUNT_LOW, CKF_SO_PIN_COUNT_LOW)) {
    return {.left = v1::TRIES_LEFT_SOME};
  }
  // PKCS#11 lets modules keep the flags down whatever the counter is.
  return {};
}

PinLimits LimitsOf(const pkcs11::Token& token) {
  PinLimits limits;
  limits.charset = PinCharset::kAscii;
  if (token.max_pin == 0 || token.min_pin > token.max_pin) return limits;
  if (token.min_pin > pkcs11::kMaxPin) return limits;
  // Some announce 0: an empty PIN is never sent.
  limits.min_length = static_cast<int>(std::max<uint64_t>(token.min_pin, 1));
  limits.max_length = static_cast<int>(std::min<uint64_t>(token.max_pin, pkcs11::kMaxPin));
  return limits;
}

std::string SerialOf(std::string_view token_serial) {
  std::string serial(token_serial);
  for (char& c : serial) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '-';
  }
  return serial;
}

std::string EcdsaDer(std::string_view raw) {
  if (raw.empty() || raw.size() % 2 != 0) return {};
  const std::size_t half = raw.size() / 2;
  const auto number = [&](std::size_t at) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(raw.data() + at),
                     static_cast<int>(half), nullptr);
  };
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(),
                                                                        &ECDSA_SIG_free);
  // On success the numbers belong to the signature.
  if (signature == nullptr || ECDSA_SIG_set0(signature.get(), number(0), number(half)) != 1) {
    return {};
  }
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

std::vector<CardCertificateEntry> MergeCertificates(std::vector<SlotCertificates> slots) {
  std::vector<CardCertificateEntry> entries;
  std::vector<KeyIn> keys;
  for (SlotCertificates& slot : slots) {
    for (pkcs11::TokenCertificate& certificate : slot.list.certificates) {
      const KeyIn key = KeyOf(slot, certificate);
      const auto known = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.der == certificate.der;
      });
      const auto at = static_cast<std::size_t>(known - entries.begin());
      if (known == entries.end()) {
        entries.emplace_back();
        keys.push_back(KeyIn::kNo);
      } else if (key == keys[at] && key != KeyIn::kNo) {
        known->pin.clear();
        continue;
      } else if (key <= keys[at]) {
        continue;
      }
      keys[at] = key;
      entries[at] = {.label = Printable(certificate.label),
                     .der = std::move(certificate.der),
                     .key = key != KeyIn::kNo ? certificate.id : "",
                     .pin = absl::StrCat(slot.slot)};
    }
  }
  std::vector<CardCertificateEntry> ordered;
  std::vector<CardCertificateEntry> without_key;
  for (CardCertificateEntry& entry : entries) {
    (entry.key.empty() ? without_key : ordered).push_back(std::move(entry));
  }
  std::move(without_key.begin(), without_key.end(), std::back_inserter(ordered));
  return ordered;
}

std::string SigningPin(const std::vector<CardCertificateEntry>& entries) {
  std::set<std::string> pins;
  for (const CardCertificateEntry& entry : entries) {
    if (entry.key.empty()) continue;
    const auto certificate = CardCertificate::Parse(entry.der);
    if (certificate.ok() && certificate->qualified()) pins.insert(entry.pin);
  }
  return pins.size() == 1 ? *pins.begin() : "";
}

}  // namespace ilkimza::agent
