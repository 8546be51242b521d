// The check digits of a Turkish national id, so that a slip of the finger is
// seen before any page is asked.
#ifndef ILKIMZA_CLIENTS_SDK_NATIONAL_ID_H_
#define ILKIMZA_CLIENTS_SDK_NATIONAL_ID_H_

#include <string_view>

namespace ilkimza::client {

// True for eleven digits, the first not 0, whose last two fit the others.
// "10000000146" is valid. Spaces are not taken.
bool IsNationalId(std::string_view id);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_NATIONAL_ID_H_
