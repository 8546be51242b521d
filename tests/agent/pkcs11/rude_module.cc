// A PKCS#11 module for tests that is as bad as its file is named: "hang-in-login.so"
// hangs in C_Login. Under any other name it behaves: one slot, one token with the PIN
// 1234, the security officer's PIN 87654321 and no objects.
//
// "keys.so" has a protected authentication path: without a PIN the right one is typed on
// keys; on those of "keys-cancelled.so" cancel is pressed. "sixteen-digits.so" tells as
// much of a serial as PKCS#11 has room for.
//
// With a file "<its own path>.certificate" beside it the token has that certificate and its
// key, whose signatures are no good. In "asks-again.so" the key wants the PIN again, and in
// "asks-again-wrong.so", "-blocked.so" and "-unknown.so" it does not take it. "two-pins.so"
// has two slots with a PIN each, and the key in the second; "two-pins-alike.so" has it in
// both, and "two-pins-empty.so" in none.
//
// Every call is noted in a file beside it, "<its own path>.calls", one name for each
// line, so that a test can count the attempts that reached it. PINs are not kept between
// processes.
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr CK_SLOT_ID kSlot = 7;
constexpr CK_SLOT_ID kSecondSlot = 8;
constexpr std::string_view kPin = "1234";
constexpr std::string_view kSecondPin = "5678";
constexpr std::string_view kKeyId = "\x01";
constexpr std::string_view kOfficerPin = "87654321";

std::string OwnPath() {
  Dl_info info{};
  dladdr(reinterpret_cast<void*>(&OwnPath), &info);
  return info.dli_fname != nullptr ? info.dli_fname : "";
}

bool Named(std::string_view name) {
  const std::string path = OwnPath();
  const auto slash = path.rfind('/');
  return std::string_view(path).substr(slash + 1) == std::string(name) + ".so";
}

void Hang() {
  while (true) pause();
}

void Crash() { raise(SIGSEGV); }

void Note(const std::string& line);

// What the agent should not have left to us.
void NoteInheritance() {
  constexpr int kFirstOther = 4;  // after the outputs and the agent's socket
  constexpr int kLast = 1024;
  for (int descriptor = kFirstOther; descriptor < kLast; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) Note("descriptor-inherited");
  }
  if (getenv("OPENSC_DEBUG") != nullptr) Note("debug-variable-inherited");
}

bool NamedLike(std::string_view beginning) {
  const std::string path = OwnPath();
  return std::string_view(path).substr(path.rfind('/') + 1).starts_with(beginning);
}

// What is done in any function by its name.
void Misbehave(const std::string& function) {
  Note(function);
  if (Named("crash-in-" + function)) Crash();
  if (Named("hang-in-" + function)) Hang();
  if (Named("exit-in-" + function)) _exit(7);
}

void Note(const std::string& line) {
  const std::string log = OwnPath() + ".calls";
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file >= 0) {
    const std::string whole = line + "\n";
    if (write(file, whole.data(), whole.size()) < 0) abort();
    close(file);
  }
}

void Flood() {
  const std::string line(4096, 'x');
  for (int i = 0; i < 1000; ++i) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  std::fflush(stdout);
}

__attribute__((constructor)) void AtLoad() {
  if (Named("crash-at-load")) Crash();
  if (Named("hang-at-load")) Hang();
  if (Named("exit-at-load")) _exit(7);
  if (Named("floods")) Flood();
}

template <std::size_t kSize>
void Fill(unsigned char (&field)[kSize], std::string_view text) {
  std::fill_n(field, kSize, ' ');
  std::copy_n(text.begin(), std::min(text.size(), kSize), field);
}

CK_RV Initialize(void* arguments) {
  Misbehave("initialize");
  NoteInheritance();
  if (Named("only-null") && arguments != nullptr) return CKR_ARGUMENTS_BAD;
  if (Named("never-null") && arguments == nullptr) return CKR_ARGUMENTS_BAD;
  if (Named("already-initialized")) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
  if (Named("never-starts")) return CKR_DEVICE_ERROR;
  if (Named("floods")) Flood();
  if (Named("eats-memory")) {
    while (malloc(std::size_t{64} << 20) != nullptr) {
    }
    abort();
  }
  if (Named("writes-to-the-agent")) {
    constexpr std::string_view kLie("\x04\x00\x00\x00liar", 8);
    for (int i = 0; i < 3; ++i) {
      if (write(3, kLie.data(), kLie.size()) < 0) abort();
    }
  }
  return CKR_OK;
}

CK_RV Finalize(void*) {
  Misbehave("finalize");
  return CKR_OK;
}

CK_RV GetInfo(CK_INFO* info) {
  *info = {};
  Fill(info->manufacturerID, "Rude Cards Ltd.");
  Fill(info->libraryDescription, "Rude module\x1B[31m");
  info->libraryVersion = {4, 2};
  return CKR_OK;
}

