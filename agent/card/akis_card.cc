#include "agent/card/akis_card.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/card/certificate.h"
#include "agent/card/session.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kCachedLayouts = 16;
constexpr uint8_t kVerifyInstruction = 0x20;

absl::Status NoPin() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
                   "This card names no PIN of its holder: it is not set up as an e-signature "
                   "card. Put in the chip that came with the courier.");
}

absl::Status NoPinpad() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_NO_PINPAD,
                   "The PIN cannot be typed on this reader. Nothing was sent to the card; type it "
                   "here instead.");
}

class AkisCard final : public Card {
 public:
  AkisCard(CardSession& session, const CardFacts& facts, LayoutCache& layouts)
      : session_(session), facts_(facts), layouts_(layouts) {}

  absl::StatusOr<std::string> ReadSerial() override { return agent::ReadSerial(session_); }
  absl::StatusOr<CardIdentity> Identify() override;
  absl::StatusOr<std::vector<CardCertificateEntry>> ReadCertificates() override;
  absl::StatusOr<PinInfo> FindPin(std::string_view id) override;
  absl::StatusOr<PinStatus> ReadPinStatus(const PinInfo& pin) override;
  absl::StatusOr<PinAnswer> Verify(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Change(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Unblock(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<std::string> Sign(const CardCertificateEntry& certificate,
                                   std::string_view message) override;
  absl::Status LogOut() override { return agent::LogOut(session_); }

 private:
  absl::StatusOr<std::shared_ptr<const CardLayout>> Layout();
  // The object that `FindPin` found.
  absl::StatusOr<PinObject> Object(const PinInfo& pin);

  CardSession& session_;
  const CardFacts& facts_;
  LayoutCache& layouts_;
};

absl::StatusOr<std::shared_ptr<const CardLayout>> AkisCard::Layout() {
  if (auto known = layouts_.Find(facts_.reader, facts_.insertion)) return known;
  ILKIMZA_ASSIGN_OR_RETURN(CardLayout layout, ReadLayout(session_));
  auto shared = std::make_shared<const CardLayout>(std::move(layout));
  layouts_.Put(facts_.reader, facts_.insertion, shared);
  return shared;
}

absl::StatusOr<CardIdentity> AkisCard::Identify() {
  CardIdentity identity{
      .family = v1::CARD_FAMILY_AKIS_V1,
      .family_display_name = facts_.recognition.display_name,
      .operations = {v1::CARD_OPERATION_LIST_CERTIFICATES, v1::CARD_OPERATION_GET_PIN_STATE,
                     v1::CARD_OPERATION_VERIFY_PIN, v1::CARD_OPERATION_CHANGE_PIN,
                     v1::CARD_OPERATION_TEST_SIGN}};
  ILKIMZA_ASSIGN_OR_RETURN(identity.serial, ReadSerial());
  // A card without a label is a card all the same.
  auto label = ReadTokenLabel(session_);
  if (label.ok()) identity.label = *std::move(label);
  if (!label.ok() && IsCardReset(label.status())) return label.status();
  return identity;
}

absl::StatusOr<std::vector<CardCertificateEntry>> AkisCard::ReadCertificates() {
  ILKIMZA_ASSIGN_OR_RETURN(const auto layout, Layout());
  std::vector<CardCertificateEntry> entries;
  for (const CertificateObject& object : layout->certificates) {
    CardCertificateEntry entry{.label = object.label};
    ILKIMZA_ASSIGN_OR_RETURN(entry.der, ReadFile(session_, object.path));
    const auto key = std::find_if(
        layout->keys.begin(), layout->keys.end(),
        [&](const auto& candidate) { return !object.id.empty() && candidate.id == object.id; });
    if (key != layout->keys.end()) {
      entry.key = absl::StrCat(key->reference);
      entry.pin = key->auth_id;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::StatusOr<PinInfo> AkisCard::FindPin(std::string_view id) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto layout, Layout());
  const PinObject* pin = layout->HolderPin(id);
  if (pin == nullptr) pin = layout->HolderPin();
  if (pin == nullptr) return NoPin();
  return PinInfo{.id = pin->auth_id, .limits = pin->limits, .puk_limits = pin->limits};
}

absl::StatusOr<PinObject> AkisCard::Object(const PinInfo& pin) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto layout, Layout());
  const PinObject* object = layout->HolderPin(pin.id);
  if (object == nullptr) return NoPin();
  return *object;
}

absl::StatusOr<PinStatus> AkisCard::ReadPinStatus(const PinInfo& pin) {
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject object, Object(pin));
  ILKIMZA_ASSIGN_OR_RETURN(const PinTries tries, ReadPinTries(session_, object));
  return PinStatus{.pin = tries};
}

absl::StatusOr<PinAnswer> AkisCard::Verify(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject object, Object(pin));
  if (entry.on_pinpad) {
    ILKIMZA_ASSIGN_OR_RETURN(
        const ResponseApdu response,
        session_.SendFromKeys(
            {.ins = kVerifyInstruction, .p2 = object.reference, .limits = object.limits}));
    return JudgePinAnswer(response.status);
  }
  return VerifyPin(session_, object, entry.current);
}

absl::StatusOr<PinAnswer> AkisCard::Change(const PinInfo& pin, const PinEntry& entry) {
  // Both PINs have their lengths before them, which no reader can fill in.
  if (entry.on_pinpad) return NoPinpad();
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject object, Object(pin));
  return ChangePin(session_, object, entry.current, entry.chosen);
}

absl::StatusOr<PinAnswer> AkisCard::Unblock(const PinInfo&, const PinEntry&) {
  return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                   "This card's PIN cannot be unblocked here. Nothing was sent to the card; ask "
                   "the card's issuer.");
}

absl::StatusOr<std::string> AkisCard::Sign(const CardCertificateEntry& certificate,
                                           std::string_view message) {
  ILKIMZA_ASSIGN_OR_RETURN(const CardCertificate parsed, CardCertificate::Parse(certificate.der));
  int reference = 0;
  if (!absl::SimpleAtoi(certificate.key, &reference) || parsed.modulus_size() == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                     "The certificate's key is not on this card, or of a kind it cannot sign with, "
                     "so nothing was signed. Ask the certificate's issuer.");
  }
  return SignBlock(session_, static_cast<uint8_t>(reference),
                   PaddedDigest(message, parsed.modulus_size()));
}

}  // namespace

std::shared_ptr<const CardLayout> LayoutCache::Find(std::string_view reader,
                                                    uint64_t insertion) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(reader);
  if (found == entries_.end() || found->second.insertion != insertion) return nullptr;
  return found->second.layout;
}

void LayoutCache::Put(std::string_view reader, uint64_t insertion,
                      std::shared_ptr<const CardLayout> layout) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kCachedLayouts) entries_.clear();
  entries_.insert_or_assign(std::string(reader), Entry{insertion, std::move(layout)});
}

void LayoutCache::Drop(std::string_view reader) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(reader);
  if (found != entries_.end()) entries_.erase(found);
}

bool AkisFamily::Recognise(const CardFacts& facts) const {
  return facts.recognition.family == v1::CARD_FAMILY_AKIS_V1;
}

absl::Status AkisFamily::Use(CardEnvironment& environment, const CardFacts& facts,
                             const Work& work) {
  using Nothing = bool;
  return RunOnCard<Nothing>(environment,
                            [&](CardSession& session) -> absl::StatusOr<Nothing> {
                              AkisCard card(session, facts, layouts_);
                              ILKIMZA_RETURN_IF_ERROR(work(card));
                              return true;
                            })
      .status();
}

}  // namespace ilkimza::agent
