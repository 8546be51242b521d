#include "clients/sdk/surroundings.h"

#include <unistd.h>

#include <cstring>
#include <optional>

namespace ilkimza::client {
namespace {

using Variables = std::vector<std::string>;

Variables CurrentEnvironment() {
  Variables variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

// Written once, before other threads start.
std::optional<Variables>& Kept() {
  static std::optional<Variables> kept;
  return kept;
}

}  // namespace

void KeepEnvironmentForOthers() {
  if (!Kept()) Kept() = CurrentEnvironment();
}

Variables EnvironmentForOthers() { return Kept() ? *Kept() : CurrentEnvironment(); }

std::string ErrorText(int error) {
  const char* text = strerrordesc_np(error);
  return text == nullptr ? "error " + std::to_string(error) : text;
}

}  // namespace ilkimza::client
