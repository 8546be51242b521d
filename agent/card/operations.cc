#include "agent/card/operations.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/card/certificate.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kCachedLayouts = 8;
constexpr std::size_t kChallengeSize = 32;

absl::Status OtherCard() {
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CARD_NOT_FOUND,
                   "Another card is in the reader by now. Nothing was sent to it; put the first "
                   "one back, or look which card is there.");
}

absl::Status CheckSerial(CardSession& session, const CardTarget& target) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::string serial, ReadSerial(session));
  return serial == target.serial ? absl::OkStatus() : OtherCard();
}

absl::StatusOr<std::shared_ptr<const CardLayout>> LayoutOf(CardSession& session,
                                                           const CardTarget& target) {
  if (auto known = target.layouts->Find(target.serial, target.insertion)) return known;
  ILKIMZA_ASSIGN_OR_RETURN(CardLayout layout, ReadLayout(session));
  auto shared = std::make_shared<const CardLayout>(std::move(layout));
  target.layouts->Put(target.serial, target.insertion, shared);
  return shared;
}

const PrivateKeyObject* KeyOf(const CardLayout& layout, const CertificateObject& certificate) {
  if (certificate.id.empty()) return nullptr;
  const auto found = std::find_if(layout.keys.begin(), layout.keys.end(),
                                  [&](const auto& key) { return key.id == certificate.id; });
  return found == layout.keys.end() ? nullptr : &*found;
}

void FillPinState(const PinTries& tries, const PinLimits& limits, v1::PinState& state) {
  state.set_tries_left(tries.left);
  state.set_tries_left_count(tries.count.value_or(-1));
  state.set_min_length(limits.min_length);
  state.set_max_length(limits.max_length);
}

absl::StatusOr<const PinObject*> HolderPinOf(const CardLayout& layout,
                                             std::string_view auth_id = {}) {
  const PinObject* pin = layout.HolderPin(auth_id);
  if (pin == nullptr) pin = layout.HolderPin();
  if (pin != nullptr) return pin;
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
                   "This card names no PIN of its holder: it is not set up as an e-signature "
                   "card. Put in the chip that came with the courier.");
}

// The key whose qualified certificate the test signature is checked with.
struct SigningKey {
  PrivateKeyObject key;
  CardCertificate certificate;
  v1::Certificate description;
};

absl::StatusOr<SigningKey> FindSigningKey(CardSession& session, const CardLayout& layout,
                                          absl::Time now) {
  std::optional<SigningKey> found;
  for (const CertificateObject& object : layout.certificates) {
    const PrivateKeyObject* key = KeyOf(layout, object);
    if (key == nullptr) continue;
    ILKIMZA_ASSIGN_OR_RETURN(const std::string der, ReadFile(session, object.path));
    auto certificate = CardCertificate::Parse(der);
    if (!certificate.ok() || !certificate->qualified() || certificate->modulus_size() == 0) {
      continue;
    }
    const bool valid = certificate->ValidAt(now);
    if (found && !valid) continue;
    v1::Certificate description = certificate->Describe();
    description.set_label(object.label);
    description.set_has_private_key(true);
    found.emplace(SigningKey{*key, *std::move(certificate), std::move(description)});
    if (valid) break;
  }
  if (found) return *std::move(found);
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                   "There is no qualified certificate with its key on this card, so nothing was "
                   "signed. Ask the certificate's issuer.");
}

absl::Status CheckPins(const PinObject& pin, const AttemptWork& work) {
  const bool change = work.kind == AttemptKind::kChange;
  ILKIMZA_RETURN_IF_ERROR(CheckPinFormat(work.pin.view(), pin.limits, change ? "old_pin" : "pin"));
  if (!change) return absl::OkStatus();
  ILKIMZA_RETURN_IF_ERROR(CheckPinFormat(work.new_pin.view(), pin.limits, "new_pin"));
  return CheckPinPolicy(work.new_pin.view(), work.pin.view(), work.target.serial, work.policy);
}

absl::Status CheckTries(const PinTries& tries, bool allow_last_try) {
  if (tries.left == v1::TRIES_LEFT_NONE) return PinBlocked();
  if (tries.left != v1::TRIES_LEFT_ONE || allow_last_try) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_LAST_TRY,
                   "Only one try is left before the card blocks this PIN, so nothing was sent. "
                   "Make sure of the PIN, then allow the last try explicitly.",
                   {{"tries_left", "1"}});
}

absl::Status Send(CardSession& session, const PinObject& pin, AttemptWork& work) {
  ILKIMZA_RETURN_IF_ERROR(work.before_sending());
  work.sent = true;
  auto answer = work.kind == AttemptKind::kChange
                    ? ChangePin(session, pin, work.pin.view(), work.new_pin.view())
                    : VerifyPin(session, pin, work.pin.view());
  work.pin.Wipe();
  work.new_pin.Wipe();
  if (!answer.ok()) return answer.status();
  work.answer = *answer;
  return absl::OkStatus();
}

