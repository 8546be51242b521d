#include "agent/card/operations.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <memory>
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

// `policy`: the organisation's rules for new PINs.
void FillPinState(const PinStatus& status, const PinLimits& limits, const PinPolicy& policy,
                  v1::PinState& state) {
  state.set_tries_left(status.pin.left);
  state.set_tries_left_count(status.pin.count.value_or(-1));
  if (status.puk) state.set_puk_tries_left(status.puk->left);
  state.set_puk_tries_left_count(status.puk ? status.puk->count.value_or(-1) : -1);
  state.set_not_initialised(status.not_initialised);
  state.set_min_length(limits.min_length);
  state.set_max_length(limits.max_length);
  state.set_new_min_length(std::max(limits.min_length, policy.min_length));
  state.set_new_max_length(std::min(limits.max_length, policy.max_length));
}

// The certificate, with its key, that the test signature is checked with.
struct SigningKey {
  CardCertificateEntry entry;
  std::shared_ptr<const CardCertificate> certificate;
  v1::Certificate description;
};

absl::StatusOr<std::shared_ptr<const CardCertificate>> ParsedOf(const CardCertificateEntry& entry) {
  if (entry.parsed != nullptr) return entry.parsed;
  ILKIMZA_ASSIGN_OR_RETURN(CardCertificate certificate, CardCertificate::Parse(entry.der));
  return std::make_shared<const CardCertificate>(std::move(certificate));
}

v1::Certificate Describe(const CardCertificateEntry& entry, const CardCertificate& certificate,
                         absl::Time now) {
  v1::Certificate description = certificate.Describe(now);
  // Some issuers write the national id into the label.
  description.set_label(MaskNationalIds(entry.label));
  description.set_has_private_key(!entry.key.empty());
  return description;
}

absl::StatusOr<SigningKey> FindSigningKey(Card& card, absl::Time now) {
  ILKIMZA_ASSIGN_OR_RETURN(std::vector<CardCertificateEntry> entries, card.ReadCertificates());
  std::optional<SigningKey> found;
  for (CardCertificateEntry& entry : entries) {
    if (entry.key.empty()) continue;
    auto certificate = ParsedOf(entry);
    if (!certificate.ok() || !(*certificate)->qualified() ||
        (*certificate)->signature_algorithm().empty()) {
      continue;
    }
    const bool valid = (*certificate)->ValidAt(now);
    if (found && !valid) continue;
    v1::Certificate description = Describe(entry, **certificate, now);
    found.emplace(SigningKey{std::move(entry), *std::move(certificate), std::move(description)});
    if (valid) break;
  }
  if (found) return *std::move(found);
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                   "There is no qualified certificate with its key on this card, so nothing was "
                   "signed. Ask the certificate's issuer.");
}

// The PIN of the key that the holder signs with: where a card has several PINs, it is the
// one that is told, changed and used by everything. `signing` where it is known already.
absl::StatusOr<PinInfo> FindHolderPin(Card& card, absl::Time now, const SigningKey* signing) {
  ILKIMZA_ASSIGN_OR_RETURN(PinInfo pin, card.FindPin(signing ? signing->entry.pin : ""));
  if (!pin.settled && signing == nullptr) {
    const auto found = FindSigningKey(card, now);
    if (found.ok()) {
      ILKIMZA_ASSIGN_OR_RETURN(pin, card.FindPin(found->entry.pin));
    } else if (ReasonOf(found.status()) != v1::ERROR_REASON_CERTIFICATE_NOT_FOUND) {
      return found.status();
    }
  }
  if (pin.settled) return pin;
  return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                   "This card has several PINs and does not say which of them signs, so nothing "
                   "was sent to it and no try was spent. Ask the card's issuer how it is done.");
}

bool SetsNewPin(AttemptKind kind) {
  return kind == AttemptKind::kChange || kind == AttemptKind::kUnblock;
}

// For the policy on new PINs. A card whose certificates cannot be read has a PIN all the
// same.
absl::StatusOr<std::vector<std::string>> NationalIdsOn(Card& card) {
  std::vector<std::string> ids;
  const auto entries = card.ReadCertificates();
  if (!entries.ok()) {
    const v1::ErrorReason reason = ReasonOf(entries.status());
    const bool unreadable =
        reason == v1::ERROR_REASON_CARD_PROTOCOL || reason == v1::ERROR_REASON_CARD_UNSUPPORTED;
    if (!unreadable) return entries.status();
    return ids;
  }
  for (const CardCertificateEntry& entry : *entries) {
    const auto certificate = ParsedOf(entry);
    if (!certificate.ok() || entry.key.empty()) continue;
    for (std::string& id : (*certificate)->NationalIds()) ids.push_back(std::move(id));
  }
  return ids;
}

