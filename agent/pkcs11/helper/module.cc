#include "agent/pkcs11/helper/module.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ilkimza::agent::pkcs11 {
namespace {

constexpr CK_ULONG kMaxMechanisms = 1024;

Verdict Done() { return {}; }
Verdict Refused(CK_RV rv, const char* function) {
  return {.outcome = Outcome::kRefused, .rv = rv, .text = function};
}
Verdict Garbage(const char* where) { return {.outcome = Outcome::kGarbage, .text = where}; }
Verdict Unloadable(std::string why) {
  return {.outcome = Outcome::kUnloadable, .text = std::move(why)};
}

// CKR_FUNCTION_NOT_SUPPORTED where the module's list has a hole.
template <typename Function, typename... Arguments>
CK_RV Call(Function function, Arguments... arguments) {
  return function == nullptr ? CKR_FUNCTION_NOT_SUPPORTED : function(arguments...);
}

// Fixed fields are filled up with blanks, or with zeros by modules that know no better.
template <std::size_t kSize>
std::string Text(const unsigned char (&field)[kSize]) {
  std::string_view text(reinterpret_cast<const char*>(field), kSize);
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    text = text.substr(0, zero);
  }
  const auto last = text.find_last_not_of(' ');
  return std::string(last == std::string_view::npos ? "" : text.substr(0, last + 1));
}

// PKCS#11 takes everything as non-const, also what it only reads.
unsigned char* Bytes(std::string_view text) {
  return const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(text.data()));
}

// Null: to be typed on the reader's keys.
unsigned char* Pin(std::string_view pin) { return pin.empty() ? nullptr : Bytes(pin); }

template <typename T>
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, T& value) {
  return {.type = type, .pValue = &value, .ulValueLen = sizeof value};
}

std::optional<CK_ULONG> NumberIn(std::string_view value) {
  CK_ULONG number = 0;
  if (value.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value.data(), sizeof number);
  return number;
}

}  // namespace

VendorModule::~VendorModule() {
  if (functions_ == nullptr) return;
  Close();
  Call(functions_->C_Finalize, nullptr);
}

Verdict VendorModule::Load(const std::string& path, ModuleInfo& info) {
  if (functions_ != nullptr) return Unloadable("a module is loaded already");
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    return Unloadable(why != nullptr ? why : "the dynamic linker does not say why");
  }
  const auto get_functions =
      reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (get_functions == nullptr) {
    return Unloadable("it has no function C_GetFunctionList, so it is no PKCS#11 module");
  }
  CK_FUNCTION_LIST* functions = nullptr;
  if (const CK_RV rv = get_functions(&functions); rv != CKR_OK) {
    return Refused(rv, "C_GetFunctionList");
  }
  if (functions == nullptr) return Garbage("C_GetFunctionList");
  if (functions->version.major != 2 && functions->version.major != 3) {
    return Unloadable("it speaks another version of PKCS#11 than 2 and 3");
  }
  functions_ = functions;
  if (Verdict verdict = Initialise(); !verdict.done()) {
    functions_ = nullptr;
    return verdict;
  }
  CK_INFO raw{};
  if (Call(functions_->C_GetInfo, &raw) == CKR_OK) {
    info = {.manufacturer = Text(raw.manufacturerID),
            .description = Text(raw.libraryDescription),
            .version_major = raw.libraryVersion.major,
            .version_minor = raw.libraryVersion.minor};
  }
  return Done();
}

Verdict VendorModule::Initialise() {
  CK_RV rv = Call(functions_->C_Initialize, nullptr);
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    const CK_RV second = Call(functions_->C_Initialize, static_cast<void*>(&arguments));
    if (second == CKR_OK || second == CKR_CRYPTOKI_ALREADY_INITIALIZED) rv = second;
  }
  return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? Done()
                                                                : Refused(rv, "C_Initialize");
}

Verdict VendorModule::Slots(std::vector<Slot>& slots) {
  // Asking for the number first is what makes modules look for readers anew.
  CK_ULONG count = 0;
  CK_RV rv = Call(functions_->C_GetSlotList, CK_TRUE, nullptr, &count);
  if (rv != CKR_OK) return Refused(rv, "C_GetSlotList");
  if (count > kMaxSlots) return Garbage("C_GetSlotList");
  std::array<CK_SLOT_ID, kMaxSlots> ids{};
  count = ids.size();
  rv = Call(functions_->C_GetSlotList, CK_TRUE, ids.data(), &count);
  if (rv != CKR_OK) return Refused(rv, "C_GetSlotList");
  if (count > kMaxSlots) return Garbage("C_GetSlotList");
  std::vector<Slot> found;
  for (const CK_SLOT_ID id : std::span(ids).first(count)) {
    CK_SLOT_INFO info{};
    // A card may go while we look: its slot is left out.
    if (Call(functions_->C_GetSlotInfo, id, &info) != CKR_OK) continue;
    if ((info.flags & CKF_TOKEN_PRESENT) == 0) continue;
    found.push_back({.id = id, .description = Text(info.slotDescription)});
  }
  slots = std::move(found);
  return Done();
}

