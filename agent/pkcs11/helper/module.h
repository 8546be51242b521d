// A vendor's PKCS#11 module, loaded into this process: `ilkimza-pkcs11`, never the agent.
//
// Whatever the module answers is bounded and checked before it is believed. A module that
// writes beyond its buffers, crashes or hangs ends or delays this process only; the agent
// sees to the rest.
//
// Quirks:
// - C_Initialize(NULL) is asked for first, since some builds take nothing else; this
//   process calls the module from one thread. Builds that refuse NULL are asked once
//   more, with CKF_OS_LOCKING_OK.
// - CKR_CRYPTOKI_ALREADY_INITIALIZED, from modules that initialise themselves, is success.
// - A function that is missing from the list counts as CKR_FUNCTION_NOT_SUPPORTED.
//
// Not thread-safe. Each function fills its result only when its verdict is kDone.
#ifndef ILKIMZA_AGENT_PKCS11_HELPER_MODULE_H_
#define ILKIMZA_AGENT_PKCS11_HELPER_MODULE_H_

#include <p11-kit/pkcs11.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pkcs11/protocol.h"

namespace ilkimza::agent::pkcs11 {

class VendorModule {
 public:
  VendorModule() = default;
  VendorModule(const VendorModule&) = delete;
  VendorModule& operator=(const VendorModule&) = delete;
  // Closes the session and finalises the module. It stays mapped: unloading is one more
  // chance for a module to crash.
  ~VendorModule();

  // Once. kUnloadable says why in the words of the dynamic linker.
  Verdict Load(const std::string& path, ModuleInfo& info);
  // Those with a token in them.
  Verdict Slots(std::vector<Slot>& slots);
  Verdict ReadToken(uint64_t slot, Token& token);
  // Never logs in.
  Verdict Certificates(uint64_t slot, CertificateList& list);

  // Read-write, or read-only where the token takes nothing else. Closes an open one.
  Verdict Open(uint64_t slot);
  // The attempts: each is one call of the module, and none where a PIN is empty that the
  // token does not let be typed on the reader's keys.
  Verdict Login(User user, std::string_view pin);
  Verdict SetPin(std::string_view old_pin, std::string_view new_pin);
  Verdict InitPin(std::string_view new_pin);
  // A private key with that id, which kSign then signs with.
  Verdict FindKey(std::string_view id, KeyInfo& key);
  // `pin` is used where the key asks for it again, and only there.
  Verdict Sign(Mechanism mechanism, std::string_view data, std::string_view pin,
               std::string& signature);
  // Logs out. Always kDone.
  Verdict Close();

 private:
  Verdict Initialise();
  // PINs as they are, or all of them empty where the open token has a protected
  // authentication path.
  bool MayCome(std::string_view first, std::string_view second);
  Verdict FindObjects(CK_SESSION_HANDLE session, std::span<CK_ATTRIBUTE> pattern,
                      std::vector<CK_OBJECT_HANDLE>& objects);
  Verdict ReadAttribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                        std::size_t limit, std::string& value);
  // Empty where the object has no such attribute.
  std::string OptionalAttribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                CK_ATTRIBUTE_TYPE type, std::size_t limit);
  Verdict ReadCertificates(CK_SESSION_HANDLE session, CertificateList& list);
  std::vector<std::string> KeyIds(CK_SESSION_HANDLE session);
  Mechanism Choose(const KeyInfo& key);

  CK_FUNCTION_LIST* functions_ = nullptr;
  std::optional<CK_SESSION_HANDLE> session_;
  uint64_t slot_ = 0;
  bool logged_in_ = false;
  std::optional<CK_OBJECT_HANDLE> key_;
  KeyInfo key_info_;
};

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_HELPER_MODULE_H_