absl::Status CheckNewPin(Card& card, const PinInfo& pin, const AttemptWork& work) {
  ILKIMZA_RETURN_IF_ERROR(CheckPinFormat(work.new_pin.view(), pin.limits, "new_pin"));
  // What needs nothing of the card first.
  ILKIMZA_RETURN_IF_ERROR(
      CheckPinPolicy(work.new_pin.view(), work.pin.view(), work.serial, work.policy));
  if (!work.policy.refuse_id_part) return absl::OkStatus();
  ILKIMZA_ASSIGN_OR_RETURN(std::vector<std::string> ids, NationalIdsOn(card));
  absl::Status status;
  for (std::string& id : ids) {
    if (status.ok()) status = CheckNationalIdPart(work.new_pin.view(), id, work.policy);
    Wipe(id);
  }
  return status;
}

absl::Status NotUnderstood() {
  return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                   "What this card says of its PIN is not understood here, so nothing was sent to "
                   "it and no try was spent. Ask the card's issuer how it is done.");
}

absl::Status CheckPins(Card& card, const PinInfo& pin, const AttemptWork& work) {
  // The reader sends what is typed on it; the card alone judges that.
  if (work.on_pinpad) return absl::OkStatus();
  const bool unblock = work.kind == AttemptKind::kUnblock;
  const char* field = unblock ? "puk" : SetsNewPin(work.kind) ? "old_pin" : "pin";
  ILKIMZA_RETURN_IF_ERROR(
      CheckPinFormat(work.pin.view(), unblock ? pin.puk_limits : pin.limits, field));
  return SetsNewPin(work.kind) ? CheckNewPin(card, pin, work) : absl::OkStatus();
}

absl::Status CheckTries(const PinStatus& status, const AttemptWork& work) {
  if (work.kind == AttemptKind::kUnblock) {
    if (status.puk && status.puk->left == v1::TRIES_LEFT_NONE) return PukBlocked();
    return absl::OkStatus();
  }
  if (status.pin.left == v1::TRIES_LEFT_NONE) return PinBlocked();
  if (status.pin.left != v1::TRIES_LEFT_ONE || work.allow_last_try) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_LAST_TRY,
                   "Only one try is left before the card blocks this PIN, so nothing was sent. "
                   "Make sure of the PIN, then allow the last try explicitly.",
                   {{"tries_left", "1"}});
}

absl::StatusOr<PinAnswer> Attempt(Card& card, const PinInfo& pin, AttemptKind kind,
                                  const PinEntry& entry) {
  switch (kind) {
    case AttemptKind::kChange:
      return card.Change(pin, entry);
    case AttemptKind::kUnblock:
      return card.Unblock(pin, entry);
    case AttemptKind::kVerify:
    case AttemptKind::kTestSign:
      break;
  }
  return card.Verify(pin, entry);
}

absl::Status NobodyWaits() {
  return MakeError(
      absl::StatusCode::kAborted, v1::ERROR_REASON_CANCELLED,
      "Whoever asked for this waited no longer, so nothing was sent to the card and no "
      "try was spent. Try again.");
}

absl::Status Send(Card& card, const PinInfo& pin, AttemptWork& work) {
  if (work.given_up && work.given_up()) return NobodyWaits();
  ILKIMZA_RETURN_IF_ERROR(work.before_sending());
  work.sent = true;
  auto answer = Attempt(
      card, pin, work.kind,
      {.current = work.pin.view(), .chosen = work.new_pin.view(), .on_pinpad = work.on_pinpad});
  work.pin.Wipe();
  work.new_pin.Wipe();
  if (!answer.ok()) return answer.status();
  work.answer = *answer;
  return absl::OkStatus();
}

int Rank(v1::TriesLeft left) {
  switch (left) {
    case v1::TRIES_LEFT_NONE:
      return 0;
    case v1::TRIES_LEFT_ONE:
      return 1;
    case v1::TRIES_LEFT_SOME:
      return 2;
    default:
      return 3;
  }
}

