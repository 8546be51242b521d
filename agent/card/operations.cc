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

constexpr std::size_t kChallengeSize = 32;

absl::Status OtherCard() {
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CARD_NOT_FOUND,
                   "Another card is in the reader by now. Nothing was sent to it; put the first "
                   "one back, or look which card is there.");
}

absl::Status CheckSerial(Card& card, const std::string& expected) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::string serial, card.ReadSerial());
  return serial == expected ? absl::OkStatus() : OtherCard();
}

void FillPinState(const PinTries& tries, const PinLimits& limits, v1::PinState& state) {
  state.set_tries_left(tries.left);
  state.set_tries_left_count(tries.count.value_or(-1));
  state.set_min_length(limits.min_length);
  state.set_max_length(limits.max_length);
}

// The certificate, with its key, that the test signature is checked with.
struct SigningKey {
  CardCertificateEntry entry;
  CardCertificate certificate;
  v1::Certificate description;
};

v1::Certificate Describe(const CardCertificateEntry& entry, const CardCertificate& certificate) {
  v1::Certificate description = certificate.Describe();
  description.set_label(entry.label);
  description.set_has_private_key(!entry.key.empty());
  return description;
}

absl::StatusOr<SigningKey> FindSigningKey(Card& card, absl::Time now) {
  ILKIMZA_ASSIGN_OR_RETURN(std::vector<CardCertificateEntry> entries, card.ReadCertificates());
  std::optional<SigningKey> found;
  for (CardCertificateEntry& entry : entries) {
    if (entry.key.empty()) continue;
    auto certificate = CardCertificate::Parse(entry.der);
    if (!certificate.ok() || !certificate->qualified() || certificate->modulus_size() == 0) {
      continue;
    }
    const bool valid = certificate->ValidAt(now);
    if (found && !valid) continue;
    v1::Certificate description = Describe(entry, *certificate);
    found.emplace(SigningKey{std::move(entry), *std::move(certificate), std::move(description)});
    if (valid) break;
  }
  if (found) return *std::move(found);
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                   "There is no qualified certificate with its key on this card, so nothing was "
                   "signed. Ask the certificate's issuer.");
}

absl::Status CheckPins(const PinInfo& pin, const AttemptWork& work) {
  if (work.on_pinpad) return absl::OkStatus();
  const bool change = work.kind == AttemptKind::kChange;
  ILKIMZA_RETURN_IF_ERROR(CheckPinFormat(work.pin.view(), pin.limits, change ? "old_pin" : "pin"));
  if (!change) return absl::OkStatus();
  ILKIMZA_RETURN_IF_ERROR(CheckPinFormat(work.new_pin.view(), pin.limits, "new_pin"));
  return CheckPinPolicy(work.new_pin.view(), work.pin.view(), work.serial, work.policy);
}

absl::Status CheckTries(const PinTries& tries, bool allow_last_try) {
  if (tries.left == v1::TRIES_LEFT_NONE) return PinBlocked();
  if (tries.left != v1::TRIES_LEFT_ONE || allow_last_try) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_LAST_TRY,
                   "Only one try is left before the card blocks this PIN, so nothing was sent. "
                   "Make sure of the PIN, then allow the last try explicitly.",
                   {{"tries_left", "1"}});
}

absl::Status Send(Card& card, const PinInfo& pin, AttemptWork& work) {
  ILKIMZA_RETURN_IF_ERROR(work.before_sending());
  work.sent = true;
  const PinEntry entry{
      .current = work.pin.view(), .chosen = work.new_pin.view(), .on_pinpad = work.on_pinpad};
  auto answer =
      work.kind == AttemptKind::kChange ? card.Change(pin, entry) : card.Verify(pin, entry);
  work.pin.Wipe();
  work.new_pin.Wipe();
  if (!answer.ok()) return answer.status();
  work.answer = *answer;
  return absl::OkStatus();
}

// What the holder is told after an attempt: the card's count, or its security byte.
// Fails only where the job has been ended, and `work` must be left alone.
absl::Status LookAtTriesAgain(Card& card, const PinInfo& pin, AttemptWork& work) {
  PinTries tries;
  if (work.answer->tries_left) {
    tries = JudgeCount(*work.answer->tries_left);
  } else {
    auto read = card.ReadPinStatus(pin);
    if (absl::IsCancelled(read.status())) return read.status();
    if (read.ok()) tries = read->pin;
  }
  FillPinState(tries, pin.limits, work.pin_state);
  return absl::OkStatus();
}

absl::Status SignChallenge(Card& card, const SigningKey& signing, AttemptWork& work) {
  std::array<char, kChallengeSize> challenge{};
  randombytes_buf(challenge.data(), challenge.size());
  const std::string_view message(challenge.data(), challenge.size());
  const std::size_t size = signing.certificate.modulus_size();
  ILKIMZA_ASSIGN_OR_RETURN(const std::string signature, card.Sign(signing.entry, message));
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

absl::StatusOr<std::vector<v1::Certificate>> ReadCertificates(Card& card,
                                                              const std::string& serial) {
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(card, serial));
  ILKIMZA_ASSIGN_OR_RETURN(const auto entries, card.ReadCertificates());
  std::vector<v1::Certificate> certificates;
  for (const CardCertificateEntry& entry : entries) {
    auto certificate = CardCertificate::Parse(entry.der);
    if (!certificate.ok()) {
      spdlog::warn("a certificate file of card {} was left out: {}", serial,
                   std::string(certificate.status().message()));
      continue;
    }
    certificates.push_back(Describe(entry, *certificate));
  }
  return certificates;
}

absl::StatusOr<v1::PinState> ReadPinState(Card& card, const std::string& serial) {
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(card, serial));
  ILKIMZA_ASSIGN_OR_RETURN(const PinInfo pin, card.FindPin(""));
  ILKIMZA_ASSIGN_OR_RETURN(const PinStatus status, card.ReadPinStatus(pin));
  v1::PinState state;
  FillPinState(status.pin, pin.limits, state);
  return state;
}

absl::Status DoAttempt(Card& card, AttemptWork& work) {
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(card, work.serial));
  std::optional<SigningKey> signing;
  if (work.kind == AttemptKind::kTestSign) {
    ILKIMZA_ASSIGN_OR_RETURN(signing, FindSigningKey(card, work.clock->Now()));
    work.certificate = signing->description;
  }
  ILKIMZA_ASSIGN_OR_RETURN(const PinInfo pin, card.FindPin(signing ? signing->entry.pin : ""));
  ILKIMZA_RETURN_IF_ERROR(CheckPins(pin, work));
  ILKIMZA_ASSIGN_OR_RETURN(const PinStatus before, card.ReadPinStatus(pin));
  ILKIMZA_RETURN_IF_ERROR(CheckTries(before.pin, work.allow_last_try));
  ILKIMZA_RETURN_IF_ERROR(Send(card, pin, work));
  absl::Status status;
  const bool right = work.answer->verdict == PinVerdict::kRight;
  if (right && signing) {
    work.pin_was_right();
    status = SignChallenge(card, *signing, work);
  }
  if (absl::IsCancelled(status)) return status;
  ILKIMZA_RETURN_IF_ERROR(LookAtTriesAgain(card, pin, work));
  // The reset at the end of the session closes the card as well; this holds even
  // where a reader ignores that.
  if (right) {
    if (const absl::Status closed = card.LogOut(); !closed.ok()) {
      spdlog::debug("logging out of card {}: {}", work.serial, ReasonName(ReasonOf(closed)));
    }
  }
  return status;
}

}  // namespace ilkimza::agent
