#include "sandbox/card/simulator.h"

#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sandbox/card/akis_card.h"
#include "sandbox/card/iso_card.h"
#include "sandbox/card/vpcd_link.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::size_t kSerialBytes = 12;
constexpr std::size_t kMaxAtrBytes = 33;
// Longer than any answer to reset: a reader takes it for a card that is there but
// makes no sense, which is what a mute card looks like to vpcd.
constexpr std::size_t kMuteAtrBytes = kMaxAtrBytes + 1;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }

bool AllOf(std::string_view text, bool (*predicate)(char)) {
  for (const char c : text) {
    if (!predicate(c)) return false;
  }
  return true;
}

std::string FromHex(std::string_view hex) {
  return absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
}

absl::Status Invalid(std::string_view what, std::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("card simulator: ", std::string(what), " has to be ", std::string(rule)));
}

absl::Status Validate(const CardOptions& options) {
  const auto pin_length = [](const std::string& pin) {
    return pin.size() >= kMinPinLength && pin.size() <= kMaxPinLength;
  };
  const auto tries = [](int count) { return count >= 1 && count <= 15; };
  if (!PackSerial(options.serial)) return Invalid("the serial", "1 to 24 digits");
  if (!pin_length(options.pin)) return Invalid("the PIN", "4 to 16 bytes long");
  if (!pin_length(options.puk)) return Invalid("the PUK", "4 to 16 bytes long");
  if (options.kind == CardKind::kMyEid && (options.pin.size() > 8 || options.puk.size() > 8)) {
    return Invalid("the PIN or PUK of a MyEID-like card", "at most 8 bytes long");
  }
  if (options.kind == CardKind::kIsoApplet && options.puk.size() != 16) {
    return Invalid("the PUK of an IsoApplet-like card", "16 bytes long");
  }
  if (!tries(options.max_pin_tries)) return Invalid("the number of PIN tries", "1 to 15");
  if (!tries(options.max_puk_tries)) return Invalid("the number of PUK tries", "1 to 15");
  if (options.holder_name.empty() || options.holder_name.size() > 64) {
    return Invalid("the holder's name", "1 to 64 bytes long");
  }
  if (options.national_id.size() != 11 || !AllOf(options.national_id, IsDigit)) {
    return Invalid("the national id", "11 digits");
  }
  if (options.not_after <= options.not_before) {
    return Invalid("the end of the validity", "after its beginning");
  }
  if (options.version != "1.0" &&
      (options.version.size() != 4 || !AllOf(options.version, IsHexDigit))) {
    return Invalid("the version", "1.0 or four hex digits");
  }
  if (options.atr.size() % 2 != 0 || options.atr.size() > 2 * kMaxAtrBytes ||
      !AllOf(options.atr, IsHexDigit)) {
    return Invalid("the answer to reset", "up to 33 bytes in hex");
  }
  return absl::OkStatus();
}

// T=1, 254 bytes a block, and the name of the operating system in the historical
// bytes; the last byte makes the exclusive or of all but the first zero.
std::string AnswerToReset(const CardOptions& options) {
  if (!options.atr.empty()) return FromHex(options.atr);
  if (options.kind == CardKind::kMyEid) return FromHex("3BF51800008131FE454D794549449A");
  if (options.kind == CardKind::kIsoApplet) return FromHex("3BF81300008131FE454A434F5076323431B7");
  std::string atr;
  if (options.version == "1.0") {
    atr = FromHex("3BBA11008131FE4D") + "UEKAE V1.0";
  } else {
    atr = FromHex("3B9F138131FE458067") + "UEKAE" + FromHex(options.version) +
          FromHex("318073B3A180");
  }
  char check = 0;
  for (const char c : std::string_view(atr).substr(1)) check = static_cast<char>(check ^ c);
  return atr + check;
}

std::unique_ptr<SoftCard> MakeSoftCard(const CardOptions& options, std::string serial,
                                       Credentials credentials) {
  if (options.kind != CardKind::kAkis) {
    // Nothing of the filling of AKİS cards.
    while (serial.back() == '\xFF') serial.pop_back();
  }
  switch (options.kind) {
    case CardKind::kIsoApplet:
      return std::make_unique<IsoCard>(IsoKind::kIsoApplet, std::move(serial),
                                       std::move(credentials));
    case CardKind::kMyEid:
      return std::make_unique<IsoCard>(IsoKind::kMyEid, std::move(serial), std::move(credentials));
    case CardKind::kAkis:
      break;
  }
  const std::string version = options.version == "1.0" ? "\x01" : FromHex(options.version);
  return std::make_unique<AkisCard>(std::move(serial), version, std::move(credentials));
}

}  // namespace

