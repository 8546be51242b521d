#include "agent/card/file_card.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/card/certificate.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

std::string KeyOf(const std::vector<PrivateKeyObject>& keys, const CertificateObject& certificate) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!certificate.id.empty() && keys[i].id == certificate.id) return absl::StrCat(i);
  }
  return {};
}

}  // namespace

absl::Status NotSetUp(std::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
                   absl::StrCat("This card has no ", absl::string_view(what.data(), what.size()),
                                ": it is not set up as an e-signature card. Put in the chip that "
                                "came with the courier."));
}

absl::Status UseSession(CardEnvironment& environment,
                        const std::function<absl::Status(CardSession&)>& work) {
  using Nothing = bool;
  return RunOnCard<Nothing>(environment,
                            [&](CardSession& session) -> absl::StatusOr<Nothing> {
                              ILKIMZA_RETURN_IF_ERROR(work(session));
                              return true;
                            })
      .status();
}

FileCard::~FileCard() {
  // A reset at the end of the session takes the selection away.
  memory_.stamp_selected = memory_.stamp_selected && !channel_.attempt_sent();
  if (!channel_.ended()) memories_.Put(facts_, std::move(memory_));
}

absl::StatusOr<std::optional<std::string>> FileCard::ReadPath(const std::string& path,
                                                              Extent extent) {
  memory_.stamp_selected = false;
  ILKIMZA_ASSIGN_OR_RETURN(const auto information, Select(path));
  if (!information) return std::nullopt;
  ILKIMZA_ASSIGN_OR_RETURN(std::string content,
                           ReadSelected(channel_, 0, FileSize(*information), extent));
  return content;
}

absl::StatusOr<const ObjectDirectory*> FileCard::Directory() {
  if (!memory_.directory) {
    ILKIMZA_ASSIGN_OR_RETURN(const std::string bytes, ReadObjectDirectory());
    ILKIMZA_ASSIGN_OR_RETURN(memory_.directory, ParseObjectDirectory(bytes));
  }
  return &*memory_.directory;
}

absl::StatusOr<const std::vector<PinObject>*> FileCard::Pins() {
  if (memory_.pins) return &*memory_.pins;
  ILKIMZA_ASSIGN_OR_RETURN(const ObjectDirectory* directory, Directory());
  std::vector<PinObject> pins;
  for (const std::string& path : directory->authentication_objects) {
    ILKIMZA_ASSIGN_OR_RETURN(const auto bytes, ReadPath(path, Extent::kAllObjects));
    ILKIMZA_ASSIGN_OR_RETURN(auto some, ParseAuthenticationObjects(bytes.value_or("")));
    std::move(some.begin(), some.end(), std::back_inserter(pins));
  }
  memory_.pins = std::move(pins);
  return &*memory_.pins;
}

absl::StatusOr<const std::vector<PrivateKeyObject>*> FileCard::Keys() {
  if (memory_.keys) return &*memory_.keys;
  ILKIMZA_ASSIGN_OR_RETURN(const ObjectDirectory* directory, Directory());
  std::vector<PrivateKeyObject> keys;
  for (const std::string& path : directory->private_keys) {
    ILKIMZA_ASSIGN_OR_RETURN(const auto bytes, ReadPath(path, Extent::kAllObjects));
    ILKIMZA_ASSIGN_OR_RETURN(auto some, ParsePrivateKeys(bytes.value_or("")));
    std::move(some.begin(), some.end(), std::back_inserter(keys));
  }
  memory_.keys = std::move(keys);
  return &*memory_.keys;
}

absl::StatusOr<std::vector<CertificateObject>> FileCard::CertificateObjects() {
  ILKIMZA_ASSIGN_OR_RETURN(const ObjectDirectory* directory, Directory());
  std::vector<CertificateObject> objects;
  for (const std::string& path : directory->certificates) {
    ILKIMZA_ASSIGN_OR_RETURN(const auto bytes, ReadPath(path, Extent::kAllObjects));
    ILKIMZA_ASSIGN_OR_RETURN(auto some, ParseCertificateDirectory(bytes.value_or("")));
    for (CertificateObject& object : some) {
      if (objects.size() < kMaxEntries) objects.push_back(std::move(object));
    }
  }
  return objects;
}

