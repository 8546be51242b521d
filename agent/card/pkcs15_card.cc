#include "agent/card/pkcs15_card.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "agent/card/certificate.h"
#include "agent/card/file_card.h"
#include "agent/card/session.h"
#include "agent/card/tlv.h"
#include "base/error.h"
#include "base/secret.h"

namespace ilkimza::agent {
namespace {

constexpr uint8_t kSelect = 0xA4, kVerify = 0x20, kChange = 0x24, kUnblock = 0x2C,
                  kManageSecurity = 0x22, kPerformSecurity = 0x2A;
constexpr uint8_t kById = 0x00, kInDirectory = 0x02, kByName = 0x04, kByPath = 0x08;
constexpr std::string_view kIsoApplet("\xF2\x76\xA2\x88\xBC\xFB\xA6\x9D\x34\xF3\x10\x01", 12);
constexpr std::string_view kMasterFile("\x3F\x00", 2);
constexpr std::string_view kDirPath("\x3F\x00\x2F\x00", 4);
constexpr std::string_view kObjectDirectoryId("\x50\x31", 2);
constexpr std::string_view kTokenInfoId("\x50\x32", 2);
// Room for two PINs of any length a card may ask for: never reallocated.
constexpr std::size_t kPinRoom = 256;

// What is known of a kind of card beyond what it says of itself.
struct CardProfile {
  const char* display_name = "PKCS#15";
  // An empty VERIFY tells the tries left and spends none.
  bool empty_verify = false;
  // As many as there are at the beginning.
  int pin_tries = 0;
  // Unblocks PINs with a PUK that its directory does not name.
  bool has_puk = false;
  // 0: as long as the PIN. A PUK that the directory does not name.
  int puk_length = 0;
  // References of the algorithms; nothing where the card wants none.
  std::optional<uint8_t> rsa;
  std::optional<uint8_t> elliptic;
  // Keys are named by the file they lie in.
  bool key_by_file = false;
};

// By what is public about these cards; no real one was at hand.
constexpr std::array<CardProfile, 3> kProfiles = {CardProfile{},
                                                  CardProfile{.display_name = "PKCS#15 (IsoApplet)",
                                                              .empty_verify = true,
                                                              .pin_tries = 3,
                                                              .has_puk = true,
                                                              .puk_length = 16,
                                                              .rsa = 0x11,
                                                              .elliptic = 0x21},
                                                  CardProfile{.display_name = "PKCS#15 (MyEID)",
                                                              .empty_verify = true,
                                                              .pin_tries = 3,
                                                              .has_puk = true,
                                                              .rsa = 0x02,
                                                              .elliptic = 0x04,
                                                              .key_by_file = true}};
constexpr int kPlain = 0, kIsoAppletCard = 1, kMyEidCard = 2;

absl::Status NoUnblocking(std::string_view what) {
  return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                   absl::StrCat("This card ", absl::string_view(what.data(), what.size()),
                                ". Nothing was sent to it; ask the card's issuer how it is done."));
}

class Pkcs15Card final : public FileCard {
 public:
  using FileCard::FileCard;

  // Finds the application; CARD_UNSUPPORTED where the card has none.
  absl::Status Open();

