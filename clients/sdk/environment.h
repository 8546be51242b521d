// The environment: where people's settings come from, and never a secret.
#ifndef ILKIMZA_CLIENTS_SDK_ENVIRONMENT_H_
#define ILKIMZA_CLIENTS_SDK_ENVIRONMENT_H_

#include <cstdlib>
#include <string_view>

namespace ilkimza::client {

// Empty where the variable is not set. Holds as long as nobody sets it.
inline std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_ENVIRONMENT_H_
