#include "agent/card/pkcs11_card.h"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/card/apdu.h"
#include "agent/card/beside_module.h"
#include "agent/card/certificate.h"
#include "agent/card/pcsc.h"
#include "agent/card/pkcs11_token.h"
#include "agent/card/pkcs15.h"
#include "agent/card/worker.h"
#include "agent/pkcs11/return_values.h"
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"

namespace ilkimza::agent {
namespace {

using pkcs11::Mechanism;
using pkcs11::Module;
using pkcs11::ModuleUse;
using pkcs11::PinMeaning;
using pkcs11::Token;
using pkcs11::User;

// What the watchdog waits beyond the module's own deadlines, which come first.
constexpr absl::Duration kSlack = absl::Seconds(5);
absl::Status NotThisFamily() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
                   "The PKCS#11 module sees no token in this reader.");
}

absl::Status Unsupported(std::string_view sentence) {
  return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                   sentence);
}

// The answer to an attempt whose slot could not be opened. FindPin opened it, or nothing
// is sent.
absl::StatusOr<PinAnswer> NotSent(const absl::Status& open) {
  if (absl::IsCancelled(open)) return open;
  return PinAnswer{.verdict = PinVerdict::kRefused};
}

// A call of the module under the job's watchdog.
template <typename Call>
auto Guarded(JobControl& control, JobControl::Stage stage, absl::Duration limit, const Call& call)
    -> decltype(call()) {
  if (!control.Enter(stage, limit + kSlack)) return absl::CancelledError();
  auto result = call();
  if (!control.Leave()) return absl::CancelledError();
  return result;
}

// A token in the reader. A card may show as several: one for each of its PINs.
struct TokenInSlot {
  uint64_t slot = 0;
  Token token;
};

class Pkcs11Card final : public Card {
 public:
  Pkcs11Card(const Module& module, ModuleUse& use, JobControl& control,
             std::vector<TokenInSlot> tokens, const Recognition& recognition)
      : module_(module),
        use_(use),
        control_(control),
        tokens_(std::move(tokens)),
        recognition_(recognition) {}

  absl::StatusOr<std::string> ReadSerial() override {
    ILKIMZA_ASSIGN_OR_RETURN(const Token token, ReadToken(tokens_.front().slot));
    return SerialOf(token.serial);
  }

  absl::StatusOr<CardIdentity> Identify() override {
    const Token& token = tokens_.front().token;
    CardIdentity identity{
        .family = v1::CARD_FAMILY_PKCS11,
        // The chip's own word, where it has one that is known.
        .family_display_name = recognition_.akis ? recognition_.display_name
                                                 : absl::StrCat("PKCS#11 (", module_.name(), ")"),
        .serial = SerialOf(token.serial),
        .label = Printable(token.label),
        .module = module_.name(),
        .operations = {v1::CARD_OPERATION_LIST_CERTIFICATES}};
    const auto holders = HoldersToken();
    if (absl::IsCancelled(holders.status())) return holders.status();
    if (!holders.ok()) return identity;
    for (const auto operation : {v1::CARD_OPERATION_GET_PIN_STATE, v1::CARD_OPERATION_VERIFY_PIN,
                                 v1::CARD_OPERATION_CHANGE_PIN}) {
      identity.operations.push_back(operation);
    }
    if (module_.so_pin_is_puk()) identity.operations.push_back(v1::CARD_OPERATION_UNBLOCK_PIN);
    identity.operations.push_back(v1::CARD_OPERATION_TEST_SIGN);
    return identity;
  }