  absl::StatusOr<CardIdentity> Identify() override;
  absl::StatusOr<PinInfo> FindPin(std::string_view id) override;
  absl::StatusOr<PinStatus> ReadPinStatus(const PinInfo& pin) override;
  absl::StatusOr<PinAnswer> Verify(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Change(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<PinAnswer> Unblock(const PinInfo& pin, const PinEntry& entry) override;
  absl::StatusOr<std::string> Sign(const CardCertificateEntry& certificate,
                                   std::string_view message) override;

 private:
  [[nodiscard]] const CardProfile& profile() const {
    return kProfiles[static_cast<std::size_t>(memory_.profile.value_or(kPlain))];
  }
  absl::StatusOr<std::string> AskSerial() override;
  absl::StatusOr<ResponseApdu> SendSelect(uint8_t p1, std::string_view data);
  // An IsoApplet knows nothing before it is selected; false where it refuses.
  absl::StatusOr<bool> EnterApplet();
  // The application becomes the current directory, by its id; false where the card does
  // not take it.
  absl::StatusOr<bool> EnterApplication();
  absl::StatusOr<std::optional<std::string>> Select(const std::string& path) override;
  absl::StatusOr<std::optional<std::string>> SelectInApplication(std::string_view file);
  // `path` begins with the master file.
  absl::StatusOr<std::optional<std::string>> SelectFromMaster(std::string_view path);
  absl::StatusOr<std::string> ReadObjectDirectory() override;
  absl::StatusOr<TokenInfo> ReadTokenInfo();
  absl::StatusOr<PinTries> AskTries(const PinObject& pin);
  absl::Status EnterPinDirectory(const PinObject& pin);
  absl::StatusOr<PinObject> PukOf(const PinObject& pin);
  absl::StatusOr<PinAnswer> SendAttempt(uint8_t instruction, const PinObject& first_object,
                                        std::string_view first, const PinObject& pin,
                                        std::string_view second);
  absl::StatusOr<PinAnswer> SendFromKeys(uint8_t instruction, const PinObject& first,
                                         const PinObject& pin);

  bool in_applet_ = false;
  bool in_application_ = false;
};

absl::StatusOr<ResponseApdu> Pkcs15Card::SendSelect(uint8_t p1, std::string_view data) {
  memory_.stamp_selected = false;
  return channel_.Send({.ins = kSelect, .p1 = p1, .data = data, .le = kLeAll});
}

absl::StatusOr<bool> Pkcs15Card::EnterApplet() {
  if (memory_.profile != kIsoAppletCard || in_applet_) return true;
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu applet, SendSelect(kByName, kIsoApplet));
  in_applet_ = applet.status.Success();
  return in_applet_;
}

absl::StatusOr<bool> Pkcs15Card::EnterApplication() {
  if (in_application_) return true;
  // Found by its path, since the card takes no name.
  if (!memory_.application_path.empty()) return false;
  ILKIMZA_ASSIGN_OR_RETURN(const bool applet, EnterApplet());
  if (!applet) return false;
  for (const std::string_view id : {kPkcs15Id, kIso7816Part15Id}) {
    if (!memory_.application_id.empty() && memory_.application_id != id) continue;
    ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response, SendSelect(kByName, id));
    if (!response.status.Success()) continue;
    memory_.application_id = id;
    in_application_ = true;
    return true;
  }
  return false;
}

absl::Status Pkcs15Card::Open() {
  if (memory_.profile) return absl::OkStatus();
  if (HistoricalBytes(facts_.atr).find("MyEID") != std::string_view::npos) {
    memory_.profile = kMyEidCard;
  } else {
    ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu applet, SendSelect(kByName, kIsoApplet));
    in_applet_ = applet.status.Success();
    if (in_applet_) memory_.profile = kIsoAppletCard;
  }
  ILKIMZA_ASSIGN_OR_RETURN(const bool entered, EnterApplication());
  if (!entered) {
    const auto dir = ReadPath(std::string(kDirPath), Extent::kAllObjects);
    // A card of another world answers a SELECT as it likes.
    if (!dir.ok() && ReasonOf(dir.status()) != v1::ERROR_REASON_CARD_PROTOCOL) return dir.status();
    if (dir.ok() && *dir) memory_.application_path = FindApplicationPath(**dir);
    if (memory_.application_path.empty()) {
      memory_.profile.reset();
      return NotSetUp("PKCS#15 application");
    }
  }
  if (!memory_.profile) memory_.profile = kPlain;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Pkcs15Card::Select(const std::string& path) {
  const std::string_view application = memory_.application_path;
  std::string_view rest = path;
  if (rest.substr(0, 2) != kMasterFile) {
    if (application.empty()) return SelectInApplication(rest);
    return SelectFromMaster(absl::StrCat(memory_.application_path, path));
  }
  return SelectFromMaster(rest);
}

absl::StatusOr<std::optional<std::string>> Pkcs15Card::SelectInApplication(std::string_view file) {
  ILKIMZA_ASSIGN_OR_RETURN(const bool entered, EnterApplication());
  if (!entered) return std::nullopt;
  while (!file.empty()) {
    ILKIMZA_ASSIGN_OR_RETURN(ResponseApdu response, SendSelect(kById, file.substr(0, 2)));
    if (!response.status.Success()) {
      ILKIMZA_ASSIGN_OR_RETURN(response, SendSelect(kInDirectory, file.substr(0, 2)));
    }
    if (response.status.NotFound()) return std::nullopt;
    if (!response.status.Success()) return UnexpectedAnswer("SELECT", response.status);
    file.remove_prefix(2);
    if (!file.empty()) {
      in_application_ = false;
      continue;
    }
    const auto information = FindTlv(response.data, 0x6F);
    return std::string(information ? information->value : std::string_view(response.data));
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<std::string>> Pkcs15Card::SelectFromMaster(std::string_view path) {
  in_application_ = false;
  ILKIMZA_ASSIGN_OR_RETURN(const bool applet, EnterApplet());
  if (!applet) return std::nullopt;
  const std::string_view below = path.substr(kMasterFile.size());
  ILKIMZA_ASSIGN_OR_RETURN(ResponseApdu response,
                           below.empty() ? SendSelect(kById, path) : SendSelect(kByPath, below));
  if (response.status.NotFound()) return std::nullopt;
  if (!response.status.Success()) {
    // A card that takes no paths: step by step.
    for (std::string_view step = path; !step.empty(); step.remove_prefix(2)) {
      ILKIMZA_ASSIGN_OR_RETURN(response, SendSelect(kById, step.substr(0, 2)));
      if (response.status.NotFound()) return std::nullopt;
      if (!response.status.Success()) return UnexpectedAnswer("SELECT", response.status);
    }
  }
  const auto information = FindTlv(response.data, 0x6F);
  return std::string(information ? information->value : std::string_view(response.data));
}

absl::StatusOr<std::string> Pkcs15Card::ReadObjectDirectory() {
  ILKIMZA_ASSIGN_OR_RETURN(auto content,
                           ReadPath(std::string(kObjectDirectoryId), Extent::kAllObjects));
  if (!content) return NotSetUp("PKCS#15 object directory");
  return *std::move(content);
}

absl::StatusOr<TokenInfo> Pkcs15Card::ReadTokenInfo() {
  ILKIMZA_ASSIGN_OR_RETURN(const auto content,
                           ReadPath(std::string(kTokenInfoId), Extent::kFirstObject));
  return ParseTokenInfo(content.value_or(""));
}

absl::StatusOr<std::string> Pkcs15Card::AskSerial() {
  ILKIMZA_ASSIGN_OR_RETURN(const TokenInfo info, ReadTokenInfo());
  return absl::AsciiStrToUpper(absl::BytesToHexString(info.serial));
}

absl::StatusOr<CardIdentity> Pkcs15Card::Identify() {
  ILKIMZA_ASSIGN_OR_RETURN(const TokenInfo info, ReadTokenInfo());
  ILKIMZA_ASSIGN_OR_RETURN(const ObjectDirectory* directory, Directory());
  if (directory->certificates.empty() && directory->authentication_objects.empty()) {
    return NotSetUp("PKCS#15 objects");
  }
  const std::string serial = absl::AsciiStrToUpper(absl::BytesToHexString(info.serial));
  TakeSerial(serial);
  CardIdentity identity{.family = v1::CARD_FAMILY_PKCS15,
                        .family_display_name = profile().display_name,
                        .serial = serial,
                        .label = info.label,
                        .operations = {v1::CARD_OPERATION_LIST_CERTIFICATES}};
  const auto found = FindPin("");
  if (!found.ok()) {
    if (ReasonOf(found.status()) == v1::ERROR_REASON_CARD_UNSUPPORTED) return identity;
    return found.status();
  }
  ILKIMZA_ASSIGN_OR_RETURN(const auto* keys, Keys());
  const auto names_pin = [&](const PrivateKeyObject& key) {
    const auto pin = FindPin(key.auth_id);
    return pin.ok() && pin->settled;
  };
  // Of several PINs none can be told from the others.
  if (!found->settled && std::none_of(keys->begin(), keys->end(), names_pin)) return identity;
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* pin, PinObjectOf(*found));
  identity.operations.push_back(v1::CARD_OPERATION_GET_PIN_STATE);
  if (pin->encoding == PinEncoding::kOther) return identity;
  identity.operations.push_back(v1::CARD_OPERATION_VERIFY_PIN);
  if (!pin->change_disabled) identity.operations.push_back(v1::CARD_OPERATION_CHANGE_PIN);
  if (PukOf(*pin).ok()) identity.operations.push_back(v1::CARD_OPERATION_UNBLOCK_PIN);
  if (!keys->empty()) identity.operations.push_back(v1::CARD_OPERATION_TEST_SIGN);
  return identity;
}

absl::StatusOr<PinTries> Pkcs15Card::AskTries(const PinObject& pin) {
  // Never where it is not known to be harmless: some cards burn a try.
  if (!profile().empty_verify) return PinTries{};
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                           channel_.Send({.ins = kVerify, .p2 = pin.reference}));
  const PinAnswer answer = JudgePinAnswer(response.status);
  if (!answer.tries_left) return PinTries{};
  if (*answer.tries_left >= profile().pin_tries) {
    return PinTries{v1::TRIES_LEFT_ALL, answer.tries_left};
  }
  return JudgeCount(*answer.tries_left);
}

absl::StatusOr<PinInfo> Pkcs15Card::FindPin(std::string_view id) {
  ILKIMZA_ASSIGN_OR_RETURN(PinInfo pin, FileCard::FindPin(id));
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  // Also of a PUK that the directory does not name: a shorter one would be filled up and
  // sent, at the price of a try.
  if (const auto puk = PukOf(*object); puk.ok()) pin.puk_limits = puk->limits;
  return pin;
}

absl::StatusOr<PinStatus> Pkcs15Card::ReadPinStatus(const PinInfo& pin) {
  PinStatus status;
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  ILKIMZA_RETURN_IF_ERROR(EnterPinDirectory(*object));
  ILKIMZA_ASSIGN_OR_RETURN(status.pin, AskTries(*object));
  status.not_initialised = !object->initialised;
  // The PUK is not asked: what an empty VERIFY of one does is known of no card.
  if (PukOf(*object).ok()) status.puk = PinTries{};
  return status;
}

absl::Status Pkcs15Card::EnterPinDirectory(const PinObject& pin) {
  std::string path = pin.path;
  if (path.empty()) {
    ILKIMZA_ASSIGN_OR_RETURN(const bool entered, EnterApplication());
    if (entered) return absl::OkStatus();
    path = memory_.application_path;
  }
  ILKIMZA_ASSIGN_OR_RETURN(const auto selected, Select(path));
  return selected ? absl::OkStatus() : UnexpectedAnswer("SELECT", StatusWord(0x6A82));
}

absl::StatusOr<PinObject> Pkcs15Card::PukOf(const PinObject& pin) {
  if (pin.unblock_disabled) return NoUnblocking("does not let its PIN be unblocked");
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* named, PukObjectOf(pin));
  if (named != nullptr && named->encoding != PinEncoding::kOther) return *named;
  if (named != nullptr || !profile().has_puk) return NoUnblocking("names no PUK");
  PinObject puk = pin;
  if (profile().puk_length > 0) {
    puk.padded_length = profile().puk_length;
    puk.limits.min_length = puk.limits.max_length = puk.padded_length;
  }
  return puk;
}