// A status word that says, by the standard, that the card did not look at the PIN is
// believed only as long as the tries do not say otherwise: what real cards answer to a
// wrong PIN is not known of all of them.
void DoubtRefusal(const PinStatus& before, const PinStatus& after, AttemptWork& work) {
  if (work.answer->verdict != PinVerdict::kRefused) return;
  const bool unblock = work.kind == AttemptKind::kUnblock;
  const PinTries was = unblock ? before.puk.value_or(PinTries{}) : before.pin;
  const PinTries is = unblock ? after.puk.value_or(PinTries{}) : after.pin;
  if (was.left == v1::TRIES_LEFT_UNKNOWN) return;
  if (is.left == v1::TRIES_LEFT_UNKNOWN) {
    work.answer->verdict = PinVerdict::kUnknown;
    return;
  }
  const bool fewer =
      was.count && is.count ? *is.count < *was.count : Rank(is.left) < Rank(was.left);
  if (!fewer) return;
  const bool none = is.left == v1::TRIES_LEFT_NONE;
  work.answer = PinAnswer{none ? PinVerdict::kBlocked : PinVerdict::kWrong, is.count};
}

// What the holder is told after an attempt. A right PIN or PUK has all its tries again;
// a wrong one as many as the card says, or as its state shows. Fails only where the job
// has been ended, and `work` must be left alone.
absl::Status LookAtTriesAgain(Card& card, const PinInfo& pin, const PinStatus& before,
                              AttemptWork& work) {
  constexpr PinTries kAll{v1::TRIES_LEFT_ALL, std::nullopt};
  PinStatus after = before;
  const bool right = work.answer->verdict == PinVerdict::kRight;
  PinTries& entered = work.kind == AttemptKind::kUnblock ? after.puk.emplace() : after.pin;
  if (right) {
    entered = kAll;
    after.pin = kAll;
    after.not_initialised = false;
  } else if (work.answer->tries_left) {
    entered = JudgeCount(*work.answer->tries_left);
  } else {
    auto read = card.ReadPinStatus(pin);
    if (absl::IsCancelled(read.status())) return read.status();
    after =
        read.ok() ? *read : PinStatus{.puk = before.puk ? std::optional(PinTries{}) : std::nullopt};
    DoubtRefusal(before, after, work);
  }
  FillPinState(after, pin.limits, work.policy, work.pin_state);
  return absl::OkStatus();
}

absl::Status SignatureInvalid() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_SIGNATURE_INVALID,
                   "The card signed, but the signature does not fit its certificate. Do not use "
                   "the card; ask the certificate's issuer.");
}

absl::Status SignChallenge(Card& card, const SigningKey& signing, AttemptWork& work) {
  std::array<char, kChallengeSize> challenge{};
  randombytes_buf(challenge.data(), challenge.size());
  const std::string_view message(challenge.data(), challenge.size());
  ILKIMZA_ASSIGN_OR_RETURN(const std::string signature, card.Sign(signing.entry, message));
  work.algorithm = signing.certificate->signature_algorithm();
  bool fits = signing.certificate->Verifies(message, signature);
  // Another program may have put a new certificate in the place of the one we remember.
  if (!fits && card.DistrustCertificates()) {
    auto anew = FindSigningKey(card, work.clock->Now());
    if (absl::IsCancelled(anew.status())) return anew.status();
    fits = anew.ok() && anew->entry.key == signing.entry.key &&
           anew->certificate->Verifies(message, signature);
    if (fits) work.certificate = anew->description;
  }
  work.signature_checked = true;
  work.signature_fits = fits;
  return fits ? absl::OkStatus() : SignatureInvalid();
}

// What a card says to the PIN of a key that asks again.
std::optional<PinAnswer> VerdictOn(const absl::Status& signature) {
  switch (ReasonOf(signature)) {
    case v1::ERROR_REASON_WRONG_PIN:
      return PinAnswer{.verdict = PinVerdict::kWrong};
    case v1::ERROR_REASON_PIN_BLOCKED:
      return PinAnswer{.verdict = PinVerdict::kBlocked, .tries_left = 0};
    case v1::ERROR_REASON_ATTEMPT_UNKNOWN:
      return PinAnswer{.verdict = PinVerdict::kUnknown};
    default:
      return std::nullopt;
  }
}

