// The way into the portal, at a terminal.
#ifndef ILKIMZA_TESTS_CLIENTS_LOG_IN_H_
#define ILKIMZA_TESTS_CLIENTS_LOG_IN_H_

#include "tests/clients/fake_agent.h"
#include "tests/clients/terminal.h"

namespace ilkimza::testing {

// Answers, as `world` has it, all that is asked before the portal lets somebody in.
inline void LogIn(Terminal& terminal, const FakeAgent::World& world) {
  terminal.Type("National id (11 digits): ", world.national_id);
  // A narrow window breaks the line within "another picture".
  terminal.Type("picture]: ", world.captcha);
  terminal.Type("Security word: ", world.word);
  terminal.Type("Is this your phone? [y/n]: ", "y");
  terminal.Type("s left]: ", world.sms_code);
}

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_CLIENTS_LOG_IN_H_