absl::StatusOr<std::string> FileCard::ReadCertificate(const CertificateObject& object) {
  if (!object.direct.empty()) return object.direct;
  memory_.stamp_selected = false;
  ILKIMZA_ASSIGN_OR_RETURN(const auto information, Select(object.path));
  // A directory that names a file that is gone: the certificate is left out by whoever
  // parses it.
  if (!information) return std::string();
  const std::size_t size = object.length > 0 ? object.length : FileSize(*information);
  return ReadSelected(channel_, object.offset, size, Extent::kFirstObject,
                      [this](std::string_view beginning, std::size_t whole) {
                        return memories_.FindAuthority(beginning, whole);
                      });
}

void FileCard::ParseAll(std::vector<CardCertificateEntry>& entries) {
  for (CardCertificateEntry& entry : entries) {
    auto certificate = CardCertificate::Parse(entry.der);
    // What is none is said by whoever needs it.
    if (!certificate.ok()) continue;
    entry.parsed = std::make_shared<const CardCertificate>(*std::move(certificate));
    const bool foreign = entry.key.empty() && entry.parsed->authority();
    if (foreign && !channel_.ended()) memories_.KeepAuthority(entry.der);
  }
}

absl::StatusOr<std::string> FileCard::ReadSerial() {
  ILKIMZA_ASSIGN_OR_RETURN(std::string serial, AskSerial());
  TakeSerial(serial);
  return serial;
}

void FileCard::TakeSerial(const std::string& serial) {
  told_ = channel_.epoch();
  memory_.serial = serial;
  memory_.serial_epoch = channel_.epoch();
}

std::string FileCard::SerialToldBefore() const {
  const bool holds = channel_.epoch() != 0 && channel_.epoch() == memory_.serial_epoch;
  return holds ? memory_.serial : std::string();
}

bool FileCard::CertificatesKnown() const {
  return memory_.certificates && absl::Now() - memory_.certificates_read <= kTrusted;
}

bool FileCard::DistrustCertificates() {
  memory_.stamp.reset();
  return std::exchange(memory_.certificates, std::nullopt).has_value();
}

absl::StatusOr<bool> FileCard::StampHolds() {
  if (!CertificatesKnown()) return false;
  // The card it was read from, in this very transaction.
  const bool told = told_ == channel_.epoch() && !memory_.serial.empty();
  if (told && memory_.serial == memory_.certificates_serial) return true;
  if (!memory_.stamp) return false;
  const std::string_view known = std::string_view(memory_.stamp_content).substr(0, kMaxRead);
  const auto at = static_cast<uint16_t>(memory_.stamp->offset);
  const CommandApdu read{.ins = kReadBinary,
                         .p1 = static_cast<uint8_t>(at >> 8),
                         .p2 = static_cast<uint8_t>(at & 0xFF),
                         .le = static_cast<int>(known.size())};
  for (const bool selected : {true, false}) {
    if (selected && (!memory_.stamp_selected || memory_.others_select)) continue;
    if (!selected) {
      ILKIMZA_ASSIGN_OR_RETURN(const auto information, Select(memory_.stamp->path));
      if (!information) return false;
      memory_.stamp_selected = true;
    }
    ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response, channel_.Send(read));
    if (!response.status.Success() || response.data != known) {
      // Somebody else has selected something. It would be so again: that is one command
      // more than to select at once.
      memory_.others_select = selected;
      continue;
    }
    if (told) memory_.certificates_serial = memory_.serial;
    return true;
  }
  memory_.stamp_selected = false;
  return false;
}