Verdict VendorModule::ReadToken(uint64_t slot, Token& token) {
  CK_TOKEN_INFO info{};
  if (const CK_RV rv = Call(functions_->C_GetTokenInfo, slot, &info); rv != CKR_OK) {
    return Refused(rv, "C_GetTokenInfo");
  }
  token = {.label = Text(info.label),
           .manufacturer = Text(info.manufacturerID),
           .model = Text(info.model),
           .serial = Text(info.serialNumber),
           .flags = info.flags,
           .min_pin = info.ulMinPinLen,
           .max_pin = info.ulMaxPinLen};
  return Done();
}

Verdict VendorModule::FindObjects(CK_SESSION_HANDLE session, std::span<CK_ATTRIBUTE> pattern,
                                  std::vector<CK_OBJECT_HANDLE>& objects) {
  CK_RV rv = Call(functions_->C_FindObjectsInit, session, pattern.data(), pattern.size());
  if (rv != CKR_OK) return Refused(rv, "C_FindObjectsInit");
  std::array<CK_OBJECT_HANDLE, kMaxObjects> handles{};
  std::size_t total = 0;
  while (total < handles.size()) {
    CK_ULONG count = 0;
    const CK_ULONG room = handles.size() - total;
    rv = Call(functions_->C_FindObjects, session, handles.data() + total, room, &count);
    if (rv != CKR_OK || count == 0 || count > room) {
      const bool garbage = rv == CKR_OK && count > room;
      Call(functions_->C_FindObjectsFinal, session);
      if (garbage) return Garbage("C_FindObjects");
      if (rv != CKR_OK) return Refused(rv, "C_FindObjects");
      objects.assign(handles.begin(), handles.begin() + static_cast<std::ptrdiff_t>(total));
      return Done();
    }
    total += count;
  }
  Call(functions_->C_FindObjectsFinal, session);
  objects.assign(handles.begin(), handles.end());
  return Done();
}

Verdict VendorModule::ReadAttribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                    CK_ATTRIBUTE_TYPE type, std::size_t limit, std::string& value) {
  CK_ATTRIBUTE attribute{.type = type, .pValue = nullptr, .ulValueLen = 0};
  CK_RV rv = Call(functions_->C_GetAttributeValue, session, object, &attribute, CK_ULONG{1});
  if (rv != CKR_OK) return Refused(rv, "C_GetAttributeValue");
  const CK_ULONG announced = attribute.ulValueLen;
  if (announced > limit) return Garbage("C_GetAttributeValue");
  std::string bytes(announced, '\0');
  if (announced > 0) {
    attribute.pValue = bytes.data();
    rv = Call(functions_->C_GetAttributeValue, session, object, &attribute, CK_ULONG{1});
    if (rv != CKR_OK) return Refused(rv, "C_GetAttributeValue");
    if (attribute.ulValueLen > announced) return Garbage("C_GetAttributeValue");
    bytes.resize(attribute.ulValueLen);
  }
  value = std::move(bytes);
  return Done();
}

std::string VendorModule::OptionalAttribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                            CK_ATTRIBUTE_TYPE type, std::size_t limit) {
  std::string value;
  return ReadAttribute(session, object, type, limit, value).done() ? value : std::string();
}

std::vector<std::string> VendorModule::KeyIds(CK_SESSION_HANDLE session) {
  std::vector<std::string> ids;
  for (CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    std::array<CK_ATTRIBUTE, 1> pattern = {Attribute(CKA_CLASS, object_class)};
    std::vector<CK_OBJECT_HANDLE> keys;
    if (!FindObjects(session, pattern, keys).done()) continue;
    for (const CK_OBJECT_HANDLE key : keys) {
      ids.push_back(OptionalAttribute(session, key, CKA_ID, kMaxId));
    }
  }
  return ids;
}