absl::StatusOr<PinAnswer> Pkcs15Card::SendAttempt(uint8_t instruction,
                                                  const PinObject& first_object,
                                                  std::string_view first, const PinObject& pin,
                                                  std::string_view second) {
  std::string data;
  const WipeGuard wipe(data);
  data.reserve(kPinRoom);
  const bool two = instruction != kVerify;
  // An empty VERIFY spends a try on some cards.
  if (first.empty() || !AppendPin(first, first_object, data) ||
      (two && (second.empty() || !AppendPin(second, pin, data)))) {
    return PinAnswer{.verdict = PinVerdict::kRefused};
  }
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu response,
      channel_.Send({.ins = instruction, .p2 = pin.reference, .data = data, .attempt = true}));
  return JudgePinAnswer(response.status);
}

absl::StatusOr<PinAnswer> Pkcs15Card::SendFromKeys(uint8_t instruction, const PinObject& first,
                                                   const PinObject& pin) {
  const bool two = instruction != kVerify;
  // The reader knows one length and one filling for both.
  const bool alike = first.padded_length == pin.padded_length && first.pad == pin.pad &&
                     first.encoding == pin.encoding && first.limits.charset == pin.limits.charset;
  if (pin.encoding != PinEncoding::kText || pin.padded_length < 0 || (two && !alike)) {
    return KeysUnusable();
  }
  PinLimits limits = pin.limits;
  limits.min_length = std::min(limits.min_length, first.limits.min_length);
  limits.max_length = std::max(limits.max_length, first.limits.max_length);
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu response,
      channel_.SendFromKeys({.ins = instruction,
                             .p2 = pin.reference,
                             .limits = limits,
                             .padded_length = static_cast<std::size_t>(pin.padded_length),
                             .filler = pin.pad.value_or(0),
                             .modify = two}));
  return JudgePinAnswer(response.status);
}

