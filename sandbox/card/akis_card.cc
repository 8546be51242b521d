#include "sandbox/card/akis_card.h"

#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "sandbox/card/der.h"

namespace ilkimza::sandbox {
namespace {

constexpr int kMaxRead = 0xF4;
constexpr std::size_t kMaxSignInput = 256;
constexpr std::uint8_t kChained = 0x10;

// Bits of tag 90.
constexpr std::uint8_t kValid = 0x02, kPinNeeded = 0x04, kReadable = 0x10, kEnteredWrongly = 0x40,
                       kLastTry = 0x80;

std::uint8_t SecurityByte(const PinObject& pin) {
  std::uint8_t bits = pin.tries_left > 0 ? kValid : 0;
  if (!pin.verified) bits |= kPinNeeded;
  if (pin.tries_left < pin.max_tries) bits |= kEnteredWrongly;
  if (pin.tries_left <= 1) bits |= kLastTry;
  return bits;
}

// The two halves of [length][first][length][second]; nothing where the lengths do
// not add up to exactly `data`.
std::optional<std::array<std::string_view, 2>> TwoPins(std::string_view data) {
  std::array<std::string_view, 2> out;
  for (std::string_view& half : out) {
    if (data.empty()) return std::nullopt;
    const std::size_t size = static_cast<std::uint8_t>(data[0]);
    if (data.size() < 1 + size) return std::nullopt;
    half = data.substr(1, size);
    data.remove_prefix(1 + size);
  }
  if (!data.empty()) return std::nullopt;
  return out;
}

bool HasPinLength(std::string_view pin) {
  return pin.size() >= kMinPinLength && pin.size() <= kMaxPinLength;
}

}  // namespace

AkisCard::AkisCard(std::string serial, std::string version, Credentials credentials)
    : SoftCard(std::move(credentials)),
      serial_(std::move(serial)),
      version_(std::move(version)),
      master_(MakePkcs15Files(serial_, credentials_)),
      directory_(master_.get()) {}

void AkisCard::Reset() {
  directory_ = master_.get();
  file_ = nullptr;
  key_ = nullptr;
  chain_.clear();
  pin_.verified = false;
  puk_.verified = false;
}

std::string AkisCard::Process(std::string_view apdu) {
  const std::optional<CommandApdu> command = ParseCommand(apdu);
  // A chain is the same command, one after the other: anything else ends it.
  if (!command || command->ins != kPerformSecurityOperation) chain_.clear();
  if (!command) return Response(kWrongLength);
  const bool proprietary = command->ins == kListFiles || command->ins == kLogOut;
  if (command->cla == kChained) {
    if (command->ins != kPerformSecurityOperation) return Response(kChainingNotSupported);
  } else if (command->cla != 0x00 && command->cla != 0x80) {
    return Response(kUnknownClass);
  } else if ((command->cla == 0x80) != proprietary) {
    return Response(kUnknownInstruction);
  }
  return Dispatch(*command);
}

std::string AkisCard::Dispatch(const CommandApdu& command) {
  switch (command.ins) {
    case kGetData:
      return GetData(command);
    case kSelect:
      return Select(command);
    case kListFiles:
      return ListFiles(command);
    case kReadBinary:
      return ReadBinary(command);
    case kVerify:
      return Verify(command);
    case kChangePin:
      return ChangePin(command);
    case kResetRetryCounter:
      return ResetRetryCounter(command);
    case kLogOut:
      if (command.p1 != 0 || command.p2 != 0) return Response(kWrongParameters);
      pin_.verified = puk_.verified = false;
      return Response(kSuccess);
    case kManageSecurityEnvironment:
      return ChooseKey(command);
    case kPerformSecurityOperation:
      return Sign(command);
    default:
      return Response(kUnknownInstruction);
  }
}

std::string AkisCard::GetData(const CommandApdu& command) const {
  constexpr std::size_t kInfoSize = 0x4D, kSerialOffset = 55, kLifeCycleSize = 0x0A;
  constexpr char kInUse = '\xA5';
  if (command.p1 != 0x01) return Response(kWrongParameters);
  std::string data;
  switch (command.p2) {
    case 0x06:
      data = "AKIS" + version_;
      data.resize(kSerialOffset, '\0');
      data += serial_;
      data.resize(kInfoSize, '\0');
      break;
    case 0x04:
      data.resize(kLifeCycleSize, '\0');
      data[6] = kInUse;
      break;
    default:
      return Response(kReferenceNotFound);
  }
  if (!command.data.empty() || !command.le) return Response(kWrongLength);
  if (*command.le != 256 && *command.le != std::ssize(data)) return Response(kWrongLength);
  return Response(kSuccess, data);
}

const File* AkisCard::FindPath(std::string_view path) const {
  if (path.size() < 2 || path.size() % 2 != 0 || Id(path) != kMasterFileId) return nullptr;
  const File* file = master_.get();
  for (path.remove_prefix(2); !path.empty() && file != nullptr; path.remove_prefix(2)) {
    file = file->Child(Id(path));
  }
  return file;
}

const File* AkisCard::Find(const CommandApdu& command) const {
  const std::string_view data = command.data;
  switch (command.p1) {
    case 0x00: {
      if (data.empty()) return master_.get();
      if (data.size() != 2) return nullptr;
      if (Id(data) == kMasterFileId) return master_.get();
      const File* file = directory_->Child(Id(data));
      if (file == nullptr) file = master_->Child(Id(data));
      return file != nullptr && file->kind == File::Kind::kDirectory ? file : nullptr;
    }
    case 0x02: {
      const File* file = data.size() == 2 ? directory_->Child(Id(data)) : nullptr;
      return file != nullptr && file->kind != File::Kind::kDirectory ? file : nullptr;
    }
    case 0x04:
      return data.empty() ? nullptr : master_->FindApplication(data);
    default:
      return FindPath(data);
  }
}

std::string AkisCard::Select(const CommandApdu& command) {
  constexpr std::uint8_t kNoAnswer = 0x0C;
  if (command.p1 != 0x00 && command.p1 != 0x02 && command.p1 != 0x04 && command.p1 != 0x08) {
    return Response(kWrongParameters);
  }
  if (command.p2 != 0x00 && command.p2 != kNoAnswer) return Response(kWrongParameters);
  const File* file = Find(command);
  if (file == nullptr) return Response(kFileNotFound);
  std::string answer;
  if (command.p2 != kNoAnswer && command.le) {
    answer = FileControlInformation(*file);
    if (*command.le < std::ssize(answer)) return Response(kWrongLength);
  }
  const bool is_directory = file->kind == File::Kind::kDirectory;
  directory_ = is_directory ? file : file->parent;
  file_ = is_directory ? nullptr : file;
  return Response(kSuccess, answer);
}

const PinObject& AkisCard::PinOf(const File& file) const {
  return file.id == kPinReference ? pin_ : puk_;
}

std::string AkisCard::FileControlInformation(const File& file) const {
  constexpr std::uint8_t kTransparent = 0x01, kInternal = 0x08, kDirectoryKind = 0x38;
  std::uint8_t kind = kDirectoryKind;
  // Public files carry the bit of a needed PIN too: the known driver reads it the
  // other way round for elementary files.
  std::uint8_t security = kValid | kReadable;
  if (file.kind == File::Kind::kElementary) {
    kind = kTransparent;
    security |= kPinNeeded;
  } else if (file.kind == File::Kind::kPin) {
    kind = kInternal;
    security = SecurityByte(PinOf(file));
  }
  std::string content = der::Tlv(0x80, IdBytes(file.content.size())) +
                        der::Tlv(0x82, std::string(1, static_cast<char>(kind))) +
                        der::Tlv(0x83, IdBytes(file.id));
  if (!file.aid.empty()) content += der::Tlv(0x84, file.aid);
  content += der::Tlv(0x90, std::string(1, static_cast<char>(security)));
  return der::Tlv(0x6F, content);
}

std::string AkisCard::ListFiles(const CommandApdu& command) const {
  constexpr std::size_t kRecordSize = 20;
  if (command.p1 != 0 || command.p2 != 0) return Response(kWrongParameters);
  if (!command.data.empty() || !command.le) return Response(kWrongLength);
  std::string records;
  for (const auto& child : directory_->children) {
    std::string record(1, child->kind == File::Kind::kDirectory ? '\x3D' : '\x2F');
    record += IdBytes(child->id) + IdBytes(child->content.size());
    record.resize(kRecordSize, '\0');
    records += record;
  }
  if (*command.le < std::ssize(records)) return Response(kWrongLength);
  return Response(kSuccess, records);
}

std::string AkisCard::ReadBinary(const CommandApdu& command) const {
  if (!command.data.empty() || !command.le || *command.le > kMaxRead) return Response(kWrongLength);
  // The high bit would name a file by its short id: this card has none.
  if ((command.p1 & 0x80) != 0) return Response(kWrongParameters);
  if (file_ == nullptr || file_->kind != File::Kind::kElementary) return Response(kNoFileSelected);
  const std::size_t offset = std::size_t{command.p1} << 8 | command.p2;
  if (offset >= file_->content.size()) return Response(kWrongOffset);
  const std::string_view bytes =
      std::string_view(file_->content).substr(offset, static_cast<std::size_t>(*command.le));
  return Response(std::ssize(bytes) < *command.le ? kEndOfFile : kSuccess, bytes);
}

PinObject* AkisCard::PinReferenced(std::uint8_t reference) {
  if (reference == kPinReference) return &pin_;
  if (reference == kPukReference) return &puk_;
  return nullptr;
}

std::string AkisCard::Verify(const CommandApdu& command) {
  if (command.p1 != 0) return Response(kWrongParameters);
  PinObject* pin = PinReferenced(command.p2);
  if (pin == nullptr) return Response(kReferenceNotFound);
  if (command.le || command.data.size() > kMaxPinLength) return Response(kWrongLength);
  if (command.data.empty() && empty_verify_ == EmptyVerify::kRefused) return Response(kWrongLength);
  if (command.data.empty() && empty_verify_ == EmptyVerify::kTellsState) {
    if (pin->verified) return Response(kSuccess);
    if (pin->tries_left <= 0) return Response(kBlocked);
    return Response(static_cast<std::uint16_t>(kWrongPin | pin->tries_left));
  }
  return Response(Compare(*pin, command.data));
}

std::string AkisCard::ChangePin(const CommandApdu& command) {
  // P1 01 names the security officer's PIN, which this card has not.
  if (command.p1 == 0x01) return Response(kReferenceNotFound);
  if (command.p1 != 0x02) return Response(kWrongParameters);
  PinObject* pin = (command.p2 & 0x80) == 0 ? PinReferenced(command.p2 | 0x80) : nullptr;
  if (pin == nullptr) return Response(kReferenceNotFound);
  if (command.le) return Response(kWrongLength);
  const auto pins = TwoPins(command.data);
  if (!pins || !HasPinLength((*pins)[0]) || !HasPinLength((*pins)[1])) return Response(kWrongData);
  const std::uint16_t status = Compare(*pin, (*pins)[0]);
  if (status == kSuccess) pin->value = (*pins)[1];
  return Response(status);
}

std::string AkisCard::ResetRetryCounter(const CommandApdu& command) {
  if (command.p1 != 0x02) return Response(kWrongParameters);
  if (command.p2 != (kPinReference & 0x7F)) return Response(kReferenceNotFound);
  if (command.le) return Response(kWrongLength);
  const auto pins = TwoPins(command.data);
  if (!pins || !HasPinLength((*pins)[0]) || !HasPinLength((*pins)[1])) return Response(kWrongData);
  const std::uint16_t status = Compare(puk_, (*pins)[0]);
  puk_.verified = false;
  if (status == kSuccess) {
    pin_.value = (*pins)[1];
    pin_.tries_left = pin_.max_tries;
    pin_.verified = false;
  }
  return Response(status);
}

std::string AkisCard::ChooseKey(const CommandApdu& command) {
  if (command.p1 != 0xC3) return Response(kWrongParameters);
  if (!command.data.empty() || command.le) return Response(kWrongLength);
  switch (command.p2) {
    case kSigningKeyReference:
      key_ = credentials_.signing_key.get();
      return Response(kSuccess);
    case kLoginKeyReference:
      key_ = credentials_.login_key.get();
      return Response(kSuccess);
    default:
      return Response(kReferenceNotFound);
  }
}

std::string AkisCard::Sign(const CommandApdu& command) {
  std::string input = std::exchange(chain_, {});
  if (command.p1 != 0x9E || command.p2 != 0x9A) return Response(kWrongParameters);
  if (key_ == nullptr) return Response(kConditions);
  if (!pin_.verified) return Response(kSecurityStatus);
  input += command.data;
  if (command.data.empty() || input.size() > kMaxSignInput) return Response(kWrongLength);
  if (command.cla == kChained) {
    chain_ = std::move(input);
    return Response(kSuccess);
  }
  // The signature comes whole whatever Le says: OpenSC asks for F4 bytes here.
  if (!command.le) return Response(kWrongLength);
  const std::optional<std::string> signature = SignRaw(key_, input);
  if (!signature) return Response(kWrongData);
  return Response(kSuccess, *signature);
}

}  // namespace ilkimza::sandbox