Verdict VendorModule::ReadCertificates(CK_SESSION_HANDLE session, CertificateList& list) {
  CK_OBJECT_CLASS object_class = CKO_CERTIFICATE;
  CK_CERTIFICATE_TYPE certificate_type = CKC_X_509;
  std::array<CK_ATTRIBUTE, 2> pattern = {Attribute(CKA_CLASS, object_class),
                                         Attribute(CKA_CERTIFICATE_TYPE, certificate_type)};
  std::vector<CK_OBJECT_HANDLE> objects;
  if (Verdict verdict = FindObjects(session, pattern, objects); !verdict.done()) return verdict;
  const std::vector<std::string> keys = KeyIds(session);
  CertificateList read{.shows_keys = !keys.empty()};
  for (const CK_OBJECT_HANDLE object : objects) {
    TokenCertificate certificate;
    if (Verdict verdict =
            ReadAttribute(session, object, CKA_VALUE, kMaxCertificate, certificate.der);
        !verdict.done()) {
      return verdict;
    }
    certificate.id = OptionalAttribute(session, object, CKA_ID, kMaxId);
    certificate.label = OptionalAttribute(session, object, CKA_LABEL, kMaxText);
    certificate.key_seen = !certificate.id.empty() &&
                           std::find(keys.begin(), keys.end(), certificate.id) != keys.end();
    read.certificates.push_back(std::move(certificate));
  }
  list = std::move(read);
  return Done();
}

Verdict VendorModule::Certificates(uint64_t slot, CertificateList& list) {
  if (session_ && slot_ == slot) return ReadCertificates(*session_, list);
  CK_SESSION_HANDLE session = 0;
  const CK_FLAGS flags = CKF_SERIAL_SESSION;
  if (const CK_RV rv =
          Call(functions_->C_OpenSession, slot, flags, nullptr, CK_NOTIFY{nullptr}, &session);
      rv != CKR_OK) {
    return Refused(rv, "C_OpenSession");
  }
  Verdict verdict = ReadCertificates(session, list);
  Call(functions_->C_CloseSession, session);
  return verdict;
}

Verdict VendorModule::Open(uint64_t slot) {
  Close();
  CK_SESSION_HANDLE session = 0;
  CK_RV rv = CKR_OK;
  for (const CK_FLAGS flags :
       {CK_FLAGS{CKF_SERIAL_SESSION | CKF_RW_SESSION}, CK_FLAGS{CKF_SERIAL_SESSION}}) {
    rv = Call(functions_->C_OpenSession, slot, flags, nullptr, CK_NOTIFY{nullptr}, &session);
    if (rv != CKR_TOKEN_WRITE_PROTECTED) break;
  }
  if (rv != CKR_OK) return Refused(rv, "C_OpenSession");
  session_ = session;
  slot_ = slot;
  return Done();
}