absl::StatusOr<PinAnswer> Pkcs15Card::Verify(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  if (entry.on_pinpad) return SendFromKeys(kVerify, *object, *object);
  return SendAttempt(kVerify, *object, entry.current, *object, "");
}

absl::StatusOr<PinAnswer> Pkcs15Card::Change(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  if (entry.on_pinpad) return SendFromKeys(kChange, *object, *object);
  return SendAttempt(kChange, *object, entry.current, *object, entry.chosen);
}

absl::StatusOr<PinAnswer> Pkcs15Card::Unblock(const PinInfo& pin, const PinEntry& entry) {
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* object, PinObjectOf(pin));
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject puk, PukOf(*object));
  if (entry.on_pinpad) return SendFromKeys(kUnblock, puk, *object);
  return SendAttempt(kUnblock, puk, entry.current, *object, entry.chosen);
}

absl::StatusOr<std::string> Pkcs15Card::Sign(const CardCertificateEntry& certificate,
                                             std::string_view message) {
  ILKIMZA_ASSIGN_OR_RETURN(const PrivateKeyObject* key, KeyObjectOf(certificate));
  const bool rsa = key->kind == KeyKind::kRsa;
  std::string environment;
  if (const auto algorithm = rsa ? profile().rsa : profile().elliptic) {
    environment += {'\x80', '\x01', static_cast<char>(*algorithm)};
  }
  uint8_t reference = key->reference;
  if (profile().key_by_file && key->path.size() >= 2) {
    environment += {'\x81', '\x02'};
    environment += key->path.substr(key->path.size() - 2);
    reference = 0;
  }
  environment += {'\x84', '\x01', static_cast<char>(reference)};
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu chosen,
      channel_.Send({.ins = kManageSecurity, .p1 = 0x41, .p2 = 0xB6, .data = environment}));
  if (!chosen.status.Success()) {
    return UnexpectedAnswer("MANAGE SECURITY ENVIRONMENT", chosen.status);
  }
  const std::string digest = rsa ? DigestInfo(message) : Digest(message);
  ILKIMZA_ASSIGN_OR_RETURN(
      const ResponseApdu signature,
      channel_.Send(
          {.ins = kPerformSecurity, .p1 = 0x9E, .p2 = 0x9A, .data = digest, .le = kLeAll}));
  if (!signature.status.Success()) {
    return UnexpectedAnswer("PERFORM SECURITY OPERATION", signature.status);
  }
  return rsa ? signature.data : EllipticSignatureDer(signature.data);
}

}  // namespace

