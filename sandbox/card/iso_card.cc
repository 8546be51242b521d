#include "sandbox/card/iso_card.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "sandbox/card/der.h"
#include "sandbox/card/iso_files.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::string_view kIsoAppletAid("\xF2\x76\xA2\x88\xBC\xFB\xA6\x9D\x34\xF3\x10\x01", 12);
// Version 0.6 of its interface; elliptic curves.
constexpr std::string_view kIsoAppletAnswer("\x00\x06\x04", 3);
constexpr std::size_t kIsoAppletLength = 16, kMyEidLength = 8;
constexpr std::size_t kLeastPin = 4;

}  // namespace

IsoCard::IsoCard(IsoKind kind, std::string serial, Credentials credentials)
    : SoftCard(std::move(credentials)),
      kind_(kind),
      serial_(std::move(serial)),
      master_(MakeIsoFiles(kind, serial_, credentials_)),
      directory_(master_.get()) {
  empty_verify_ = EmptyVerify::kTellsState;
}

void IsoCard::Reset() {
  applet_selected_ = false;
  directory_ = master_.get();
  file_ = nullptr;
  key_ = nullptr;
  pin_.verified = false;
  puk_.verified = false;
}

std::string IsoCard::Process(std::string_view apdu) {
  const std::optional<CommandApdu> command = ParseCommand(apdu);
  if (!command) return Response(kWrongLength);
  if (command->cla != 0x00) return Response(kUnknownClass);
  return Dispatch(*command);
}

std::string IsoCard::Dispatch(const CommandApdu& command) {
  if (command.ins == kSelect && command.p1 == 0x04) return SelectName(command);
  // Before its applet is selected the card knows nothing else.
  if (kind_ == IsoKind::kIsoApplet && !applet_selected_) return Response(kUnknownInstruction);
  switch (command.ins) {
    case kSelect:
      return Select(command);
    case kReadBinary:
      return ReadBinary(command);
    case kGetData:
      return GetData(command);
    case kVerify:
      return Verify(command);
    case kChangePin:
      return ChangePin(command);
    case kResetRetryCounter:
      return ResetRetryCounter(command);
    case kManageSecurityEnvironment:
      return ChooseKey(command);
    case kPerformSecurityOperation:
      return Sign(command);
    default:
      return Response(kUnknownInstruction);
  }
}

std::string IsoCard::SelectName(const CommandApdu& command) {
  if (kind_ == IsoKind::kIsoApplet && command.data == kIsoAppletAid) {
    Reset();
    applet_selected_ = true;
    return Response(kSuccess, kIsoAppletAnswer);
  }
  if (kind_ == IsoKind::kIsoApplet && !applet_selected_) return Response(kFileNotFound);
  const File* file = master_->FindApplication(command.data);
  return file == nullptr || command.data.empty() ? Response(kFileNotFound) : Answer(*file, command);
}

const File* IsoCard::FindById(std::uint16_t id) const {
  if (id == kMasterFileId) return master_.get();
  const File* file = directory_->Child(id);
  return file != nullptr ? file : master_->Child(id);
}

const File* IsoCard::FindByPath(std::string_view path) const {
  if (path.empty() || path.size() % 2 != 0) return nullptr;
  const File* file = master_.get();
  for (; !path.empty() && file != nullptr; path.remove_prefix(2)) file = file->Child(Id(path));
  return file;
}

std::string IsoCard::Select(const CommandApdu& command) {
  const File* file = nullptr;
  if (command.p1 == 0x00 && command.data.size() == 2) {
    file = FindById(Id(command.data));
  } else if (command.p1 == 0x08) {
    file = FindByPath(command.data);
  } else {
    return Response(kWrongParameters);
  }
  return file == nullptr ? Response(kFileNotFound) : Answer(*file, command);
}

std::string IsoCard::Answer(const File& file, const CommandApdu& command) {
  const bool is_directory = file.kind == File::Kind::kDirectory;
  const char* descriptor = is_directory ? "\x38" : file.kind == File::Kind::kKey ? "\x22" : "\x01";
  directory_ = is_directory ? &file : file.parent;
  file_ = is_directory ? nullptr : &file;
  if (!command.le) return Response(kSuccess);
  const std::string content = der::Tlv(0x81, IdBytes(file.content.size())) +
                              der::Tlv(0x82, descriptor) + der::Tlv(0x83, IdBytes(file.id));
  return Response(kSuccess, der::Tlv(0x6F, content));
}

std::string IsoCard::ReadBinary(const CommandApdu& command) const {
  if (!command.le || !command.data.empty()) return Response(kWrongLength);
  if (file_ == nullptr) return Response(kNoFileSelected);
  if (file_->kind == File::Kind::kKey) return Response(kSecurityStatus);
  const std::size_t offset = std::size_t{command.p1} << 8 | command.p2;
  if (offset >= file_->content.size()) return Response(kWrongOffset);
  const std::string_view bytes =
      std::string_view(file_->content).substr(offset, static_cast<std::size_t>(*command.le));
  return Response(std::ssize(bytes) < *command.le ? kEndOfFile : kSuccess, bytes);
}

// About the card: version 3.5.0, ten bytes of serial, a counter of changes.
std::string IsoCard::GetData(const CommandApdu& command) const {
  constexpr std::size_t kSerialOffset = 8, kSize = 20;
  if (kind_ != IsoKind::kMyEid) return Response(kUnknownInstruction);
  if (command.p1 != 0x01 || command.p2 != 0xA0) return Response(kReferenceNotFound);
  std::string data("\0\0\0\0\0\3\5\0", kSerialOffset);
  data += serial_;
  data.resize(kSize, '\0');
  return Response(kSuccess, data);
}

