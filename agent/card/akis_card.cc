#include "agent/card/akis_card.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/card/akis.h"
#include "agent/card/certificate.h"
#include "agent/card/file_card.h"
#include "agent/card/pinpad.h"
#include "agent/card/session.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr uint8_t kVerifyInstruction = 0x20;
constexpr std::string_view kDirPath("\x3F\x00\x2F\x00", 4);
constexpr std::string_view kApplicationPath("\x3F\x00\x3D\x00", 4);
constexpr std::string_view kObjectDirectoryId("\x50\x31", 2);

std::string Join(std::string_view directory, std::string_view file) {
  return std::string(directory).append(file);
}

class AkisCard final : public FileCard {
 public:
  using FileCard::FileCard;

  absl::StatusOr<CardIdentity> Identify() override;
  absl::StatusOr<PinInfo> FindPin(std::string_view id) override;
  absl::StatusOr<PinStatus> ReadPinStatus(const PinInfo& pin) override;
  absl::StatusOr<PinAnswer> Verify(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Change(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Unblock(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<std::string> Sign(const CardCertificateEntry& certificate,
                                   std::string_view message) override;

 private:
  absl::StatusOr<std::string> AskSerial() override { return agent::ReadSerial(channel_); }
  absl::StatusOr<std::optional<std::string>> Select(const std::string& path) override {
    return SelectPath(channel_, path);
  }
  absl::StatusOr<std::string> ReadObjectDirectory() override;
};

absl::StatusOr<std::string> AkisCard::ReadObjectDirectory() {
  ILKIMZA_ASSIGN_OR_RETURN(
      auto content, ReadPath(Join(kApplicationPath, kObjectDirectoryId), Extent::kAllObjects));
  if (content) return *std::move(content);
  // Not where AKİS has it: where EF.DIR says.
  ILKIMZA_ASSIGN_OR_RETURN(const auto dir, ReadPath(std::string(kDirPath), Extent::kAllObjects));
  const std::string application = dir ? FindApplicationPath(*dir) : std::string();
  if (application.empty()) return NotSetUp("PKCS#15 application");
  ILKIMZA_ASSIGN_OR_RETURN(content,
                           ReadPath(Join(application, kObjectDirectoryId), Extent::kAllObjects));
  if (!content) return NotSetUp("PKCS#15 object directory");
  return *std::move(content);
}

absl::StatusOr<CardIdentity> AkisCard::Identify() {
  CardIdentity identity{
      .family = v1::CARD_FAMILY_AKIS_V1,
      .family_display_name = facts_.recognition.display_name,
      .operations = {v1::CARD_OPERATION_LIST_CERTIFICATES, v1::CARD_OPERATION_GET_PIN_STATE,
                     v1::CARD_OPERATION_VERIFY_PIN, v1::CARD_OPERATION_CHANGE_PIN,
                     v1::CARD_OPERATION_UNBLOCK_PIN, v1::CARD_OPERATION_TEST_SIGN}};
  // Its label would cost two commands more, and names the operating system again.
  ILKIMZA_ASSIGN_OR_RETURN(identity.serial, ReadSerial());
  return identity;
}

absl::StatusOr<PinInfo> AkisCard::FindPin(std::string_view id) {
  ILKIMZA_ASSIGN_OR_RETURN(PinInfo pin, FileCard::FindPin(id));
  for (PinLimits* limits : {&pin.limits, &pin.puk_limits}) {
    limits->max_length = std::min(limits->max_length, static_cast<int>(kAkisPinLength));
  }
  return pin;
}

absl::StatusOr<PinStatus> AkisCard::ReadPinStatus(const PinInfo& pin) {
  PinStatus status;
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  memory_.stamp_selected = false;
  ILKIMZA_ASSIGN_OR_RETURN(status.pin, ReadPinTries(channel_, *object));
  status.not_initialised = !object->initialised;
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* puk, PukObjectOf(*object));
  if (puk == nullptr || !pin.ask_puk) return status;
  ILKIMZA_ASSIGN_OR_RETURN(status.puk, ReadPinTries(channel_, *puk));
  return status;
}

absl::StatusOr<PinAnswer> AkisCard::Verify(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  if (entry.on_pinpad) {
    ILKIMZA_ASSIGN_OR_RETURN(
        const ResponseApdu response,
        channel_.SendFromKeys(
            {.ins = kVerifyInstruction, .p2 = object->reference, .limits = object->limits}));
    return JudgePinAnswer(response.status);
  }
  return VerifyPin(channel_, *object, entry.current);
}

absl::StatusOr<PinAnswer> AkisCard::Change(const PinInfo& pin, const PinEntry& entry) {
  // Both PINs have their lengths before them, which no reader can fill in.
  if (entry.on_pinpad) return KeysUnusable();
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  return ChangePin(channel_, *object, entry.current, entry.chosen);
}

absl::StatusOr<PinAnswer> AkisCard::Unblock(const PinInfo& pin, const PinEntry& entry) {
  if (entry.on_pinpad) return KeysUnusable();
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  return UnblockPin(channel_, *object, entry.current, entry.chosen);
}

absl::StatusOr<std::string> AkisCard::Sign(const CardCertificateEntry& certificate,
                                           std::string_view message) {
  ILKIMZA_ASSIGN_OR_RETURN(const PrivateKeyObject* key, KeyObjectOf(certificate));
  const std::size_t modulus = certificate.parsed ? certificate.parsed->modulus_size() : 0;
  if (modulus == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                     "The certificate's key is of a kind that this card cannot sign with, so "
                     "nothing was signed. Ask the certificate's issuer.");
  }
  memory_.stamp_selected = false;
  return SignBlock(channel_, key->reference, PaddedDigest(message, modulus));
}

}  // namespace

bool AkisFamily::Recognise(const CardFacts& facts) const {
  return facts.recognition.family == v1::CARD_FAMILY_AKIS_V1;
}

absl::Status AkisFamily::Use(CardEnvironment& environment, const CardFacts& facts,
                             const Work& work) {
  return UseSession(environment, [&](CardSession& session) {
    return work(*MakeAkisCard(session, facts, memories_));
  });
}

std::unique_ptr<Card> MakeAkisCard(CardChannel& channel, const CardFacts& facts,
                                   CardMemories& memories) {
  return std::make_unique<AkisCard>(channel, facts, memories);
}

}  // namespace ilkimza::agent