// After a right PIN.
absl::Status SignAfterPin(Card& card, const SigningKey& signing, AttemptWork& work) {
  ILKIMZA_ASSIGN_OR_RETURN(const bool asks_again, card.AsksAgain(signing.entry));
  const PinAnswer right = *work.answer;
  if (asks_again) {
    // The PIN goes out once more: until it is answered this is an attempt without a result.
    work.answer.reset();
  } else {
    work.pin_was_right();
  }
  const absl::Status status = SignChallenge(card, signing, work);
  if (!absl::IsCancelled(status)) work.answer = VerdictOn(status).value_or(right);
  return status;
}

}  // namespace

absl::Status PinBlocked() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PIN_BLOCKED,
                   "The card has blocked this PIN after too many wrong tries. It can be unblocked "
                   "with the PUK only.",
                   {{"tries_left", "0"}});
}

absl::Status PukBlocked() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PUK_BLOCKED,
                   "The card takes no PUK: it was blocked by wrong tries, or never set. Its PIN "
                   "cannot be unblocked with one; ask the card's issuer.",
                   {{"tries_left", "0"}});
}

absl::Status PukTryNotConfirmed() {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED,
      "A few wrong PUKs make the card useless for ever, so nothing was sent. Make sure "
      "of the PUK, then allow this one try explicitly (allow_puk_try).");
}

absl::StatusOr<std::vector<ReadCertificate>> ReadCertificates(Card& card, const std::string& serial,
                                                              absl::Time now) {
  if (!card.ProvesItself()) ILKIMZA_RETURN_IF_ERROR(CheckSerial(card, serial));
  ILKIMZA_ASSIGN_OR_RETURN(const auto entries, card.ReadCertificates());
  std::vector<ReadCertificate> certificates;
  for (const CardCertificateEntry& entry : entries) {
    const auto certificate = ParsedOf(entry);
    if (!certificate.ok()) {
      LogWarning("a certificate file of card {} was left out: {}", serial,
                 std::string(certificate.status().message()));
      continue;
    }
    certificates.push_back({Describe(entry, **certificate, now), entry.der});
  }
  return certificates;
}

absl::StatusOr<v1::PinState> ReadPinState(Card& card, const std::string& serial,
                                          const PinPolicy& policy, absl::Time now) {
  if (card.SerialToldBefore() != serial) ILKIMZA_RETURN_IF_ERROR(CheckSerial(card, serial));
  ILKIMZA_ASSIGN_OR_RETURN(const PinInfo pin, FindHolderPin(card, now, nullptr));
  ILKIMZA_ASSIGN_OR_RETURN(const PinStatus status, card.ReadPinStatus(pin));
  v1::PinState state;
  FillPinState(status, pin.limits, policy, state);
  return state;
}

absl::Status DoAttempt(Card& card, AttemptWork& work) {
  if (work.kind == AttemptKind::kUnblock && !work.allow_puk_try) return PukTryNotConfirmed();
  ILKIMZA_RETURN_IF_ERROR(CheckSerial(card, work.serial));
  std::optional<SigningKey> signing;
  if (work.kind == AttemptKind::kTestSign) {
    ILKIMZA_ASSIGN_OR_RETURN(signing, FindSigningKey(card, work.clock->Now()));
    work.certificate = signing->description;
  }
  ILKIMZA_ASSIGN_OR_RETURN(PinInfo pin,
                           FindHolderPin(card, work.clock->Now(), signing ? &*signing : nullptr));
  pin.ask_puk = work.kind == AttemptKind::kUnblock;
  if (!pin.usable || (pin.ask_puk && !pin.puk_usable)) return NotUnderstood();
  ILKIMZA_RETURN_IF_ERROR(CheckPins(card, pin, work));
  ILKIMZA_ASSIGN_OR_RETURN(const PinStatus before, card.ReadPinStatus(pin));
  ILKIMZA_RETURN_IF_ERROR(CheckTries(before, work));
  ILKIMZA_RETURN_IF_ERROR(Send(card, pin, work));
  absl::Status status;
  const bool right = work.answer->verdict == PinVerdict::kRight;
  if (right && signing) status = SignAfterPin(card, *signing, work);
  if (absl::IsCancelled(status)) return status;
  ILKIMZA_RETURN_IF_ERROR(LookAtTriesAgain(card, pin, before, work));
  if (right) {
    if (const absl::Status closed = card.LogOut(); !closed.ok()) {
      LogDebug("logging out of card {}: {}", work.serial, ReasonName(ReasonOf(closed)));
    }
  }
  return status;
}

}  // namespace ilkimza::agent
