// What is around this program, and is not to follow the language that it sets for itself
// (see InitTexts): other programs that it starts, and the words of the system.
//
// Thread-safety: `KeepEnvironmentForOthers` before other threads start; all else is free.
#ifndef ILKIMZA_CLIENTS_SDK_SURROUNDINGS_H_
#define ILKIMZA_CLIENTS_SDK_SURROUNDINGS_H_

#include <string>
#include <vector>

namespace ilkimza::client {

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
