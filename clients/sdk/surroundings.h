// What is around this program: the environment, where people's settings come from, and
// never a secret; other programs that it starts, and the words of the system, which are not
// to follow the language that it sets for itself (see InitTexts).
//
// Thread-safety: `KeepEnvironmentForOthers` before other threads start; all else is free.
#ifndef ILKIMZA_CLIENTS_SDK_SURROUNDINGS_H_
#define ILKIMZA_CLIENTS_SDK_SURROUNDINGS_H_

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace ilkimza::client {

// A variable of the environment; empty where it is not set. Holds as long as nobody sets it.
inline std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// Remembers the environment as it is. The first call counts.
void KeepEnvironmentForOthers();
// The environment that was kept, or else as it is, "NAME=value" each: other programs speak
// the language of the person, not ours.
std::vector<std::string> EnvironmentForOthers();

// What `error`, of errno, means, in English: the words of strerror(3) follow LANGUAGE, which
// is ours, and not the language that is spoken.
std::string ErrorText(int error);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_SURROUNDINGS_H_