std::string IsoCard::Filled(const std::string& value, bool puk) const {
  std::string filled = value;
  if (kind_ == IsoKind::kMyEid) {
    filled.resize(kMyEidLength, '\xFF');
  } else if (!puk) {
    filled.resize(kIsoAppletLength, '\0');
  }
  return filled;
}

std::string IsoCard::Typed(std::string_view filled) const {
  const char filling = kind_ == IsoKind::kMyEid ? '\xFF' : '\0';
  while (!filled.empty() && filled.back() == filling) filled.remove_suffix(1);
  return std::string(filled);
}

std::uint16_t IsoCard::CompareFilled(PinObject& pin, std::string_view entered) {
  // Wrong in length is not wrong: no try is spent.
  if (entered.size() != Filled(pin.value, &pin == &puk_).size()) return kWrongLength;
  const std::string typed =
      &pin == &puk_ && kind_ == IsoKind::kIsoApplet ? std::string(entered) : Typed(entered);
  return Compare(pin, typed);
}

std::string IsoCard::Verify(const CommandApdu& command) {
  if (command.p1 != 0) return Response(kWrongParameters);
  if (command.p2 != kIsoPinReference) return Response(kReferenceNotFound);
  if (!command.data.empty()) return Response(CompareFilled(pin_, command.data));
  switch (empty_verify_) {
    case EmptyVerify::kRefused:
      return Response(kWrongLength);
    case EmptyVerify::kSpendsTry:
      return Response(Compare(pin_, ""));
    case EmptyVerify::kTellsState:
      break;
  }
  if (pin_.verified) return Response(kSuccess);
  return Response(static_cast<std::uint16_t>(kWrongPin | pin_.tries_left));
}

std::string IsoCard::ChangePin(const CommandApdu& command) {
  if (command.p1 != 0 || command.p2 != kIsoPinReference) return Response(kWrongParameters);
  const std::size_t half = command.data.size() / 2;
  const std::string chosen = Typed(command.data.substr(half));
  if (command.data.size() != 2 * Filled("", false).size() || chosen.size() < kLeastPin) {
    return Response(kWrongLength);
  }
  const std::uint16_t status = CompareFilled(pin_, command.data.substr(0, half));
  if (status == kSuccess) pin_.value = chosen;
  return Response(status);
}

std::string IsoCard::ResetRetryCounter(const CommandApdu& command) {
  if (command.p1 != 0 || command.p2 != kIsoPinReference) return Response(kWrongParameters);
  const std::size_t pin_size = Filled("", false).size();
  if (command.data.size() <= pin_size) return Response(kWrongLength);
  const std::size_t puk_size = command.data.size() - pin_size;
  const std::string chosen = Typed(command.data.substr(puk_size));
  if (chosen.size() < kLeastPin) return Response(kWrongLength);
  const std::uint16_t status = CompareFilled(puk_, command.data.substr(0, puk_size));
  puk_.verified = false;
  if (status == kSuccess) {
    pin_.value = chosen;
    pin_.tries_left = pin_.max_tries;
    pin_.verified = false;
  }
  return Response(status);
}

EVP_PKEY* IsoCard::KeyNamed(std::uint8_t reference, std::string_view file) const {
  int number = reference;
  if (kind_ == IsoKind::kMyEid) {
    if (file.size() != 2 || reference != 0) return nullptr;
    number = Id(file) - kFirstKeyFile;
  } else if (!file.empty() && file != IdBytes(kIsoApplication)) {
    // Its keys have no file: OpenSC names the application, where they live.
    return nullptr;
  }
  if (number == 0) return credentials_.signing_key.get();
  return number == 1 ? credentials_.login_key.get() : nullptr;
}

std::string IsoCard::ChooseKey(const CommandApdu& command) {
  if (command.p1 != 0x41 || command.p2 != 0xB6) return Response(kWrongParameters);
  std::string_view rest = command.data;
  std::string_view algorithm, file, reference;
  while (rest.size() >= 2) {
    const std::size_t size = static_cast<std::uint8_t>(rest[1]);
    if (rest.size() < 2 + size) return Response(kWrongData);
    const std::string_view value = rest.substr(2, size);
    switch (static_cast<std::uint8_t>(rest[0])) {
      case 0x80:
        algorithm = value;
        break;
      case 0x81:
        file = value;
        break;
      case 0x84:
        reference = value;
        break;
      default:
        return Response(kWrongData);
    }
    rest.remove_prefix(2 + size);
  }
  const std::string_view expected = kind_ == IsoKind::kMyEid ? "\x04" : "\x11";
  // A key that has a file of its own needs no number.
  const bool named = reference.size() == 1 || (reference.empty() && kind_ == IsoKind::kMyEid);
  if (!rest.empty() || !named || algorithm != expected) return Response(kWrongData);
  key_ = KeyNamed(reference.empty() ? 0 : static_cast<std::uint8_t>(reference[0]), file);
  return Response(key_ == nullptr ? kReferenceNotFound : kSuccess);
}

std::string IsoCard::Sign(const CommandApdu& command) {
  if (command.p1 != 0x9E || command.p2 != 0x9A) return Response(kWrongParameters);
  if (key_ == nullptr) return Response(kConditions);
  if (!pin_.verified) return Response(kSecurityStatus);
  if (command.data.empty() || !command.le) return Response(kWrongLength);
  const auto signature = SignRaw(key_, command.data);
  if (!signature) return Response(kWrongData);
  return Response(kSuccess, *signature);
}

}  // namespace ilkimza::sandbox