bool VendorModule::MayCome(std::string_view first, std::string_view second) {
  if (!first.empty() && !second.empty()) return true;
  Token token;
  return first.empty() && second.empty() && ReadToken(slot_, token).done() &&
         (token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
}

Verdict VendorModule::Login(User user, std::string_view pin) {
  if (!session_) return Refused(CKR_SESSION_HANDLE_INVALID, "C_Login");
  if (!MayCome(pin, pin)) return Refused(CKR_FUNCTION_NOT_SUPPORTED, "C_Login");
  const CK_USER_TYPE type = user == User::kSecurityOfficer ? CKU_SO : CKU_USER;
  const CK_RV rv = Call(functions_->C_Login, *session_, type, Pin(pin), CK_ULONG{pin.size()});
  logged_in_ = rv == CKR_OK;
  return rv == CKR_OK ? Done() : Refused(rv, "C_Login");
}

Verdict VendorModule::SetPin(std::string_view old_pin, std::string_view new_pin) {
  if (!session_) return Refused(CKR_SESSION_HANDLE_INVALID, "C_SetPIN");
  if (!MayCome(old_pin, new_pin)) return Refused(CKR_FUNCTION_NOT_SUPPORTED, "C_SetPIN");
  const CK_RV rv = Call(functions_->C_SetPIN, *session_, Pin(old_pin), CK_ULONG{old_pin.size()},
                        Pin(new_pin), CK_ULONG{new_pin.size()});
  return rv == CKR_OK ? Done() : Refused(rv, "C_SetPIN");
}

Verdict VendorModule::InitPin(std::string_view new_pin) {
  if (!session_) return Refused(CKR_SESSION_HANDLE_INVALID, "C_InitPIN");
  if (!MayCome(new_pin, new_pin)) return Refused(CKR_FUNCTION_NOT_SUPPORTED, "C_InitPIN");
  const CK_RV rv = Call(functions_->C_InitPIN, *session_, Pin(new_pin), CK_ULONG{new_pin.size()});
  return rv == CKR_OK ? Done() : Refused(rv, "C_InitPIN");
}

Verdict VendorModule::FindKey(std::string_view id, KeyInfo& key) {
  if (!session_) return Refused(CKR_SESSION_HANDLE_INVALID, "C_FindObjectsInit");
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  std::array<CK_ATTRIBUTE, 2> pattern = {
      Attribute(CKA_CLASS, object_class),
      CK_ATTRIBUTE{.type = CKA_ID, .pValue = Bytes(id), .ulValueLen = id.size()}};
  std::vector<CK_OBJECT_HANDLE> objects;
  if (Verdict verdict = FindObjects(*session_, pattern, objects); !verdict.done()) return verdict;
  if (objects.empty()) return Refused(CKR_KEY_HANDLE_INVALID, "C_FindObjects");
  key_ = objects.front();
  const auto type = NumberIn(OptionalAttribute(*session_, *key_, CKA_KEY_TYPE, sizeof(CK_ULONG)));
  const std::string again = OptionalAttribute(*session_, *key_, CKA_ALWAYS_AUTHENTICATE, 1);
  key_info_ = {.rsa = type == CK_ULONG{CKK_RSA},
               .ec = type == CK_ULONG{CKK_EC},
               .asks_again = !again.empty() && again.front() != CK_FALSE};
  key_info_.mechanism = Choose(key_info_);
  key = key_info_;
  return Done();
}

Mechanism VendorModule::Choose(const KeyInfo& key) {
  CK_ULONG count = 0;
  if (Call(functions_->C_GetMechanismList, slot_, nullptr, &count) != CKR_OK ||
      count > kMaxMechanisms) {
    return Mechanism::kNone;
  }
  std::vector<CK_MECHANISM_TYPE> offered(kMaxMechanisms);
  count = offered.size();
  if (Call(functions_->C_GetMechanismList, slot_, offered.data(), &count) != CKR_OK ||
      count > offered.size()) {
    return Mechanism::kNone;
  }
  offered.resize(count);
  const auto offers = [&](CK_MECHANISM_TYPE type) {
    return std::find(offered.begin(), offered.end(), type) != offered.end();
  };
  if (key.rsa && offers(CKM_SHA256_RSA_PKCS)) return Mechanism::kSha256RsaPkcs;
  if (key.rsa && offers(CKM_RSA_PKCS)) return Mechanism::kRsaPkcs;
  if (key.ec && offers(CKM_ECDSA)) return Mechanism::kEcdsa;
  return Mechanism::kNone;
}

Verdict VendorModule::Sign(Mechanism mechanism, std::string_view data, std::string_view pin,
                           std::string& signature) {
  if (!session_ || !key_) return Refused(CKR_KEY_HANDLE_INVALID, "C_SignInit");
  CK_MECHANISM raw{};
  switch (mechanism) {
    case Mechanism::kRsaPkcs:
      raw.mechanism = CKM_RSA_PKCS;
      break;
    case Mechanism::kSha256RsaPkcs:
      raw.mechanism = CKM_SHA256_RSA_PKCS;
      break;
    case Mechanism::kEcdsa:
      raw.mechanism = CKM_ECDSA;
      break;
    case Mechanism::kNone:
      return Refused(CKR_MECHANISM_INVALID, "C_SignInit");
  }
  CK_RV rv = Call(functions_->C_SignInit, *session_, &raw, *key_);
  if (rv != CKR_OK) return Refused(rv, "C_SignInit");
  if (key_info_.asks_again) {
    const CK_USER_TYPE type = CKU_CONTEXT_SPECIFIC;
    rv = Call(functions_->C_Login, *session_, type, Bytes(pin), CK_ULONG{pin.size()});
    if (rv != CKR_OK) return Refused(rv, "C_Login");
  }
  std::string buffer(kMaxSignature, '\0');
  CK_ULONG size = buffer.size();
  rv =
      Call(functions_->C_Sign, *session_, Bytes(data), CK_ULONG{data.size()}, Bytes(buffer), &size);
  if (rv != CKR_OK) return Refused(rv, "C_Sign");
  if (size > buffer.size()) return Garbage("C_Sign");
  buffer.resize(size);
  signature = std::move(buffer);
  return Done();
}

Verdict VendorModule::Close() {
  if (session_) {
    if (logged_in_) Call(functions_->C_Logout, *session_);
    Call(functions_->C_CloseSession, *session_);
  }
  session_.reset();
  key_.reset();
  logged_in_ = false;
  return Done();
}

}  // namespace ilkimza::agent::pkcs11