CK_RV GetSlotList(unsigned char, CK_SLOT_ID* slots, CK_ULONG* count) {
  Misbehave("slots");
  if (Named("garbage-slots")) {
    *count = 1UL << 40;
    return CKR_OK;
  }
  const CK_ULONG number = NamedLike("two-pins") ? 2 : 1;
  if (slots != nullptr && *count > 0) slots[0] = kSlot;
  if (slots != nullptr && *count > 1 && number > 1) slots[1] = kSecondSlot;
  *count = number;
  return CKR_OK;
}

CK_RV GetSlotInfo(CK_SLOT_ID, CK_SLOT_INFO* info) {
  *info = {};
  Fill(info->slotDescription, "Rude Reader 00 00");
  info->flags = CKF_TOKEN_PRESENT;
  return CKR_OK;
}

bool HasKeys() { return Named("keys") || Named("keys-cancelled"); }

CK_RV GetTokenInfo(CK_SLOT_ID, CK_TOKEN_INFO* info) {
  Misbehave("token");
  *info = {};
  Fill(info->label, Named("rude-label") ? "\xFF\xFE\x1B[31mlabel" : "Rude token");
  Fill(info->serialNumber, Named("sixteen-digits") ? "8721147000000000" : "4711-0815");
  info->flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED;
  info->ulMinPinLen = 4;
  info->ulMaxPinLen = 8;
  if (Named("garbage-limits")) {
    info->ulMinPinLen = CK_UNAVAILABLE_INFORMATION;
    info->ulMaxPinLen = 0;
  }
  if (HasKeys()) info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  if (Named("count-low")) info->flags |= CKF_USER_PIN_COUNT_LOW;
  if (Named("final-try")) info->flags |= CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
  if (Named("locked")) info->flags |= CKF_USER_PIN_LOCKED;
  if (Named("officer-final-try")) info->flags |= CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY;
  return Named("removed") ? CKR_TOKEN_NOT_PRESENT : CKR_OK;
}

// A session is its slot.
CK_RV OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void*, CK_NOTIFY, CK_SESSION_HANDLE* session) {
  Misbehave("open");
  if (Named("read-only") && (flags & CKF_RW_SESSION) != 0) return CKR_TOKEN_WRITE_PROTECTED;
  *session = slot;
  return CKR_OK;
}

CK_RV CloseSession(CK_SESSION_HANDLE) { return CKR_OK; }

bool Is(std::string_view right, const unsigned char* pin, CK_ULONG size) {
  // What PKCS#11 has instead of a PIN, and nobody else.
  if (pin == nullptr) return HasKeys() && size == 0;
  return std::string_view(reinterpret_cast<const char*>(pin), size) == right;
}

CK_RV LoginAgain(const unsigned char* pin, CK_ULONG size) {
  Misbehave("login-again");
  if (Named("asks-again-wrong")) return CKR_PIN_INCORRECT;
  if (Named("asks-again-blocked")) return CKR_PIN_LOCKED;
  if (Named("asks-again-unknown")) return CKR_DEVICE_ERROR;
  return Is(kPin, pin, size) ? CKR_OK : CKR_PIN_INCORRECT;
}

CK_RV Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size) {
  if (user == CKU_CONTEXT_SPECIFIC) return LoginAgain(pin, size);
  Misbehave("login");
  if (Named("device-error-in-login")) return CKR_DEVICE_ERROR;
  if (Named("locked")) return CKR_PIN_LOCKED;
  if (Named("keys-cancelled")) return CKR_FUNCTION_CANCELED;
  if (session == kSecondSlot) Note("login-in-second");
  const std::string_view holders = session == kSecondSlot ? kSecondPin : kPin;
  return Is(user == CKU_SO ? kOfficerPin : holders, pin, size) ? CKR_OK : CKR_PIN_INCORRECT;
}

CK_RV Logout(CK_SESSION_HANDLE) {
  Misbehave("logout");
  return CKR_OK;
}

CK_RV SetPin(CK_SESSION_HANDLE session, unsigned char* old_pin, CK_ULONG old_size, unsigned char*,
             CK_ULONG) {
  Misbehave("set-pin");
  const std::string_view holders = session == kSecondSlot ? kSecondPin : kPin;
  return Is(holders, old_pin, old_size) ? CKR_OK : CKR_PIN_INCORRECT;
}

CK_RV InitPin(CK_SESSION_HANDLE, unsigned char* pin, CK_ULONG) {
  Misbehave("init-pin");
  if (pin == nullptr && !HasKeys()) return CKR_ARGUMENTS_BAD;
  return CKR_OK;
}

