// The whole sandbox in one object: portal, phone and mailbox, controls, cards.
//
//   auto sandbox = Sandbox::Start({.world = MadeUpWorld(1)});
//   browser.Get((*sandbox)->portal_url());
//
// Start and Stop from one thread; the rest is thread-safe.
#ifndef ILKIMZA_SANDBOX_SANDBOX_H_
#define ILKIMZA_SANDBOX_SANDBOX_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sandbox/cards.h"
#include "sandbox/faults.h"
#include "sandbox/state.h"
#include "sandbox/world.h"

namespace ilkimza::sandbox {

struct SandboxOptions {
  World world;
  PortalRules rules;
  std::vector<Fault> faults;
  // 0: any free port.
  int portal_port = 0;
  int phone_port = 0;
  // To the portal and to the phone, each at once; the rest waits.
  int connections = 96;
  std::vector<Slot> slots;
  // Where the cards' keys are kept between runs; empty: nowhere.
  std::string card_key_directory;
};

class Sandbox {
 public:
  // Fails where a port is taken or the font is missing.
  static absl::StatusOr<std::unique_ptr<Sandbox>> Start(SandboxOptions options);
  // Stops; open connections are cut.
  virtual ~Sandbox() = default;

  // "https://localhost:P/".
  [[nodiscard]] virtual std::string portal_url() const = 0;
  [[nodiscard]] virtual std::string phone_url() const = 0;
  // PEM of the CA that both servers' certificate comes from.
  [[nodiscard]] virtual const std::string& ca_pem() const = 0;
  [[nodiscard]] virtual Cards& cards() = 0;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_SANDBOX_H_