bool AppendPin(std::string_view typed, const PinObject& pin, std::string& out) {
  const std::size_t start = out.size();
  const auto digit = [&](std::size_t i) { return static_cast<uint8_t>(typed[i] - '0'); };
  const bool digits =
      std::all_of(typed.begin(), typed.end(), [](char c) { return c >= '0' && c <= '9'; });
  switch (pin.encoding) {
    case PinEncoding::kText:
      out += typed;
      break;
    case PinEncoding::kBcd:
      if (!digits) return false;
      for (std::size_t i = 0; i < typed.size(); i += 2) {
        const bool odd = i + 1 == typed.size();
        if (odd && !pin.pad) return false;
        const uint8_t low = odd ? *pin.pad & 0x0F : digit(i + 1);
        out += static_cast<char>((digit(i) << 4) | low);
      }
      break;
    case PinEncoding::kIso9564: {
      constexpr std::size_t kDigits = 12, kBlock = 8;
      if (!digits || typed.size() > kDigits) return false;
      out += static_cast<char>(0x20 | typed.size());
      for (std::size_t i = 0; i < typed.size(); i += 2) {
        out += static_cast<char>((digit(i) << 4) | (i + 1 < typed.size() ? digit(i + 1) : 0x0F));
      }
      out.append(start + kBlock - out.size(), '\xFF');
      return true;
    }
    case PinEncoding::kOther:
      return false;
  }
  if (pin.padded_length == 0) return true;
  const auto length = static_cast<std::size_t>(pin.padded_length);
  if (out.size() - start > length) return false;
  out.append(start + length - out.size(), static_cast<char>(pin.pad.value_or(0)));
  return true;
}

bool Pkcs15Family::Recognise(const CardFacts& facts) const {
  return !facts.recognition.akis && !facts.atr.empty();
}

absl::Status Pkcs15Family::Use(CardEnvironment& environment, const CardFacts& facts,
                               const Work& work) {
  return UseSession(environment, [&](CardSession& session) -> absl::Status {
    ILKIMZA_ASSIGN_OR_RETURN(const auto card, OpenPkcs15Card(session, facts, memories_));
    return work(*card);
  });
}

absl::StatusOr<std::unique_ptr<Card>> OpenPkcs15Card(CardChannel& channel, const CardFacts& facts,
                                                     CardMemories& memories) {
  auto card = std::make_unique<Pkcs15Card>(channel, facts, memories);
  ILKIMZA_RETURN_IF_ERROR(card->Open());
  return card;
}

}  // namespace ilkimza::agent