// What the holder is told after an attempt: the card's count, or its security byte.
// Fails only where the job has been ended, and `work` must be left alone.
absl::Status LookAtTriesAgain(CardSession& session, const PinObject& pin, AttemptWork& work) {
  PinTries tries;
  if (work.answer->tries_left) {
    tries = JudgeCount(*work.answer->tries_left);
  } else {
    auto read = ReadPinTries(session, pin);
    if (absl::IsCancelled(read.status())) return read.status();
    if (read.ok()) tries = *read;
  }
  FillPinState(tries, pin.limits, work.pin_state);
  return absl::OkStatus();
}

absl::Status SignChallenge(CardSession& session, const SigningKey& signing, AttemptWork& work) {
  std::array<char, kChallengeSize> challenge{};
  randombytes_buf(challenge.data(), challenge.size());
  const std::string_view message(challenge.data(), challenge.size());
  const std::size_t size = signing.certificate.modulus_size();
  ILKIMZA_ASSIGN_OR_RETURN(const std::string signature,
                           SignBlock(session, signing.key.reference, PaddedDigest(message, size)));
  work.signature_checked = true;
  work.algorithm = absl::StrCat("RSA-", size * 8, " PKCS#1 v1.5 SHA-256");
  if (signing.certificate.Verifies(message, signature)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_SIGNATURE_INVALID,
                   "The card signed, but the signature does not fit its certificate. Do not use "
                   "the card; ask the certificate's issuer.");
}

}  // namespace

absl::Status PinBlocked() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PIN_BLOCKED,
                   "The card has blocked this PIN after too many wrong tries. It can be unblocked "
                   "with the PUK only.",
                   {{"tries_left", "0"}});
}

std::shared_ptr<const CardLayout> LayoutCache::Find(std::string_view serial,
                                                    uint64_t insertion) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(serial);
  if (found == entries_.end() || found->second.insertion != insertion) return nullptr;
  return found->second.layout;
}

void LayoutCache::Put(std::string_view serial, uint64_t insertion,
                      std::shared_ptr<const CardLayout> layout) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kCachedLayouts) entries_.clear();
  entries_.insert_or_assign(std::string(serial), Entry{insertion, std::move(layout)});
}

void LayoutCache::Drop(std::string_view serial) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(serial);
  if (found != entries_.end()) entries_.erase(found);
}

absl::StatusOr<std::vector<v1::Certificate>> ReadCertificates(CardSession& session,
                                                              const CardTarget& target) {
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(session, target));
  ILKIMZA_ASSIGN_OR_RETURN(const auto layout, LayoutOf(session, target));
  std::vector<v1::Certificate> certificates;
  for (const CertificateObject& object : layout->certificates) {
    ILKIMZA_ASSIGN_OR_RETURN(const std::string der, ReadFile(session, object.path));
    auto certificate = CardCertificate::Parse(der);
    if (!certificate.ok()) {
      spdlog::warn("a certificate file of card {} was left out: {}", target.serial,
                   std::string(certificate.status().message()));
      continue;
    }
    certificates.push_back(certificate->Describe());
    certificates.back().set_label(object.label);
    certificates.back().set_has_private_key(KeyOf(*layout, object) != nullptr);
  }
  return certificates;
}

absl::StatusOr<v1::PinState> ReadPinState(CardSession& session, const CardTarget& target) {
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(session, target));
  ILKIMZA_ASSIGN_OR_RETURN(const auto layout, LayoutOf(session, target));
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* pin, HolderPinOf(*layout));
  ILKIMZA_ASSIGN_OR_RETURN(const PinTries tries, ReadPinTries(session, *pin));
  v1::PinState state;
  FillPinState(tries, pin->limits, state);
  return state;
}

absl::Status DoAttempt(CardSession& session, AttemptWork& work) {
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(session, work.target));
  ILKIMZA_ASSIGN_OR_RETURN(const auto layout, LayoutOf(session, work.target));
  std::optional<SigningKey> signing;
  if (work.kind == AttemptKind::kTestSign) {
    ILKIMZA_ASSIGN_OR_RETURN(signing, FindSigningKey(session, *layout, work.clock->Now()));
    work.certificate = signing->description;
  }
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* pin,
                           HolderPinOf(*layout, signing ? signing->key.auth_id : ""));
  ILKIMZA_RETURN_IF_ERROR(CheckPins(*pin, work));
  ILKIMZA_ASSIGN_OR_RETURN(const PinTries tries, ReadPinTries(session, *pin));
  ILKIMZA_RETURN_IF_ERROR(CheckTries(tries, work.allow_last_try));
  ILKIMZA_RETURN_IF_ERROR(Send(session, *pin, work));
  absl::Status status;
  const bool right = work.answer->verdict == PinVerdict::kRight;
  if (right && signing) {
    work.pin_was_right();
    status = SignChallenge(session, *signing, work);
  }
  if (absl::IsCancelled(status)) return status;
  ILKIMZA_RETURN_IF_ERROR(LookAtTriesAgain(session, *pin, work));
  // The reset at the end of the session closes the card as well; this holds even
  // where a reader ignores that.
  if (right) {
    if (const absl::Status closed = LogOut(session); !closed.ok()) {
      spdlog::debug("logging out of card {}: {}", work.target.serial, ReasonName(ReasonOf(closed)));
    }
  }
  return status;
}

}  // namespace ilkimza::agent
