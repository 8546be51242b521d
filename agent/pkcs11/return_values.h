// What a module's CK_RV means to us.
#ifndef ILKIMZA_AGENT_PKCS11_RETURN_VALUES_H_
#define ILKIMZA_AGENT_PKCS11_RETURN_VALUES_H_

#include <cstdint>
#include <string>

namespace ilkimza::agent::pkcs11 {

// "CKR_PIN_INCORRECT", or "0x000000A0" for one without a name here.
std::string ReturnValueName(uint64_t rv);

// The token has gone, or the module has lost it.
bool MeansTokenGone(uint64_t rv);

enum class PinMeaning {
  kRight,
  kWrong,
  kBlocked,
  // The module says that the PIN was not looked at: its length, the session or the
  // function was not to its liking.
  kRefused,
  // A try may have been spent.
  kUnknown,
};
// Of C_Login, C_SetPIN and C_InitPIN. Doubt is kUnknown.
PinMeaning MeaningOf(uint64_t rv);

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_RETURN_VALUES_H_
