// As an agent that is killed with a PIN in a module: `agent_pkcs11_holder MODULE` takes a
// PIN from its input, logs in with it, says so, and waits for its end.
#include <unistd.h>

#include <iostream>
#include <string>

#include "tests/agent/pkcs11/rude_modules.h"

int main(int count, char** arguments) {
  using ilkimza::agent::pkcs11::Modules;
  using ilkimza::agent::pkcs11::OptionsFor;
  using ilkimza::agent::pkcs11::User;
  std::string pin;
  if (count != 2 || !std::getline(std::cin, pin)) return 1;
  Modules modules(OptionsFor({arguments[1]}));
  auto use = modules.modules().front()->Use();
  if (!use.ok()) return 2;
  const auto slots = use->Slots();
  if (!slots.ok() || slots->empty() || !use->Open(slots->front().id).ok()) return 3;
  const auto rv = use->Login(User::kHolder, pin);
  if (!rv.ok() || *rv != 0) return 4;
  std::cout << "logged in" << std::endl;
  while (true) pause();
}