// --- Objects: one certificate without an end, where the name asks for it; else the one
// beside us, and its key ---

constexpr CK_OBJECT_HANDLE kCertificate = 1;
constexpr CK_OBJECT_HANDLE kKey = 2;

bool given = false;
std::vector<CK_OBJECT_HANDLE> found;

std::string Certificate() {
  std::string bytes;
  if (std::FILE* file = std::fopen((OwnPath() + ".certificate").c_str(), "re")) {
    for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file)) {
      bytes += static_cast<char>(byte);
    }
    std::fclose(file);
  }
  return bytes;
}

bool HasObjects(CK_SESSION_HANDLE session) {
  if (Certificate().empty() || Named("two-pins-empty")) return false;
  return !Named("two-pins") || session == kSecondSlot;
}

CK_RV FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE* pattern, CK_ULONG count) {
  given = false;
  found.clear();
  if (count == 0 || pattern[0].type != CKA_CLASS || !HasObjects(session)) return CKR_OK;
  CK_OBJECT_CLASS wanted = 0;
  std::memcpy(&wanted, pattern[0].pValue, sizeof wanted);
  if (wanted == CKO_CERTIFICATE) found.push_back(kCertificate);
  if (wanted == CKO_PRIVATE_KEY) found.push_back(kKey);
  return CKR_OK;
}

CK_RV FindObjects(CK_SESSION_HANDLE, CK_OBJECT_HANDLE* objects, CK_ULONG room, CK_ULONG* count) {
  *count = 0;
  if (Named("garbage-count")) *count = room + 1;
  if (Named("garbage-attribute") && !given) {
    objects[0] = 1;
    *count = 1;
    given = true;
  }
  if (!found.empty() && room > 0) {
    objects[0] = found.back();
    *count = 1;
    found.pop_back();
  }
  return CKR_OK;
}

CK_RV FindObjectsFinal(CK_SESSION_HANDLE) { return CKR_OK; }

std::string Bytes(CK_ULONG number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string ValueOf(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  if (type == CKA_ID) return std::string(kKeyId);
  if (type == CKA_VALUE && object == kCertificate) return Certificate();
  if (type == CKA_KEY_TYPE && object == kKey) return Bytes(CKK_RSA);
  if (type == CKA_ALWAYS_AUTHENTICATE && object == kKey) {
    const bool again = NamedLike("asks-again") || Named("crash-in-login-again");
    return std::string(1, again ? '\1' : '\0');
  }
  return {};
}

CK_RV GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE* attributes, CK_ULONG) {
  CK_ATTRIBUTE& attribute = attributes[0];
  if (!HasObjects(session)) {
    attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_OK;
  }
  const std::string value = ValueOf(object, attribute.type);
  if (attribute.pValue != nullptr) {
    std::memcpy(attribute.pValue, value.data(),
                std::min<std::size_t>(value.size(), attribute.ulValueLen));
  }
  attribute.ulValueLen = value.size();
  return CKR_OK;
}

CK_RV GetMechanismList(CK_SLOT_ID, CK_MECHANISM_TYPE* mechanisms, CK_ULONG* count) {
  if (mechanisms != nullptr && *count > 0) mechanisms[0] = CKM_SHA256_RSA_PKCS;
  *count = 1;
  return CKR_OK;
}

CK_RV SignInit(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  Misbehave("sign-init");
  return CKR_OK;
}

CK_RV Sign(CK_SESSION_HANDLE, unsigned char*, CK_ULONG, unsigned char* signature, CK_ULONG* size) {
  Misbehave("sign");
  *size = std::min<CK_ULONG>(*size, 256);
  std::fill_n(signature, *size, 0x5A);
  return CKR_OK;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST made{};
    made.version = {2, 20};
    made.C_Initialize = Initialize;
    made.C_Finalize = Finalize;
    made.C_GetInfo = GetInfo;
    made.C_GetSlotList = GetSlotList;
    made.C_GetSlotInfo = GetSlotInfo;
    // "holes.so" has a list that ends here.
    if (Named("holes")) return made;
    made.C_GetTokenInfo = GetTokenInfo;
    made.C_OpenSession = OpenSession;
    made.C_CloseSession = CloseSession;
    made.C_Login = Login;
    made.C_Logout = Logout;
    made.C_SetPIN = SetPin;
    made.C_InitPIN = InitPin;
    made.C_FindObjectsInit = FindObjectsInit;
    made.C_FindObjects = FindObjects;
    made.C_FindObjectsFinal = FindObjectsFinal;
    made.C_GetAttributeValue = GetAttributeValue;
    made.C_GetMechanismList = GetMechanismList;
    made.C_SignInit = SignInit;
    made.C_Sign = Sign;
    return made;
  }();
  *list = Named("no-list") ? nullptr : &functions;
  return CKR_OK;
}