  absl::StatusOr<std::vector<CardCertificateEntry>> ReadCertificates() override;
  absl::StatusOr<PinInfo> FindPin(std::string_view id) override;
  absl::StatusOr<PinStatus> ReadPinStatus(const PinInfo& pin) override;
  absl::StatusOr<PinAnswer> Verify(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Change(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Unblock(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<bool> AsksAgain(const CardCertificateEntry& certificate) override;
  absl::StatusOr<std::string> Sign(const CardCertificateEntry& certificate,
                                   std::string_view message) override;
  absl::Status LogOut() override;

  [[nodiscard]] bool attempt_made() const { return attempt_made_; }

 private:
  template <typename Call>
  auto Command(const Call& call) -> decltype(call()) {
    return Guarded(control_, JobControl::Stage::kCommand, module_.timeouts().command, call);
  }
  // `typed`: PINs that are typed on the reader's keys for it.
  template <typename Call>
  auto Attempt(int typed, const Call& call) -> decltype(call()) {
    attempt_made_ = true;
    return Guarded(control_, JobControl::Stage::kAttempt, module_.timeouts().ForPins(typed), call);
  }
  absl::StatusOr<Token> ReadToken(uint64_t slot) {
    return Command([&] { return use_.ReadToken(slot); });
  }
  // The token whose PIN opens the key of the qualified certificate: all that is told of a
  // PIN, and tried, is of that one. OPERATION_UNSUPPORTED where the card has several and
  // does not tell.
  absl::StatusOr<const TokenInSlot*> HoldersToken();
  // The PIN's slot open, so that nothing stands between an attempt and its one call.
  absl::Status OpenFor(const PinInfo& pin);
  // NO_PINPAD where the token of that PIN does not let it be typed on the reader's keys.
  absl::Status CheckKeys(const PinInfo& pin, const PinEntry& entry) const;
  // Asked once: signing is by the key that was asked for last.
  absl::StatusOr<pkcs11::KeyInfo> FindKey(const CardCertificateEntry& certificate);
  // Of a key that did not take its PIN.
  absl::Status KeyRefusedPin(uint64_t rv);
  // What the module's answer says, and the flags it leaves.
  absl::StatusOr<PinAnswer> Judge(uint64_t rv, const PinInfo& pin, bool officer);

  const Module& module_;
  ModuleUse& use_;
  JobControl& control_;
  const std::vector<TokenInSlot> tokens_;
  const Recognition& recognition_;
  // One of those; null while it is not known.
  const TokenInSlot* holders_token_ = nullptr;
  std::optional<uint64_t> open_slot_;
  // The id of the key that was asked for last, and what it is.
  std::string key_id_;
  std::optional<pkcs11::KeyInfo> key_;
  bool attempt_made_ = false;
  bool verified_ = false;
  // Of a right Verify, for keys that ask for it again with each signature.
  Secret pin_;
};

absl::StatusOr<std::vector<CardCertificateEntry>> Pkcs11Card::ReadCertificates() {
  std::vector<SlotCertificates> slots;
  for (const TokenInSlot& in_slot : tokens_) {
    ILKIMZA_ASSIGN_OR_RETURN(pkcs11::CertificateList list,
                             Command([&] { return use_.Certificates(in_slot.slot); }));
    slots.push_back({.slot = in_slot.slot,
                     .needs_login = (in_slot.token.flags & CKF_LOGIN_REQUIRED) != 0,
                     .list = std::move(list)});
  }
  return MergeCertificates(std::move(slots));
}

absl::StatusOr<const TokenInSlot*> Pkcs11Card::HoldersToken() {
  if (holders_token_ != nullptr) return holders_token_;
  std::vector<const TokenInSlot*> candidates;
  for (const TokenInSlot& in_slot : tokens_) {
    if ((in_slot.token.flags & CKF_USER_PIN_INITIALIZED) != 0) candidates.push_back(&in_slot);
  }
  if (tokens_.size() > 1) {
    ILKIMZA_ASSIGN_OR_RETURN(const auto entries, ReadCertificates());
    const std::string signing = SigningPin(entries);
    for (const TokenInSlot& in_slot : tokens_) {
      if (signing == absl::StrCat(in_slot.slot)) candidates = {&in_slot};
    }
  }
  if (candidates.empty() && tokens_.size() == 1) candidates = {&tokens_.front()};
  if (candidates.size() != 1) {
    return Unsupported(
        "This card has several PINs, and its PKCS#11 module does not tell which of them signs. "
        "Nothing was sent, and no try was spent: use the vendor's own program.");
  }
  holders_token_ = candidates.front();
  return holders_token_;
}

absl::StatusOr<PinInfo> Pkcs11Card::FindPin(std::string_view id) {
  ILKIMZA_ASSIGN_OR_RETURN(const TokenInSlot* found, HoldersToken());
  // A certificate of another PIN's: that PIN is not the one that was looked at.
  const bool others = std::any_of(tokens_.begin(), tokens_.end(), [&](const auto& in_slot) {
    return &in_slot != found && id == absl::StrCat(in_slot.slot);
  });
  if (others) {
    return Unsupported(
        "The key of this certificate has another PIN than the one this card is signed with. "
        "Nothing was sent, and no try was spent.");
  }
  // The token announces one range for all of its PINs.
  const PinLimits limits = LimitsOf(found->token);
  PinInfo pin{.id = absl::StrCat(found->slot), .limits = limits, .puk_limits = limits};
  ILKIMZA_RETURN_IF_ERROR(OpenFor(pin));
  return pin;
}

absl::Status Pkcs11Card::OpenFor(const PinInfo& pin) {
  uint64_t slot = 0;
  if (!absl::SimpleAtoi(pin.id, &slot)) slot = tokens_.front().slot;
  if (open_slot_ == slot) return absl::OkStatus();
  ILKIMZA_RETURN_IF_ERROR(Command([&] { return use_.Open(slot); }));
  open_slot_ = slot;
  key_.reset();
  return absl::OkStatus();
}

absl::StatusOr<PinStatus> Pkcs11Card::ReadPinStatus(const PinInfo& pin) {
  ILKIMZA_RETURN_IF_ERROR(OpenFor(pin));
  ILKIMZA_ASSIGN_OR_RETURN(const Token token, ReadToken(*open_slot_));
  PinStatus status{.pin = TriesOf(token.flags, /*officer=*/false)};
  // Without a flag nothing is known; but a right PIN has just set the counter back.
  if (verified_ && status.pin.left == v1::TRIES_LEFT_UNKNOWN) {
    status.pin.left = v1::TRIES_LEFT_ALL;
  }
  if (module_.so_pin_is_puk()) status.puk = TriesOf(token.flags, /*officer=*/true);
  status.not_initialised = (token.flags & CKF_USER_PIN_INITIALIZED) == 0;
  return status;
}

absl::StatusOr<PinAnswer> Pkcs11Card::Judge(uint64_t rv, const PinInfo& pin, bool officer) {
  PinAnswer answer;
  switch (pkcs11::MeaningOf(rv)) {
    case PinMeaning::kRight:
      answer.verdict = PinVerdict::kRight;
      return answer;
    case PinMeaning::kWrong:
      answer.verdict = PinVerdict::kWrong;
      break;
    case PinMeaning::kBlocked:
      answer = {.verdict = PinVerdict::kBlocked, .tries_left = 0};
      return answer;
    case PinMeaning::kRefused:
      answer.verdict = PinVerdict::kRefused;
      LogWarning("the PKCS#11 module '{}' did not take the PIN: {}", module_.name(),
                 pkcs11::ReturnValueName(rv));
      return answer;
    case PinMeaning::kUnknown:
      answer.verdict = PinVerdict::kUnknown;
      LogWarning("the PKCS#11 module '{}' answered {} to a PIN", module_.name(),
                 pkcs11::ReturnValueName(rv));
      return answer;
  }
  const auto status = ReadPinStatus(pin);
  if (absl::IsCancelled(status.status())) return status.status();
  if (!status.ok()) return answer;
  const std::optional<PinTries> tries = officer ? status->puk : status->pin;
  if (tries) answer.tries_left = tries->count;
  if (answer.tries_left == 0) answer.verdict = PinVerdict::kBlocked;
  return answer;
}

absl::Status Pkcs11Card::CheckKeys(const PinInfo& pin, const PinEntry& entry) const {
  if (!entry.on_pinpad) return absl::OkStatus();
  for (const TokenInSlot& in_slot : tokens_) {
    if (pin.id != absl::StrCat(in_slot.slot)) continue;
    if ((in_slot.token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) return absl::OkStatus();
  }
  return KeysUnusable();
}

absl::StatusOr<PinAnswer> Pkcs11Card::Verify(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_RETURN_IF_ERROR(CheckKeys(pin, entry));
  if (const absl::Status open = OpenFor(pin); !open.ok()) return NotSent(open);
  ILKIMZA_ASSIGN_OR_RETURN(const uint64_t rv, Attempt(entry.on_pinpad ? 1 : 0, [&] {
                             return use_.Login(User::kHolder, entry.current);
                           }));
  // PKCS#11 says so of a PIN that was not typed to its end.
  if (entry.on_pinpad && rv == CKR_FUNCTION_CANCELED) {
    return MakeError(absl::StatusCode::kCancelled, v1::ERROR_REASON_PINPAD_CANCELLED,
                     "Cancel was pressed on the reader's keys, or nobody typed. Nothing was sent "
                     "to the card.");
  }
  verified_ = rv == CKR_OK;
  // Keys may show themselves only now.
  key_.reset();
  if (verified_) pin_ = Secret(entry.current);
  return Judge(rv, pin, /*officer=*/false);
}

absl::StatusOr<PinAnswer> Pkcs11Card::Change(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_RETURN_IF_ERROR(CheckKeys(pin, entry));
  if (const absl::Status open = OpenFor(pin); !open.ok()) return NotSent(open);
  // The old one, and the new one twice.
  ILKIMZA_ASSIGN_OR_RETURN(const uint64_t rv, Attempt(entry.on_pinpad ? 3 : 0, [&] {
                             return use_.SetPin(entry.current, entry.chosen);
                           }));
  verified_ = rv == CKR_OK;
  // Anything else that sounds like success is not: the new PIN may not be set.
  if (rv != CKR_OK && pkcs11::MeaningOf(rv) == PinMeaning::kRight) {
    return PinAnswer{.verdict = PinVerdict::kUnknown};
  }
  return Judge(rv, pin, /*officer=*/false);
}

absl::StatusOr<PinAnswer> Pkcs11Card::Unblock(const PinInfo& pin, const PinEntry& entry) {
  if (!module_.so_pin_is_puk()) {
    return Unsupported(
        "With this card's PKCS#11 module a PIN cannot be unblocked here; nothing was sent. Use the "
        "vendor's own program.");
  }
  ILKIMZA_RETURN_IF_ERROR(CheckKeys(pin, entry));
  if (const absl::Status open = OpenFor(pin); !open.ok()) return NotSent(open);
  ILKIMZA_ASSIGN_OR_RETURN(const uint64_t login, Attempt(entry.on_pinpad ? 1 : 0, [&] {
                             return use_.Login(User::kSecurityOfficer, entry.current);
                           }));
  if (login != CKR_OK) return Judge(login, pin, /*officer=*/true);
  ILKIMZA_ASSIGN_OR_RETURN(const uint64_t rv, Attempt(entry.on_pinpad ? 2 : 0,
                                                      [&] { return use_.InitPin(entry.chosen); }));
  if (rv == CKR_OK) return PinAnswer{.verdict = PinVerdict::kRight};
  // The PUK was right: no try was spent. Whether the PIN was set is another matter.
  LogWarning("the PKCS#11 module '{}' answered {} to C_InitPIN", module_.name(),
             pkcs11::ReturnValueName(rv));
  const bool refused = pkcs11::MeaningOf(rv) == PinMeaning::kRefused;
  return PinAnswer{.verdict = refused ? PinVerdict::kRefused : PinVerdict::kUnknown};
}

absl::StatusOr<pkcs11::KeyInfo> Pkcs11Card::FindKey(const CardCertificateEntry& certificate) {
  if (key_ && key_id_ == certificate.key) return *key_;
  ILKIMZA_ASSIGN_OR_RETURN(key_, Command([&] { return use_.FindKey(certificate.key); }));
  key_id_ = certificate.key;
  return *key_;
}

absl::StatusOr<bool> Pkcs11Card::AsksAgain(const CardCertificateEntry& certificate) {
  ILKIMZA_ASSIGN_OR_RETURN(const pkcs11::KeyInfo key, FindKey(certificate));
  return key.asks_again;
}

absl::Status Pkcs11Card::KeyRefusedPin(uint64_t rv) {
  // It is not the one that was right a moment ago, or no more.
  verified_ = false;
  ILKIMZA_ASSIGN_OR_RETURN(
      const PinAnswer answer,
      Judge(rv, {.id = absl::StrCat(open_slot_.value_or(0))}, /*officer=*/false));
  switch (answer.verdict) {
    case PinVerdict::kBlocked:
      return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PIN_BLOCKED,
                       "The card asked for the PIN again for the signature, and has blocked it.");
    case PinVerdict::kWrong:
      return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_WRONG_PIN,
                       "The card asked for the PIN again for the signature, and says that it is "
                       "wrong for this key.");
    default:
      return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
                       "The card asked for the PIN again for the signature; whether that try "
                       "counted is not known.");
  }
}

absl::StatusOr<std::string> Pkcs11Card::Sign(const CardCertificateEntry& certificate,
                                             std::string_view message) {
  ILKIMZA_ASSIGN_OR_RETURN(const pkcs11::KeyInfo key, FindKey(certificate));
  // A second PIN on the reader's keys would be a try that nobody asked for.
  if (key.asks_again && pin_.empty()) {
    return Unsupported(
        "This card's key asks for the PIN again with each signature. Nothing was signed: type the "
        "PIN here instead of on the reader's keys.");
  }
  std::string data;
  switch (key.mechanism) {
    case Mechanism::kSha256RsaPkcs:
      data = std::string(message);
      break;
    case Mechanism::kRsaPkcs:
      data = DigestInfo(message);
      break;
    case Mechanism::kEcdsa:
      data = Digest(message);
      break;
    case Mechanism::kNone:
      return Unsupported(
          "This card's PKCS#11 module offers none of the ways to sign that can be checked here.");
  }
  const std::string_view again = key.asks_again ? pin_.view() : std::string_view();
  const auto stage = key.asks_again ? JobControl::Stage::kAttempt : JobControl::Stage::kCommand;
  auto answer = Guarded(control_, stage, module_.timeouts().attempt,
                        [&] { return use_.Sign(key.mechanism, data, again); });
  pin_.Wipe();
  if (!answer.ok()) return answer.status();
  if (answer->pin_rv != CKR_OK) return KeyRefusedPin(answer->pin_rv);
  return key.mechanism == Mechanism::kEcdsa ? EcdsaDer(answer->signature)
                                            : std::move(answer->signature);
}

absl::Status Pkcs11Card::LogOut() {
  pin_.Wipe();
  open_slot_.reset();
  key_.reset();
  return Command([&] { return use_.Close(); });
}

// --- The family ---

class Pkcs11Family final : public CardFamily {
 public:
  Pkcs11Family(std::shared_ptr<pkcs11::Modules> modules, std::shared_ptr<Module> module)
      : modules_(std::move(modules)),
        module_(std::move(module)),
        name_(absl::StrCat("PKCS#11 (", module_->name(), ")")) {}

