// The state of the vendors' PKCS#11 modules, for a diagnosis.
#ifndef ILKIMZA_AGENT_DIAGNOSIS_MODULE_PROBE_H_
#define ILKIMZA_AGENT_DIAGNOSIS_MODULE_PROBE_H_

#include <functional>
#include <memory>
#include <vector>

#include "agent/diagnosis/probes.h"

namespace ilkimza::agent {

namespace pkcs11 {
class Modules;
}  // namespace pkcs11

// Loads each module that may be loaded, in its own process, and tells what came of it.
std::function<std::vector<ModuleLook>()> ModuleProbe(std::shared_ptr<pkcs11::Modules> modules);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_DIAGNOSIS_MODULE_PROBE_H_