std::optional<std::string> PackSerial(std::string_view digits) {
  if (digits.empty() || digits.size() > 2 * kSerialBytes || !AllOf(digits, IsDigit)) {
    return std::nullopt;
  }
  std::string nibbles(digits);
  nibbles.resize(2 * kSerialBytes, 'F');
  return FromHex(nibbles);
}

std::optional<std::uint8_t> InstructionNamed(std::string_view name) {
  static const auto& names =
      *new std::map<std::string_view, Instruction>{{"select", kSelect},
                                                   {"read", kReadBinary},
                                                   {"verify", kVerify},
                                                   {"change", kChangePin},
                                                   {"unblock", kResetRetryCounter},
                                                   {"mse", kManageSecurityEnvironment},
                                                   {"get-data", kGetData},
                                                   {"list", kListFiles},
                                                   {"logout", kLogOut},
                                                   {"sign", kPerformSecurityOperation}};
  if (const auto found = names.find(name); found != names.end()) return found->second;
  if (name.size() != 2 || !AllOf(name, IsHexDigit)) return std::nullopt;
  return static_cast<std::uint8_t>(FromHex(name)[0]);
}

absl::StatusOr<std::unique_ptr<CardSimulator>> CardSimulator::Create(CardOptions options) {
  if (absl::Status valid = Validate(options); !valid.ok()) return valid;
  auto credentials = IssueCredentials({.serial = options.serial,
                                       .holder_name = options.holder_name,
                                       .national_id = options.national_id,
                                       .certificate_number = options.certificate_number,
                                       .not_before = options.not_before,
                                       .not_after = options.not_after,
                                       .elliptic = options.kind == CardKind::kMyEid,
                                       .key_directory = options.key_directory});
  if (!credentials.ok()) return credentials.status();
  std::string serial = *PackSerial(options.serial);
  return std::unique_ptr<CardSimulator>(
      new CardSimulator(std::move(options), std::move(serial), *std::move(credentials)));
}

CardSimulator::CardSimulator(CardOptions options, std::string serial, Credentials credentials)
    : options_(std::move(options)),
      card_(MakeSoftCard(options_, std::move(serial), std::move(credentials))) {
  card_->pin() = {.value = options_.pin,
                  .max_tries = options_.max_pin_tries,
                  .tries_left = options_.max_pin_tries};
  card_->puk() = {.value = options_.puk,
                  .max_tries = options_.max_puk_tries,
                  .tries_left = options_.max_puk_tries};
  if (options_.empty_verify) card_->set_empty_verify(*options_.empty_verify);
  card_->set_tells_tries(options_.tells_tries);
}

CardSimulator::~CardSimulator() { Remove(); }

absl::Status CardSimulator::Insert(const std::string& host, int port, absl::Duration timeout) {
  const std::lock_guard inserting(link_mutex_);
  StopLink();
  {
    const std::lock_guard lock(mutex_);
    host_ = host;
    port_ = port;
  }
  StartLink();
  if (link_->WaitUntilInReader(timeout)) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("no virtual reader takes the card at ", host, ":",
                                                  port, ": start pcscd with vpcd there"));
}

void CardSimulator::Remove() {
  const std::lock_guard removing(link_mutex_);
  StopLink();
}

void CardSimulator::StartLink() {
  auto link = std::make_unique<VpcdLink>(
      host_, port_,
      VpcdLink::Card{
          .reset = [this] { Reset(); },
          .answer_to_reset =
              [this] {
                const std::lock_guard lock(mutex_);
                return mute_ ? std::string(kMuteAtrBytes, '\0') : AnswerToReset(options_);
              },
          .transmit = [this](std::string_view apdu,
                             const std::stop_token& stop) { return Process(apdu, stop); }});
  const std::lock_guard lock(mutex_);
  link_ = std::move(link);
}

void CardSimulator::StopLink() {
  std::unique_ptr<VpcdLink> link;
  {
    const std::lock_guard lock(mutex_);
    link = std::move(link_);
  }
}

bool CardSimulator::inserted() const {
  const std::lock_guard lock(mutex_);
  return link_ != nullptr && link_->alive();
}

void CardSimulator::Reset() {
  const std::lock_guard lock(mutex_);
  card_->Reset();
}