  [[nodiscard]] std::string_view name() const override { return name_; }

  // Modules are for the cards that no family of our own has commands for.
  [[nodiscard]] bool Recognise(const CardFacts& facts) const override {
    return facts.recognition.family != v1::CARD_FAMILY_AKIS_V1 && module_->usable();
  }

  absl::Status Use(CardEnvironment& environment, const CardFacts& facts,
                   const Work& work) override {
    // The module has a connection of its own, and may want the card for itself.
    environment.connection.Close(environment);
    return UseModule(environment, facts, work);
  }

  // The module remembers the card as well.
  void Forget(const CardFacts&) override { module_->StartAnew(); }

 private:
  absl::Status UseModule(CardEnvironment& environment, const CardFacts& facts,
                         const Work& work) const;
  absl::StatusOr<std::vector<TokenInSlot>> FindTokens(CardEnvironment& environment,
                                                      const CardFacts& facts, ModuleUse& use) const;

  const std::shared_ptr<pkcs11::Modules> modules_;
  const std::shared_ptr<Module> module_;
  const std::string name_;
};

absl::Status Pkcs11Family::UseModule(CardEnvironment& environment, const CardFacts& facts,
                                     const Work& work) const {
  const pkcs11::ModuleTimeouts& timeouts = module_->timeouts();
  ILKIMZA_ASSIGN_OR_RETURN(ModuleUse use, Guarded(environment.control, JobControl::Stage::kCommand,
                                                  timeouts.busy + timeouts.load,
                                                  [&] { return module_->Use(facts.insertion); }));
  ILKIMZA_ASSIGN_OR_RETURN(std::vector<TokenInSlot> tokens, FindTokens(environment, facts, use));
  if (tokens.empty()) return NotThisFamily();
  Pkcs11Card card(*module_, use, environment.control, std::move(tokens), facts.recognition);
  absl::Status status = work(card);
  if (card.attempt_made()) {
    // Whatever became of the module's process: whoever comes next finds the card closed.
    use.HangUp();
    ResetAfterModule(environment);
  }
  return status;
}

absl::StatusOr<std::vector<TokenInSlot>> Pkcs11Family::FindTokens(CardEnvironment& environment,
                                                                  const CardFacts& facts,
                                                                  ModuleUse& use) const {
  const auto guarded = [&](const auto& call) {
    return Guarded(environment.control, JobControl::Stage::kCommand, module_->timeouts().command,
                   call);
  };
  ILKIMZA_ASSIGN_OR_RETURN(const std::vector<pkcs11::Slot> slots,
                           guarded([&] { return use.Slots(); }));
  std::vector<pkcs11::Slot> ours;
  for (const pkcs11::Slot& slot : slots) {
    if (DescribesReader(slot.description, facts.reader)) ours.push_back(slot);
  }
  if (ours.empty() && slots.size() == 1) {
    ILKIMZA_ASSIGN_OR_RETURN(const bool only, OnlyCard(environment));
    if (only) ours = slots;
  }
  std::vector<TokenInSlot> tokens;
  for (const pkcs11::Slot& slot : ours) {
    auto token = guarded([&] { return use.ReadToken(slot.id); });
    if (token.ok()) {
      // A slot with neither is an empty place on the card.
      if ((token->flags & (CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED)) == 0) continue;
      tokens.push_back({.slot = slot.id, .token = *std::move(token)});
      continue;
    }
    // A token that the module does not know is not an error: it is not its card.
    const v1::ErrorReason reason = ReasonOf(token.status());
    if (reason != v1::ERROR_REASON_CARD_PROTOCOL && reason != v1::ERROR_REASON_CARD_REMOVED) {
      return token.status();
    }
  }
  return tokens;
}

}  // namespace

std::vector<std::shared_ptr<CardFamily>> Pkcs11Families(
    const std::shared_ptr<pkcs11::Modules>& modules) {
  std::vector<std::shared_ptr<CardFamily>> families;
  for (const auto& module : modules->modules()) {
    families.push_back(std::make_shared<Pkcs11Family>(modules, module));
  }
  return families;
}

}  // namespace ilkimza::agent