absl::StatusOr<std::vector<CardCertificateEntry>> FileCard::ReadCertificates() {
  ILKIMZA_ASSIGN_OR_RETURN(const bool known, StampHolds());
  if (known) return *memory_.certificates;
  memory_.certificates.reset();
  memory_.stamp.reset();
  ILKIMZA_ASSIGN_OR_RETURN(const auto* keys, Keys());
  ILKIMZA_ASSIGN_OR_RETURN(const auto objects, CertificateObjects());
  std::vector<CardCertificateEntry> entries(objects.size());
  // Those with a key last: the last one that is read stamps all of them.
  for (const bool with_key : {false, true}) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const CertificateObject& object = objects[i];
      CardCertificateEntry& entry = entries[i];
      entry.key = KeyOf(*keys, object);
      if (entry.key.empty() == with_key) continue;
      entry.label = object.label;
      if (with_key) entry.pin = (*keys)[KeyIndex(entry.key)].auth_id;
      ILKIMZA_ASSIGN_OR_RETURN(entry.der, ReadCertificate(object));
      if (!with_key || entry.der.empty() || !object.direct.empty()) continue;
      memory_.stamp = object;
      memory_.stamp_content = entry.der;
      memory_.stamp_selected = true;
    }
  }
  ParseAll(entries);
  memory_.certificates = entries;
  // Whose they are is known where the card has told it in this transaction, or before it
  // in an unbroken connection.
  memory_.certificates_serial = SerialToldBefore();
  memory_.certificates_read = absl::Now();
  return entries;
}

std::size_t FileCard::KeyIndex(std::string_view key) {
  std::size_t index = 0;
  return absl::SimpleAtoi(absl::string_view(key.data(), key.size()), &index) ? index : kMaxEntries;
}

absl::StatusOr<const PrivateKeyObject*> FileCard::KeyObjectOf(
    const CardCertificateEntry& certificate) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto* keys, Keys());
  const std::size_t index = certificate.key.empty() ? keys->size() : KeyIndex(certificate.key);
  if (index < keys->size()) return &(*keys)[index];
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                   "The certificate's key is not on this card, so nothing was signed. Ask the "
                   "certificate's issuer.");
}

absl::StatusOr<PinInfo> FileCard::FindPin(std::string_view id) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto* pins, Pins());
  const PinObject* first = nullptr;
  const PinObject* named = nullptr;
  int count = 0;
  int count_named = 0;
  for (const PinObject& pin : *pins) {
    if (pin.administrative) continue;
    if (++count == 1) first = &pin;
    if (!id.empty() && pin.auth_id == id && ++count_named == 1) named = &pin;
  }
  if (first == nullptr) return NotSetUp("PIN of its holder");
  const PinObject* found = named != nullptr ? named : first;
  PinInfo info{.id = found->auth_id,
               .limits = found->limits,
               .puk_limits = found->limits,
               .settled = count == 1 || count_named == 1,
               .usable = found->encoding != PinEncoding::kOther};
  ILKIMZA_ASSIGN_OR_RETURN(const PinObject* puk, PukObjectOf(*found));
  if (puk != nullptr) {
    info.puk_limits = puk->limits;
    info.puk_usable = puk->encoding != PinEncoding::kOther;
  }
  return info;
}

absl::StatusOr<const PinObject*> FileCard::PinObjectOf(const PinInfo& pin) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto* pins, Pins());
  for (const PinObject& object : *pins) {
    if (!object.administrative && object.auth_id == pin.id) return &object;
  }
  return NotSetUp("PIN of its holder");
}

absl::StatusOr<const PinObject*> FileCard::PukObjectOf(const PinObject& pin) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto* pins, Pins());
  const PinObject* only = nullptr;
  int count = 0;
  for (const PinObject& object : *pins) {
    if (!object.unblocking) continue;
    if (!pin.unblocked_by.empty() && object.auth_id == pin.unblocked_by) return &object;
    only = &object;
    ++count;
  }
  return count == 1 ? only : nullptr;
}

}  // namespace ilkimza::agent
