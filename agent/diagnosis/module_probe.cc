#include "agent/diagnosis/module_probe.h"

#include <utility>

#include "agent/pkcs11/modules.h"

namespace ilkimza::agent {
namespace {

ModuleLook::State StateOf(pkcs11::ModuleStatus::State state) {
  using From = pkcs11::ModuleStatus::State;
  switch (state) {
    case From::kMissing:
      return ModuleLook::State::kAbsent;
    case From::kWrongArchitecture:
      return ModuleLook::State::kWrongArchitecture;
    case From::kUnsafe:
      return ModuleLook::State::kUnsafe;
    case From::kFailed:
      return ModuleLook::State::kFailed;
    case From::kUnused:
    case From::kLoaded:
      break;
  }
  return ModuleLook::State::kLoaded;
}

}  // namespace

std::function<std::vector<ModuleLook>()> ModuleProbe(std::shared_ptr<pkcs11::Modules> modules) {
  return [modules = std::move(modules)] {
    std::vector<ModuleLook> looks;
    for (const pkcs11::ModuleStatus& status : modules->Check()) {
      looks.push_back(
          {.path = status.path, .state = StateOf(status.state), .configured = status.configured});
    }
    return looks;
  };
}

}  // namespace ilkimza::agent