std::optional<std::string> CardSimulator::Process(std::string_view apdu,
                                                  const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::uint8_t instruction = apdu.size() < 2 ? 0 : static_cast<std::uint8_t>(apdu[1]);
  if (apdu.size() >= 2) ++counts_[instruction];
  if (latency_ > absl::ZeroDuration()) {
    changed_.wait_for(lock, stop, absl::ToChronoMilliseconds(latency_), [] { return false; });
  }
  if (mute_ || stop.stop_requested() || Take(Fault::kDieBefore, instruction)) return std::nullopt;
  std::string response = card_->Process(apdu);
  if (Take(Fault::kDieAfter, instruction)) return std::nullopt;
  if (Take(Fault::kStall, instruction)) {
    stalled_ = true;
    changed_.wait(lock, stop, [&] { return !stalled_; });
    if (stop.stop_requested()) return std::nullopt;
  }
  return response;
}

void CardSimulator::SetMute(bool mute) {
  const std::lock_guard changing(link_mutex_);
  const bool in = inserted();
  if (in) StopLink();
  {
    const std::lock_guard lock(mutex_);
    mute_ = mute;
  }
  if (in) StartLink();
}

void CardSimulator::Arm(Fault fault, std::uint8_t instruction) {
  const std::lock_guard lock(mutex_);
  faults_[instruction] = fault;
}

bool CardSimulator::Take(Fault fault, std::uint8_t instruction) {
  const auto armed = faults_.find(instruction);
  if (armed == faults_.end() || armed->second != fault) return false;
  faults_.erase(armed);
  return true;
}

void CardSimulator::DieBefore(std::uint8_t instruction) { Arm(Fault::kDieBefore, instruction); }
void CardSimulator::DieAfter(std::uint8_t instruction) { Arm(Fault::kDieAfter, instruction); }
void CardSimulator::Stall(std::uint8_t instruction) { Arm(Fault::kStall, instruction); }

void CardSimulator::Resume() {
  const std::lock_guard lock(mutex_);
  stalled_ = false;
  changed_.notify_all();
}

void CardSimulator::SetLatency(absl::Duration latency) {
  const std::lock_guard lock(mutex_);
  latency_ = latency;
}

PinTries CardSimulator::tries_left() const {
  const std::lock_guard lock(mutex_);
  return {.pin = card_->pin().tries_left, .puk = card_->puk().tries_left};
}

absl::Status CardSimulator::SetTries(PinObject& pin, int tries) {
  const std::lock_guard lock(mutex_);
  if (tries < 0 || tries > pin.max_tries) {
    return Invalid("the number of tries left", absl::StrCat("0 to ", pin.max_tries));
  }
  pin.tries_left = tries;
  return absl::OkStatus();
}

absl::Status CardSimulator::SetValue(PinObject& pin, std::string value) {
  const std::lock_guard lock(mutex_);
  if (value.size() < kMinPinLength || value.size() > kMaxPinLength) {
    return Invalid("a PIN or PUK", "4 to 16 bytes long");
  }
  pin.value = std::move(value);
  return absl::OkStatus();
}

absl::Status CardSimulator::SetPinTriesLeft(int tries) { return SetTries(card_->pin(), tries); }
absl::Status CardSimulator::SetPukTriesLeft(int tries) { return SetTries(card_->puk(), tries); }
absl::Status CardSimulator::SetPin(std::string pin) {
  return SetValue(card_->pin(), std::move(pin));
}
absl::Status CardSimulator::SetPuk(std::string puk) {
  return SetValue(card_->puk(), std::move(puk));
}

std::string CardSimulator::pin() const {
  const std::lock_guard lock(mutex_);
  return card_->pin().value;
}

std::string CardSimulator::puk() const {
  const std::lock_guard lock(mutex_);
  return card_->puk().value;
}

bool CardSimulator::pin_verified() const {
  const std::lock_guard lock(mutex_);
  return card_->pin().verified;
}

std::string CardSimulator::answer_to_reset() const { return AnswerToReset(options_); }

std::string CardSimulator::authority_certificate() const {
  return CertificateToPem(card_->credentials().authority_certificate);
}

std::string CardSimulator::qualified_certificate() const {
  return CertificateToPem(card_->credentials().qualified_certificate);
}

int CardSimulator::CommandCount(std::uint8_t instruction) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(instruction);
  return found == counts_.end() ? 0 : found->second;
}

std::map<std::uint8_t, int> CardSimulator::CommandCounts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void CardSimulator::ResetCommandCounts() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
}

}  // namespace ilkimza::sandbox
