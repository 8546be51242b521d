// The end of this process, whatever its module does.
#ifndef ILKIMZA_AGENT_PKCS11_HELPER_ENDING_H_
#define ILKIMZA_AGENT_PKCS11_HELPER_ENDING_H_

namespace ilkimza::agent::pkcs11 {

// The process ends within two seconds, by SIGALRM, unless it has ended by itself: time for
// the module to answer, log out and let go of the card. Async-signal-safe.
void EndSoon();

// Once, first of all: the death of the agent is an `EndSoon`. The module goes on, since a
// card whose module is killed after C_Login stays open to every other program; the end of
// the socket tells `Serve` to log out.
void EndSoonAfterAgent();

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_HELPER_ENDING_H_
