// Answers the agent, request by request, until it hangs up. See protocol.h.
#ifndef ILKIMZA_AGENT_PKCS11_HELPER_SERVER_H_
#define ILKIMZA_AGENT_PKCS11_HELPER_SERVER_H_

namespace ilkimza::agent::pkcs11 {

// Returns when the agent has hung up, or has sent what is no request.
void Serve(int socket);

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_HELPER_SERVER_H_
